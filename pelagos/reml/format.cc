// The second pass, from the root down: where lines break and begin. Whatever it decides about a
// list that fits no line, it decides again when it meets the lines that came of it: that is what
// makes formatting stable. The author's breaks and ours are laid out by the same rules.
#include "pelagos/reml/format.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/match.h"
#include "pelagos/reml/format_measure.h"
#include "pelagos/reml/format_output.h"
#include "pelagos/reml/format_style.h"

namespace pelagos::reml {
namespace {

using NodeKind = SyntaxNode::Kind;
using StyleKind = ListStyle::Kind;

constexpr size_t kDeepest = 1000;  // it recurses

// Short lines in deep lists would fill the memory with their indentation.
constexpr size_t kMostGrowth = 16;                   // times
constexpr size_t kSmallestLimit = size_t{64} << 20;  // bytes

class Formatter {
 public:
  Formatter(const SyntaxTree& tree, size_t width)
      : tree_(tree), measures_(MeasureNodes(tree)), out_(width, tree.source().size()) {}

  std::optional<std::string> Run() && {
    List(SyntaxTree::kRoot, {}, 0);
    if (TooLarge()) return std::nullopt;
    return std::move(out_).Finish();
  }

 private:
  // A list that is being laid out.
  struct Layout {
    Layout(const SyntaxTree& tree, NodeId id, const ListStyle& style, size_t at)
        : id(id), style(style), at(at), opening(OpeningSize(tree[id])), walk(tree, this->style) {}

    NodeId id;
    ListStyle style;
    size_t at;       // the column of its parenthesis
    size_t opening;  // how long that is
    PartWalk walk;
    // It is broken by us: every element from number first_break on, if it is no value of a keyword.
    bool automatic = false;
    size_t first_break = 1;
    bool fills = false;  // as many elements a line as fit
    // Only the last argument is on a line of its own, and it is a lambda: it is indented as a body.
    bool hangs = false;

    size_t index = 0;            // of the next datum; the head is 0
    size_t arguments_at = 0;     // the column of the first argument on the head's line; 0: none
    bool only_atoms = true;      // so far
    bool after_keyword = false;  // the datum before is a keyword, on the same line
    bool has_keyword = false;
    bool leads_line = false;  // that keyword began its line, or is the first argument
    size_t values_at = 0;     // the column of the values of such a keyword; 0: none
  };

  bool TooLarge() const {
    return out_.size() > std::max(kSmallestLimit, kMostGrowth * tree_.source().size());
  }
  void Node(NodeId id, FormatContext context, size_t closers);
  void List(NodeId id, FormatContext context, size_t closers);
  void Prefix(NodeId id, FormatContext context, size_t closers);
  void Flat(NodeId id);

  // Whether a node that is on one line has to be followed by another line, and stands at its end.
  bool Trails(NodeId id) const {
    return tree_[id].token == TokenKind::kLineComment && measures_[id].breaks == 0 &&
           tree_[tree_[id].parent].first != id;
  }
  // Whether a comment on a line of its own goes on with the one before, which stands behind code:
  // that is so when the author has put it right below.
  bool Continues(NodeId before, NodeId id) const {
    return tree_[id].token == TokenKind::kLineComment && measures_[id].breaks == 1 &&
           out_.CanContinueComment() && SourceColumn(before) == SourceColumn(id);
  }
  size_t SourceColumn(NodeId id) const {
    const absl::string_view before = tree_.source().substr(0, tree_[id].begin);
    return CountCharacters(before.substr(before.rfind('\n') + 1));
  }
  size_t ClosersBehind(const Layout& layout, NodeId child, size_t closers) const {
    return tree_[layout.id].last == child ? closers + (layout.opening > 0 ? 1 : 0) : 0;
  }
  // An atom, or a quoted one.
  bool IsShort(NodeId id) const {
    while (tree_[id].kind == NodeKind::kPrefix) id = tree_[id].last;
    return tree_[id].atom();
  }
  void Decide(Layout& layout, size_t closers) const;
  void DecideCall(Layout& layout, size_t closers) const;
  bool Hangs(const Layout& layout) const;
  bool BreaksBefore(const Layout& layout, NodeId child, size_t closers) const;
  bool Overflows(const Layout& layout, NodeId child, size_t closers) const;
  std::optional<size_t> UnitWidth(const Layout& layout, NodeId child, size_t closers) const;
  size_t Indent(const Layout& layout, NodeId next) const;

  const SyntaxTree& tree_;
  const std::vector<NodeMeasure> measures_;
  FormatOutput out_;
};

// What fits on a line stays there, whatever it is.
void Formatter::Node(NodeId id, FormatContext context, size_t closers) {
  const SyntaxNode& node = tree_[id];
  const NodeMeasure& measure = measures_[id];
  if (!measure.broken) {
    const bool fits = out_.column() + measure.width + closers <= out_.width();
    if (fits || node.atom() || node.comment()) return Flat(id);
  }
  if (node.list()) return List(id, context, closers);
  if (node.kind == NodeKind::kPrefix) return Prefix(id, context, closers);
  if (node.token == TokenKind::kLineComment) {
    return out_.Append(LineCommentText(tree_.text(id)), measure.width);
  }
  out_.AppendLines(tree_.text(id));
}

void Formatter::Flat(NodeId id) {
  if (measures_[id].clean) return out_.Append(tree_.text(id), measures_[id].width);
  const SyntaxNode& node = tree_[id];
  const uint32_t opening = OpeningSize(node);
  out_.Append(tree_.source().substr(node.begin, opening), opening);
  if (node.kind == NodeKind::kPrefix && NeedsSpace(tree_, node)) out_.Append(' ');
  for (NodeId child = node.first; child != kNoNode; child = tree_[child].next) {
    if (child != node.first) out_.Append(' ');
    Flat(child);
  }
  if (node.list()) out_.Append(')');
}

void Formatter::Prefix(NodeId id, FormatContext context, size_t closers) {
  const SyntaxNode& node = tree_[id];
  const size_t opening = OpeningSize(node);
  out_.Append(tree_.source().substr(node.begin, opening), opening);
  if (NeedsSpace(tree_, node)) out_.Append(' ');
  const size_t column = out_.column();
  if (node.token == TokenKind::kQuote) {
    context = {FormatContext::Kind::kData, nullptr};
  } else if (!node.datum_comment() || context.kind == FormatContext::Kind::kClause) {
    context = {};
  }
  for (NodeId child = node.first; child != kNoNode; child = tree_[child].next) {
    if (Trails(child)) {
      out_.AppendComment(LineCommentText(tree_.text(child)), measures_[child].width);
      continue;
    }
    if (measures_[child].breaks > 0) {
      out_.NewLine(false, column);
    } else if (child != node.first) {
      out_.Append(' ');
    }
    Node(child, context, child == node.last ? closers : 0);
  }
}

void Formatter::List(NodeId id, FormatContext context, size_t closers) {
  const SyntaxNode& node = tree_[id];
  const bool root = id == SyntaxTree::kRoot;
  Layout layout(tree_, id, root ? ListStyle() : StyleOf(tree_, id, context), out_.column());
  Decide(layout, closers);
  if (!root) out_.Append(tree_.source().substr(node.begin, layout.opening), layout.opening);
  NodeId upcoming = kNoNode;  // the datum that the comments stand before
  bool seen = false;          // it has been looked for
  NodeId comment = kNoNode;   // behind the code, and just written
  for (NodeId child = node.first; child != kNoNode; child = tree_[child].next) {
    if (TooLarge()) return;
    const bool datum = tree_[child].datum();
    const NodeMeasure& measure = measures_[child];
    const bool trails = Trails(child);
    if (trails || (comment != kNoNode && Continues(comment, child))) {
      const absl::string_view text = LineCommentText(tree_.text(child));
      trails ? out_.AppendComment(text, measure.width) : out_.ContinueComment(text, measure.width);
      comment = child;
      continue;
    }
    comment = kNoNode;
    const bool first = child == node.first;
    const bool breaks = !first && BreaksBefore(layout, child, closers);
    if (breaks) {
      if (!datum && !seen) upcoming = tree_.NextDatum(child);
      seen = !datum;
      out_.NewLine(measure.breaks > 1, Indent(layout, datum ? child : upcoming));
    } else if (!first) {
      out_.Append(' ');
    }
    if (!datum) {
      FormatContext inside;
      if (layout.style.kind == StyleKind::kData && !root) {
        inside.kind = FormatContext::Kind::kData;
      }
      Node(child, inside, ClosersBehind(layout, child, closers));
      continue;
    }
    seen = false;
    if (IsKeyword(tree_, child)) {
      layout.has_keyword = layout.after_keyword = true;
      layout.values_at = 0;
      layout.leads_line = breaks || layout.index == 1;
    } else {
      if (layout.after_keyword && layout.leads_line && !breaks && !root) {
        layout.values_at = out_.column();
      }
      layout.after_keyword = false;
    }
    layout.only_atoms = layout.only_atoms && IsShort(child) && !IsKeyword(tree_, child);
    if (layout.index == 1 && !breaks) layout.arguments_at = out_.column();
    const FormatContext inside = root ? FormatContext() : layout.walk.Next(child);
    Node(child, inside, ClosersBehind(layout, child, closers));
    ++layout.index;
  }
  if (root) return;
  if (node.last != kNoNode && tree_[node.last].token == TokenKind::kLineComment) {
    out_.NewLine(false, Indent(layout, kNoNode));
  }
  out_.Append(')');
}

// The column of a line that begins with `next`; kNoNode: with nothing but a comment or the end.
size_t Formatter::Indent(const Layout& layout, NodeId next) const {
  if (next != kNoNode && layout.values_at > 0 && !IsKeyword(tree_, next) && !layout.hangs) {
    return layout.values_at;
  }
  if (layout.index > 0) {
    switch (layout.style.kind) {
      case StyleKind::kCall:
        return layout.arguments_at > 0 && !layout.hangs ? layout.arguments_at : layout.at + 2;
      case StyleKind::kBody:
        return layout.at +
               (layout.style.distinguished && next != kNoNode && layout.index <= layout.style.before
                    ? 4
                    : 2);
      case StyleKind::kClause:
        if (layout.style.word_head && layout.arguments_at > 0) return layout.arguments_at;
        break;
      case StyleKind::kData:
        break;
    }
  }
  return layout.at + layout.opening;
}

// A node, or a keyword and its first value, with the parentheses that close behind it; nullopt: it
// is broken anyway.
std::optional<size_t> Formatter::UnitWidth(const Layout& layout, NodeId child,
                                           size_t closers) const {
  if (measures_[child].broken) return std::nullopt;
  const size_t width = measures_[child].width;
  const NodeId value = tree_[child].next;
  if (!IsKeyword(tree_, child) || value == kNoNode || !tree_[value].datum() ||
      measures_[value].breaks > 0 || IsKeyword(tree_, value)) {
    return width + ClosersBehind(layout, child, closers);
  }
  if (measures_[value].broken) return std::nullopt;
  return width + 1 + measures_[value].width + ClosersBehind(layout, value, closers);
}

// Whether it does not fit behind what its line has already, and would have more room on another.
bool Formatter::Overflows(const Layout& layout, NodeId child, size_t closers) const {
  const std::optional<size_t> width = UnitWidth(layout, child, closers);
  return width && out_.column() + 1 + *width > out_.width() &&
         Indent(layout, child) < out_.column() + 1;
}

bool Formatter::BreaksBefore(const Layout& layout, NodeId child, size_t closers) const {
  if (!layout.automatic && measures_[child].breaks > 0) return true;
  if (!tree_[child].datum() || layout.index < layout.first_break) return false;
  const bool keyword = IsKeyword(tree_, child);
  if (layout.hangs) return layout.automatic && child == tree_[layout.id].last;
  if (layout.after_keyword && !keyword) return false;
  if (layout.automatic && !layout.fills && (keyword || !layout.has_keyword)) {
    // The first arguments of a procedure share its line as long as they are short.
    const bool joins = layout.only_atoms && layout.index > 1 && IsShort(child) && !keyword &&
                       layout.style.kind == StyleKind::kCall && layout.style.parts == nullptr;
    return !joins || Overflows(layout, child, closers);
  }
  // A lambda alone on its line would hang.
  return Overflows(layout, child, closers) &&
         !(layout.style.kind == StyleKind::kCall && MakesProcedure(tree_, child));
}

bool Formatter::Hangs(const Layout& layout) const {
  if (layout.style.kind != StyleKind::kCall || layout.style.parts != nullptr) return false;
  const SyntaxNode& list = tree_[layout.id];
  const NodeId last = list.last;
  if (!tree_[last].datum() || !MakesProcedure(tree_, last)) return false;
  if (!layout.automatic && measures_[last].breaks == 0) return false;
  size_t width = layout.at + layout.opening;
  size_t count = 0;
  size_t lambdas = 0;
  NodeId before = kNoNode;
  for (NodeId id = list.first; id != last; id = tree_[id].next) {
    if (!tree_[id].datum() || measures_[id].breaks > 0) return false;
    width += (count > 0 ? 1 : 0) + measures_[id].width;
    ++count;
    lambdas += MakesProcedure(tree_, id) ? 1 : 0;
    before = id;
  }
  // Of several lambdas none is the body, but for the likes of (call-with-values producer consumer).
  if (before == kNoNode || IsKeyword(tree_, before) || (lambdas > 0 && count > 2)) return false;
  if (!layout.automatic || width <= out_.width()) return true;
  // Two arguments of which the second begins a line are laid out so, whoever broke them.
  return count == 2 && layout.first_break > 1;
}

void Formatter::DecideCall(Layout& layout, size_t closers) const {
  const NodeId head = tree_.FirstDatum(layout.id);
  size_t widest = 0;
  for (NodeId id = tree_.NextDatum(head); id != kNoNode; id = tree_.NextDatum(id)) {
    widest = std::max(widest, UnitWidth(layout, id, closers).value_or(0));
  }
  const size_t aligned = layout.at + layout.opening + measures_[head].width + 1;
  if (aligned + widest > out_.width() && layout.at + 2 + widest <= out_.width()) {
    layout.first_break = 1;
  }
}

void Formatter::Decide(Layout& layout, size_t closers) const {
  const bool root = layout.id == SyntaxTree::kRoot;
  layout.automatic = !root && !measures_[layout.id].broken;
  switch (layout.style.kind) {
    case StyleKind::kCall:
      layout.first_break = 2;
      break;
    case StyleKind::kBody:
      layout.first_break = layout.style.before + 1;
      break;
    case StyleKind::kClause:
      layout.first_break = layout.style.word_head ? 2 : 1;
      break;
    case StyleKind::kData:
      break;
  }
  if (root || tree_[layout.id].last == kNoNode) return;
  if (layout.automatic && layout.style.kind == StyleKind::kCall) DecideCall(layout, closers);
  layout.hangs = Hangs(layout);
  if (!layout.automatic || layout.hangs) return;
  if (layout.style.kind == StyleKind::kData || layout.style.kind == StyleKind::kCall) {
    layout.fills = true;
    for (NodeId id = tree_[layout.id].first; id != kNoNode && layout.fills; id = tree_[id].next) {
      layout.fills = tree_[id].atom() && !IsKeyword(tree_, id);
    }
  }
}

}  // namespace

std::optional<std::string> Format(const SyntaxTree& tree, size_t width) {
  if (!tree.balanced() || tree.depth() > kDeepest) return std::nullopt;
  std::optional<std::string> text = Formatter(tree, width).Run();
  // A name that begins with a byte order mark would be read without it at the very beginning.
  if (text && absl::StartsWith(*text, kByteOrderMark)) text->insert(text->begin(), '\n');
  return text;
}

}  // namespace pelagos::reml
