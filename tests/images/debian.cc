#include "tests/images/debian.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/program.h"

namespace pelagos::images {
namespace {

using rooted::Outcome;

// Part of the cache's key: to be counted up when images are made differently.
constexpr int kRecipe = 1;
constexpr absl::Duration kDownloadPatience = absl::Minutes(5);

std::string CacheFolder() {
  if (const char* folder = std::getenv("PELAGOS_TEST_CACHE")) return folder;
  const char* cache = std::getenv("XDG_CACHE_HOME");
  return absl::StrCat(cache != nullptr && *cache != '\0' ? cache : "/var/cache", "/pelagos-tests");
}

// FNV-1a, 64 bits: a name for a list of versions, nothing secret.
std::string Digest(absl::string_view text) {
  uint64_t digest = 0xcbf29ce484222325;
  for (unsigned char c : text) digest = (digest ^ c) * 0x100000001b3;
  return absl::StrFormat("%016x", digest);
}

absl::StatusOr<std::string> Output(std::vector<std::string> argv, int netns) {
  const Outcome outcome = rooted::Run(argv, kDownloadPatience, netns);
  if (outcome.code == 0) return outcome.out;
  return absl::InternalError(absl::StrCat(absl::StrJoin(argv, " "), ": ", outcome.Describe()));
}

absl::Status Do(std::vector<std::string> argv, int netns = -1) {
  return Output(std::move(argv), netns).status();
}

// apt-get for a system in which nothing is installed: everything needed is then named.
class Apt {
 public:
  Apt(std::string cache, int netns) : cache_(std::move(cache)), netns_(netns) {}

  // The archives of the packages and of all they depend on.
  absl::StatusOr<std::vector<std::string>> PackageFiles(const std::vector<std::string>& packages) {
    // Only what is not there yet is named: so look where nothing is.
    const std::string empty = cache_ + "/empty";
    PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(empty + "/partial", 0755));
    PELAGOS_ASSIGN_OR_RETURN(std::string uris,
                             Output(Command({"--print-uris", "install"}, packages, empty), netns_));
    std::vector<std::string> files = ParsePackageFiles(uris);
    if (files.empty()) return absl::InternalError("apt-get names no archive:\n" + uris);
    return files;
  }

  absl::Status Download(const std::vector<std::string>& packages) {
    PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(Archives() + "/partial", 0755));
    return Do(Command({"--download-only", "install"}, packages, Archives()), netns_);
  }

  // Fetches the lists anew, into the cache; the machine's own stay as they are.
  absl::Status Update() {
    own_lists_ = true;
    PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(Lists() + "/partial", 0755));
    return Do(Command({"update"}, {}, Archives()), netns_);
  }

  std::string Archives() const { return cache_ + "/archives"; }

 private:
  std::string Lists() const { return cache_ + "/lists"; }

  std::vector<std::string> Command(std::vector<std::string> verb,
                                   const std::vector<std::string>& packages,
                                   const std::string& archives) const {
    std::vector<std::string> argv = {
        "apt-get", "--yes", "--no-install-recommends", "--option=Dir::State::status=/dev/null",
        "--option=Dir::Cache::archives=" + archives, "--option=Debug::NoLocking=1",
        // The archive folder need not be readable to user _apt.
        "--option=APT::Sandbox::User=root"};
    if (own_lists_) argv.push_back("--option=Dir::State::lists=" + Lists());
    argv.insert(argv.end(), verb.begin(), verb.end());
    argv.insert(argv.end(), packages.begin(), packages.end());
    return argv;
  }

  const std::string cache_;
  const int netns_;
  bool own_lists_ = false;
};

// What Debian's base packages and their scripts would have made.
absl::Status CompleteTree(const std::string& tree, const std::vector<User>& users) {
  for (const char* folder : {"dev", "etc", "proc", "root", "run", "sys", "tmp", "var/tmp"}) {
    PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(absl::StrCat(tree, "/", folder), 0755));
  }
  for (const char* folder : {"tmp", "var/tmp"}) {
    const std::string path = absl::StrCat(tree, "/", folder);
    if (::chmod(path.c_str(), 01777) != 0) return ErrnoStatus(errno, "chmod", path);
  }
  std::string passwd = "root:x:0:0:root:/root:/bin/sh\n";
  std::string group = "root:x:0:\n";
  for (const User& user : users) {
    absl::StrAppend(&passwd, user.name, ":x:", user.id, ":", user.id, "::/:/usr/sbin/nologin\n");
    absl::StrAppend(&group, user.name, ":x:", user.id, ":\n");
  }
  PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(tree + "/etc/passwd", passwd, 0644));
  return sys::WriteFileAtomically(tree + "/etc/group", group, 0644);
}

absl::Status MakeTar(const std::vector<std::string>& archives, const std::vector<User>& users,
                     const std::string& tar) {
  const std::string tree = tar + ".tree";
  PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(tree));
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(tree, 0755));
  const auto remove = absl::MakeCleanup([&] { sys::RemoveTree(tree).IgnoreError(); });
  for (const std::string& archive : archives) {
    PELAGOS_RETURN_IF_ERROR(Do({"dpkg-deb", "--extract", archive, tree}));
  }
  PELAGOS_RETURN_IF_ERROR(CompleteTree(tree, users));
  // Nobody reads these in a container.
  for (const char* folder : {"/usr/share/doc", "/usr/share/man", "/usr/share/locale"}) {
    PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(tree + folder));
  }
  const std::string half = tar + ".new";
  PELAGOS_RETURN_IF_ERROR(
      Do({"tar", "--create", "--numeric-owner", "--sort=name", "--file", half, "-C", tree, "."}));
  if (::rename(half.c_str(), tar.c_str()) != 0) return ErrnoStatus(errno, "rename", tar);
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> ParsePackageFiles(absl::string_view print_uris) {
  std::vector<std::string> files;
  for (absl::string_view line : absl::StrSplit(print_uris, '\n')) {
    const std::vector<std::string> fields = absl::StrSplit(line, ' ');
    if (!absl::StartsWith(line, "'") || fields.size() < 3) continue;
    if (absl::EndsWith(fields[1], ".deb")) files.push_back(fields[1]);
  }
  std::sort(files.begin(), files.end());
  return files;
}

absl::StatusOr<std::string> MakeDebianTar(const DebianImage& image, int netns) {
  const std::string cache = CacheFolder();
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(cache, 0755));
  PELAGOS_ASSIGN_OR_RETURN(Fd lock, sys::LockFile(cache + "/lock", sys::LockMode::kWait));
  Apt apt(cache, netns);
  absl::StatusOr<std::vector<std::string>> files = apt.PackageFiles(image.packages);
  // A machine without lists, or with lists that name versions which are gone: fetch them once.
  bool updated = false;
  if (!files.ok()) {
    PELAGOS_RETURN_IF_ERROR(apt.Update());
    updated = true;
    files = apt.PackageFiles(image.packages);
  }
  for (;;) {
    PELAGOS_RETURN_IF_ERROR(files.status());
    std::string key = absl::StrCat(kRecipe, " ", absl::StrJoin(*files, " "));
    for (const User& user : image.users) absl::StrAppend(&key, " ", user.name, ":", user.id);
    const std::string tar = absl::StrCat(cache, "/", image.name, "-", Digest(key), ".tar");
    if (::access(tar.c_str(), R_OK) == 0) return tar;
    const absl::Status downloaded = apt.Download(image.packages);
    if (downloaded.ok()) {
      std::vector<std::string> archives;
      for (const std::string& file : *files) {
        archives.push_back(absl::StrCat(apt.Archives(), "/", file));
      }
      PELAGOS_RETURN_IF_ERROR(MakeTar(archives, image.users, tar));
      return tar;
    }
    if (updated) return downloaded;
    PELAGOS_RETURN_IF_ERROR(apt.Update());
    updated = true;
    files = apt.PackageFiles(image.packages);
  }
}

}  // namespace pelagos::images
