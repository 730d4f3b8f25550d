// The input of a session while it is being typed: lines that become forms.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace pelagos::cli {

// Every line is looked at once; those of a string or a comment that is still open, with it.
class PendingInput {
 public:
  // A line without its end.
  void Add(absl::string_view line);
  void Clear() { *this = PendingInput(); }

  // The lines so far, joined.
  const std::string& text() const { return text_; }
  bool empty() const { return !began_; }
  // Whether nothing is open at its end: a list, a string, a block comment, a quote without its
  // datum. What can never be right, as a ')' too many, is complete too: the reader says so.
  bool complete() const { return stray_ || (depth_ == 0 && !prefix_ && !cut_); }

 private:
  std::string text_;
  bool began_ = false;
  size_t seen_ = 0;  // what is before it is done with
  size_t depth_ = 0;
  bool prefix_ = false;  // the last token wants a datum after it
  bool stray_ = false;   // a ')' closed nothing
  bool cut_ = false;     // a string or a block comment is open
};

}  // namespace pelagos::cli
