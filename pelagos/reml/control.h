// The procedures that derived forms (derived_macros.h) put into their expansions. No program can
// name them.
#pragma once

#include "pelagos/reml/builtin.h"

namespace pelagos::reml::control {

extern const Builtin kCallWithValues;
extern const Builtin kMakeCaseLambda;   // of the procedures of its clauses
extern const Builtin kParameterize;     // thunk, and parameters and values in turn
extern const Builtin kDelay;            // of a thunk
extern const Builtin kDelayForce;       // of a thunk that gives a promise
extern const Builtin kIsOneOf;          // of a key and a list of data
extern const Builtin kAssertionFailed;  // of the expression as data

}  // namespace pelagos::reml::control
