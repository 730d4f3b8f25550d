// Programs of bpf(2) that decide about devices, for cgroup v2.
//
// Source: bpf(2), linux/bpf.h (BPF_PROG_TYPE_CGROUP_DEVICE), cgroup-v2.rst ("Device controller").
#pragma once

#include <linux/bpf.h>
#include <sys/syscall.h>

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/sys/raw.h"

namespace pelagos::sys {

// Loads the program; the kernel checks it. The descriptor is close-on-exec (as all of bpf(2)'s).
inline absl::StatusOr<Fd> LoadDeviceProgram(const std::vector<bpf_insn>& instructions) {
  bpf_attr attr = {};
  attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attr.expected_attach_type = BPF_CGROUP_DEVICE;
  attr.insns = reinterpret_cast<uintptr_t>(instructions.data());
  attr.insn_cnt = static_cast<uint32_t>(instructions.size());
  static constexpr char kLicense[] = "Apache-2.0";
  attr.license = reinterpret_cast<uintptr_t>(kLicense);
  const Result loaded = Call(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
  if (!loaded.ok()) return ErrnoStatus(loaded.err, "bpf", "BPF_PROG_LOAD of the device filter");
  return Fd(static_cast<int>(loaded.value));
}

// Attaches it to the cgroup whose folder `cgroup` is (O_PATH is enough). It stays until the cgroup
// goes; cgroups below may attach their own, and then all of them must agree.
inline absl::Status AttachDeviceProgram(const Fd& cgroup, const Fd& program) {
  bpf_attr attr = {};
  attr.target_fd = static_cast<uint32_t>(cgroup.get());
  attr.attach_bpf_fd = static_cast<uint32_t>(program.get());
  attr.attach_type = BPF_CGROUP_DEVICE;
  attr.attach_flags = BPF_F_ALLOW_MULTI;
  const Result attached = Call(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr));
  if (attached.ok()) return absl::OkStatus();
  return ErrnoStatus(attached.err, "bpf", "BPF_PROG_ATTACH of the device filter");
}

}  // namespace pelagos::sys
