// Writes seccomp_tables.cc: the default profile's program for the default capabilities. Runs when
// Pelagos is built.
//
// Usage: gen > seccomp_tables.cc

#include <cstdio>
#include <string>

#include "absl/status/statusor.h"
#include "pelagos/abi/syscall_table.h"
#include "pelagos/launch/seccomp_default.h"
#include "pelagos/policy/capability_set.h"
#include "pelagos/policy/seccomp_compile.h"

namespace pelagos::launch {
namespace {

bool AllNamesAreKnown() {
  bool known = true;
  for (const SeccompRule& rule : kSeccompRules) {
    if (IsSyscallName(rule.name)) continue;
    std::fprintf(stderr, "no architecture has the system call '%s'\n",
                 std::string(rule.name).c_str());
    known = false;
  }
  return known;
}

int Main() {
  if (!AllNamesAreKnown()) return 1;
  const absl::StatusOr<SeccompProgram> program =
      CompileSeccomp(DefaultSeccompFilter(), {kDefaultCapabilities, {}});
  if (!program.ok()) {
    std::fprintf(stderr, "%s\n", std::string(program.status().message()).c_str());
    return 1;
  }
  std::printf(
      "// Written by tools/seccomp/gen.cc.\n"
      "#include \"pelagos/launch/seccomp_program.h\"\n\n"
      "namespace pelagos::launch {\nnamespace {\n\n"
      "constexpr sock_filter kProgram[] = {\n");
  for (const BpfInstruction& in : *program) {
    std::printf("    {0x%02x, %u, %u, 0x%x},\n", in.code, in.jt, in.jf, in.k);
  }
  std::printf(
      "};\n\n}  // namespace\n\n"
      "const absl::Span<const sock_filter> kDefaultSeccompProgram = kProgram;\n\n"
      "}  // namespace pelagos::launch\n");
  return 0;
}

}  // namespace
}  // namespace pelagos::launch

int main() { return pelagos::launch::Main(); }
