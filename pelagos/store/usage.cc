#include "pelagos/store/usage.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/disk_usage.h"
#include "pelagos/sys/file.h"

namespace pelagos::store {
namespace {

constexpr size_t kMaxMountInfo = size_t{16} << 20;

absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& folder) {
  absl::StatusOr<std::vector<std::string>> names = sys::ListFolder(folder);
  if (absl::IsNotFound(names.status())) return std::vector<std::string>();
  PELAGOS_RETURN_IF_ERROR(names.status());
  names->erase(std::remove_if(names->begin(), names->end(),
                              [](const std::string& name) { return absl::StartsWith(name, "."); }),
               names->end());
  std::sort(names->begin(), names->end());
  return names;
}

// Without taking it.
bool IsLocked(const std::string& file) {
  const absl::StatusOr<Fd> fd = sys::OpenFile(file, O_RDWR | O_NOFOLLOW);
  if (!fd.ok()) return false;
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return ::fcntl(fd->get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

// The mounts of each mount namespace, by its inode. Processes that are gone, or others', have none.
std::map<uint64_t, std::string> MountsByNamespace() {
  std::map<uint64_t, std::string> mounts;
  const absl::StatusOr<std::vector<std::string>> names = sys::ListFolder("/proc");
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(name[0]))) continue;
    struct stat info = {};
    if (::stat(absl::StrCat("/proc/", name, "/ns/mnt").c_str(), &info) != 0) continue;
    if (mounts.count(info.st_ino) != 0) continue;
    absl::StatusOr<std::string> text =
        sys::ReadFile(absl::StrCat("/proc/", name, "/mountinfo"), kMaxMountInfo);
    if (text.ok()) mounts[info.st_ino] = *std::move(text);
  }
  return mounts;
}

}  // namespace

namespace internal {
namespace {

struct Mount {
  std::string device, root, point;
};

// "36 35 98:0 /root /point options - ..."; blanks and the like are octal there.
std::vector<Mount> ParseMounts(absl::string_view mountinfo) {
  std::vector<Mount> mounts;
  for (absl::string_view line : absl::StrSplit(mountinfo, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, absl::MaxSplits(' ', 5));
    if (words.size() < 6) continue;
    Mount mount;
    mount.device = std::string(words[2]);
    if (absl::CUnescape(words[3], &mount.root) && absl::CUnescape(words[4], &mount.point)) {
      mounts.push_back(std::move(mount));
    }
  }
  return mounts;
}

}  // namespace

Place PlaceOf(absl::string_view mountinfo, absl::string_view path) {
  Place place;
  size_t longest = 0;
  for (const Mount& mount : ParseMounts(mountinfo)) {
    absl::string_view rest = path;
    const absl::string_view point = mount.point == "/" ? "" : absl::string_view(mount.point);
    if (!absl::ConsumePrefix(&rest, point) || (!rest.empty() && rest[0] != '/')) continue;
    if (point.size() < longest) continue;  // of equal ones the last covers the others
    longest = point.size();
    place = {mount.device, absl::StrCat(mount.root == "/" ? "" : mount.root, rest)};
  }
  return place;
}

bool ShowsPlace(absl::string_view mountinfo, const Place& place) {
  const std::vector<Mount> mounts = ParseMounts(mountinfo);
  return std::any_of(mounts.begin(), mounts.end(), [&](const Mount& mount) {
    return mount.device == place.device && mount.root == place.path;
  });
}

}  // namespace internal

absl::StatusOr<std::vector<ContainerUsage>> MeasureContainers(const Roots& roots) {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> kept, NamesIn(roots.KeptContainers()));
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> ids, NamesIn(roots.Containers()));
  std::vector<ContainerUsage> containers;
  for (const std::string& id : kept) {
    ContainerUsage& container = containers.emplace_back();
    container.id = id;
    container.kept = true;
  }
  for (const std::string& id : ids) {
    if (std::binary_search(kept.begin(), kept.end(), id)) continue;
    containers.emplace_back().id = id;
  }
  // A link for each name, to the id.
  std::map<std::string, std::string> names;
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> links, NamesIn(roots.ContainerNames()));
  for (const std::string& name : links) {
    std::error_code error;
    const auto target =
        std::filesystem::read_symlink(absl::StrCat(roots.ContainerNames(), "/", name), error);
    if (!error) names[target.filename().string()] = name;
  }
  for (ContainerUsage& container : containers) {
    const std::string folder =
        container.kept ? roots.KeptContainer(container.id) : roots.Container(container.id);
    container.running = IsLocked(absl::StrCat(roots.Container(container.id), "/.lock"));
    container.bytes = sys::DiskUsage(absl::StrCat(folder, "/upper"));
    if (const auto name = names.find(container.id); name != names.end()) {
      container.name = name->second;
    }
  }
  std::sort(containers.begin(), containers.end(),
            [](const ContainerUsage& a, const ContainerUsage& b) {
              return (a.name.empty() ? a.id : a.name) < (b.name.empty() ? b.id : b.name);
            });
  return containers;
}

absl::StatusOr<std::map<std::string, size_t>> CountVolumeLinks(const Roots& roots) {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(roots.Volumes()));
  std::map<std::string, size_t> links;
  if (names.empty()) return links;
  const std::map<uint64_t, std::string> mounts = MountsByNamespace();
  const absl::StatusOr<std::string> own = sys::ReadFile("/proc/self/mountinfo", kMaxMountInfo);
  PELAGOS_RETURN_IF_ERROR(own.status());
  for (const std::string& name : names) {
    std::error_code error;
    const std::string folder = absl::StrCat(roots.Volume(name), "/data");
    const std::string real = std::filesystem::canonical(folder, error).string();
    if (error) continue;
    const internal::Place place = internal::PlaceOf(*own, real);
    links[name] = static_cast<size_t>(
        std::count_if(mounts.begin(), mounts.end(), [&](const auto& of_namespace) {
          return internal::ShowsPlace(of_namespace.second, place);
        }));
  }
  return links;
}

absl::StatusOr<std::vector<VolumeUsage>> MeasureVolumes(const Roots& roots) {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(roots.Volumes()));
  using Links = std::map<std::string, size_t>;
  PELAGOS_ASSIGN_OR_RETURN(const Links links, CountVolumeLinks(roots));
  std::vector<VolumeUsage> volumes;
  for (const std::string& name : names) {
    VolumeUsage& volume = volumes.emplace_back();
    volume.name = name;
    volume.bytes = sys::DiskUsage(absl::StrCat(roots.Volume(name), "/data"));
    if (const auto found = links.find(name); found != links.end()) volume.links = found->second;
  }
  return volumes;
}

}  // namespace pelagos::store
