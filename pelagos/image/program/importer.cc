#include "pelagos/image/program/importer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/program/folder_archive.h"
#include "pelagos/image/program/unpack.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

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
  } else {
    return wrong("expected CMD, ENTRYPOINT, ENV, WORKDIR, USER or STOPSIGNAL");
  }
  return absl::OkStatus();
}

absl::StatusOr<NewImage> ImportTar(ByteSource& input, const Ingest& ingest, Budget& budget,
                                   ImageConfig config, const Reference& name) {
  NewImage image;
  image.reference = name;
  const std::string folder = absl::StrCat(ingest.folder(), "/0");
  if (::mkdir(folder.c_str(), 0755) != 0) return ErrnoStatus(errno, "mkdir", folder);
  if (::chmod(folder.c_str(), 0755) != 0) return ErrnoStatus(errno, "chmod", folder);
  const std::string file = absl::StrCat(ingest.folder(), "/blob");
  PELAGOS_ASSIGN_OR_RETURN(const Fd blob,
                           sys::OpenFile(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  KeepingSource kept(input, blob.get());
  PELAGOS_ASSIGN_OR_RETURN(const UnpackedLayer layer, UnpackLayer(kept, folder, budget));
  image.layers.push_back({layer.diff_id, folder});
  image.blobs.push_back({layer.blob, file});

  config.platform = HostPlatform();
  config.diff_ids = {layer.diff_id};
  image.config = PrintImageConfig(config);
  image.config_digest = Sha256Of(image.config);
  const absl::string_view ending = layer.compression == Compression::kGzip   ? "+gzip"
                                   : layer.compression == Compression::kZstd ? "+zstd"
                                                                             : "";
  Manifest manifest;
  manifest.config = {std::string(kConfigType), image.config_digest, image.config.size(), {}, {}};
  manifest.layers.push_back({absl::StrCat(kLayerType, ending), layer.blob, layer.size, {}, {}});
  image.manifest = PrintManifest(manifest);
  image.manifest_digest = Sha256Of(image.manifest);
  return image;
}

absl::StatusOr<NewImage> ImportFolder(const Fd& folder, const Ingest& ingest, Budget& budget,
                                      ImageConfig config, const Reference& name) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe2");
  Fd reading(ends[0]), writing(ends[1]);
  absl::Status archived;
  std::thread archiver([&] {
    archived = WriteFolderArchive(folder, writing.get());
    writing.reset();  // the end of the stream
  });
  FdSource source(reading.get());
  absl::StatusOr<NewImage> image = ImportTar(source, ingest, budget, std::move(config), name);
  reading.reset();  // an archiver that still writes gets EPIPE
  archiver.join();
  // A folder that could not be read to its end looks like a broken archive to the reader.
  const bool only_lost_its_reader = !image.ok() && absl::IsInternal(archived);
  if (!archived.ok() && !only_lost_its_reader) return archived;
  return image;
}

}  // namespace pelagos::image
