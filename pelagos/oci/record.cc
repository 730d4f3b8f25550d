#include "pelagos/oci/record.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/oci/config_json.h"
#include "pelagos/oci/freezer.h"
#include "pelagos/sys/file.h"

namespace pelagos::oci {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostState = 1 << 20;

absl::Status CheckId(const std::string& id) {
  const auto wrong = std::find_if(id.begin(), id.end(), [](char c) {
    return !absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '+' &&
           c != '-' && c != '.';
  });
  if (wrong != id.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid container ID format: invalid character `", std::string(1, *wrong),
                     "` in the container ID"));
  }
  if (!id.empty() && id[0] != '.' && id.size() <= 1024) return absl::OkStatus();
  return absl::InvalidArgumentError("invalid container ID format");
}

Json ToJson(const Record& record) {
  Json json = {{"id", record.id},
               {"bundle", record.bundle},
               {"rootfs", record.rootfs},
               {"created", record.created},
               {"owner", record.owner},
               {"pid", record.process.pid},
               {"startTime", record.process.start_time},
               {"creating", record.creating},
               {"hooks", record.hooks},
               {"ownsPids", record.owns_pids},
               {"keyring", record.keyring},
               {"cgroup",
                {{"v2", record.cgroups.v2},
                 {"v2Controllers", record.cgroups.v2_controllers},
                 {"v1", record.cgroups.v1}}}};
  if (!record.resctrl.group.empty()) {
    json["resctrl"] = {{"group", record.resctrl.group},
                       {"monitor", record.resctrl.monitor},
                       {"owned", record.resctrl.owned}};
  }
  if (record.systemd) {
    json["systemd"] = {{"unit", record.systemd->name}, {"user", record.systemd->user}};
  }
  return json;
}

// Of our own writing: what is not as we wrote it is damaged.
absl::StatusOr<Record> FromJson(absl::string_view text, const std::string& path) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  try {
    Record record;
    record.id = json.at("id");
    record.bundle = json.at("bundle");
    record.rootfs = json.at("rootfs");
    record.created = json.at("created");
    record.owner = json.at("owner");
    record.process = {json.at("pid"), json.at("startTime")};
    record.creating = json.at("creating");
    record.hooks = json.at("hooks");
    record.owns_pids = json.at("ownsPids");
    record.keyring = json.at("keyring");
    record.cgroups.v2 = json.at("cgroup").at("v2");
    record.cgroups.v2_controllers = json.at("cgroup").at("v2Controllers");
    record.cgroups.v1 = json.at("cgroup").at("v1");
    if (const auto resctrl = json.find("resctrl"); resctrl != json.end()) {
      record.resctrl.group = resctrl->at("group");
      record.resctrl.monitor = resctrl->at("monitor");
      record.resctrl.owned = resctrl->at("owned");
    }
    if (json.contains("systemd")) {
      record.systemd = UnitName{json.at("systemd").at("unit"), json.at("systemd").at("user")};
    }
    return record;
  } catch (const Json::exception&) {
    return absl::DataLossError(absl::StrCat("'", path, "' is damaged"));
  }
}

}  // namespace

absl::string_view NameOf(Status status) {
  switch (status) {
    case Status::kCreating:
      return "creating";
    case Status::kCreated:
      return "created";
    case Status::kRunning:
      return "running";
    case Status::kPaused:
      return "paused";
    case Status::kStopped:
      break;
  }
  return "stopped";
}

absl::Status ReplaceFile(const std::string& path, absl::string_view content, uint32_t mode) {
  const std::string temporary = absl::StrCat(path, ".new.", ::getpid());
  {
    PELAGOS_ASSIGN_OR_RETURN(
        Fd fd, sys::OpenFile(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode));
    const absl::Status written = sys::WriteAll(fd, content, temporary);
    if (!written.ok()) {
      ::unlink(temporary.c_str());
      return written;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) == 0) return absl::OkStatus();
  const int error = errno;
  ::unlink(temporary.c_str());
  return ErrnoStatus(error, "rename", path);
}

absl::Status Records::CheckNew(const std::string& id) const {
  PELAGOS_RETURN_IF_ERROR(CheckId(id));
  if (::access(Folder(id).c_str(), F_OK) == 0) return absl::AlreadyExistsError(kExists);
  return absl::OkStatus();
}

absl::Status Records::Make(const std::string& id, absl::string_view config) const {
  PELAGOS_RETURN_IF_ERROR(CheckId(id));
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(root_, 0711));
  if (::mkdir(Folder(id).c_str(), 0711) != 0) {
    if (errno == EEXIST) return absl::AlreadyExistsError(kExists);
    return ErrnoStatus(errno, "mkdir", Folder(id));
  }
  const std::string path = Folder(id) + "/config.json";
  PELAGOS_ASSIGN_OR_RETURN(const Fd fd, sys::OpenFile(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
  return sys::WriteAll(fd, config, path);
}

absl::Status Records::Write(const Record& record) const {
  return ReplaceFile(Folder(record.id) + "/state.json", ToJson(record).dump(), 0600);
}

absl::Status Records::Exists(const std::string& id) const {
  PELAGOS_RETURN_IF_ERROR(CheckId(id));
  if (::access(Folder(id).c_str(), F_OK) == 0) return absl::OkStatus();
  return absl::NotFoundError(kMissing);
}

absl::StatusOr<Record> Records::Read(const std::string& id) const {
  PELAGOS_RETURN_IF_ERROR(Exists(id));
  const std::string path = Folder(id) + "/state.json";
  const absl::StatusOr<std::string> text = sys::ReadFile(path, kMostState);
  // Its creator was killed before there was anything else.
  if (FindErrno(text.status()) == ENOENT) {
    Record record;
    record.id = id;
    return record;
  }
  PELAGOS_RETURN_IF_ERROR(text.status());
  return FromJson(*text, path);
}

absl::StatusOr<Config> Records::ReadConfig(const std::string& id) const {
  PELAGOS_RETURN_IF_ERROR(Exists(id));
  PELAGOS_ASSIGN_OR_RETURN(const std::string text,
                           sys::ReadFile(Folder(id) + "/config.json", kMostConfigText));
  return oci::ReadConfig(text);
}

absl::Status Records::Remove(const std::string& id) const {
  PELAGOS_RETURN_IF_ERROR(CheckId(id));
  return sys::RemoveTree(Folder(id));
}

absl::StatusOr<std::vector<std::string>> Records::List() const {
  absl::StatusOr<std::vector<std::string>> names = sys::ListFolder(root_);
  if (FindErrno(names.status()) == ENOENT) return std::vector<std::string>();
  return names;
}

absl::StatusOr<Fd> Records::Lock(const std::string& id) const {
  PELAGOS_RETURN_IF_ERROR(Exists(id));
  absl::StatusOr<Fd> lock = sys::LockFile(Folder(id) + "/lock", sys::LockMode::kWait);
  if (FindErrno(lock.status()) == ENOENT) return absl::NotFoundError(kMissing);
  PELAGOS_RETURN_IF_ERROR(lock.status());
  // It may have been deleted while we waited.
  PELAGOS_RETURN_IF_ERROR(Exists(id));
  return lock;
}

Status Records::StatusOf(const Record& record) const {
  if (!sys::IsAlive(record.process)) return Status::kStopped;
  if (record.creating) return Status::kCreating;
  if (::access(Socket(record.id).c_str(), F_OK) == 0) return Status::kCreated;
  return IsFrozen(record.cgroups) ? Status::kPaused : Status::kRunning;
}

std::string StateJson(const Record& record, const Config& config, absl::string_view status,
                      pid_t pid, bool compact) {
  Json json = {{"ociVersion", config.oci_version},
               {"id", record.id},
               {"pid", pid},
               {"status", std::string(status)},
               {"bundle", record.bundle},
               {"rootfs", record.rootfs},
               {"created", record.created},
               {"owner", ""}};
  if (!config.annotations.empty()) json["annotations"] = config.annotations;
  return compact ? json.dump(-1, ' ', false, Json::error_handler_t::replace)
                 : json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace pelagos::oci
