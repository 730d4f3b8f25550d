// Finding and making things in the container's root, all with openat2(2) from its descriptor. Part
// of child_main.cc and of nothing else; its rules hold here.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include "pelagos/launch/child_base.h"

namespace pelagos::launch {

class ChildPaths : protected ChildBase {
 protected:
  using ChildBase::ChildBase;

  static constexpr int kPathMax = 4096;
  static constexpr int kAttempts = 128;
  static constexpr int kMaxLinks = 40;  // as path_resolution(7)

  Result OpenIn(const char* path, uint64_t flags, uint32_t mode = 0) noexcept {
    open_how how = {};
    how.flags = flags | O_CLOEXEC;
    how.mode = mode;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | (links_ ? 0 : RESOLVE_NO_SYMLINKS);
    // openat2(2): EAGAIN where anything on the host was renamed or mounted while it went up a "..",
    // whoever did it.
    Result opened = Call(SYS_openat2, root_, path, &how, sizeof(how));
    for (int again = 0; opened.err == EAGAIN && again < kAttempts; ++again) {
      opened = Call(SYS_openat2, root_, path, &how, sizeof(how));
    }
    return opened;
  }

  int Open(const char* path, uint64_t flags) noexcept {
    return static_cast<int>(Must(OpenIn(path, flags), Part::kTarget));
  }

  // The target, made with all folders above it where it is missing. A link that leads nowhere
  // (/etc/resolv.conf of many images) is followed inside the root, and what it names is made.
  int OpenOrMake(const char* target, bool folder, uint32_t mode, const uint32_t* owner) noexcept {
    Result found = OpenIn(target, O_PATH);
    if (found.err != ENOENT) return static_cast<int>(Must(found, Part::kTarget));
    if (!folder && owner == nullptr) {
      // Mostly but the file itself is missing. O_EXCL: what is there after all is not opened.
      found = OpenIn(target, O_RDONLY | O_CREAT | O_EXCL, mode);
      if (found.ok()) return static_cast<int>(found.value);
    }

    char path[kPathMax];
    if (!Join(path, target, "", "")) Die(Part::kMakeTarget, ENAMETOOLONG);
    // Again behind each link, and should somebody else take away what was just made.
    for (int tries = 0; tries <= kMaxLinks; ++tries) {
      found = OpenIn(path, O_PATH);
      if (found.err != ENOENT) return static_cast<int>(Must(found, Part::kMakeTarget));
      MakeMissing(path, folder, mode, owner);
    }
    Die(Part::kMakeTarget, ELOOP);
  }

  // Makes the components of `path` that are missing. If one of them is a link to nowhere, puts what
  // it says into `path` instead, and leaves it at that.
  void MakeMissing(char* path, bool folder, uint32_t mode, const uint32_t* owner) noexcept {
    int parent = Open("/", O_PATH | O_DIRECTORY);
    for (char* begin = path;;) {
      while (*begin == '/') ++begin;
      char* end = begin;
      while (*end != '\0' && *end != '/') ++end;
      char* rest = end;
      while (*rest == '/') ++rest;
      const bool last = *rest == '\0';
      const char kept = *end;
      *end = '\0';  // `path` is the prefix up to here, `begin` its last component

      Result found = OpenIn(path, O_PATH);
      if (found.err == ENOENT) {
        const bool make_folder = folder || !last;
        Result made = make_folder ? Call(SYS_mkdirat, parent, begin, last ? mode : 0755)
                                  : Call(SYS_mknodat, parent, begin, S_IFREG | mode, 0);
        if (made.ok() && owner != nullptr) {
          made = Call(SYS_fchownat, parent, begin, owner[0], owner[1], AT_SYMLINK_NOFOLLOW);
        }
        if (made.err == EEXIST) {
          FollowLink(parent, path, begin, end, kept);
          return Close(parent);
        }
        Must(made, Part::kMakeTarget);
        if (!last) found = OpenIn(path, O_PATH);
      }
      Close(parent);
      *end = kept;
      if (last) {
        if (found.ok()) Close(static_cast<int>(found.value));  // somebody else made it
        return;
      }
      parent = static_cast<int>(Must(found, Part::kMakeTarget));
      begin = end;
    }
  }

  // `begin` to `end` of `path` is a link in `parent`: its text takes their place.
  void FollowLink(int parent, char* path, char* begin, char* end, char kept) noexcept {
    char text[kPathMax];
    const Result read = Call(SYS_readlinkat, parent, begin, text, kPathMax - 1);
    if (read.err == EINVAL || read.err == ENOENT) return;  // somebody else just made or took it
    const long size = Must(read, Part::kMakeTarget);
    text[size] = '\0';
    *end = kept;
    *begin = '\0';  // `path` is the folder that the link stands in, `end` what comes after it
    char joined[kPathMax];
    if (!Join(joined, text[0] == '/' ? "" : path, text, end) || !Join(path, joined, "", "")) {
      Die(Part::kMakeTarget, ENAMETOOLONG);
    }
  }

  // strcat of three; false if it does not fit.
  static bool Join(char* to, const char* a, const char* b, const char* c) noexcept {
    const char* const parts[] = {a, b, c};
    int size = 0;
    for (const char* part : parts) {
      for (; *part != '\0'; ++part) {
        if (size == kPathMax - 1) return false;
        to[size++] = *part;
      }
    }
    to[size] = '\0';
    return true;
  }

  int root_ = -1;
  bool links_ = true;  // of the image are followed
};

}  // namespace pelagos::launch
