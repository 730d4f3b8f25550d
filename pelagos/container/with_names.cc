#include "pelagos/container/with_names.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "pelagos/store/container.h"

namespace pelagos::container {
namespace {

constexpr size_t kIdLength = 64;

size_t HexDigits(absl::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c)) || (c >= 'a' && c <= 'f');
  });
  return static_cast<size_t>(end - text.begin());
}

}  // namespace

std::string CalledName(const store::Roots& roots, const std::string& id) {
  if (id.size() != kIdLength) return id;
  const auto record = store::ReadContainer(roots, id);
  return record.ok() ? record->spec.name : id;
}

absl::Status WithNames(const store::Roots& roots, const absl::Status& status) {
  if (status.ok()) return status;
  absl::string_view rest = status.message();
  std::string text;
  while (!rest.empty()) {
    const size_t digits = HexDigits(rest);
    const size_t size = std::max<size_t>(digits, 1);
    const std::string part(rest.substr(0, size));
    text += digits == kIdLength ? CalledName(roots, part) : part;
    rest.remove_prefix(size);
  }
  return absl::Status(status.code(), text);
}

}  // namespace pelagos::container
