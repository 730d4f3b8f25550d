#include "pelagos/image/user.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/merged_view.h"

namespace pelagos::image {
namespace {

constexpr absl::string_view kPasswd = "etc/passwd";
constexpr absl::string_view kGroup = "etc/group";

struct PasswdLine {
  std::string name;
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::string home;
};

struct GroupLine {
  std::string name;
  uint32_t gid = 0;
  std::vector<absl::string_view> members;  // into the text it was parsed from
};

std::optional<uint32_t> Number(absl::string_view text) {
  uint32_t id = 0;
  const bool digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                   [](char c) { return absl::ascii_isdigit(c); });
  // 4294967295 is (uid_t)-1, "leave as it is" to chown(2) and setresuid(2).
  if (!digits || !absl::SimpleAtoi(text, &id) || id == std::numeric_limits<uint32_t>::max()) {
    return std::nullopt;
  }
  return id;
}

// Lines that do not parse are skipped, as getpwent(3) does.
std::vector<PasswdLine> ParsePasswd(absl::string_view text) {
  std::vector<PasswdLine> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ':');
    if (fields.size() < 4) continue;
    const std::optional<uint32_t> uid = Number(fields[2]);
    const std::optional<uint32_t> gid = Number(fields[3]);
    if (fields[0].empty() || !uid || !gid) continue;
    lines.push_back({std::string(fields[0]), *uid, *gid,
                     fields.size() > 5 ? std::string(fields[5]) : std::string()});
  }
  return lines;
}

std::vector<GroupLine> ParseGroup(absl::string_view text) {
  std::vector<GroupLine> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ':');
    if (fields.size() < 3 || fields[0].empty()) continue;
    const std::optional<uint32_t> gid = Number(fields[2]);
    if (!gid) continue;
    GroupLine& group = lines.emplace_back();
    group.name = std::string(fields[0]);
    group.gid = *gid;
    if (fields.size() > 3) group.members = absl::StrSplit(fields[3], ',', absl::SkipEmpty());
  }
  return lines;
}

// Gives one of the two files, when it is needed.
using UserFile = std::function<absl::StatusOr<std::string>(absl::string_view path)>;

// An image without the file is one with an empty file.
absl::StatusOr<std::string> ReadIfThere(MergedView& view, absl::string_view path) {
  absl::StatusOr<std::string> text = view.ReadFile(path, kMaxUserFile);
  if (absl::IsNotFound(text.status())) return "";
  return text;
}

absl::Status OutOfRange(absl::string_view what, absl::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat(what, " '", text, "' is not a number from 0 to 4294967294"));
}

bool IsAllDigits(absl::string_view text) {
  return text.find_first_not_of("0123456789") == absl::string_view::npos;
}

absl::StatusOr<ResolvedUser> FindNamed(const UserFile& file, absl::string_view user) {
  const size_t colon = user.find(':');
  const bool has_group = colon != absl::string_view::npos;
  const absl::string_view group_name = has_group ? user.substr(colon + 1) : absl::string_view();
  absl::string_view user_name = user.substr(0, colon);
  if (has_group && (group_name.empty() || group_name.find(':') != absl::string_view::npos)) {
    return absl::InvalidArgumentError(
        absl::StrCat("user '", user, "': expected USER, UID, USER:GROUP or UID:GID"));
  }
  if (user_name.empty()) user_name = "0";

  PELAGOS_ASSIGN_OR_RETURN(const std::string passwd_text, file(kPasswd));
  const std::vector<PasswdLine> passwd = ParsePasswd(passwd_text);
  auto line = std::find_if(passwd.begin(), passwd.end(),
                           [&](const PasswdLine& entry) { return entry.name == user_name; });
  const std::optional<uint32_t> uid = Number(user_name);
  if (line == passwd.end() && uid) {
    line = std::find_if(passwd.begin(), passwd.end(),
                        [&](const PasswdLine& entry) { return entry.uid == *uid; });
  }
  ResolvedUser resolved;
  if (line != passwd.end()) {
    resolved.uid = line->uid;
    resolved.gid = line->gid;
    if (!line->home.empty()) resolved.home = line->home;
  } else if (uid) {
    resolved.uid = *uid;
  } else if (IsAllDigits(user_name)) {
    return OutOfRange("user", user_name);
  } else {
    return absl::NotFoundError(
        absl::StrCat("user '", user_name, "' is not in /etc/passwd of the image"));
  }

  const std::optional<uint32_t> gid = has_group ? Number(group_name) : std::nullopt;
  if (!has_group && line == passwd.end()) return resolved;  // no name that a group could list
  PELAGOS_ASSIGN_OR_RETURN(const std::string group_text, file(kGroup));
  for (const GroupLine& group : ParseGroup(group_text)) {
    if (has_group) {
      if (group.name != group_name) continue;
      resolved.gid = group.gid;
      return resolved;
    }
    if (group.gid == resolved.gid) continue;
    const auto& members = group.members;
    if (std::find(members.begin(), members.end(), line->name) == members.end()) continue;
    if (std::find(resolved.groups.begin(), resolved.groups.end(), group.gid) ==
        resolved.groups.end()) {
      resolved.groups.push_back(group.gid);
    }
  }
  if (!has_group) return resolved;
  if (!gid) {
    if (IsAllDigits(group_name)) return OutOfRange("group", group_name);
    return absl::NotFoundError(
        absl::StrCat("group '", group_name, "' is not in /etc/group of the image"));
  }
  resolved.gid = *gid;
  return resolved;
}

// Docker's --group-add: a name first, even one of digits only.
absl::Status AddGroups(const UserFile& file, const std::vector<std::string>& groups,
                       ResolvedUser& user) {
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, file(kGroup));
  const std::vector<GroupLine> lines = ParseGroup(text);
  for (const std::string& group : groups) {
    const auto line = std::find_if(lines.begin(), lines.end(),
                                   [&](const GroupLine& entry) { return entry.name == group; });
    std::optional<uint32_t> gid = Number(group);
    if (line != lines.end()) gid = line->gid;
    if (!gid && !group.empty() && IsAllDigits(group)) return OutOfRange("group", group);
    if (!gid) {
      return absl::NotFoundError(
          absl::StrCat("group '", group, "' is not in /etc/group of the image"));
    }
    if (std::find(user.groups.begin(), user.groups.end(), *gid) == user.groups.end()) {
      user.groups.push_back(*gid);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<ResolvedUser> Find(const UserFile& file, absl::string_view user,
                                  const std::vector<std::string>& groups) {
  PELAGOS_ASSIGN_OR_RETURN(ResolvedUser resolved, FindNamed(file, user));
  if (!groups.empty()) PELAGOS_RETURN_IF_ERROR(AddGroups(file, groups, resolved));
  return resolved;
}

}  // namespace

absl::StatusOr<ResolvedUser> FindUser(const std::vector<std::string>& layers,
                                      absl::string_view user,
                                      const std::vector<std::string>& groups) {
  PELAGOS_ASSIGN_OR_RETURN(MergedView view, MergedView::Open(layers));
  return Find([&view](absl::string_view path) { return ReadIfThere(view, path); }, user, groups);
}

absl::StatusOr<ResolvedUser> FindUserIn(const UserFiles& files, absl::string_view user,
                                        const std::vector<std::string>& groups) {
  const auto file = [&files](absl::string_view path) -> absl::StatusOr<std::string> {
    return path == kPasswd ? files.passwd : files.group;
  };
  return Find(file, user, groups);
}

absl::StatusOr<UserFiles> ReadUserFiles(const std::vector<std::string>& layers) {
  PELAGOS_ASSIGN_OR_RETURN(MergedView view, MergedView::Open(layers));
  UserFiles files;
  PELAGOS_ASSIGN_OR_RETURN(files.passwd, ReadIfThere(view, kPasswd));
  PELAGOS_ASSIGN_OR_RETURN(files.group, ReadIfThere(view, kGroup));
  return files;
}

}  // namespace pelagos::image
