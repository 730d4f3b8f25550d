#include "pelagos/cli/engine/ps_filter.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/engine/shown.h"
#include "pelagos/image/reference.h"
#include "re2/re2.h"

namespace pelagos::cli {
namespace {

using container::Found;

// "dead" and "removing" are Docker's; none of ours ever is.
constexpr absl::string_view kStatuses[] = {"created", "running", "paused", "restarting",
                                           "exited",  "lost",    "dead",   "removing"};
constexpr absl::string_view kHealths[] = {"starting", "healthy", "unhealthy", "none"};

template <typename List>
absl::Status CheckWord(const Filters& filters, absl::string_view key, const List& known) {
  for (const std::string& value : filters.values(key)) {
    if (std::find(std::begin(known), std::end(known), value) != std::end(known)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("--filter: ", key, "=", value, ": expected ", absl::StrJoin(known, ", ")));
  }
  return absl::OkStatus();
}

// Ports of the host, or inside: "80", "80/udp", "8000-8010/tcp".
struct PortRange {
  uint16_t first = 0, last = 0;
  Protocol protocol = Protocol::kTcp;

  bool Has(uint16_t port, Protocol of) const {
    return of == protocol && first <= port && port <= last;
  }
};

std::optional<PortRange> ParsePortRange(absl::string_view text) {
  PortRange range;
  const size_t slash = text.find('/');
  if (slash != absl::string_view::npos) {
    const std::optional<Protocol> protocol = FindProtocol(text.substr(slash + 1));
    if (!protocol) return std::nullopt;
    range.protocol = *protocol;
    text = text.substr(0, slash);
  }
  const size_t dash = text.find('-');
  const std::optional<uint16_t> first = ParsePort(text.substr(0, dash));
  const std::optional<uint16_t> last =
      dash == absl::string_view::npos ? first : ParsePort(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  range.first = *first;
  range.last = *last;
  return range;
}

bool IsOfImage(const Found& found, const std::string& wanted) {
  if (!found.has_record) return false;
  const ContainerSpec& spec = found.record.spec;
  if (spec.image.empty()) return spec.rootfs == wanted;
  absl::string_view digest = found.record.image.digest, asked = wanted;
  absl::ConsumePrefix(&digest, "sha256:");
  const bool is_digest = absl::ConsumePrefix(&asked, "sha256:");
  constexpr size_t kShortest = 12;
  if ((is_digest || asked.size() >= kShortest) && !asked.empty() &&
      absl::StartsWith(digest, asked)) {
    return true;
  }
  const auto reference = image::ParseReference(wanted);
  if (!reference.ok()) return spec.image == wanted;
  const auto own = image::ParseReference(spec.image);
  return found.record.image.reference == reference->ToString() ||
         (own.ok() && own->ToString() == reference->ToString());
}

bool HasVolume(const Found& found, const std::string& wanted) {
  const std::vector<Mount>& mounts = found.record.spec.mounts.mounts();
  return std::any_of(mounts.begin(), mounts.end(), [&wanted](const Mount& mount) {
    return mount.source == wanted || mount.target == wanted;
  });
}

bool Publishes(const Found& found, const std::string& wanted) {
  const std::optional<PortRange> range = ParsePortRange(wanted);
  const std::vector<PortMapping>& ports =
      found.running() ? found.ports : found.record.spec.net.ports;
  return range && std::any_of(ports.begin(), ports.end(), [&](const PortMapping& port) {
           return range->Has(port.host, port.protocol);
         });
}

bool Exposes(const Found& found, const std::string& wanted) {
  const std::optional<PortRange> range = ParsePortRange(wanted);
  const std::vector<std::string>& image = found.record.image.exposed_ports;
  const std::vector<PortMapping>& ports = found.record.spec.net.ports;
  return range && (std::any_of(image.begin(), image.end(),
                               [&](const std::string& text) {
                                 const auto port = ParsePortRange(ExposedPort(text));
                                 return port && range->Has(port->first, port->protocol);
                               }) ||
                   std::any_of(ports.begin(), ports.end(), [&](const PortMapping& port) {
                     return range->Has(port.inside, port.protocol);
                   }));
}

// Where the container that a filter names stands in the list.
absl::StatusOr<size_t> PlaceOf(const std::vector<Found>& all, absl::string_view key,
                               const std::string& word) {
  std::optional<size_t> place;
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].name == word || all[i].id == word) return i;
    if (word.empty() || !absl::StartsWith(all[i].id, word)) continue;
    if (place) {
      return absl::InvalidArgumentError(
          absl::StrCat("--filter: ", key, "=", word, ": several ids begin so"));
    }
    place = i;
  }
  if (place) return *place;
  return absl::NotFoundError(
      absl::StrCat("--filter: ", key, "=", word, ": no container is named so"));
}

}  // namespace

const std::vector<absl::string_view>& PsFilterKeys() {
  static const std::vector<absl::string_view>& keys = *new std::vector<absl::string_view>{
      "ancestor", "before",  "exited",  "expose",  "health", "id",     "label", "name",
      "network",  "project", "publish", "service", "since",  "status", "volume"};
  return keys;
}

bool AsksForAll(const Filters& filters) { return filters.has("status") || filters.has("exited"); }

absl::StatusOr<std::function<bool(size_t)>> PsFilter(const Filters& filters,
                                                     const std::vector<Found>& all) {
  PELAGOS_RETURN_IF_ERROR(CheckWord(filters, "status", kStatuses));
  PELAGOS_RETURN_IF_ERROR(CheckWord(filters, "health", kHealths));
  for (const std::string& code : filters.values("exited")) {
    if (int number = 0; !absl::SimpleAtoi(code, &number)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--filter: exited=", code, ": expected an exit code"));
    }
  }
  for (const char* key : {"publish", "expose"}) {
    for (const std::string& port : filters.values(key)) {
      if (ParsePortRange(port)) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("--filter: ", key, "=", port, ": expected PORT[-PORT][/tcp|/udp]"));
    }
  }
  // The list begins with what was made last.
  size_t begin = 0, end = all.size();
  for (const std::string& word : filters.values("before")) {
    PELAGOS_ASSIGN_OR_RETURN(const size_t place, PlaceOf(all, "before", word));
    begin = std::max(begin, place + 1);
  }
  for (const std::string& word : filters.values("since")) {
    PELAGOS_ASSIGN_OR_RETURN(const size_t place, PlaceOf(all, "since", word));
    end = std::min(end, place);
  }
  // Names are regular expressions, also of the name as Docker's servers have it, "/web".
  auto names = std::make_shared<std::vector<std::unique_ptr<re2::RE2>>>();
  for (const std::string& name : filters.values("name")) {
    names->push_back(std::make_unique<re2::RE2>(name, re2::RE2::Quiet));
    if (!names->back()->ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--filter: name=", name, ": ", names->back()->error()));
    }
  }
  return [filters, &all, begin, end, names](size_t i) {
    const Found& found = all[i];
    if (i < begin || i >= end) return false;
    const bool named =
        names->empty() || std::any_of(names->begin(), names->end(), [&found](const auto& name) {
          return re2::RE2::PartialMatch(found.name, *name) ||
                 re2::RE2::PartialMatch("/" + found.name, *name);
        });
    using Text = const std::string&;
    return named && filters.Any("id", [&](Text id) { return absl::StartsWith(found.id, id); }) &&
           filters.Is("status", container::NameOf(found.status)) &&
           filters.Is("health", found.health.empty() ? "none" : found.health) &&
           filters.Is("project", found.project) && filters.Is("service", found.service) &&
           filters.Any("exited",
                       [&](Text code) {
                         return HasExitCode(found) && code == absl::StrCat(found.state.exit_code);
                       }) &&
           filters.All(
               "label",
               [&](Text label) { return HasLabel(found.record.spec.lifecycle.labels, label); }) &&
           filters.Any("ancestor", [&](Text image) { return IsOfImage(found, image); }) &&
           filters.Any("volume", [&](Text volume) { return HasVolume(found, volume); }) &&
           filters.Any("network",
                       [&](Text network) {
                         const std::vector<std::string> own = NetworkNames(found);
                         return std::count(own.begin(), own.end(), network) != 0;
                       }) &&
           filters.Any("publish", [&](Text port) { return Publishes(found, port); }) &&
           filters.Any("expose", [&](Text port) { return Exposes(found, port); });
  };
}

}  // namespace pelagos::cli
