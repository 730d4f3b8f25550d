// What cannot be honoured in a document, each by its JSON pointer.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

namespace pelagos::oci {

class Mistakes {
 public:
  // "/linux/sysctl/a~1b: is no name of a setting"
  void Add(absl::string_view pointer, absl::string_view problem) {
    lines_.push_back(absl::StrCat(pointer, ": ", problem));
  }
  const std::vector<std::string>& lines() const { return lines_; }

  // InvalidArgument with all of them, one a line.
  absl::Status status() const {
    if (lines_.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrJoin(lines_, "\n"));
  }

 private:
  std::vector<std::string> lines_;
};

// RFC 6901: a part of a pointer.
inline std::string PointerPart(absl::string_view key) {
  return absl::StrReplaceAll(key, {{"~", "~0"}, {"/", "~1"}});
}

}  // namespace pelagos::oci
