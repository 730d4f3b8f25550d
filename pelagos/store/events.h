// What became of containers, and when: an append-only journal, one JSON object a line.
//
//   RUN/events     {"time":"2026-03-01T12:00:00.123456789Z","type":"container","action":"die",
//                   "id":"4f1c...","name":"web","image":"nginx","exitCode":0,
//                   "attributes":{"team":"shop"}}
//   RUN/events.1   what came before, when `events` had its share of bytes (kMostJournal)
//
// Any process appends, each event with one write(2), and waits for nobody; who reads needs no lock.
// Source: docker-events(1), open(2) on O_APPEND, flock(2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/store/line_reader.h"
#include "pelagos/store/paths.h"

namespace pelagos::store {

enum class EventAction : uint8_t {
  kCreate,
  kStart,
  kDie,
  kOom,
  kStop,
  kKill,
  kPause,
  kUnpause,
  kHealthStatus,
  kRename,
  kUpdate,
  kDestroy,
  kRestart,
  kAttach,
  kDetach,
  kExecCreate,
  kExecStart,
  kExecDie,
  kExecDetach,
  kCommit,
  kArchivePath,   // `cp` out of it
  kExtractToDir,  // `cp` into it
  kExport,
};

// "health_status"; as Docker calls it.
absl::string_view NameOf(EventAction action);
std::optional<EventAction> FindEventAction(absl::string_view name);
// All of them, in the order above.
std::vector<absl::string_view> EventActionNames();

struct Event {
  std::string time;  // RFC 3339, UTC, nanoseconds: compares as text; empty: when it is appended
  EventAction action = EventAction::kCreate;
  std::string detail;  // what Docker says after a colon: "healthy", the command of an exec
  std::string id, name, image;
  std::optional<int> exit_code;  // of kDie and kExecDie
  // The container's labels, and what belongs to the action: "signal" of kKill, "oldName" of
  // kRename, "execID" of the execs.
  std::map<std::string, std::string> attributes;

  friend bool operator==(const Event&, const Event&) = default;
};

// In bytes: of each of the two files, and of a line.
inline constexpr size_t kMostJournal = 1 << 20;
inline constexpr size_t kMostEvent = 32 * 1024;

// Where the journal is.
std::string EventsFile(const Roots& roots);

// Makes the run root where it is missing. Of an event that would be longer than kMostEvent the
// attributes are left out, and one of name "attributesLeftOut" says how many. An error is nothing
// that should stop who appends: what happened has happened.
absl::Status AppendEvent(const Roots& roots, Event event);

// A line of the journal, without its new-line; nullopt if `line` is none.
std::string ToJson(const Event& event);
std::optional<Event> EventFromJson(absl::string_view line);

// Reads the journal from its beginning, and goes on with what is added. Moves.
class EventReader {
 public:
  explicit EventReader(const Roots& roots) : lines_(EventsFile(roots)) {}

  // The next events, a bounded number of them. None: that is all for now.
  absl::StatusOr<std::vector<Event>> Next();

  // Lines that were no events, in what was read so far.
  uint64_t damaged() const { return damaged_; }

 private:
  LineReader lines_;
  uint64_t damaged_ = 0;
};

}  // namespace pelagos::store
