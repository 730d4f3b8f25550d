// Extended attributes of files that are copied, by open descriptors alone.
//
// What belongs to a file wherever it is goes with it: `user.*`, access lists, and what a program
// may do (`security.capability`). `trusted.*` and an overlay's own notes say how a file system
// keeps its files, and never do; labels are the target's own.
//
// Source: xattr(7), capabilities(7) ("File capabilities"), acl(5); overlayfs.rst.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pelagos::container {

struct AttributeRules {
  bool capabilities = false;  // they are a right, as set-id bits are
  bool access_lists = false;  // they name owners
};

// Whether an attribute of that name is copied.
bool IsCopied(absl::string_view name, const AttributeRules& rules);

// Copies those of the open file or folder `from` to `to`; `path` is for errors. Returns what the
// target's file system does not take.
absl::StatusOr<std::vector<std::string>> CopyAttributes(int from, int to,
                                                        const AttributeRules& rules,
                                                        absl::string_view path);

}  // namespace pelagos::container
