#include "pelagos/cli/system.h"

#include <algorithm>
#include <iostream>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/quantity.h"
#include "pelagos/image/store.h"
#include "pelagos/image/store_usage.h"
#include "pelagos/store/usage.h"

namespace pelagos::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Usage {
  image::StoreUsage images;
  std::vector<store::ContainerUsage> containers;
  std::vector<store::VolumeUsage> volumes;
};

absl::StatusOr<Usage> Measure(const store::Roots& roots) {
  Usage usage;
  const image::Store store = image::Store::Look(roots.data);
  // A store that is not there is empty.
  if (store.List().ok()) {
    PELAGOS_ASSIGN_OR_RETURN(usage.images, image::MeasureStore(store));
  }
  PELAGOS_ASSIGN_OR_RETURN(usage.containers, store::MeasureContainers(roots));
  PELAGOS_ASSIGN_OR_RETURN(usage.volumes, store::MeasureVolumes(roots));
  return usage;
}

// One line of the short form.
struct Row {
  std::string type;
  size_t total = 0, active = 0;
  uint64_t bytes = 0, reclaimable = 0;

  std::string Reclaimable() const {
    std::string text = HumanSize(reclaimable);
    if (bytes > 0) absl::StrAppend(&text, " (", reclaimable * 100 / bytes, "%)");
    return text;
  }
};

std::vector<Row> Rows(const Usage& usage) {
  // An image counts once, however many names it has.
  std::set<std::string> all, active;
  for (const image::ImageUsage& image : usage.images.images) {
    all.insert(image.manifest.hex());
    if (image.in_use) active.insert(image.manifest.hex());
  }
  Row images = {"Images", all.size(), active.size(), usage.images.bytes, usage.images.reclaimable};
  Row containers = {"Containers", usage.containers.size()};
  for (const store::ContainerUsage& container : usage.containers) {
    containers.active += container.running ? 1 : 0;
    containers.bytes += container.bytes;
    if (!container.running) containers.reclaimable += container.bytes;
  }
  Row volumes = {"Local Volumes", usage.volumes.size()};
  for (const store::VolumeUsage& volume : usage.volumes) {
    volumes.active += volume.links > 0 ? 1 : 0;
    volumes.bytes += volume.bytes;
    if (volume.links == 0) volumes.reclaimable += volume.bytes;
  }
  return {images, containers, volumes};
}

std::string NameOf(const store::ContainerUsage& container) {
  return container.name.empty() ? container.id : container.name;
}

const char* StateOf(const store::ContainerUsage& container) {
  if (container.running) return "running";
  return container.kept ? "stopped" : "dead";
}

void PrintTable(const Usage& usage) {
  constexpr char kLine[] = "%-15s %-9s %-9s %-11s %s\n";
  std::cout << absl::StrFormat(kLine, "TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE");
  for (const Row& row : Rows(usage)) {
    std::cout << absl::StrFormat(kLine, row.type, absl::StrCat(row.total), absl::StrCat(row.active),
                                 HumanSize(row.bytes), row.Reclaimable());
  }
}

void PrintDetails(const Usage& usage) {
  size_t width = 20;
  for (const auto& image : usage.images.images) width = std::max(width, image.reference.size());
  for (const auto& container : usage.containers) width = std::max(width, NameOf(container).size());
  for (const auto& volume : usage.volumes) width = std::max(width, volume.name.size());
  const int columns = static_cast<int>(width);
  std::cout << "Images space usage:\n\n"
            << absl::StrFormat("%-*s %-12s %-10s %-12s %-12s %s\n", columns, "REFERENCE", "DIGEST",
                               "SIZE", "SHARED SIZE", "UNIQUE SIZE", "ACTIVE");
  for (const image::ImageUsage& image : usage.images.images) {
    std::cout << absl::StrFormat("%-*s %-12s %-10s %-12s %-12s %s\n", columns, image.reference,
                                 image.manifest.hex().substr(0, 12), HumanSize(image.bytes),
                                 HumanSize(image.shared), HumanSize(image.bytes - image.shared),
                                 image.in_use ? "yes" : "no");
  }
  std::cout << "\nContainers space usage:\n\n"
            << absl::StrFormat("%-*s %-10s %s\n", columns, "NAME", "SIZE", "STATUS");
  for (const store::ContainerUsage& container : usage.containers) {
    std::cout << absl::StrFormat("%-*s %-10s %s\n", columns, NameOf(container),
                                 HumanSize(container.bytes), StateOf(container));
  }
  std::cout << "\nLocal Volumes space usage:\n\n"
            << absl::StrFormat("%-*s %-10s %s\n", columns, "VOLUME NAME", "SIZE", "LINKS");
  for (const store::VolumeUsage& volume : usage.volumes) {
    std::cout << absl::StrFormat("%-*s %-10s %d\n", columns, volume.name, HumanSize(volume.bytes),
                                 volume.links);
  }
}

std::string Line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// As Docker's: an object a line, of texts; with --verbose one object of lists, with bytes as
// numbers.
void PrintJson(const Usage& usage, bool verbose) {
  if (!verbose) {
    for (const Row& row : Rows(usage)) {
      std::cout << Line({{"Type", row.type},
                         {"TotalCount", absl::StrCat(row.total)},
                         {"Active", absl::StrCat(row.active)},
                         {"Size", HumanSize(row.bytes)},
                         {"Reclaimable", row.Reclaimable()}});
    }
    return;
  }
  Json images = Json::array(), containers = Json::array(), volumes = Json::array();
  for (const image::ImageUsage& image : usage.images.images) {
    images.push_back({{"Reference", image.reference},
                      {"Digest", image.manifest.ToString()},
                      {"Created", image.created},
                      {"Size", image.bytes},
                      {"SharedSize", image.shared},
                      {"UniqueSize", image.bytes - image.shared},
                      {"Active", image.in_use}});
  }
  for (const store::ContainerUsage& container : usage.containers) {
    containers.push_back({{"Name", NameOf(container)},
                          {"Id", container.id},
                          {"Size", container.bytes},
                          {"Running", container.running},
                          {"State", StateOf(container)}});
  }
  for (const store::VolumeUsage& volume : usage.volumes) {
    volumes.push_back({{"Name", volume.name}, {"Size", volume.bytes}, {"Links", volume.links}});
  }
  std::cout << Line({{"ImagesSize", usage.images.bytes},
                     {"ImagesReclaimable", usage.images.reclaimable},
                     {"Images", images},
                     {"Containers", containers},
                     {"Volumes", volumes}});
}

int DiskFree(const Context& context, const Arguments& args) {
  if (!args.positionals().empty()) {
    return Fail(absl::StrCat("system df: unexpected argument '", args.positionals()[0], "'"),
                kUsage);
  }
  const std::string format = absl::AsciiStrToLower(args.value("format", "table"));
  if (format != "json" && format != "table") {
    return Fail(absl::StrCat("system df: --format: '", format, "': expected table or json"),
                kUsage);
  }
  const absl::StatusOr<Usage> usage = Measure(context.roots);
  if (!usage.ok()) return Fail(usage.status());
  if (format == "json") {
    PrintJson(*usage, args.has("verbose"));
  } else if (args.has("verbose")) {
    PrintDetails(*usage);
  } else {
    PrintTable(*usage);
  }
  return kDone;
}

}  // namespace

std::vector<Command> SystemCommands() {
  return {
      {"system df",
       "[--verbose] [--format table|json]",
       "Show what images, containers and volumes take on the disk; what is shared counts once.",
       "pelagos system df --verbose",
       {{"verbose", 'v', "", "each image, container and volume"},
        {"format", 0, "FORMAT", "table or json"}},
       false,
       DiskFree},
  };
}

}  // namespace pelagos::cli
