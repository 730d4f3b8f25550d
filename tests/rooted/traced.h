// Runs `pelagos` call by call: a test acts, or kills, before any chosen system call. Deterministic
// where timers are not: all that a command does between two of its calls it does alone.
//
// Source: ptrace(2), PTRACE_SYSCALL and PTRACE_GET_SYSCALL_INFO; process_vm_readv(2).
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/rooted/harness.h"

namespace pelagos::rooted {

enum class AtCall { kGoOn, kKill };

// A system call that is about to be done.
struct TracedCall {
  int n = 0;  // it is the n-th, from 1, of all traced processes
  pid_t pid = 0;
  uint64_t number = 0;  // of sys/syscall.h
  std::array<uint64_t, 6> arguments = {};

  // Whether an argument is text with `name` as a component: between slashes, colons, commas, equal
  // signs, or at an end. A call that looks up the entry `name` of a folder says its name.
  bool Names(absl::string_view name) const;

  // Whether something may be other after it than before, but for the process itself and what it
  // tells others by sockets: files, folders, processes. Killed before a call that changes nothing,
  // a command leaves what it leaves when it is killed before the next that does.
  bool Changes() const;
};

struct Trace {
  Outcome outcome;  // as of Program; the traced process alone
  int calls = 0;    // that were begun, by all traced processes
};

// `pelagos WORDS` in the world. `at_call` is asked before each call; kKill: the command is killed
// with SIGKILL instead of doing it. With `children` the calls of all processes
// that it starts count too. Returns when no process of it is left, or when it has ended itself
// where others are to go on (`leaves_processes`).
Trace TracePelagos(const World& world, std::vector<std::string> words, bool children,
                   const std::function<AtCall(const TracedCall&)>& at_call,
                   bool leaves_processes = false);

// The same of `work`, done by a process forked from this one, whose exit code is `work`'s value.
// Processes that it starts are not traced, and may go on.
Trace TraceFork(const std::function<int()>& work,
                const std::function<AtCall(const TracedCall&)>& at_call);

}  // namespace pelagos::rooted
