// Root file systems of real software, made at test time from Debian packages: the packages and all
// they depend on, downloaded by apt-get and unpacked by dpkg-deb. No maintainer script runs.
//
// Source: apt-get(8), dpkg-deb(1). What was made is kept, by the versions of the packages, below
// $PELAGOS_TEST_CACHE, or pelagos-tests below $XDG_CACHE_HOME or /var/cache.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pelagos::images {

// One line of apt-get's --print-uris: 'URI' FILE SIZE HASH. The file's name holds the version.
// Lines of other kinds are passed over.
std::vector<std::string> ParsePackageFiles(absl::string_view print_uris);

// A user of the image besides root, with a group of the same name and number.
struct User {
  std::string name;
  int id = 0;
};

struct DebianImage {
  std::string name;                   // of the cached file
  std::vector<std::string> packages;  // dependencies come along, recommendations do not
  std::vector<User> users;
};

// The path of a tar of the root file system. `netns` is an open network namespace in which apt-get
// reaches its archive, -1 for the caller's own. Locks the cache: safe between processes.
absl::StatusOr<std::string> MakeDebianTar(const DebianImage& image, int netns);

}  // namespace pelagos::images
