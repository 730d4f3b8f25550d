#include "pelagos/image/docker_config.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"

namespace pelagos::image {
namespace {

using Json = nlohmann::ordered_json;  // keeps the order of the user's file

constexpr char kHubKey[] = "https://index.docker.io/v1/";
constexpr char kTokenUser[] = "<token>";  // how helpers mark an identity token
constexpr size_t kMaxFile = size_t{4} << 20;

std::string KeyOf(absl::string_view registry) {
  return registry == "docker.io" ? kHubKey : std::string(registry);
}

// Older tools wrote "https://HOST/v1/" and the like.
absl::string_view HostOf(absl::string_view key) {
  if (!absl::ConsumePrefix(&key, "https://")) absl::ConsumePrefix(&key, "http://");
  return key.substr(0, key.find('/'));
}

bool IsKeyOf(absl::string_view key, absl::string_view registry) {
  const absl::string_view host = HostOf(key);
  if (registry == "docker.io") {
    return host == "index.docker.io" || host == "docker.io" || host == "registry-1.docker.io";
  }
  return host == registry;
}

absl::Status Wrong(const std::string& path, absl::string_view field, absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("'", path, "': field '", field, "' must be ", expected));
}

absl::StatusOr<Json> ReadConfig(const std::string& path) {
  if (path.empty()) return Json::object();
  const absl::StatusOr<std::string> text = sys::ReadFileAtOnce(path, kMaxFile);
  if (FindErrno(text.status()) == ENOENT || FindErrno(text.status()) == ENOTDIR) {
    return Json::object();
  }
  PELAGOS_RETURN_IF_ERROR(text.status(), "the logins");
  if (absl::StripAsciiWhitespace(*text).empty()) return Json::object();
  Json json = Json::parse(text->begin(), text->end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' is not a JSON object"));
  }
  return json;
}

absl::StatusOr<std::string> HelperFor(const Json& config, const std::string& path,
                                      absl::string_view registry) {
  if (const auto helpers = config.find("credHelpers"); helpers != config.end()) {
    if (!helpers->is_object()) return Wrong(path, "credHelpers", "an object");
    for (const auto& [key, name] : helpers->items()) {
      if (!IsKeyOf(key, registry)) continue;
      if (!name.is_string()) return Wrong(path, "credHelpers", "an object of strings");
      return name.get<std::string>();
    }
  }
  if (const auto store = config.find("credsStore"); store != config.end()) {
    if (!store->is_string()) return Wrong(path, "credsStore", "a string");
    return store->get<std::string>();
  }
  return "";
}

absl::StatusOr<std::string> FindHelper(const std::string& name) {
  const bool clean = std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  });
  const std::string program = absl::StrCat("docker-credential-", name);
  if (clean) {
    const char* path = std::getenv("PATH");
    for (absl::string_view folder : absl::StrSplit(path != nullptr ? path : "/usr/bin:/bin", ':')) {
      const std::string file = absl::StrCat(folder, "/", program);
      if (absl::StartsWith(folder, "/") && ::access(file.c_str(), X_OK) == 0) return file;
    }
  }
  return absl::NotFoundError(absl::StrCat("the credential helper '", absl::CHexEscape(program),
                                          "', which the Docker config names, is not in PATH"));
}

// What the helper prints; its exit code 1 with the words "credentials not found" is NotFound.
absl::StatusOr<std::string> CallHelper(const std::string& name, const char* verb,
                                       const std::string& input) {
  PELAGOS_ASSIGN_OR_RETURN(const std::string program, FindHelper(name));
  const Fd in(::memfd_create("credentials", MFD_CLOEXEC)),
      out(::memfd_create("credentials", MFD_CLOEXEC));
  if (!in.valid() || !out.valid()) return ErrnoStatus(errno, "memfd_create");
  PELAGOS_RETURN_IF_ERROR(sys::WriteAll(in, input, "the helper's input"));
  if (::lseek(in.get(), 0, SEEK_SET) != 0) return ErrnoStatus(errno, "lseek");
  sys::ProgramOptions how;
  how.stdin_fd = in.get();
  how.stdout_fd = out.get();
  PELAGOS_ASSIGN_OR_RETURN(const int code, sys::RunProgram(program, {program, verb}, how));
  if (::lseek(out.get(), 0, SEEK_SET) != 0) return ErrnoStatus(errno, "lseek");
  PELAGOS_ASSIGN_OR_RETURN(std::string text, sys::ReadAll(out, kMaxFile, "the helper's output"));
  if (code == 0) return text;
  const std::string words(absl::StripAsciiWhitespace(text));
  if (absl::StrContains(words, "credentials not found")) return absl::NotFoundError(words);
  return absl::FailedPreconditionError(absl::StrCat(program, " ", verb, " ended with code ", code,
                                                    words.empty() ? "" : ": ",
                                                    absl::CHexEscape(words.substr(0, 300))));
}

absl::StatusOr<Credentials> FromHelper(const std::string& name, absl::string_view registry) {
  const absl::StatusOr<std::string> text = CallHelper(name, "get", KeyOf(registry));
  if (absl::IsNotFound(text.status()) &&
      absl::StrContains(text.status().message(), "credentials")) {
    return Credentials();
  }
  PELAGOS_RETURN_IF_ERROR(text.status());
  const Json json = Json::parse(text->begin(), text->end(), nullptr, /*allow_exceptions=*/false);
  const auto field = [&](const char* key) -> std::string {
    if (!json.is_object()) return "";
    const auto found = json.find(key);
    return found == json.end() || !found->is_string() ? "" : found->get<std::string>();
  };
  Credentials credentials;
  if (field("Secret").empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("docker-credential-", name, " get: expected JSON with 'Username', 'Secret'"));
  }
  if (field("Username") == kTokenUser) {
    credentials.identity_token = field("Secret");
  } else {
    credentials.username = field("Username");
    credentials.password = field("Secret");
  }
  return credentials;
}

absl::StatusOr<Credentials> FromEntry(const Json& entry, const std::string& path,
                                      absl::string_view key) {
  const std::string field = absl::StrCat("auths.\"", key, "\"");
  if (!entry.is_object()) return Wrong(path, field, "an object");
  const auto text = [&](const char* name) -> std::string {
    const auto found = entry.find(name);
    return found == entry.end() || !found->is_string() ? "" : found->get<std::string>();
  };
  Credentials credentials;
  credentials.username = text("username");
  credentials.password = text("password");
  credentials.identity_token = text("identitytoken");
  if (const std::string auth = text("auth"); !auth.empty()) {
    std::string both;
    size_t colon = 0;
    if (!absl::Base64Unescape(auth, &both) || (colon = both.find(':')) == std::string::npos) {
      return Wrong(path, absl::StrCat(field, ".auth"), "base64 of USER:PASSWORD");
    }
    credentials.username = both.substr(0, colon);
    // Some writers pad it with NULs.
    credentials.password = both.substr(colon + 1, both.find('\0', colon) - colon - 1);
  }
  return credentials;
}

absl::Status WriteConfig(const std::string& path, const Json& config) {
  return sys::WriteFileAtomically(
      path, absl::StrCat(config.dump(1, '\t', false, Json::error_handler_t::replace), "\n"), 0600);
}

absl::StatusOr<Fd> Lock(const std::string& path) {
  if (path.empty()) {
    return absl::FailedPreconditionError(
        "there is no place for the login: neither DOCKER_CONFIG nor HOME is set");
  }
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(sys::FolderOf(path), 0700));
  return sys::LockFile(absl::StrCat(path, ".lock"), sys::LockMode::kWait);
}

}  // namespace

DockerConfig DockerConfig::AtUsualPlace() {
  if (const char* folder = std::getenv("DOCKER_CONFIG"); folder != nullptr && *folder != '\0') {
    return DockerConfig(absl::StrCat(folder, "/config.json"));
  }
  const char* home = std::getenv("HOME");
  return DockerConfig(home == nullptr || *home != '/' ? std::string()
                                                      : absl::StrCat(home, "/.docker/config.json"));
}

absl::StatusOr<Credentials> DockerConfig::Find(absl::string_view registry) const {
  PELAGOS_ASSIGN_OR_RETURN(const Json config, ReadConfig(path_));
  PELAGOS_ASSIGN_OR_RETURN(const std::string helper, HelperFor(config, path_, registry));
  if (!helper.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(Credentials found, FromHelper(helper, registry));
    if (!found.empty()) return found;
  }
  const auto auths = config.find("auths");
  if (auths == config.end()) return Credentials();
  if (!auths->is_object()) return Wrong(path_, "auths", "an object");
  const auto exact = auths->find(KeyOf(registry));
  if (exact != auths->end()) return FromEntry(*exact, path_, KeyOf(registry));
  for (const auto& [key, entry] : auths->items()) {
    if (IsKeyOf(key, registry)) return FromEntry(entry, path_, key);
  }
  return Credentials();
}

absl::StatusOr<std::string> DockerConfig::Store(absl::string_view registry,
                                                const Credentials& credentials) const {
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, Lock(path_));
  PELAGOS_ASSIGN_OR_RETURN(Json config, ReadConfig(path_));
  PELAGOS_ASSIGN_OR_RETURN(const std::string helper, HelperFor(config, path_, registry));
  Json& auths = config["auths"];
  if (auths.is_null()) auths = Json::object();
  if (!auths.is_object()) return Wrong(path_, "auths", "an object");
  const std::string key = KeyOf(registry);
  if (!helper.empty()) {
    const Json secret = {
        {"ServerURL", key}, {"Username", credentials.username}, {"Secret", credentials.password}};
    PELAGOS_RETURN_IF_ERROR(
        CallHelper(helper, "store", secret.dump(-1, ' ', false, Json::error_handler_t::replace))
            .status());
    auths[key] = Json::object();  // as Docker does: that there is a login shows
    PELAGOS_RETURN_IF_ERROR(WriteConfig(path_, config));
    return absl::StrCat("docker-credential-", helper);
  }
  auths[key] = Json::object({{"auth", absl::Base64Escape(absl::StrCat(credentials.username, ":",
                                                                      credentials.password))}});
  PELAGOS_RETURN_IF_ERROR(WriteConfig(path_, config));
  return path_;
}

absl::StatusOr<bool> DockerConfig::Erase(absl::string_view registry) const {
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, Lock(path_));
  PELAGOS_ASSIGN_OR_RETURN(Json config, ReadConfig(path_));
  PELAGOS_ASSIGN_OR_RETURN(const std::string helper, HelperFor(config, path_, registry));
  bool erased = false;
  if (!helper.empty()) {
    const absl::StatusOr<std::string> done = CallHelper(helper, "erase", KeyOf(registry));
    if (!absl::IsNotFound(done.status())) {
      PELAGOS_RETURN_IF_ERROR(done.status());
      erased = true;
    }
  }
  const auto auths = config.find("auths");
  if (auths == config.end() || !auths->is_object()) return erased;
  std::vector<std::string> keys;
  for (const auto& [key, entry] : auths->items()) {
    if (IsKeyOf(key, registry)) keys.push_back(key);
  }
  if (keys.empty()) return erased;
  for (const std::string& key : keys) auths->erase(key);
  PELAGOS_RETURN_IF_ERROR(WriteConfig(path_, config));
  return true;
}

}  // namespace pelagos::image
