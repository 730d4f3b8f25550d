// What an evaluation has read of the world. A program sees the world through its Host (builtin.h)
// and nowhere else, and Recorded stands before that: what is in no list was not read, and the same
// list gives the same result.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/sha256.h"
#include "pelagos/reml/builtin.h"

namespace pelagos::reml {

enum class InputKind : uint8_t {
  kProgram,  // itself; who evaluates it notes that
  kEnv,      // a variable of the environment
  kFile,     // of read-file or import
  kTime,     // a clock, by the procedure that read it
  kRandom,   // random numbers
};

constexpr absl::string_view InputKindName(InputKind kind) {
  switch (kind) {
    case InputKind::kProgram:
      return "program";
    case InputKind::kEnv:
      return "env";
    case InputKind::kFile:
      return "file";
    case InputKind::kTime:
      return "time";
    case InputKind::kRandom:
      break;
  }
  return "random";
}

struct Input {
  InputKind kind = InputKind::kEnv;
  std::string name;  // of the variable, or the path by which it was opened
  // "sha256:HEX" of the content; of a clock and of random numbers, of all that was read, one after
  // the other. "unset": no such variable. "unreadable": no file, or none that can be read.
  std::string digest;

  friend bool operator==(const Input&, const Input&) = default;
  friend std::ostream& operator<<(std::ostream& stream, const Input& input) {
    return stream << InputKindName(input.kind) << " " << input.name << " " << input.digest;
  }
};

// In the order of first use. What is read again is noted again only if it has changed.
class Inputs {
 public:
  // A whole content; nullopt: there was none.
  void Note(InputKind kind, absl::string_view name, std::optional<absl::string_view> content) {
    std::string digest = content                   ? absl::StrCat("sha256:", Sha256Hex(*content))
                         : kind == InputKind::kEnv ? "unset"
                                                   : "unreadable";
    std::string& last = last_[{kind, std::string(name)}];
    if (last == digest) return;
    last = digest;
    entries_.push_back({{kind, std::string(name), std::move(digest)}, {}});
  }
  // The next piece of one that comes in pieces.
  void NotePiece(InputKind kind, absl::string_view name, absl::string_view bytes) {
    auto [at, first] = streams_.try_emplace({kind, std::string(name)}, entries_.size());
    if (first) entries_.push_back({{kind, std::string(name), ""}, {}});
    entries_[at->second].stream.Update(bytes);
  }

  std::vector<Input> list() const {
    std::vector<Input> inputs;
    for (const Entry& entry : entries_) {
      inputs.push_back(entry.input);
      if (entry.input.digest.empty()) {
        inputs.back().digest = absl::StrCat("sha256:", entry.stream.Hex());
      }
    }
    return inputs;
  }

 private:
  struct Entry {
    Input input;  // without its digest: of a stream
    Sha256 stream;
  };
  using Key = std::pair<InputKind, std::string>;

  std::vector<Entry> entries_;
  std::map<Key, std::string> last_;
  std::map<Key, size_t> streams_;
};

// The same host, but it notes in `inputs` all that is read. Requires: no function of it is empty;
// `inputs` outlives it.
Host Recorded(Host host, Inputs& inputs);

}  // namespace pelagos::reml
