#include "pelagos/cli/run_hosts.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/policy/extra_host.h"

namespace pelagos::cli {

std::vector<Flag> HostsFlags() {
  return {{"add-host", 0, "NAME:ADDRESS",
           "a line more in /etc/hosts; host-gateway is the address of the host"}};
}

absl::Status ApplyHosts(const Arguments& args, ContainerSpec& spec) {
  for (const std::string& text : args.values("add-host")) {
    std::optional<ExtraHost> host = ParseExtraHost(text);
    if (!host) {
      return absl::InvalidArgumentError(
          absl::StrCat("--add-host '", text,
                       "': expected NAME:ADDRESS, such as db:10.0.0.5, db:[fd00::5] or "
                       "up:host-gateway"));
    }
    if (const std::string problem = ExtraHostProblem(*host); !problem.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("--add-host '", text, "': ", problem));
    }
    spec.extra_hosts.push_back(*std::move(host));
  }
  return absl::OkStatus();
}

}  // namespace pelagos::cli
