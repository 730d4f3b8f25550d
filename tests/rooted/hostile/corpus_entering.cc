// Programs that enter a container which runs, whose first process and root are hostile.
#include "tests/rooted/hostile/case.h"

namespace pelagos::hostile {

Cases EnteringCases() {
  constexpr char kGroup[] = "exec";
  const std::string outside = kOutside;
  Cases cases;
  const auto add = [&](std::string name, std::string cves, std::string story, Ask ask,
                       std::vector<Entry> entries = {}) -> Case& {
    Case& one = Add(cases, kGroup, std::move(name), std::move(cves), std::move(story),
                    std::move(entries), std::move(ask));
    one.entered = true;
    return one;
  };
  add("exec-descriptors-and-rights", "CVE-2016-9962, CVE-2022-29162, CVE-2019-10144",
      "descriptors, environment, capabilities, filter of what enters", {});
  const struct {
    const char* name;
    const char* user;
  } users[] = {{"exec-user-1", "1"},
               {"exec-user-1-1", "1:1"},
               {"exec-user-one-colon", "1:"},
               {"exec-user-only-colon", ":"},
               {"exec-user-minus-one", "-1"},
               {"exec-user-4294967295", "4294967295"},
               {"exec-user-space", " 1"},
               {"exec-user-letters", "1a"},
               {"exec-user-4294967296", "4294967296"}};
  for (const auto& [name, user] : users) {
    add(name, "CVE-2026-30892", std::string("the user of what enters is '") + user + "'",
        {.command = {"/prober", std::string("uid=") + user}, .user = user});
  }
  add("exec-workdir-descriptor-8", "CVE-2024-21626", "the work folder is /proc/self/fd/8",
      {.workdir = "/proc/self/fd/8"});
  add("exec-workdir-descriptor-31", "CVE-2024-21626", "the work folder is /proc/self/fd/31",
      {.workdir = "/proc/self/fd/31"});
  add("exec-workdir-link", "CVE-2024-21626", "the work folder is a link to /proc/self/fd/7",
      {.workdir = "/work"}, {Link("work", "/proc/self/fd/7")});
  add("exec-workdir-to-the-host", "CVE-2026-55686", "the work folder is a link to the host's",
      {.workdir = "/work"}, {Link("work", outside + "/empty")});
  Case& runtime = add("exec-of-the-runtime", "CVE-2019-5736", "what enters is /proc/self/exe",
                      {.command = {"/proc/self/exe", "--help"}});
  runtime.without_prober = true;
  Case& script = add("exec-of-a-script-of-the-runtime", "CVE-2019-5736",
                     "what enters is a script for /proc/self/exe", {.command = {"/entry"}},
                     {File("entry", "#!/proc/self/exe --help\n", 0755)});
  script.without_prober = true;
  return cases;
}

}  // namespace pelagos::hostile
