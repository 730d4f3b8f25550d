#include "pelagos/store/container_json.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/spec/json_value.h"
#include "pelagos/store/json_bytes.h"

namespace pelagos::store {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;

Json Write(const sys::ProcessIdentity& identity) {
  return {{"pid", identity.pid}, {"startTime", identity.start_time}};
}

sys::ProcessIdentity ReadIdentity(const Json& json) {
  sys::ProcessIdentity identity;
  identity.pid = json.at("pid");
  identity.start_time = json.at("startTime");
  return identity;
}

constexpr struct {
  ContainerPhase phase;
  const char* name;
} kPhases[] = {{ContainerPhase::kCreated, "created"},
               {ContainerPhase::kRunning, "running"},
               {ContainerPhase::kRestarting, "restarting"},
               {ContainerPhase::kExited, "exited"}};

Json WritePhase(ContainerPhase phase) {
  for (const auto& row : kPhases) {
    if (row.phase == phase) return row.name;
  }
  return nullptr;
}

absl::StatusOr<ContainerPhase> ReadPhase(const std::string& name) {
  for (const auto& row : kPhases) {
    if (name == row.name) return row.phase;
  }
  return absl::DataLossError(absl::StrCat("the phase '", name, "' does not exist"));
}

// `read` throws what nlohmann::json throws.
template <typename T>
absl::StatusOr<T> Read(absl::string_view text, absl::StatusOr<T> (*read)(const Json&)) {
  try {
    Json json = Json::parse(text.begin(), text.end());
    if (HasBytes(text)) TextToBytes(json);
    return read(json);
  } catch (const Json::exception& error) {
    return absl::DataLossError(error.what());
  }
}

absl::StatusOr<ContainerRecord> ReadRecord(const Json& json) {
  if (json.at("version") != kVersion) {
    return absl::FailedPreconditionError("written by another version of pelagos");
  }
  ContainerRecord record;
  record.id = json.at("id");
  record.created = json.at("created");
  PELAGOS_ASSIGN_OR_RETURN(record.spec, ContainerSpecFromValue(json.at("spec")));
  PELAGOS_ASSIGN_OR_RETURN(record.image, ResolvedImageFromValue(json.at("image")));
  PELAGOS_ASSIGN_OR_RETURN(record.user, ResolvedUserFromValue(json.at("user")));
  return record;
}

absl::StatusOr<ContainerState> ReadState(const Json& json) {
  ContainerState state;
  PELAGOS_ASSIGN_OR_RETURN(state.phase, ReadPhase(json.at("phase").get<std::string>()));
  state.init = ReadIdentity(json.at("init"));
  state.monitor = ReadIdentity(json.at("monitor"));
  state.started_at = json.at("startedAt");
  state.finished_at = json.at("finishedAt");
  state.exit_code = json.at("exitCode");
  state.out_of_memory = json.at("outOfMemory");
  state.error = json.at("error");
  state.restarts = json.at("restarts");
  state.stopped = json.at("stopped");
  state.addresses = json.at("addresses").get<std::vector<std::string>>();
  state.cgroup = json.at("cgroup");
  return state;
}

}  // namespace

Json WriteRecord(const ContainerRecord& record) {
  return {{"version", kVersion},
          {"id", record.id},
          {"created", record.created},
          {"spec", ToJsonValue(record.spec)},
          {"image", ToJsonValue(record.image)},
          {"user", ToJsonValue(record.user)}};
}

Json WriteState(const ContainerState& state) {
  return {{"phase", WritePhase(state.phase)},   {"init", Write(state.init)},
          {"monitor", Write(state.monitor)},    {"startedAt", state.started_at},
          {"finishedAt", state.finished_at},    {"exitCode", state.exit_code},
          {"outOfMemory", state.out_of_memory}, {"error", state.error},
          {"restarts", state.restarts},         {"stopped", state.stopped},
          {"addresses", state.addresses},       {"cgroup", state.cgroup}};
}

std::string DumpRecord(Json json) {
  BytesToText(json);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<ContainerRecord> ContainerRecordFromJson(absl::string_view text) {
  return Read(text, ReadRecord);
}

absl::StatusOr<ContainerState> ContainerStateFromJson(absl::string_view text) {
  return Read(text, ReadState);
}

}  // namespace pelagos::store
