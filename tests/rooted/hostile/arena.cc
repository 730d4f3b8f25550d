#include "tests/rooted/hostile/arena.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/base/fd.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/hostile/files.h"
#include "tests/rooted/hostile/sentinels.h"
#include "tests/rooted/program.h"
#include "tests/rooted/userns/user_world.h"

namespace pelagos::hostile {
namespace {

namespace fs = std::filesystem;

constexpr char kPlace[] = "/mnt";
constexpr size_t kLargest = size_t{64} << 20;

const char* ProgramOf(Runtime runtime) {
  switch (runtime) {
    case Runtime::kCrun:
      return "/usr/bin/crun";
    case Runtime::kRunc:
      return "/usr/sbin/runc";
    default:
      return "tools/pelagos";
  }
}
bool TakesBundles(Runtime runtime) {
  return runtime != Runtime::kPelagos && runtime != Runtime::kPelagosRootless;
}
bool IsPelagos(Runtime runtime) { return runtime != Runtime::kCrun && runtime != Runtime::kRunc; }
std::string NameOf(Runtime runtime) {
  return runtime == Runtime::kCrun ? "crun" : runtime == Runtime::kRunc ? "runc" : "pelagos";
}

void Copy(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  EXPECT_FALSE(error) << from << ": " << error.message();
  ::chmod(to.c_str(), 0755);
}

// Exchanges two paths until it is destroyed.
class Racer {
 public:
  explicit Racer(const Race& race) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    for (;;) {
      ::syscall(SYS_renameat2, AT_FDCWD, race.one.c_str(), AT_FDCWD, race.other.c_str(),
                RENAME_EXCHANGE);
    }
  }
  ~Racer() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Racer(const Racer&) = delete;
  Racer& operator=(const Racer&) = delete;

 private:
  pid_t pid_;
};

// What the prober says, a word at the beginning of a line; and what only the runtime would say.
std::vector<std::string> FindingsIn(const std::string& out) {
  std::vector<std::string> findings;
  for (const char* words : {"usage: pelagos", "crun version", "runc version"}) {
    if (absl::StrContains(out, words)) {
      findings.push_back("leaked the runtime's own program ran inside");
    }
  }
  for (absl::string_view line : absl::StrSplit(out, '\n')) {
    line = absl::StripSuffix(line, "\r");
    if (absl::StartsWith(line, "escaped ") || absl::StartsWith(line, "leaked ")) {
      findings.push_back(absl::StrCat(line, " (seen inside)"));
    }
  }
  return findings;
}

}  // namespace

const char* ToString(Verdict verdict) {
  switch (verdict) {
    case Verdict::kInexpressible:
      return "-";
    case Verdict::kRefused:
      return "refused";
    case Verdict::kSafe:
      return "safe";
    case Verdict::kLeaked:
      return "leaked";
    case Verdict::kEscaped:
      return "escaped";
    case Verdict::kHung:
      return "hung";
  }
  return "?";
}

std::string Judgement::Describe() const {
  std::string text = ToString(verdict);
  for (const std::string& finding : findings) absl::StrAppend(&text, "\n  ", finding);
  absl::StrAppend(&text, "\ncode ", last.code, "\n--- out\n", last.out, "--- err\n", last.err);
  return text;
}

bool Arena::Has(Runtime runtime) {
  return IsPelagos(runtime) || ::access(ProgramOf(runtime), X_OK) == 0;
}

// Once per program, in a mount namespace of its own. Links that name the decoys must not loop in a
// container: the path begins with no folder that a runtime mounts itself.
std::string Arena::MakePlace() {
  static const bool made = [] {
    EXPECT_EQ(::unshare(CLONE_NEWNS), 0) << strerror(errno);
    EXPECT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0) << strerror(errno);
    rooted::AddUser();
    EXPECT_EQ(::mount("tmpfs", kPlace, "tmpfs", 0, "mode=711"), 0) << strerror(errno);
    return true;
  }();
  return made ? kPlace : "";
}

Arena::Arena(Runtime runtime, int patience)
    : runtime_(runtime),
      uid_(runtime == Runtime::kPelagosRootless ? rooted::kUser : 0),
      patience_(patience),
      folder_(MakePlace()) {
  fs::create_directories(folder_ + "/bin");
  for (const char* name : {"pelagos", "pelagos-image", "pelagos-init"}) {
    Copy(rooted::Runfile(absl::StrCat("tools/", name)), absl::StrCat(folder_, "/bin/", name));
  }
  for (Runtime runtime : {Runtime::kCrun, Runtime::kRunc}) {
    if (Has(runtime)) Copy(ProgramOf(runtime), absl::StrCat(folder_, "/bin/", NameOf(runtime)));
  }
  ::chmod(fs::path(world_.folder()).parent_path().c_str(), 0711);
  for (const std::string& state : {world_.data_root(), world_.run_root()}) {
    fs::create_directories(state);
    ::chmod(state.c_str(), 0700);
    EXPECT_EQ(::chown(state.c_str(), uid_, uid_), 0);
  }
  prober_ = sys::ReadFile(rooted::Runfile("tests/rooted/hostile/prober"), kLargest).value();
}

Arena::~Arena() {
  for (const auto& entry : fs::directory_iterator(folder_)) {
    EXPECT_TRUE(sys::RemoveTree(entry.path().string()).ok());
  }
}

std::string Arena::Version() const {
  const rooted::Outcome version = rooted::Run({ProgramOf(runtime_), "--version"});
  return version.out.substr(0, version.out.find('\n'));
}

std::vector<std::string> Arena::Environment() const {
  return {absl::StrCat("PATH=", rooted::kPath), absl::StrCat("HOME=", folder_),
          absl::StrCat("PELAGOS_ROOT=", world_.data_root()),
          absl::StrCat("PELAGOS_RUN_ROOT=", world_.run_root()),
          absl::StrCat(kSecretVariable, "=", kSecret)};
}

void Arena::MakeFiles(const Case& one, const std::string& folder) const {
  const std::string root = folder + "/root";
  fs::create_directories(root);
  fs::create_directories(folder + "/share");
  fs::create_directories(folder + "/bundle");
  EXPECT_EQ(::mknod((folder + "/null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
  ::chmod((folder + "/null").c_str(), 0666);
  for (const char* path : {"/root", "/share", "/bundle", ""}) {
    ::chmod((folder + path).c_str(), 0755);
  }
  if (!one.without_prober || one.entered) {
    EXPECT_TRUE(sys::WriteFileAtomically(root + "/prober", prober_, 0755).ok());
  }
  // Such as are in every root; what the case brings instead comes first.
  MakeEntries(one.root, root, uid_);
  MakeEntries(one.share, folder + "/share", uid_);
  if (!one.mounted.empty()) {
    const std::string place = root + "/" + one.mounted;
    fs::create_directories(place);
    EXPECT_EQ(::mount((folder + "/share").c_str(), place.c_str(), nullptr, MS_BIND, nullptr), 0);
  }
  if (one.root_is_link) {
    EXPECT_EQ(::symlink(root.c_str(), (folder + "/link").c_str()), 0);
  }
}

Judgement Arena::Run(const Case& one) {
  // The same length in each round and for each runtime: names count in paths.
  const std::string folder = absl::StrCat(folder_, "/case", ++count_);
  fs::create_directories(folder);
  const Case placed =
      Placed(one, absl::StrCat(folder, "/", kOutsideName), folder + "/share", folder + "/root");
  Judgement judgement = RunIn(placed, folder);
  if (!one.mounted.empty()) {
    EXPECT_EQ(::umount2((folder + "/root/" + one.mounted).c_str(), MNT_DETACH), 0);
  }
  if (IsPelagos(runtime_)) {
    // Nothing is left: no processes, mounts, cgroups, files of the run root.
    if (rooted::Descendants().empty()) {
      world_.ExpectNoResidue(one.name.c_str());
    } else {
      judgement.findings.push_back("escaped a process is left");
      judgement.verdict = Verdict::kEscaped;
    }
  }
  EXPECT_TRUE(sys::RemoveTree(folder).ok());
  return judgement;
}

Judgement Arena::RunIn(const Case& one, const std::string& folder) {
  const std::string outside = absl::StrCat(folder, "/", kOutsideName);
  const std::string root = folder + (one.root_is_link ? "/link" : "/root");
  const std::string id = one.ask.id.empty() ? absl::StrCat("hostile", count_) : one.ask.id;
  MakeFiles(one, folder);
  SpawnOptions options;
  options.env = Environment();
  options.folder = folder + "/bundle";
  options.uid = uid_;
  options.null = folder + "/null";
  options.terminal = one.ask.terminal || one.ask.host_terminal;
  const std::string program = absl::StrCat(folder_, "/bin/", NameOf(runtime_));
  std::vector<SpawnOptions> before;  // what has to succeed first
  std::vector<std::string> last_words;
  if (one.entered && !TakesBundles(runtime_)) return {};
  if (!TakesBundles(runtime_)) {
    if (one.image) {
      const std::string archive = folder + "/image.tar";
      EXPECT_TRUE(sys::WriteFileAtomically(archive, ArchiveOf(one, outside, prober_), 0644).ok());
      before.push_back(options);
      before.back().terminal = false;
      before.back().argv = {program, "image", "load", archive};
    }
    options.argv = PelagosWords(one, root, outside, id);
    options.argv.insert(options.argv.begin(), program);
  } else {
    Case first = one;
    if (one.entered) {
      first.ask.command = {"/prober", "sleep"};
      first.ask.user = first.ask.workdir = "";
      first.without_prober = false;
    }
    const std::optional<std::string> config = BundleConfig(first, root, outside, id);
    if (!config) return {};
    EXPECT_TRUE(sys::WriteFileAtomically(options.folder + "/config.json", *config, 0644).ok());
    options.hide_v2 = !IsPelagos(runtime_);
    std::vector<std::string> words = {program};
    if (IsPelagos(runtime_)) words.push_back("oci");
    words.insert(words.end(), {"--root", folder + "/state"});
    options.argv = last_words = words;
    if (one.entered) {
      before.push_back(options);
      before.back().quiet = true;
      before.back().argv.insert(before.back().argv.end(),
                                {"run", "--detach", "--bundle", options.folder, id});
      const std::vector<std::string> entering = EnteringWords(one, outside, id);
      options.argv.insert(options.argv.end(), entering.begin(), entering.end());
    } else {
      options.argv.insert(options.argv.end(), {"run", "--bundle", options.folder, id});
    }
    last_words.insert(last_words.end(), {"delete", "--force", id});
  }
  Sentinels sentinels(outside, uid_);
  sentinels.Guard(program);
  sentinels.GuardDevice(options.null);
  if (IsPelagos(runtime_)) sentinels.Guard(folder_ + "/bin/pelagos-init");
  const Fd top(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const Fd decoys(::open(outside.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const Fd secret(::open((outside + "/secret").c_str(), O_RDWR | O_CLOEXEC));
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  options.descriptors = {top.get(), decoys.get(), secret.get(), socket.get()};
  sentinels.Begin();

  Judgement worst;
  const int rounds = one.race ? one.race->rounds * patience_ : 1;
  std::optional<Racer> racer;
  if (one.race) racer.emplace(*one.race);
  for (int round = 0; round < rounds; ++round) {
    Judgement judgement;
    bool ready = true;
    for (SpawnOptions& first : before) {
      judgement.last = Spawn(first);
      if (judgement.last.code != 0) ready = false;
    }
    before.clear();
    if (ready) judgement.last = Spawn(options);
    const Spawned& last = judgement.last;
    if (!last_words.empty()) {
      SpawnOptions end = options;
      end.terminal = false;
      end.argv = last_words;
      Spawn(end);
    }
    judgement.findings = FindingsIn(last.out);
    if (last.typed_into) judgement.findings.push_back("escaped typed into the host's terminal");
    if (last.terminal_changed) {
      judgement.findings.push_back("escaped owner or mode of the host's terminal");
    }
    const bool ran = absl::StrContains(last.out, "ready") ||
                     (one.without_prober && absl::StrContains(last.out, "ran"));
    judgement.verdict = last.hung ? Verdict::kHung : ran ? Verdict::kSafe : Verdict::kRefused;
    for (const std::string& finding : judgement.findings) {
      judgement.verdict =
          std::max(judgement.verdict,
                   absl::StartsWith(finding, "escaped") ? Verdict::kEscaped : Verdict::kLeaked);
    }
    if (round == 0 || judgement.verdict > worst.verdict) worst = std::move(judgement);
  }
  racer.reset();
  for (std::string& finding : sentinels.Findings()) {
    worst.verdict = std::max(
        worst.verdict, absl::StartsWith(finding, "escaped") ? Verdict::kEscaped : Verdict::kLeaked);
    worst.findings.push_back(std::move(finding));
  }
  return worst;
}

}  // namespace pelagos::hostile
