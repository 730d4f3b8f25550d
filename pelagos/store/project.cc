#include "pelagos/store/project.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/spec/json.h"
#include "pelagos/sys/file.h"

namespace pelagos::store {
namespace {

constexpr size_t kLargestRecord = 64 << 20;
constexpr int kVersion = 1;

std::string RecordFile(const Roots& roots, absl::string_view project) {
  return absl::StrCat(roots.Project(project), "/project.json");
}

nlohmann::json ToJson(const sys::ProcessIdentity& identity) {
  return {{"pid", identity.pid}, {"startTime", identity.start_time}};
}

sys::ProcessIdentity IdentityFrom(const nlohmann::json& json) {
  sys::ProcessIdentity identity;
  identity.pid = json.at("pid");
  identity.start_time = json.at("startTime");
  return identity;
}

ServiceState StateFrom(const std::string& name) {
  for (ServiceState state :
       {ServiceState::kWaiting, ServiceState::kRunning, ServiceState::kReady}) {
    if (name == NameOf(state)) return state;
  }
  return ServiceState::kExited;
}

nlohmann::json ToJson(const ServiceRecord& service) {
  nlohmann::json json = {
      {"service", service.service},    {"container", service.container},
      {"image", service.image},        {"state", std::string(NameOf(service.state))},
      {"init", ToJson(service.init)},  {"startedAt", service.started_at},
      {"addresses", service.addresses}};
  if (service.exit_code) json["exitCode"] = *service.exit_code;
  return json;
}

ServiceRecord ServiceFrom(const nlohmann::json& json) {
  ServiceRecord service;
  service.service = json.at("service");
  service.container = json.at("container");
  service.image = json.at("image");
  service.state = StateFrom(json.at("state"));
  service.init = IdentityFrom(json.at("init"));
  service.started_at = json.at("startedAt");
  service.addresses = json.at("addresses").get<std::vector<std::string>>();
  if (json.contains("exitCode")) service.exit_code = json.at("exitCode").get<int>();
  return service;
}

}  // namespace

absl::string_view NameOf(ServiceState state) {
  switch (state) {
    case ServiceState::kWaiting:
      return "waiting";
    case ServiceState::kRunning:
      return "running";
    case ServiceState::kReady:
      return "ready";
    case ServiceState::kExited:
      break;
  }
  return "exited";
}

ServiceRecord* ProjectRecord::Find(absl::string_view service) {
  for (ServiceRecord& record : services) {
    if (record.service == service) return &record;
  }
  return nullptr;
}

absl::Status WriteProject(const Roots& roots, const ProjectRecord& record) {
  nlohmann::json services = nlohmann::json::array();
  for (const ServiceRecord& service : record.services) services.push_back(ToJson(service));
  const nlohmann::json json = {
      {"version", kVersion},   {"project", record.project},
      {"file", record.file},   {"spec", nlohmann::json::parse(ToJson(record.spec))},
      {"order", record.order}, {"supervisor", ToJson(record.supervisor)},
      {"up", record.up},       {"services", services}};
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(roots.Project(record.project), 0700));
  // Bytes that are no UTF-8 (an environment value) are replaced, never thrown over.
  return sys::WriteFileAtomically(
      RecordFile(roots, record.project),
      json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace));
}

absl::StatusOr<ProjectRecord> ReadProject(const Roots& roots, absl::string_view project) {
  const std::string file = RecordFile(roots, project);
  PELAGOS_ASSIGN_OR_RETURN(std::string text, sys::ReadFile(file, kLargestRecord));
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    if (json.at("version") != kVersion) {
      return absl::FailedPreconditionError(
          absl::StrCat(file, ": written by another version of pelagos"));
    }
    ProjectRecord record;
    record.project = json.at("project");
    record.file = json.at("file");
    PELAGOS_ASSIGN_OR_RETURN(record.spec, ComposeSpecFromJson(json.at("spec").dump()), file);
    record.order = json.at("order").get<std::vector<std::string>>();
    record.supervisor = IdentityFrom(json.at("supervisor"));
    record.up = json.at("up");
    for (const nlohmann::json& service : json.at("services")) {
      record.services.push_back(ServiceFrom(service));
    }
    return record;
  } catch (const nlohmann::json::exception& error) {
    return absl::DataLossError(absl::StrCat(file, ": ", error.what()));
  }
}

absl::Status RemoveProject(const Roots& roots, absl::string_view project) {
  return sys::RemoveTree(roots.Project(project));
}

absl::StatusOr<std::vector<std::string>> ListProjects(const Roots& roots) {
  absl::StatusOr<std::vector<std::string>> names = sys::ListFolder(roots.Projects());
  if (absl::IsNotFound(names.status())) return std::vector<std::string>();
  return names;
}

// A holder may take the file away before it lets go: a lock on a file without a name locks nothing,
// and is taken anew.
absl::StatusOr<Fd> TryLockProject(const Roots& roots, absl::string_view project) {
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(roots.Locks(), 0700));
  const std::string file = roots.ProjectLock(project);
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(Fd fd, sys::LockFile(file, sys::LockMode::kTry));
    struct stat info = {};
    if (::fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, "fstat", file);
    if (info.st_nlink > 0) return fd;
  }
}

absl::Status RemoveProjectLock(const Roots& roots, absl::string_view project) {
  const std::string file = roots.ProjectLock(project);
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) return ErrnoStatus(errno, "unlink", file);
  return absl::OkStatus();
}

}  // namespace pelagos::store
