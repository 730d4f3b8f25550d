// What does a container's seccomp filter cost? The default profile as Pelagos makes it, and the
// same rules as libseccomp makes them: how long to compile, how many instructions, how long to
// install.
//
// Usage: seccomp [ROUNDS]. Times are the least of all rounds, which alternate.

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "pelagos/launch/seccomp_program.h"

namespace pelagos {
namespace {

using Clock = std::chrono::steady_clock;
using Program = std::vector<sock_filter>;

double MicrosecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

void Must(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::exit(1);
}

Program OurProgram() {
  return launch::KernelProgram(
      *CompileSeccomp(launch::DefaultSeccompFilter(), {kDefaultCapabilities, {}}));
}

// As runc and crun do it: rules in effect that differ from the default action.
Program LibseccompsProgram() {
  const SeccompFilter filter = launch::DefaultSeccompFilter();
  scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  Must(context != nullptr, "seccomp_init");
  Must(seccomp_arch_add(context, SCMP_ARCH_X86) == 0, "x86");
  Must(seccomp_arch_add(context, SCMP_ARCH_X32) == 0, "x32");
  for (const SeccompFilterRule& rule : filter.rules) {
    if (!InEffect(rule, {kDefaultCapabilities, {}}) || rule.verdict == filter.otherwise) continue;
    const uint32_t action =
        rule.verdict.act == SeccompAct::kAllow ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(rule.verdict.data);
    for (const std::string& name : rule.names) {
      const int number = seccomp_syscall_resolve_name(name.c_str());
      if (number == __NR_SCMP_ERROR) continue;
      std::vector<scmp_arg_cmp> conditions;
      for (const SeccompCondition& condition : rule.conditions) {
        conditions.push_back(scmp_arg_cmp{condition.index, SCMP_CMP_MASKED_EQ, condition.value,
                                          condition.value_two});
      }
      seccomp_rule_add_array(context, action, number, static_cast<unsigned>(conditions.size()),
                             conditions.data());
    }
  }
  const int file = ::memfd_create("bpf", MFD_CLOEXEC);
  Must(file >= 0, "memfd_create");
  Must(seccomp_export_bpf(context, file) == 0, "seccomp_export_bpf");
  seccomp_release(context);
  const off_t size = ::lseek(file, 0, SEEK_END);
  Program program(static_cast<size_t>(size) / sizeof(sock_filter));
  Must(::pread(file, program.data(), static_cast<size_t>(size), 0) == size, "pread");
  ::close(file);
  return program;
}

// In a child, since filters stay.
double InstallMicroseconds(const Program& program) {
  int ends[2];
  Must(::pipe(ends) == 0, "pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    const sock_fprog filter = {static_cast<unsigned short>(program.size()),
                               const_cast<sock_filter*>(program.data())};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const auto begin = Clock::now();
    const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
    const double took = result == 0 ? MicrosecondsSince(begin) : -1;
    Must(::write(ends[1], &took, sizeof(took)) == sizeof(took), "write");
    ::_exit(0);
  }
  double took = -1;
  Must(::read(ends[0], &took, sizeof(took)) == sizeof(took) && took >= 0, "seccomp");
  ::close(ends[0]);
  ::close(ends[1]);
  ::waitpid(child, nullptr, 0);
  return took;
}

struct Row {
  const char* name;
  Program (*make)();
  double compile = 1e9, install = 1e9;
  size_t instructions = 0;
};

int Main(int rounds) {
  Row rows[] = {{"pelagos", OurProgram}, {"libseccomp", LibseccompsProgram}};
  for (int i = 0; i < rounds; ++i) {
    for (Row& row : rows) {
      const auto begin = Clock::now();
      const Program program = row.make();
      row.compile = std::min(row.compile, MicrosecondsSince(begin));
      row.install = std::min(row.install, InstallMicroseconds(program));
      row.instructions = program.size();
    }
  }
  std::printf("%-12s %12s %12s %12s\n", "", "instructions", "compile us", "install us");
  for (const Row& row : rows) {
    std::printf("%-12s %12zu %12.0f %12.0f\n", row.name, row.instructions, row.compile,
                row.install);
  }
  std::printf("a container with the default capabilities installs what was compiled before\n");
  return 0;
}

}  // namespace
}  // namespace pelagos

int main(int argc, char** argv) { return pelagos::Main(argc > 1 ? std::atoi(argv[1]) : 200); }
