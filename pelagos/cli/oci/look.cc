// state list ps events features spec plan
#include <sys/stat.h>
#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/oci/command.h"
#include "pelagos/oci/config_json.h"
#include "pelagos/oci/facts.h"
#include "pelagos/oci/features.h"
#include "pelagos/oci/freezer.h"
#include "pelagos/oci/from_spec.h"
#include "pelagos/oci/oom_watch.h"
#include "pelagos/oci/placing.h"
#include "pelagos/oci/plan_bundle.h"
#include "pelagos/oci/stats.h"
#include "pelagos/plan/json.h"
#include "pelagos/plan/print.h"
#include "pelagos/sys/cgroup_fs.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

using Json = nlohmann::ordered_json;

int State(OciContext& context, const Arguments& args) {
  const std::string& id = args.positionals()[0];
  const oci::Records& records = context.runtime.records();
  const auto record = records.Read(id);
  if (!record.ok()) return OciFail(context, record.status());
  const auto config = records.ReadConfig(id);
  if (!config.ok()) return OciFail(context, config.status());
  const oci::Status status = records.StatusOf(*record);
  const pid_t pid = status == oci::Status::kStopped ? 0 : record->process.pid;
  std::cout << oci::StateJson(*record, *config, oci::NameOf(status), pid, /*compact=*/false);
  return kDone;
}

std::string OwnerName(uint32_t uid) {
  // passwd(5). The C library's way would need its shared objects, which a static program has not.
  const auto text = sys::ReadFile("/etc/passwd", 4 << 20);
  for (absl::string_view line : absl::StrSplit(text.ok() ? *text : "", '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ':');
    if (fields.size() > 2 && fields[2] == absl::StrCat(uid)) return std::string(fields[0]);
  }
  return absl::StrCat("#", uid);
}

int List(OciContext& context, const Arguments& args) {
  const std::string format = args.value("format", "table");
  if (format != "table" && format != "json") return OciFail(context, "invalid format option");
  const oci::Records& records = context.runtime.records();
  const auto ids = records.List();
  if (!ids.ok()) return OciFail(context, ids.status());
  Json rows = Json::array();
  for (const std::string& id : *ids) {
    const auto record = records.Read(id);
    if (!record.ok()) continue;  // deleted meanwhile
    const auto config = records.ReadConfig(id);
    if (!config.ok()) continue;
    const oci::Status status = records.StatusOf(*record);
    const pid_t pid = status == oci::Status::kStopped ? 0 : record->process.pid;
    Json row =
        Json::parse(oci::StateJson(*record, *config, oci::NameOf(status), pid, /*compact=*/true));
    row["owner"] = OwnerName(record->owner);
    rows.push_back(std::move(row));
  }
  if (args.has("quiet")) {
    for (const Json& row : rows) std::cout << row["id"].get<std::string>() << "\n";
    return kDone;
  }
  if (format == "json") {
    // As runc: no containers are null.
    std::cout << (rows.empty() ? Json(nullptr) : rows).dump() << "\n";
    return kDone;
  }
  std::vector<std::vector<std::string>> table = {
      {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
  for (const Json& row : rows) {
    table.push_back({row["id"], absl::StrCat(row["pid"].get<int>()), row["status"], row["bundle"],
                     row["created"], row["owner"]});
  }
  std::vector<size_t> widths(table[0].size(), 0);
  for (const auto& row : table) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  constexpr size_t kGap = 3, kLeast = 12;
  for (const auto& row : table) {
    for (size_t i = 0; i < row.size(); ++i) {
      std::cout << row[i];
      if (i + 1 == row.size()) continue;
      std::cout << std::string(std::max(widths[i] + kGap, kLeast) - row[i].size(), ' ');
    }
    std::cout << "\n";
  }
  return kDone;
}

// ps(1) of the host, its rows of the container's processes.
int Ps(OciContext& context, const Arguments& args) {
  const std::vector<std::string>& words = args.positionals();
  const auto record = context.runtime.records().Read(words[0]);
  if (!record.ok()) return OciFail(context, record.status());
  const auto pids = oci::ProcessesOf(record->cgroups);
  if (!pids.ok()) return OciFail(context, pids.status());
  const std::string format = args.value("format", "table");
  if (format == "json") {
    std::cout << Json(*pids).dump() << "\n";
    return kDone;
  }
  if (format != "table") return OciFail(context, "invalid format option");
  std::vector<std::string> options(words.begin() + 1, words.end());
  if (options.empty()) options = {"-ef"};
  const auto table = oci::HostPs(options, *pids);
  if (!table.ok()) return OciFail(context, table.status());
  std::cout << *table;
  return kDone;
}

int Events(OciContext& context, const Arguments& args) {
  const std::string& id = args.positionals()[0];
  absl::Duration interval = absl::Seconds(5);
  if (args.has("interval") && (!absl::ParseDuration(args.value("interval"), &interval) ||
                               interval <= absl::ZeroDuration())) {
    return OciFail(context, "duration interval must be greater than 0");
  }
  const auto record = context.runtime.records().Read(id);
  if (!record.ok()) return OciFail(context, record.status());
  const oci::Status status = context.runtime.records().StatusOf(*record);
  if (status == oci::Status::kStopped) {
    return OciFail(context, absl::StrCat("container with id ", id, " is not running"));
  }
  if (args.has("stats")) {
    const auto stats = oci::StatsJson(*record);
    if (!stats.ok()) return OciFail(context, stats.status());
    std::cout << *stats << std::endl;
    return kDone;
  }
  auto watch = oci::OomWatch::Open(record->cgroups, record->process);
  if (!watch.ok()) return OciFail(context, watch.status());
  for (absl::Time next = absl::Now();;) {
    if (absl::Now() >= next) {
      const auto stats = oci::StatsJson(*record);
      if (!stats.ok()) return OciFail(context, stats.status());
      std::cout << *stats << std::endl;
      next += interval;
    }
    const auto happened = watch->Await(next - absl::Now());
    if (!happened.ok()) return OciFail(context, happened.status());
    if (*happened == oci::Happened::kEnd) return kDone;
    if (*happened == oci::Happened::kOutOfMemory) {
      std::cout << Json({{"type", "oom"}, {"id", id}}).dump() << std::endl;
    }
  }
}

int Features(OciContext&, const Arguments&) {
  std::cout << oci::FeaturesJson();
  return kDone;
}

int Spec(OciContext& context, const Arguments& args) {
  const std::string path = absl::StrCat(args.value("bundle", "."), "/config.json");
  if (::access(path.c_str(), F_OK) == 0) {
    return OciFail(context, "File config.json exists. Remove it first");
  }
  auto config = oci::UsualConfig(sys::FindUsualCgroup2() == "/sys/fs/cgroup");
  if (!config.ok()) return OciFail(context, config.status());
  if (args.has("rootless")) oci::MakeRootless(::geteuid(), ::getegid(), *config);
  const absl::Status written = oci::ReplaceFile(path, oci::WriteConfig(*config), 0666);
  return written.ok() ? kDone : OciFail(context, written);
}

absl::StatusOr<LaunchPlan> PlanOf(const OciContext& context, const std::string& folder) {
  PELAGOS_ASSIGN_OR_RETURN(const std::string bundle, oci::AbsolutePath(folder));
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, oci::ReadBundle(bundle));
  PELAGOS_ASSIGN_OR_RETURN(const oci::Config config, oci::ReadConfig(text));
  const std::string id = bundle.substr(bundle.rfind('/') + 1);
  PELAGOS_ASSIGN_OR_RETURN(oci::BundleFacts facts,
                           oci::ReadFacts(id, bundle, config, context.systemd_cgroup));
  if (context.systemd_cgroup) facts.systemd = oci::UsualServiceManager();
  return oci::PlanBundle(config, facts);
}

int Plan(OciContext& context, const Arguments& args) {
  const auto plan = PlanOf(context, args.positionals()[0]);
  if (!plan.ok()) return OciFail(context, plan.status());
  std::cout << (args.has("json") ? ToJson(*plan) : Print(*plan));
  return kDone;
}

}  // namespace

std::vector<OciRow> OciLookRows() {
  constexpr size_t kAnyNumber = 1 << 20;
  return {{"state", "ID", "Print the state of a container.", {}, 1, 1, false, State},
          {"list",
           "[FLAGS]",
           "List the containers.",
           {{"format", 'f', "FORMAT", "table or json"}, {"quiet", 'q', "", "ids only"}},
           0,
           0,
           false,
           List},
          {"ps",
           "[FLAGS] ID [PS OPTIONS]",
           "List the processes of a container.",
           {{"format", 'f', "FORMAT", "table or json"}},
           1,
           kAnyNumber,
           true,
           Ps},
          {"events",
           "[FLAGS] ID",
           "Print what a container uses, again and again.",
           {{"stats", 0, "", "once"}, {"interval", 0, "DURATION", "default: 5s"}},
           1,
           1,
           false,
           Events},
          {"features", "", "Print what this runtime can do.", {}, 0, 0, false, Features},
          {"spec",
           "[FLAGS]",
           "Write a config.json with our defaults.",
           {{"bundle", 'b', "DIR", "where to (default: where we are)"},
            {"rootless", 0, "", "for a user without privileges"}},
           0,
           0,
           false,
           Spec},
          {"plan",
           "[--json] BUNDLE",
           "Print what create would do, step by step.",
           {{"json", 0, "", "as JSON"}},
           1,
           1,
           false,
           Plan}};
}

}  // namespace pelagos::cli
