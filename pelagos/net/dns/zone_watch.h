// Keeps a ZoneTable like the files of RUN/dns: reads them once, and from then on what inotify(7)
// says has changed, file by file.
//
// A change is in the kernel's queue before the call that made it returns; so whoever changed
// something and asks afterwards finds it after one Update. When the queue ran over, everything is
// read again. A file that cannot be read or understood leaves the old value, and is remembered as
// an error until it changes.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/dns/zone_table.h"

namespace pelagos::net {

class ZoneWatch {
 public:
  // Watches and reads the folder. `table` outlives the watch.
  static absl::StatusOr<ZoneWatch> Create(std::string folder, ZoneTable& table);

  // Readable when something has changed.
  const Fd& fd() const { return inotify_; }

  // Takes over what has changed. True if a network has come, gone, or got another head. An error
  // only if the folder itself has gone.
  absl::StatusOr<bool> Update();

  // The first error of a file that stands.
  absl::Status status() const;

 private:
  ZoneWatch(std::string folder, ZoneTable& table) : folder_(std::move(folder)), table_(&table) {}

  absl::Status ReadAll();
  // Reads a network's folder, and makes the table agree with it.
  void Enter(const std::string& network);
  void Leave(const std::string& network);
  void ReadFile(const std::string& network, absl::string_view file);

  std::string folder_;
  ZoneTable* table_;
  Fd inotify_;
  int folder_watch_ = -1;
  absl::flat_hash_map<int, std::string> networks_;                      // by watch
  std::map<std::pair<std::string, std::string>, absl::Status> errors_;  // by network and file
  bool heads_changed_ = false;
};

}  // namespace pelagos::net
