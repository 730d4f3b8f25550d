#include "pelagos/lsp/document.h"

#include <algorithm>
#include <utility>

#include "pelagos/lsp/uri.h"

namespace pelagos::lsp {

Document::Document(std::string uri, std::string path, std::string text, int64_t version)
    : uri_(std::move(uri)),
      path_(std::move(path)),
      text_(std::move(text)),
      version_(version),
      lines_(text_) {}

void Document::Apply(const std::vector<TextChange>& changes, int64_t version, Encoding encoding) {
  analysis_.reset();
  version_ = version;
  for (const TextChange& change : changes) {
    if (change.range) {
      const uint32_t begin = lines_.OffsetOf(change.range->begin, encoding);
      const uint32_t end = std::max(begin, lines_.OffsetOf(change.range->end, encoding));
      if (text_.size() + change.text.size() > kLargestText) continue;
      text_.replace(begin, end - begin, change.text);
    } else {
      text_ = change.text;
    }
    lines_ = Lines(text_);
  }
}

namespace {

// What is too large is as good as empty.
std::string Bounded(const std::string& text) {
  return text.size() <= Document::kLargest ? text : "";
}

}  // namespace

Document::Analysis::Analysis(const Document& document, const language::Names::Files& files)
    : source(sources.Add(document.path().empty() ? document.uri() : document.path(),
                         Bounded(document.text()))),
      tree(sources.Find(source)->text()),
      names(tree, document.path(), [&](const std::string& path) -> std::optional<std::string> {
        imports.push_back(NormalPath(path));
        return files ? files(path) : std::nullopt;
      }) {}

const std::vector<language::Finding>& Document::Analysis::findings() const {
  if (!findings_) findings_ = language::Check(sources, source, names);
  return *findings_;
}

const Document::Analysis& Document::Analyze(const language::Names::Files& files) {
  if (analysis_ == nullptr) analysis_ = std::make_unique<const Analysis>(*this, files);
  return *analysis_;
}

bool Document::Forget(absl::string_view path) {
  if (analysis_ == nullptr) return false;
  const std::vector<std::string>& imports = analysis_->imports;
  if (std::find(imports.begin(), imports.end(), path) == imports.end()) return false;
  analysis_.reset();
  return true;
}

}  // namespace pelagos::lsp
