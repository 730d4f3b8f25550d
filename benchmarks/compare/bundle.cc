#include "benchmarks/compare/bundle.h"

#include <cerrno>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "pelagos/launch/seccomp_rules.h"
#include "pelagos/plan/mount.h"
#include "pelagos/policy/capability_set.h"

namespace pelagos::benchmarks {
namespace {

using nlohmann::json;

json Capabilities() {
  json names = json::array();
  for (size_t i = 0; i < kCapabilityNames.size(); ++i) {
    if (!kDefaultCapabilities.contains(static_cast<Capability>(i))) continue;
    names.push_back(absl::StrCat(
        "CAP_", absl::AsciiStrToUpper(absl::StrReplaceAll(kCapabilityNames[i], {{"-", "_"}}))));
  }
  return {{"bounding", names}, {"effective", names}, {"permitted", names}};
}

json Mount(const char* target, const char* type, std::vector<std::string> options) {
  return {{"destination", target}, {"type", type}, {"source", type}, {"options", options}};
}

json Mounts() {
  return {
      Mount("/proc", "proc", {"nosuid", "noexec", "nodev"}),
      Mount("/dev", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      Mount("/dev/pts", "devpts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
      Mount("/dev/shm", "tmpfs", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}),
      Mount("/dev/mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
      Mount("/sys", "sysfs", {"nosuid", "noexec", "nodev", "ro"}),
      Mount("/sys/fs/cgroup", "tmpfs", {"nosuid", "noexec", "nodev", "ro", "mode=755"}),
  };
}

json Seccomp() {
  json allowed = json::array();
  for (const launch::SeccompRule& rule : launch::kSeccompRules) {
    const bool unlocked = (rule.unlocks & kDefaultCapabilities.bits()) != 0;
    if (rule.action == launch::SeccompAction::kAllow || unlocked) {
      allowed.push_back(std::string(rule.name));
    }
  }
  json rules = json::array();
  rules.push_back({{"names", allowed}, {"action", "SCMP_ACT_ALLOW"}});
  rules.push_back(
      {{"names", {"socket"}},
       {"action", "SCMP_ACT_ALLOW"},
       {"args", {{{"index", 0}, {"value", launch::kVsockFamily}, {"op", "SCMP_CMP_NE"}}}}});
  for (uint32_t personality : launch::kPersonalities) {
    rules.push_back({{"names", {"personality"}},
                     {"action", "SCMP_ACT_ALLOW"},
                     {"args", {{{"index", 0}, {"value", personality}, {"op", "SCMP_CMP_EQ"}}}}});
  }
  rules.push_back({{"names", {"clone"}},
                   {"action", "SCMP_ACT_ALLOW"},
                   {"args",
                    {{{"index", 0},
                      {"value", launch::kNamespaceFlags},
                      {"valueTwo", 0},
                      {"op", "SCMP_CMP_MASKED_EQ"}}}}});
  rules.push_back({{"names", {"clone3"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", ENOSYS}});
  return {{"defaultAction", "SCMP_ACT_ERRNO"},
          {"defaultErrnoRet", EPERM},
          {"architectures", {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"}},
          {"syscalls", rules}};
}

}  // namespace

std::string MakeBundleConfig(const std::string& rootfs, const std::string& id, bool seccomp) {
  json namespaces = json::array();
  for (const char* name : {"pid", "network", "ipc", "uts", "mount", "cgroup"}) {
    namespaces.push_back({{"type", name}});
  }
  json linux_part = {{"namespaces", namespaces},
                     {"cgroupsPath", absl::StrCat("/", id)},
                     {"maskedPaths", kMaskedPaths},
                     {"readonlyPaths", kReadOnlyPaths}};
  if (seccomp) linux_part["seccomp"] = Seccomp();
  const json config = {
      {"ociVersion", "1.0.2"},
      {"hostname", "bench"},
      {"root", {{"path", rootfs}}},
      {"process",
       {{"terminal", false},
        {"user", {{"uid", 0}, {"gid", 0}}},
        {"args", {"/bin/true"}},
        {"env", {"PATH=/usr/bin:/bin"}},
        {"cwd", "/"},
        {"noNewPrivileges", true},
        {"capabilities", Capabilities()}}},
      {"mounts", Mounts()},
      {"linux", linux_part},
  };
  return config.dump(1);
}

}  // namespace pelagos::benchmarks
