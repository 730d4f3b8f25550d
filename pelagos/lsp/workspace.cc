#include "pelagos/lsp/workspace.h"

#include <utility>

#include "absl/strings/match.h"
#include "pelagos/lsp/uri.h"

namespace pelagos::lsp {

void Workspace::Open(const std::string& uri, std::string text, int64_t version) {
  const std::optional<std::string> path = PathOfUri(uri);
  std::unique_ptr<Document>& document = documents_[uri];
  document =
      std::make_unique<Document>(uri, path ? NormalPath(*path) : "", std::move(text), version);
  Touch(*document);
}

void Workspace::Change(Document& document, const std::vector<TextChange>& changes, int64_t version,
                       Encoding encoding) {
  document.Apply(changes, version, encoding);
  Touch(document);
}

void Workspace::Close(const std::string& uri) {
  const auto found = documents_.find(uri);
  if (found == documents_.end()) return;
  const std::unique_ptr<Document> closed = std::move(found->second);
  documents_.erase(found);
  Touch(*closed);  // those who import it see the disk again
  changed_.erase(uri);
}

void Workspace::ForgetDisk() {
  for (const auto& [uri, document] : documents_) {
    document->ForgetAll();
    changed_.insert(uri);
  }
}

void Workspace::Touch(const Document& document) {
  changed_.insert(document.uri());
  if (document.path().empty()) return;
  for (const auto& [uri, other] : documents_) {
    if (other->Forget(document.path())) changed_.insert(uri);
  }
}

Document* Workspace::Find(absl::string_view uri) {
  const auto found = documents_.find(uri);
  return found == documents_.end() ? nullptr : found->second.get();
}

language::Names::Files Workspace::files() {
  return [this](const std::string& path) -> std::optional<std::string> {
    if (!absl::StartsWith(path, "/")) return std::nullopt;
    const std::string normal = NormalPath(path);
    for (const auto& [uri, document] : documents_) {
      if (document->path() == normal) return document->text();
    }
    return disk_ ? disk_(normal) : std::nullopt;
  };
}

std::string Workspace::UriOf(absl::string_view path) const {
  for (const auto& [uri, document] : documents_) {
    if (document->path() == path) return uri;
  }
  return "";
}

std::vector<Document*> Workspace::TakeChanged() {
  std::vector<Document*> changed;
  for (const std::string& uri : changed_) {
    if (Document* document = Find(uri)) changed.push_back(document);
  }
  changed_.clear();
  return changed;
}

}  // namespace pelagos::lsp
