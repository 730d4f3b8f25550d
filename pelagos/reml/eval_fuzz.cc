// No program crashes the evaluator, runs or grows for ever, or fails without saying why.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "pelagos/reml/host.h"
#include "pelagos/reml/interpreter.h"
#include "pelagos/reml/printer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace pelagos;
  using namespace pelagos::reml;
  if (size > 4096) return 0;  // longer inputs only repeat
  constexpr size_t kMostOutput = size_t{64} << 20;
  // A text that begins with a blank collects at every step, and may take fewer of these.
  const bool stress = size > 0 && bytes[0] == ' ';
  Limits limits = Limits::ForFuzzing();
  if (stress) limits.steps /= 10;
  size_t output = 0;
  Host host = ClosedHost();
  host.output = [&](absl::string_view text) { output += text.size(); };
  SourceMap sources;
  Interpreter interpreter(sources, limits, host);
  interpreter.heap().set_stress(stress);
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  Diagnostics diagnostics;
  const auto value = interpreter.Evaluate(sources.Add("fuzz", text), diagnostics);
  if (value.has_value() != diagnostics.ok()) std::abort();
  if (value) {
    std::string printed;
    WriteTo(*value, &printed, limits.bytes);
  } else {
    Render(sources, diagnostics);
  }
  if (output > kMostOutput || interpreter.heap().bytes() > 4 * limits.bytes) std::abort();
  return 0;
}
