// Rights that a container must not have, whatever the caller has. The prober tries all of them in
// every case; these bring more with them.
#include "tests/rooted/hostile/case.h"

namespace pelagos::hostile {

Cases RightsCases() {
  constexpr char kGroup[] = "rights";
  const std::string share = kShare;
  Cases cases;
  const auto add = [&](std::string name, std::string cves, std::string story, Ask ask,
                       std::vector<Entry> entries = {}) -> Case& {
    return Add(cases, kGroup, std::move(name), std::move(cves), std::move(story),
               std::move(entries), std::move(ask));
  };
  add("inheritable-capabilities", "CVE-2022-27649, CVE-2022-27650, CVE-2022-27651, CVE-2022-29162",
      "the caller's are all inheritable and ambient", {});
  add("inheritable-for-another-user", "CVE-2018-10856, CVE-2022-27650",
      "the same, and the user is 1000", {.user = "1000:1000"});
  add("no-rights-by-default", "CVE-2019-10144, CVE-2019-10145, CVE-2019-10147",
      "namespaces, mounts, keys, handles, nodes are tried", {});
  add("kernel-interfaces", "CVE-2022-0185, CVE-2022-0492",
      "user namespaces, fsopen, release_agent, core_pattern, uevent_helper are tried", {});
  add("rights-with-init", "CVE-2019-10147", "the same behind a first process", {.init = true});
  add("set-user-id-program", "CVE-2026-33711", "the program is set-user-id, the user 1000",
      {.command = {"/suid"}, .user = "1000:1000"});
  cases.back().root = {Entry{Kind::kHardLink, "suid", "prober", 04755}};
  add("environment-of-the-runtime", "CVE-2026-57231",
      "the caller's environment holds a secret; /proc/1/environ is read", {.env = {"SHOWN=1"}});
  add("keyring-of-the-runtime", "CVE-2014-9529", "the caller's session keyring holds a secret", {})
      .cves = "";
  add("apparmor-that-is-not-there", "CVE-2019-16884", "a label that the host cannot set",
      {.apparmor = "hostile"});
  return cases;
}

}  // namespace pelagos::hostile
