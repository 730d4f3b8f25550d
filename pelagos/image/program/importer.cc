#include "pelagos/image/program/importer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/program/folder_archive.h"
#include "pelagos/image/program/unpack.h"
#include "pelagos/policy/health_text.h"
#include "pelagos/policy/mount_plan.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

constexpr absl::string_view kChanges =
    "CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, STOPSIGNAL, USER, VOLUME or WORKDIR";

absl::StatusOr<std::vector<std::string>> Command(absl::string_view text) {
  if (text.front() != '[') return std::vector<std::string>{"/bin/sh", "-c", std::string(text)};
  const nlohmann::json json =
      nlohmann::json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  std::vector<std::string> command;
  for (const nlohmann::json& item : json) {
    if (!item.is_string()) break;
    command.push_back(item.get<std::string>());
  }
  if (!json.is_array() || command.size() != json.size()) {
    return absl::InvalidArgumentError("expected a text or a JSON list of strings");
  }
  return command;
}

// "KEY=VALUE", the value perhaps in double quotes; several stand apart by blanks.
absl::Status AddLabels(absl::string_view text, std::map<std::string, std::string>& labels) {
  while (!text.empty()) {
    const size_t equals = text.find('=');
    const std::string key(text.substr(0, equals));
    if (equals == absl::string_view::npos || key.empty() ||
        key.find_first_of(" \t\"") != std::string::npos) {
      return absl::InvalidArgumentError("expected LABEL KEY=VALUE, or KEY=\"A VALUE\"");
    }
    text.remove_prefix(equals + 1);
    std::string value;
    if (absl::ConsumePrefix(&text, "\"")) {
      const size_t quote = text.find('"');
      if (quote == absl::string_view::npos) {
        return absl::InvalidArgumentError("a quote is not closed");
      }
      value = std::string(text.substr(0, quote));
      text.remove_prefix(quote + 1);
      if (!text.empty() && !absl::ascii_isspace(static_cast<unsigned char>(text[0]))) {
        return absl::InvalidArgumentError("expected a blank after the closing quote");
      }
    } else {
      const size_t end = std::min(text.size(), text.find_first_of(" \t"));
      value = std::string(text.substr(0, end));
      text.remove_prefix(end);
    }
    labels[key] = std::move(value);
    text = absl::StripLeadingAsciiWhitespace(text);
  }
  return absl::OkStatus();
}

// Words, or a JSON list of them.
absl::StatusOr<std::vector<std::string>> Words(absl::string_view text) {
  if (text.front() == '[') return Command(text);
  return std::vector<std::string>(absl::StrSplit(text, absl::ByAnyChar(" \t"), absl::SkipEmpty()));
}

void Add(std::vector<std::string>& sorted, std::string text) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), text);
  if (at == sorted.end() || *at != text) sorted.insert(at, std::move(text));
}

absl::Status ApplyHealthFlag(absl::string_view flag, HealthCheck& health) {
  const std::pair<absl::string_view, int64_t*> times[] = {
      {"--interval=", &health.interval_ns},
      {"--timeout=", &health.timeout_ns},
      {"--start-period=", &health.start_period_ns},
      {"--start-interval=", &health.start_interval_ns},
  };
  for (const auto& [name, to] : times) {
    absl::string_view value = flag;
    if (!absl::ConsumePrefix(&value, name)) continue;
    const std::optional<int64_t> time = ParseHealthTime(value);
    if (!time)
      return absl::InvalidArgumentError(absl::StrCat(flag, ": expected ", kHealthTimeExpected));
    if (*time != 0) *to = *time;
    return absl::OkStatus();
  }
  absl::string_view value = flag;
  uint32_t retries = 0;
  if (!absl::ConsumePrefix(&value, "--retries=") ||
      value.find_first_not_of("0123456789") != absl::string_view::npos ||
      !absl::SimpleAtoi(value, &retries)) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag,
                     ": expected --interval=, --timeout=, --start-period=, "
                     "--start-interval=TIME or --retries=NUMBER"));
  }
  if (retries != 0) health.retries = retries;
  return absl::OkStatus();
}

absl::StatusOr<HealthCheck> Health(absl::string_view text) {
  HealthCheck health;
  if (text == "NONE") return health;
  while (absl::StartsWith(text, "--")) {
    const size_t end = std::min(text.size(), text.find_first_of(" \t"));
    PELAGOS_RETURN_IF_ERROR(ApplyHealthFlag(text.substr(0, end), health));
    text = absl::StripLeadingAsciiWhitespace(text.substr(end));
  }
  const absl::string_view after = absl::StripPrefix(text, "CMD");
  const absl::string_view command = absl::StripLeadingAsciiWhitespace(after);
  if (after.size() == text.size() || command.empty() || command.size() == after.size()) {
    return absl::InvalidArgumentError("expected HEALTHCHECK NONE, or HEALTHCHECK [FLAGS] CMD ...");
  }
  PELAGOS_ASSIGN_OR_RETURN(health.command, Command(command));
  if (health.command.empty()) return absl::InvalidArgumentError("expected a command after CMD");
  return health;
}

}  // namespace

absl::Status ApplyChange(absl::string_view change, ImageConfig& config) {
  const absl::string_view stripped = absl::StripAsciiWhitespace(change);
  const size_t blank = stripped.find_first_of(" \t");
  const std::string name = absl::AsciiStrToUpper(stripped.substr(0, blank));
  const absl::string_view value = blank == absl::string_view::npos
                                      ? absl::string_view()
                                      : absl::StripLeadingAsciiWhitespace(stripped.substr(blank));
  const auto wrong = [&](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat("change '", change, "': ", why));
  };
  if (value.empty()) return wrong("expected 'INSTRUCTION VALUE'");
  if (name == "CMD" || name == "ENTRYPOINT") {
    PELAGOS_ASSIGN_OR_RETURN((name == "CMD" ? config.cmd : config.entrypoint), Command(value),
                             "change '", change, "'");
  } else if (name == "ENV") {
    const size_t equals = value.find('=');
    if (equals == absl::string_view::npos || equals == 0) return wrong("expected ENV KEY=VALUE");
    config.env.emplace_back(value);
  } else if (name == "WORKDIR") {
    if (value.front() != '/') return wrong("expected an absolute path");
    config.workdir = std::string(value);
  } else if (name == "USER") {
    config.user = std::string(value);
  } else if (name == "STOPSIGNAL") {
    config.stop_signal = std::string(value);
  } else if (name == "LABEL") {
    if (absl::Status added = AddLabels(value, config.labels); !added.ok()) {
      return wrong(added.message());
    }
  } else if (name == "EXPOSE") {
    for (absl::string_view port :
         absl::StrSplit(value, absl::ByAnyChar(" \t"), absl::SkipEmpty())) {
      absl::StatusOr<std::string> parsed = ParseExposedPort(port);
      if (!parsed.ok()) return wrong("expected ports, such as 80 or 53/udp");
      Add(config.exposed_ports, *std::move(parsed));
    }
  } else if (name == "VOLUME") {
    PELAGOS_ASSIGN_OR_RETURN(std::vector<std::string> folders, Words(value), "change '", change,
                             "'");
    for (std::string& folder : folders) {
      if (!InsidePathProblem(folder).empty()) return wrong("expected absolute paths");
      Add(config.volumes, std::move(folder));
    }
  } else if (name == "HEALTHCHECK") {
    PELAGOS_ASSIGN_OR_RETURN(config.health, Health(value), "change '", change, "'");
  } else {
    return wrong(absl::StrCat("expected ", kChanges));
  }
  return absl::OkStatus();
}

absl::StatusOr<MadeLayer> MakeLayer(ByteSource& input, const Ingest& ingest, Budget& budget) {
  const std::string folder = absl::StrCat(ingest.folder(), "/0");
  if (::mkdir(folder.c_str(), 0755) != 0) return ErrnoStatus(errno, "mkdir", folder);
  if (::chmod(folder.c_str(), 0755) != 0) return ErrnoStatus(errno, "chmod", folder);
  const std::string file = absl::StrCat(ingest.folder(), "/blob");
  PELAGOS_ASSIGN_OR_RETURN(const Fd blob,
                           sys::OpenFile(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  KeepingSource kept(input, blob.get());
  PELAGOS_ASSIGN_OR_RETURN(const UnpackedLayer layer, UnpackLayer(kept, folder, budget));
  const absl::string_view ending = layer.compression == Compression::kGzip   ? "+gzip"
                                   : layer.compression == Compression::kZstd ? "+zstd"
                                                                             : "";
  MadeLayer made;
  made.layer = {layer.diff_id, folder};
  made.blob = {layer.blob, file};
  made.descriptor = {absl::StrCat(kLayerType, ending), layer.blob, layer.size, {}, {}};
  return made;
}

absl::StatusOr<MadeLayer> MakeLayer(const Fd& folder, const ArchiveOptions& options,
                                    const Ingest& ingest, Budget& budget) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe2");
  Fd reading(ends[0]), writing(ends[1]);
  absl::Status archived;
  std::thread archiver([&] {
    archived = WriteFolderArchive(folder, writing.get(), options);
    writing.reset();  // the end of the stream
  });
  FdSource source(reading.get());
  absl::StatusOr<MadeLayer> layer = MakeLayer(source, ingest, budget);
  reading.reset();  // an archiver that still writes gets EPIPE
  archiver.join();
  // A folder that could not be read to its end looks like a broken archive to the reader.
  const bool only_lost_its_reader = !layer.ok() && absl::IsInternal(archived);
  if (!archived.ok() && !only_lost_its_reader) return archived;
  return layer;
}

namespace {

NewImage ImageOf(MadeLayer made, ImageConfig config, const Reference& name) {
  NewImage image;
  image.reference = name;
  config.platform = HostPlatform();
  config.diff_ids = {made.layer.diff_id};
  image.config = PrintImageConfig(config);
  image.config_digest = Sha256Of(image.config);
  Manifest manifest;
  manifest.config = {std::string(kConfigType), image.config_digest, image.config.size(), {}, {}};
  manifest.layers.push_back(std::move(made.descriptor));
  image.manifest = PrintManifest(manifest);
  image.manifest_digest = Sha256Of(image.manifest);
  image.layers.push_back(std::move(made.layer));
  image.blobs.push_back(std::move(made.blob));
  return image;
}

}  // namespace

absl::StatusOr<NewImage> ImportTar(ByteSource& input, const Ingest& ingest, Budget& budget,
                                   ImageConfig config, const Reference& name) {
  PELAGOS_ASSIGN_OR_RETURN(MadeLayer made, MakeLayer(input, ingest, budget));
  return ImageOf(std::move(made), std::move(config), name);
}

absl::StatusOr<NewImage> ImportFolder(const Fd& folder, const Ingest& ingest, Budget& budget,
                                      ImageConfig config, const Reference& name) {
  PELAGOS_ASSIGN_OR_RETURN(MadeLayer made, MakeLayer(folder, {}, ingest, budget));
  return ImageOf(std::move(made), std::move(config), name);
}

}  // namespace pelagos::image
