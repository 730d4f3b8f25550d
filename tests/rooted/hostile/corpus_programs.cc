// What is executed: the runtime itself, and things that are no programs.
#include "tests/rooted/hostile/case.h"

namespace pelagos::hostile {

Cases ProgramCases() {
  constexpr char kGroup[] = "programs";
  const std::string outside = kOutside;
  Cases cases;
  const auto add = [&](std::string name, std::string cves, std::string story,
                       std::vector<Entry> entries, std::vector<std::string> command) -> Case& {
    Case& one = Add(cases, kGroup, std::move(name), std::move(cves), std::move(story),
                    std::move(entries), {.command = std::move(command)});
    one.without_prober = true;
    return one;
  };
  constexpr char kExe[] = "CVE-2019-5736, CVE-2020-14298";
  add("program-is-the-runtime", kExe, "the program is /proc/self/exe", {},
      {"/proc/self/exe", "--help"});
  add("program-links-to-the-runtime", kExe, "the program is a link to /proc/self/exe",
      {Link("entry", "/proc/self/exe")}, {"/entry", "--help"});
  add("script-of-the-runtime", kExe, "the program is a script for /proc/self/exe",
      {File("entry", "#!/proc/self/exe --help\n", 0755)}, {"/entry", "--help"});
  add("script-of-a-script-of-the-runtime", kExe, "the same, by a second script and a link",
      {File("entry", "#!/second\n", 0755), File("second", "#! /third --help\n", 0755),
       Link("third", "/proc/self/exe")},
      {"/entry"});
  add("program-is-a-descriptor", "CVE-2019-5736, CVE-2024-21626",
      "the program is /proc/self/fd/7/../bin/true", {},
      {"/proc/self/fd/7/../../../../../../bin/true"});
  add("program-is-of-the-host", "CVE-2024-21626", "the program is behind a link to the host's root",
      {Link("host", "/proc/self/cwd")}, {"/host/../../../../bin/busybox", "echo", "ran"});
  add("program-is-a-fifo", "", "the program is a fifo", {Entry{Kind::kFifo, "entry", "", 0777}},
      {"/entry"});
  add("program-is-a-folder", "", "the program is a folder", {Folder("entry")}, {"/entry"});
  add("program-is-a-device", "", "the program is /dev/zero",
      {Entry{Kind::kCharacter, "entry", "", 0777, 1, 5}}, {"/entry"});
  add("script-loop", "", "two scripts interpret each other",
      {File("one", "#!/two\n", 0755), File("two", "#!/one\n", 0755)}, {"/one"});
  add("program-link-loop", "", "the program is a link to itself", {Link("entry", "entry")},
      {"/entry"});
  add("program-is-empty", "", "the program is an empty file", {File("entry", "", 0755)},
      {"/entry"});
  add("program-is-noise", "", "an ELF header and nothing else",
      {File("entry",
            std::string("\x7f"
                        "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\x3e\0",
                        20),
            0755)},
      {"/entry"});
  Case& huge =
      add("environment-of-1-mib", "", "more environment than most programs have", {}, {"/prober"});
  huge.without_prober = false;
  for (int i = 0; i < 15; ++i) {
    huge.ask.env.push_back("V" + std::to_string(i) + "=" + std::string(100000, 'x'));
  }
  return cases;
}

}  // namespace pelagos::hostile
