// A look at what is about to be executed. Part of child_main.cc and of nothing else; its rules hold
// here.
#pragma once

#include "pelagos/launch/child_terminal.h"

namespace pelagos::launch {

// Until execve(2) /proc/self/exe is the runtime's own binary, on the host's mount: a program or an
// interpreter (#!) that is a link to it would run it inside of the container, as CVE-2019-5736 did
// first. No link of /proc may stand on the way to what is executed.
class ChildProgram : protected ChildTerminal {
 protected:
  using ChildTerminal::ChildTerminal;

  // What is wrong with a candidate otherwise, execve tells. Before the ids change, so that files
  // that only root may read are looked at too, and before a filter that may forbid this.
  void CheckProgram() noexcept {
    const ChildOp& exec = plan_.ops[plan_.op_count - 1];
    index_ = exec.index;
    for (const char* const* path = exec.exec.candidates; *path != nullptr; ++path) {
      if (IsExecutable(*path)) return;
    }
  }

 private:
  static constexpr int kLine = 256;        // BINPRM_BUF_SIZE: all that the kernel reads
  static constexpr int kInterpreters = 6;  // more than the kernel follows

  // False: the search for a program goes on behind it.
  bool IsExecutable(const char* path) noexcept {
    char name[kLine];
    for (int depth = 0; depth < kInterpreters; ++depth) {
      open_how how = {};
      how.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
      how.resolve = RESOLVE_NO_MAGICLINKS;
      const Result opened = Call(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
      if (opened.err == ELOOP) Die(Part::kCall, ELOOP);
      if (!opened.ok()) return depth > 0;
      const int fd = static_cast<int>(opened.value);
      const uint32_t mode = Stat(fd, Part::kCall).st_mode;
      if (!S_ISREG(mode) || (mode & 0111) == 0) {
        Close(fd);
        return depth > 0;
      }
      char line[kLine];
      const Result size = Call(SYS_read, fd, line, kLine - 1);
      Close(fd);
      if (!size.ok() || !TakeInterpreter(line, size.value, name)) return true;
      path = name;
    }
    return true;
  }

  // execve(2), "Interpreter scripts". False if it is none.
  static bool TakeInterpreter(const char* line, long size, char* name) noexcept {
    if (size < 2 || line[0] != '#' || line[1] != '!') return false;
    long at = 2;
    while (at < size && (line[at] == ' ' || line[at] == '\t')) ++at;
    long length = 0;
    for (; at < size; ++at, ++length) {
      const char c = line[at];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\0') break;
      name[length] = c;
    }
    name[length] = '\0';
    return length > 0;
  }
};

}  // namespace pelagos::launch
