#include "pelagos/net/dns/zone_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::net {
namespace {

constexpr size_t kMaxFile = 1 << 20;
constexpr uint32_t kGone = IN_DELETE | IN_MOVED_FROM;
constexpr uint32_t kFolderEvents =
    IN_CREATE | IN_MOVED_TO | kGone | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr uint32_t kNetworkEvents = IN_CLOSE_WRITE | IN_MOVED_TO | kGone | IN_ONLYDIR;

bool IsHidden(absl::string_view name) { return name.empty() || name[0] == '.'; }

}  // namespace

absl::StatusOr<ZoneWatch> ZoneWatch::Create(std::string folder, ZoneTable& table) {
  ZoneWatch watch(std::move(folder), table);
  watch.inotify_ = Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch.inotify_.valid()) return ErrnoStatus(errno, "inotify_init1");
  watch.folder_watch_ =
      ::inotify_add_watch(watch.inotify_.get(), watch.folder_.c_str(), kFolderEvents);
  if (watch.folder_watch_ < 0) return ErrnoStatus(errno, "inotify_add_watch", watch.folder_);
  PELAGOS_RETURN_IF_ERROR(watch.ReadAll());
  return watch;
}

absl::Status ZoneWatch::ReadAll() {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> names, sys::ListFolder(folder_));
  std::set<std::string> here(names.begin(), names.end());
  std::vector<std::string> gone;
  for (const auto& [watch, network] : networks_) {
    if (here.count(network) == 0) gone.push_back(network);
  }
  for (const std::string& network : gone) Leave(network);
  for (const std::string& name : names) {
    if (!IsHidden(name)) Enter(name);
  }
  return absl::OkStatus();
}

void ZoneWatch::Enter(const std::string& network) {
  const std::string path = absl::StrCat(folder_, "/", network);
  const auto key = std::make_pair(network, std::string());
  // Watched before it is read: what comes in between is seen twice.
  const int watch = ::inotify_add_watch(inotify_.get(), path.c_str(), kNetworkEvents);
  if (watch < 0) {
    // Files beside the networks are none of ours.
    if (errno != ENOTDIR && errno != ENOENT) {
      errors_[key] = ErrnoStatus(errno, "inotify_add_watch", path);
    }
    return;
  }
  if (networks_.count(watch) == 0) {
    Leave(network);  // an earlier folder of that name
    networks_[watch] = network;
  }
  absl::StatusOr<std::vector<std::string>> files = sys::ListFolder(path);
  if (!files.ok()) {
    if (FindErrno(files.status()) != ENOENT) errors_[key] = files.status();
    return;
  }
  errors_.erase(key);
  const std::set<std::string> here(files->begin(), files->end());
  const auto known = table_->networks().find(network);
  if (known != table_->networks().end()) {
    std::vector<std::string> gone;
    for (const auto& [owner, host] : known->second->hosts) {
      if (here.count(owner) == 0) gone.push_back(owner);
    }
    for (const std::string& owner : gone) ReadFile(network, owner);
  }
  for (const std::string& file : *files) ReadFile(network, file);
  if (here.count(std::string(kZoneHeadFile)) == 0) ReadFile(network, kZoneHeadFile);
}

void ZoneWatch::Leave(const std::string& network) {
  for (auto it = networks_.begin(); it != networks_.end();) {
    if (it->second == network) {
      ::inotify_rm_watch(inotify_.get(), it->first);  // fails if the folder has gone
      networks_.erase(it++);
    } else {
      ++it;
    }
  }
  std::erase_if(errors_, [&](const auto& error) { return error.first.first == network; });
  if (table_->networks().count(network) == 0) return;
  table_->EraseNetwork(network);
  heads_changed_ = true;
}

void ZoneWatch::ReadFile(const std::string& network, absl::string_view file) {
  const bool is_head = file == kZoneHeadFile;
  if (IsHidden(file) && !is_head) return;
  const std::string path = absl::StrCat(folder_, "/", network, "/", file);
  const auto key = std::make_pair(network, std::string(file));
  const absl::StatusOr<std::string> text = sys::ReadFileAtOnce(path, kMaxFile);
  if (!text.ok() && FindErrno(text.status()) == ENOENT) {
    errors_.erase(key);
    if (is_head) table_->EraseHead(network);
    if (!is_head) table_->EraseHost(network, file);
    heads_changed_ |= is_head;
    return;
  }
  absl::Status status = text.status();
  if (status.ok() && is_head) {
    absl::StatusOr<ZoneHead> head = ParseZoneHead(*text);
    status = head.status();
    if (head.ok()) {
      table_->SetHead(network, *head);
      heads_changed_ = true;
    }
  } else if (status.ok()) {
    absl::StatusOr<ZoneHost> host = ParseZoneHost(file, *text);
    status = host.status();
    if (host.ok()) table_->SetHost(network, *host);
  }
  if (status.ok()) {
    errors_.erase(key);
  } else {
    errors_[key] = internal::WithContext(std::move(status), path);
  }
}

absl::StatusOr<bool> ZoneWatch::Update() {
  alignas(inotify_event) char buffer[65536];
  bool again = false;
  for (;;) {
    const ssize_t size = ::read(inotify_.get(), buffer, sizeof(buffer));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      const std::string name = event->len == 0 ? "" : event->name;
      if ((event->mask & IN_Q_OVERFLOW) != 0) {
        again = true;
      } else if (event->wd == folder_watch_) {
        if ((event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0) {
          return absl::NotFoundError(absl::StrCat("'", folder_, "' has gone"));
        }
        if (IsHidden(name) || (event->mask & IN_ISDIR) == 0) continue;
        if ((event->mask & kGone) != 0) Leave(name);
        // Also when it went: another of that name may be there since.
        Enter(name);
      } else if (const auto network = networks_.find(event->wd); network != networks_.end()) {
        const std::string owner = network->second;
        if (!name.empty()) ReadFile(owner, name);
      }
    }
  }
  if (again) PELAGOS_RETURN_IF_ERROR(ReadAll());
  return std::exchange(heads_changed_, false);
}

absl::Status ZoneWatch::status() const {
  return errors_.empty() ? absl::OkStatus() : errors_.begin()->second;
}

}  // namespace pelagos::net
