#include "pelagos/cli/run_command.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace pelagos::cli {

std::optional<std::vector<std::string>> WordsOfJson(absl::string_view text) {
  if (text.empty() || text[0] != '[') return std::nullopt;
  const auto json =
      nlohmann::json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) return std::nullopt;
  std::vector<std::string> words;
  for (const nlohmann::json& item : json) {
    if (!item.is_string()) return std::nullopt;
    words.push_back(item.get<std::string>());
  }
  return words;
}

std::vector<Flag> CommandFlags() {
  return {
      {"rootfs", 0, "DIR|NAME", "a folder as the root, or its name of 'rootfs ls': no image"},
      {"entrypoint", 0, "PROGRAM", "instead of the image's, without its CMD; '': none"},
  };
}

absl::Status ApplyCommand(const Arguments& args, ContainerSpec& spec) {
  std::vector<std::string> words = args.positionals();
  if (args.has("entrypoint")) {
    const std::string program = args.value("entrypoint");
    // A program may well be called "[".
    spec.entrypoint = WordsOfJson(program).value_or(
        program.empty() ? std::vector<std::string>() : std::vector<std::string>{program});
  }
  spec.rootfs = args.value("rootfs");
  if (spec.rootfs.empty()) {
    if (words.empty()) return absl::InvalidArgumentError("an image name is required");
    spec.image = words.front();
    words.erase(words.begin());
  } else if (words.empty() && !spec.entrypoint) {
    words = {"/bin/sh"};
  }
  spec.arguments = std::move(words);
  return absl::OkStatus();
}

}  // namespace pelagos::cli
