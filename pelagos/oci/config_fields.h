// Which member of config.h is which field of config.json: one table for the reader, the writer and
// the generator of the tests.
//
// Visit(visitor, value) calls visitor.Field("name", member) for each field in turn. What the spec
// requires is called with visitor.Needed instead. Internal to config_json.cc and tests.
#pragma once

#include <concepts>
#include <type_traits>

#include "pelagos/oci/config.h"

namespace pelagos::oci::internal {

// `S` is `T` or `const T`: the reader's and the writer's door are one.
template <typename S, typename T>
concept Is = std::same_as<std::remove_const_t<S>, T>;

void Visit(auto& v, Is<Root> auto& s) {
  v.Needed("path", s.path);
  v.Field("readonly", s.readonly);
}
void Visit(auto& v, Is<IdMap> auto& s) {
  v.Needed("containerID", s.container_id);
  v.Needed("hostID", s.host_id);
  v.Needed("size", s.size);
}
void Visit(auto& v, Is<Mount> auto& s) {
  v.Needed("destination", s.destination);
  v.Field("type", s.type);
  v.Field("source", s.source);
  v.Field("options", s.options);
  v.Field("uidMappings", s.uid_mappings);
  v.Field("gidMappings", s.gid_mappings);
}
void Visit(auto& v, Is<ConsoleSize> auto& s) {
  v.Needed("height", s.height);
  v.Needed("width", s.width);
}
void Visit(auto& v, Is<User> auto& s) {
  v.Always("uid", s.uid);
  v.Always("gid", s.gid);
  v.Field("umask", s.umask);
  v.Field("additionalGids", s.additional_gids);
}
void Visit(auto& v, Is<Capabilities> auto& s) {
  v.Field("bounding", s.bounding);
  v.Field("effective", s.effective);
  v.Field("inheritable", s.inheritable);
  v.Field("permitted", s.permitted);
  v.Field("ambient", s.ambient);
}
void Visit(auto& v, Is<Rlimit> auto& s) {
  v.Needed("type", s.type);
  v.Needed("soft", s.soft);
  v.Needed("hard", s.hard);
}
void Visit(auto& v, Is<Scheduler> auto& s) {
  v.Needed("policy", s.policy);
  v.Field("nice", s.nice);
  v.Field("priority", s.priority);
  v.Field("flags", s.flags);
  v.Field("runtime", s.runtime);
  v.Field("deadline", s.deadline);
  v.Field("period", s.period);
}
void Visit(auto& v, Is<IoPriority> auto& s) {
  v.Needed("class", s.io_class);
  v.Always("priority", s.priority);
}
void Visit(auto& v, Is<ExecCpuAffinity> auto& s) {
  v.Field("initial", s.initial);
  v.Field("final", s.final_list);
}
void Visit(auto& v, Is<Process> auto& s) {
  v.Field("terminal", s.terminal);
  v.Field("consoleSize", s.console_size);
  v.Always("user", s.user);
  v.Field("args", s.args);
  v.Field("env", s.env);
  v.Needed("cwd", s.cwd);
  v.Field("capabilities", s.capabilities);
  v.Field("rlimits", s.rlimits);
  v.Field("noNewPrivileges", s.no_new_privileges);
  v.Field("apparmorProfile", s.apparmor_profile);
  v.Field("oomScoreAdj", s.oom_score_adj);
  v.Field("scheduler", s.scheduler);
  v.Field("selinuxLabel", s.selinux_label);
  v.Field("ioPriority", s.io_priority);
  v.Field("execCPUAffinity", s.exec_cpu_affinity);
}
void Visit(auto& v, Is<Hook> auto& s) {
  v.Needed("path", s.path);
  v.Field("args", s.args);
  v.Field("env", s.env);
  v.Field("timeout", s.timeout);
}
void Visit(auto& v, Is<Hooks> auto& s) {
  v.Field("prestart", s.prestart);
  v.Field("createRuntime", s.create_runtime);
  v.Field("createContainer", s.create_container);
  v.Field("startContainer", s.start_container);
  v.Field("poststart", s.poststart);
  v.Field("poststop", s.poststop);
}
void Visit(auto& v, Is<NamespaceEntry> auto& s) {
  v.Needed("type", s.type);
  v.Field("path", s.path);
}
void Visit(auto& v, Is<DeviceNode> auto& s) {
  v.Needed("type", s.type);
  v.Needed("path", s.path);
  v.Field("major", s.major);
  v.Field("minor", s.minor);
  v.Field("fileMode", s.file_mode);
  v.Field("uid", s.uid);
  v.Field("gid", s.gid);
}
void Visit(auto& v, Is<IntelRdt> auto& s) {
  v.Field("closID", s.clos_id);
  v.Field("schemata", s.schemata);
  v.Field("l3CacheSchema", s.l3_cache_schema);
  v.Field("memBwSchema", s.mem_bw_schema);
  v.Field("enableCMT", s.enable_cmt);
  v.Field("enableMBM", s.enable_mbm);
  v.Field("enableMonitoring", s.enable_monitoring);
}
void Visit(auto& v, Is<Personality> auto& s) {
  v.Needed("domain", s.domain);
  v.Field("flags", s.flags);
}
void Visit(auto& v, Is<TimeOffset> auto& s) {
  v.Field("secs", s.secs);
  v.Field("nanosecs", s.nanosecs);
}
void Visit(auto& v, Is<MemoryPolicy> auto& s) {
  v.Field("mode", s.mode);
  v.Field("nodes", s.nodes);
  v.Field("flags", s.flags);
}
void Visit(auto& v, Is<NetDevice> auto& s) { v.Field("name", s.name); }

void Visit(auto& v, Is<DeviceAccess> auto& s) {
  v.Always("allow", s.allow);
  v.Field("type", s.type);
  v.Field("major", s.major);
  v.Field("minor", s.minor);
  v.Field("access", s.access);
}
void Visit(auto& v, Is<MemoryLimits> auto& s) {
  v.Field("limit", s.limit);
  v.Field("reservation", s.reservation);
  v.Field("swap", s.swap);
  v.Field("kernel", s.kernel);
  v.Field("kernelTCP", s.kernel_tcp);
  v.Field("swappiness", s.swappiness);
  v.Field("disableOOMKiller", s.disable_oom_killer);
  v.Field("useHierarchy", s.use_hierarchy);
  v.Field("checkBeforeUpdate", s.check_before_update);
}
void Visit(auto& v, Is<CpuLimits> auto& s) {
  v.Field("shares", s.shares);
  v.Field("quota", s.quota);
  v.Field("burst", s.burst);
  v.Field("period", s.period);
  v.Field("realtimeRuntime", s.realtime_runtime);
  v.Field("realtimePeriod", s.realtime_period);
  v.Field("cpus", s.cpus);
  v.Field("mems", s.mems);
  v.Field("idle", s.idle);
}
void Visit(auto& v, Is<PidsLimit> auto& s) { v.Field("limit", s.limit); }
void Visit(auto& v, Is<WeightDevice> auto& s) {
  v.Needed("major", s.major);
  v.Needed("minor", s.minor);
  v.Field("weight", s.weight);
  v.Field("leafWeight", s.leaf_weight);
}
void Visit(auto& v, Is<ThrottleDevice> auto& s) {
  v.Needed("major", s.major);
  v.Needed("minor", s.minor);
  v.Needed("rate", s.rate);
}
void Visit(auto& v, Is<BlockIo> auto& s) {
  v.Field("weight", s.weight);
  v.Field("leafWeight", s.leaf_weight);
  v.Field("weightDevice", s.weight_device);
  v.Field("throttleReadBpsDevice", s.read_bps);
  v.Field("throttleWriteBpsDevice", s.write_bps);
  v.Field("throttleReadIOPSDevice", s.read_iops);
  v.Field("throttleWriteIOPSDevice", s.write_iops);
}
void Visit(auto& v, Is<HugepageLimit> auto& s) {
  v.Needed("pageSize", s.page_size);
  v.Needed("limit", s.limit);
}
void Visit(auto& v, Is<InterfacePriority> auto& s) {
  v.Needed("name", s.name);
  v.Needed("priority", s.priority);
}
void Visit(auto& v, Is<NetworkLimits> auto& s) {
  v.Field("classID", s.class_id);
  v.Field("priorities", s.priorities);
}
void Visit(auto& v, Is<RdmaLimit> auto& s) {
  v.Field("hcaHandles", s.hca_handles);
  v.Field("hcaObjects", s.hca_objects);
}
void Visit(auto& v, Is<Resources> auto& s) {
  v.Field("devices", s.devices);
  v.Field("memory", s.memory);
  v.Field("cpu", s.cpu);
  v.Field("pids", s.pids);
  v.Field("blockIO", s.block_io);
  v.Field("hugepageLimits", s.hugepage_limits);
  v.Field("network", s.network);
  v.Field("rdma", s.rdma);
  v.Field("unified", s.unified);
}
void Visit(auto& v, Is<Linux> auto& s) {
  v.Field("namespaces", s.namespaces);
  v.Field("uidMappings", s.uid_mappings);
  v.Field("gidMappings", s.gid_mappings);
  v.Field("timeOffsets", s.time_offsets);
  v.Field("devices", s.devices);
  v.Field("netDevices", s.net_devices);
  v.Field("cgroupsPath", s.cgroups_path);
  v.Field("resources", s.resources);
  v.Field("intelRdt", s.intel_rdt);
  v.Field("memoryPolicy", s.memory_policy);
  v.Field("sysctl", s.sysctl);
  v.Field("seccomp", s.seccomp);
  v.Field("rootfsPropagation", s.rootfs_propagation);
  v.Field("maskedPaths", s.masked_paths);
  v.Field("readonlyPaths", s.readonly_paths);
  v.Field("mountLabel", s.mount_label);
  v.Field("personality", s.personality);
}
void Visit(auto& v, Is<Config> auto& s) {
  v.Needed("ociVersion", s.oci_version);
  v.Field("root", s.root);
  v.Field("mounts", s.mounts);
  v.Field("process", s.process);
  v.Field("hostname", s.hostname);
  v.Field("domainname", s.domainname);
  v.Field("hooks", s.hooks);
  v.Field("linux", s.linux_part);
  v.Field("annotations", s.annotations);
}

}  // namespace pelagos::oci::internal
