// The procedures that every program has (the macros are in stdlib.reml and define_service.h), a
// table for each chapter of the reference.
#pragma once

#include <vector>

#include "pelagos/reml/builtin.h"

namespace pelagos::reml {

BuiltinTable NumberBuiltins();    // + quotient < number? ...
BuiltinTable ListBuiltins();      // cons append equal? assoc ...
BuiltinTable SequenceBuiltins();  // map for-each filter fold-left apply ...
BuiltinTable StringBuiltins();    // string-append substring symbol->string ...
BuiltinTable SystemBuiltins();    // display format error env log sleep ...

// All of them, in the order of the reference.
inline std::vector<BuiltinTable> BuiltinTables() {
  return {NumberBuiltins(), ListBuiltins(), SequenceBuiltins(), StringBuiltins(), SystemBuiltins()};
}

}  // namespace pelagos::reml
