#include "pelagos/spec/seccomp_json.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/types/span.h"
#include "pelagos/abi/syscall_table.h"
#include "pelagos/base/suggest.h"

namespace pelagos {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostMistakes = 20;
constexpr size_t kMostRules = 2048;
constexpr size_t kMostNames = 1024;     // of a rule
constexpr size_t kMostConditions = 32;  // of a rule
constexpr size_t kMostPath = 107;       // sun_path of unix(7)
constexpr size_t kMostMetadata = 65536;
constexpr int kDeepest = 32;
constexpr uint64_t kMostMessage = std::numeric_limits<uint16_t>::max();
constexpr uint64_t kAny = std::numeric_limits<uint64_t>::max();
constexpr uint8_t kArguments = 6;
constexpr absl::string_view kUnknownNames = "x-pelagos-unknown-names";

std::string Child(const std::string& path, absl::string_view key) {
  return absl::StrCat(path, "/", absl::StrReplaceAll(key, {{"~", "~0"}, {"/", "~1"}}));
}

template <typename Table>
std::vector<absl::string_view> NamesOf(const Table& table) {
  std::vector<absl::string_view> names;
  for (const auto& row : table) names.push_back(row.name);
  return names;
}

class Reader {
 public:
  explicit Reader(bool knows_all_keys) : knows_all_keys_(knows_all_keys) {}
  absl::StatusOr<SeccompFile> Run(absl::string_view text) {
    const Json json = Parse(text);
    const Json* profile = &json;
    std::string path;
    if (mistakes_.empty() && json.is_object() && json.contains("ociVersion")) {
      path = "/linux/seccomp";
      profile = Member(json, "", "linux");
      if (profile != nullptr && profile->is_object())
        profile = Member(*profile, "/linux", "seccomp");
      if (profile == nullptr)
        Mistake("/linux/seccomp", "is missing: this config.json has no profile");
    }
    if (mistakes_.empty()) ReadProfile(*profile, path);
    if (!mistakes_.empty()) return absl::InvalidArgumentError(absl::StrJoin(mistakes_, "\n"));
    return std::move(file_);
  }

 private:
  void Mistake(const std::string& path, absl::string_view problem) {
    if (mistakes_.size() > kMostMistakes) return;
    if (mistakes_.size() == kMostMistakes) {
      mistakes_.push_back("and more");
      return;
    }
    mistakes_.push_back(absl::StrCat(path.empty() ? "the profile" : path, ": ", problem));
  }

  // The library keeps the last of equal keys; here that is a mistake.
  Json Parse(absl::string_view text) {
    if (text.size() > kMostSeccompText) {
      Mistake("", absl::StrCat("is longer than ", kMostSeccompText, " bytes"));
      return {};
    }
    std::vector<std::set<std::string>> keys;
    bool too_deep = false;
    const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
      if (depth > kDeepest) too_deep = true;
      if (event == Json::parse_event_t::object_start) keys.emplace_back();
      if (event == Json::parse_event_t::object_end) keys.pop_back();
      if (event == Json::parse_event_t::key &&
          !keys.back().insert(parsed.get<std::string>()).second) {
        Mistake("", absl::StrCat("the key '", parsed.get<std::string>(), "' stands twice"));
      }
      return !too_deep;
    };
    Json json = Json::parse(text.begin(), text.end(), watch, /*allow_exceptions=*/false);
    if (too_deep) {
      Mistake("", absl::StrCat("is nested deeper than ", kDeepest, " levels"));
    } else if (json.is_discarded()) {
      Mistake("", "is no JSON");
    }
    return json;
  }

  // Null for what is not there.
  const Json* Member(const Json& object, const std::string&, const char* key) {
    const auto it = object.find(key);
    return it == object.end() || it->is_null() ? nullptr : &*it;
  }

  bool IsObject(const Json& json, const std::string& path,
                absl::Span<const absl::string_view> known) {
    if (!json.is_object()) {
      Mistake(path, absl::StrCat("expected an object, found ", json.type_name()));
      return false;
    }
    if (!knows_all_keys_) return true;
    for (const auto& [key, value] : json.items()) {
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      if (key == "comment" || absl::StartsWith(key, "$") ||
          (absl::StartsWith(key, "x-") && !absl::StartsWith(key, "x-pelagos-"))) {
        continue;
      }
      Mistake(Child(path, key), WithHint("means nothing here", key, known));
    }
    return true;
  }

  template <typename Names>
  static std::string WithHint(absl::string_view problem, const std::string& written,
                              const Names& names) {
    const std::string near = Suggest(written, names);
    return near.empty() ? std::string(problem)
                        : absl::StrCat(problem, "; did you mean '", near, "'?");
  }

  std::optional<std::string> String(const Json& json, const std::string& path,
                                    absl::string_view what) {
    if (json.is_string()) return json.get<std::string>();
    Mistake(path, absl::StrCat("expected ", what, " as a string, found ", json.type_name()));
    return std::nullopt;
  }

  std::optional<uint64_t> Number(const Json& json, const std::string& path, uint64_t most) {
    if (json.is_number_unsigned() && json.get<uint64_t>() <= most) return json.get<uint64_t>();
    Mistake(path, absl::StrCat("expected a whole number from 0 to ", most, ", found ",
                               json.is_number() ? json.dump() : std::string(json.type_name())));
    return std::nullopt;
  }

  // A word of a table; all its words are listed in the error.
  template <typename T, typename Names>
  std::optional<T> Word(const Json& json, const std::string& path, absl::string_view what,
                        std::optional<T> (*find)(absl::string_view), const Names& names) {
    const std::optional<std::string> text = String(json, path, what);
    if (!text) return std::nullopt;
    if (const std::optional<T> found = find(*text)) return found;
    Mistake(path, WithHint(absl::StrCat("unknown ", what, " '", *text, "', expected one of ",
                                        absl::StrJoin(names, " ")),
                           *text, names));
    return std::nullopt;
  }

  // Calls `read(item, path)` for each item of the list, if it is there.
  template <typename Read>
  void Each(const Json& object, const std::string& path, const char* key, size_t most, Read read) {
    const Json* list = Member(object, path, key);
    if (list == nullptr) return;
    const std::string place = Child(path, key);
    if (!list->is_array()) {
      return Mistake(place, absl::StrCat("expected a list, found ", list->type_name()));
    }
    if (list->size() > most) {
      return Mistake(place,
                     absl::StrCat("has ", list->size(), " items, at most ", most, " are taken"));
    }
    for (size_t i = 0; i < list->size(); ++i) read((*list)[i], absl::StrCat(place, "/", i));
  }

  void ReadProfile(const Json& json, const std::string& path) {
    if (!IsObject(json, path,
                  {"defaultAction", "defaultErrnoRet", "architectures", "archMap", "flags",
                   "listenerPath", "listenerMetadata", "syscalls", kUnknownNames})) {
      return;
    }
    SeccompFilter& filter = file_.filter;
    if (const Json* word = Member(json, path, "x-pelagos-unknown-names")) {
      filter.ignore_unknown_names = word->is_string() && *word == "ignore";
      if (!filter.ignore_unknown_names) {
        Mistake(Child(path, kUnknownNames), "expected \"ignore\"");
      }
    }
    const std::optional<SeccompVerdict> otherwise =
        Verdict(json, path, "defaultAction", "defaultErrnoRet");
    if (otherwise) filter.otherwise = *otherwise;
    ReadArches(json, path);
    Each(json, path, "flags", kSeccompFlags.size(), [&](const Json& item, const std::string& at) {
      const auto find = +[](absl::string_view name) -> std::optional<uint32_t> {
        const SeccompFlagRow* row = internal::FindRow(kSeccompFlags, name);
        return row == nullptr ? std::nullopt : std::optional(row->flag);
      };
      const auto flag = Word(item, at, "flag", find, NamesOf(kSeccompFlags));
      if (flag) filter.flags |= *flag;
    });
    if (const Json* listener = Member(json, path, "listenerPath")) {
      const std::string at = Child(path, "listenerPath");
      filter.listener_path = String(*listener, at, "a path").value_or("");
      const std::string& text = filter.listener_path;
      if (listener->is_string() && (!absl::StartsWith(text, "/") || text.size() > kMostPath ||
                                    text.find('\0') != text.npos)) {
        Mistake(at, absl::StrCat("expected an absolute path of at most ", kMostPath, " bytes"));
      }
    }
    if (const Json* metadata = Member(json, path, "listenerMetadata")) {
      const std::string at = Child(path, "listenerMetadata");
      filter.listener_metadata = String(*metadata, at, "text").value_or("");
      if (filter.listener_metadata.size() > kMostMetadata) {
        Mistake(at, absl::StrCat("expected at most ", kMostMetadata, " bytes"));
      }
    }
    Each(json, path, "syscalls", kMostRules,
         [&](const Json& item, const std::string& at) { ReadRule(item, at); });
    if (unknown_.empty()) return;
    file_.notes.push_back(absl::StrCat("seccomp: no architecture knows ",
                                       absl::StrJoin(unknown_, ", "),
                                       ": what is said of them has no effect"));
  }

  std::optional<SeccompVerdict> Verdict(const Json& json, const std::string& path,
                                        const char* action, const char* data) {
    const Json* word = Member(json, path, action);
    if (word == nullptr) {
      Mistake(Child(path, action), "is missing");
      return std::nullopt;
    }
    const auto act =
        Word(*word, Child(path, action), "action", FindSeccompAct, NamesOf(kSeccompActs));
    const Json* number = Member(json, path, data);
    if (!act) return std::nullopt;
    SeccompVerdict verdict = {*act, 0};
    if (!RowOf(*act).has_data) {
      if (number != nullptr) {
        Mistake(Child(path, data),
                absl::StrCat(std::string(RowOf(*act).name),
                             " returns no errno; only SCMP_ACT_ERRNO and SCMP_ACT_TRACE do"));
      }
      return verdict;
    }
    verdict.data = EPERM;  // as runc and crun
    if (number == nullptr) return verdict;
    const auto value =
        Number(*number, Child(path, data), *act == SeccompAct::kErrno ? kMostErrno : kMostMessage);
    if (value) verdict.data = static_cast<uint16_t>(*value);
    return verdict;
  }

  std::optional<SeccompArch> Arch(const Json& json, const std::string& path) {
    return Word(json, path, "architecture", FindSeccompArch, NamesOf(kSeccompArches));
  }

  // archMap: of the entry for this machine, the sub-architectures.
  void ReadArches(const Json& json, const std::string& path) {
    std::vector<SeccompArch>& arches = file_.filter.arches;
    const auto add = [&arches](SeccompArch arch) {
      if (std::find(arches.begin(), arches.end(), arch) == arches.end()) arches.push_back(arch);
    };
    constexpr size_t kMost = 64;
    Each(json, path, "architectures", kMost, [&](const Json& item, const std::string& at) {
      if (const auto arch = Arch(item, at)) add(*arch);
    });
    const Json* map = Member(json, path, "archMap");
    if (map == nullptr || map->empty()) return;
    if (!arches.empty()) {
      return Mistake(Child(path, "archMap"),
                     "stands beside architectures; one of the two is enough");
    }
    Each(json, path, "archMap", kMost, [&](const Json& item, const std::string& at) {
      if (!IsObject(item, at, {"architecture", "subArchitectures"})) return;
      const Json* name = Member(item, at, "architecture");
      if (name == nullptr) return Mistake(Child(at, "architecture"), "is missing");
      const auto arch = Arch(*name, Child(at, "architecture"));
      const bool counts = arch == kNativeSeccompArch;
      if (counts) add(*arch);
      Each(item, at, "subArchitectures", kMost, [&](const Json& sub, const std::string& where) {
        const auto sub_arch = Arch(sub, where);
        if (sub_arch && counts) add(*sub_arch);
      });
    });
  }

  void ReadRule(const Json& json, const std::string& path) {
    if (!IsObject(json, path,
                  {"names", "name", "action", "errnoRet", "args", "includes", "excludes"})) {
      return;
    }
    SeccompFilterRule rule;
    const auto verdict = Verdict(json, path, "action", "errnoRet");
    if (verdict) rule.verdict = *verdict;
    const auto add_name = [&](const Json& item, const std::string& at) {
      const auto name = String(item, at, "the name of a system call");
      if (!name) return;
      rule.names.push_back(*name);
      if (verdict) CheckName(*name, at, *verdict);
    };
    Each(json, path, "names", kMostNames, add_name);
    const Json* name = Member(json, path, "name");
    if (name != nullptr && Member(json, path, "names") != nullptr) {
      Mistake(Child(path, "name"), "stands beside names; one of the two is enough");
    } else if (name != nullptr) {
      add_name(*name, Child(path, "name"));
    } else if (rule.names.empty()) {
      Mistake(Child(path, "names"), "expected the name of at least one system call");
    }
    Each(json, path, "args", kMostConditions, [&](const Json& item, const std::string& at) {
      rule.conditions.push_back(ReadCondition(item, at));
    });
    rule.includes = ReadWhen(json, path, "includes");
    rule.excludes = ReadWhen(json, path, "excludes");
    file_.filter.rules.push_back(std::move(rule));
  }

  void CheckName(const std::string& name, const std::string& path, SeccompVerdict verdict) {
    if (IsSyscallName(name)) return;
    const SeccompFilter& filter = file_.filter;
    if (filter.ignore_unknown_names || verdict.act <= filter.otherwise.act) {
      if (std::find(unknown_.begin(), unknown_.end(), name) == unknown_.end()) {
        unknown_.push_back(name);
      }
      return;
    }
    if (names_.empty()) names_ = SyscallNames();
    Mistake(path, absl::StrCat(WithHint(absl::StrCat("unknown system call '", name,
                                                     "', which the rule would not stop"),
                                        name, names_),
                               " (\"x-pelagos-unknown-names\": \"ignore\" lets such names be)"));
  }

  SeccompCondition ReadCondition(const Json& json, const std::string& path) {
    SeccompCondition condition;
    if (!IsObject(json, path, {"index", "value", "valueTwo", "op"})) return condition;
    const auto number = [&](const char* key, uint64_t most, bool needed) -> uint64_t {
      const Json* value = Member(json, path, key);
      if (value != nullptr) return Number(*value, Child(path, key), most).value_or(0);
      if (needed) Mistake(Child(path, key), "is missing");
      return 0;
    };
    condition.index = static_cast<uint8_t>(number("index", kArguments - 1, true));
    condition.value = number("value", kAny, true);
    condition.value_two = number("valueTwo", kAny, false);
    const Json* op = Member(json, path, "op");
    if (op == nullptr) {
      Mistake(Child(path, "op"), "is missing");
      return condition;
    }
    condition.op = Word(*op, Child(path, "op"), "operator", FindSeccompOp, NamesOf(kSeccompOps))
                       .value_or(SeccompOp::kEq);
    if (condition.op == SeccompOp::kMaskedEq && (condition.value_two & ~condition.value) != 0) {
      Mistake(Child(path, "valueTwo"),
              "has bits that the mask (value) has not: this can never be equal");
    }
    return condition;
  }

  SeccompWhen ReadWhen(const Json& rule, const std::string& path, const char* key) {
    SeccompWhen when;
    const Json* json = Member(rule, path, key);
    const std::string at = Child(path, key);
    if (json == nullptr || !IsObject(*json, at, {"caps", "arches", "minKernel"})) return when;
    constexpr size_t kMost = 64;
    Each(*json, at, "caps", kMost, [&](const Json& item, const std::string& where) {
      const auto cap = Word(item, where, "capability", FindCapability, kCapabilityNames);
      if (cap) when.capabilities.insert(*cap);
    });
    Each(*json, at, "arches", kMost, [&](const Json& item, const std::string& where) {
      if (const auto arch = Arch(item, where)) when.arches.push_back(*arch);
    });
    if (const Json* kernel = Member(*json, at, "minKernel")) {
      const std::string where = Child(at, "minKernel");
      const auto text = String(*kernel, where, "a version");
      when.kernel = ParseKernelVersion(text.value_or(""));
      if (text && !when.kernel) {
        Mistake(where, absl::StrCat("expected a version such as \"4.8\", found '", *text, "'"));
      }
    }
    return when;
  }

  SeccompFile file_;
  std::vector<std::string> mistakes_;
  std::vector<std::string> unknown_;
  bool knows_all_keys_;
  std::vector<absl::string_view> names_;
};

}  // namespace

absl::StatusOr<SeccompFile> ParseSeccomp(absl::string_view text) { return Reader(true).Run(text); }
absl::StatusOr<SeccompFile> ParseBundleSeccomp(absl::string_view s) { return Reader(false).Run(s); }

}  // namespace pelagos
