// Where cases are run and judged.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/rooted/harness.h"
#include "tests/rooted/hostile/case.h"
#include "tests/rooted/hostile/runtime.h"
#include "tests/rooted/hostile/spawn.h"

namespace pelagos::hostile {

// Later ones are worse.
enum class Verdict : uint8_t {
  kInexpressible,  // the runtime cannot be asked for it
  kRefused,        // an error, and nothing ran
  kSafe,           // it ran, and nothing of the host was to be had
  kLeaked,         // something of the host was opened, or could be seen inside
  kEscaped,        // something of the host was changed, or could be
  kHung,
};
const char* ToString(Verdict verdict);

struct Judgement {
  Verdict verdict = Verdict::kInexpressible;
  std::vector<std::string> findings;  // what is behind kLeaked and kEscaped
  Spawned last;                       // of the worst round

  std::string Describe() const;
};

// One at a time; needs root. Makes its own roots, as rooted::World does.
class Arena {
 public:
  // Whether `runtime` can be asked on this machine; for crun and runc, where the program is.
  static bool Has(Runtime runtime);

  // `patience` times the rounds that a race has.
  explicit Arena(Runtime runtime, int patience = 1);
  ~Arena();
  Judgement Run(const Case& one);
  // Of the program, for the table.
  std::string Version() const;

 private:
  static std::string MakePlace();
  Judgement RunIn(const Case& one, const std::string& folder);
  std::vector<std::string> Environment() const;
  void MakeFiles(const Case& one, const std::string& folder) const;

  const Runtime runtime_;
  const unsigned uid_;  // who runs it
  const int patience_;
  std::string folder_;  // before the world is there, which looks at mounts
  rooted::World world_;
  std::string prober_;
  int count_ = 0;
};

}  // namespace pelagos::hostile
