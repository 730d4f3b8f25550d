#include "pelagos/image/registry/fake_registry.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/image/program/sha256.h"
#include "pelagos/image/program/tar_for_tests.h"

namespace pelagos::image {

struct FakeRegistry::Reply {
  int status = 200;
  std::vector<std::string> headers;
  std::string body;
  bool ranges = false;
};

namespace {

constexpr char kManifestTypeText[] = "application/vnd.oci.image.manifest.v1+json";

std::string Query(const std::string& path, absl::string_view name) {
  const size_t mark = path.find('?');
  if (mark == std::string::npos) return "";
  for (absl::string_view pair : absl::StrSplit(path.substr(mark + 1), '&')) {
    if (absl::ConsumePrefix(&pair, name) && absl::ConsumePrefix(&pair, "=")) {
      std::string value;
      for (size_t i = 0; i < pair.size(); ++i) {
        if (pair[i] == '%' && i + 2 < pair.size()) {
          value += absl::HexStringToBytes(pair.substr(i + 1, 2));
          i += 2;
        } else {
          value.push_back(pair[i]);
        }
      }
      return value;
    }
  }
  return "";
}

std::string ErrorBody(absl::string_view code, absl::string_view message) {
  return absl::StrCat(R"({"errors":[{"code":")", code, R"(","message":")", message, R"("}]})");
}

}  // namespace

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

std::string FakeRegistry::host() const { return absl::StrCat("127.0.0.1:", port_); }

std::string FakeRegistry::AddBlob(const std::string& content) {
  const std::string digest = Sha256Of(content).ToString();
  const std::lock_guard<std::mutex> lock(mutex_);
  blobs_[digest] = content;
  return digest;
}

std::string FakeRegistry::AddManifest(const std::string& repository, const std::string& tag,
                                      const std::string& text, const std::string& type) {
  const std::string digest = Sha256Of(text).ToString();
  const std::lock_guard<std::mutex> lock(mutex_);
  manifests_[absl::StrCat(repository, " ", digest)] = {text, type, digest};
  if (!tag.empty()) manifests_[absl::StrCat(repository, " ", tag)] = {text, type, digest};
  return digest;
}

std::string FakeRegistry::AddImage(const std::string& repository, const std::string& tag,
                                   const std::vector<std::string>& tars,
                                   const std::vector<std::string>& blobs) {
  const LayoutForTests layout(tars, blobs, "");
  for (const std::string& blob : blobs) AddBlob(blob);
  AddBlob(layout.config);
  return AddManifest(repository, tag, layout.manifest, kManifestTypeText);
}

void FakeRegistry::RequireBasic(const std::string& user, const std::string& password) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auth_ = Auth::kBasic;
  user_ = user;
  password_ = password;
}

void FakeRegistry::RequireToken(const std::string& user, const std::string& password) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auth_ = Auth::kToken;
  user_ = user;
  password_ = password;
}

void FakeRegistry::Misbehave(const Fault& fault) {
  const std::lock_guard<std::mutex> lock(mutex_);
  faults_.push_back(fault);
}

void FakeRegistry::LieAboutDigest(const std::string& repository, const std::string& tag,
                                  const std::string& digest) {
  const std::lock_guard<std::mutex> lock(mutex_);
  manifests_[absl::StrCat(repository, " ", tag)].claimed_digest = digest;
}

std::vector<SeenRequest> FakeRegistry::requests() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return requests_;
}

size_t FakeRegistry::Count(absl::string_view method, absl::string_view path_part) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<size_t>(
      std::count_if(requests_.begin(), requests_.end(), [&](const SeenRequest& request) {
        return request.method == method && absl::StrContains(request.path, path_part);
      }));
}

std::string FakeRegistry::Blob(const std::string& digest) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = blobs_.find(digest);
  return found == blobs_.end() ? "" : found->second;
}

std::string FakeRegistry::Manifest(const std::string& repository,
                                   const std::string& tag_or_digest) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = manifests_.find(absl::StrCat(repository, " ", tag_or_digest));
  return found == manifests_.end() ? "" : found->second.text;
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

  Reply reply;
  std::optional<Fault> fault;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    requests_.push_back(request);
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

// Called with the mutex held, as the next two are.
bool FakeRegistry::Authorized(const SeenRequest& request, Reply& reply) {
  const auto found = request.headers.find("authorization");
  const std::string given = found == request.headers.end() ? "" : found->second;
  const std::string basic =
      absl::StrCat("Basic ", absl::Base64Escape(absl::StrCat(user_, ":", password_)));
  if (auth_ == Auth::kToken && absl::StartsWith(request.path, "/token")) {
    if (!user_.empty() && given != basic) {
      reply.status = 401;
      reply.body = R"({"details":"incorrect username or password"})";
      return false;
    }
    reply.body = absl::StrCat(R"({"token":"for-)", Query(request.path, "scope"), "\"}");
    reply.headers.push_back("Content-Type: application/json");
    return false;
  }
  if (auth_ == Auth::kNone || (auth_ == Auth::kBasic && given == basic)) return true;
  const std::vector<std::string> parts =
      absl::StrSplit(request.path.substr(0, request.path.find('?')), '/');
  // "/v2/REPOSITORY/blobs|manifests/..."
  std::string repository;
  for (size_t i = 2; i < parts.size() && parts[i] != "blobs" && parts[i] != "manifests"; ++i) {
    absl::StrAppend(&repository, repository.empty() ? "" : "/", parts[i]);
  }
  const bool writes = request.method != "GET" && request.method != "HEAD";
  const std::string scope = repository.empty() ? ""
                                               : absl::StrCat("repository:", repository, ":",
                                                              writes ? "pull,push" : "pull");
  if (auth_ == Auth::kToken && absl::StartsWith(given, absl::StrCat("Bearer for-", scope))) {
    return true;
  }
  reply.status = 401;
  reply.body = ErrorBody("UNAUTHORIZED", "authentication required");
  reply.headers.push_back("Content-Type: application/json");
  if (auth_ == Auth::kBasic) {
    reply.headers.push_back("WWW-Authenticate: Basic realm=\"Registry\"");
  } else {
    reply.headers.push_back(absl::StrCat(
        "WWW-Authenticate: Bearer realm=\"http://", host(), "/token\",service=\"fake\"",
        scope.empty() ? "" : absl::StrCat(",scope=\"", scope, "\"")));
  }
  return false;
}

void FakeRegistry::Answer(const SeenRequest& request, const std::string& body, Reply& reply) {
  const std::string path = request.path.substr(0, request.path.find('?'));
  if (path == "/v2/" || path == "/v2") return;
  const size_t blobs = path.find("/blobs/"), manifests = path.find("/manifests/");
  if (!absl::StartsWith(path, "/v2/") ||
      (blobs == std::string::npos && manifests == std::string::npos)) {
    reply.status = 404;
    reply.body = ErrorBody("NAME_UNKNOWN", "no such place");
    return;
  }
  const size_t at = std::min(blobs, manifests);
  const std::string repository = path.substr(4, at - 4);
  if (blobs != std::string::npos) {
    const std::string rest = path.substr(blobs + sizeof("/blobs/") - 1);
    if (absl::StartsWith(rest, "uploads")) {
      AnswerUpload(request, body, repository, rest, reply);
      return;
    }
    const auto found = blobs_.find(rest);
    if (found == blobs_.end()) {
      reply.status = 404;
      reply.body = ErrorBody("BLOB_UNKNOWN", "blob unknown to registry");
      return;
    }
    reply.body = found->second;
    reply.ranges = true;
    reply.headers.push_back(absl::StrCat("Docker-Content-Digest: ", rest));
    return;
  }
  const std::string name = path.substr(manifests + sizeof("/manifests/") - 1);
  if (request.method == "PUT") {
    const std::string digest = Sha256Of(body).ToString();
    const auto type = request.headers.find("content-type");
    const Stored stored = {body, type == request.headers.end() ? "" : type->second, digest};
    manifests_[absl::StrCat(repository, " ", name)] = stored;
    manifests_[absl::StrCat(repository, " ", digest)] = stored;
    reply.status = 201;
    reply.headers.push_back(absl::StrCat("Docker-Content-Digest: ", digest));
    return;
  }
  const auto found = manifests_.find(absl::StrCat(repository, " ", name));
  if (found == manifests_.end()) {
    reply.status = 404;
    reply.body = ErrorBody("MANIFEST_UNKNOWN", "manifest unknown");
    return;
  }
  reply.body = found->second.text;
  reply.headers.push_back(absl::StrCat("Content-Type: ", found->second.type));
  reply.headers.push_back(absl::StrCat("Docker-Content-Digest: ", found->second.claimed_digest));
}

void FakeRegistry::AnswerUpload(const SeenRequest& request, const std::string& body,
                                const std::string& repository, const std::string& rest,
                                Reply& reply) {
  const auto location = [&](const std::string& id) {
    reply.headers.push_back(
        absl::StrCat("Location: /v2/", repository, "/blobs/uploads/", id, "?_state=x"));
    const size_t size = uploads_[id].size();
    reply.headers.push_back(absl::StrCat("Range: 0-", size == 0 ? 0 : size - 1));
  };
  if (request.method == "POST") {
    const std::string mount = Query(request.path, "mount");
    if (!mount.empty() && blobs_.count(mount) != 0) {
      reply.status = 201;
      return;
    }
    const std::string id = absl::StrCat(++next_upload_);
    uploads_[id] = "";
    reply.status = 202;
    location(id);
    return;
  }
  const std::string id = rest.substr(std::min(rest.size(), sizeof("uploads/") - 1));
  const auto upload = uploads_.find(id);
  if (upload == uploads_.end()) {
    reply.status = 404;
    reply.body = ErrorBody("BLOB_UPLOAD_UNKNOWN", "upload unknown");
    return;
  }
  if (request.method == "GET") {
    reply.status = 204;
    location(id);
    return;
  }
  const auto range = request.headers.find("content-range");
  if (request.method == "PATCH" && range != request.headers.end() &&
      !absl::StartsWith(range->second, absl::StrCat(upload->second.size(), "-"))) {
    reply.status = 416;
    location(id);
    return;
  }
  upload->second += body;
  if (request.method == "PATCH") {
    reply.status = 202;
    location(id);
    return;
  }
  const std::string digest = Query(request.path, "digest");
  if (Sha256Of(upload->second).ToString() != digest) {
    reply.status = 400;
    reply.body = ErrorBody("DIGEST_INVALID", "provided digest did not match uploaded content");
    return;
  }
  blobs_[digest] = upload->second;
  uploads_.erase(upload);
  reply.status = 201;
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
