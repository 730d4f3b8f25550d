// Whatever reads also prints, reads again and prints the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "pelagos/reml/equality.h"
#include "pelagos/reml/printer.h"
#include "pelagos/reml/reader.h"

namespace {

using pelagos::reml::Datum;

std::string Print(const std::vector<Datum>& data) {
  std::string text;
  for (const Datum& datum : data) {
    pelagos::reml::WriteTo(datum.value, &text);
    text.push_back('\n');
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size > 4096) return 0;  // longer inputs only repeat
  pelagos::SourceMap sources;
  pelagos::Diagnostics diagnostics;
  pelagos::reml::Heap heap(size_t{64} << 20);
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  const auto data = pelagos::reml::Read(heap, sources, sources.Add("fuzz", text), diagnostics);
  if (!data) {
    if (diagnostics.ok()) std::abort();
    Render(sources, diagnostics);
    return 0;
  }
  const std::string printed = Print(*data);
  const auto again = pelagos::reml::Read(heap, sources, sources.Add("again", printed), diagnostics);
  if (!again || again->size() != data->size() || Print(*again) != printed) std::abort();
  for (size_t i = 0; i < data->size(); ++i) {
    if (Equal((*data)[i].value, (*again)[i].value, UINT64_MAX) != true) std::abort();
    // Spans hold what they name.
    const pelagos::Span span = (*data)[i].span;
    if (span.end > size || span.begin >= span.end) std::abort();
  }
  return 0;
}
