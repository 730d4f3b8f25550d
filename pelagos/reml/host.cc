#include "pelagos/reml/host.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/fd.h"

namespace pelagos::reml {
namespace {

std::optional<std::string> Variable(absl::string_view name) {
  if (name.find('\0') != absl::string_view::npos) return std::nullopt;
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

// getrandom(2), which reads up to 256 bytes without being interrupted.
uint64_t RandomBits() {
  uint64_t bits = 0;
  while (::getrandom(&bits, sizeof(bits), 0) != static_cast<ssize_t>(sizeof(bits))) {
  }
  return bits;
}

absl::Status Problem(int error) {
  return absl::Status(absl::ErrnoToStatusCode(error), std::strerror(error));
}

}  // namespace

absl::StatusOr<std::string> ReadRegularFile(const std::string& path, size_t most) {
  // A FIFO would wait for its writer.
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (fd.get() < 0) return Problem(errno);
  struct stat info = {};
  if (::fstat(fd.get(), &info) != 0) return Problem(errno);
  if (S_ISDIR(info.st_mode)) return Problem(EISDIR);
  if (!S_ISREG(info.st_mode)) return absl::InvalidArgumentError("not a regular file");
  std::string content;
  char buffer[16384];
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Problem(errno);
    if (got == 0) return content;
    content.append(buffer, static_cast<size_t>(got));
    if (content.size() > most) {
      return absl::ResourceExhaustedError(absl::StrCat("larger than ", most, " bytes"));
    }
  }
}

Host WithDefaults(Host host) {
  using std::chrono::duration;
  if (!host.output) host.output = [](absl::string_view) {};
  if (!host.log) host.log = [](absl::string_view) {};
  if (!host.environment) host.environment = Variable;
  if (!host.read_file) host.read_file = ReadRegularFile;
  if (!host.now) {
    host.now = [] {
      return duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    };
  }
  if (!host.ticks) {
    host.ticks = [] {
      return int64_t{
          std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count()};
    };
  }
  if (!host.random) host.random = RandomBits;
  if (!host.sleep) {
    host.sleep = [](double seconds) { std::this_thread::sleep_for(duration<double>(seconds)); };
  }
  return host;
}

Host ClosedHost() {
  Host host;
  host.output = [](absl::string_view) {};
  host.log = [](absl::string_view) {};
  host.environment = [](absl::string_view) -> std::optional<std::string> { return std::nullopt; };
  host.read_file = [](const std::string&, size_t) -> absl::StatusOr<std::string> {
    return Problem(ENOENT);
  };
  host.now = [] { return 0.0; };
  host.ticks = [] { return int64_t{0}; };
  host.random = [] { return uint64_t{0}; };
  host.sleep = [](double) {};
  return host;
}

}  // namespace pelagos::reml
