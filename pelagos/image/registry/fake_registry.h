// A registry for tests, in the test's own process: it speaks just enough of distribution-spec 1.1,
// and misbehaves as it is told. Plain HTTP on 127.0.0.1, a free port, a thread per connection.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/string_view.h"

namespace pelagos::image {

// What goes wrong with requests whose method and path fit, the next `times` times.
struct Fault {
  enum Kind {
    kStatus,   // answers `value` instead, with Retry-After: `retry_after` if that is not empty
    kCut,      // closes the connection after `value` bytes of the body
    kStall,    // sends `value` bytes of the body, then nothing, for as long as the server lives
    kFlip,     // changes the byte at `value`
    kNoRange,  // sends the whole body, whatever Range says
    kEndless,  // never stops
  };
  std::string method = {}, path = {};  // `path` is a part of it; empty fits all
  Kind kind = kStatus;
  uint64_t value = 0;
  int times = 1;
  std::string retry_after = {};
  std::string body = {};  // of kStatus
};

struct SeenRequest {
  std::string method, path;  // with the query
  std::map<std::string, std::string> headers;
  uint64_t body_size = 0;
  std::string form;  // the body, if it is a form
};

class FakeRegistry {
 public:
  FakeRegistry();
  ~FakeRegistry();
  FakeRegistry(const FakeRegistry&) = delete;
  FakeRegistry& operator=(const FakeRegistry&) = delete;

  int port() const { return port_; }
  std::string host() const;  // "127.0.0.1:PORT"

  // Blobs are had in every repository. Returns the digest, "sha256:...".
  std::string AddBlob(const std::string& content);
  // Whatever its digest is.
  void AddBlobAs(const std::string& digest, const std::string& content);
  // Under its digest, and under `tag` if that is not empty. Returns the digest.
  std::string AddManifest(const std::string& repository, const std::string& tag,
                          const std::string& text, const std::string& type);
  // An image of these layers (blobs as they are stored, tars of them), with a config. Returns the
  // manifest's digest.
  std::string AddImage(const std::string& repository, const std::string& tag,
                       const std::vector<std::string>& tars, const std::vector<std::string>& blobs);

  void RequireBasic(const std::string& user, const std::string& password);
  // By a Bearer token from /token, which is given for this user; without a user, to everybody.
  void RequireToken(const std::string& user, const std::string& password);
  // By a Bearer token from /token, which is given for this refresh token by POST (OAuth2).
  void RequireIdentityToken(const std::string& token);
  void Misbehave(const Fault& fault);
  // Digest headers and the digests of tags say so, whatever the content.
  void LieAboutDigest(const std::string& repository, const std::string& tag,
                      const std::string& digest);

  std::vector<SeenRequest> requests() const;
  size_t Count(absl::string_view method, absl::string_view path_part) const;
  // Waits for the first such request; false if it has not come in that time.
  bool Await(absl::string_view method, absl::string_view path_part,
             std::chrono::seconds patience) const;
  // Of what was pushed; empty if it is not there.
  std::string Blob(const std::string& digest) const;
  std::string Manifest(const std::string& repository, const std::string& tag_or_digest) const;

 private:
  struct Reply {
    int status = 200;
    std::vector<std::string> headers = {};
    std::string body = {};
    bool ranges = false;
  };
  struct Stored {
    std::string text, type, claimed_digest;
  };
  void Accept();
  void Serve(int fd);
  bool ServeOne(int fd, std::string& buffer);
  bool Authorized(const SeenRequest& request, Reply& reply);
  void Answer(const SeenRequest& request, const std::string& body, Reply& reply);
  void AnswerUpload(const SeenRequest& request, const std::string& body,
                    const std::string& repository, const std::string& rest, Reply& reply);
  // With the mutex held.
  size_t CountLocked(absl::string_view method, absl::string_view path_part) const;
  bool Send(int fd, const SeenRequest& request, const Reply& reply, const Fault* fault);

  int listener_ = -1, port_ = 0;
  int ended_[2] = {-1, -1};  // a pipe: closed at the end
  std::thread acceptor_;
  mutable std::mutex mutex_;
  mutable std::condition_variable seen_;  // requests_ has grown
  std::list<std::thread> threads_;
  std::vector<SeenRequest> requests_;
  std::list<Fault> faults_;
  std::map<std::string, std::string> blobs_;    // by digest
  std::map<std::string, Stored> manifests_;     // "REPOSITORY TAG_OR_DIGEST"
  std::map<std::string, std::string> uploads_;  // by id
  enum class Auth { kNone, kBasic, kToken } auth_ = Auth::kNone;
  std::string user_, password_, identity_token_;
  int next_upload_ = 0;
};

}  // namespace pelagos::image
