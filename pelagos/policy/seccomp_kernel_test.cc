// Compiled programs in the kernel: calls are made under them, and what comes back is what a plain
// reading of the profile says.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

#include "pelagos/policy/seccomp_random.h"
#include "pelagos/policy/seccomp_testing.h"

namespace pelagos {
namespace {

// By the instruction itself: libc may not know the number, and must not touch the result.
long RawCall(const seccomp_data& call) {
  long result;
  if (call.arch == AUDIT_ARCH_I386) {
    const auto argument = [&call](int i) { return static_cast<uint32_t>(call.args[i]); };
    register uint64_t sixth asm("r12") = argument(5);
    // The red zone is not ours; rbp is the sixth argument.
    asm volatile(
        "lea -128(%%rsp), %%rsp\n\tpush %%rbp\n\tmov %%r12, %%rbp\n\tint $0x80\n\t"
        "pop %%rbp\n\tlea 128(%%rsp), %%rsp"
        : "=a"(result)
        : "a"(static_cast<uint64_t>(static_cast<uint32_t>(call.nr))), "b"(uint64_t{argument(0)}),
          "c"(uint64_t{argument(1)}), "d"(uint64_t{argument(2)}), "S"(uint64_t{argument(3)}),
          "D"(uint64_t{argument(4)}), "r"(sixth)
        : "memory", "r8", "r9", "r10", "r11");
    return static_cast<int32_t>(result);
  }
  register uint64_t fourth asm("r10") = call.args[3];
  register uint64_t fifth asm("r8") = call.args[4];
  register uint64_t sixth asm("r9") = call.args[5];
  asm volatile("syscall"
               : "=a"(result)
               : "a"(static_cast<uint64_t>(static_cast<uint32_t>(call.nr))), "D"(call.args[0]),
                 "S"(call.args[1]), "d"(call.args[2]), "r"(fourth), "r"(fifth), "r"(sixth)
               : "memory", "rcx", "r11");
  return result;
}

enum class How { kNone, kReturned, kTrapped, kKilled, kFailed };

// What the child leaves; shared memory, since under a filter it can say nothing.
struct Report {
  How how;
  long before;  // the result without the filter
  long value;
};

Report* report = nullptr;

[[noreturn]] void EndWithoutACall() { __builtin_trap(); }

void OnTrap(int) {
  report->how = How::kTrapped;
  EndWithoutACall();
}

bool Install(const SeccompProgram& program) {
  std::vector<sock_filter> copy;
  for (const BpfInstruction& in : program) copy.push_back({in.code, in.jt, in.jf, in.k});
  const sock_fprog filter = {static_cast<unsigned short>(copy.size()), copy.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
}

// In a child of its own.
Report CallUnder(const SeccompProgram& program, const seccomp_data& call) {
  *report = {};
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit none = {};
    ::setrlimit(RLIMIT_CORE, &none);
    ::signal(SIGILL, SIG_DFL);
    ::signal(SIGSEGV, SIG_DFL);
    ::signal(SIGSYS, OnTrap);
    report->before = RawCall(call);
    if (!Install(program)) {
      report->how = How::kFailed;
      ::_exit(1);
    }
    report->value = RawCall(call);
    report->how = How::kReturned;
    EndWithoutACall();
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << status;
  if (report->how == How::kNone && WTERMSIG(status) == SIGSYS) report->how = How::kKilled;
  return *report;
}

class SeccompKernelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    void* page = ::mmap(nullptr, 65536, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(page, MAP_FAILED);
    report = static_cast<Report*>(page);
  }
  void TearDown() override { ::munmap(report, 65536); }
};

// Calls that take no arguments and change nothing: the arguments are the filter's alone.
constexpr const char* kHarmless[] = {"getpid",  "getppid", "getuid",  "geteuid",    "getgid",
                                     "getegid", "gettid",  "getpgrp", "sched_yield"};

void ExpectVerdict(const Report& seen, uint32_t verdict, const std::string& what) {
  const uint32_t data = verdict & SECCOMP_RET_DATA;
  switch (verdict & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW:
    case SECCOMP_RET_LOG:
      EXPECT_EQ(seen.how, How::kReturned) << what;
      EXPECT_EQ(seen.value, seen.before) << what;
      return;
    case SECCOMP_RET_ERRNO:
      EXPECT_EQ(seen.how, How::kReturned) << what;
      EXPECT_EQ(seen.value, -static_cast<long>(data)) << what;
      return;
    case SECCOMP_RET_TRACE:  // nobody traces, nobody listens
    case SECCOMP_RET_USER_NOTIF:
      EXPECT_EQ(seen.how, How::kReturned) << what;
      EXPECT_EQ(seen.value, -ENOSYS) << what;
      return;
    case SECCOMP_RET_TRAP:
      EXPECT_EQ(seen.how, How::kTrapped) << what;
      return;
    default:
      EXPECT_EQ(seen.how, How::kKilled) << what;
  }
}

TEST_F(SeccompKernelTest, ObeysRandomProfiles) {
  std::vector<std::string> names(std::begin(kHarmless), std::end(kHarmless));
  RandomProfiles profiles(2, names);
  const SeccompContext context = {{}, {5, 10}, SeccompArch::kX86_64};
  std::map<uint32_t, int> seen;
  int cases = 0;
  for (int i = 0; i < 150; ++i) {
    const SeccompFilter filter = profiles.Next();
    const auto program = CompileSeccomp(filter, context);
    ASSERT_TRUE(program.ok());
    const PlainReading reading(filter, context);
    for (int sample = 0; sample < 4; ++sample) {
      seccomp_data call = {};
      const SyscallAbi abi = static_cast<SyscallAbi>(profiles.Below(3));
      call.arch = abi == SyscallAbi::kI386 ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64;
      call.nr = FindSyscallNumber(abi, names[profiles.Below(names.size())]);
      for (auto& argument : call.args) argument = profiles.Value();
      // Half of the samples where a condition may change its mind.
      for (const auto& named : reading.RulesFor(call)) {
        for (const SeccompCondition& condition : named.rule->conditions) {
          if (profiles.Below(2) == 0) {
            call.args[condition.index] =
                (condition.op == SeccompOp::kMaskedEq ? condition.value_two : condition.value) +
                profiles.Below(3) - 1;
          }
        }
      }
      // The registers of a 32-bit call have no more.
      if (abi == SyscallAbi::kI386) {
        for (auto& argument : call.args) argument &= 0xffffffff;
      }
      const uint32_t verdict = reading.Verdict(call);
      ++seen[verdict & SECCOMP_RET_ACTION_FULL];
      ++cases;
      ExpectVerdict(CallUnder(*program, call), verdict,
                    "profile " + std::to_string(i) + " number " + std::to_string(call.nr));
    }
  }
  EXPECT_GE(cases, 200);
  EXPECT_EQ(seen.size(), 8u) << "not every verdict came up";
}

}  // namespace
}  // namespace pelagos
