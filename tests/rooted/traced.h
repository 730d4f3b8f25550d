// Runs `pelagos` call by call: a test acts, or kills, before any chosen system call. Deterministic
// where timers are not: all that a command does between two of its calls it does alone.
//
// Source: ptrace(2), PTRACE_SYSCALL.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/rooted/harness.h"

namespace pelagos::rooted {

enum class AtCall { kGoOn, kKill };

struct Trace {
  Outcome outcome;  // as of Program; the traced process alone
  int calls = 0;    // that were begun, by all traced processes
};

// `pelagos WORDS` in the world. `at_call(n)` is asked before the n-th call, from 1; kKill: the
// command is killed with SIGKILL instead of doing it. With `children` the calls of all processes
// that it starts count too. Returns when no process of it is left.
Trace TracePelagos(const World& world, std::vector<std::string> words, bool children,
                   const std::function<AtCall(int n)>& at_call);

}  // namespace pelagos::rooted
