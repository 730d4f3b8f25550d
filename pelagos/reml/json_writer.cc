#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/reml/hash_table.h"
#include "pelagos/reml/json_text.h"
#include "pelagos/reml/number.h"
#include "pelagos/reml/text.h"

namespace pelagos::reml {
namespace {

bool IsKey(Value value) { return value.is_string() || value.is_symbol(); }

void AppendString(absl::string_view text, std::string* out) {
  out->push_back('"');
  while (!text.empty()) {
    const size_t good = FindInvalidUtf8(text).value_or(text.size());
    for (char c : text.substr(0, good)) {
      switch (c) {
        case '"':
          out->append("\\\"");
          break;
        case '\\':
          out->append("\\\\");
          break;
        case '\n':
          out->append("\\n");
          break;
        case '\r':
          out->append("\\r");
          break;
        case '\t':
          out->append("\\t");
          break;
        default:
          if (static_cast<unsigned char>(c) < 0x20) {
            absl::StrAppend(out, "\\u", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad4));
          } else {
            out->push_back(c);
          }
      }
    }
    text.remove_prefix(good);
    if (text.empty()) break;
    out->append("\\ufffd");  // JSON is UTF-8; a byte that is not becomes the replacement character
    text.remove_prefix(1);
  }
  out->push_back('"');
}

// The shortest digits that read back as a float, and as no integer.
absl::Status AppendFloat(double d, std::string* out) {
  if (!std::isfinite(d)) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected a finite number, got ", FormatFloat(d)));
  }
  char digits[32];
  const std::to_chars_result end = std::to_chars(std::begin(digits), std::end(digits), d);
  const absl::string_view text(digits, static_cast<size_t>(end.ptr - digits));
  absl::StrAppend(out, text, text.find_first_of(".e") == absl::string_view::npos ? ".0" : "");
  return absl::OkStatus();
}

class Writer {
 public:
  Writer(int indent, size_t limit) : indent_(static_cast<size_t>(indent)), limit_(limit) {}

  absl::StatusOr<std::string> Write(Value value) {
    for (;;) {
      PELAGOS_RETURN_IF_ERROR(WriteOne(value));
      bool more = false;
      PELAGOS_RETURN_IF_ERROR(Next(&more, &value));
      if (out_.size() > limit_ || pending_ > limit_) {
        return absl::ResourceExhaustedError("the text would be too long");
      }
      if (!more) return std::move(out_);
    }
  }

 private:
  // A container that is being written: the rest of a list, or items.
  struct Open {
    Value rest;
    std::vector<Value> items;
    size_t next = 0;
    const Object* container = nullptr;  // one that may contain itself
    bool is_object = false;
    bool empty = true;  // nothing written yet
    absl::flat_hash_set<absl::string_view> keys = {};
  };

  // An atom, or the beginning of a container.
  absl::Status WriteOne(Value value) {
    if (value.is_string() || (value.is_symbol() && value.text() != "null")) {
      AppendString(value.text(), &out_);
    } else if (value.is_symbol()) {
      out_.append("null");
    } else if (value.is_bool()) {
      out_.append(value.is_true() ? "true" : "false");
    } else if (value.is_int()) {
      absl::StrAppend(&out_, value.as_int());
    } else if (value.is_float()) {
      return AppendFloat(value.as_float(), &out_);
    } else if (value.is_nil() || value.is_pair()) {
      return BeginList(value);
    } else if (value.is_vector()) {
      return BeginItems(value, value.vector()->items, false);
    } else if (const HashTable* table = HashTable::From(value)) {
      return BeginItems(value, table->Entries(), true);
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("expected what JSON has, got ", value.type_name()));
    }
    return absl::OkStatus();
  }

  absl::Status BeginList(Value list) {
    bool is_alist = list.is_pair();
    Value rest = list;
    // Each element gives a byte at least: what is counted here is written or fails.
    for (; rest.is_pair() && pending_ <= limit_; rest = rest.cdr()) {
      ++pending_;
      is_alist = is_alist && rest.car().is_pair() && IsKey(rest.car().car());
    }
    if (!rest.is_pair() && !rest.is_nil()) {
      return absl::InvalidArgumentError(
          absl::StrCat("expected a proper list, got one that ends in ", rest.type_name()));
    }
    Open open;
    open.rest = list;
    Begin(std::move(open), is_alist);
    return absl::OkStatus();
  }

  absl::Status BeginItems(Value value, std::vector<Value> items, bool is_object) {
    pending_ += items.size();
    Open open;
    open.items = std::move(items);
    open.container = value.object();
    if (!containers_.insert(open.container).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("the ", value.type_name(), " contains itself"));
    }
    Begin(std::move(open), is_object);
    return absl::OkStatus();
  }

  void Begin(Open open, bool is_object) {
    open.is_object = is_object;
    out_.push_back(is_object ? '{' : '[');
    open_.push_back(std::move(open));
  }

  // The next value to write, behind its key when it has one; ends containers that have no more.
  absl::Status Next(bool* more, Value* value) {
    while (!open_.empty()) {
      Open& open = open_.back();
      if (!TakeElement(open, value)) {
        End();
        continue;
      }
      if (open.is_object) {
        const Value entry = *value;
        if (!IsKey(entry.car())) {
          return absl::InvalidArgumentError(
              absl::StrCat("expected string or symbol as a key, got ", entry.car().type_name()));
        }
        if (!open.keys.insert(entry.car().text()).second) continue;
        BeginElement(open);
        AppendString(entry.car().text(), &out_);
        out_.append(indent_ > 0 ? ": " : ":");
        *value = entry.cdr();
      } else {
        BeginElement(open);
      }
      *more = true;
      return absl::OkStatus();
    }
    return absl::OkStatus();
  }

  static bool TakeElement(Open& open, Value* value) {
    if (open.rest.is_pair()) {
      *value = open.rest.car();
      open.rest = open.rest.cdr();
      return true;
    }
    if (open.next == open.items.size()) return false;
    *value = open.items[open.next++];
    return true;
  }

  void BeginElement(Open& open) {
    if (!open.empty) out_.push_back(',');
    open.empty = false;
    BreakLine(open_.size());
  }

  void End() {
    const bool empty = open_.back().empty;
    const char end = open_.back().is_object ? '}' : ']';
    if (open_.back().container != nullptr) containers_.erase(open_.back().container);
    open_.pop_back();
    if (!empty) BreakLine(open_.size());
    out_.push_back(end);
  }

  void BreakLine(size_t level) {
    if (indent_ == 0 || out_.size() > limit_) return;
    out_.push_back('\n');
    out_.append(level * indent_, ' ');
  }

  const size_t indent_;
  const size_t limit_;
  std::string out_;
  size_t pending_ = 0;  // elements that containers had when they were begun
  std::vector<Open> open_;
  absl::flat_hash_set<const Object*> containers_;
};

}  // namespace

absl::StatusOr<std::string> JsonText(Value value, int indent, size_t limit) {
  return Writer(indent, limit).Write(value);
}

}  // namespace pelagos::reml
