#include "benchmarks/images/registry.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/compare/measure.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::benchmarks {

absl::StatusOr<std::unique_ptr<LocalRegistry>> LocalRegistry::Start(const std::string& folder) {
  const std::optional<std::string> program = FindProgram("docker-registry");
  if (!program) {
    return absl::NotFoundError("docker-registry is not there: apt-get install docker-registry");
  }
  std::string config = folder + "/registry.yml";
  PELAGOS_RETURN_IF_ERROR(sys::WriteFileAtomically(
      config, absl::StrCat("version: 0.1\nlog:\n  accesslog:\n    disabled: true\n"
                           "storage:\n  filesystem:\n    rootdirectory: ",
                           folder, "/registry\nhttp:\n  addr: 127.0.0.1:0\n")));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe2");
  Fd reading(ends[0]), writing(ends[1]);
  posix_spawn_file_actions_t actions;
  int error = ::posix_spawn_file_actions_init(&actions);
  if (error == 0) error = ::posix_spawn_file_actions_adddup2(&actions, writing.get(), 1);
  if (error == 0) error = ::posix_spawn_file_actions_adddup2(&actions, writing.get(), 2);
  std::string name = "docker-registry", serve = "serve";
  char* argv[] = {name.data(), serve.data(), config.data(), nullptr};
  pid_t pid = -1;
  if (error == 0) error = ::posix_spawn(&pid, program->c_str(), &actions, nullptr, argv, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return ErrnoStatus(error, "starting", *program);
  writing.reset();
  auto registry = std::unique_ptr<LocalRegistry>(new LocalRegistry(pid, std::move(reading)));
  const int log = registry->log_.get();
  constexpr char kListening[] = "listening on 127.0.0.1:";
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t count = ::read(log, buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return absl::InternalError(absl::StrCat("docker-registry ended: ", text));
    text.append(buffer, static_cast<size_t>(count));
    const size_t at = text.find(kListening);
    if (at == std::string::npos || text.find('\n', at) == std::string::npos) continue;
    const std::string rest = text.substr(at + sizeof(kListening) - 1);
    registry->host_ =
        absl::StrCat("127.0.0.1:", rest.substr(0, rest.find_first_not_of("0123456789")));
    break;
  }
  registry->reader_ = std::thread([log] {
    char unread[4096];
    for (;;) {
      const ssize_t count = ::read(log, unread, sizeof(unread));
      if (count == 0 || (count < 0 && errno != EINTR)) return;
    }
  });
  return registry;
}

LocalRegistry::~LocalRegistry() {
  ::kill(pid_, SIGTERM);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (reader_.joinable()) reader_.join();
}

}  // namespace pelagos::benchmarks
