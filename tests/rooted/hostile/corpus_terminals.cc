// Terminals: the host's, the container's, and what an image puts in their places.
#include "tests/rooted/hostile/case.h"

namespace pelagos::hostile {

Cases TerminalCases() {
  constexpr char kGroup[] = "terminals";
  const std::string outside = kOutside, share = kShare;
  Cases cases;
  const auto add = [&](std::string name, std::string cves, std::string story,
                       std::vector<Entry> entries, Ask ask = {.terminal = true}) -> Case& {
    return Add(cases, kGroup, std::move(name), std::move(cves), std::move(story),
               std::move(entries), std::move(ask));
  };
  add("console-is-a-link", "CVE-2025-52565", "/dev/console is a link to the host",
      {Link("dev/console", outside + "/dev/console")});
  add("console-dangles", "CVE-2025-52565", "/dev/console is a link to what would be made",
      {Link("dev/console", outside + "/empty/console")});
  add("console-dev-is-a-link", "CVE-2025-52565, CVE-2026-41579", "/dev is a link, with a terminal",
      {Link("dev", outside + "/dev")});
  add("console-to-proc", "CVE-2025-52565", "/dev/console is a link to a setting",
      {Link("dev/console", "/proc/sys/kernel/core_pattern")});
  add("pts-is-hostile", "CVE-2025-52565, CVE-2016-9962",
      "/dev/pts holds links and /dev/ptmx is a fifo",
      {Link("dev/pts/0", outside + "/target"), Link("dev/pts/ptmx", outside + "/target"),
       Fifo("dev/ptmx")});
  Case& volume = add("volume-over-pts", "CVE-2025-52565", "a volume at /dev/pts with links", {},
                     {.binds = {{share, "/dev/pts"}}, .terminal = true});
  volume.share = {Link("0", outside + "/target"), Link("ptmx", outside + "/target")};
  Case& race = add("console-exchanged", "CVE-2025-52565",
                   "a terminal's place in a volume at /dev/pts is exchanged for a link meanwhile",
                   {}, {.binds = {{share, "/dev/pts"}}, .terminal = true});
  race.share = {File("0", ""), File("ptmx", ""), Link("other", outside + "/target")};
  race.race = Race{share + "/0", share + "/other", 10};
  add("typing-into-the-terminal", "CVE-2016-9962",
      "a container with a terminal types into it (TIOCSTI)", {})
      .cves = "CVE-2016-2568, CVE-2017-5226";
  add("typing-into-the-hosts-terminal", "CVE-2016-2568, CVE-2017-5226",
      "without a terminal of its own its streams are the host's (TIOCSTI)", {},
      {.host_terminal = true});
  return cases;
}

}  // namespace pelagos::hostile
