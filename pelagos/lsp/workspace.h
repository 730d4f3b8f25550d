// The documents that an editor has open, over the files of the disk.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/lsp/document.h"

namespace pelagos::lsp {

class Workspace {
 public:
  // The content of a file of the disk, by its absolute path; nullopt: it cannot be read.
  using Disk = std::function<std::optional<std::string>(const std::string& path)>;

  explicit Workspace(Disk disk = nullptr) : disk_(std::move(disk)) {}

  // Opening twice replaces.
  void Open(const std::string& uri, std::string text, int64_t version);
  void Change(Document& document, const std::vector<TextChange>& changes, int64_t version,
              Encoding encoding);
  void Close(const std::string& uri);
  // What is on the disk may have changed.
  void ForgetDisk();

  // nullptr: it is not open.
  Document* Find(absl::string_view uri);
  const Document::Analysis& Analyze(Document& document) { return document.Analyze(files()); }
  // Of an open document, or of the disk. Paths that are not absolute name nothing.
  language::Names::Files files();
  // The URI by which an editor knows an open file; "" when it is not open.
  std::string UriOf(absl::string_view path) const;

  // The documents that have changed since the last time, in the order of their names.
  std::vector<Document*> TakeChanged();
  bool changed() const { return !changed_.empty(); }

 private:
  void Touch(const Document& document);

  Disk disk_;
  std::map<std::string, std::unique_ptr<Document>, std::less<>> documents_;
  std::set<std::string> changed_;
};

}  // namespace pelagos::lsp
