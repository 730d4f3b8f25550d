// JSON as values, and values as JSON.
//
//   object          hash table, its keys strings in the order of the text
//   array           list
//   string          string
//   number          integer when it is written as one and fits, else float
//   true false      #t #f
//   null            the symbol null
//
// Written too: vectors as arrays; symbols other than null as strings; and as an object each list
// that is an alist: not empty, its elements pairs with a string or a symbol in front. So a list of
// lists that begin with strings is written as an object; a vector of them as an array.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

// Errors: InvalidArgument with the place in the text, "line 2, column 5: unexpected ']'";
// ResourceExhausted when the heap has no room for what is in it. Of equal keys, the last one
// counts. `work` gets the steps that it took.
absl::StatusOr<Value> ParseJson(Heap& heap, absl::string_view text, uint64_t* work);

// On one line; with an `indent`, each element on its own, by so many blanks for each level. Of
// equal keys, the first one counts. Errors: InvalidArgument for what JSON does not have;
// ResourceExhausted when the text would be longer than `limit` bytes.
absl::StatusOr<std::string> JsonText(Value value, int indent = 0, size_t limit = SIZE_MAX);

}  // namespace pelagos::reml
