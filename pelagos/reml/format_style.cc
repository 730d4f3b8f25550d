#include "pelagos/reml/format_style.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "pelagos/reml/macro_table.h"
#include "pelagos/reml/reference.h"

namespace pelagos::reml {
namespace {

using NodeKind = SyntaxNode::Kind;
using ContextKind = FormatContext::Kind;
using StyleKind = ListStyle::Kind;

constexpr size_t kNoBody = static_cast<size_t>(-1);

// How many arguments stand before the body; kNoBody: there is none. Clauses are a body where
// something else comes first, as in (case key (clause)...).
size_t BeforeBody(const std::vector<UsagePart>& parts, size_t first = 0) {
  for (size_t i = first; i < parts.size(); ++i) {
    if (parts[i].role == Role::kBody && !parts[i].list()) return i - first;
    if (parts[i].list() && parts[i].repeated && i > first && !parts[i - 1].optional &&
        !parts[i - 1].after_mark) {
      return i - first;
    }
  }
  return kNoBody;
}

struct FormUsage {
  bool procedure = false;
  std::vector<UsageWay> ways;
  size_t before = kNoBody;       // of the first way that has a body
  bool makes_procedure = false;  // parameters and a body, and nothing else
};

// The usages of the language, by name.
class Usages {
 public:
  static const Usages& Get() {
    static const Usages* const usages = new Usages();  // lasts
    return *usages;
  }
  const FormUsage* Find(absl::string_view name) const {
    const auto found = usages_.find(name);
    return found == usages_.end() ? nullptr : &found->second;
  }

 private:
  Usages() : chapters_(LanguageReference()) {
    // The layers above give them a place in the manual.
    chapters_.push_back({"", "", {SectionOf(ServiceMacros()), SectionOf(FutureMacros())}});
    for (const ReferenceChapter& chapter : chapters_) {
      for (const ReferenceSection& section : chapter.sections) {
        for (const ReferenceEntry& entry : section.entries) Add(entry);
      }
    }
  }
  void Add(const ReferenceEntry& entry) {
    FormUsage usage;
    usage.procedure = entry.kind == ReferenceEntry::Kind::kProcedure;
    if (!usage.procedure) {
      usage.ways = ParseUsage(entry.usage);
      for (const UsageWay& way : usage.ways) {
        if (usage.before == kNoBody) usage.before = BeforeBody(way.parts);
      }
      usage.makes_procedure = usage.ways.size() == 1 && usage.before == 1 &&
                              entry.reach == Reach::kBody && usage.ways[0].parts[0].formals();
    }
    usages_.emplace(entry.name, std::move(usage));
  }

  std::vector<ReferenceChapter> chapters_;
  absl::flat_hash_map<absl::string_view, FormUsage> usages_;
};

// A word that can be called: no keyword, number or dot.
bool CanBeCalled(absl::string_view word) {
  if (word.empty() || word == ".") return false;
  const char first = word[0];
  if (first == ':' || first == '#' || absl::ascii_isdigit(first)) return false;
  return word.size() == 1 || (first != '+' && first != '-' && first != '.') ||
         !absl::ascii_isdigit(word[1]);
}

// A name of the program, or a macro without a body in its usage, that is to be laid out as if it
// had one.
bool SoundsLikeBody(absl::string_view name) {
  return absl::StartsWith(name, "def") || absl::StartsWith(name, "with-");
}

// Of a macro that sounds so: the parts that must be there stand before what repeats, or before the
// last one.
size_t LeadingParts(const std::vector<UsagePart>& parts) {
  size_t count = 0;
  for (const UsagePart& part : parts) {
    if (part.optional || part.repeated || part.role == Role::kMark) break;
    ++count;
  }
  return count == parts.size() && count > 0 ? count - 1 : count;
}

// Whether the arguments can be those of this way.
bool Matches(const SyntaxTree& tree, NodeId head, const UsageWay& way) {
  NodeId id = tree.NextDatum(head);
  for (const UsagePart& part : way.parts) {
    if (id == kNoNode || part.repeated) break;
    const bool list = tree[id].list();
    if (part.list() ? !list && !part.formals()
                    : list && (part.role == Role::kName || part.role == Role::kParameter)) {
      return false;
    }
    id = tree.NextDatum(id);
  }
  return true;
}

void SetBody(ListStyle& style, size_t before, bool distinguished) {
  style.kind = StyleKind::kBody;
  style.before = before;
  style.distinguished = distinguished;
}

ListStyle StyleOfCode(const SyntaxTree& tree, NodeId head) {
  ListStyle style;
  style.kind = StyleKind::kCall;
  style.word_head = true;
  const absl::string_view name = tree.text(head);
  const FormUsage* usage = Usages::Get().Find(name);
  if (usage == nullptr || usage->ways.empty()) {
    if (usage == nullptr && SoundsLikeBody(name)) SetBody(style, 1, false);
    return style;
  }
  const UsageWay* way = &usage->ways[0];
  for (const UsageWay& other : usage->ways) {
    if (!Matches(tree, head, other)) continue;
    way = &other;
    break;
  }
  style.parts = &way->parts;
  size_t before = BeforeBody(way->parts);
  if (before == kNoBody) before = usage->before;
  if (before != kNoBody) {
    SetBody(style, before, true);
  } else if (SoundsLikeBody(name)) {
    SetBody(style, LeadingParts(way->parts), false);
  }
  return style;
}

}  // namespace

ListStyle StyleOf(const SyntaxTree& tree, NodeId list, FormatContext context) {
  ListStyle style;
  if (tree[list].kind != NodeKind::kList || context.kind == ContextKind::kData) return style;
  const NodeId head = tree.FirstDatum(list);
  const bool word =
      head != kNoNode && tree[head].kind == NodeKind::kWord && CanBeCalled(tree.text(head));
  if (context.kind == ContextKind::kCode) return word ? StyleOfCode(tree, head) : style;

  style.kind = StyleKind::kClause;
  style.word_head = word;
  style.parts = context.parts;
  style.head_is_part = true;
  // A form that is written out in the usage of another: (syntax-rules (literal...) ...).
  if (word && !context.parts->empty() && context.parts->front().word == tree.text(head) &&
      context.parts->size() > 1) {
    const size_t before = BeforeBody(*context.parts, 1);
    if (before != kNoBody && context.parts->front().role == Role::kExpression) {
      SetBody(style, before, true);
    }
  }
  return style;
}

bool MakesProcedure(const SyntaxTree& tree, NodeId id) {
  const absl::string_view head = tree.Head(id);
  if (head.empty()) return false;
  const FormUsage* usage = Usages::Get().Find(head);
  return usage != nullptr && usage->makes_procedure;
}

FormatContext PartWalk::Next(NodeId element) {
  const bool head = std::exchange(head_, false);
  if (style_.kind == StyleKind::kData) return {ContextKind::kData, nullptr};
  if (style_.parts == nullptr || (head && !style_.head_is_part)) return {};
  const std::vector<UsagePart>& parts = *style_.parts;
  const bool list = tree_[element].list();
  // What may be left out, and is.
  while (list && part_ + 1 < parts.size() && !parts[part_].list() &&
         (parts[part_].optional || parts[part_].after_mark)) {
    ++part_;
  }
  if (part_ >= parts.size()) return {};
  const UsagePart& part = parts[part_];
  if (!part.repeated) ++part_;
  if (part.list()) {
    if (part.formals()) return {ContextKind::kData, nullptr};
    return {ContextKind::kClause, &part.parts};
  }
  switch (part.role) {
    case Role::kName:
    case Role::kParameter:
      return {ContextKind::kData, nullptr};
    case Role::kDatum:
      // They look like the code that they stand for.
      if (part.word == "template" || part.word == "pattern") return {};
      return {ContextKind::kData, nullptr};
    case Role::kExpression:
    case Role::kBody:
    case Role::kMark:
      break;
  }
  return {};
}

}  // namespace pelagos::reml
