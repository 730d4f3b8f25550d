// The compiled filter against a plain reading of the rules, call by call.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <string>
#include <vector>

#include "pelagos/abi/syscall_table.h"
#include "pelagos/launch/seccomp_program.h"
#include "pelagos/policy/seccomp_testing.h"

namespace pelagos::launch {
namespace {

constexpr uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr uint32_t kEperm = SECCOMP_RET_ERRNO | EPERM;
constexpr uint32_t kEnosys = SECCOMP_RET_ERRNO | ENOSYS;

using Rows = std::map<uint32_t, SeccompRule>;  // by number

Rows RowsOf(SyscallAbi abi) {
  Rows rows;
  for (const SeccompRule& rule : kSeccompRules) {
    const int32_t number = FindSyscallNumber(abi, rule.name);
    if (number < 0) continue;
    EXPECT_TRUE(rows.emplace(static_cast<uint32_t>(number), rule).second)
        << std::string(rule.name) << " stands twice";
  }
  return rows;
}

// What the table of rules says, without any cleverness.
uint32_t Expected(const Rows& rows, uint32_t number, uint32_t argument, uint64_t capabilities) {
  if (const auto row = rows.find(number); row != rows.end()) {
    const SeccompRule& rule = row->second;
    if ((rule.unlocks & capabilities) != 0) return kAllow;
    switch (rule.action) {
      case SeccompAction::kAllow:
        return kAllow;
      case SeccompAction::kDeny:
        return kEperm;
      case SeccompAction::kUnknown:
        return kEnosys;
      case SeccompAction::kNotVsock:
        return argument == AF_VSOCK ? kEperm : kAllow;
      case SeccompAction::kWithoutNamespaces:
        return (argument & (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                            CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)) != 0
                   ? kEperm
                   : kAllow;
      case SeccompAction::kPersonality:
        for (uint32_t plain : {0u, 8u, 0x20000u, 0x20008u, 0xffffffffu}) {
          if (argument == plain) return kAllow;
        }
        return kEperm;
    }
  }
  return number > rows.rbegin()->first ? kEnosys : kEperm;
}

constexpr uint32_t kArguments[] = {
    0,          1,          2,          8,          16,         SIGCHLD,    AF_VSOCK,   41,
    0x20000,    0x20008,    0x20009,    0x00010000, 0x01000000, 0x02000000, 0x04000000, 0x08000000,
    0x10000000, 0x20000000, 0x40000000, 0x7e020000, 0x80000000, 0xffffffff};

template <typename Program>
void Compare(const Program& program, uint64_t capabilities,
             absl::Span<const uint32_t> arguments = kArguments) {
  const struct {
    uint32_t arch;
    uint32_t first;
    SyscallAbi abi;
  } ways[] = {{AUDIT_ARCH_X86_64, 0, SyscallAbi::kX86_64},
              {AUDIT_ARCH_X86_64, kX32Bit, SyscallAbi::kX32},
              {AUDIT_ARCH_I386, 0, SyscallAbi::kI386}};
  for (const auto& way : ways) {
    const Rows rows = RowsOf(way.abi);
    ASSERT_GT(rows.size(), 250u);
    for (uint32_t i = 0; i <= 700; ++i) {
      for (uint32_t argument : arguments) {
        const uint32_t expected = Expected(rows, way.first + i, argument, capabilities);
        // The upper half of an argument never decides.
        for (uint64_t upper : {uint64_t{0}, uint64_t{0xdead} << 32}) {
          seccomp_data data = {};
          data.nr = static_cast<int>(way.first + i);
          data.arch = way.arch;
          data.args[0] = argument | upper;
          ASSERT_EQ(Interpret(program, data), expected)
              << "arch " << way.arch << " number " << i << " argument " << argument;
        }
      }
    }
  }
}

SeccompProgram ProgramFor(CapabilitySet capabilities) {
  const auto program = CompileSeccomp(DefaultSeccompFilter(), {capabilities, {}});
  EXPECT_TRUE(program.ok()) << program.status();
  return *program;
}

TEST(SeccompTest, TheBuiltInProgramDoesWhatTheRulesSay) {
  Compare(kDefaultSeccompProgram, kDefaultCapabilities.bits());
}

// The profile as a typed value, over all numbers, architectures and edges of arguments.
TEST(SeccompTest, TheBuiltInProgramDoesWhatTheProfileSays) {
  const SeccompFilter filter = DefaultSeccompFilter();
  const PlainReading reading(filter, {kDefaultCapabilities, {}});
  size_t compared = 0;
  ForEachCall(reading, [&](const seccomp_data& data) {
    ++compared;
    ASSERT_EQ(Interpret(kDefaultSeccompProgram, data), reading.Verdict(data))
        << "arch " << data.arch << " number " << data.nr << " argument " << data.args[0];
  });
  EXPECT_GT(compared, 10000u);
}

TEST(SeccompTest, SoDoesAProgramForEachCapability) {
  Compare(ProgramFor({}), 0, {CLONE_NEWNS, AF_VSOCK});
  Compare(ProgramFor(CapabilitySet::All()), CapabilitySet::All().bits(), {CLONE_NEWNS, AF_VSOCK});
  for (size_t i = 0; i < kCapabilityNames.size(); ++i) {
    const CapabilitySet one = {static_cast<Capability>(i)};
    if ((UnlockingCapabilities() & one.bits()) == 0) continue;
    Compare(ProgramFor(one), one.bits(), {CLONE_NEWNS});
  }
}

TEST(SeccompTest, ChoosesTheBuiltInProgramWhereItFits) {
  std::vector<sock_filter> memory;
  EXPECT_EQ(DefaultSeccompProgram(kDefaultCapabilities, memory).data(),
            kDefaultSeccompProgram.data());
  EXPECT_EQ(
      DefaultSeccompProgram(kDefaultCapabilities | CapabilitySet{Capability::kNetAdmin}, memory)
          .data(),
      kDefaultSeccompProgram.data());
  EXPECT_TRUE(memory.empty());
  const absl::Span<const sock_filter> other = DefaultSeccompProgram({}, memory);
  ASSERT_FALSE(memory.empty());
  EXPECT_EQ(other.data(), memory.data());
}

TEST(SeccompTest, OtherArchitecturesAreKilled) {
  seccomp_data data = {};
  data.arch = AUDIT_ARCH_AARCH64;
  EXPECT_EQ(Interpret(kDefaultSeccompProgram, data), SECCOMP_RET_KILL_PROCESS);
}

TEST(SeccompTest, PathsAreShort) {
  // What installing costs: a linear list has hundreds of steps for the same rules.
  for (uint32_t number = 0; number < 460; ++number) {
    seccomp_data data = {};
    data.nr = static_cast<int>(number);
    data.arch = AUDIT_ARCH_X86_64;
    size_t steps = 0;
    ASSERT_TRUE(Interpret(kDefaultSeccompProgram, data, &steps).has_value());
    EXPECT_LE(steps, 25u) << number;
  }
}

// In a child, whose exit code names the first check that failed.
int InFilteredChild(int (*check)()) {
  const pid_t child = ::fork();
  if (child == 0) {
    const sock_fprog program = {static_cast<unsigned short>(kDefaultSeccompProgram.size()),
                                const_cast<sock_filter*>(kDefaultSeccompProgram.data())};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(100);
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) ::_exit(101);
    ::_exit(check());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

bool FailsWith(int error, long result) { return result == -1 && errno == error; }

TEST(SeccompTest, TheKernelTakesItAndObeys) {
  EXPECT_EQ(InFilteredChild([]() -> int {
              if (!FailsWith(EPERM, ::unshare(CLONE_NEWUSER))) return 1;
              if (!FailsWith(EPERM, ::syscall(SYS_mount, "x", "/", "tmpfs", 0, 0))) return 2;
              if (!FailsWith(ENOSYS, ::syscall(SYS_clone3, nullptr, 0))) return 3;
              if (!FailsWith(EPERM, ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0))) {
                return 4;
              }
              if (!FailsWith(EPERM, ::socket(AF_VSOCK, SOCK_STREAM, 0))) return 5;
              if (!FailsWith(EPERM, ::syscall(SYS_keyctl, 0, 0))) return 6;
              if (!FailsWith(ENOSYS, ::syscall(999))) return 7;
              if (!FailsWith(EPERM, ::syscall(SYS_io_uring_setup, 1, nullptr))) return 8;
              if (::personality(0xffffffff) == -1) return 9;
              if (!FailsWith(EPERM, ::personality(ADDR_NO_RANDOMIZE))) return 10;
              const int fd = ::open("/dev/null", O_RDONLY);
              if (fd < 0 || ::close(fd) != 0) return 11;
              if (::socket(AF_INET, SOCK_DGRAM, 0) < 0) return 12;
              const pid_t child = ::fork();
              if (child == 0) ::_exit(0);
              if (child < 0 || ::waitpid(child, nullptr, 0) != child) return 13;
              return 0;
            }),
            0);
}

}  // namespace
}  // namespace pelagos::launch
