// A call tried out: what the evaluator itself says of a call of one of the language's procedures
// with the data that a program gives it. So the checker's words are the evaluator's.
//
// Nothing happens: there is no world to read or to change, and what asks for it counts for nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/interpreter.h"
#include "pelagos/reml/syntax_tree.h"
#include "pelagos/spec/compose.h"
#include "pelagos/spec/forms.h"

namespace pelagos::language {

// The text of a trial, made of pieces of the program and of what stands in for the rest.
class Sketch {
 public:
  // What belongs to no place of the program.
  void Add(absl::string_view text) { text_.append(text.data(), text.size()); }
  // A piece of the program as it is: `text` begins at byte `begin` of it.
  void Copy(absl::string_view text, uint32_t begin);
  // `text` instead of bytes [begin, end) of the program.
  void Replace(absl::string_view text, uint32_t begin, uint32_t end);

  const std::string& text() const { return text_; }

 private:
  friend class Trial;
  struct Piece {
    uint32_t at = 0;  // in text_
    uint32_t end = 0;
    uint32_t begin = 0;  // in the program
    uint32_t finish = 0;
    bool copied = false;
  };
  std::string text_;
  std::vector<Piece> pieces_;
};

class Trial {
 public:
  // `source`: the number of the program, for the spans.
  explicit Trial(uint32_t source);

  struct Outcome {
    // Errors only; their spans are those of the program, or nowhere.
    std::vector<Diagnostic> errors;
    std::optional<reml::Value> value;  // until the next trial
    bool known = true;  // false: it asked for the world, or took too long; then there is nothing
    uint32_t number = 0;
  };
  Outcome Run(Sketch sketch);

  // A span of a trial as one of the program.
  Span InProgram(Span span) const;
  // false: enough has been tried, Run does nothing more.
  bool more() const { return bytes_ < kMostBytes && sketches_.size() < kMostTrials; }

 private:
  static constexpr size_t kMostBytes = 64 << 20;
  static constexpr size_t kMostTrials = 100'000;

  reml::Host DeafHost();

  const uint32_t source_;
  bool touched_ = false;
  size_t bytes_ = 0;
  SourceMap sources_;
  std::vector<std::vector<Sketch::Piece>> sketches_;  // by the number of their source, less first_
  uint32_t first_ = 0;
  reml::Interpreter interpreter_;
  ComposeForms forms_;
};

}  // namespace pelagos::language
