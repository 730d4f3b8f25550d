#include "tests/rooted/hostile/sentinels.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/hostile/case.h"
#include "tests/rooted/snapshot.h"

namespace pelagos::hostile {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSmall = 4096;

// Settings of the whole host that a runtime could be made to write to.
constexpr const char* kSettings[] = {
    "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe",
    "/proc/sys/kernel/hostname",     "/proc/sys/kernel/domainname",
    "/proc/sys/kernel/msgmax",       "/proc/sys/kernel/shm_rmid_forced",
    "/proc/sys/vm/panic_on_oom",     "/proc/sys/net/ipv4/ip_forward",
    "/proc/self/attr/current",       "/sys/kernel/uevent_helper",
    "/proc/sys/kernel/sysrq",
};

// Who and what it is; for files of ours also the times.
std::string Identity(const struct stat& info, bool times) {
  std::string text = absl::StrFormat("mode %o owner %u:%u device %x", info.st_mode, info.st_uid,
                                     info.st_gid, info.st_rdev);
  if (times) {
    absl::StrAppend(&text, " inode ", info.st_ino, " size ", info.st_size, " changed ",
                    info.st_ctim.tv_sec, ".", info.st_ctim.tv_nsec, " written ",
                    info.st_mtim.tv_sec, ".", info.st_mtim.tv_nsec);
  }
  return text;
}

std::string WholeFile(const std::string& path) {
  struct stat info = {};
  if (::lstat(path.c_str(), &info) != 0) return "gone";
  std::string text = Identity(info, true);
  if (S_ISLNK(info.st_mode)) absl::StrAppend(&text, " -> ", fs::read_symlink(path).string());
  if (S_ISREG(info.st_mode) &&
      info.st_size <= static_cast<off_t>(kSmall)) {  // of others the times say enough
    absl::StrAppend(&text, " content '", sys::ReadFile(path, kSmall).value_or("unreadable"), "'");
  }
  return text;
}

}  // namespace

Sentinels::Sentinels(std::string folder, unsigned uid) : folder_(std::move(folder)) {
  const struct {
    const char* name;
    const char* text;
  } files[] = {{"secret", kSecret},
               {"target", kSecret},
               {"passwd", "mallory:x:0:0::/:/bin/sh\n"},
               {"group", "mallory:x:0:\n"},
               {"dev/ptmx", kSecret},
               {"dev/null", kSecret},
               {"dev/console", kSecret},
               {"etc/resolv.conf", kSecret},
               {"etc/hosts", kSecret},
               {"etc/hostname", kSecret},
               {"etc/passwd", "mallory:x:0:0::/:/bin/sh\n"},
               {"proc/self/attr/exec", kSecret},
               {"proc/sys/kernel/msgmax", kSecret}};
  for (const char* name : {"empty", "dev", "etc", "proc", "sys"}) {
    fs::create_directories(absl::StrCat(folder_, "/", name));
  }
  for (const auto& file : files) {
    const std::string path = absl::StrCat(folder_, "/", file.name);
    fs::create_directories(fs::path(path).parent_path());
    const absl::Status written = sys::WriteFileAtomically(path, file.text, 0666);
    EXPECT_TRUE(written.ok()) << written;
  }
  EXPECT_EQ(::mkfifo(absl::StrCat(folder_, "/fifo").c_str(), 0666), 0);
  EXPECT_EQ(::chown(folder_.c_str(), uid, uid), 0);
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    EXPECT_EQ(::lchown(entry.path().c_str(), uid, uid), 0);
  }
}

std::map<std::string, std::string> Sentinels::Look() const {
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    found[absl::StrCat("decoy ", entry.path().string().substr(folder_.size()))] =
        WholeFile(entry.path());
  }
  found["decoy /"] = WholeFile(folder_);
  for (const std::string& path : guarded_) found["program " + path] = WholeFile(path);
  for (const std::string& path : devices_) {
    struct stat info = {};
    if (::lstat(path.c_str(), &info) == 0) found["device " + path] = Identity(info, false);
  }
  for (const char* path : kSettings) {
    const auto text = sys::ReadFile(path, 4096);
    if (text.ok()) found[absl::StrCat("setting ", path)] = *text;
  }
  for (const std::string& mount : rooted::CgroupMounts()) {
    const auto text = sys::ReadFile(mount + "/release_agent", 4096);
    if (text.ok()) found[absl::StrCat("setting ", mount, "/release_agent")] = *text;
  }
  for (const auto& entry : fs::directory_iterator("/dev")) {
    struct stat info = {};
    if (::lstat(entry.path().c_str(), &info) == 0 && !S_ISDIR(info.st_mode)) {
      found["device " + entry.path().string()] = Identity(info, false);
    }
  }
  return found;
}

void Sentinels::Begin() {
  before_ = Look();
  watched_.clear();
  watch_ = Fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  const auto add = [&](const std::string& path) {
    // O_PATH and stat(2) are not seen, and do no harm.
    const int id = ::inotify_add_watch(watch_.get(), path.c_str(),
                                       IN_OPEN | IN_ACCESS | IN_MODIFY | IN_DONT_FOLLOW);
    EXPECT_GE(id, 0) << path;
    watched_[id] = path.substr(folder_.size());
  };
  std::vector<std::string> paths = {folder_};  // all of them first: looking opens folders
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    // Only files are asked for by name: a folder's watch would tell of its files once more.
    if (!entry.is_directory() || fs::is_empty(entry.path())) paths.push_back(entry.path().string());
  }
  for (const std::string& path : paths) add(path);
}

std::vector<std::string> Sentinels::Findings() {
  std::set<std::string> opened;
  alignas(inotify_event) char buffer[16384];
  for (;;) {
    const ssize_t size = ::read(watch_.get(), buffer, sizeof(buffer));
    if (size <= 0) break;
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      opened.insert(absl::StrCat("decoy ", watched_[event->wd], event->len == 0 ? "" : "/",
                                 event->len == 0 ? "" : event->name));
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
  watch_.reset();
  std::vector<std::string> findings;
  const std::map<std::string, std::string> after = Look();
  for (const auto& [name, state] : after) {
    const auto old = before_.find(name);
    if (old == before_.end()) {
      findings.push_back(absl::StrCat("escaped ", name, ": new: ", state));
    } else if (old->second != state) {
      findings.push_back(absl::StrCat("escaped ", name, ": was ", old->second, ", is ", state));
    }
  }
  for (const auto& [name, state] : before_) {
    if (after.count(name) == 0) findings.push_back(absl::StrCat("escaped ", name, ": gone"));
  }
  for (const std::string& name : opened) {
    findings.push_back(absl::StrCat("leaked ", name, ": opened"));
  }
  return findings;
}

}  // namespace pelagos::hostile
