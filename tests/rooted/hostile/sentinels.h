// What must stay as it is while a case runs: a folder of decoys on the host, watched, and settings,
// devices and programs of the host.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pelagos/base/fd.h"

namespace pelagos::hostile {

class Sentinels {
 public:
  // Makes the decoys in `folder`, which must not be there. Owned by `uid`, so that whoever runs
  // the case could change them.
  Sentinels(std::string folder, unsigned uid);

  // The files of the runtime itself: their content and identity are watched too.
  void Guard(const std::string& path) { guarded_.push_back(path); }

  // A device that is lent to the runtime: who owns it, who may use it.
  void GuardDevice(const std::string& path) { devices_.push_back(path); }

  // Remembers everything, then watches. Nobody else may touch the decoys until Findings.
  void Begin();

  // What happened since: "escaped NAME: ..." for what is other than before, "leaked NAME: ..." for
  // what was opened or read only. Empty: nothing.
  std::vector<std::string> Findings();

 private:
  std::map<std::string, std::string> Look() const;

  std::string folder_;
  std::vector<std::string> guarded_, devices_;
  std::map<std::string, std::string> before_;
  Fd watch_;
  std::map<int, std::string> watched_;
};

}  // namespace pelagos::hostile
