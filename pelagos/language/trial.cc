#include "pelagos/language/trial.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"

namespace pelagos::language {
namespace {

constexpr reml::Limits kLimits = {.depth = 1'000, .steps = 20'000, .bytes = size_t{64} << 20};

// What stops any program, whatever it does.
bool OutOfLimits(absl::string_view message) {
  return message == "too many steps" || message == "out of memory" ||
         message == "recursion too deep";
}

}  // namespace

void Sketch::Copy(absl::string_view text, uint32_t begin) {
  const auto at = static_cast<uint32_t>(text_.size());
  const auto size = static_cast<uint32_t>(text.size());
  pieces_.push_back({at, at + size, begin, begin + size, true});
  Add(text);
}

void Sketch::Replace(absl::string_view text, uint32_t begin, uint32_t end) {
  const auto at = static_cast<uint32_t>(text_.size());
  pieces_.push_back({at, at + static_cast<uint32_t>(text.size()), begin, end, false});
  Add(text);
}

reml::Host Trial::DeafHost() {
  reml::Host host;
  host.output = [](absl::string_view) {};
  host.log = [](absl::string_view) {};
  host.environment = [this](absl::string_view) -> std::optional<std::string> {
    touched_ = true;
    return std::nullopt;
  };
  host.read_file = [this](const std::string&, size_t) -> absl::StatusOr<std::string> {
    touched_ = true;
    return absl::NotFoundError("there are no files");
  };
  host.now = [this] {
    touched_ = true;
    return 0.0;
  };
  host.ticks = [this]() -> int64_t {
    touched_ = true;
    return 0;
  };
  host.random = [this]() -> uint64_t {
    touched_ = true;
    return 0;
  };
  host.sleep = [this](double) { touched_ = true; };
  return host;
}

Trial::Trial(uint32_t source)
    : source_(source), interpreter_(sources_, kLimits, DeafHost()), forms_(interpreter_) {
  while (sources_.Find(first_) != nullptr) ++first_;
}

Trial::Outcome Trial::Run(Sketch sketch) {
  Outcome outcome;
  if (!more()) {
    outcome.known = false;
    return outcome;
  }
  touched_ = false;
  bytes_ += sketch.text_.size();
  outcome.number = sources_.Add("trial", std::move(sketch.text_));
  sketches_.push_back(std::move(sketch.pieces_));
  Diagnostics diagnostics;
  outcome.value = forms_.Evaluate(outcome.number, diagnostics);
  for (const Diagnostic& diagnostic : diagnostics.list()) {
    if (diagnostic.severity != Severity::kError) continue;
    if (OutOfLimits(diagnostic.message)) touched_ = true;
    Diagnostic error = diagnostic;
    error.span = InProgram(error.span);
    outcome.errors.push_back(std::move(error));
  }
  if (touched_) {
    outcome.known = false;
    outcome.errors.clear();
    outcome.value.reset();
  }
  return outcome;
}

Span Trial::InProgram(Span span) const {
  if (!span.known() || span.source < first_ || span.source - first_ >= sketches_.size()) return {};
  const std::vector<Sketch::Piece>& pieces = sketches_[span.source - first_];
  const auto around = [&](uint32_t at) {
    auto found = std::upper_bound(
        pieces.begin(), pieces.end(), at,
        [](uint32_t offset, const Sketch::Piece& piece) { return offset < piece.at; });
    return found == pieces.begin() || at >= std::prev(found)->end ? pieces.end() : std::prev(found);
  };
  const auto first = around(span.begin);
  const auto last = around(span.end > span.begin ? span.end - 1 : span.begin);
  if (first == pieces.end() || last == pieces.end()) return {};
  Span mapped{source_, first->begin, last->finish};
  if (first->copied) mapped.begin = first->begin + (span.begin - first->at);
  if (last->copied) mapped.end = last->begin + (span.end - last->at);
  return mapped;
}

}  // namespace pelagos::language
