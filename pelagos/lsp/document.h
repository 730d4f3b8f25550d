// A text that an editor has open, and what is known of it. That is found out when it is first asked
// for, once for each version.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/language/check.h"
#include "pelagos/language/names.h"
#include "pelagos/lsp/position.h"
#include "pelagos/reml/syntax_tree.h"

namespace pelagos::lsp {

// A piece of text, as an editor sends it; without a range it is the whole text.
struct TextChange {
  struct Place {
    Position begin, end;
  };
  std::optional<Place> range;
  std::string text;
};

class Document {
 public:
  // Larger ones are kept, but not looked into.
  static constexpr size_t kLargest = size_t{16} << 20;
  static constexpr size_t kLargestText = size_t{256} << 20;

  // `path` is that of its file; empty: it has none.
  Document(std::string uri, std::string path, std::string text, int64_t version);
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  const std::string& uri() const { return uri_; }
  const std::string& path() const { return path_; }
  const std::string& text() const { return text_; }
  int64_t version() const { return version_; }
  const Lines& lines() const { return lines_; }

  // Places outside of the text are moved to its ends. What would make it larger than kLargestText
  // is left out.
  void Apply(const std::vector<TextChange>& changes, int64_t version, Encoding encoding);

  // What a version means. Valid until the next change.
  struct Analysis {
    Analysis(const Document& document, const language::Names::Files& files);
    SourceMap sources;
    uint32_t source;
    reml::SyntaxTree tree;
    std::vector<std::string> imports;  // the paths of files that were read or looked for
    language::Names names;
    // What language::Check says.
    const std::vector<language::Finding>& findings() const;

   private:
    mutable std::optional<std::vector<language::Finding>> findings_;
  };
  const Analysis& Analyze(const language::Names::Files& files);
  // To be called when a file has another content; true: what was known of this one was of it.
  bool Forget(absl::string_view path);
  void ForgetAll() { analysis_.reset(); }

 private:
  std::string uri_, path_, text_;
  int64_t version_ = 0;
  Lines lines_;
  std::unique_ptr<const Analysis> analysis_;
};

}  // namespace pelagos::lsp
