#include "pelagos/container/attachments.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/attach_protocol.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/unix_socket.h"

namespace pelagos::container {

absl::StatusOr<Fd> ConnectAttached(const store::Roots& roots, const std::string& id) {
  return sys::ConnectUnix(absl::StrCat(roots.Container(id), "/", kAttachSocket), SOCK_SEQPACKET);
}

Attachments::~Attachments() {
  StopListening();
  while (!clients_.empty()) {
    loop_.Forget(clients_.begin()->fd.get());
    clients_.pop_front();
  }
}

absl::Status Attachments::Listen(const std::string& folder) {
  folder_ = folder;
  const std::string path = absl::StrCat(folder, "/", kAttachSocket);
  ::unlink(path.c_str());
  // A socket's address is short (unix(7)); that of a folder's descriptor always is.
  PELAGOS_ASSIGN_OR_RETURN(const Fd in, sys::OpenFile(folder, O_PATH | O_DIRECTORY));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string by_fd = absl::StrCat("/proc/self/fd/", in.get(), "/", kAttachSocket);
  by_fd.copy(address.sun_path, sizeof(address.sun_path) - 1);
  listener_ = Fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener_.valid()) return ErrnoStatus(errno, "socket");
  const mode_t before = ::umask(0077);
  const int bound =
      ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int error = errno;
  ::umask(before);
  if (bound != 0) return ErrnoStatus(error, "bind", path);
  if (::listen(listener_.get(), SOMAXCONN) != 0) return ErrnoStatus(errno, "listen", path);
  return loop_.Watch(listener_.get(), EPOLLIN, [this](uint32_t) { Accept(); });
}

void Attachments::StopListening() {
  if (!listener_.valid()) return;
  loop_.Forget(listener_.get());
  listener_.reset();
  ::unlink(absl::StrCat(folder_, "/", kAttachSocket).c_str());
}

void Attachments::Accept() {
  for (;;) {
    Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client.valid()) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;  // nobody is left, or too many are there: the next event tells
    }
    // Who cannot be watched is not attached; he sees it.
    Add(std::move(client)).IgnoreError();
  }
}

absl::Status Attachments::Add(Fd client) {
  if (::fcntl(client.get(), F_SETFL, O_NONBLOCK) != 0) return ErrnoStatus(errno, "fcntl");
  clients_.emplace_back();
  const Position added = std::prev(clients_.end());
  added->fd = std::move(client);
  Watch(added);
  return absl::OkStatus();
}

void Attachments::Watch(Position client) {
  const uint32_t events = client->waits ? EPOLLIN | EPOLLOUT : EPOLLIN;
  const absl::Status watched = loop_.Watch(client->fd.get(), events, [this, client](uint32_t seen) {
    if ((seen & EPOLLOUT) != 0) {
      Flush(client);
    } else {
      Read(client);
    }
  });
  if (!watched.ok()) Drop(client);
}

void Attachments::Drop(Position client) {
  loop_.Forget(client->fd.get());
  const bool waited = client->waits;
  clients_.erase(client);
  if (waited && --waiting_ == 0) handlers_.unblocked();
}

// All that is there: what one said before he left comes before what the next one says.
void Attachments::Read(Position client) {
  constexpr int kPacketsAtOnce = 64;
  for (int i = 0; i < kPacketsAtOnce; ++i) {
    std::array<char, 1 + kMostAttachBytes> packet;
    const ssize_t size = ::recv(client->fd.get(), packet.data(), packet.size(), MSG_TRUNC);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0 || static_cast<size_t>(size) > packet.size() ||
        !Take(client, absl::string_view(packet.data(), static_cast<size_t>(size)))) {
      return Drop(client);
    }
  }
}

// False: it speaks another language.
bool Attachments::Take(Position client, absl::string_view packet) {
  const absl::string_view body = packet.substr(1);
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(body[at]); };
  switch (packet[0]) {
    case kAttachInput:
      if (++client->ahead > kMostInputAhead) return false;
      if (handlers_.input(body)) {
        --client->ahead;
        Post(client, std::string(1, kAttachGo));
      }
      return true;
    case kAttachInputEnd:
      handlers_.input_end();
      return true;
    case kAttachWindow:
      if (body.size() != 4) return false;
      handlers_.window(static_cast<uint16_t>(byte(0) | byte(1) << 8),
                       static_cast<uint16_t>(byte(2) | byte(3) << 8));
      return true;
    case kAttachSignal:
      if (body.size() != 1) return false;
      handlers_.signal(byte(0));
      return true;
    case kAttachQuiet:
      client->quiet = true;
      return true;
    default:
      return false;
  }
}

void Attachments::Went() {
  for (Position client = clients_.begin(); client != clients_.end();) {
    const Position next = std::next(client);
    for (; client->ahead > 0; --client->ahead) Post(client, std::string(1, kAttachGo));
    client = next;
  }
}

void Attachments::Send(char kind, absl::string_view bytes) {
  for (Position client = clients_.begin(); client != clients_.end();) {
    const Position next = std::next(client);
    if (!client->quiet && !client->last) {
      for (size_t at = 0; at < bytes.size(); at += kMostAttachBytes) {
        Post(client, absl::StrCat(absl::string_view(&kind, 1), bytes.substr(at, kMostAttachBytes)));
      }
    }
    client = next;
  }
}

void Attachments::Post(Position client, std::string packet) {
  if (client->last) return;
  client->pending.push_back(std::move(packet));
  if (!client->waits) Flush(client);
}

void Attachments::Flush(Position client) {
  while (!client->pending.empty()) {
    const std::string& packet = client->pending.front();
    const ssize_t sent = ::send(client->fd.get(), packet.data(), packet.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
      if (client->waits) return;
      client->waits = true;
      ++waiting_;
      return Watch(client);
    }
    if (sent < 0) {
      // Gone. Who posts goes through the list: it is dropped when the loop sees its end.
      client->pending.clear();
      break;
    }
    client->pending.pop_front();
  }
  client->pending.shrink_to_fit();
  const bool waited = std::exchange(client->waits, false);
  if (waited) --waiting_;
  if (client->last) {
    Drop(client);
  } else if (waited) {
    Watch(client);
  }
  if (waited && waiting_ == 0) handlers_.unblocked();
}

void Attachments::Finish(int code) {
  StopListening();
  for (Position client = clients_.begin(); client != clients_.end();) {
    const Position next = std::next(client);
    client->pending.push_back({kAttachExit, static_cast<char>(code)});
    client->last = true;
    if (!client->waits) Flush(client);
    client = next;
  }
}

}  // namespace pelagos::container
