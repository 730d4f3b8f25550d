// Which addresses of a network are in use: one bit for each, counted from the subnet's base, in a
// file that is as long as its highest bit needs.
//
// Before the owner record says what a container got, the bits are set, together with who is about
// to get them: if the process was killed in between, the next one finds a pending owner whose
// record does not have them, and frees them. So no address is lost, and none is given twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace pelagos::net {

class AddressMap {
 public:
  // "OWNER OFFSET OFFSET\n", then the bits, the lowest of each byte first. DataLoss for anything
  // else but "".
  static absl::StatusOr<AddressMap> Parse(absl::string_view text) {
    AddressMap map;
    if (text.empty()) return map;
    const size_t end = text.find('\n');
    if (end == absl::string_view::npos) return absl::DataLossError("leases: no first line");
    const std::vector<absl::string_view> words =
        absl::StrSplit(text.substr(0, end), ' ', absl::SkipEmpty());
    for (size_t i = 0; i < words.size(); ++i) {
      uint32_t offset = 0;
      if (i == 0) {
        map.owner_ = std::string(words[i]);
      } else if (absl::SimpleAtoi(words[i], &offset)) {
        map.pending_.push_back(offset);
      } else {
        return absl::DataLossError("leases: a pending address is no number");
      }
    }
    map.bits_ = std::string(text.substr(end + 1));
    return map;
  }

  std::string ToText() const {
    std::string text = owner_;
    for (uint32_t offset : pending_) absl::StrAppend(&text, " ", offset);
    return absl::StrCat(text, "\n", bits_);
  }

  bool Has(uint32_t offset) const {
    return offset / 8 < bits_.size() && (bits_[offset / 8] >> offset % 8 & 1) != 0;
  }
  // Marks it as used, and its owner as the pending one.
  void Take(uint32_t offset, absl::string_view owner) {
    if (owner_ != owner) pending_.clear();
    owner_ = std::string(owner);
    pending_.push_back(offset);
    if (offset / 8 >= bits_.size()) bits_.resize(offset / 8 + 1, '\0');
    bits_[offset / 8] = static_cast<char>(bits_[offset / 8] | 1 << offset % 8);
  }
  void Free(uint32_t offset) {
    if (!Has(offset)) return;
    bits_[offset / 8] = static_cast<char>(bits_[offset / 8] & ~(1 << offset % 8));
    while (!bits_.empty() && bits_.back() == '\0') bits_.pop_back();
  }
  // The lowest free one of first..last.
  std::optional<uint32_t> FirstFree(uint32_t first, uint32_t last) const {
    for (uint32_t offset = first; offset <= last; ++offset) {
      constexpr char kFull = '\xff';
      if (offset % 8 == 0 && offset / 8 < bits_.size() && bits_[offset / 8] == kFull) {
        offset += 7;
        continue;
      }
      if (!Has(offset)) return offset;
    }
    return std::nullopt;
  }
  bool empty() const { return bits_.empty(); }

  // Who was the last to take addresses, and which; empty if that is settled.
  const std::string& owner() const { return owner_; }
  const std::vector<uint32_t>& pending() const { return pending_; }
  void Settle() {
    owner_.clear();
    pending_.clear();
  }

 private:
  std::string owner_;
  std::vector<uint32_t> pending_;
  std::string bits_;
};

}  // namespace pelagos::net
