// The sockets of FakeRegistry: connections, requests as they are read, answers with their faults.
// Part of fake_registry.cc.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/image/registry/fake_registry.h"

namespace pelagos::image {

FakeRegistry::FakeRegistry() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool listening =
      ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
      ::listen(listener_, 64) == 0 &&
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
      ::pipe2(ended_, O_CLOEXEC) == 0;
  if (!listening) std::abort();
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

FakeRegistry::~FakeRegistry() {
  ::close(ended_[1]);  // everybody who polls sees it
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
  ::close(ended_[0]);
}

void FakeRegistry::Accept() {
  for (;;) {
    pollfd fds[] = {{listener_, POLLIN, 0}, {ended_[0], POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0) continue;
    if (fds[1].revents != 0) return;
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const std::lock_guard<std::mutex> lock(mutex_);
    threads_.emplace_back([this, fd] { Serve(fd); });
  }
}

void FakeRegistry::Serve(int fd) {
  std::string buffer;
  while (ServeOne(fd, buffer)) {
  }
  ::close(fd);
}

bool FakeRegistry::ServeOne(int fd, std::string& buffer) {
  const auto more = [&] {
    pollfd fds[] = {{fd, POLLIN, 0}, {ended_[0], POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0 || fds[1].revents != 0) return false;
    char bytes[65536];
    const ssize_t count = ::recv(fd, bytes, sizeof(bytes), 0);
    if (count <= 0) return false;
    buffer.append(bytes, static_cast<size_t>(count));
    return true;
  };
  size_t end = 0;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    // The first byte of TLS (a handshake record): as a server of plain HTTP answers it.
    if (!buffer.empty() && buffer[0] == '\x16') {
      constexpr absl::string_view kBad = "HTTP/1.0 400 Bad Request\r\n\r\n";
      (void)::send(fd, kBad.data(), kBad.size(), MSG_NOSIGNAL);
      return false;
    }
    if (!more()) return false;
  }
  SeenRequest request;
  std::vector<std::string> lines = absl::StrSplit(buffer.substr(0, end), "\r\n");
  const std::vector<std::string> words = absl::StrSplit(lines[0], ' ');
  if (words.size() < 2) return false;
  request.method = words[0];
  request.path = words[1];
  // A proxy passed the whole URL on.
  if (absl::StartsWith(request.path, "http://")) {
    request.path.erase(0, request.path.find('/', sizeof("http://") - 1));
  }
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::vector<std::string> parts = absl::StrSplit(lines[i], absl::MaxSplits(':', 1));
    if (parts.size() == 2) {
      request.headers[absl::AsciiStrToLower(parts[0])] =
          std::string(absl::StripAsciiWhitespace(parts[1]));
    }
  }
  buffer.erase(0, end + 4);
  size_t length = 0;
  if (!absl::SimpleAtoi(request.headers["content-length"], &length)) length = 0;
  while (buffer.size() < length) {
    if (!more()) return false;
  }
  const std::string body = buffer.substr(0, length);
  buffer.erase(0, length);
  request.body_size = length;
  if (request.headers["content-type"] == "application/x-www-form-urlencoded") request.form = body;

  Reply reply;
  std::optional<Fault> fault;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    requests_.push_back(request);
    seen_.notify_all();
    for (auto it = faults_.begin(); it != faults_.end(); ++it) {
      if (it->times <= 0 || (!it->method.empty() && it->method != request.method) ||
          !absl::StrContains(request.path, it->path)) {
        continue;
      }
      --it->times;
      fault = *it;
      break;
    }
    if (fault && fault->kind == Fault::kStatus) {
      reply.status = static_cast<int>(fault->value);
      reply.body = fault->body;
      if (!fault->retry_after.empty()) {
        reply.headers.push_back(absl::StrCat("Retry-After: ", fault->retry_after));
      }
    } else if (Authorized(request, reply)) {
      Answer(request, body, reply);
    }
  }
  return Send(fd, request, reply, fault ? &*fault : nullptr);
}

bool FakeRegistry::Send(int fd, const SeenRequest& request, const Reply& reply,
                        const Fault* fault) {
  const auto kind = [&](Fault::Kind wanted) { return fault != nullptr && fault->kind == wanted; };
  std::string body = reply.body;
  int status = reply.status;
  std::string range_header;
  const auto range = request.headers.find("range");
  if (reply.ranges && range != request.headers.end() && !kind(Fault::kNoRange)) {
    size_t begin = 0;
    absl::string_view text = range->second;
    if (absl::ConsumePrefix(&text, "bytes=") &&
        absl::SimpleAtoi(text.substr(0, text.find('-')), &begin) && begin < body.size()) {
      range_header = absl::StrCat("Content-Range: bytes ", begin, "-", body.size() - 1, "/",
                                  body.size(), "\r\n");
      body = body.substr(begin);
      status = 206;
    } else {
      status = 416;
      body.clear();
    }
  }
  if (kind(Fault::kFlip) && fault->value < body.size()) body[fault->value] ^= 1;
  std::string head = absl::StrCat("HTTP/1.1 ", status, " Status\r\n", range_header);
  for (const std::string& header : reply.headers) absl::StrAppend(&head, header, "\r\n");
  if (kind(Fault::kEndless)) {
    absl::StrAppend(&head, "Connection: close\r\n\r\n");
  } else {
    absl::StrAppend(&head, "Content-Length: ", body.size(), "\r\n\r\n");
  }
  const auto send_all = [&](absl::string_view bytes) {
    while (!bytes.empty()) {
      pollfd fds[] = {{fd, POLLOUT, 0}, {ended_[0], POLLIN, 0}};
      if (::poll(fds, 2, -1) < 0 || fds[1].revents != 0) return false;
      const ssize_t count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0) {
        if (errno == EAGAIN) continue;
        return false;
      }
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return true;
  };
  if (!send_all(head)) return false;
  if (request.method == "HEAD") return true;
  if (kind(Fault::kEndless)) {
    const std::string piece(65536, 'x');
    while (send_all(piece)) {
    }
    return false;
  }
  if (kind(Fault::kCut)) {
    send_all(absl::string_view(body).substr(0, fault->value));
    return false;
  }
  if (kind(Fault::kStall)) {
    if (!send_all(absl::string_view(body).substr(0, fault->value))) return false;
    pollfd fds[] = {{fd, POLLRDHUP, 0}, {ended_[0], POLLIN, 0}};
    (void)::poll(fds, 2, -1);
    return false;
  }
  return send_all(body);
}

}  // namespace pelagos::image
