// Everything of the kernel and of a run root that a container toolkit could leave behind, as lines
// of text: two snapshots compare, and their difference names what leaked.
//
//   process 4711: /usr/bin/redis-server        descendants of the test
//   netns net:[4026532281] of 4711             network namespaces they live in
//   netns id 0                                 those that the test's own has a link to
//   mount ...                                  here and in pid 1's namespace
//   link pg-1a2b3c                             interfaces of the test's network namespace
//   nft ...                                    its rules
//   sysctl net/ipv4/ip_forward = 0             what networking changes
//   cgroup /sys/fs/cgroup/memory/pelagos-x     in every mounted hierarchy, of this run root
//   file containers/x/log                      below the run root
//
// Source: proc(5), cgroups(7), rtnetlink(7), nft(8).
#pragma once

#include <set>
#include <string>
#include <vector>

namespace pelagos::rooted {

using Snapshot = std::set<std::string>;

// `run_root` need not exist.
Snapshot TakeSnapshot(const std::string& run_root);

// What is in one and not in the other: "+ " for what is new, "- " for what is gone, a line each.
std::string Difference(const Snapshot& before, const Snapshot& after);

// The paths of all mounted cgroup hierarchies.
std::vector<std::string> CgroupMounts();

}  // namespace pelagos::rooted
