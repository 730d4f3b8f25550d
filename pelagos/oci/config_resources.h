// linux.resources of config.json, and the files of `update`: limits as the document writes them.
//
// Values. Source: OCI runtime-spec config-linux.md ("Control groups").
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pelagos::oci {

// The rules apply in their order, the last that fits counts.
struct DeviceAccess {
  bool allow = false;
  std::string type;                     // "a", "c", "b"; empty is "a"
  std::optional<int64_t> major, minor;  // left out or -1: any
  std::string access;                   // letters of "rwm"; empty: all
  friend bool operator==(const DeviceAccess&, const DeviceAccess&) = default;
};

// Bytes; -1 is no limit.
struct MemoryLimits {
  std::optional<int64_t> limit, reservation, swap, kernel, kernel_tcp;
  std::optional<uint64_t> swappiness;
  std::optional<bool> disable_oom_killer, use_hierarchy, check_before_update;
  friend bool operator==(const MemoryLimits&, const MemoryLimits&) = default;
};

struct CpuLimits {
  std::optional<uint64_t> shares;
  std::optional<int64_t> quota;
  std::optional<uint64_t> burst, period;
  std::optional<int64_t> realtime_runtime;
  std::optional<uint64_t> realtime_period;
  std::string cpus, mems;
  std::optional<int64_t> idle;
  friend bool operator==(const CpuLimits&, const CpuLimits&) = default;
};

struct PidsLimit {
  std::optional<int64_t> limit;  // 0 and -1: none
  friend bool operator==(const PidsLimit&, const PidsLimit&) = default;
};

struct WeightDevice {
  int64_t major = 0, minor = 0;
  std::optional<uint16_t> weight, leaf_weight;
  friend bool operator==(const WeightDevice&, const WeightDevice&) = default;
};

struct ThrottleDevice {
  int64_t major = 0, minor = 0;
  uint64_t rate = 0;
  friend bool operator==(const ThrottleDevice&, const ThrottleDevice&) = default;
};

struct BlockIo {
  std::optional<uint16_t> weight, leaf_weight;
  std::vector<WeightDevice> weight_device;
  std::vector<ThrottleDevice> read_bps, write_bps, read_iops, write_iops;
  friend bool operator==(const BlockIo&, const BlockIo&) = default;
};

struct HugepageLimit {
  std::string page_size;  // "2MB"
  uint64_t limit = 0;
  friend bool operator==(const HugepageLimit&, const HugepageLimit&) = default;
};

struct InterfacePriority {
  std::string name;
  uint32_t priority = 0;
  friend bool operator==(const InterfacePriority&, const InterfacePriority&) = default;
};

// v1 alone: net_cls, net_prio.
struct NetworkLimits {
  std::optional<uint32_t> class_id;
  std::vector<InterfacePriority> priorities;
  friend bool operator==(const NetworkLimits&, const NetworkLimits&) = default;
};

struct RdmaLimit {
  std::optional<uint32_t> hca_handles, hca_objects;
  friend bool operator==(const RdmaLimit&, const RdmaLimit&) = default;
};

struct Resources {
  std::vector<DeviceAccess> devices;
  std::optional<MemoryLimits> memory;
  std::optional<CpuLimits> cpu;
  std::optional<PidsLimit> pids;
  std::optional<BlockIo> block_io;
  std::vector<HugepageLimit> hugepage_limits;
  std::optional<NetworkLimits> network;
  std::map<std::string, RdmaLimit> rdma;
  std::map<std::string, std::string> unified;
  friend bool operator==(const Resources&, const Resources&) = default;
};

}  // namespace pelagos::oci
