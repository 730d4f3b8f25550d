// Mounts whose target leads out of the root.
#include "tests/rooted/hostile/case.h"

namespace pelagos::hostile {

Cases TargetCases() {
  constexpr char kGroup[] = "mount targets";
  const std::string outside = kOutside, share = kShare, root = kRoot;
  Cases cases;
  const auto add = [&](std::string name, std::string cves, std::string story,
                       std::vector<Entry> entries, Ask ask) -> Case& {
    return Add(cases, kGroup, std::move(name), std::move(cves), std::move(story),
               std::move(entries), std::move(ask));
  };
  add("target-is-a-link", "CVE-2019-18837, CVE-2021-30465", "a bind's target is an absolute link",
      {Link("vol", outside + "/empty")}, {.binds = {{share, "/vol"}}});
  add("target-below-a-link", "CVE-2024-45310", "a folder above the target is a link",
      {Link("data", "../../../../../../../.." + outside)}, {.binds = {{share, "/data/empty/new"}}});
  add("target-dangles", "CVE-2024-45310", "the target is a link to what is not there",
      {Link("vol", outside + "/empty/made")}, {.binds = {{share, "/vol"}}});
  add("target-loops", "", "two links lead to each other", {Link("one", "two"), Link("two", "one")},
      {.binds = {{share, "/one"}}});
  std::vector<Entry> chain;
  for (int i = 0; i < 60; ++i) {
    chain.push_back(Link("l" + std::to_string(i), "l" + std::to_string(i + 1)));
  }
  chain.push_back(Link("l60", outside + "/empty"));
  add("target-behind-60-links", "", "more links than the kernel follows", chain,
      {.binds = {{share, "/l0"}}});
  std::string deep;
  for (int i = 0; i < 1500; ++i) deep += "/a";
  add("target-1500-folders-deep", "", "folders upon folders are to be made", {},
      {.binds = {{share, deep}}});
  add("target-through-proc-root", "CVE-2021-30465", "the target goes through /proc/self/root",
      {Link("vol", "/proc/self/root" + outside + "/empty")}, {.binds = {{share, "/vol"}}});
  add("target-through-a-descriptor", "CVE-2024-21626", "the target is /proc/self/fd/7",
      {Link("vol", "/proc/self/fd/7")}, {.binds = {{share, "/vol/empty"}}});
  add("target-through-cwd", "CVE-2024-21626", "the target is /proc/self/cwd/..",
      {Link("vol", "/proc/self/cwd/../hostile-outside/empty")}, {.binds = {{share, "/vol"}}});
  add("target-with-dots", "CVE-2026-33945", "the target itself holds '..'", {},
      {.binds = {{share, "/a/../../../../../../../.." + outside + "/empty"}}});
  add("target-is-the-root", "CVE-2019-16884", "the target is /", {}, {.binds = {{share, "/"}}});
  add("target-is-a-fifo", "", "a folder is to be mounted on a fifo", {Fifo("vol")},
      {.binds = {{share, "/vol"}}});
  add("file-onto-a-folder", "", "a file is to be mounted on a folder", {Folder("vol")},
      {.binds = {{share + "/file", "/vol"}}})
      .share = {File("file", "x")};
  add("tmpfs-onto-a-link", "CVE-2021-30465", "a tmpfs's target is a link to the host",
      {Link("tmp", outside + "/empty")}, {.tmpfs = {"/tmp"}});
  add("tmpfs-below-dangling", "CVE-2024-45310", "a tmpfs's folder dangles",
      {Link("a", outside + "/empty/deep")}, {.tmpfs = {"/a/b/c"}});
  add("etc-is-a-link", "CVE-2026-48752", "/etc is a link to the host's, where files are put",
      {Link("etc", outside + "/etc")}, {});
  add("etc-files-are-links", "CVE-2026-48752", "resolv.conf, hosts and hostname are links",
      {Link("etc/resolv.conf", outside + "/etc/resolv.conf"),
       Link("etc/hosts", "../../../../../../.." + outside + "/etc/hosts"),
       Link("etc/hostname", "/proc/1/root" + outside + "/etc/hostname")},
      {});
  add("etc-files-are-fifos", "", "resolv.conf is a fifo, hosts a folder",
      {Fifo("etc/resolv.conf"), Folder("etc/hosts")}, {});
  add("target-in-a-shared-volume", "CVE-2021-30465, CVE-2024-45310",
      "a second mount within a volume that holds a link", {},
      {.binds = {{share, "/vol"}, {share + "/other", "/vol/link/inner"}}})
      .share = {Folder("other"), Link("link", outside + "/empty")};
  Case& race = add("target-exchanged", "CVE-2021-30465",
                   "the target is exchanged for a link while the container starts",
                   {Folder("vol/sub"), Link("other", outside)},
                   {.binds = {{share, "/vol/sub"}, {share, "/vol/empty"}}});
  race.race = Race{root + "/vol", root + "/other"};
  race.share = {Folder("sub"), Folder("empty")};
  Case& shared = add("shared-target-exchanged", "CVE-2021-30465, CVE-2024-45310, CVE-2025-52565",
                     "the same within a volume that another container has", {},
                     {.binds = {{share + "/a", "/vol"}, {share + "/b", "/vol/empty/made"}}});
  shared.share = {Folder("a/empty"), Folder("b"), Link("link", outside + "/empty")};
  shared.race = Race{share + "/a/empty", share + "/link"};
  Case& dev = add("dev-exchanged", "CVE-2025-31133, CVE-2026-41579",
                  "/dev is exchanged for a link while the container starts",
                  {Folder("dev"), Link("other", outside + "/dev")}, {});
  dev.race = Race{root + "/dev", root + "/other"};
  return cases;
}

}  // namespace pelagos::hostile
