// The worlds in which rooted tests run Pelagos: real kernel, real root, and nothing of the
// machine's own is touched: own data root, run root, network namespace and mount namespace.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/rooted/program.h"
#include "tests/rooted/snapshot.h"

namespace pelagos::rooted {

// One row of `compose ps`.
struct PsRow {
  std::string service, container, status;
  int pid = 0;  // 0: none
};

struct HttpReply {
  int status = 0;  // 0: no answer, `body` says why
  std::string headers;
  std::string body;
};

// Not copyable; one at a time. What a failed test left running in it is killed with it.
class World {
 public:
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // A folder of its own, where `pelagos` is run.
  const std::string& folder() const { return folder_; }
  std::string data_root() const { return root_ + "/data"; }
  std::string run_root() const { return root_ + "/run"; }

  // Makes the folders of `name` too. Returns its absolute path.
  std::string Write(const std::string& name, const std::string& content);
  // From the test's runfiles.
  void CopyTree(const std::string& runfile, const std::string& name);

  void SetEnv(const std::string& name, const std::string& value);

  // `pelagos ARGS`, to its end.
  Outcome Pelagos(std::vector<std::string> args, absl::Duration patience = kPatience);
  // In the background.
  std::unique_ptr<Program> Start(std::vector<std::string> args);
  // A program of the machine, in this world's network.
  Outcome Tool(std::vector<std::string> argv);

  // `compose ps` of the project, which must be there.
  std::vector<PsRow> Ps(const std::string& project);
  PsRow Ps(const std::string& project, const std::string& service);
  // From the project's record; 0 if there is none.
  int SupervisorPid(const std::string& project);
  // A program inside the running container of a service, with all its namespaces.
  Outcome Inside(const std::string& project, const std::string& service,
                 std::vector<std::string> argv);
  // The names of all volumes, and what else lies beside them but the folder's lock.
  std::vector<std::string> Volumes();

  // http://127.0.0.1:PORT/PATH, in this world's network.
  HttpReply Get(int port, const std::string& path);

  // Fails the test unless all is as before the world's first program, apart from images and
  // volumes. Allows the kernel two seconds for what it does in its own time.
  void ExpectNoResidue(const char* after);

  // What its programs are started with: KEY=VALUE.
  std::vector<std::string> Environment() const;

 private:
  std::string root_, folder_;
  std::vector<std::string> env_;
  Snapshot before_;
};

// Skips without root: rooted tests never skip as root.
class RootedTest : public ::testing::Test {
 protected:
  void SetUp() override;
};

// Where a file of the test's `data` is. `name` counts from the workspace.
std::string Runfile(const std::string& name);

// The machine's own network, for what has to reach the outside, such as fetching packages. An open
// namespace that stays the harness's; -1 without root.
int MachineNetworkNamespace();

}  // namespace pelagos::rooted
