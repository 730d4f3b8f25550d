#include "pelagos/oci/mount_options.h"

#include <sys/mount.h>

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/abi/mount_attribute.h"

namespace pelagos::oci {
namespace {

// <linux/mount.h> has them, which does not go together with <sys/mount.h> here.
constexpr uint64_t kNoSymFollow = 256;

// A flag: on or off, in both calls' words. `attribute` 0 with `field` set is a value of the field.
struct FlagWord {
  absl::string_view word;
  bool on;
  uint64_t flag;       // MS_*
  uint64_t attribute;  // MOUNT_ATTR_*, 0: only whole file systems have it
  uint64_t field;      // of the attributes, what is cleared first
};

constexpr std::array<FlagWord, 31> kFlagWords = {{
    {"async", false, MS_SYNCHRONOUS, 0, 0},
    {"atime", false, MS_NOATIME, 0, kAttrAtime},
    {"dev", false, MS_NODEV, 0, kAttrNoDev},
    {"diratime", false, MS_NODIRATIME, 0, kAttrNoDirAtime},
    {"dirsync", true, MS_DIRSYNC, 0, 0},
    {"exec", false, MS_NOEXEC, 0, kAttrNoExec},
    {"iversion", true, MS_I_VERSION, 0, 0},
    {"lazytime", true, MS_LAZYTIME, 0, 0},
    {"loud", false, MS_SILENT, 0, 0},
    {"mand", true, MS_MANDLOCK, 0, 0},
    {"noatime", true, MS_NOATIME, kAttrNoAtime, kAttrAtime},
    {"nodev", true, MS_NODEV, kAttrNoDev, 0},
    {"nodiratime", true, MS_NODIRATIME, kAttrNoDirAtime, 0},
    {"noexec", true, MS_NOEXEC, kAttrNoExec, 0},
    {"noiversion", false, MS_I_VERSION, 0, 0},
    {"nolazytime", false, MS_LAZYTIME, 0, 0},
    {"nomand", false, MS_MANDLOCK, 0, 0},
    {"norelatime", false, MS_RELATIME, 0, 0},
    {"nostrictatime", false, MS_STRICTATIME, 0, 0},
    {"nosuid", true, MS_NOSUID, kAttrNoSuid, 0},
    {"nosymfollow", true, kNoSymFollow, kAttrNoSymFollow, 0},
    {"relatime", true, MS_RELATIME, kAttrRelatime, kAttrAtime},
    {"remount", true, MS_REMOUNT, 0, 0},
    {"ro", true, MS_RDONLY, kAttrReadOnly, 0},
    {"rw", false, MS_RDONLY, 0, kAttrReadOnly},
    {"silent", true, MS_SILENT, 0, 0},
    {"strictatime", true, MS_STRICTATIME, kAttrStrictAtime, kAttrAtime},
    {"suid", false, MS_NOSUID, 0, kAttrNoSuid},
    {"symfollow", false, kNoSymFollow, 0, kAttrNoSymFollow},
    {"sync", true, MS_SYNCHRONOUS, 0, 0},
    {"defaults", false, 0, 0, 0},
}};

struct AttributeWord {
  absl::string_view word;
  uint64_t set, clear;
};

// Of the mount and of all mounts below it.
constexpr std::array<AttributeWord, 18> kBelowWords = {{
    {"ratime", kAttrRelatime, kAttrAtime},
    {"rdev", 0, kAttrNoDev},
    {"rdiratime", 0, kAttrNoDirAtime},
    {"rexec", 0, kAttrNoExec},
    {"rnoatime", kAttrNoAtime, kAttrAtime},
    {"rnodev", kAttrNoDev, 0},
    {"rnodiratime", kAttrNoDirAtime, 0},
    {"rnoexec", kAttrNoExec, 0},
    {"rnorelatime", kAttrRelatime, kAttrAtime},
    {"rnostrictatime", kAttrRelatime, kAttrAtime},
    {"rnosuid", kAttrNoSuid, 0},
    {"rnosymfollow", kAttrNoSymFollow, 0},
    {"rrelatime", kAttrRelatime, kAttrAtime},
    {"rro", kAttrReadOnly, 0},
    {"rrw", 0, kAttrReadOnly},
    {"rstrictatime", kAttrStrictAtime, kAttrAtime},
    {"rsuid", 0, kAttrNoSuid},
    {"rsymfollow", 0, kAttrNoSymFollow},
}};

struct PropagationWord {
  absl::string_view word;
  uint64_t flags;
};

constexpr std::array<PropagationWord, 8> kPropagationWords = {{
    {"private", MS_PRIVATE},
    {"rprivate", MS_PRIVATE | MS_REC},
    {"rshared", MS_SHARED | MS_REC},
    {"rslave", MS_SLAVE | MS_REC},
    {"runbindable", MS_UNBINDABLE | MS_REC},
    {"shared", MS_SHARED},
    {"slave", MS_SLAVE},
    {"unbindable", MS_UNBINDABLE},
}};

constexpr absl::string_view kOtherWords[] = {"bind", "idmap", "rbind", "ridmap", "tmpcopyup"};

template <typename Rows>
const typename Rows::value_type* Find(const Rows& rows, absl::string_view word) {
  for (const auto& row : rows) {
    if (row.word == word) return &row;
  }
  return nullptr;
}

// Of one bit, the last word counts.
void Change(uint64_t set, uint64_t clear, uint64_t* all_set, uint64_t* all_clear) {
  *all_set = (*all_set & ~clear) | set;
  *all_clear = (*all_clear & ~(set & ~kAttrAtime)) | clear;
}

void Apply(const FlagWord& row, MountOptionSet* options) {
  MountAttributes& attributes = options->attributes;
  options->flags = row.on ? options->flags | row.flag : options->flags & ~row.flag;
  Change(row.attribute, row.field, &attributes.set, &attributes.clear);
}

}  // namespace

MountOptionSet ParseMountOptions(absl::Span<const std::string> words) {
  MountOptionSet options;
  MountAttributes& attributes = options.attributes;
  for (const std::string& word : words) {
    if (const FlagWord* flag = Find(kFlagWords, word)) {
      Apply(*flag, &options);
    } else if (const AttributeWord* below = Find(kBelowWords, word)) {
      Change(below->set, below->clear, &attributes.set_below, &attributes.clear_below);
    } else if (const PropagationWord* propagation = Find(kPropagationWords, word)) {
      attributes.propagation.push_back(propagation->flags);
    } else if (word == "bind" || word == "rbind") {
      options.bind = true;
      options.recursive = word == "rbind";
    } else if (word == "tmpcopyup") {
      options.copy_up = true;
    } else if (word == "idmap" || word == "ridmap") {
      options.map_ids = true;
      options.map_ids_below = word == "ridmap";
    } else if (!word.empty()) {
      absl::StrAppend(&options.data, options.data.empty() ? "" : ",", word);
    }
  }
  return options;
}

std::vector<std::string> MountOptionWords() {
  std::vector<std::string> words;
  for (const FlagWord& row : kFlagWords) {
    if (row.flag != 0 || row.word == "defaults") words.emplace_back(row.word);
  }
  for (const AttributeWord& row : kBelowWords) words.emplace_back(row.word);
  for (const PropagationWord& row : kPropagationWords) words.emplace_back(row.word);
  for (absl::string_view word : kOtherWords) words.emplace_back(word);
  std::sort(words.begin(), words.end());
  return words;
}

}  // namespace pelagos::oci
