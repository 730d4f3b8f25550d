// What the commands of `pelagos oci` share.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/cli/command.h"
#include "pelagos/cli/oci/log.h"
#include "pelagos/oci/notify_socket.h"
#include "pelagos/oci/runtime.h"

namespace pelagos::cli {

struct OciContext {
  OciLog log;
  oci::Runtime runtime;
  bool systemd_cgroup = false, no_cgroups = false;
};

struct OciRow {
  absl::string_view name, usage, summary;
  std::vector<Flag> flags;
  size_t least = 0, most = 0;  // words that are no flags
  bool options_first = false;
  std::function<int(OciContext&, const Arguments&)> run;
  bool launches = false;  // an ordinary user needs rights for it
};

// Tells the failure and returns `code`.
int OciFail(OciContext& context, absl::string_view message, int code = 1);
int OciFail(OciContext& context, const absl::Status& status, int code = 1);

// A whole number that is not negative; -1 for anything else.
int ParseCount(absl::string_view text);

// Waits for the end of a process of ours, passing signals on and carrying its terminal's bytes.
// Its exit code, as shells say it. `notify` is told on, if there is one.
absl::StatusOr<int> Attend(oci::Running& running, oci::NotifyProxy* notify = nullptr);

std::vector<OciRow> OciLifeCycleRows();  // create start run kill delete pause resume
std::vector<OciRow> OciExecRows();       // exec
std::vector<OciRow> OciLookRows();       // state list ps events features spec plan
std::vector<OciRow> OciUpdateRows();     // update checkpoint restore

}  // namespace pelagos::cli
