#include "pelagos/store/own_volumes.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/policy/name.h"
#include "pelagos/store/volume.h"
#include "pelagos/sys/file.h"

namespace pelagos::store {
namespace {

constexpr size_t kLargestNote = 4 << 20;

std::string NoteOf(const Roots& roots, const std::string& id) {
  return absl::StrCat(roots.Container(id), "/volumes");
}

}  // namespace

absl::Status RemoveOwnVolumes(const Roots& roots, const MountPlan& mounts) {
  absl::Status first;
  for (const Mount& mount : mounts.mounts()) {
    if (mount.kind != MountKind::kVolume || !mount.options.own || mount.source.empty()) continue;
    const absl::Status removed = RemoveUnsharedVolume(roots, mount.source);
    if (first.ok()) first = removed;
  }
  return first;
}

absl::Status NoteOwnVolumes(const Roots& roots, const std::string& id, const MountPlan& mounts) {
  std::string text;
  for (const Mount& mount : mounts.mounts()) {
    if (!mount.options.own) continue;
    absl::StrAppend(&text, mount.source, absl::string_view("\0", 1), mount.target,
                    absl::string_view("\0", 1));
  }
  const std::string path = NoteOf(roots, id);
  PELAGOS_ASSIGN_OR_RETURN(const Fd file,
                           sys::OpenFile(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
  return sys::WriteAll(file, text, path);
}

absl::StatusOr<MountPlan> ReadNotedVolumes(const Roots& roots, const std::string& id) {
  MountPlan noted;
  const absl::StatusOr<std::string> text = sys::ReadFile(NoteOf(roots, id), kLargestNote);
  if (FindErrno(text.status()) == ENOENT) return noted;
  PELAGOS_RETURN_IF_ERROR(text.status());
  const std::vector<std::string> words = absl::StrSplit(*text, '\0');
  // What was cut off by a kill was not made yet.
  for (size_t i = 0; i + 2 < words.size(); i += 2) {
    if (!NameProblem(words[i], kMaxContainerNameLength).empty()) continue;
    Mount mount = {MountKind::kVolume, words[i], words[i + 1], false};
    mount.options.own = true;
    noted.push_back(std::move(mount));
  }
  return noted;
}

absl::Status RemoveNotedVolumes(const Roots& roots, const std::string& id) {
  PELAGOS_ASSIGN_OR_RETURN(const MountPlan noted, ReadNotedVolumes(roots, id));
  if (noted.mounts().empty()) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(RemoveOwnVolumes(roots, noted), "volumes of '", id, "'");
  const std::string note = NoteOf(roots, id);
  if (::unlink(note.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return ErrnoStatus(errno, "unlink", note);
}

}  // namespace pelagos::store
