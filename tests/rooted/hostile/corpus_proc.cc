// A root whose /proc or /sys leads elsewhere: what the runtime writes and masks there.
#include "tests/rooted/hostile/case.h"

namespace pelagos::hostile {

Cases ProcCases() {
  constexpr char kGroup[] = "/proc, /sys";
  const std::string outside = kOutside, share = kShare;
  Cases cases;
  cases.push_back({.name = "proc-is-a-link",
                   .group = kGroup,
                   .cves = "CVE-2019-19921, CVE-2023-27561",
                   .story = "/proc is a link to a folder of the host",
                   .root = {Link("proc", outside + "/proc")}});
  cases.push_back({.name = "proc-in-a-volume",
                   .group = kGroup,
                   .cves = "CVE-2019-19921",
                   .story = "/proc is a link into a volume with a proc of its own",
                   .root = {Link("proc", "vol/proc")},
                   .share = {Folder("proc/self/attr"), File("proc/self/attr/exec", "x", 0666),
                             Link("proc/sys", outside + "/proc/sys")},
                   .ask = {.binds = {{share, "/vol"}}}});
  cases.push_back({.name = "volume-over-proc",
                   .group = kGroup,
                   .cves = "CVE-2019-16884",
                   .story = "a volume is asked for at /proc",
                   .share = {Folder("self/attr"), File("self/attr/exec", "x", 0666)},
                   .ask = {.binds = {{share, "/proc"}}}});
  cases.push_back({.name = "volume-over-proc-attr",
                   .group = kGroup,
                   .cves = "CVE-2019-16884, CVE-2023-28642",
                   .story = "a volume at /proc/self/attr, and a label",
                   .share = {File("exec", "x", 0666), File("current", "x", 0666)},
                   .ask = {.binds = {{share, "/proc/self/attr"}}, .apparmor = "hostile"}});
  cases.push_back({.name = "volume-over-proc-by-link",
                   .group = kGroup,
                   .cves = "CVE-2023-28642, CVE-2025-52881",
                   .story = "a volume at a path that is a link to /proc/self/attr",
                   .root = {Link("attr", "/proc/self/attr")},
                   .share = {File("exec", "x", 0666), File("current", "x", 0666)},
                   .ask = {.binds = {{share, "/attr"}}}});
  cases.push_back({.name = "tmpfs-over-proc-sys",
                   .group = kGroup,
                   .cves = "CVE-2025-52881",
                   .story = "a tmpfs by a link to /proc/sys, and a setting",
                   .root = {Link("sysctls", "/proc/sys/kernel")},
                   .ask = {.tmpfs = {"/sysctls"}, .sysctls = {{"kernel.msgmax", "4321"}}}});
  cases.push_back(
      {.name = "setting-redirected",
       .group = kGroup,
       .cves = "CVE-2025-52881",
       .story = "a volume by a link to /proc/sys/kernel redirects a setting",
       .root = {Link("sysctls", "/proc/sys/kernel")},
       .share = {Link("msgmax", outside + "/target")},
       .ask = {.binds = {{share, "/sysctls"}}, .sysctls = {{"kernel.msgmax", "4321"}}}});
  cases.push_back({.name = "sys-is-a-link",
                   .group = kGroup,
                   .cves = "CVE-2023-27561",
                   .story = "/sys is a link to a folder of the host",
                   .root = {Link("sys", outside + "/sys")}});
  cases.push_back({.name = "cgroup-is-a-link",
                   .group = kGroup,
                   .cves = "CVE-2023-25809, CVE-2026-41579",
                   .story = "/sys/fs/cgroup is a link; its files are tried for writing",
                   .root = {Link("sys/fs/cgroup", outside + "/empty")}});
  cases.push_back({.name = "sysctl-injection",
                   .group = kGroup,
                   .cves = "CVE-2022-0811",
                   .story = "the value of a setting holds '+' and another setting",
                   .ask = {.sysctls = {{"kernel.shm_rmid_forced",
                                        "1+kernel.core_pattern=|" + outside + "/target"}}}});
  cases.push_back({.name = "sysctl-injection-by-lines",
                   .group = kGroup,
                   .cves = "CVE-2022-0811",
                   .story = "the same, by a new line",
                   .ask = {.sysctls = {{"kernel.msgmax", "1\nkernel.core_pattern=|/x"}}}});
  cases.push_back({.name = "sysctl-of-the-host",
                   .group = kGroup,
                   .cves = "CVE-2022-0811",
                   .story = "a setting of the host is asked for",
                   .ask = {.sysctls = {{"kernel.core_pattern", "|/x"}}}});
  cases.push_back({.name = "sysctl-by-a-path",
                   .group = kGroup,
                   .cves = "CVE-2022-0811",
                   .story = "the name of a setting holds '..'",
                   .ask = {.sysctls = {{"net/../kernel/core_pattern", "|/x"}}}});
  cases.push_back({.name = "masked-path-by-a-volume",
                   .group = kGroup,
                   .cves = "CVE-2025-31133",
                   .story = "a volume at a masked folder, whose files are fifos and links",
                   .share = {Fifo("kcore"), Link("firmware", outside + "/empty")},
                   .ask = {.binds = {{share, "/sys/firmware"}}}});
  cases.push_back(
      {.name = "volume-over-sys",
       .group = kGroup,
       .cves = "CVE-2025-31133",
       .story = "a volume at /sys, with links at the masked paths",
       .share = {Link("firmware", outside + "/empty"), Link("devices", outside + "/empty")},
       .ask = {.binds = {{share, "/sys"}}}});
  return cases;
}

}  // namespace pelagos::hostile
