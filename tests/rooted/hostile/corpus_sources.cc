// Sources of mounts, and the root file system's own path.
#include "tests/rooted/hostile/case.h"

namespace pelagos::hostile {

Cases SourceCases() {
  constexpr char kGroup[] = "sources and roots";
  const std::string outside = kOutside, share = kShare, root = kRoot;
  Cases cases;
  const auto add = [&](std::string name, std::string cves, std::string story,
                       std::vector<Entry> files, Bind bind) -> Case& {
    cases.push_back({.name = std::move(name),
                     .group = kGroup,
                     .cves = std::move(cves),
                     .story = std::move(story),
                     .share = std::move(files),
                     .ask = {.binds = {std::move(bind)}},
                     .look = {"/vol/secret", "/vol"}});
    return cases.back();
  };
  add("subpath-is-a-link", "CVE-2017-1002101", "a path within a volume is an absolute link",
      {Link("sub", outside)}, {share, "/vol", false, "sub"});
  add("subpath-with-dots", "CVE-2017-1002101, CVE-2026-33897", "a path within a volume holds '..'",
      {Folder("sub")}, {share, "/vol", false, "sub/../../hostile-outside"});
  add("subpath-relative-link", "CVE-2017-1002101", "a relative link leads out of the volume",
      {Link("a/b/sub", "../../../hostile-outside")}, {share, "/vol", false, "a/b/sub"});
  add("subpath-through-proc", "CVE-2017-1002101", "a link through /proc/self/root",
      {Link("sub", "/proc/self/root" + outside)}, {share, "/vol", false, "sub"});
  add("subpath-file", "CVE-2017-1002101", "the link leads to a file",
      {Link("f", outside + "/secret")}, {share, "/vol", false, "f"});
  Case& race = add("subpath-exchanged", "CVE-2017-1002101, CVE-2021-30465",
                   "the path is exchanged for a link while the container starts",
                   {Folder("sub"), Link("other", outside)}, {share, "/vol", false, "sub"});
  race.race = Race{share + "/sub", share + "/other"};
  add("volume-with-links", "CVE-2018-15664", "a volume holds links to the host",
      {Link("secret", outside + "/secret"), Link("up", "../hostile-outside")}, {share, "/vol"})
      .look.push_back("/vol/up/secret");
  add("read-only-volume", "CVE-2026-33711", "a read-only volume with set-user-id programs",
      {File("suid", "#!/prober\n", 04755)}, {share, "/vol", true});

  add("volume-name-is-a-path", "CVE-2026-33945, CVE-2026-48769", "a volume's name holds '..'", {},
      {"../../../.." + outside, "/vol"});
  cases.push_back({.name = "root-is-a-link",
                   .group = kGroup,
                   .cves = "CVE-2026-48749",
                   .story = "the root's path is a link to the folder",
                   .root_is_link = true});
  cases.push_back({.name = "root-with-a-mount",
                   .group = kGroup,
                   .cves = "CVE-2021-30465",
                   .story = "a folder of links is mounted within the root, at /etc",
                   .share = {Link("hosts", outside + "/etc/hosts"),
                             Link("resolv.conf", outside + "/etc/resolv.conf"),
                             Link("passwd", outside + "/passwd")},
                   .mounted = "etc"});
  Case& exchanged = cases.emplace_back();
  exchanged.name = "root-exchanged";
  exchanged.group = kGroup;
  exchanged.cves = "CVE-2026-48749, CVE-2021-30465";
  exchanged.story = "folders of the root are exchanged for links while the container starts";
  exchanged.root = {Folder("etc"), Link("other", outside + "/etc")};
  exchanged.race = Race{root + "/etc", root + "/other"};
  cases.push_back({.name = "id-with-dots",
                   .group = kGroup,
                   .cves = "CVE-2026-33945, CVE-2026-48769",
                   .story = "the container's name is a path",
                   .ask = {.id = "../../../../../../../../.." + outside + "/empty/id"}});
  cases.push_back({.name = "hostname-with-lines",
                   .group = kGroup,
                   .cves = "CVE-2026-33897",
                   .story = "the hostname holds new lines and '/'",
                   .ask = {.hostname = "a/../b\n127.0.0.1 evil"}});
  return cases;
}

}  // namespace pelagos::hostile
