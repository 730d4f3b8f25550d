#include "pelagos/oci/systemd/properties.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/policy/id_list.h"

namespace pelagos::oci {
namespace {

using Json = nlohmann::json;

__extension__ typedef unsigned __int128 Wide;  // no product below overflows it

constexpr uint64_t kInfinity = std::numeric_limits<uint64_t>::max();
constexpr uint64_t kSecond = 1'000'000;

// systemd's versions: NEWS of v242 and v244; CPUWeight of 0 is idle since v252.
constexpr int kHasQuotaPeriod = 242, kHasCpusets = 244, kHasIdle = 252;

UnitProperty Number(std::string name, uint64_t value) {
  return {std::move(name), {"t", absl::StrCat(value)}};
}
UnitProperty Flag(std::string name, bool value) {
  return {std::move(name), {"b", value ? "true" : "false"}};
}
UnitProperty Text(std::string name, const std::string& value) {
  return {std::move(name), {"s", Json(value).dump(-1, ' ', false, Json::error_handler_t::replace)}};
}

uint64_t Limit(int64_t value) { return value < 0 ? kInfinity : static_cast<uint64_t>(value); }

std::optional<uint64_t> FindLimit(absl::string_view text) {
  uint64_t value = kInfinity;
  if (text == "max" || absl::SimpleAtoi(text, &value)) return value;
  return std::nullopt;
}

// One bit for each number, the lowest byte first.
std::optional<DbusValue> BitsOf(const std::string& list) {
  const std::optional<IdList> ids = ParseIdList(list);
  if (!ids) return std::nullopt;
  std::vector<unsigned> bytes(ids->back().last / 8 + 1, 0);
  for (const IdRange& range : *ids) {
    for (uint32_t id = range.first; id <= range.last; ++id) bytes[id / 8] |= 1u << (id % 8);
  }
  return DbusValue{"ay", Json(bytes).dump()};
}

class Properties {
 public:
  Properties(const CgroupFolders& folders, int version) : folders_(folders), version_(version) {}

  void Memory(const MemoryLimits& memory) {
    const std::optional<bool> v1 = InV1("memory", "memory");
    if (!v1) return;
    const int64_t limit = memory.limit.value_or(0), swap = memory.swap.value_or(0);
    if (limit != 0) Add(Number(*v1 ? "MemoryLimit" : "MemoryMax", Limit(limit)));
    if (*v1) return;
    const int64_t reservation = memory.reservation.value_or(0);
    if (reservation != 0) Add(Number("MemoryLow", Limit(reservation)));
    if (swap < 0 || (limit < 0 && swap == 0)) Add(Number("MemorySwapMax", kInfinity));
    if (swap > 0) Add(Number("MemorySwapMax", static_cast<uint64_t>(swap - limit)));
  }

  void Cpu(const CpuLimits& cpu) {
    if (const std::optional<bool> v1 = InV1("cpu", "cpu")) {
      const uint64_t shares = cpu.shares.value_or(0);
      const bool idle = cpu.idle.value_or(0) != 0;
      if (*v1) {
        if (shares != 0) Add(Number("CPUShares", std::clamp<uint64_t>(shares, 2, 262144)));
      } else if (idle) {
        if (version_ >= kHasIdle) Add(Number("CPUWeight", 0));
      } else if (shares != 0) {
        Add(Number("CPUWeight", CpuWeightOf(shares)));
      }
      Quota(cpu.quota.value_or(0), cpu.period.value_or(0));
    }
    Cpuset(cpu.cpus, cpu.mems);
  }

  void Pids(const PidsLimit& pids) {
    const int64_t limit = pids.limit.value_or(0);
    if (limit != 0 && InV1("pids", "pids")) Add(Number("TasksMax", Limit(limit)));
  }

  void Io(const BlockIo& io) {
    const std::optional<bool> v1 = InV1("blkio", "io");
    if (!v1 || io.weight.value_or(0) < 10) return;
    Add(*v1 ? Number("BlockIOWeight", *io.weight) : Number("IOWeight", IoWeightOf(*io.weight)));
  }

  void Unified(const std::map<std::string, std::string>& settings) {
    const std::pair<const char*, const char*> limits[] = {
        {"memory.high", "MemoryHigh"}, {"memory.low", "MemoryLow"},
        {"memory.min", "MemoryMin"},   {"memory.max", "MemoryMax"},
        {"pids.max", "TasksMax"},      {"memory.swap.max", "MemorySwapMax"},
        {"cpu.weight", "CPUWeight"},   {"io.weight", "IOWeight"}};
    for (const auto& [key, value] : settings) {
      for (const auto& [file, property] : limits) {
        const std::optional<uint64_t> number = FindLimit(absl::StripPrefix(value, "default "));
        if (key == file && number) Add(Number(property, *number));
      }
      if (key == "cpu.max") {
        const std::vector<std::string> words = absl::StrSplit(value, ' ', absl::SkipEmpty());
        uint64_t quota = 0, period = 0;
        if (words.empty() || words.size() > 2) continue;
        if (words.size() == 2 && !absl::SimpleAtoi(words[1], &period)) continue;
        if (words[0] != "max" && !absl::SimpleAtoi(words[0], &quota)) continue;
        Quota(static_cast<int64_t>(quota), period == 0 ? kUsualPeriod : period);
      }
    }
    // A group that is idle has no weight.
    const auto idle = settings.find("cpu.idle");
    if (idle != settings.end() && idle->second == "1" && version_ >= kHasIdle) {
      Add(Number("CPUWeight", 0));
    }
    const auto text = [&settings](const char* key) {
      const auto found = settings.find(key);
      return found == settings.end() ? "" : found->second;
    };
    Cpuset(text("cpuset.cpus"), text("cpuset.mems"));
  }

  UnitProperties list;

 private:
  static constexpr uint64_t kUsualPeriod = 100'000;

  std::optional<bool> InV1(const std::string& v1, const std::string& v2) const {
    if (folders_.v1.count(v1) != 0) return true;
    if (folders_.v2_controllers.count(v2) != 0) return false;
    return std::nullopt;
  }
  void Add(UnitProperty property) {
    for (UnitProperty& other : list) {
      if (other.name == property.name) return std::swap(other, property);
    }
    list.push_back(std::move(property));
  }

  // systemd counts in steps of 10 ms a second; what it rounds away would be a limit that is lower
  // than asked for.
  void Quota(int64_t quota, uint64_t period) {
    constexpr uint64_t kStep = 10'000;
    if (quota == 0 && period == 0) return;
    if (period != 0 && version_ >= kHasQuotaPeriod) Add(Number("CPUQuotaPeriodUSec", period));
    if (period == 0) period = kUsualPeriod;
    uint64_t per_second = kInfinity;
    if (quota > 0) {
      const Wide exact = static_cast<Wide>(quota) * kSecond / period;
      per_second = exact > kInfinity / 2 ? kInfinity : static_cast<uint64_t>(exact);
      if (per_second != kInfinity && per_second % kStep != 0) {
        per_second = (per_second / kStep + 1) * kStep;
      }
    }
    Add(Number("CPUQuotaPerSecUSec", per_second));
  }

  void Cpuset(const std::string& cpus, const std::string& mems) {
    if (version_ < kHasCpusets || !InV1("cpuset", "cpuset")) return;
    for (const auto& [name, text] :
         {std::pair("AllowedCPUs", cpus), std::pair("AllowedMemoryNodes", mems)}) {
      if (const std::optional<DbusValue> bits = BitsOf(text)) Add({name, *bits});
    }
  }

  const CgroupFolders& folders_;
  const int version_;
};

// sd_bus_message_append of "a(ss)": what systemd.resource-control(5) calls a device.
std::string DeviceName(const DeviceRule& rule) {
  const bool block = rule.type == DeviceType::kBlock;
  if (rule.major == DeviceRule::kAny) return block ? "block-*" : "char-*";
  if (rule.minor == DeviceRule::kAny) return absl::StrCat(block ? "block-" : "char-", rule.major);
  return absl::StrCat(block ? "/dev/block/" : "/dev/char/", rule.major, ":", rule.minor);
}

}  // namespace

UnitProperties LimitProperties(const Resources& resources, const CgroupFolders& folders,
                               int version) {
  Properties properties(folders, version);
  if (resources.memory) properties.Memory(*resources.memory);
  if (resources.cpu) properties.Cpu(*resources.cpu);
  if (resources.pids) properties.Pids(*resources.pids);
  if (resources.block_io) properties.Io(*resources.block_io);
  properties.Unified(resources.unified);
  return std::move(properties.list);
}

UnitProperties DeviceProperties(const std::vector<DeviceRule>& rules) {
  // No number is denied in a list of what is allowed, and no minor number of every major one.
  const bool can_be_said =
      !rules.empty() && std::none_of(rules.begin(), rules.end(), [](const DeviceRule& rule) {
        return rule.deny || (rule.major == DeviceRule::kAny && rule.minor != DeviceRule::kAny);
      });
  if (!can_be_said) return {Text("DevicePolicy", "auto")};
  Json list = Json::array();
  for (const DeviceRule& rule : rules) {
    const std::string text = DeviceRuleText(rule);
    list.push_back({DeviceName(rule), text.substr(text.rfind(' ') + 1)});
  }
  return {Text("DevicePolicy", "strict"), {"DeviceAllow", {"a(ss)", list.dump()}}};
}

UnitProperties AnnotationProperties(const std::map<std::string, std::string>& annotations,
                                    Mistakes& mistakes) {
  constexpr size_t kLeast = 3;
  UnitProperties list;
  for (const auto& [key, text] : annotations) {
    absl::string_view rest = key;
    if (!absl::ConsumePrefix(&rest, "org.systemd.property.")) continue;
    const std::string at = absl::StrCat("/annotations/", PointerPart(key));
    std::string name(rest);
    if (name.size() < kLeast || !std::all_of(name.begin(), name.end(), [](unsigned char c) {
          return absl::ascii_isalpha(c);
        })) {
      mistakes.Add(at, "does not end in the name of a property: letters alone, at least three");
      continue;
    }
    absl::StatusOr<DbusValue> value = ParseVariantText(text);
    if (!value.ok()) {
      mistakes.Add(at, absl::StrCat("'", text, "' ", value.status().message()));
      continue;
    }
    // TimeoutStopSec is what unit files say; D-Bus has TimeoutStopUSec.
    if (absl::EndsWith(name, "Sec") && name.size() > kLeast &&
        absl::ascii_islower(static_cast<unsigned char>(name[name.size() - 4]))) {
      double seconds = 0;
      const bool number =
          absl::string_view("ynqiuxtd").find(value->type) != absl::string_view::npos;
      if (!number || !absl::SimpleAtod(value->json, &seconds) || seconds < 0 || seconds > 1e12) {
        mistakes.Add(at, absl::StrCat("'", text, "' is no number of seconds"));
        continue;
      }
      name.replace(name.size() - 3, 3, "USec");
      *value = {"t", absl::StrCat(static_cast<uint64_t>(seconds * kSecond))};
    }
    list.push_back({std::move(name), *std::move(value)});
  }
  return list;
}

UnitProperties NewUnitProperties(const SystemdUnit& unit, const std::string& container,
                                 const CgroupFolders& folders, const UnitProperties& more) {
  UnitProperties list = {Text("Description", absl::StrCat("Pelagos container ", container))};
  if (unit.is_slice()) {
    list.push_back({"Wants", {"as", Json({unit.slice}).dump()}});
  } else {
    list.push_back(Text("Slice", unit.slice));
    list.push_back(Flag("Delegate", true));
  }
  list.push_back(Flag("DefaultDependencies", false));
  list.push_back(Text("CollectMode", "inactive-or-failed"));
  const bool v1 = folders.v1.count("blkio") != 0;
  for (const char* name : {"CPUAccounting", "MemoryAccounting", "TasksAccounting",
                           v1 ? "BlockIOAccounting" : "IOAccounting"}) {
    list.push_back(Flag(name, true));
  }
  for (const UnitProperty& property : more) {
    const auto same = std::find_if(list.begin(), list.end(), [&](const UnitProperty& other) {
      return other.name == property.name;
    });
    if (same != list.end()) {
      *same = property;
    } else {
      list.push_back(property);
    }
  }
  return list;
}

}  // namespace pelagos::oci
