// What `compose up` shows: on a terminal a row for every service, drawn again as it changes;
// elsewhere one plain line for every service that becomes ready.
//
// Not thread-safe. Writes to the stream it was given and nowhere else.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "pelagos/compose/event.h"

namespace pelagos::compose {

struct DisplayRow {
  std::string service;
  std::string published;  // "127.0.0.1:8080 -> 80, ...", may be empty
};

class Display {
 public:
  // `live`: the stream is a terminal. `columns` is its width; longer rows are cut.
  Display(std::ostream& out, std::vector<DisplayRow> rows, bool live, size_t columns = 80);

  void Show(const Event& event);

  // Draws the rows again with the spinner's next figure; for a timer. Nothing if not live.
  void Tick();

  // True if a row moves: somebody should call Tick.
  bool moving() const;

 private:
  enum class State { kWaiting, kStarting, kReady, kFailed, kStopping, kStopped };
  struct Row {
    DisplayRow what;
    State state = State::kWaiting;
    double seconds = 0;
  };

  Row* Find(const std::string& service);
  std::string Line(const Row& row) const;
  void Erase();
  void Draw();
  void Print(const std::string& text);

  std::ostream& out_;
  std::vector<Row> rows_;
  bool live_;
  size_t columns_;
  size_t drawn_ = 0;  // rows on the screen
  size_t figure_ = 0;
  size_t width_ = 0;  // of the longest service name
};

// What a failure looks like, for both kinds of display: the service, why, the end of its log.
std::string FailureText(const Event& event);

}  // namespace pelagos::compose
