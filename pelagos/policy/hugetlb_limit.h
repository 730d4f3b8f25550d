// Limits of huge pages, per size of page.
//
// Values. Source: cgroup-v2.rst ("HugeTLB"), cgroup-v1/hugetlb.rst.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "pelagos/policy/byte_size.h"

namespace pelagos {

struct HugetlbLimit {
  uint64_t page_bytes = 0;
  uint64_t bytes = 0;  // 0: none may be used
  friend bool operator==(const HugetlbLimit&, const HugetlbLimit&) = default;
};

// "PAGE:SIZE": "2m:64m", "1g:0". A page's size is a power of two of at least 4 KiB.
inline std::optional<HugetlbLimit> ParseHugetlbLimit(absl::string_view text) {
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos) return std::nullopt;
  const std::optional<uint64_t> page = ParseByteSize(text.substr(0, colon));
  if (!page || *page < 4096 || (*page & (*page - 1)) != 0) return std::nullopt;
  const absl::string_view size = text.substr(colon + 1);
  if (size == "0") return HugetlbLimit{*page, 0};
  const std::optional<uint64_t> bytes = ParseByteSize(size);
  if (!bytes) return std::nullopt;
  return HugetlbLimit{*page, *bytes};
}

inline std::string HugetlbLimitText(const HugetlbLimit& limit) {
  return ByteSizeText(limit.page_bytes) + ":" + ByteSizeText(limit.bytes);
}

// As the kernel's files name it: "64KB", "2MB", "1GB" (mem_fmt in mm/hugetlb_cgroup.c).
inline std::string HugePageName(uint64_t page_bytes) {
  if (page_bytes >= 1_GiB) return std::to_string(page_bytes >> 30) + "GB";
  if (page_bytes >= 1_MiB) return std::to_string(page_bytes >> 20) + "MB";
  return std::to_string(page_bytes >> 10) + "KB";
}

}  // namespace pelagos
