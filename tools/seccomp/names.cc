// Writes syscall_table.cc: every system call that libseccomp knows on any architecture, with its
// numbers on the ABIs of abi/syscall_table.h. Runs when Pelagos is built.
//
// Usage: names > syscall_table.cc

#include <seccomp.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>

#include "pelagos/abi/syscall_table.h"

namespace pelagos {
namespace {

struct Known {
  const char* name;
  int number;
};

// Newer than Debian 12's libseccomp. Since 424 all architectures count alike.
// Source: scripts/syscall.tbl of Linux 6.18.
constexpr Known kNewer[] = {
    {"set_mempolicy_home_node", 450},
    {"cachestat", 451},
    {"fchmodat2", 452},
    {"map_shadow_stack", 453},
    {"futex_wake", 454},
    {"futex_wait", 455},
    {"futex_requeue", 456},
    {"statmount", 457},
    {"listmount", 458},
    {"lsm_get_self_attr", 459},
    {"lsm_set_self_attr", 460},
    {"lsm_list_modules", 461},
    {"mseal", 462},
    {"setxattrat", 463},
    {"getxattrat", 464},
    {"listxattrat", 465},
    {"removexattrat", 466},
    {"open_tree_attr", 467},
    {"file_getattr", 468},
    {"file_setattr", 469},
};

// libseccomp answers for i386's sockets and System V IPC with numbers of its own, which stand for
// socketcall(2) and ipc(2); since Linux 4.3 and 5.1 they are calls in their own right too.
// Source: arch/x86/entry/syscalls/syscall_32.tbl.
constexpr Known kI386[] = {
    {"socket", 359},      {"socketpair", 360},  {"bind", 361},       {"connect", 362},
    {"listen", 363},      {"accept4", 364},     {"getsockopt", 365}, {"setsockopt", 366},
    {"getsockname", 367}, {"getpeername", 368}, {"sendto", 369},     {"sendmsg", 370},
    {"recvfrom", 371},    {"recvmsg", 372},     {"shutdown", 373},   {"recvmmsg", 337},
    {"sendmmsg", 345},    {"semget", 393},      {"semctl", 394},     {"shmget", 395},
    {"shmctl", 396},      {"shmat", 397},       {"shmdt", 398},      {"msgget", 399},
    {"msgsnd", 400},      {"msgrcv", 401},      {"msgctl", 402},
};

constexpr uint32_t kEveryArchitecture[] = {
    SCMP_ARCH_X86_64,  SCMP_ARCH_X86,      SCMP_ARCH_X32,         SCMP_ARCH_ARM,
    SCMP_ARCH_AARCH64, SCMP_ARCH_MIPS,     SCMP_ARCH_MIPS64,      SCMP_ARCH_MIPS64N32,
    SCMP_ARCH_MIPSEL,  SCMP_ARCH_PPC,      SCMP_ARCH_MIPSEL64N32, SCMP_ARCH_MIPSEL64,
    SCMP_ARCH_PPC64,   SCMP_ARCH_PPC64LE,  SCMP_ARCH_S390,        SCMP_ARCH_S390X,
    SCMP_ARCH_PARISC,  SCMP_ARCH_PARISC64, SCMP_ARCH_RISCV64,
};

// In the order of SyscallAbi.
constexpr uint32_t kAbis[kSyscallAbiCount] = {SCMP_ARCH_X86_64, SCMP_ARCH_X32, SCMP_ARCH_X86,
                                              SCMP_ARCH_AARCH64, SCMP_ARCH_ARM};

template <size_t kSize>
int Find(const Known (&table)[kSize], const std::string& name) {
  for (const Known& known : table) {
    if (name == known.name) return known.number;
  }
  return -1;
}

// Where the architectures' numbers lie: most from 0, MIPS' three ABIs, x32, ARM's private ones.
constexpr struct {
  int begin, end;
} kNumbers[] = {{0, 600},     {4000, 4600},       {5000, 5600},
                {6000, 6600}, {0xf0000, 0xf0010}, {0x40000000, 0x40000000 + 600}};

std::set<std::string> AllNames() {
  std::set<std::string> names;
  for (uint32_t architecture : kEveryArchitecture) {
    for (const auto& range : kNumbers) {
      for (int number = range.begin; number < range.end; ++number) {
        char* name = seccomp_syscall_resolve_num_arch(architecture, number);
        if (name != nullptr) names.insert(name);
        std::free(name);
      }
    }
  }
  for (const Known& known : kNewer) names.insert(known.name);
  // Only ever reached through socketcall.
  names.insert({"send", "recv"});
  return names;
}

int NumberOf(uint32_t architecture, const std::string& name) {
  const int number = seccomp_syscall_resolve_name_arch(architecture, name.c_str());
  if (number >= 0) return number;
  if (architecture == SCMP_ARCH_X86) {
    if (const int direct = Find(kI386, name); direct >= 0) return direct;
  }
  const int newer = Find(kNewer, name);
  if (newer < 0) return -1;
  return architecture == SCMP_ARCH_X32 ? newer + static_cast<int>(kX32Bit) : newer;
}

int Main() {
  const std::set<std::string> names = AllNames();
  constexpr size_t kFewest = 400;
  if (names.size() < kFewest) {
    std::fprintf(stderr, "libseccomp knows %zu system calls only\n", names.size());
    return 1;
  }
  std::printf(
      "// Written by tools/seccomp/names.cc.\n"
      "#include \"pelagos/abi/syscall_table.h\"\n\n"
      "namespace pelagos::internal {\n\n"
      "const size_t kSyscallNameCount = %zu;\n\nconst char kSyscallNameText[] =\n",
      names.size());
  for (const std::string& name : names) std::printf("    \"%s\"\n", name.c_str());
  std::printf("    ;\n\nconst uint16_t kSyscallNameBegins[] = {\n");
  size_t begin = 0;
  for (const std::string& name : names) {
    std::printf("    %zu,\n", begin);
    begin += name.size();
  }
  std::printf("    %zu,\n};\n\nconst int32_t kSyscallNumbers[][kSyscallAbiCount] = {\n", begin);
  for (const std::string& name : names) {
    std::printf("    {");
    for (uint32_t abi : kAbis) std::printf("%d, ", NumberOf(abi, name));
    std::printf("},  // %s\n", name.c_str());
  }
  std::printf("};\n\n}  // namespace pelagos::internal\n");
  return 0;
}

}  // namespace
}  // namespace pelagos

int main() { return pelagos::Main(); }
