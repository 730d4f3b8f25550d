// What must hold of mounts beside their targets and sources (rules.h), and what is to be said of
// them.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/plan/plan_inputs.h"
#include "pelagos/policy/mount_plan.h"

namespace pelagos {

namespace rules {

// As the end of a sentence, or "".
inline absl::string_view SubpathProblem(absl::string_view path) {
  if (path.empty()) return "";
  if (path[0] == '/') return "must be relative";
  if (path.find('\0') != absl::string_view::npos) return "must not contain a NUL byte";
  for (absl::string_view part : absl::StrSplit(path, '/')) {
    if (part == "..") return "must not contain '..'";
  }
  return "";
}

inline void MountOptionsAreUsable(const PlanInputs& in, Diagnostics& diags) {
  for (const Mount& mount : in.spec.mounts.mounts()) {
    const MountOptions& options = mount.options;
    const auto error = [&](const std::string& text, absl::string_view hint = "") {
      diags.Error(in.spec.spans.Find("mount", mount.target),
                  absl::StrCat(NameOf(mount.kind), " at '", mount.target, "': ", text),
                  std::string(hint));
    };
    if (const absl::string_view problem = SubpathProblem(options.subpath); !problem.empty()) {
      error(absl::StrCat("the path '", options.subpath, "' within it ", problem));
    }
    if (const absl::string_view problem = IdMapProblem(options.ids); !problem.empty()) {
      error(absl::StrCat("the id map ", problem));
    }
    if (mount.kind == MountKind::kTmpfs) {
      if (!options.subpath.empty() || !options.ids.empty() || options.make_source ||
          options.propagation != Propagation::kPrivate ||
          options.recursion != BindRecursion::kEnabled) {
        error("a tmpfs has no source, and none of the options for one");
      }
    } else if (options.tmpfs != TmpfsOptions{}) {
      error("size, mode and owner are for a tmpfs");
    }
    if (options.recursion == BindRecursion::kReadOnly &&
        (!mount.read_only || options.propagation != Propagation::kPrivate)) {
      error("recursively read-only needs read-only and private propagation");
    }
    if (options.relabel && in.facts.selinux) {
      error("files are not relabelled", "use chcon(1) on the source");
    }
    if (mount.kind == MountKind::kBind && in.facts.missing_sources.count(mount.source) != 0) {
      error(absl::StrCat("the source '", mount.source, "' does not exist"),
            "--volume makes a folder, --mount only with bind-create-src");
    }
  }
}

inline void MaskedPathsAreUsable(const PlanInputs& in, Diagnostics& diags) {
  for (const std::string& path : in.spec.masked_paths) {
    if (const absl::string_view problem = InsidePathProblem(path); !problem.empty()) {
      diags.Error(in.spec.spans.Find("masked-path"),
                  absl::StrCat("masked-path '", path, "' ", problem));
    }
  }
}

}  // namespace rules

inline std::vector<PlanNote> MountNotes(const PlanInputs& in) {
  std::vector<PlanNote> notes;
  for (const Mount& mount : in.spec.mounts.mounts()) {
    if (!mount.options.relabel) continue;
    // Nothing is missing: whoever writes z means it for hosts with SELinux.
    notes.push_back(
        {absl::StrCat("z and Z of ", mount.target, " change nothing: SELinux is off on this host"),
         false});
  }
  return notes;
}

}  // namespace pelagos
