// Files of proc(5) and sysfs(5) that a container is not to see, or not to write.
//
// Source: Docker's documented defaults, with /proc/interrupts and powercap of its later versions.
#pragma once

#include "pelagos/abi/kernel_version.h"

namespace pelagos {

// Files of the host's kernel that tell or change too much.
inline constexpr const char* kMaskedPaths[] = {
    "/sys/firmware",    "/sys/devices/virtual/powercap",
    "/proc/acpi",       "/proc/asound",
    "/proc/kcore",      "/proc/latency_stats",
    "/proc/scsi",       "/proc/timer_stats",
    "/proc/keys",       "/proc/sched_debug",
    "/proc/timer_list", "/proc/interrupts",
};

// Those of them that are folders.
inline constexpr const char* kMaskedFolders[] = {"/sys/firmware", "/sys/devices/virtual/powercap",
                                                 "/proc/acpi", "/proc/asound", "/proc/scsi"};

inline constexpr const char* kReadOnlyPaths[] = {
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

// The kernel that has one of them no more.
struct GoneKernelPath {
  const char* path;
  KernelVersion since;
};
inline constexpr GoneKernelPath kGoneKernelPaths[] = {
    {"/proc/timer_stats", {4, 11}}, {"/proc/sched_debug", {5, 13}},  // to debugfs
};

}  // namespace pelagos
