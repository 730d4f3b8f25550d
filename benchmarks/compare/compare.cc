// One container with full isolation, by Pelagos and by its peers, side by side: who takes how long,
// with how many system calls.
//
// Usage: compare [ROUNDS [PELAGOS]]     (root; ROUNDS is 60, PELAGOS the program to measure)
//
// Everything runs in a private mount namespace, from which a cgroup2 mount beside v1 hierarchies
// is taken away: crun refuses such hosts. All state lies on tmpfs. crun, runc and bwrap get a root
// that is mounted already; Pelagos and the floor mount their overlay in the measured time.

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "benchmarks/compare/bundle.h"
#include "benchmarks/compare/measure.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/overlay_options.h"
#include "pelagos/launch/seccomp_program.h"
#include "pelagos/plan/mount.h"
#include "pelagos/sys/cgroup_fs.h"
#include "pelagos/sys/file.h"

namespace pelagos::benchmarks {
namespace {

// Our own programs, by their place in the workspace; `bazel run` starts in the runfiles.
std::string OwnProgram(const std::string& path) { return absl::StrCat("./", path); }

absl::Status EnterPrivateMounts() {
  if (::unshare(CLONE_NEWNS) != 0) return ErrnoStatus(errno, "unshare");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return ErrnoStatus(errno, "mount", "/");
  }
  PELAGOS_ASSIGN_OR_RETURN(const sys::CgroupMounts mounts, sys::ReadCgroupMounts());
  if (!mounts.v2_mount.empty() && !mounts.v1_mounts.empty() &&
      ::umount2(mounts.v2_mount.c_str(), MNT_DETACH) != 0) {
    return ErrnoStatus(errno, "umount", mounts.v2_mount);
  }
  return absl::OkStatus();
}

class Comparison {
 public:
  explicit Comparison(std::string scratch) : scratch_(std::move(scratch)) {}

  absl::Status MakeImage() {
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
    return sys::MakeFolders(scratch_ + "/mnt", 0755);
  }

  absl::Status AddAll(const std::string& pelagos) {
    Add({"floor",
         {OwnProgram("benchmarks/floor"), image(), scratch_ + "/floor/upper",
          scratch_ + "/floor/work", scratch_ + "/mnt", "/bin/true"},
         "",
         {scratch_ + "/floor/upper", scratch_ + "/floor/work"}});
    PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(scratch_ + "/floor", 0755));
    Add({"pelagos launcher",
         {OwnProgram("benchmarks/launch_one"), image(), scratch_ + "/launch", "/bin/true"},
         "",
         {}});
    if (::access(pelagos.c_str(), X_OK) == 0) {
      Add({"pelagos run",
           {pelagos, "--root", scratch_ + "/data", "--run-root", scratch_ + "/run", "run",
            "--rootfs", image(), "/bin/true"},
           "",
           {}});
    } else {
      std::cout << "pelagos: '" << pelagos << "' is not there\n";
    }
    PELAGOS_RETURN_IF_ERROR(AddBubblewrap());
    PELAGOS_RETURN_IF_ERROR(AddRuntime("crun", "crun", {}, true));
    PELAGOS_RETURN_IF_ERROR(
        AddRuntime("crun, no cgroup", "crun", {"--cgroup-manager=disabled"}, true));
    PELAGOS_RETURN_IF_ERROR(
        AddRuntime("crun, no cgroup, no seccomp", "crun", {"--cgroup-manager=disabled"}, false));
    PELAGOS_RETURN_IF_ERROR(AddRuntime("runc", "runc", {}, true));
    for (const auto& [name, command] : OciRuntimes(pelagos)) {
      PELAGOS_RETURN_IF_ERROR(AddLife(name, command));
    }
    for (const auto& [name, command] : OciRuntimes(pelagos)) {
      PELAGOS_RETURN_IF_ERROR(AddExec(name, command));
    }
    return absl::OkStatus();
  }

  // What lives on for exec.
  void End() {
    for (const Entry& entry : endings_) RunOnce(entry).IgnoreError();
  }

  absl::Status Run(int rounds) {
    for (const Entry& entry : entries_) {  // warm, and known to work
      PELAGOS_RETURN_IF_ERROR(RunOnce(entry).status(), entry.name);
    }
    PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::vector<Sample>> samples,
                             RunInTurn(entries_, rounds));
    const std::optional<std::string> strace = FindProgram("strace");
    if (!strace) std::cout << "strace is not there: apt-get install strace\n";
    const auto quantile = [&](size_t entry, double fraction, double Sample::*what) {
      std::vector<double> values;
      for (const Sample& sample : samples[entry]) values.push_back(sample.*what);
      return Quantile(values, fraction);
    };
    size_t crun = 0;
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i].name == "crun") crun = i;
    }
    const double floor_ms = quantile(0, 0.5, &Sample::wall_ms);
    const double crun_ms = quantile(crun, 0.5, &Sample::wall_ms);
    std::printf("%d rounds in turn, milliseconds\n\n", rounds);
    std::printf("%-32s %7s %7s %7s %7s %8s %8s %8s\n", "", "min", "p25", "median", "cpu", "x floor",
                "x crun", "syscalls");
    for (size_t i = 0; i < entries_.size(); ++i) {
      const double median = quantile(i, 0.5, &Sample::wall_ms);
      std::string calls = "-";
      if (strace) {
        PELAGOS_ASSIGN_OR_RETURN(const uint64_t count,
                                 CountSystemCalls(entries_[i], *strace, scratch_ + "/strace.txt"));
        calls = absl::StrCat(count);
      }
      std::printf("%-32s %7.2f %7.2f %7.2f %7.2f %8.2f ", entries_[i].name.c_str(),
                  quantile(i, 0, &Sample::wall_ms), quantile(i, 0.25, &Sample::wall_ms), median,
                  quantile(i, 0.5, &Sample::cpu_ms), median / floor_ms);
      if (crun != 0) {
        std::printf("%8.2f ", median / crun_ms);
      } else {
        std::printf("%8s ", "-");
      }
      std::printf("%8s\n", calls.c_str());
    }
    return absl::OkStatus();
  }

 private:
  std::string image() const { return scratch_ + "/image"; }
  void Add(Entry entry) { entries_.push_back(std::move(entry)); }

  // An overlay on the image that stays mounted; it goes with this process's mount namespace.
  absl::StatusOr<std::string> MountedRoot(const std::string& name) {
    const std::string base = absl::StrCat(scratch_, "/", name);
    for (const char* folder : {"/upper", "/work", "/rootfs"}) {
      PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(base + folder, 0755));
    }
    PELAGOS_ASSIGN_OR_RETURN(
        const launch::OverlayOptions options,
        launch::MakeOverlayOptions({image()}, base + "/upper", base + "/work"));
    const std::string root = base + "/rootfs";
    if (::mount("overlay", root.c_str(), "overlay", 0, options.options.c_str()) != 0) {
      return ErrnoStatus(errno, "mount", root);
    }
    return root;
  }

  absl::Status AddRuntime(const std::string& name, const std::string& program,
                          const std::vector<std::string>& flags, bool seccomp) {
    const std::optional<std::string> path = FindProgram(program);
    if (!path) {
      std::cout << program << " is not there: apt-get install " << program << "\n";
      return absl::OkStatus();
    }
    const std::string id = absl::StrCat("pelagos-compare-", entries_.size());
    PELAGOS_ASSIGN_OR_RETURN(const std::string root, MountedRoot(id));
    const std::string bundle = sys::FolderOf(root);
    PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(bundle + "/config.json",
                                                     MakeBundleConfig(root, id, seccomp), 0644));
    Entry entry = {name, {*path, "--root", absl::StrCat(scratch_, "/state-", id)}, "", {}};
    entry.argv.insert(entry.argv.end(), flags.begin(), flags.end());
    for (const std::string& word : {std::string("run"), std::string("--bundle"), bundle, id}) {
      entry.argv.push_back(word);
    }
    Add(std::move(entry));
    return absl::OkStatus();
  }

  using NamedCommand = std::pair<std::string, std::vector<std::string>>;

  // Those that are there, as commands of runc's kind.
  static std::vector<NamedCommand> OciRuntimes(const std::string& pelagos) {
    std::vector<NamedCommand> runtimes;
    if (::access(pelagos.c_str(), X_OK) == 0) {
      runtimes.push_back({"pelagos oci", {pelagos, "oci"}});
    }
    for (const char* name : {"crun", "runc"}) {
      if (const std::optional<std::string> path = FindProgram(name)) {
        runtimes.push_back({name, {*path}});
      }
    }
    return runtimes;
  }

  // A bundle with a root that is mounted already, and the runtime's command with a root for its
  // state.
  absl::Status MakeBundle(const std::string& id, bool sleeps, std::vector<std::string>& command,
                          std::string* bundle) {
    PELAGOS_ASSIGN_OR_RETURN(const std::string root, MountedRoot(id));
    *bundle = sys::FolderOf(root);
    std::string config = MakeBundleConfig(root, id, true);
    if (sleeps) {
      config = absl::StrReplaceAll(
          config, {{"\"/bin/true\"", "\"/bin/busybox\", \"sleep\", \"100000\""}});
    }
    command.insert(command.end(), {"--root", absl::StrCat(scratch_, "/state-", id)});
    return sys::WriteFileAtomically(*bundle + "/config.json", config, 0644);
  }

  absl::Status AddLife(const std::string& name, std::vector<std::string> command) {
    const std::string id = absl::StrCat("pelagos-life-", entries_.size());
    std::string bundle;
    PELAGOS_RETURN_IF_ERROR(MakeBundle(id, false, command, &bundle));
    const std::string runtime = absl::StrJoin(command, " ");
    Add({name + " create start delete",
         {"/bin/sh", "-c",
          absl::StrCat(runtime, " create --bundle ", bundle, " ", id, " && ", runtime, " start ",
                       id, " && ", runtime, " delete --force ", id)},
         "",
         {}});
    return absl::OkStatus();
  }

  absl::Status AddExec(const std::string& name, std::vector<std::string> command) {
    const std::string id = absl::StrCat("pelagos-exec-", entries_.size());
    std::string bundle;
    PELAGOS_RETURN_IF_ERROR(MakeBundle(id, true, command, &bundle));
    const auto with = [&command](std::vector<std::string> words) {
      std::vector<std::string> argv = command;
      argv.insert(argv.end(), words.begin(), words.end());
      return argv;
    };
    endings_.push_back({name, with({"delete", "--force", id}), "", {}});
    PELAGOS_RETURN_IF_ERROR(
        RunOnce({name, with({"run", "--detach", "--bundle", bundle, id}), "", {}}).status(), name);
    Add({name + " exec", with({"exec", id, "/bin/true"}), "", {}});
    return absl::OkStatus();
  }

  absl::Status AddBubblewrap() {
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
    Add(std::move(entry));
    return absl::OkStatus();
  }

  const std::string scratch_;
  std::vector<Entry> entries_, endings_;
};

absl::Status Main(int argc, char** argv) {
  int rounds = 60;
  if (argc > 1 && (!absl::SimpleAtoi(argv[1], &rounds) || rounds < 1)) {
    return absl::InvalidArgumentError("usage: compare [ROUNDS [PELAGOS]]");
  }
  if (::geteuid() != 0) return absl::PermissionDeniedError("compare needs root");
  PELAGOS_RETURN_IF_ERROR(EnterPrivateMounts());
  std::string scratch = "/dev/shm/pelagos-compare-XXXXXX";
  if (::mkdtemp(scratch.data()) == nullptr) return ErrnoStatus(errno, "mkdtemp", scratch);
  // A tmpfs of our own: it and all mounts in it go with our mount namespace, the folder by hand.
  absl::Cleanup remove = [&scratch] {
    ::umount2(scratch.c_str(), MNT_DETACH);
    ::rmdir(scratch.c_str());
  };
  if (::mount("tmpfs", scratch.c_str(), "tmpfs", 0, "mode=755") != 0) {
    return ErrnoStatus(errno, "mount", scratch);
  }
  Comparison comparison(scratch);
  absl::Cleanup end = [&comparison] { comparison.End(); };
  PELAGOS_RETURN_IF_ERROR(comparison.MakeImage());
  PELAGOS_RETURN_IF_ERROR(comparison.AddAll(argc > 2 ? argv[2] : OwnProgram("tools/pelagos")));
  return comparison.Run(rounds);
}

}  // namespace
}  // namespace pelagos::benchmarks

int main(int argc, char** argv) {
  const absl::Status status = pelagos::benchmarks::Main(argc, argv);
  if (status.ok()) return 0;
  std::cerr << "compare: " << status.message() << "\n";
  return 1;
}
