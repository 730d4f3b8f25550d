// The names under which AppArmor and SELinux know a container.
//
// A value. Source: apparmor(7), selinux(8), OCI runtime-spec config.md (apparmorProfile,
// selinuxLabel, mountLabel), docker-run(1) ("--security-opt").
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace pelagos {

struct SecurityLabels {
  std::string apparmor;       // a profile that is loaded; empty: none is asked for
  std::string selinux;        // of the process, "user:role:type:level"; empty: none
  std::string selinux_mount;  // of the files of overlays and tmpfs; empty: none

  bool empty() const { return apparmor.empty() && selinux.empty() && selinux_mount.empty(); }
  friend bool operator==(const SecurityLabels&, const SecurityLabels&) = default;
};

// Why `profile` is no name of an AppArmor profile, as the end of a sentence, or "". The kernel
// takes the rest of the line as the name.
constexpr absl::string_view AppArmorProblem(absl::string_view profile) {
  if (profile.size() > 255) return "is too long";
  for (char c : profile) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return "must not contain blanks";
  }
  return "";
}

// Why `label` is no SELinux context, as the end of a sentence, or "". A quotation mark would end
// the mount option that it stands in.
constexpr absl::string_view SelinuxProblem(absl::string_view label) {
  if (label.size() > 4095) return "is too long";
  int colons = 0;
  bool part_is_empty = true;
  for (char c : label) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-' || c == '.' || c == ',' || c == ':';
    if (!fine) return "holds a character that no context has";
    if (c == ':' && part_is_empty) return "has an empty part";
    part_is_empty = c == ':';
    if (c == ':') ++colons;
  }
  if (part_is_empty) return "has an empty part";
  return colons < 2 ? "must be user:role:type[:level]" : "";
}

// The parts of a context, as --security-opt label=PART:VALUE gives them; what is not given is what
// Docker takes for containers.
struct SelinuxParts {
  std::string user = "system_u", role = "system_r", type = "container_t", level = "s0";
  std::string file_type = "container_file_t";

  std::string process() const { return user + ":" + role + ":" + type + ":" + level; }
  std::string mount() const { return user + ":object_r:" + file_type + ":" + level; }
};

// The part called `name` ("user", "role", "type", "level", "filetype"), or null.
inline std::string* FindSelinuxPart(SelinuxParts& parts, absl::string_view name) {
  if (name == "user") return &parts.user;
  if (name == "role") return &parts.role;
  if (name == "type") return &parts.type;
  if (name == "level") return &parts.level;
  return name == "filetype" ? &parts.file_type : nullptr;
}

}  // namespace pelagos
