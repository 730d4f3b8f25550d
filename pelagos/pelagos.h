// Pelagos for C++ programs: containers described by checked values, planned, and run.
//
//   #include "pelagos/pelagos.h"
//
//   auto engine = pelagos::container::Engine::Open(pelagos::store::Roots::FromEnvironment());
//   auto running = pelagos::Container("web").Image("busybox").Command({"true"}).Launch(**engine);
//
// Everything a caller needs comes in with this header.
#pragma once

#include "pelagos/container/container.h"  // IWYU pragma: export
#include "pelagos/container/engine.h"     // IWYU pragma: export
#include "pelagos/container/running.h"    // IWYU pragma: export
