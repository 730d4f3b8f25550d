#include "pelagos/lsp/frame.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace pelagos::lsp {
namespace {

constexpr absl::string_view kLength = "content-length:";

// Where `kLength` begins, in any case; npos: nowhere.
size_t FindLength(absl::string_view text) {
  const auto found = std::search(
      text.begin(), text.end(), kLength.begin(), kLength.end(),
      [](char a, char b) { return absl::ascii_tolower(static_cast<unsigned char>(a)) == b; });
  return found == text.end() ? absl::string_view::npos : static_cast<size_t>(found - text.begin());
}

// Behind the empty line that ends a header; npos: it does not end here.
size_t HeaderEnd(absl::string_view text) {
  for (size_t end = text.find('\n'); end != absl::string_view::npos;
       end = text.find('\n', end + 1)) {
    if (text.substr(end + 1, 1) == "\n") return end + 2;
    if (text.substr(end + 1, 2) == "\r\n") return end + 3;
  }
  return absl::string_view::npos;
}

struct Length {
  std::optional<size_t> value;
  std::string error;
};

Length LengthIn(absl::string_view header) {
  Length length;
  for (absl::string_view line : absl::StrSplit(header, '\n')) {
    const size_t begin = FindLength(line);
    if (begin == absl::string_view::npos) continue;
    const absl::string_view digits =
        absl::StripAsciiWhitespace(line.substr(begin + kLength.size()));
    uint64_t value = 0;
    const bool number = !digits.empty() && std::all_of(digits.begin(), digits.end(), [](char c) {
      return absl::ascii_isdigit(static_cast<unsigned char>(c));
    });
    if (!number) {
      return {std::nullopt, "the Content-Length is no number"};
    }
    if (!absl::SimpleAtoi(digits, &value) || value > FrameReader::kLargestBody) {
      return {std::nullopt, absl::StrCat("the Content-Length is over ", FrameReader::kLargestBody)};
    }
    if (length.value && *length.value != value) {
      return {std::nullopt, "the header has two Content-Lengths"};
    }
    length.value = value;
  }
  if (!length.value) length.error = "the header has no Content-Length";
  return length;
}

}  // namespace

void FrameReader::Add(absl::string_view bytes) {
  if (at_ > 65536 && at_ > buffer_.size() / 2) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  buffer_.append(bytes.data(), bytes.size());
}

bool FrameReader::Resynchronise() {
  const size_t next = FindLength(rest());
  if (next == absl::string_view::npos) {
    // Its beginning may be there already.
    at_ = buffer_.size() - std::min(rest().size(), kLength.size() - 1);
    return false;
  }
  at_ += next;
  lost_ = false;
  return true;
}

std::optional<Frame> FrameReader::Next() {
  if (!body_) {
    if (lost_ && !Resynchronise()) return std::nullopt;
    const size_t end = HeaderEnd(rest().substr(0, kLargestHeader));
    if (end == absl::string_view::npos) {
      if (rest().size() < kLargestHeader) return std::nullopt;
      at_ += kLength.size();
      return Lose(absl::StrCat("the header is over ", kLargestHeader, " bytes"));
    }
    const Length length = LengthIn(rest().substr(0, end));
    at_ += end;
    if (!length.value) return Lose(length.error);
    body_ = length.value;
  }
  if (rest().size() < *body_) return std::nullopt;
  Frame frame{std::string(rest().substr(0, *body_)), ""};
  at_ += *body_;
  body_.reset();
  return frame;
}

std::string Framed(absl::string_view body) {
  return absl::StrCat("Content-Length: ", body.size(), "\r\n\r\n", body);
}

}  // namespace pelagos::lsp
