// Writes seccomp_tables.cc: the default profile's rules by number, for each architecture, and the
// compiled program for the default capabilities. Runs when Pelagos is built.
//
// Usage: gen > seccomp_tables.cc

#include <seccomp.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "pelagos/launch/seccomp_compile.h"
#include "pelagos/launch/seccomp_rules.h"
#include "pelagos/policy/capability_set.h"

namespace pelagos::launch {
namespace {

struct Known {
  absl::string_view name;
  int number;
};

// Newer than Debian 12's libseccomp. Since 424 all architectures count alike.
constexpr Known kNewer[] = {
    {"set_mempolicy_home_node", 450}, {"cachestat", 451},  {"fchmodat2", 452},
    {"map_shadow_stack", 453},        {"futex_wake", 454}, {"futex_wait", 455},
    {"futex_requeue", 456},
};

// libseccomp answers for i386's sockets and System V IPC with numbers of its own, which stand for
// socketcall(2) and ipc(2); since Linux 4.3 and 5.1 they are calls in their own right too.
constexpr Known kI386[] = {
    {"socket", 359},      {"socketpair", 360},  {"bind", 361},       {"connect", 362},
    {"listen", 363},      {"accept4", 364},     {"getsockopt", 365}, {"setsockopt", 366},
    {"getsockname", 367}, {"getpeername", 368}, {"sendto", 369},     {"sendmsg", 370},
    {"recvfrom", 371},    {"recvmsg", 372},     {"shutdown", 373},   {"semget", 393},
    {"semctl", 394},      {"shmget", 395},      {"shmctl", 396},     {"shmat", 397},
    {"shmdt", 398},       {"msgget", 399},      {"msgsnd", 400},     {"msgrcv", 401},
    {"msgctl", 402},
};

template <size_t kSize>
int Find(const Known (&table)[kSize], absl::string_view name) {
  for (const Known& known : table) {
    if (known.name == name) return known.number;
  }
  return -1;
}

// -1 if the architecture has no such call.
int Resolve(uint32_t architecture, absl::string_view name) {
  if (const int number = Find(kNewer, name); number >= 0) {
    return architecture == SCMP_ARCH_X32 ? number + static_cast<int>(kX32Bit) : number;
  }
  const std::string text(name);
  const int number = seccomp_syscall_resolve_name_arch(architecture, text.c_str());
  if (number >= 0) return number;
  return architecture == SCMP_ARCH_X86 ? Find(kI386, name) : -1;
}

std::vector<SeccompRow> Rows(uint32_t architecture) {
  std::vector<SeccompRow> rows;
  for (const SeccompRule& rule : kSeccompRules) {
    const int number = Resolve(architecture, rule.name);
    if (number < 0) continue;
    rows.push_back({static_cast<uint32_t>(number), rule.action, rule.unlocks});
  }
  std::sort(rows.begin(), rows.end(),
            [](const SeccompRow& a, const SeccompRow& b) { return a.number < b.number; });
  return rows;
}

bool Check(const char* name, const std::vector<SeccompRow>& rows) {
  for (size_t i = 1; i < rows.size(); ++i) {
    if (rows[i - 1].number != rows[i].number) continue;
    std::fprintf(stderr, "%s: number %u stands twice\n", name, rows[i].number);
    return false;
  }
  return !rows.empty();
}

void Print(const char* name, const std::vector<SeccompRow>& rows) {
  std::printf("constexpr SeccompRow %s[] = {\n", name);
  for (const SeccompRow& row : rows) {
    std::printf("    {0x%x, SeccompAction{%d}, 0x%llx},\n", row.number,
                static_cast<int>(row.action), static_cast<unsigned long long>(row.unlocks));
  }
  std::printf("};\n\n");
}

bool AllNamesAreKnown() {
  bool known = true;
  for (const SeccompRule& rule : kSeccompRules) {
    if (Resolve(SCMP_ARCH_X86_64, rule.name) < 0 && Resolve(SCMP_ARCH_X86, rule.name) < 0) {
      std::fprintf(stderr, "no architecture has the system call '%.*s'\n",
                   static_cast<int>(rule.name.size()), rule.name.data());
      known = false;
    }
  }
  return known;
}

int Main() {
  const std::vector<SeccompRow> native = Rows(SCMP_ARCH_X86_64);
  const std::vector<SeccompRow> x32 = Rows(SCMP_ARCH_X32);
  const std::vector<SeccompRow> i386 = Rows(SCMP_ARCH_X86);
  if (!AllNamesAreKnown() || !Check("x86_64", native) || !Check("x32", x32) ||
      !Check("i386", i386)) {
    return 1;
  }
  std::printf(
      "// Written by tools/seccomp/gen.cc.\n"
      "#include \"pelagos/launch/seccomp_program.h\"\n\n"
      "namespace pelagos::launch {\nnamespace {\n\n");
  Print("kX86_64", native);
  Print("kX32", x32);
  Print("kI386", i386);
  std::printf("constexpr sock_filter kProgram[] = {\n");
  for (const sock_filter& instruction :
       CompileSeccomp({native, x32, i386}, kDefaultCapabilities.bits())) {
    std::printf("    {0x%02x, %u, %u, 0x%x},\n", instruction.code, instruction.jt, instruction.jf,
                instruction.k);
  }
  std::printf(
      "};\n\n}  // namespace\n\n"
      "const SeccompTable kDefaultSeccompTable = {kX86_64, kX32, kI386};\n"
      "const absl::Span<const sock_filter> kDefaultSeccompProgram = kProgram;\n\n"
      "}  // namespace pelagos::launch\n");
  return 0;
}

}  // namespace
}  // namespace pelagos::launch

int main() { return pelagos::launch::Main(); }
