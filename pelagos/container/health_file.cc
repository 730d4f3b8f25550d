#include "pelagos/container/health_file.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "pelagos/sys/file.h"

namespace pelagos::container {

std::string ReadHealthStatus(const store::Roots& roots, const std::string& id) {
  constexpr size_t kLargest = 1 << 20;
  const absl::StatusOr<std::string> text =
      sys::ReadFileAtOnce(absl::StrCat(roots.KeptContainer(id), "/health.json"), kLargest);
  if (!text.ok()) return "";  // it has none
  const auto json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  const auto status = json.is_object() ? json.find("Status") : json.end();
  if (!json.is_object() || status == json.end() || !status->is_string()) return "";
  return status->get<std::string>();
}

}  // namespace pelagos::container
