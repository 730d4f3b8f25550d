#include "pelagos/oci/cgroup_limits.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/policy/cgroup_setting.h"

namespace pelagos::oci {
namespace {

std::string MaxOr(int64_t value) { return value < 0 ? "max" : absl::StrCat(value); }

class LimitWriter {
 public:
  LimitWriter(const CgroupFolders& folders, std::string at, Mistakes& mistakes)
      : folders_(folders), at_(std::move(at)), mistakes_(mistakes) {}

  void Memory(const MemoryLimits& memory);
  void Cpu(const CpuLimits& cpu);
  void Pids(const PidsLimit& pids);
  void BlockIo(const oci::BlockIo& io);
  void Hugepages(const std::vector<HugepageLimit>& limits);
  void Network(const NetworkLimits& network);
  void Rdma(const std::map<std::string, RdmaLimit>& limits);
  void Unified(const std::map<std::string, std::string>& settings);

  std::vector<CgroupWrite> writes;

 private:
  // True: v1 has the controller. Nowhere: told, with the first field that needs it.
  std::optional<bool> InV1(const std::string& v1, const std::string& v2, const std::string& field) {
    if (folders_.v1.count(v1) != 0) return true;
    if (!folders_.v2.empty() && folders_.v2_controllers.count(v2) != 0) return false;
    Mistake(field, absl::StrCat("this host has no cgroup controller ", v2,
                                folders_.v1.empty() && folders_.v2.empty()
                                    ? " for us: rootless needs no limits + no cgrouppath when no "
                                      "permission is granted for cgroups"
                                    : ""));
    return std::nullopt;
  }
  void V1(const std::string& controller, absl::string_view file, const std::string& value) {
    writes.push_back({absl::StrCat(folders_.v1.at(controller), "/", file), value});
  }
  void V2(absl::string_view file, const std::string& value) {
    writes.push_back({absl::StrCat(folders_.v2, "/", file), value});
  }
  void Mistake(const std::string& field, absl::string_view problem) {
    mistakes_.Add(absl::StrCat(at_, "/", field), problem);
  }
  void NotInV2(bool set, const std::string& field) {
    if (set) Mistake(field, "cgroup v2 has no such limit");
  }
  void MemoryV1(const MemoryLimits& memory);
  void MemoryV2(const MemoryLimits& memory);
  void CpuV1(const CpuLimits& cpu);
  void CpuV2(const CpuLimits& cpu);

  const CgroupFolders& folders_;
  const std::string at_;
  Mistakes& mistakes_;
};

// Memory without a limit, as runc has it; not every kernel counts swap.
bool LiftsSwapToo(const MemoryLimits& memory) {
  return memory.limit.value_or(0) < 0 && memory.swap.value_or(0) == 0;
}

void LimitWriter::MemoryV1(const MemoryLimits& memory) {
  const auto add = [this](const char* file, const std::optional<int64_t>& value) {
    if (value && *value != 0) V1("memory", file, absl::StrCat(*value));
  };
  add("memory.soft_limit_in_bytes", memory.reservation);
  if (LiftsSwapToo(memory)) {
    V1("memory", "memory.memsw.limit_in_bytes", "-1");
    writes.back().optional = true;
  }
  add("memory.limit_in_bytes", memory.limit);
  add("memory.memsw.limit_in_bytes", memory.swap);
  add("memory.kmem.limit_in_bytes", memory.kernel);
  add("memory.kmem.tcp.limit_in_bytes", memory.kernel_tcp);
  if (memory.swappiness) {
    if (*memory.swappiness > 100) return Mistake("memory/swappiness", "must be from 0 to 100");
    V1("memory", "memory.swappiness", absl::StrCat(*memory.swappiness));
  }
  if (memory.disable_oom_killer.value_or(false)) V1("memory", "memory.oom_control", "1");
}

void LimitWriter::MemoryV2(const MemoryLimits& memory) {
  const int64_t limit = memory.limit.value_or(0);
  if (memory.swap && *memory.swap != 0) {
    if (*memory.swap > 0 && limit <= 0) {
      Mistake("memory/swap", "is memory and swap together, and needs a limit of memory");
    } else if (*memory.swap > 0 && *memory.swap < limit) {
      Mistake("memory/swap", "is memory and swap together, and must not be below the limit");
    } else {
      V2("memory.swap.max", *memory.swap < 0 ? "max" : absl::StrCat(*memory.swap - limit));
    }
  }
  if (LiftsSwapToo(memory)) {
    V2("memory.swap.max", "max");
    writes.back().optional = true;
  }
  if (limit != 0) V2("memory.max", MaxOr(limit));
  if (memory.reservation && *memory.reservation != 0) V2("memory.low", MaxOr(*memory.reservation));
  NotInV2(memory.kernel.value_or(0) > 0, "memory/kernel");
  NotInV2(memory.kernel_tcp.value_or(0) > 0, "memory/kernelTCP");
  NotInV2(memory.swappiness.has_value(), "memory/swappiness");
  NotInV2(memory.disable_oom_killer.value_or(false), "memory/disableOOMKiller");
}

void LimitWriter::Memory(const MemoryLimits& memory) {
  if (memory == MemoryLimits{}) return;
  const std::optional<bool> v1 = InV1("memory", "memory", "memory");
  if (!v1) return;
  *v1 ? MemoryV1(memory) : MemoryV2(memory);
}

void LimitWriter::CpuV1(const CpuLimits& cpu) {
  const auto add = [this](const char* file, const auto& value) {
    if (value && *value != 0) V1("cpu", file, absl::StrCat(*value));
  };
  add("cpu.shares", cpu.shares);
  add("cpu.cfs_period_us", cpu.period);
  add("cpu.cfs_quota_us", cpu.quota);
  add("cpu.cfs_burst_us", cpu.burst);
  add("cpu.rt_period_us", cpu.realtime_period);
  add("cpu.rt_runtime_us", cpu.realtime_runtime);
  add("cpu.idle", cpu.idle);
}

void LimitWriter::CpuV2(const CpuLimits& cpu) {
  constexpr uint64_t kPeriod = 100000;
  if (cpu.idle) V2("cpu.idle", absl::StrCat(*cpu.idle));
  // An idle group has no weight.
  if (cpu.shares.value_or(0) != 0 && cpu.idle.value_or(0) == 0) {
    V2("cpu.weight", absl::StrCat(CpuWeightOf(*cpu.shares)));
  }
  if (cpu.quota.value_or(0) != 0 || cpu.period.value_or(0) != 0) {
    const int64_t quota = cpu.quota.value_or(0);
    const uint64_t period = cpu.period.value_or(0) == 0 ? kPeriod : *cpu.period;
    V2("cpu.max", absl::StrCat(quota <= 0 ? "max" : absl::StrCat(quota), " ", period));
  }
  if (cpu.burst.value_or(0) != 0) V2("cpu.max.burst", absl::StrCat(*cpu.burst));
  NotInV2(cpu.realtime_runtime.value_or(0) != 0, "cpu/realtimeRuntime");
  NotInV2(cpu.realtime_period.value_or(0) != 0, "cpu/realtimePeriod");
}

void LimitWriter::Cpu(const CpuLimits& cpu) {
  CpuLimits time = cpu;
  time.cpus = time.mems = "";
  if (time != CpuLimits{}) {
    if (const std::optional<bool> v1 = InV1("cpu", "cpu", "cpu")) *v1 ? CpuV1(cpu) : CpuV2(cpu);
  }
  if (cpu.cpus.empty() && cpu.mems.empty()) return;
  const std::optional<bool> v1 =
      InV1("cpuset", "cpuset", cpu.cpus.empty() ? "cpu/mems" : "cpu/cpus");
  if (!v1) return;
  for (const auto& [file, value] :
       {std::pair("cpuset.cpus", cpu.cpus), std::pair("cpuset.mems", cpu.mems)}) {
    if (!value.empty()) *v1 ? V1("cpuset", file, value) : V2(file, value);
  }
}

void LimitWriter::Pids(const PidsLimit& pids) {
  if (pids.limit.value_or(0) == 0) return;
  const std::optional<bool> v1 = InV1("pids", "pids", "pids");
  if (!v1) return;
  *v1 ? V1("pids", "pids.max", MaxOr(*pids.limit)) : V2("pids.max", MaxOr(*pids.limit));
}

void LimitWriter::BlockIo(const oci::BlockIo& io) {
  if (io == oci::BlockIo{}) return;
  const std::optional<bool> v1 = InV1("blkio", "io", "blockIO");
  if (!v1) return;
  const auto weigh = [&](const std::string& device, const std::string& field, uint64_t weight,
                         const char* suffix) {
    if (weight < 10 || weight > 1000) return Mistake(field, "must be from 10 to 1000");
    if (*v1) {
      // One scheduler or the other does the weighing.
      const std::string& folder = folders_.v1.at("blkio");
      const std::string value = absl::StrCat(device, weight);
      writes.push_back({absl::StrCat(folder, "/blkio.bfq.weight", suffix), value,
                        absl::StrCat(folder, "/blkio.weight", suffix), value});
    } else {
      writes.push_back({folders_.v2 + "/io.bfq.weight", absl::StrCat(device, weight),
                        folders_.v2 + "/io.weight", absl::StrCat(device, IoWeightOf(weight))});
    }
  };
  const auto leaf = [&](const std::string& device, uint64_t weight, const char* suffix) {
    V1("blkio", absl::StrCat("blkio.leaf_weight", suffix), absl::StrCat(device, weight));
  };
  if (io.weight.value_or(0) != 0) weigh("", "blockIO/weight", *io.weight, "");
  if (io.leaf_weight.value_or(0) != 0) {
    *v1 ? leaf("", *io.leaf_weight, "") : NotInV2(true, "blockIO/leafWeight");
  }
  for (size_t i = 0; i < io.weight_device.size(); ++i) {
    const WeightDevice& device = io.weight_device[i];
    const std::string field = absl::StrCat("blockIO/weightDevice/", i);
    const std::string number = absl::StrCat(device.major, ":", device.minor, " ");
    if (device.weight.value_or(0) != 0) {
      weigh(number, field + "/weight", *device.weight, "_device");
    }
    if (device.leaf_weight.value_or(0) != 0) {
      *v1 ? leaf(number, *device.leaf_weight, "_device") : NotInV2(true, field + "/leafWeight");
    }
  }
  const auto throttle = [&](const std::vector<ThrottleDevice>& devices, const char* v1_file,
                            const char* v2_key) {
    for (const ThrottleDevice& device : devices) {
      const std::string number = absl::StrCat(device.major, ":", device.minor, " ");
      *v1 ? V1("blkio", v1_file, absl::StrCat(number, device.rate))
          : V2("io.max", absl::StrCat(number, v2_key, "=",
                                      device.rate == 0 ? "max" : absl::StrCat(device.rate)));
    }
  };
  throttle(io.read_bps, "blkio.throttle.read_bps_device", "rbps");
  throttle(io.write_bps, "blkio.throttle.write_bps_device", "wbps");
  throttle(io.read_iops, "blkio.throttle.read_iops_device", "riops");
  throttle(io.write_iops, "blkio.throttle.write_iops_device", "wiops");
}

void LimitWriter::Hugepages(const std::vector<HugepageLimit>& limits) {
  for (size_t i = 0; i < limits.size(); ++i) {
    const std::string field = absl::StrCat("hugepageLimits/", i);
    const std::string& size = limits[i].page_size;
    const bool plain = !size.empty() && std::all_of(size.begin(), size.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
    });
    if (!plain || !absl::EndsWith(size, "B")) {
      Mistake(field + "/pageSize", "must be a size like 2MB");
      continue;
    }
    const std::optional<bool> v1 = InV1("hugetlb", "hugetlb", field);
    if (!v1) return;
    const std::string value = absl::StrCat(limits[i].limit);
    *v1 ? V1("hugetlb", absl::StrCat("hugetlb.", size, ".limit_in_bytes"), value)
        : V2(absl::StrCat("hugetlb.", size, ".max"), value);
    // What is reserved counts too, on kernels that can count it.
    const std::string& folder = *v1 ? folders_.v1.at("hugetlb") : folders_.v2;
    writes.push_back(
        {absl::StrCat(folder, "/hugetlb.", size, *v1 ? ".rsvd.limit_in_bytes" : ".rsvd.max"), value,
         "", "", true});
  }
}

void LimitWriter::Network(const NetworkLimits& network) {
  if (network.class_id.value_or(0) != 0) {
    folders_.v1.count("net_cls") != 0
        ? V1("net_cls", "net_cls.classid", absl::StrCat(*network.class_id))
        : Mistake("network/classID", "this host has no cgroup controller net_cls");
  }
  for (size_t i = 0; i < network.priorities.size(); ++i) {
    const InterfacePriority& priority = network.priorities[i];
    folders_.v1.count("net_prio") != 0
        ? V1("net_prio", "net_prio.ifpriomap", absl::StrCat(priority.name, " ", priority.priority))
        : Mistake(absl::StrCat("network/priorities/", i),
                  "this host has no cgroup controller net_prio");
  }
}

void LimitWriter::Rdma(const std::map<std::string, RdmaLimit>& limits) {
  for (const auto& [device, limit] : limits) {
    const std::optional<bool> v1 = InV1("rdma", "rdma", absl::StrCat("rdma/", PointerPart(device)));
    if (!v1) return;
    std::string value = device;
    if (limit.hca_handles) absl::StrAppend(&value, " hca_handle=", *limit.hca_handles);
    if (limit.hca_objects) absl::StrAppend(&value, " hca_object=", *limit.hca_objects);
    *v1 ? V1("rdma", "rdma.max", value) : V2("rdma.max", value);
  }
}

void LimitWriter::Unified(const std::map<std::string, std::string>& settings) {
  for (const auto& [key, value] : settings) {
    const std::string field = absl::StrCat("unified/", PointerPart(key));
    const std::string controller(ControllerOfKey(key));
    if (const absl::string_view problem = CgroupKeyProblem(key); !problem.empty()) {
      Mistake(field, problem);
    } else if (folders_.v2.empty()) {
      Mistake(field, "invalid configuration: this host does not mount cgroup v2");
    } else if (controller != "cgroup" && folders_.v2_controllers.count(controller) == 0) {
      Mistake(field,
              absl::StrCat("invalid configuration: cgroup v2 of this host has no controller ",
                           controller));
    } else {
      // Files like io.max take one line at a time.
      const std::vector<std::string> lines = absl::StrSplit(value, '\n', absl::SkipWhitespace());
      for (const std::string& line : lines) V2(key, line);
      if (lines.empty()) V2(key, value);
    }
  }
}

}  // namespace

uint64_t CpuWeightOf(uint64_t shares) {
  constexpr uint64_t kLeast = 2, kMost = 262144;
  if (shares <= kLeast) return 1;
  if (shares >= kMost) return 10000;
  const double power = std::log2(static_cast<double>(shares));
  const double exponent = (power * power + 125 * power) / 612.0 - 7.0 / 34.0;
  return static_cast<uint64_t>(std::ceil(std::pow(10, exponent)));
}

uint64_t IoWeightOf(uint64_t weight) { return 1 + (weight - 10) * 9999 / 990; }

std::vector<CgroupWrite> LimitWrites(const Resources& resources, const CgroupFolders& folders,
                                     const std::string& at, Mistakes& mistakes) {
  LimitWriter writer(folders, at, mistakes);
  if (resources.memory) writer.Memory(*resources.memory);
  if (resources.cpu) writer.Cpu(*resources.cpu);
  if (resources.pids) writer.Pids(*resources.pids);
  if (resources.block_io) writer.BlockIo(*resources.block_io);
  writer.Hugepages(resources.hugepage_limits);
  if (resources.network) writer.Network(*resources.network);
  writer.Rdma(resources.rdma);
  writer.Unified(resources.unified);
  return std::move(writer.writes);
}

std::set<std::string> ControllersOf(const std::vector<CgroupWrite>& writes,
                                    const CgroupFolders& folders) {
  std::set<std::string> controllers;
  for (const CgroupWrite& write : writes) {
    absl::string_view file = write.file;
    if (folders.v2.empty() || !absl::ConsumePrefix(&file, folders.v2 + "/")) continue;
    const std::string controller(ControllerOfKey(file));
    if (controller != "cgroup" && file.find('/') == absl::string_view::npos) {
      controllers.insert(controller);
    }
  }
  return controllers;
}

}  // namespace pelagos::oci
