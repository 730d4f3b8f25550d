#include "pelagos/image/program/check.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/manifest.h"
#include "pelagos/image/program/blob_content.h"
#include "pelagos/image/program/sha256.h"
#include "pelagos/image/reference.h"
#include "pelagos/image/user.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

constexpr size_t kMaxReferenceFile = size_t{1} << 20;
constexpr absl::string_view kBlobs = "blobs/sha256";
constexpr char kReaped[] = "the next command that changes the store removes it";

// The images that need a file, by their canonical names.
using Users = std::vector<std::string>;

// Replaces nothing that is there: enough for what is missing, and for documents.
std::string GetAgain(const Users& users) {
  return absl::StrCat("'pelagos image pull ", users.front(),
                      "', or loading its archive again, brings it back");
}

// Layers and their blobs are never written over.
std::string Replace(const Users& users) {
  return absl::StrCat("remove what needs it with 'pelagos image rm ", absl::StrJoin(users, " "),
                      "', and get it again");
}

// Whether somebody who lives has a lock on a file or folder, or it is gone.
bool InUse(const std::string& path) {
  const absl::StatusOr<Fd> fd = sys::OpenFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd.ok()) return FindErrno(fd.status()) == ENOENT;
  return ::flock(fd->get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

void AddUser(Users& users, const std::string& reference) {
  if (users.empty() || users.back() != reference) users.push_back(reference);
}

class StoreChecker {
 public:
  explicit StoreChecker(const Store& store) : store_(store) {}

  absl::Status CheckNames();     // the first step
  absl::Status CheckContents();  // the second
  StoreCheck Take() { return std::move(check_); }

 private:
  struct Document {
    Users users;
    std::string text;     // of one that is right
    std::string problem;  // empty: none
    bool missing = false;
  };
  struct LayerBlob {
    Users users;
    uint64_t size = 0;  // as manifests say
    bool there = false;
  };

  void CheckReference(const std::string& name);
  const Document& ReadDocument(const Digest& digest, const std::string& reference);
  void CheckDocuments();
  void CheckLayerBlobs();
  void CheckLayers();
  void CheckCopies();
  absl::Status CheckUnneeded();
  absl::Status CheckTransient();

  std::string Path(absl::string_view file) const {
    return absl::StrCat(store_.folder(), "/", file);
  }
  static std::string BlobName(const Digest& digest) {
    return absl::StrCat(kBlobs, "/", digest.hex());
  }
  void Damaged(std::string file, std::string what, std::string advice) {
    check_.findings.push_back(
        {StoreFinding::Kind::kDamage, std::move(file), std::move(what), std::move(advice)});
  }
  void LeftOver(std::string file, std::string what, std::string advice) {
    check_.findings.push_back(
        {StoreFinding::Kind::kLeftOver, std::move(file), std::move(what), std::move(advice)});
  }

  const Store& store_;
  StoreCheck check_;
  bool all_known_ = true;  // what the images need; false if a document of one cannot be read
  std::map<Digest, Document> documents_;
  std::map<Digest, LayerBlob> layer_blobs_;
  std::map<Digest, Users> layers_;
  std::set<Digest> bad_layers_;
  std::map<std::string, std::pair<StoredReference, Digest>> whole_;  // by file: with the config's
};

absl::Status StoreChecker::CheckNames() {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> names, sys::ListFolder(Path("refs")));
  for (const std::string& name : names) CheckReference(name);
  CheckDocuments();
  CheckLayerBlobs();
  CheckLayers();
  CheckCopies();
  PELAGOS_RETURN_IF_ERROR(CheckUnneeded());
  return CheckTransient();
}

void StoreChecker::CheckReference(const std::string& name) {
  const std::string file = absl::StrCat("refs/", name);
  if (!absl::EndsWith(name, ".json")) {
    if (sys::IsTemporaryName(name)) {
      LeftOver(file, "what a killed command was writing", kReaped);
    } else if (Store::IsGoingName(name)) {
      LeftOver(file, "a name whose removal was killed",
               "'pelagos image prune', or removing it again, goes on there");
    } else {
      LeftOver(file, "no name of an image", "nothing reads it: remove the file");
    }
    return;
  }
  ++check_.images;
  const std::string written =
      absl::StrReplaceAll(absl::StripSuffix(name, ".json"), {{"+", "/"}, {"=", ":"}});
  const std::string remove =
      ParseReference(written).ok()
          ? absl::StrCat("'pelagos image rm ", written, "', and get the image again")
          : "remove the file";
  const absl::StatusOr<std::string> text = sys::ReadFileAtOnce(Path(file), kMaxReferenceFile);
  const absl::StatusOr<StoredReference> stored =
      text.ok() ? ParseStoredReference(*text) : text.status();
  if (!stored.ok()) {
    all_known_ = false;
    Damaged(file, absl::StrCat("expected the name of an image: ", stored.status().message()),
            remove);
    return;
  }
  const absl::StatusOr<Reference> reference = ParseReference(stored->reference);
  if (!reference.ok() || store_.RefPath(*reference) != Path(file)) {
    Damaged(file, absl::StrCat("expected the name ", written, ", found ", stored->reference),
            remove);
  }

  const Document& manifest_document = ReadDocument(stored->manifest, stored->reference);
  if (!manifest_document.problem.empty()) return;
  const absl::StatusOr<Manifest> manifest = ParseManifest(manifest_document.text);
  if (!manifest.ok()) {
    all_known_ = false;
    Damaged(BlobName(stored->manifest),
            absl::StrCat("expected the manifest of an image: ", manifest.status().message()),
            remove);
    return;
  }
  for (const Descriptor& layer : manifest->layers) {
    LayerBlob& blob = layer_blobs_[layer.digest];
    AddUser(blob.users, stored->reference);
    blob.size = layer.size;
  }
  const Document& config_document = ReadDocument(manifest->config.digest, stored->reference);
  if (!config_document.problem.empty()) return;
  const absl::StatusOr<ImageConfig> config = ParseImageConfig(config_document.text);
  if (!config.ok()) {
    all_known_ = false;
    Damaged(BlobName(manifest->config.digest),
            absl::StrCat("expected the config of an image: ", config.status().message()), remove);
    return;
  }
  if (config->diff_ids.size() != manifest->layers.size()) {
    Damaged(BlobName(manifest->config.digest),
            absl::StrCat("expected diffIDs for the manifest's ", manifest->layers.size(),
                         " layers, found ", config->diff_ids.size()),
            remove);
  }
  for (const Digest& diff_id : config->diff_ids) AddUser(layers_[diff_id], stored->reference);
  whole_.emplace(file, std::pair(*stored, manifest->config.digest));
}

const StoreChecker::Document& StoreChecker::ReadDocument(const Digest& digest,
                                                         const std::string& reference) {
  const auto [place, fresh] = documents_.try_emplace(digest);
  Document& document = place->second;
  AddUser(document.users, reference);
  if (!fresh) return document;
  ++check_.blobs;
  absl::StatusOr<std::string> text = sys::ReadFileAtOnce(store_.BlobPath(digest), kMaxDocumentSize);
  if (!text.ok()) {
    document.missing = FindErrno(text.status()) == ENOENT;
    document.problem = document.missing ? "there is nothing" : std::string(text.status().message());
  } else if (const Digest got = Sha256Of(*text); got != digest) {
    document.problem = absl::StrCat("found ", got.ToString());
  } else {
    check_.bytes += text->size();
    document.text = *std::move(text);
  }
  if (!document.problem.empty()) all_known_ = false;
  return document;
}

// When all who need them are known.
void StoreChecker::CheckDocuments() {
  for (const auto& [digest, document] : documents_) {
    if (document.problem.empty()) continue;
    Damaged(BlobName(digest),
            absl::StrCat("expected ", digest.ToString(), ", a manifest or config of ",
                         absl::StrJoin(document.users, ", "), "; ", document.problem),
            GetAgain(document.users));
  }
}

void StoreChecker::CheckLayerBlobs() {
  for (auto& [digest, blob] : layer_blobs_) {
    ++check_.blobs;
    struct stat info = {};
    const std::string expected =
        absl::StrCat("expected a compressed layer of ", blob.size, " bytes");
    if (::lstat(store_.BlobPath(digest).c_str(), &info) != 0) {
      Damaged(BlobName(digest),
              absl::StrCat(expected, "; there is nothing, so that ",
                           absl::StrJoin(blob.users, ", "), " cannot be saved or pushed"),
              GetAgain(blob.users));
    } else if (!S_ISREG(info.st_mode)) {
      Damaged(BlobName(digest), absl::StrCat(expected, "; it is no file"), Replace(blob.users));
    } else if (static_cast<uint64_t>(info.st_size) != blob.size) {
      Damaged(BlobName(digest), absl::StrCat(expected, ", found ", info.st_size),
              Replace(blob.users));
    } else {
      blob.there = true;
    }
  }
}

void StoreChecker::CheckLayers() {
  for (const auto& [diff_id, users] : layers_) {
    ++check_.layers;
    const std::string file = absl::StrCat("layers/", diff_id.hex());
    const absl::StatusOr<Fd> folder =
        sys::OpenFile(Path(file), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    const absl::Status listed =
        folder.ok() ? sys::ListFolder(*folder, file).status() : folder.status();
    if (listed.ok()) continue;
    bad_layers_.insert(diff_id);
    const std::string needs = absl::StrCat("expected the folder of an unpacked layer of ",
                                           absl::StrJoin(users, ", "), "; ");
    if (FindErrno(listed) == ENOENT) {
      Damaged(file, absl::StrCat(needs, "there is nothing"), GetAgain(users));
    } else {
      Damaged(file, absl::StrCat(needs, listed.message()), Replace(users));
    }
  }
}

// What a reference repeats, which a run believes.
void StoreChecker::CheckCopies() {
  for (const auto& [file, image] : whole_) {
    const auto& [stored, config] = image;
    if (!stored.config.empty() && stored.config != documents_[config].text) {
      Damaged(file, absl::StrCat("expected a copy of the config ", config.ToString()),
              GetAgain({stored.reference}));
      continue;
    }
    if (!stored.users) continue;
    const ImageConfig parsed = *ParseImageConfig(documents_[config].text);
    const bool all_there =
        std::none_of(parsed.diff_ids.begin(), parsed.diff_ids.end(),
                     [&](const Digest& diff_id) { return bad_layers_.count(diff_id) != 0; });
    if (!all_there) continue;  // said already
    const absl::StatusOr<std::vector<std::string>> layers = store_.LayersOf(parsed);
    const absl::StatusOr<UserFiles> users = layers.ok() ? ReadUserFiles(*layers) : layers.status();
    if (!users.ok()) {
      Damaged(file, absl::StrCat("expected to read its users: ", users.status().message()),
              Replace({stored.reference}));
    } else if (*users != *stored.users) {
      Damaged(file, "expected copies of /etc/passwd and /etc/group as its layers have them",
              Replace({stored.reference}));
    }
  }
}

absl::Status StoreChecker::CheckUnneeded() {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> blobs, sys::ListFolder(Path(kBlobs)));
  for (const std::string& name : blobs) {
    const std::string file = absl::StrCat(kBlobs, "/", name);
    if (sys::IsTemporaryName(name)) {  // nobody writes under our lock
      LeftOver(file, "what a killed command was writing", kReaped);
      continue;
    }
    const absl::StatusOr<Digest> digest = DigestOfHex(name);
    const bool needed =
        digest.ok() && (documents_.count(*digest) != 0 || layer_blobs_.count(*digest) != 0);
    // While something is unreadable it may need anything, and prune keeps everything too.
    if (needed || !all_known_) continue;
    LeftOver(file, "a blob that no image needs", "'pelagos image prune' removes it");
  }
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> layers, sys::ListFolder(Path("layers")));
  for (const std::string& name : layers) {
    const std::string file = absl::StrCat("layers/", name);
    const absl::StatusOr<Digest> diff_id = DigestOfHex(name);
    if (!all_known_ || (diff_id.ok() && layers_.count(*diff_id) != 0)) continue;
    if (InUse(Path(file))) continue;  // by a container whose image has gone
    LeftOver(file, "a layer that no image needs", "'pelagos image prune' removes it");
  }
  return absl::OkStatus();
}

absl::Status StoreChecker::CheckTransient() {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> partials,
                           sys::ListFolder(Path("partial")));
  for (const std::string& name : partials) {
    const std::string file = absl::StrCat("partial/", name);
    struct stat info = {};
    if (InUse(Path(file)) || ::lstat(Path(file).c_str(), &info) != 0) continue;
    LeftOver(file, absl::StrCat("the first ", info.st_size, " bytes of a blob"),
             "the next pull of it goes on there, and 'pelagos image prune' removes it");
  }
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> ingests, sys::ListFolder(Path("ingest")));
  for (const std::string& name : ingests) {
    const std::string file = absl::StrCat("ingest/", name);
    if (!InUse(Path(file))) LeftOver(file, "what a killed command was making", kReaped);
  }
  return absl::OkStatus();
}

absl::Status StoreChecker::CheckContents() {
  std::vector<Digest> digests;
  for (const auto& [digest, blob] : layer_blobs_) {
    if (blob.there) digests.push_back(digest);
  }
  const std::vector<BlobContent> contents = ReadBlobs(store_, digests);
  for (size_t i = 0; i < digests.size(); ++i) {
    check_.bytes += contents[i].bytes;
    if (contents[i].problem.empty()) continue;
    const Users& users = layer_blobs_.at(digests[i]).users;
    Damaged(BlobName(digests[i]),
            absl::StrCat("expected ", digests[i].ToString(), ", a compressed layer of ",
                         absl::StrJoin(users, ", "), "; ", contents[i].problem),
            Replace(users));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<StoreCheck> CheckStore(const Store& store, Fd lock) {
  StoreChecker checker(store);
  PELAGOS_RETURN_IF_ERROR(checker.CheckNames());
  lock.reset();
  PELAGOS_RETURN_IF_ERROR(checker.CheckContents());
  return checker.Take();
}

}  // namespace pelagos::image
