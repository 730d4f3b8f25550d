#include "pelagos/image/builtin.h"

#include <fcntl.h>

#include <cerrno>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/reference.h"
#include "pelagos/image/registries.h"
#include "pelagos/image/store.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"

namespace pelagos::image {
namespace {

constexpr absl::string_view kBuiltin = "docker.io/library/busybox:latest";

}  // namespace

absl::Status EnsureBuiltin(const std::string& data_root, absl::string_view written,
                           const std::string& archive, const IngestOptions& options) {
  absl::StatusOr<Reference> reference = ResolveReference(written);
  // A name that is none is for Find to refuse.
  if (!reference.ok() || reference->ToString() != kBuiltin) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const Store store, Store::Open(data_root));
  if (!absl::IsNotFound(store.Find(kBuiltin).status())) return absl::OkStatus();
  std::string path = archive;
  if (path.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(path, sys::SiblingProgram("busybox-image.tar"));
  }
  absl::StatusOr<Fd> file = sys::OpenFile(path, O_RDONLY);
  if (!file.ok()) {
    return FindErrno(file.status()) == ENOENT ? absl::OkStatus() : file.status();
  }
  // Whoever waited here finds the image that the first one loaded.
  PELAGOS_ASSIGN_OR_RETURN(
      const Fd lock,
      sys::LockFile(absl::StrCat(store.folder(), "/builtin.lock"), sys::LockMode::kWait));
  if (!absl::IsNotFound(store.Find(kBuiltin).status())) return absl::OkStatus();
  IngestOptions named = options;
  named.tag = std::string(kBuiltin);
  return Load(data_root, file->get(), named).status();
}

}  // namespace pelagos::image
