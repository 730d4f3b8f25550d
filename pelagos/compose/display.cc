#include "pelagos/compose/display.h"

#include <algorithm>
#include <array>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace pelagos::compose {
namespace {

constexpr std::array<const char*, 8> kSpinner = {"⣾", "⣽", "⣻", "⢿", "⡿", "⣟", "⣯", "⣷"};

// At most `columns` characters.
std::string Cut(const std::string& text, size_t columns) {
  std::string cut;
  size_t characters = 0;
  for (char c : text) {
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80 && ++characters > columns) break;
    cut.push_back(c);
  }
  return cut;
}

}  // namespace

std::string FailureText(const Event& event) {
  std::string text = event.service.empty()
                         ? absl::StrCat("the stack failed: ", event.text, "\n")
                         : absl::StrCat("service '", event.service, "' failed: ", event.text, "\n");
  if (!event.lines.empty()) {
    absl::StrAppend(&text, "the last lines of its log:\n");
    for (const std::string& line : event.lines) {
      absl::StrAppend(&text, "  ", event.service, " | ", line, "\n");
    }
  }
  return text;
}

Display::Display(std::ostream& out, std::vector<DisplayRow> rows, bool live, size_t columns)
    : out_(out), live_(live), columns_(std::max<size_t>(columns, 20)) {
  for (DisplayRow& row : rows) {
    width_ = std::max(width_, row.service.size());
    rows_.push_back({std::move(row), State::kWaiting, 0});
  }
  if (live_) Draw();
}

Display::Row* Display::Find(const std::string& service) {
  for (Row& row : rows_) {
    if (row.what.service == service) return &row;
  }
  return nullptr;
}

bool Display::moving() const {
  return live_ && std::any_of(rows_.begin(), rows_.end(), [](const Row& row) {
           return row.state == State::kStarting || row.state == State::kStopping;
         });
}

std::string Display::Line(const Row& row) const {
  const std::string name = absl::StrFormat("%-*s", static_cast<int>(width_), row.what.service);
  switch (row.state) {
    case State::kWaiting:
      return absl::StrCat("  ", name, "  waiting");
    case State::kStarting:
      return absl::StrCat(kSpinner[figure_], " ", name, "  starting");
    case State::kReady:
      return absl::StrCat(absl::StrFormat("✔ %s  ready in %.2f s", name, row.seconds),
                          row.what.published.empty() ? "" : absl::StrCat("  ", row.what.published));
    case State::kFailed:
      return absl::StrCat("✘ ", name, "  failed");
    case State::kStopping:
      return absl::StrCat(kSpinner[figure_], " ", name, "  stopping");
    case State::kStopped:
      break;
  }
  return absl::StrCat("  ", name, "  stopped");
}

void Display::Erase() {
  // Up over the rows, then clear to the end of the screen.
  if (drawn_ > 0) out_ << "\x1b[" << drawn_ << "A\r\x1b[J";
  drawn_ = 0;
}

void Display::Draw() {
  Erase();
  for (const Row& row : rows_) out_ << Cut(Line(row), columns_ - 1) << "\n";
  drawn_ = rows_.size();
  out_.flush();
}

void Display::Print(const std::string& text) {
  if (live_) Erase();
  out_ << text;
  if (live_ && !text.empty() && text.back() != '\n') out_ << "\n";
  if (live_) Draw();
  out_.flush();
}

void Display::Tick() {
  if (!live_) return;
  figure_ = (figure_ + 1) % kSpinner.size();
  Draw();
}

void Display::Show(const Event& event) {
  if (Row* row = Find(event.service); row != nullptr) {
    switch (event.kind) {
      case EventKind::kStarting:
        row->state = State::kStarting;
        break;
      case EventKind::kReady:
        row->state = State::kReady;
        row->seconds = event.seconds;
        break;
      case EventKind::kFailed:
        row->state = State::kFailed;
        break;
      case EventKind::kStopping:
        if (row->state != State::kFailed) row->state = State::kStopping;
        break;
      case EventKind::kStopped:
        if (row->state != State::kFailed) row->state = State::kStopped;
        break;
      default:
        break;
    }
  }
  if (event.kind == EventKind::kOutput) return Print(event.text);
  if (event.kind == EventKind::kWarning) {
    return Print(absl::StrCat("warning: ", event.service.empty() ? "" : event.service + ": ",
                              event.text, "\n"));
  }
  if (live_) return Draw();
  if (event.kind == EventKind::kReady) {
    const Row* row = Find(event.service);
    Print(absl::StrCat(event.service, ": ", absl::StrFormat("ready in %.2f s", event.seconds),
                       row == nullptr || row->what.published.empty()
                           ? ""
                           : absl::StrCat(", ", row->what.published),
                       "\n"));
  }
}

}  // namespace pelagos::compose
