#include "pelagos/image/store_check.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace pelagos::image {
namespace {

using Json = nlohmann::json;

constexpr char kDamaged[] = "damaged";
constexpr char kLeftOver[] = "left over";

const char* KindText(StoreFinding::Kind kind) {
  return kind == StoreFinding::Kind::kDamage ? kDamaged : kLeftOver;
}

}  // namespace

std::string StoreFinding::ToString() const {
  std::string line;
  // A damaged file may hold, and be called, what a terminal would obey.
  for (char c : absl::StrCat(KindText(kind), ": ", file, ": ", what, "; ", advice)) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
      absl::StrAppendFormat(&line, "\\x%02x", static_cast<unsigned char>(c));
    } else {
      line.push_back(c);
    }
  }
  return line;
}

size_t StoreCheck::Count(StoreFinding::Kind kind) const {
  return static_cast<size_t>(
      std::count_if(findings.begin(), findings.end(),
                    [&](const StoreFinding& finding) { return finding.kind == kind; }));
}

std::string PrintStoreCheck(const StoreCheck& check) {
  Json findings = Json::array();
  for (const StoreFinding& finding : check.findings) {
    findings.push_back({{"kind", KindText(finding.kind)},
                        {"file", finding.file},
                        {"what", finding.what},
                        {"advice", finding.advice}});
  }
  const Json json = {{"findings", findings},
                     {"images", check.images},
                     {"blobs", check.blobs},
                     {"layers", check.layers},
                     {"bytes", check.bytes}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<StoreCheck> ParseStoreCheck(absl::string_view text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  const auto wrong = [](absl::string_view field) {
    return absl::InvalidArgumentError(absl::StrCat("check of the store: field '", field, "'"));
  };
  if (!json.is_object()) return absl::InvalidArgumentError("check of the store: no JSON object");
  StoreCheck check;
  uint64_t images = 0, blobs = 0, layers = 0;
  const std::pair<const char*, uint64_t*> numbers[] = {
      {"images", &images}, {"blobs", &blobs}, {"layers", &layers}, {"bytes", &check.bytes}};
  for (const auto& [name, number] : numbers) {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_number_unsigned()) return wrong(name);
    *number = found->get<uint64_t>();
  }
  check.images = images;
  check.blobs = blobs;
  check.layers = layers;
  const auto findings = json.find("findings");
  if (findings == json.end() || !findings->is_array()) return wrong("findings");
  for (const Json& row : *findings) {
    if (!row.is_object()) return wrong("findings");
    StoreFinding& finding = check.findings.emplace_back();
    std::string kind;
    const std::pair<const char*, std::string*> texts[] = {{"kind", &kind},
                                                          {"file", &finding.file},
                                                          {"what", &finding.what},
                                                          {"advice", &finding.advice}};
    for (const auto& [name, value] : texts) {
      const auto found = row.find(name);
      if (found == row.end() || !found->is_string()) return wrong(name);
      *value = found->get<std::string>();
    }
    if (kind != kDamaged && kind != kLeftOver) return wrong("kind");
    finding.kind = kind == kDamaged ? StoreFinding::Kind::kDamage : StoreFinding::Kind::kLeftOver;
  }
  return check;
}

}  // namespace pelagos::image
