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
#include <optional>

#include "pelagos/abi/syscall.h"
#include "pelagos/launch/seccomp_program.h"

namespace pelagos::launch {
namespace {

constexpr uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr uint32_t kEperm = SECCOMP_RET_ERRNO | EPERM;
constexpr uint32_t kEnosys = SECCOMP_RET_ERRNO | ENOSYS;

// The part of classic BPF that filters use. nullopt: the program is broken.
std::optional<uint32_t> Interpret(absl::Span<const sock_filter> program, const seccomp_data& data,
                                  size_t* steps = nullptr) {
  uint32_t accumulator = 0;
  for (size_t at = 0; at < program.size(); ++at) {
    if (steps != nullptr) ++*steps;
    const sock_filter& in = program[at];
    bool jump = false;
    switch (in.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (in.k % 4 != 0 || in.k + 4 > sizeof(data)) return std::nullopt;
        accumulator = reinterpret_cast<const uint32_t*>(&data)[in.k / 4];
        continue;
      case BPF_RET | BPF_K:
        return in.k;
      case BPF_JMP | BPF_JA:
        at += in.k;
        continue;
      case BPF_JMP | BPF_JEQ | BPF_K:
        jump = accumulator == in.k;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        jump = accumulator >= in.k;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        jump = (accumulator & in.k) != 0;
        break;
      default:
        return std::nullopt;
    }
    at += jump ? in.jt : in.jf;
  }
  return std::nullopt;
}

// What the rules say, without any cleverness.
uint32_t Expected(absl::Span<const SeccompRow> rows, uint32_t number, uint32_t argument,
                  uint64_t capabilities) {
  uint32_t last = 0;
  for (const SeccompRow& row : rows) {
    last = std::max(last, row.number);
    if (row.number != number) continue;
    if ((row.unlocks & capabilities) != 0) return kAllow;
    switch (row.action) {
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
  return number > last ? kEnosys : kEperm;
}

constexpr uint32_t kArguments[] = {
    0,          1,          2,          8,          16,         SIGCHLD,    AF_VSOCK,   41,
    0x20000,    0x20008,    0x20009,    0x00010000, 0x01000000, 0x02000000, 0x04000000, 0x08000000,
    0x10000000, 0x20000000, 0x40000000, 0x7e020000, 0x80000000, 0xffffffff};

void Compare(absl::Span<const sock_filter> program, uint64_t capabilities,
             absl::Span<const uint32_t> arguments = kArguments) {
  const struct {
    uint32_t arch;
    uint32_t first;
    absl::Span<const SeccompRow> rows;
  } ways[] = {{AUDIT_ARCH_X86_64, 0, kDefaultSeccompTable.x86_64},
              {AUDIT_ARCH_X86_64, kX32Bit, kDefaultSeccompTable.x32},
              {AUDIT_ARCH_I386, 0, kDefaultSeccompTable.i386}};
  size_t compared = 0;
  for (const auto& way : ways) {
    ASSERT_GT(way.rows.size(), 250u);
    for (uint32_t i = 0; i <= 700; ++i) {
      for (uint32_t argument : arguments) {
        // The upper half of an argument never decides.
        for (uint64_t upper : {uint64_t{0}, uint64_t{0xdead} << 32}) {
          seccomp_data data = {};
          data.nr = static_cast<int>(way.first + i);
          data.arch = way.arch;
          data.args[0] = argument | upper;
          ASSERT_EQ(Interpret(program, data),
                    Expected(way.rows, way.first + i, argument, capabilities))
              << "arch " << way.arch << " number " << i << " argument " << argument;
          ++compared;
        }
      }
    }
  }
  EXPECT_EQ(compared, 3u * 701 * arguments.size() * 2);
}

TEST(SeccompTest, TheBuiltInProgramDoesWhatTheRulesSay) {
  Compare(kDefaultSeccompProgram, kDefaultCapabilities.bits());
}

TEST(SeccompTest, SoDoesAProgramForEachCapability) {
  Compare(CompileSeccomp(kDefaultSeccompTable, 0), 0);
  Compare(CompileSeccomp(kDefaultSeccompTable, CapabilitySet::All().bits()),
          CapabilitySet::All().bits());
  for (size_t cap = 0; cap < kCapabilityNames.size(); ++cap) {
    const uint64_t bit = uint64_t{1} << cap;
    if ((UnlockingCapabilities() & bit) != 0) {
      Compare(CompileSeccomp(kDefaultSeccompTable, bit), bit, {CLONE_NEWNS});
    }
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

// The table in abi/ was written by hand, the numbers here come from libseccomp.
TEST(SeccompTest, NumbersAgreeWithOurOwnTable) {
  size_t found = 0;
  for (const SeccompRule& rule : kSeccompRules) {
    const std::optional<Syscall> call = FindSyscall(rule.name);
    if (!call) continue;  // of i386 alone
    ++found;
    bool has_row = false;
    for (const SeccompRow& row : kDefaultSeccompTable.x86_64) {
      has_row |= row.number == static_cast<uint32_t>(call->number) && row.action == rule.action &&
                 row.unlocks == rule.unlocks;
    }
    EXPECT_TRUE(has_row) << std::string(rule.name);
  }
  EXPECT_EQ(found, kDefaultSeccompTable.x86_64.size());
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
