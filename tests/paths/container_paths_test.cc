// Nothing inside a container or an image is found by a string: a check of the sources that touch
// them. Whatever calls the kernel with a path is in the list below with the reason why it may, or
// goes through sys::RootFd (the child: OpenIn).

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pelagos {
namespace {

// Calls that take a path: by libc, by syscall(2), those of the standard library and of sys/file.h.
const std::regex& PathCalls() {
  static const std::regex calls(
      "::(open|openat|mount|creat|fopen|mkdir|mkdirat|mknod|mknodat|symlink|symlinkat|link|linkat|"
      "rename|renameat|unlink|unlinkat|stat|lstat|fstatat|statx|chown|lchown|fchownat|chmod|"
      "fchmodat|rmdir|opendir|access|faccessat|readlink|readlinkat|chdir|chroot|umount2|truncate|"
      "utimensat|l?setxattr|l?getxattr)\\(|"
      "SYS_(open|openat|openat2|open_tree|mount|mkdirat|mknodat|symlinkat|linkat|renameat2?|"
      "unlinkat|newfstatat|fchownat|fchmodat|chdir|chroot|umount2|pivot_root|move_mount|"
      "readlinkat|execve)\\b|std::filesystem::|std::[io]?fstream|"
      "sys::(OpenFile|ReadFile|WriteKernelFile|WriteFileAtomically|MakeFolders|ListFolder|"
      "RemoveTree|LockFile)\\(");
  return calls;
}

struct Allowed {
  const char* file;  // its path ends so; a folder with a slash at its end
  const char* text;  // the line holds it
  const char* why;
};

constexpr char kOwnState[] = "a path of the runtime's own state, below its data or run root";
constexpr char kOneName[] = "one name in a folder that was opened through sys::RootFd";
constexpr char kOnGround[] =
    "a name of the kernel's, or of ours, on what the plan itself has mounted";
constexpr char kEmptyPath[] = "an open descriptor, no path";
constexpr char kCgroups[] = "the host's cgroup file system";
constexpr char kKernel[] = "a file of the host's /proc or /sys";
constexpr char kSource[] = "a source on the host, as the user names it";
constexpr char kUsersFile[] = "a file of the user's, as the command line names it";
constexpr char kHosts[] = "a file of the host's own, by a constant name";

constexpr Allowed kAllowed[] = {
    {"launch/bind_tree.cc", "SYS_open_tree, folder, path", kSource},
    {"launch/bind_tree.cc", "::statx(AT_FDCWD, path", kSource},
    {"launch/bind_tree.cc", "op.source", kSource},
    {"launch/bind_tree.cc", "/proc/self/mountinfo", kKernel},
    {"launch/cgroup.cc", "::", kCgroups},
    {"launch/child_main.cc", "plan_.cgroup_tasks[index_]", kCgroups},
    {"launch/child_main.cc", "\"/dev/null\"", "the host's, before anything is mounted"},
    {"launch/child_root.h", "\"/\", O_PATH", "the root of the namespace that was joined"},
    {"launch/child_main.cc", "AT_FDCWD, *path", "after pivot_root, as execve finds it"},
    {"launch/child_main.cc", "op.device.name, &info", kOneName},
    {"launch/child_main.cc", "SYS_execve", "after pivot_root: there is no other root any more"},
    {"launch/child_main.cc", "SYS_mount, nullptr, \"/\"", "the host's root, before any mount"},
    {"launch/child_main.cc", "folder, op.device.name", kOneName},
    {"launch/child_mounts.h", "folder, node.name", kOneName},
    {"launch/child_main.cc", "FolderFor(op, op.symlink.folder)", kOneName},
    {"launch/child_mounts.h", "SYS_mount, source, \".\"", "on the folder that was opened"},
    {"launch/child_mounts.h", "SYS_move_mount, tree, \"\"", kEmptyPath},
    {"launch/child_mounts.h", "SYS_open_tree, fd, \"\"", kEmptyPath},
    {"launch/child_mounts.h", "bind.tree, \".\"", "the root of the mount that was made"},
    {"launch/child_mounts.h", "op.below", kOnGround},
    {"launch/child_mounts.h", "FdOf(Ground::kDev)", kOnGround},
    {"launch/child_mounts.h", "op.mount_root", kOwnState},
    {"launch/child_root.h", "SYS_umount2, \"/", "the host's mount there, before the root is moved"},
    {"launch/child_root.h", "SYS_mount, \".\", \"/\"", "the root that was opened"},
    {"launch/child_root.h", "SYS_chroot, \".\"", "the root that was opened"},
    {"launch/child_mounts.h", "from, name", kOneName},
    {"launch/child_mounts.h", "to, name", kOneName},
    {"launch/child_mounts.h", "text, to", kOneName},
    {"launch/child_mounts.h", "AT_FDCWD, place", kOwnState},
    {"launch/child_root.h", "SYS_pivot_root, \".\", \".\"", "the root that was opened"},
    {"launch/child_root.h", "SYS_umount2, \".\"", "the old root, which lies there"},
    {"launch/child_root.h", "SYS_chdir, \"/\"", "after pivot_root"},
    {"launch/child_mounts.h", "SYS_newfstatat, fd, \"\"", kEmptyPath},
    {"launch/child_paths.h", "SYS_openat2, root_", "the one door: RESOLVE_IN_ROOT"},
    {"launch/child_paths.h", ", parent, begin", kOneName},
    {"launch/child_program.h", "SYS_openat2, AT_FDCWD", "after pivot_root, as execve finds it"},
    {"launch/child_rights.h", "write.", "the host's /proc, before the root is mounted"},
    {"launch/child_rights.h", "SYS_openat2, sysctls_", "RESOLVE_BENEATH from /proc/sys"},
    {"launch/between.h", "join.path", kSource},
    {"launch/child_between.h", "SYS_mount, nullptr, \"/\"", "the host's root, before any mount"},
    {"launch/child_between.h", "between.mount_point", kOwnState},
    {"launch/child_between.h", "SYS_move_mount, between.root_tree, \"\"", kEmptyPath},
    {"launch/child_between.h", "\"/proc/self/timens_offsets\"", kKernel},
    {"launch/overlay_tree.cc", "sys::OpenFile(lower", kOwnState},
    {"launch/overlay_tree.cc", "::mount(\"overlay\", place", kOwnState},
    {"launch/overlay_tree.cc", "::chdir(options.folder", "the folder of descriptors"},
    {"launch/overlay_tree.cc", "SYS_move_mount, tree.get(), \"\", AT_FDCWD, lower", kOwnState},
    {"launch/overlay_tree.cc", "sys::OpenFile(op.upper", kOwnState},
    {"launch/overlay_tree.cc", "sys::OpenFile(op.work", kOwnState},
    {"launch/overlay_tree.cc", "::mount(nullptr, \"/\"", "all of a thread's mount namespace"},
    {"launch/starting.cc", "SYS_openat, folder.get(), name", kKernel},
    {"launch/starting.cc", "sys::OpenFile(path, O_PATH", kKernel},
    {"cli/completion_names.cc", "sys::ListFolder(folder)", kOwnState},
    {"container/id_pool.cc", "roots", kOwnState},
    {"container/changes.cc", "folder.get(), name", kOneName},
    {"container/changes.cc", "sys::ListFolder(", kEmptyPath},
    {"container/changes.cc", "layers.upper", kOwnState},
    {"container/changes.cc", "sys::OpenFile(lower", kOwnState},
    {"container/files.cc", "(folder.c_str()", kOwnState},
    {"container/volumes.cc", "sys::OpenFile(data", kOwnState},
    {"container/files.cc", "SYS_open_tree, root.fd().get(), \"\"", kEmptyPath},
    {"container/copy_tree.cc", "folder.get(), name", kOneName},
    {"container/copy_tree.cc", "NameOf(", "an open descriptor, by its name in /proc"},
    {"container/copy_tree.cc", "AT_FDCWD, name.c_str(), times", "the same"},
    {"container/copy_tree.cc", "::chmod(name.c_str()", "the same"},
    {"container/copy_tree.cc", "\"\"", kEmptyPath},
    {"container/copy_tree.cc", "sys::ListFolder(level.source", kEmptyPath},
    {"container/background.cc", "\"/proc/self/fd\"", kKernel},
    {"container/background.cc", "\"/dev/null\"", kHosts},
    {"container/background.cc", "::chdir(\"/\")", kHosts},
    {"container/health.cc", "sys::ReadFile(path", kOwnState},
    {"container/health.cc", "PathOf(roots, id)", kOwnState},
    {"container/probe.cc", "roots.KeptContainer", kOwnState},
    {"container/peer.cc", "sys::OpenFile(lock", kOwnState},
    {"container/peer.cc", "\"/proc/\"", kKernel},
    {"container/peer.cc", "sys::ReadFile(file", kKernel},
    {"launch/flatten_rights.cc", "\"/proc/self/", kKernel},
    {"launch/flatten_rights.cc", "\"/proc\", O_PATH", kKernel},
    {"launch/flatten_oci.cc", "sys::OpenFile(op.path", "a first process's root, as a descriptor"},
    {"launch/launcher.cc", "(folder.c_str(), kMode)", kOwnState},
    {"launch/launcher.cc", "sys::FolderOf(folder)", kOwnState},
    {"launch/launcher.cc", "::chown(folder.c_str(), uid, gid)", kOwnState},
    {"launch/launcher.cc", "\"/proc/", kKernel},
    {"launch/starting.cc", "\"/proc/", kKernel},
    {"launch/launcher.cc", "plan.cgroup.v2", kCgroups},
    {"launch/waiting.cc", "sys::FolderOf(path)", kOwnState},
    {"image/builtin.cc", "sys::", kOwnState},
    {"image/ingest.cc", "program.c_str()", "the runtime's own program"},
    {"image/store_files.cc", "", "folders of the store"},
    {"image/kept_images.cc", "roots.KeptContainers()", kOwnState},
    {"image/merged_view.cc", "::readlinkat(link.get(), \"\"", kEmptyPath},
    {"image/merged_view.cc", "::getxattr(path", "an open descriptor, by its name in /proc"},
    {"image/registry/pull_layers.cc", "file.c_str()", kOwnState},
    {"image/registry/pull_layers.cc", "folder", kOwnState},
    {"image/registry/pull_layers.cc", "path", kOwnState},
    {"image/store.cc", "::", kOwnState},
    {"image/store_images.cc", "", kOwnState},
    {"image/store_usage.cc", "/proc/locks", kKernel},
    {"image/store_usage.cc", "path", kOwnState},
    {"image/docker_config.cc", "path", kUsersFile},
    {"image/docker_config.cc", "return sys::WriteFileAtomically(", kUsersFile},
    {"image/docker_config.cc", "::access(file.c_str()", "a program in the user's PATH"},
    {"image/registry/push.cc", "sys::OpenFile(path", kOwnState},
    {"image/program/blob_content.cc", "path", kOwnState},
    {"image/program/check.cc", "", kOwnState},
    {"image/program/save.cc", "store.BlobPath", kOwnState},
    {"image/program/importer.cc", "sys::OpenFile(file", kOwnState},
    {"image/program/archive_loader.cc", "(layer.", kOwnState},
    {"image/program/confine.cc", "sys::OpenFile(path", kOwnState},
    {"image/program/folder_archive.cc", "folder, name.c_str(), O_PATH", kOneName},
    {"image/program/folder_archive.cc", "\"/proc/self/fd/\"", "an open descriptor"},
    {"image/program/folder_archive.cc", "entry->get(), \".\"", "the folder that was opened"},
    {"image/program/folder_archive.cc", "::readlinkat(entry.get(), \"\"", kEmptyPath},
    {"image/program/folder_archive.cc", "sys::ListFolder(folder, path)", kEmptyPath},
    {"image/program/importer.cc", "(folder.c_str()", kOwnState},
    {"image/program/layer_folder.cc", "place.parent", kOneName},
    {"image/program/layer_folder.cc", "(parent, name.c_str()", kOneName},
    {"image/program/layer_folder.cc", "(folder->get(), parts.back()", kOneName},
    {"image/program/layer_folder.cc", "sys::OpenFile(folder, ", kOwnState},
    {"image/program/main.cc", "arguments.folder", kUsersFile},
    {"container/processes.cc", "\"/proc", kKernel},
    {"container/processes.cc", "sys::ReadFile(folder + ", kKernel},
    {"container/usage.cc", "sys::ReadFile(p", kKernel},
    {"container/usage.cc", "(process + \"/ns/net\")", kKernel},
    {"container/usage.cc", "\"/proc/self/ns/net\"", kKernel},
    {"container/usage.cc", "/io.stat", kCgroups},
    {"cli/engine/top.cc", "\"/proc/uptime\"", kKernel},
    {"cli/engine/top.cc", "\"/etc/passwd\"", kHosts},
    {"image/program/main.cc", "request.upper", kOwnState},
    {"container/claim.cc", "::", kOwnState},
    {"container/etc_files.cc", "sys::OpenFile(path, O_WRONLY", kOwnState},
    {"container/etc_files.cc", "\"/etc/resolv.conf\"", kHosts},
    {"container/engine.cc", "ParentFile(folder)", kOwnState},
    {"container/engine.cc", "roots_.", kOwnState},
    {"container/engine_facts.cc", "sys::ReadFile(file, 65536)", kKernel},
    {"container/engine_facts.cc", "\"/sys/kernel/mm/hugepages\"", kKernel},
    {"container/engine_facts.cc", "path(\"cpu0\")", kKernel},
    {"container/engine_facts.cc", "path(name)", kKernel},
    {"container/engine_facts.cc", "sys::ListFolder(folder)", kKernel},
    {"container/engine_facts.cc", "::access(file.c_str()", kKernel},
    {"container/engine_facts.cc", "whole", "a device of the host's /dev, as the user names it"},
    {"container/engine_facts.cc", "\"/dev\"", kHosts},
    {"container/engine_facts.cc", "limit.device", kSource},
    {"container/engine_facts.cc", "mount.source", kSource},
    {"container/engine.cc", "spec.rootfs", kSource},
    {"container/rootless.cc", "file.c_str()", "a program in the caller's PATH"},
    {"container/rootless.cc", "setting.path", kKernel},
    {"container/rootless.cc", "\"/proc/self/", kKernel},
    {"container/rootless.cc", "(path.c_str(), W_OK)", kCgroups},
    {"container/rootless.cc", "path + \"/cgroup.", kCgroups},
    {"container/rootless.cc", "sys::MakeFolders(path, 0700)", kOwnState},
    {"container/rootless.cc", "::lstat(path.c_str()", kOwnState},
    {"store/", "::", kOwnState},
    {"net/run_files.cc", "::", kOwnState},
    {"net/port_holder.cc", "path.c_str()", kKernel},
    {"net/port_holder.cc", "/proc", kKernel},
    {"net/links.cc", "sys::", kKernel},
    {"net/session_networks.cc", "\"/proc/sys/net/ipv6\"", kKernel},
    {"net/dns_daemon.cc", "::", kOwnState},
    {"net/dns/server.cc", "::", kOwnState},
    {"net/dns/zone_files.cc", "", kOwnState},
    {"net/dns/zone_watch.cc", "ListFolder", kOwnState},
    {"net/dns/control.h", "folder", kOwnState},
    {"net/firewall.cc", "sys::", kKernel},
    {"net/forwarding6.cc", "sys::", kKernel},
    {"net/dns/resolvers.cc", "path_", kHosts},
    {"net/host.cc", "sys::", kKernel},
    {"net/pasta.cc", "\"/dev/null\"", kHosts},
    {"net/pasta.cc", "::chdir(\"/\")", kHosts},
    {"net/pasta.cc", "kTunDevice", kHosts},
    {"net/pasta.cc", "file.c_str()", "a program in the user's PATH"},
    {"net/proxy/start_proxy.cc", "\"/dev/null\"", kHosts},
    {"net/proxy/start_proxy.cc", "::chdir(\"/\")", kHosts},
    {"compose/host_name.cc", "\"/etc/", kHosts},
    {"compose/listener.cc", "\"/proc/\"", kKernel},
    {"compose/member.cc", "engine.roots()", kOwnState},
    {"compose/stack.cc", "options.file", kUsersFile},
    {"compose/stack.cc", "mount.source", kSource},
    {"compose/up.cc", "\"/dev/null\"", kHosts},
    {"compose/up.cc", "sys::OpenFile(file, ", kOwnState},
    {"oci/record.cc", "::", kOwnState},
    {"oci/facts.cc", "(mount.c_str(), W_OK)", kCgroups},
    {"oci/facts.cc", "/proc/self/mountinfo", kKernel},
    {"oci/placing.cc", "/cgroup.procs", kCgroups},
    {"oci/systemd/client.cc", "::access(program", "a program of ours, beside the running one"},
    {"launch/freezer.cc", "::", kCgroups},
    {"oci/oom_watch.cc", "::", kCgroups},
    {"oci/sub_cgroups.cc", "::access(folder", kCgroups},
    {"oci/stats.cc", "::access(path, X_OK)", kHosts},
    {"oci/run_hooks.cc", "\"/proc/\"", kKernel},
    {"oci/create.cc", "ReadFile(path, kMostConfigText)",
     "the bundle, as the command line names it"},
    {"oci/create.cc", "sys::MakeFolders(notify", kOwnState},
    {"oci/notify_socket.cc", "OpenFile(folder", kOwnState},
    {"oci/notify_socket.cc", "::chmod(here.name.sun_path", kOwnState},
    {"oci/resctrl.cc", "steps.", kKernel},
    {"oci/resctrl.cc", "(folder.c_str()", kKernel},
    {"oci/runtime.cc", "records_.Socket(id)", kOwnState},
    {"oci/runtime.cc", "sys::ReadFile(file, 64)", kCgroups},
    {"cli/engine/our_output.cc", "\"/proc/self/fd/\"", "an open descriptor"},
    {"cli/engine/attach_client.cc", "\"/dev/null\"", kHosts},
    {"cli/engine/copy.cc", "static_cast<int>(flags) | O_PATH", kUsersFile},
    {"cli/engine/copy.cc", "\"/proc/self/fd/\"", "an open descriptor"},
    {"cli/engine/copy.cc", "::readlinkat(entry->get(), \"\"", kEmptyPath},
    {"cli/engine/copy.cc", "(folder, ", kOwnState},
    {"cli/engine/info.cc", "\"/etc/os-release\"", kHosts},
    {"cli/engine/layer.cc", "file", kUsersFile},
    {"cli/engine/layer.cc", "temporary", kUsersFile},
    {"cli/engine/prune.cc", "sys::ListFolder(", kOwnState},
    {"cli/engine/rootfs.cc", "canonical(args.positionals()", kSource},
    {"cli/oci/lifecycle.cc", "::access(folder", kOwnState},
    {"cli/oci/log.cc", "sys::OpenFile(path", kUsersFile},
    {"cli/oci/exec.cc", "sys::ReadFile(args.value", kUsersFile},
    {"cli/oci/update.cc", "sys::ReadFile(path", kUsersFile},
    {"cli/oci/look.cc", "::access(path.c_str()", kUsersFile},
    {"cli/oci/look.cc", "\"/etc/passwd\"", kHosts},
    {"cli/image/image.cc", "::", kUsersFile},
    {"cli/image/store.cc", "::", kUsersFile},
    {"cli/reml/", "::", kUsersFile},
    {"cli/run_devices.cc", "sys::", "descriptions of devices, in the host's folders for them"},
    {"cli/run_security.cc", "sys::ReadFile(*path", kUsersFile},
    {"cli/key_value_file.cc", "sys::ReadFile(path", kUsersFile},
    {"container/attachments.cc", "sys::OpenFile(folder", kOwnState},
    {"container/attachments.cc", "::unlink(", kOwnState},
    {"container/inventory.cc", "sys::ReadFile(path, kMostArguments)", kKernel},
    {"container/inventory.cc", "roots.Container(id)", kOwnState},
    {"container/inventory.cc", "roots_.Containers()", kOwnState},
    {"container/stop_mark.h", "StopMark(roots, id)", kOwnState},
    {"cli/engine/look.cc", "::readlink(link", kKernel},
    {"cli/engine/run_kept.cc", "sys::OpenFile(path", kUsersFile},
    {"cli/engine/run_kept.cc", "::unlink(cid_path", kUsersFile},
};

constexpr const char* kFolders[] = {"pelagos/launch", "pelagos/image", "pelagos/container",
                                    "pelagos/store",  "pelagos/net",   "pelagos/compose",
                                    "pelagos/oci",    "pelagos/cli"};

// A row is of a file, or of a folder with all in it.
bool IsOf(const Allowed& row, const std::string& path) {
  const std::string file = absl::StrCat("/", row.file);
  return absl::EndsWith(file, "/") ? absl::StrContains(path, file) : absl::EndsWith(path, file);
}

bool IsTest(const std::string& path) {
  return absl::StrContains(path, "_test.") || absl::StrContains(path, "test_support.h") ||
         absl::StrContains(path, "_fuzz.") || absl::StrContains(path, "for_tests") ||
         absl::StrContains(path, "_testing.") || absl::StrContains(path, "fake_");
}

TEST(ContainerPathsTest, EveryCallWithAPathHasItsReason) {
  std::vector<int> used(std::size(kAllowed), 0);
  int files = 0;
  for (const char* folder : kFolders) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(
             folder, std::filesystem::directory_options::follow_directory_symlink)) {
      const std::string path = entry.path().string();
      if (!(absl::EndsWith(path, ".cc") || absl::EndsWith(path, ".h")) || IsTest(path)) continue;
      ++files;
      std::ifstream file(path);
      std::string line;
      for (int number = 1; std::getline(file, line); ++number) {
        const size_t code = line.find_first_not_of(' ');
        if (code == std::string::npos || line.compare(code, 2, "//") == 0) continue;
        if (!std::regex_search(line, PathCalls())) continue;
        bool allowed = false;
        for (size_t i = 0; i < std::size(kAllowed); ++i) {
          if (!IsOf(kAllowed[i], path)) continue;
          if (!absl::StrContains(line, kAllowed[i].text)) continue;
          allowed = true;
          ++used[i];
        }
        EXPECT_TRUE(allowed) << path << ":" << number << ": " << line
                             << "\n  open it through sys::RootFd, or say in this test why not";
      }
    }
  }
  EXPECT_GT(files, 120);  // they are in the test's runfiles
  for (size_t i = 0; i < std::size(kAllowed); ++i) {
    EXPECT_GT(used[i], 0) << kAllowed[i].file << " has no '" << kAllowed[i].text
                          << "' any more: take it from the list";
  }
}

TEST(ContainerPathsTest, TheCheckFindsWhatItShould) {
  for (const char* line :
       {"  if (::open(path.c_str(), O_RDONLY) < 0)", "  Call(SYS_mount, a, b, c, 0, d);",
        "  std::ifstream file(rootfs + \"/etc/passwd\");", "  std::filesystem::exists(x);",
        "  sys::ReadFile(folder + \"/etc/passwd\", 1)", "  ::getxattr(path.c_str(), n, v, 1);"}) {
    EXPECT_TRUE(std::regex_search(line, PathCalls())) << line;
  }
  for (const char* line : {"  root.OpenIn(path, O_PATH)", "  Call(SYS_openat2_x)", "Reopen(x)"}) {
    EXPECT_FALSE(std::regex_search(line, PathCalls())) << line;
  }
}

}  // namespace
}  // namespace pelagos
