// The frames of the Language Server Protocol, cut out of a stream of bytes:
//
//   Content-Length: 14\r\n
//   \r\n
//   {"jsonrpc":...
//
// What is no frame is reported once and skipped up to the next header.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace pelagos::lsp {

struct Frame {
  std::string body;
  std::string error;  // not empty: there was no frame, and why
};

class FrameReader {
 public:
  static constexpr size_t kLargestBody = size_t{64} << 20;
  static constexpr size_t kLargestHeader = 8192;

  void Add(absl::string_view bytes);
  // nullopt: more bytes are needed.
  std::optional<Frame> Next();

 private:
  absl::string_view rest() const { return absl::string_view(buffer_).substr(at_); }
  // Skips to the next header; false: there is none yet.
  bool Resynchronise();
  Frame Lose(std::string error) {
    lost_ = true;
    return {"", std::move(error)};
  }

  std::string buffer_;
  size_t at_ = 0;  // in the buffer: the first byte that was not taken
  bool lost_ = false;
  std::optional<size_t> body_;  // behind a header: how long it is
};

// A body as a frame.
std::string Framed(absl::string_view body);

}  // namespace pelagos::lsp
