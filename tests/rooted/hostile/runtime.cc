#include "tests/rooted/hostile/runtime.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "benchmarks/compare/bundle.h"
#include "pelagos/base/sha256.h"
#include "pelagos/image/program/tar_for_tests.h"

namespace pelagos::hostile {
namespace {

using image::TarBuilder;
using nlohmann::json;

// Only what an OCI bundle can say: numbers.
std::optional<json> OciUser(const std::string& text) {
  json user = {{"uid", 0}, {"gid", 0}};
  if (text.empty()) return user;
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  uint32_t id = 0;
  if (parts.size() > 2 || text.find_first_not_of("0123456789:") != std::string::npos) {
    return std::nullopt;
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!absl::SimpleAtoi(parts[i], &id)) return std::nullopt;
    user[i == 0 ? "uid" : "gid"] = id;
  }
  return user;
}

TarBuilder::Member MemberOf(const Entry& entry) {
  TarBuilder::Member member;
  member.name = entry.path;
  member.mode = entry.mode;
  member.major = entry.major;
  member.minor = entry.minor;
  switch (entry.kind) {
    case Kind::kFile:
    case Kind::kSocket:
      member.content = entry.text;
      break;
    case Kind::kFolder:
      member.type = '5';
      break;
    case Kind::kLink:
      member.type = '2';
      member.link = entry.text;
      break;
    case Kind::kHardLink:
      member.type = '1';
      member.link = entry.text;
      break;
    case Kind::kFifo:
      member.type = '6';
      break;
    case Kind::kCharacter:
      member.type = '3';
      break;
    case Kind::kBlock:
      member.type = '4';
      break;
  }
  return member;
}

}  // namespace

std::vector<std::string> CommandOf(const Case& one, const std::string& outside) {
  std::vector<std::string> words = one.ask.command;
  if (one.without_prober) return words;
  words.push_back("outside=" + outside);
  for (const std::string& path : one.look) words.push_back("look=" + path);
  return words;
}

std::string ImageNameOf(const Case& one) { return "hostile/" + one.name + ":latest"; }

std::vector<std::string> PelagosWords(const Case& one, const std::string& root,
                                      const std::string& outside, const std::string& id) {
  const Ask& ask = one.ask;
  std::vector<std::string> words = {"run", "--rm", "--name", id};
  const auto add = [&](const char* flag, const std::string& value) {
    words.push_back(absl::StrCat("--", flag, "=", value));
  };
  for (const Bind& bind : ask.binds) {
    const bool is_path = absl::StartsWith(bind.source, "/");
    add("mount", absl::StrCat("type=", is_path ? "bind" : "volume", ",source=", bind.source,
                              ",target=", bind.target, bind.read_only ? ",readonly" : "",
                              bind.subpath.empty() ? "" : ",subpath=", bind.subpath));
  }
  for (const std::string& target : ask.tmpfs) add("tmpfs", target);
  for (const auto& [host, inside] : ask.devices) add("device", absl::StrCat(host, ":", inside));
  for (const auto& [name, value] : ask.sysctls) add("sysctl", absl::StrCat(name, "=", value));
  for (const std::string& cap : ask.cap_add) add("cap-add", cap);
  if (!ask.apparmor.empty()) add("security-opt", "apparmor=" + ask.apparmor);
  if (ask.new_privileges) add("security-opt", "no-new-privileges=false");
  if (!ask.landlock.empty()) add("landlock", ask.landlock);
  if (!ask.hostname.empty()) add("hostname", ask.hostname);
  if (ask.terminal) words.insert(words.end(), {"--tty", "--interactive"});
  if (ask.init) words.push_back("--init");
  if (one.image) {
    words.push_back(ImageNameOf(one));
    return words;
  }
  if (!ask.workdir.empty()) add("workdir", ask.workdir);
  if (!ask.user.empty()) add("user", ask.user);
  for (const std::string& pair : ask.env) add("env", pair);
  add("rootfs", root);
  const std::vector<std::string> command = CommandOf(one, outside);
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

std::vector<std::string> EnteringWords(const Case& one, const std::string& outside,
                                       const std::string& id) {
  std::vector<std::string> words = {"exec"};
  if (!one.ask.user.empty()) words.insert(words.end(), {"--user", one.ask.user});
  if (!one.ask.workdir.empty()) words.insert(words.end(), {"--cwd", one.ask.workdir});
  words.push_back(id);
  const std::vector<std::string> command = CommandOf(one, outside);
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

std::string ArchiveOf(const Case& one, const std::string& outside, const std::string& prober) {
  std::vector<std::string> layers;
  TarBuilder root;
  if (!one.without_prober) root.Add({.name = "prober", .content = prober, .mode = 0755});
  for (const Entry& entry : one.root) root.Add(MemberOf(entry));
  layers.push_back(root.Build());
  for (const std::vector<TarMember>& members : one.image->layers) {
    TarBuilder layer;
    for (const TarMember& member : members) {
      layer.Add({.name = member.name,
                 .type = member.type,
                 .content = member.content,
                 .link = member.link,
                 .mode = member.mode,
                 .major = member.major,
                 .minor = member.minor});
    }
    layers.push_back(layer.Build());
  }
  json ids = json::array(), names = json::array();
  for (size_t i = 0; i < layers.size(); ++i) {
    ids.push_back("sha256:" + Sha256Hex(layers[i]));
    names.push_back(absl::StrCat("layer", i, ".tar"));
  }
  const json config = {{"os", "linux"},
                       {"architecture", "amd64"},
                       {"config",
                        {{"Env", one.ask.env},
                         {"Entrypoint", CommandOf(one, outside)},
                         {"WorkingDir", one.ask.workdir},
                         {"User", one.ask.user}}},
                       {"rootfs", {{"type", "layers"}, {"diff_ids", ids}}}};
  const json manifest = {
      {{"Config", "config.json"}, {"RepoTags", {ImageNameOf(one)}}, {"Layers", names}}};
  TarBuilder archive;
  archive.File("manifest.json", manifest.dump()).File("config.json", config.dump());
  for (size_t i = 0; i < layers.size(); ++i) {
    const bool cut = one.image->truncated && i + 1 == layers.size();
    archive.File(absl::StrCat("layer", i, ".tar"),
                 cut ? image::Gzip(layers[i]).substr(0, layers[i].size() / 8) : layers[i]);
  }
  return archive.Build();
}

std::optional<std::string> BundleConfig(const Case& one, const std::string& root,
                                        const std::string& outside, const std::string& id) {
  const Ask& ask = one.ask;
  const bool layers = one.image && (!one.image->layers.empty() || one.image->truncated);
  const std::optional<json> user = OciUser(ask.user);
  if (one.only_pelagos || layers || ask.init || !ask.landlock.empty() || !user) return std::nullopt;
  json config = json::parse(benchmarks::MakeBundleConfig(root, id, /*seccomp=*/true));
  json& process = config["process"];
  process["args"] = CommandOf(one, outside);
  process["user"] = *user;
  process["terminal"] = ask.terminal;
  if (!ask.workdir.empty()) process["cwd"] = ask.workdir;
  for (const std::string& pair : ask.env) process["env"].push_back(pair);
  for (const std::string& cap : ask.cap_add) {
    for (auto& set : process["capabilities"]) set.push_back("CAP_" + cap);
  }
  if (!ask.apparmor.empty()) process["apparmorProfile"] = ask.apparmor;
  if (ask.new_privileges) process["noNewPrivileges"] = false;
  if (!ask.hostname.empty()) config["hostname"] = ask.hostname;
  for (const Bind& bind : ask.binds) {
    if (!bind.subpath.empty() || !absl::StartsWith(bind.source, "/")) return std::nullopt;
    config["mounts"].push_back({{"destination", bind.target},
                                {"type", "bind"},
                                {"source", bind.source},
                                {"options", {"rbind", bind.read_only ? "ro" : "rw", "rprivate"}}});
  }
  for (const std::string& target : ask.tmpfs) {
    config["mounts"].push_back(
        {{"destination", target}, {"type", "tmpfs"}, {"source", "tmpfs"}, {"options", {"nosuid"}}});
  }
  json devices = json::array();
  for (const auto& [host, inside] : ask.devices) {
    struct stat info = {};
    if (::stat(host.c_str(), &info) != 0) return std::nullopt;
    devices.push_back({{"path", inside},
                       {"type", S_ISBLK(info.st_mode) ? "b" : "c"},
                       {"major", major(info.st_rdev)},
                       {"minor", minor(info.st_rdev)},
                       {"fileMode", info.st_mode & 0666}});
  }
  if (!devices.empty()) config["linux"]["devices"] = devices;
  for (const auto& [name, value] : ask.sysctls) config["linux"]["sysctl"][name] = value;
  return config.dump(1);
}

}  // namespace pelagos::hostile
