// What is shown about a word, and how what is called is used.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "pelagos/language/assist.h"
#include "pelagos/language/place.h"
#include "pelagos/language/specs.h"

namespace pelagos::language {
namespace {

using reml::SyntaxNode;
using reml::SyntaxTree;
using Kind = SyntaxNode::Kind;

std::string Code(absl::string_view text) { return absl::StrCat("```scheme\n", text, "\n```\n"); }

// What a comment says, without its marks.
std::string CommentText(absl::string_view comment) {
  if (absl::ConsumePrefix(&comment, "#|")) {
    absl::ConsumeSuffix(&comment, "|#");
    return std::string(absl::StripAsciiWhitespace(comment));
  }
  while (absl::ConsumePrefix(&comment, ";")) {
  }
  absl::ConsumePrefix(&comment, " ");
  return std::string(absl::StripTrailingAsciiWhitespace(comment));
}

size_t LinesBetween(const SyntaxTree& tree, uint32_t begin, uint32_t end) {
  const absl::string_view text = tree.source().substr(begin, end - begin);
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

// The comments that stand directly above a form, on lines of their own.
std::string CommentAbove(const SyntaxTree& tree, NodeId form) {
  const NodeId parent = tree[form].parent;
  std::vector<NodeId> above;
  NodeId before = kNoNode;  // the sibling before the comments
  for (NodeId id = tree[parent].first; id != kNoNode && id != form; id = tree[id].next) {
    if (tree[id].comment()) {
      const uint32_t end_before =
          above.empty() ? (before == kNoNode ? 0 : tree[before].end) : tree[above.back()].end;
      const size_t lines = LinesBetween(tree, end_before, tree[id].begin);
      // An empty line parts it from what is above; behind another form it belongs to that.
      if (lines > 1) above.clear();
      if (above.empty() && before != kNoNode && lines == 0) {
        before = id;
        continue;
      }
      above.push_back(id);
    } else {
      above.clear();
      before = id;
    }
  }
  if (above.empty() || LinesBetween(tree, tree[above.back()].end, tree[form].begin) != 1) return "";
  constexpr size_t kMostComments = 40, kMostBytes = 4000;
  if (above.size() > kMostComments) above.erase(above.begin(), above.end() - kMostComments);
  std::string text;
  for (NodeId id : above) absl::StrAppend(&text, CommentText(tree.text(id)), "\n");
  if (text.size() > kMostBytes) text = absl::StrCat(Cut(text, kMostBytes), "...\n");
  return text;
}

// The first lines of a form, moved to the left as far as its own first line stands.
std::string FirstLines(const SyntaxTree& tree, NodeId form) {
  constexpr size_t kMostLines = 8, kMostBytes = 2000;
  const SyntaxNode& node = tree[form];
  const absl::string_view source = tree.source();
  const size_t line = source.substr(0, node.begin).rfind('\n') + 1;
  const size_t indent = node.begin - line;
  absl::string_view text = source.substr(node.begin, node.end - node.begin);
  const bool long_text = text.size() > kMostBytes;
  text = Cut(text, kMostBytes);
  std::string code;
  size_t lines = 0;
  for (absl::string_view one : absl::StrSplit(text, '\n')) {
    if (lines == kMostLines) break;
    if (lines > 0) {
      const size_t blank = std::min(one.find_first_not_of(' '), one.size());
      one.remove_prefix(std::min(blank, indent));
    }
    absl::StrAppend(&code, lines++ > 0 ? "\n" : "", absl::StripTrailingAsciiWhitespace(one));
  }
  const bool cut = static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) >= kMostLines;
  if (cut || long_text) code += "\n...";
  // A fence in a comment must not end ours.
  return absl::StrReplaceAll(code, {{"```", "'''"}});
}

// How a name is defined: the form that binds it, or for a parameter that form's first line.
std::string DefinedAs(const SyntaxTree& tree, NodeId word, NodeId form) {
  const NodeId shown = form == kNoNode ? word : form;
  std::string text = Code(FirstLines(tree, shown));
  const std::string comment = form == kNoNode ? "" : CommentAbove(tree, form);
  if (!comment.empty()) absl::StrAppend(&text, "\n", comment);
  return text;
}

size_t LineOf(const SyntaxTree& tree, uint32_t offset) { return 1 + LinesBetween(tree, 0, offset); }

std::string DescribeDefinition(const Names& names, const Definition& definition,
                               const Names::Files& files) {
  if (!definition.imported()) {
    const SyntaxTree& tree = names.tree();
    std::string text = DefinedAs(tree, definition.node, definition.form);
    absl::StrAppend(&text, "\n",
                    definition.kind == Definition::Kind::kParameter ? "A parameter"
                    : definition.kind == Definition::Kind::kMacro   ? "A macro"
                                                                    : "Defined",
                    " in line ", LineOf(tree, definition.begin), ".");
    return text;
  }
  const std::optional<std::string> content =
      files ? files(definition.file) : std::optional<std::string>();
  if (!content || content->size() < definition.end) {
    return absl::StrCat("Defined in `", definition.file, "`.");
  }
  const SyntaxTree tree(*content);
  const NodeId word = tree.At(definition.begin);
  NodeId form = word;
  // Names of other files are those of their top level.
  while (form != SyntaxTree::kRoot && tree[form].parent != SyntaxTree::kRoot) {
    form = tree[form].parent;
  }
  const std::string code = word == SyntaxTree::kRoot ? "" : DefinedAs(tree, word, form);
  return absl::StrCat(code, "\nDefined in `", definition.file, "`, line ",
                      LineOf(tree, definition.begin), ".");
}

}  // namespace

std::string Describe(const Word& word) {
  const reml::ReferenceEntry& entry = *word.entry;
  std::string text = Code(entry.usage);
  if (!entry.result.empty()) absl::StrAppend(&text, "→ `", entry.result, "`\n");
  absl::StrAppend(&text, "\n", entry.doc, "\n");
  std::string examples;
  if (!entry.example.empty()) {
    for (absl::string_view line : absl::StrSplit(entry.example, '\n')) {
      absl::StrAppend(&examples, examples.empty() ? "" : "\n", line);
    }
    examples = absl::StrReplaceAll(examples, {{" => ", "  ; => "}, {" !! ", "  ; !! "}});
    absl::StrAppend(&text, "\n", Code(examples));
  }
  absl::StrAppend(&text, "\n*", word.section->title, ". ",
                  entry.since == 0 ? std::string("As in the original.")
                                   : absl::StrCat("Since version ", entry.since, "."),
                  "*");
  return text;
}

std::optional<Hover> HoverAt(const Names& names, uint32_t offset, const Names::Files& files) {
  const SyntaxTree& tree = names.tree();
  const NodeId node = WordAt(tree, offset);
  if (node == kNoNode) return std::nullopt;
  const Range range{tree[node].begin, tree[node].end};
  if (tree[node].kind == Kind::kWord) {
    const Meaning meaning = names.MeaningOf(node);
    if (meaning.kind == Meaning::Kind::kDefinition) {
      return Hover{range,
                   DescribeDefinition(names, names.definitions()[meaning.definition], files)};
    }
    if (meaning.kind == Meaning::Kind::kWord) return Hover{range, Describe(*meaning.word)};
    if (const auto use = OptionAround(names, node); use && use->is_name && use->option) {
      return Hover{range, Describe(*use->option)};
    }
  }
  if (const std::optional<Spec> spec = SpecNamedAt(names, node)) {
    return Hover{range, absl::StrCat(DefinedAs(tree, spec->list, spec->list), "\nDefined in line ",
                                     LineOf(tree, tree[spec->list].begin), ".")};
  }
  return std::nullopt;
}

}  // namespace pelagos::language
