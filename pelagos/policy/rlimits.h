// The resource limits of a container's processes.
//
// A value. Source: getrlimit(2), docker-run(1) ("--ulimit"). What is not set stays as the caller of
// Pelagos has it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "pelagos/abi/rlimit.h"

namespace pelagos {

// In the limit's own unit (bytes, seconds, files, ...); kRlimitUnlimited is none.
struct RlimitPair {
  uint64_t soft = 0, hard = 0;
  friend constexpr bool operator==(const RlimitPair&, const RlimitPair&) = default;
};

// Why a pair cannot be set, as the end of a sentence, or "".
constexpr absl::string_view RlimitProblem(RlimitPair pair) {
  return pair.soft > pair.hard ? "has a soft limit above its hard limit" : "";
}

class Rlimits {
 public:
  // The compile-time door: Rlimits().Set<Rlimit::kNofile, 9, 3>() does not compile.
  template <Rlimit kLimit, uint64_t kSoft, uint64_t kHard = kSoft>
  requires(RlimitProblem({kSoft, kHard}).empty()) Rlimits Set() && {
    Set(kLimit, {kSoft, kHard});
    return std::move(*this);
  }
  // Replaces what was set for `limit`.
  void Set(Rlimit limit, RlimitPair pair) { pairs_[limit] = pair; }

  // By number.
  const std::map<Rlimit, RlimitPair>& pairs() const { return pairs_; }
  bool empty() const { return pairs_.empty(); }
  friend bool operator==(const Rlimits&, const Rlimits&) = default;

 private:
  std::map<Rlimit, RlimitPair> pairs_;
};

// "1024", "unlimited" (also as "-1").
constexpr std::optional<uint64_t> ParseRlimitValue(absl::string_view text) {
  if (text == "unlimited" || text == "-1") return kRlimitUnlimited;
  if (text.empty() || text.size() > 19) return std::nullopt;
  uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

inline std::string RlimitValueText(uint64_t value) {
  return value == kRlimitUnlimited ? "unlimited" : std::to_string(value);
}

struct Ulimit {
  Rlimit limit;
  RlimitPair pair;
};

// "nofile=1024:2048"; one number is both. Nullopt if it is no such text, a soft limit above the
// hard one included; the name alone is asked with FindRlimit.
inline std::optional<Ulimit> ParseUlimit(absl::string_view text) {
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos) return std::nullopt;
  const std::optional<Rlimit> limit = FindRlimit(text.substr(0, equals));
  const absl::string_view values = text.substr(equals + 1);
  const size_t colon = values.find(':');
  const std::optional<uint64_t> soft = ParseRlimitValue(values.substr(0, colon));
  const std::optional<uint64_t> hard =
      colon == absl::string_view::npos ? soft : ParseRlimitValue(values.substr(colon + 1));
  if (!limit || !soft || !hard) return std::nullopt;
  const RlimitPair pair = {*soft, *hard};
  if (!RlimitProblem(pair).empty()) return std::nullopt;
  return Ulimit{*limit, pair};
}

}  // namespace pelagos
