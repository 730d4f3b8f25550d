// Text to data: the first stage. Every datum keeps its span (value.h), which is what every later
// message points with.
//
// The errors: unexpected ')' / unmatched '(' (at the innermost one) / unterminated string /
// unterminated escape in string / unexpected end of input / integer out of range and those of
// dotted pairs. Never recurses, so that no nesting is too deep.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

struct Datum {
  Value value;
  Span span;
};

// All of a source.
inline Span Whole(uint32_t source) { return {source, 0, UINT32_MAX}; }

// All data of a part of a source in order. Requires: it begins and ends between tokens, or with the
// source.
std::optional<std::vector<Datum>> Read(Heap& heap, const SourceMap& sources, Span part,
                                       Diagnostics& diagnostics);

// All data of a source in order. Requires: `sources` has it. nullopt: `diagnostics` says why.
std::optional<std::vector<Datum>> Read(Heap& heap, const SourceMap& sources, uint32_t source,
                                       Diagnostics& diagnostics);

}  // namespace pelagos::reml
