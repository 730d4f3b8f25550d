// The character devices that every container has.
//
// Source: runtime-spec config-linux.md ("Default Devices"); Documentation/admin-guide/devices.txt.
#pragma once

#include <array>
#include <cstdint>

namespace pelagos {

struct DeviceRow {
  const char* target;
  uint32_t major, minor;
};

inline constexpr std::array<DeviceRow, 6> kDevices = {{
    {"/dev/full", 1, 7},
    {"/dev/null", 1, 3},
    {"/dev/random", 1, 8},
    {"/dev/tty", 5, 0},
    {"/dev/urandom", 1, 9},
    {"/dev/zero", 1, 5},
}};

// What else is made in /dev: no device of a user's may stand there.
inline constexpr std::array<const char*, 9> kDevNames = {
    "/dev/fd",  "/dev/stdin", "/dev/stdout", "/dev/stderr",  "/dev/ptmx",
    "/dev/pts", "/dev/shm",   "/dev/mqueue", "/dev/console",
};

}  // namespace pelagos
