// Where a command of `pelagos reml` reads and writes. Commands get it as a value, so that tests run
// them in their own process.
#pragma once

#include <istream>
#include <ostream>

namespace pelagos::cli {

struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

}  // namespace pelagos::cli
