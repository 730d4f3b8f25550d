// Whatever a profile's file holds: reading and compiling it ends, what was read goes round, and the
// program does what a plain reading of the profile says for some calls.
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "pelagos/policy/seccomp_testing.h"
#include "pelagos/spec/seccomp_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pelagos;
  if (size > 16384) return 0;  // longer inputs only repeat
  const auto file = ParseSeccomp({reinterpret_cast<const char*>(data), size});
  if (!file.ok()) return 0;
  const auto again = ParseSeccomp(ToJson(file->filter));
  if (!again.ok() || !(again->filter == file->filter)) std::abort();
  const SeccompContext context = {{Capability::kSysAdmin}, {5, 10}, SeccompArch::kX86_64};
  const auto program = CompileSeccomp(file->filter, context);
  if (!program.ok()) return 0;
  const PlainReading reading(file->filter, context);
  constexpr uint32_t kArches[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386};
  for (uint32_t arch : kArches) {
    for (uint32_t number = 0; number < 470; ++number) {
      seccomp_data call = {};
      call.nr = static_cast<int>(number);
      call.arch = arch;
      for (size_t i = 0; i < 6; ++i) call.args[i] = size > 8 * i + 8 ? data[8 * i] : i;
      if (Interpret(*program, call) != reading.Verdict(call)) std::abort();
    }
  }
  return 0;
}
