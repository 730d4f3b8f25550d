// A root whose /dev leads elsewhere: what the runtime makes, removes or opens there.
#include "tests/rooted/hostile/case.h"

namespace pelagos::hostile {

Cases DevCases() {
  constexpr char kGroup[] = "/dev";
  const std::string outside = kOutside;
  Cases cases;
  cases.push_back({.name = "dev-is-a-link",
                   .group = kGroup,
                   .cves = "CVE-2026-41579, CVE-2026-47766",
                   .story = "/dev is a link to a folder of the host with a file ptmx",
                   .root = {Link("dev", outside + "/dev")}});
  cases.push_back({.name = "dev-is-a-relative-link",
                   .group = kGroup,
                   .cves = "CVE-2026-41579, CVE-2026-47766",
                   .story = "the same, by as many '..' as it takes",
                   .root = {Link("dev", "../../../../../../../../../.." + outside + "/dev")}});
  cases.push_back({.name = "dev-through-proc-root",
                   .group = kGroup,
                   .cves = "CVE-2026-41579, CVE-2026-88264",
                   .story = "/dev is a link through /proc/1/root",
                   .root = {Link("dev", "/proc/1/root" + outside + "/dev")}});
  cases.push_back({.name = "dev-is-a-file",
                   .group = kGroup,
                   .cves = "",
                   .story = "/dev is a file",
                   .root = {File("dev", "x")}});
  cases.push_back({.name = "dev-null-is-a-link",
                   .group = kGroup,
                   .cves = "CVE-2025-31133",
                   .story = "/dev/null is a link: what would mask becomes writable",
                   .root = {Link("dev/null", "/proc/sys/kernel/core_pattern")}});
  cases.push_back({.name = "dev-null-of-the-host",
                   .group = kGroup,
                   .cves = "CVE-2025-31133",
                   .story = "/dev/null is a link to a file of the host",
                   .root = {Link("dev/null", outside + "/target")}});
  cases.push_back(
      {.name = "dev-pts-is-a-link",
       .group = kGroup,
       .cves = "CVE-2026-41579",
       .story = "/dev/pts and /dev/ptmx are links to the host's",
       .root = {Link("dev/pts", outside + "/empty"), Link("dev/ptmx", outside + "/dev/ptmx")}});
  cases.push_back(
      {.name = "dev-shm-is-a-link",
       .group = kGroup,
       .cves = "CVE-2019-18837",
       .story = "/dev/shm and /dev/mqueue are links to a folder of the host",
       .root = {Link("dev/shm", outside + "/empty"), Link("dev/mqueue", outside + "/empty")}});
  cases.push_back(
      {.name = "dev-fd-is-a-folder",
       .group = kGroup,
       .cves = "CVE-2026-41579",
       .story = "/dev/fd and /dev/stdin are there, as folder and fifo",
       .root = {Folder("dev/fd"), Fifo("dev/stdin"), Link("dev/stdout", outside + "/target")}});
  cases.push_back({.name = "dev-loop",
                   .group = kGroup,
                   .cves = "",
                   .story = "/dev is a link to itself",
                   .root = {Link("dev", "dev")}});
  cases.push_back({.name = "dev-init-is-a-link",
                   .group = kGroup,
                   .cves = "CVE-2019-5736",
                   .story = "a first process is asked for, whose place is a link to the host",
                   .root = {Link("dev/pelagos-init", outside + "/target")},
                   .ask = {.init = true}});
  cases.push_back(
      {.name = "nodes-in-the-root",
       .group = kGroup,
       .cves = "",
       .story = "the root brings nodes of the host's memory and log",
       .root = {Device(Kind::kCharacter, ".mem", 1, 1), Device(Kind::kCharacter, ".kmsg", 1, 11)}});
  cases.push_back(
      {.name = "device-onto-a-link",
       .group = kGroup,
       .cves = "CVE-2026-88265",
       .story = "a device is lent, whose place is a link to the host",
       .root = {Link("dev/lent", outside + "/empty/node"), Link("dev/folder", outside + "/empty")},
       .ask = {.devices = {{"/dev/zero", "/dev/lent"}}}});
  cases.push_back({.name = "device-below-a-link",
                   .group = kGroup,
                   .cves = "CVE-2026-88265",
                   .story = "a device is lent, whose folder is a link to the host",
                   .root = {Link("dev/folder", outside + "/empty")},
                   .ask = {.devices = {{"/dev/zero", "/dev/folder/lent"}}}});
  cases.push_back({.name = "device-outside-of-dev",
                   .group = kGroup,
                   .cves = "CVE-2026-88265",
                   .story = "a device is lent at a path with '..'",
                   .ask = {.devices = {{"/dev/zero", "/dev/../../../.." + outside + "/empty/n"}}}});
  return cases;
}

}  // namespace pelagos::hostile
