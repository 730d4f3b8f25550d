#include "tests/rooted/harness.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/sys/file.h"

namespace pelagos::rooted {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kKernelsOwnTime = absl::Seconds(2);
constexpr absl::Duration kHttpPatience = absl::Seconds(20);

Fd OpenNetns() { return Fd(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)); }

// The one namespace that is not the test's own; taken before any other is made.
const Fd& MachineNetns() {
  static const auto* const netns = new Fd(OpenNetns());
  return *netns;
}

void BringUpLoopback() {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = {};
  std::strncpy(request.ifr_name, "lo", sizeof(request.ifr_name) - 1);
  ASSERT_EQ(::ioctl(socket.get(), SIOCGIFFLAGS, &request), 0) << strerror(errno);
  request.ifr_flags |= IFF_UP;
  ASSERT_EQ(::ioctl(socket.get(), SIOCSIFFLAGS, &request), 0) << strerror(errno);
}

// Once per test program: a mount namespace from which nothing gets out to the machine.
void LeaveTheMachinesMounts() {
  static bool left = false;
  if (std::exchange(left, true)) return;
  BecomeSubreaper();
  ASSERT_EQ(::unshare(CLONE_NEWNS), 0) << strerror(errno);
  ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0) << strerror(errno);
}

// A short path on a file system that can carry the upper layer of an overlay.
std::string MakeRoot() {
  for (const char* parent : {static_cast<const char*>("/dev/shm"),
                             static_cast<const char*>(std::getenv("TEST_TMPDIR")), "/tmp"}) {
    if (parent == nullptr) continue;
    std::string path = absl::StrCat(parent, "/pelagos-rooted-XXXXXX");
    if (::mkdtemp(path.data()) != nullptr) return path;
  }
  ADD_FAILURE() << "no place for a temporary folder";
  return "/nonexistent";
}

// Waits until a read or write would not block; false if that is not in time.
bool AwaitSocket(const Fd& socket, short events, absl::Time deadline) {
  pollfd polled = {socket.get(), events, 0};
  const absl::Duration left = deadline - absl::Now();
  return left > absl::ZeroDuration() &&
         ::poll(&polled, 1, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1) == 1;
}

}  // namespace

int MachineNetworkNamespace() { return ::geteuid() == 0 ? MachineNetns().get() : -1; }

World::World() : root_(MakeRoot()), folder_(root_ + "/work") {
  MachineNetns();
  LeaveTheMachinesMounts();
  fs::create_directories(folder_);
  const int made = ::unshare(CLONE_NEWNET);
  EXPECT_EQ(made, 0) << strerror(errno);
  BringUpLoopback();
  before_ = TakeSnapshot(run_root());
}

World::~World() {
  for (int round = 0; round < 100; ++round) {
    const std::vector<pid_t> left = Descendants();
    if (left.empty()) break;
    for (pid_t pid : left) ::kill(pid, SIGKILL);
    for (pid_t pid : left) AwaitEnd(pid, absl::Seconds(1));
  }
  for (const std::string& line : TakeSnapshot(run_root())) {
    constexpr absl::string_view kCgroup = "cgroup ";
    if (before_.count(line) == 0 && absl::StartsWith(line, kCgroup)) {
      ::rmdir(line.substr(kCgroup.size()).c_str());
    }
  }
  EXPECT_EQ(::setns(MachineNetns().get(), CLONE_NEWNET), 0) << strerror(errno);
  const absl::Status removed = sys::RemoveTree(root_);
  EXPECT_TRUE(removed.ok()) << removed;
}

std::string World::Write(const std::string& name, const std::string& content) {
  const std::string path = absl::StrCat(folder_, "/", name);
  EXPECT_TRUE(sys::MakeFolders(sys::FolderOf(path), 0755).ok());
  const absl::Status written = sys::WriteFileAtomically(path, content, 0644);
  EXPECT_TRUE(written.ok()) << written;
  return path;
}

void World::CopyTree(const std::string& runfile, const std::string& name) {
  // Runfiles are links into the workspace; what they lead to is copied.
  const fs::path source = Runfile(runfile);
  const fs::path target = fs::path(folder_) / name;
  if (!fs::is_directory(source)) {
    fs::create_directories(target.parent_path());
    fs::copy_file(source, target);
    return;
  }
  fs::create_directories(target);
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(source)) {
    const fs::path to = target / entry.path().lexically_relative(source);
    if (entry.is_directory()) {
      fs::create_directories(to);
    } else {
      fs::copy_file(entry.path(), to);
    }
  }
}

void World::SetEnv(const std::string& name, const std::string& value) {
  env_.push_back(absl::StrCat(name, "=", value));
}

std::vector<std::string> World::Environment() const {
  std::vector<std::string> env = {
      absl::StrCat("PATH=", kPath),
      absl::StrCat("HOME=", folder_),
      absl::StrCat("PELAGOS_ROOT=", data_root()),
      absl::StrCat("PELAGOS_RUN_ROOT=", run_root()),
  };
  env.insert(env.end(), env_.begin(), env_.end());
  return env;
}

std::unique_ptr<Program> World::Start(std::vector<std::string> args) {
  args.insert(args.begin(), Runfile("tools/pelagos"));
  return std::make_unique<Program>(std::move(args), ProgramOptions{Environment(), folder_, -1});
}

Outcome World::Pelagos(std::vector<std::string> args, absl::Duration patience) {
  return Start(std::move(args))->Wait(patience);
}

Outcome World::Tool(std::vector<std::string> argv) {
  Program program(std::move(argv), {Environment(), folder_, -1});
  return program.Wait();
}

std::vector<PsRow> World::Ps(const std::string& project) {
  const Outcome ps = Pelagos({"compose", "ps", "-p", project, "--json"});
  EXPECT_EQ(ps.code, 0) << ps.Describe();
  std::vector<PsRow> rows;
  const auto json = nlohmann::json::parse(ps.out, nullptr, /*allow_exceptions=*/false);
  EXPECT_TRUE(json.is_array()) << ps.Describe();
  if (!json.is_array()) return rows;
  for (const auto& row : json) {
    rows.push_back({row.value("service", ""), row.value("container", ""), row.value("status", ""),
                    row.value("pid", 0)});
  }
  return rows;
}

PsRow World::Ps(const std::string& project, const std::string& service) {
  for (PsRow& row : Ps(project)) {
    if (row.service == service) return std::move(row);
  }
  ADD_FAILURE() << "ps does not show service '" << service << "'";
  return {};
}

int World::SupervisorPid(const std::string& project) {
  const auto text = sys::ReadFile(absl::StrCat(run_root(), "/projects/", project, "/project.json"),
                                  size_t{16} << 20);
  if (!text.ok()) return 0;
  const auto record = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!record.is_object() || !record.contains("supervisor")) return 0;
  return record["supervisor"].value("pid", 0);
}

Outcome World::Inside(const std::string& project, const std::string& service,
                      std::vector<std::string> argv) {
  const int pid = Ps(project, service).pid;
  EXPECT_NE(pid, 0) << "service '" << service << "' does not run";
  if (pid == 0) return {};
  std::vector<std::string> words = {"nsenter", "--target", absl::StrCat(pid), "--mount", "--uts",
                                    "--ipc",   "--net",    "--pid",           "--root",  "--wd"};
  words.insert(words.end(), argv.begin(), argv.end());
  return Tool(std::move(words));
}

std::vector<std::string> World::Volumes() {
  std::vector<std::string> volumes;
  const auto names = sys::ListFolder(data_root() + "/volumes");
  if (!names.ok()) return volumes;  // none was ever made
  for (const std::string& name : *names) {
    if (name != ".lock") volumes.push_back(name);
  }
  return volumes;
}

HttpReply World::Get(int port, const std::string& path) {
  const absl::Time deadline = absl::Now() + kHttpPatience;
  const auto failed = [](const char* what) {
    return HttpReply{0, "", absl::StrCat(what, ": ", strerror(errno))};
  };
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 &&
      errno != EINPROGRESS) {
    return failed("connect");
  }
  if (!AwaitSocket(socket, POLLOUT, deadline)) return {0, "", "connect: no answer"};
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return {0, "", absl::StrCat("connect: ", strerror(error))};
  const std::string request = absl::StrCat("GET ", path, " HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
  if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return failed("send");
  std::string reply;
  for (;;) {
    if (!AwaitSocket(socket, POLLIN, deadline)) return {0, "", absl::StrCat("no end of: ", reply)};
    char buffer[16384];
    const ssize_t got = ::recv(socket.get(), buffer, sizeof(buffer), 0);
    if (got == 0) break;
    if (got < 0 && errno == EAGAIN) continue;
    if (got < 0) return failed("recv");
    reply.append(buffer, static_cast<size_t>(got));
  }
  // HTTP/1.x STATUS REASON, header lines, an empty line, the body.
  const std::vector<std::string> words = absl::StrSplit(reply.substr(0, reply.find('\r')), ' ');
  HttpReply parsed;
  if (words.size() < 2 || !absl::SimpleAtoi(words[1], &parsed.status)) {
    return {0, "", absl::StrCat("no HTTP: ", reply)};
  }
  const size_t end = reply.find("\r\n\r\n");
  parsed.headers = reply.substr(0, end);
  if (end != std::string::npos) parsed.body = reply.substr(end + 4);
  return parsed;
}

void World::ExpectNoResidue(const char* after) {
  const absl::Time deadline = absl::Now() + kKernelsOwnTime;
  for (;;) {
    const std::string difference = Difference(before_, TakeSnapshot(run_root()));
    if (difference.empty()) return;
    if (absl::Now() > deadline) {
      ADD_FAILURE() << "left after " << after << ":\n" << difference;
      return;
    }
    ::poll(nullptr, 0, 20);
  }
}

void RootedTest::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: namespaces, cgroups and links of the host";
}

std::string Runfile(const std::string& name) {
  // Bazel starts tests in the workspace's runfiles.
  return (fs::current_path() / name).string();
}

}  // namespace pelagos::rooted
