// Work folders and descriptors of the host. Every case of the corpus is started with 100 of the
// caller's descriptors open; these try to use them.
#include "tests/rooted/hostile/case.h"

namespace pelagos::hostile {

Cases DescriptorCases() {
  constexpr char kGroup[] = "descriptors";
  const std::string outside = kOutside;
  Cases cases;
  const auto add = [&](std::string name, std::string cves, std::string story, std::string workdir,
                       std::vector<Entry> entries = {}) -> Case& {
    return Add(cases, kGroup, std::move(name), std::move(cves), std::move(story),
               std::move(entries), {.workdir = std::move(workdir)});
  };
  add("open-descriptors", "CVE-2016-9962, CVE-2016-8649, CVE-2024-21626",
      "the caller has folders and files of the host open", "");
  for (const char* number : {"3", "5", "7", "8", "9", "10", "31", "1023"}) {
    add(std::string("workdir-descriptor-") + number, "CVE-2024-21626",
        std::string("the work folder is /proc/self/fd/") + number,
        std::string("/proc/self/fd/") + number);
  }
  add("workdir-descriptor-dots", "CVE-2024-21626", "the work folder is /proc/self/fd/7/../..",
      "/proc/self/fd/7/../..");
  add("workdir-link-to-descriptor", "CVE-2024-21626", "a link to /proc/self/fd/8 in the root",
      "/work", {Link("work", "/proc/self/fd/8")});
  add("workdir-link-to-the-host", "CVE-2026-55686", "the work folder is a link to the host's",
      "/work", {Link("work", outside + "/empty")});
  add("workdir-dangles", "CVE-2026-55686", "the work folder is to be made behind a link",
      "/work/made", {Link("work", outside + "/empty")});
  add("workdir-with-dots", "CVE-2026-55686", "the work folder holds '..'",
      "/a/../../../../../../../../.." + outside + "/empty/made");
  std::string deep = "/a";
  for (int i = 0; i < 2500; ++i) deep += "/..";
  add("workdir-of-7500-bytes", "", "more of a path than the kernel takes", deep + outside);
  add("workdir-proc-root", "CVE-2024-21626", "the work folder is /proc/1/root",
      "/proc/1/root" + outside);
  add("workdir-proc-cwd", "CVE-2024-21626", "the work folder is /proc/self/cwd/..",
      "/proc/self/cwd/..");
  add("workdir-thread-descriptor", "CVE-2024-21626", "the work folder is /proc/thread-self/fd/6",
      "/proc/thread-self/fd/6");
  Case& image = add("image-workdir-descriptor", "CVE-2024-21626",
                    "an image's WorkingDir is /proc/self/fd/8", "/proc/self/fd/8");
  image.image = Image{};
  Case& init = add("descriptors-with-init", "CVE-2016-9962",
                   "open descriptors, and a first process before the program", "");
  init.ask.init = true;
  return cases;
}

}  // namespace pelagos::hostile
