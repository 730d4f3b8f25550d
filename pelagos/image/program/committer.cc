#include "pelagos/image/program/committer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/program/folder_archive.h"
#include "pelagos/image/program/importer.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

using Json = nlohmann::json;

// The member as an object, made where it is missing or null.
Json& ObjectIn(Json& json, const char* name) {
  Json& member = json[name];
  if (!member.is_object()) member = Json::object();
  return member;
}

// A later one of the same key replaces it.
void SetEnv(Json& config, const std::string& pair) {
  Json& env = config["Env"];
  if (!env.is_array()) env = Json::array();
  const std::string key = pair.substr(0, pair.find('=') + 1);
  for (Json& old : env) {
    if (old.is_string() && absl::StartsWith(old.get<std::string>(), key)) {
      old = pair;
      return;
    }
  }
  env.push_back(pair);
}

absl::Status Wrong(absl::string_view change, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("change '", change, "': ", why));
}

// The value of a label or the like, perhaps in quotes.
std::string Unquoted(absl::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return std::string(text);
}

absl::Status Change(absl::string_view change, Json& config) {
  const absl::string_view stripped = absl::StripAsciiWhitespace(change);
  const size_t blank = std::min(stripped.find_first_of(" \t"), stripped.size());
  const std::string name = absl::AsciiStrToUpper(stripped.substr(0, blank));
  const absl::string_view value = absl::StripAsciiWhitespace(stripped.substr(blank));
  if (name == "LABEL") {
    const size_t equals = value.find('=');
    if (equals == absl::string_view::npos || equals == 0) {
      return Wrong(change, "expected LABEL KEY=VALUE");
    }
    ObjectIn(config, "Labels")[Unquoted(value.substr(0, equals))] =
        Unquoted(value.substr(equals + 1));
    return absl::OkStatus();
  }
  if (name == "EXPOSE" || name == "VOLUME") {
    if (value.empty()) return Wrong(change, "expected 'INSTRUCTION VALUE'");
    for (absl::string_view word : absl::StrSplit(value, ' ', absl::SkipEmpty())) {
      std::string item(word);
      if (name == "VOLUME" && item[0] != '/') return Wrong(change, "expected absolute paths");
      if (name == "EXPOSE" && !absl::StrContains(item, '/')) item += "/tcp";
      ObjectIn(config, name == "EXPOSE" ? "ExposedPorts" : "Volumes")[item] = Json::object();
    }
    return absl::OkStatus();
  }
  ImageConfig one;
  const absl::Status applied = ApplyChange(change, one);
  if (!applied.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(applied.message(), absl::StrContains(applied.message(), "expected CMD")
                                            ? ", or EXPOSE, LABEL or VOLUME"
                                            : ""));
  }
  for (const std::string& pair : one.env) SetEnv(config, pair);
  if (name == "CMD") config["Cmd"] = one.cmd;
  if (name == "ENTRYPOINT") {
    config["Entrypoint"] = one.entrypoint;
    config.erase("Cmd");  // it was another program's arguments, as in a Dockerfile
  }
  if (!one.workdir.empty()) config["WorkingDir"] = one.workdir;
  if (!one.user.empty()) config["User"] = one.user;
  if (!one.stop_signal.empty()) config["StopSignal"] = one.stop_signal;
  return absl::OkStatus();
}

void AddHistory(const CommitRequest& request, size_t layers_below, Json& json) {
  Json& history = json["history"];
  if (!history.is_array()) {
    // It has an entry for each layer, or none at all (image-spec, config.md).
    history = Json::array();
    for (size_t i = 0; i < layers_below; ++i) history.push_back(Json::object());
  }
  Json entry = {{"created", request.created}, {"created_by", request.command}};
  if (!request.author.empty()) entry["author"] = request.author;
  if (!request.message.empty()) entry["comment"] = request.message;
  history.push_back(std::move(entry));
}

}  // namespace

absl::StatusOr<std::string> CommittedConfig(const CommitRequest& request, absl::string_view base,
                                            const Digest& diff_id) {
  Json json = Json::parse(base.begin(), base.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::DataLossError("the image's config is not a JSON object");
  Json& config = ObjectIn(json, "config");
  for (const std::string& pair : request.env) SetEnv(config, pair);
  if (request.entrypoint) config["Entrypoint"] = *request.entrypoint;
  if (request.cmd) config["Cmd"] = *request.cmd;
  if (!request.workdir.empty()) config["WorkingDir"] = request.workdir;
  if (!request.user.empty()) config["User"] = request.user;
  if (!request.stop_signal.empty()) config["StopSignal"] = request.stop_signal;
  for (const auto& [key, value] : request.labels) ObjectIn(config, "Labels")[key] = value;
  for (const std::string& change : request.changes) {
    PELAGOS_RETURN_IF_ERROR(Change(change, config));
  }
  json["created"] = request.created;
  if (!request.author.empty()) json["author"] = request.author;
  // Docker's notes on the container that an image was once made of.
  json.erase("container");
  json.erase("container_config");
  Json& diff_ids = ObjectIn(json, "rootfs")["diff_ids"];
  if (!diff_ids.is_array()) return absl::DataLossError("the image's config names no layers");
  AddHistory(request, diff_ids.size(), json);
  diff_ids.push_back(diff_id.ToString());
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<Committed> CommitUpper(const CommitRequest& request, const Fd& upper,
                                      const Store& store, const Ingest& ingest, Budget& budget) {
  Committed committed;
  NewImage& image = committed.image;
  PELAGOS_ASSIGN_OR_RETURN(image.reference, ParseReference(request.reference));
  PELAGOS_ASSIGN_OR_RETURN(const Digest base, ParseDigest(request.base));
  const auto document = [&](const Digest& digest) {
    return sys::ReadFileAtOnce(store.BlobPath(digest), kMaxDocumentSize);
  };
  const absl::StatusOr<std::string> manifest_text = document(base);
  if (!manifest_text.ok()) {
    return absl::NotFoundError(absl::StrCat("the container's image ", request.base,
                                            " is not in the store any more; get it again"));
  }
  PELAGOS_ASSIGN_OR_RETURN(Manifest manifest, ParseManifest(*manifest_text), "manifest");
  PELAGOS_ASSIGN_OR_RETURN(const std::string config_text, document(manifest.config.digest),
                           "config");
  PELAGOS_ASSIGN_OR_RETURN(const ImageConfig config, ParseImageConfig(config_text), "config");
  for (const Digest& diff_id : config.diff_ids) {
    PELAGOS_ASSIGN_OR_RETURN(std::optional<Fd> held, store.HoldLayer(diff_id));
    if (!held) {
      return absl::NotFoundError(
          absl::StrCat("layer ", diff_id.ToString(), " is not in the store any more"));
    }
    committed.hold.push_back(*std::move(held));
    image.layers.push_back({diff_id, ""});  // the store has it
  }
  // Before a long layer is read for nothing.
  PELAGOS_RETURN_IF_ERROR(CommittedConfig(request, config_text, base).status());
  ArchiveOptions options;
  options.overlay_upper = true;
  options.ids = request.ids;
  PELAGOS_ASSIGN_OR_RETURN(MadeLayer made, MakeLayer(upper, options, ingest, budget));
  PELAGOS_ASSIGN_OR_RETURN(image.config, CommittedConfig(request, config_text, made.layer.diff_id));
  image.config_digest = Sha256Of(image.config);
  manifest.config = {std::string(kConfigType), image.config_digest, image.config.size(), {}, {}};
  manifest.layers.push_back(made.descriptor);
  image.manifest = PrintManifest(manifest);
  PELAGOS_RETURN_IF_ERROR(ParseManifest(image.manifest).status());  // too many layers
  image.manifest_digest = Sha256Of(image.manifest);
  image.layers.push_back(std::move(made.layer));
  image.blobs.push_back(std::move(made.blob));
  return committed;
}

}  // namespace pelagos::image
