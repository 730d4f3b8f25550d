// Where the time goes: named laps of one run, on the monotonic clock.
//
//   Laps laps;
//   ...; laps.Lap("image");   // what was done since the last lap
//   std::cerr << laps.Table();
//
// Not thread-safe. Code that may be timed takes a Laps*, null when nobody asks.
#pragma once

#include <time.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace pelagos {

class Laps {
 public:
  static int64_t Now() {  // nanoseconds, CLOCK_MONOTONIC
    timespec now = {};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
  }

  // All since the last lap was `what`.
  void Lap(std::string what) { LapAt(std::move(what), Now()); }
  // The same for an end that lies at `then`, which some other clock of the same kind told.
  void LapAt(std::string what, int64_t then) {
    laps_.push_back({std::move(what), then - last_});
    last_ = then;
  }

  int64_t last() const { return last_; }

  // A line for each lap: microseconds, name; the sum at the end.
  std::string Table() const {
    std::string text;
    int64_t sum = 0;
    for (const auto& [what, nanoseconds] : laps_) {
      sum += nanoseconds;
      absl::StrAppendFormat(&text, "%9.1f us  %s\n", Microseconds(nanoseconds), what);
    }
    absl::StrAppendFormat(&text, "%9.1f us  in all\n", Microseconds(sum));
    return text;
  }

 private:
  static double Microseconds(int64_t nanoseconds) {
    return static_cast<double>(nanoseconds) / 1000;
  }

  int64_t last_ = Now();
  std::vector<std::pair<std::string, int64_t>> laps_;
};

inline void Lap(Laps* laps, absl::string_view what) {
  if (laps != nullptr) laps->Lap(std::string(what));
}

}  // namespace pelagos
