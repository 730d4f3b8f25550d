#include "pelagos/cli/engine/shown.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pelagos/cli/quantity.h"
#include "pelagos/plan/environment.h"

namespace pelagos::cli {
namespace {

using container::Status;

std::string UpText(const container::Found& found, absl::Time now) {
  const absl::Time started = TimeOf(found.state.started_at);
  const std::string up =
      started == absl::InfinitePast() ? "Up" : absl::StrCat("Up ", HumanDuration(now - started));
  if (found.status == Status::kPaused) return absl::StrCat(up, " (Paused)");
  if (found.health == "starting") return absl::StrCat(up, " (health: starting)");
  return found.health.empty() ? up : absl::StrCat(up, " (", found.health, ")");
}

// " 3 minutes ago", or nothing if the end of the last start was not seen.
std::string EndedAgo(const container::Found& found, absl::Time now) {
  const absl::Time finished = TimeOf(found.state.finished_at);
  if (finished == absl::InfinitePast() || finished < TimeOf(found.state.started_at)) return "";
  return absl::StrCat(" ", Ago(finished, now));
}

}  // namespace

std::string ShortId(absl::string_view id) { return std::string(id.substr(0, 12)); }

std::string ImageText(const container::Found& found) {
  const ContainerSpec& spec = found.record.spec;
  return spec.image.empty() ? spec.rootfs : spec.image;
}

std::string CommandText(const container::Found& found) {
  return absl::StrJoin(CommandOf(found.record.spec, found.record.image), " ");
}

std::string StatusText(const container::Found& found, absl::Time now) {
  switch (found.status) {
    case Status::kRunning:
    case Status::kPaused:
      return UpText(found, now);
    case Status::kRestarting:
      return absl::StrCat("Restarting (", found.state.exit_code, ")", EndedAgo(found, now));
    case Status::kExited:
      return absl::StrCat("Exited (", found.state.exit_code, ")", EndedAgo(found, now));
    case Status::kLost:
      return absl::StrCat("Lost", EndedAgo(found, now));
    case Status::kCreated:
      break;
  }
  return "Created";
}

std::string ExposedPort(absl::string_view text) {
  const size_t slash = text.find('/');
  const std::string protocol =
      slash == absl::string_view::npos ? "tcp" : absl::AsciiStrToLower(text.substr(slash + 1));
  const std::optional<uint16_t> port = ParsePort(text.substr(0, slash));
  return port ? absl::StrCat(*port, "/", protocol) : "";
}

std::string PortsText(const container::Found& found) {
  if (!found.running()) return "";
  std::vector<PortMapping> ports = found.ports;
  std::stable_sort(ports.begin(), ports.end(),
                   [](const PortMapping& a, const PortMapping& b) { return a.inside < b.inside; });
  std::vector<std::string> texts, published;
  for (const PortMapping& port : ports) {
    published.push_back(absl::StrCat(port.inside, "/", NameOf(port.protocol)));
    texts.push_back(absl::StrCat(HostSide(port), "->", published.back()));
  }
  if (found.record.spec.net.mode == NetMode::kBridge) {
    for (const std::string& exposed : found.record.image.exposed_ports) {
      std::string port = ExposedPort(exposed);
      if (port.empty() || std::count(published.begin(), published.end(), port) != 0) continue;
      texts.push_back(std::move(port));
    }
  }
  return absl::StrJoin(texts, ", ");
}

std::vector<std::string> NetworkNames(const container::Found& found) {
  const NetPlan& net = found.record.spec.net;
  if (!found.has_record) return {};
  if (net.mode != NetMode::kBridge) return {std::string(NameOf(net.mode))};
  std::vector<std::string> names;
  for (const Attachment& attachment : net.attachments) names.push_back(attachment.network);
  return names;
}

std::string DateText(absl::string_view rfc3339) {
  const absl::Time at = TimeOf(rfc3339);
  if (at == absl::InfinitePast()) return "";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S %z UTC", at, absl::UTCTimeZone());
}

bool HasExitCode(const container::Found& found) {
  return found.status == Status::kExited || found.status == Status::kRestarting;
}

}  // namespace pelagos::cli
