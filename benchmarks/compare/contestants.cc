#include "benchmarks/compare/contestants.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iostream>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "benchmarks/compare/bundle.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/overlay_options.h"
#include "pelagos/launch/seccomp_program.h"
#include "pelagos/plan/mount.h"
#include "pelagos/sys/file.h"

namespace pelagos::benchmarks {
namespace {

std::string InView(const std::string& name, const View& view) {
  return absl::StrCat(name, view.cgroups.empty() ? ", no cgroup" : ", cgroup " + view.name);
}

// By its place in the workspace; `bazel run` starts in the runfiles.
absl::StatusOr<std::string> OwnProgram(const std::string& path) {
  char* whole = ::realpath(path.c_str(), nullptr);
  if (whole == nullptr) return ErrnoStatus(errno, "realpath", path);
  std::string result = whole;
  ::free(whole);
  return result;
}

}  // namespace

Contestants::~Contestants() {
  for (const Entry& entry : endings_) RunOnce(entry).IgnoreError();
}

absl::Status Contestants::Make() {
  PELAGOS_ASSIGN_OR_RETURN(const std::string floor, OwnProgram("benchmarks/floor"));
  PELAGOS_ASSIGN_OR_RETURN(const std::string launch_one, OwnProgram("benchmarks/launch_one"));
  PELAGOS_RETURN_IF_ERROR(Enter(views_.peers()));
  PELAGOS_RETURN_IF_ERROR(MakeImage());
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(scratch_ + "/floor", 0755));
  for (const View* view : {&views_.none, &views_.v1, &views_.v2}) {
    if (!view->mounts.valid()) continue;
    PELAGOS_RETURN_IF_ERROR(AddFloor(*view, floor));
    AddRun(*view);
  }
  Add({"pelagos launcher", {launch_one, image(), scratch_ + "/launch", "/bin/true"}, "", {}},
      views_.peers());
  for (const View* view : {&views_.v1, &views_.v2}) {
    if (view->mounts.valid()) AddLimits(*view);
  }
  PELAGOS_RETURN_IF_ERROR(AddBubblewrap());
  PELAGOS_RETURN_IF_ERROR(AddRuntime("crun", "crun", {}, true));
  PELAGOS_RETURN_IF_ERROR(
      AddRuntime("crun, no cgroup", "crun", {"--cgroup-manager=disabled"}, true));
  PELAGOS_RETURN_IF_ERROR(
      AddRuntime("crun, no cgroup, no seccomp", "crun", {"--cgroup-manager=disabled"}, false));
  PELAGOS_RETURN_IF_ERROR(AddRuntime("runc", "runc", {}, true));
  for (const auto& [name, command] : OciRuntimes()) {
    PELAGOS_RETURN_IF_ERROR(AddLife(name, command));
  }
  for (const auto& [name, command] : OciRuntimes()) {
    PELAGOS_RETURN_IF_ERROR(AddExec(name, command));
  }
  return absl::OkStatus();
}

void Contestants::Add(Entry entry, const View& view, std::string base) {
  entry.mounts = view.mounts.get();
  all_.push_back({std::move(entry), InView("floor", view), std::move(base)});
}

absl::Status Contestants::AddFloor(const View& view, const std::string& program) {
  Entry entry = {InView("floor", view),
                 {program, image(), scratch_ + "/floor/upper", scratch_ + "/floor/work",
                  scratch_ + "/mnt", "/bin/true"},
                 "",
                 {scratch_ + "/floor/upper", scratch_ + "/floor/work"}};
  if (!view.cgroups.empty()) {
    entry.argv.push_back(view.name);
    entry.argv.push_back(view.cgroups + "/pelagos-floor");
  }
  Add(std::move(entry), view);
  return absl::OkStatus();
}

void Contestants::AddRun(const View& view) {
  Add({InView("pelagos run", view),
       {pelagos_, "--root", scratch_ + "/data", "--run-root", scratch_ + "/run", "run", "--rm",
        "--rootfs", image(), "/bin/true"},
       "",
       {}},
      view);
}

// Each adds to the `pelagos run` of the same view.
void Contestants::AddLimits(const View& view) {
  static constexpr const char* kLimits[] = {"--pids-limit 100", "-m 64m", "--cpus 1",
                                            "-m 64m --pids-limit 100 --cpus 1"};
  for (const char* limits : kLimits) {
    Entry entry = {
        absl::StrCat(view.name, ", ", limits),
        {pelagos_, "--root", scratch_ + "/data", "--run-root", scratch_ + "/run", "run", "--rm"},
        "",
        {}};
    for (absl::string_view word : absl::StrSplit(limits, ' ')) entry.argv.emplace_back(word);
    entry.argv.insert(entry.argv.end(), {"--rootfs", image(), "/bin/true"});
    Add(std::move(entry), view, InView("pelagos run", view));
  }
}

absl::Status Contestants::MakeImage() {
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(image() + "/bin", 0755));
  for (const char* folder : {"/proc", "/dev", "/sys", "/etc", "/tmp"}) {
    PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(image() + folder, 0755));
  }
  PELAGOS_ASSIGN_OR_RETURN(const std::string busybox, sys::ReadFile("/bin/busybox", 64u << 20),
                           "apt-get install busybox-static");
  PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(image() + "/bin/busybox", busybox, 0755));
  if (::symlink("busybox", (image() + "/bin/true").c_str()) != 0) {
    return ErrnoStatus(errno, "symlink");
  }
  // As in the images of distributions: a runtime that mounts its own over them finds them.
  for (const char* file : {"/etc/hostname", "/etc/hosts", "/etc/resolv.conf"}) {
    PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(image() + file, "", 0644));
  }
  return sys::MakeFolders(scratch_ + "/mnt", 0755);
}

// An overlay on the image that stays mounted; it goes with the peers' mount namespace.
absl::StatusOr<std::string> Contestants::MountedRoot(const std::string& name) {
  const std::string base = absl::StrCat(scratch_, "/", name);
  for (const char* folder : {"/upper", "/work", "/rootfs"}) {
    PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(base + folder, 0755));
  }
  PELAGOS_ASSIGN_OR_RETURN(const launch::OverlayOptions options,
                           launch::MakeOverlayOptions({image()}, base + "/upper", base + "/work"));
  const std::string root = base + "/rootfs";
  if (::mount("overlay", root.c_str(), "overlay", 0, options.options.c_str()) != 0) {
    return ErrnoStatus(errno, "mount", root);
  }
  return root;
}

absl::Status Contestants::AddRuntime(const std::string& name, const std::string& program,
                                     const std::vector<std::string>& flags, bool seccomp) {
  const std::optional<std::string> path = FindProgram(program);
  if (!path) {
    std::cout << program << " is not there: apt-get install " << program << "\n";
    return absl::OkStatus();
  }
  const std::string id = absl::StrCat("pelagos-compare-", all_.size());
  PELAGOS_ASSIGN_OR_RETURN(const std::string root, MountedRoot(id));
  const std::string bundle = sys::FolderOf(root);
  PELAGOS_RETURN_IF_ERROR(
      sys::WriteFileAtomically(bundle + "/config.json", MakeBundleConfig(root, id, seccomp), 0644));
  Entry entry = {name, {*path, "--root", absl::StrCat(scratch_, "/state-", id)}, "", {}};
  entry.argv.insert(entry.argv.end(), flags.begin(), flags.end());
  for (const std::string& word : {std::string("run"), std::string("--bundle"), bundle, id}) {
    entry.argv.push_back(word);
  }
  Add(std::move(entry), views_.peers());
  return absl::OkStatus();
}

// Those that are there, as commands of runc's kind.
std::vector<Contestants::NamedCommand> Contestants::OciRuntimes() const {
  std::vector<NamedCommand> runtimes = {{"pelagos oci", {pelagos_, "oci"}}};
  for (const char* name : {"crun", "runc"}) {
    if (const std::optional<std::string> path = FindProgram(name)) {
      runtimes.push_back({name, {*path}});
    }
  }
  return runtimes;
}

// A bundle with a root that is mounted already, and the runtime's command with a root for its
// state.
absl::Status Contestants::MakeBundle(const std::string& id, bool sleeps,
                                     std::vector<std::string>& command, std::string* bundle) {
  PELAGOS_ASSIGN_OR_RETURN(const std::string root, MountedRoot(id));
  *bundle = sys::FolderOf(root);
  std::string config = MakeBundleConfig(root, id, true);
  if (sleeps) {
    config =
        absl::StrReplaceAll(config, {{"\"/bin/true\"", "\"/bin/busybox\", \"sleep\", \"100000\""}});
  }
  command.insert(command.end(), {"--root", absl::StrCat(scratch_, "/state-", id)});
  return sys::WriteFileAtomically(*bundle + "/config.json", config, 0644);
}

absl::Status Contestants::AddLife(const std::string& name, std::vector<std::string> command) {
  const std::string id = absl::StrCat("pelagos-life-", all_.size());
  std::string bundle;
  PELAGOS_RETURN_IF_ERROR(MakeBundle(id, false, command, &bundle));
  const std::string runtime = absl::StrJoin(command, " ");
  Add({name + " create start delete",
       {"/bin/sh", "-c",
        absl::StrCat(runtime, " create --bundle ", bundle, " ", id, " && ", runtime, " start ", id,
                     " && ", runtime, " delete --force ", id)},
       "",
       {}},
      views_.peers());
  return absl::OkStatus();
}

absl::Status Contestants::AddExec(const std::string& name, std::vector<std::string> command) {
  const std::string id = absl::StrCat("pelagos-exec-", all_.size());
  std::string bundle;
  PELAGOS_RETURN_IF_ERROR(MakeBundle(id, true, command, &bundle));
  const auto with = [&command](std::vector<std::string> words) {
    std::vector<std::string> argv = command;
    argv.insert(argv.end(), words.begin(), words.end());
    return argv;
  };
  Entry ending = {name, with({"delete", "--force", id}), "", {}};
  ending.mounts = views_.peers().mounts.get();
  endings_.push_back(std::move(ending));
  PELAGOS_RETURN_IF_ERROR(
      RunOnce({name, with({"run", "--detach", "--bundle", bundle, id}), "", {}}).status(), name);
  Add({name + " exec", with({"exec", id, "/bin/true"}), "", {}}, views_.peers());
  return absl::OkStatus();
}

absl::Status Contestants::AddBubblewrap() {
  const std::optional<std::string> path = FindProgram("bwrap");
  if (!path) {
    std::cout << "bwrap is not there: apt-get install bubblewrap\n";
    return absl::OkStatus();
  }
  PELAGOS_ASSIGN_OR_RETURN(const std::string root, MountedRoot("bwrap"));
  const std::string filter = scratch_ + "/filter.bpf";
  PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(
      filter,
      {reinterpret_cast<const char*>(launch::kDefaultSeccompProgram.data()),
       launch::kDefaultSeccompProgram.size() * sizeof(sock_filter)},
      0644));
  Entry entry = {"bwrap", {*path}, filter, {}};
  const std::string words = absl::StrCat(
      "--unshare-ipc --unshare-pid --unshare-net --unshare-uts --unshare-cgroup-try "
      "--die-with-parent --new-session --hostname bench --bind ",
      root, " / --proc /proc --dev /dev --tmpfs /dev/shm --mqueue /dev/mqueue --cap-drop ALL");
  for (absl::string_view word : absl::StrSplit(words, ' ')) entry.argv.emplace_back(word);
  for (const char* masked : kMaskedPaths) {
    struct stat info = {};
    if (!absl::StartsWith(masked, "/proc/") || ::stat(masked, &info) != 0) continue;
    if (S_ISDIR(info.st_mode)) {
      entry.argv.insert(entry.argv.end(), {"--tmpfs", masked});
    } else {
      entry.argv.insert(entry.argv.end(), {"--dev-bind", "/dev/null", masked});
    }
  }
  entry.argv.insert(entry.argv.end(), {"--seccomp", "9", "--", "/bin/true"});
  Add(std::move(entry), views_.peers());
  return absl::OkStatus();
}

}  // namespace pelagos::benchmarks
