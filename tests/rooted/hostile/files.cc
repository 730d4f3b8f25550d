#include "tests/rooted/hostile/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace pelagos::hostile {
namespace {

namespace fs = std::filesystem;

bool Make(const Entry& entry, const std::string& path, const std::string& folder) {
  switch (entry.kind) {
    case Kind::kFile: {
      std::ofstream file(path, std::ios::binary);
      file << entry.text;
      return file.good();
    }
    case Kind::kFolder:
      return ::mkdir(path.c_str(), entry.mode) == 0 || errno == EEXIST;
    case Kind::kLink:
      return ::symlink(entry.text.c_str(), path.c_str()) == 0;
    case Kind::kHardLink:
      return ::link(absl::StrCat(folder, "/", entry.text).c_str(), path.c_str()) == 0;
    case Kind::kFifo:
      return ::mkfifo(path.c_str(), entry.mode) == 0;
    case Kind::kSocket:
      return ::mknod(path.c_str(), S_IFSOCK | entry.mode, 0) == 0;
    case Kind::kCharacter:
    case Kind::kBlock:
      return ::mknod(path.c_str(), (entry.kind == Kind::kBlock ? S_IFBLK : S_IFCHR) | entry.mode,
                     makedev(entry.major, entry.minor)) == 0;
  }
  return false;
}

}  // namespace

bool MakeEntries(const std::vector<Entry>& entries, const std::string& folder, unsigned uid) {
  for (const Entry& entry : entries) {
    const std::string path = absl::StrCat(folder, "/", entry.path);
    fs::create_directories(fs::path(path).parent_path());
    if (!Make(entry, path, folder)) {
      ADD_FAILURE() << path << ": " << strerror(errno);
      return false;
    }
    if (entry.kind != Kind::kLink) ::chmod(path.c_str(), entry.mode);
  }
  if (uid != 0) {
    EXPECT_EQ(::lchown(folder.c_str(), uid, uid), 0);
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      EXPECT_EQ(::lchown(entry.path().c_str(), uid, uid), 0);
    }
    // chown(2) takes the set-user-id bits.
    for (const Entry& entry : entries) {
      if (entry.kind == Kind::kFile)
        ::chmod(absl::StrCat(folder, "/", entry.path).c_str(), entry.mode);
    }
  }
  return true;
}

Case Placed(Case one, const std::string& outside, const std::string& share,
            const std::string& root) {
  const auto place = [&](std::string& text) {
    text = absl::StrReplaceAll(text, {{kOutside, outside}, {kShare, share}, {kRoot, root}});
  };
  for (auto* entries : {&one.root, &one.share}) {
    for (Entry& entry : *entries) place(entry.text);
  }
  Ask& ask = one.ask;
  for (auto* words : {&ask.command, &ask.env, &ask.tmpfs}) {
    for (std::string& word : *words) place(word);
  }
  for (Bind& bind : ask.binds) {
    place(bind.source);
    place(bind.target);
  }
  for (auto* pairs : {&ask.devices, &ask.sysctls}) {
    for (auto& [first, second] : *pairs) {
      place(first);
      place(second);
    }
  }
  place(ask.workdir);
  place(ask.id);
  if (one.race) {
    place(one.race->one);
    place(one.race->other);
  }
  if (one.image) {
    for (auto& layer : one.image->layers) {
      for (TarMember& member : layer) {
        place(member.name);
        place(member.link);
      }
    }
  }
  for (std::string& path : one.look) place(path);
  return one;
}

}  // namespace pelagos::hostile
