// What a supervisor tells the `up` that waits for it: one JSON object a line, over a pipe.
//
//   supervisor                                   up
//     {"kind":"starting","service":"db"}   ->    a line, or a row of the live display
//     {"kind":"ready","service":"db",...}  ->
//     {"kind":"output","text":"..."}       ->    what hooks print
//     {"kind":"failed","service":"web",..} ->    why, with the last lines of its log
//     {"kind":"stopped","service":"db"}    ->    while a failed stack is taken down
//     {"kind":"up"} or {"kind":"down"}     ->    the last word; then the pipe ends
//
// A pipe that ends without a last word means that the supervisor died.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pelagos::compose {

enum class EventKind : uint8_t {
  kStarting,
  kReady,
  kOutput,
  kWarning,
  kFailed,
  kStopping,
  kStopped,
  kUp,
  kDown,
};

struct Event {
  EventKind kind = EventKind::kOutput;
  std::string service;  // empty: the whole stack
  std::string text;
  double seconds = 0;              // kReady: since the service's program was started
  std::vector<std::string> lines;  // kFailed: the end of the service's log

  friend bool operator==(const Event&, const Event&) = default;
};

// One line, with its new-line.
std::string Encode(const Event& event);

// nullopt for anything that is no event.
std::optional<Event> Decode(absl::string_view line);

}  // namespace pelagos::compose
