#include "pelagos/reml/inputs.h"

#include <cstring>

#include "absl/status/statusor.h"

namespace pelagos::reml {
namespace {

template <typename Number>
std::function<Number()> Noting(std::function<Number()> read, InputKind kind, absl::string_view name,
                               Inputs& inputs) {
  return [read = std::move(read), kind, name, &inputs] {
    const Number number = read();
    char bytes[sizeof(number)];
    std::memcpy(bytes, &number, sizeof(number));
    inputs.NotePiece(kind, name, {bytes, sizeof(bytes)});
    return number;
  };
}

}  // namespace

Host Recorded(Host host, Inputs& inputs) {
  host.environment = [read = std::move(host.environment), &inputs](absl::string_view name) {
    std::optional<std::string> value = read(name);
    std::optional<absl::string_view> content;
    if (value) content = *value;
    inputs.Note(InputKind::kEnv, name, content);
    return value;
  };
  host.read_file = [read = std::move(host.read_file), &inputs](const std::string& path,
                                                               size_t most) {
    absl::StatusOr<std::string> file = read(path, most);
    std::optional<absl::string_view> content;
    if (file.ok()) content = *file;
    inputs.Note(InputKind::kFile, path, content);
    return file;
  };
  host.now = Noting(std::move(host.now), InputKind::kTime, "current-second", inputs);
  host.ticks = Noting(std::move(host.ticks), InputKind::kTime, "current-jiffy", inputs);
  host.random = Noting(std::move(host.random), InputKind::kRandom, "random", inputs);
  return host;
}

}  // namespace pelagos::reml
