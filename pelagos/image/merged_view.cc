#include "pelagos/image/merged_view.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

constexpr int kMaxLinks = 40;           // as the kernel's own limit, path_resolution(7)
constexpr size_t kMaxComponents = 512;  // of the path and of all links together
constexpr size_t kMaxLinkSize = 4096;

bool IsWhiteout(const struct stat& info) { return S_ISCHR(info.st_mode) && info.st_rdev == 0; }

bool IsOpaque(const Fd& folder) {
  // An O_PATH descriptor has no xattrs of its own: fgetxattr(2) gives EBADF, this way does not.
  const std::string path = absl::StrCat("/proc/self/fd/", folder.get());
  char value = 0;
  for (const char* name : {"trusted.overlay.opaque", "user.overlay.opaque"}) {
    if (::getxattr(path.c_str(), name, &value, 1) == 1 && value == 'y') return true;
  }
  return false;
}

}  // namespace

struct MergedView::Place {
  std::string path;       // relative, without links; empty: the root
  struct stat info = {};  // in the topmost layer that has it
  Layer in;               // the folder it stands in there
  std::string name;       // in that
  // A folder: what it is made of, top first.
  std::vector<Layer> layers;
};

MergedView::MergedView(std::vector<Layer> layers) : layers_(std::move(layers)) {}
MergedView::MergedView(MergedView&&) noexcept = default;
MergedView::~MergedView() = default;

absl::StatusOr<MergedView> MergedView::Open(const std::vector<std::string>& layers) {
  std::vector<Layer> roots;
  for (const std::string& layer : layers) {
    PELAGOS_ASSIGN_OR_RETURN(sys::RootFd root, sys::RootFd::Open(layer), "layer of the image");
    roots.push_back(std::make_shared<const sys::RootFd>(std::move(root)));
  }
  return MergedView(std::move(roots));
}

// NotFound if no layer shows `name` in `folder`.
absl::StatusOr<MergedView::Place> MergedView::Step(const Place& folder,
                                                   absl::string_view name) const {
  Place place;
  place.path = folder.path.empty() ? std::string(name) : absl::StrCat(folder.path, "/", name);
  place.name = std::string(name);
  for (const Layer& layer : folder.layers) {
    const absl::StatusOr<struct stat> info = layer->StatEntry(place.name);
    if (!info.ok()) {
      if (FindErrno(info.status()) == ENOENT) continue;
      return info.status();
    }
    if (IsWhiteout(*info)) break;
    const bool first = place.in == nullptr;
    if (!first && !S_ISDIR(info->st_mode)) break;  // hidden by the folder above it
    if (first) {
      place.info = *info;
      place.in = layer;
    }
    if (!S_ISDIR(info->st_mode)) break;
    PELAGOS_ASSIGN_OR_RETURN(Fd fd,
                             layer->OpenBeneath(place.name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    const bool last = &layer == &folder.layers.back();
    const bool ends = last || IsOpaque(fd);
    place.layers.push_back(std::make_shared<const sys::RootFd>(std::move(fd)));
    if (ends) break;
  }
  if (place.in == nullptr) {
    return absl::NotFoundError(absl::StrCat("no '/", place.path, "' in the image"));
  }
  return place;
}

absl::StatusOr<MergedView::Place> MergedView::Resolve(absl::string_view path) {
  std::deque<std::string> left = absl::StrSplit(path, '/', absl::SkipEmpty());
  size_t components = left.size();
  std::vector<Place> stack;
  const std::string folder(path.substr(0, path.rfind('/')));
  const bool known = !visited_.empty() && folder == visited_path_;
  if (known) {
    stack = visited_;
    left.erase(left.begin(), left.end() - 1);
  } else {
    Place& root = stack.emplace_back();
    root.info.st_mode = S_IFDIR;
    root.layers = layers_;
  }
  int links = 0;
  while (!left.empty()) {
    if (left.size() == 1 && links == 0) {
      visited_path_ = folder;
      visited_ = stack;
    }
    const std::string name = std::move(left.front());
    left.pop_front();
    if (name == ".") continue;
    if (name == "..") {
      if (stack.size() > 1) stack.pop_back();
      continue;
    }
    if (!S_ISDIR(stack.back().info.st_mode)) {
      return absl::NotFoundError(absl::StrCat("'/", stack.back().path, "' is no folder"));
    }
    PELAGOS_ASSIGN_OR_RETURN(Place place, Step(stack.back(), name));
    if (!S_ISLNK(place.info.st_mode)) {
      stack.push_back(std::move(place));
      continue;
    }
    PELAGOS_ASSIGN_OR_RETURN(const Fd link, place.in->OpenBeneath(place.name, O_PATH | O_NOFOLLOW));
    std::string target(kMaxLinkSize, '\0');
    const ssize_t size = ::readlinkat(link.get(), "", target.data(), target.size());
    if (size < 0) return ErrnoStatus(errno, "readlinkat", place.path);
    target.resize(static_cast<size_t>(size));
    std::vector<std::string> parts = absl::StrSplit(target, '/', absl::SkipEmpty());
    components += parts.size();
    if (++links > kMaxLinks || components > kMaxComponents) {
      return absl::FailedPreconditionError(absl::StrCat("too many links in '/", path, "'"));
    }
    if (!target.empty() && target.front() == '/') stack.resize(1);
    left.insert(left.begin(), parts.begin(), parts.end());
  }
  return std::move(stack.back());
}

absl::StatusOr<std::string> MergedView::ReadFile(absl::string_view path, size_t max_bytes) {
  PELAGOS_ASSIGN_OR_RETURN(const Place place, Resolve(path));
  if (!S_ISREG(place.info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat("'/", place.path, "' in the image is not a regular file"));
  }
  // O_NONBLOCK: should it have become a fifo meanwhile, we do not wait for a writer.
  PELAGOS_ASSIGN_OR_RETURN(
      const Fd fd,
      place.in->OpenBeneath(place.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  return sys::ReadAllAtOnce(fd, max_bytes, absl::StrCat("/", place.path, " in the image"));
}

}  // namespace pelagos::image
