#include "pelagos/reml/printer.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "pelagos/reml/code.h"
#include "pelagos/reml/number.h"
#include "pelagos/reml/text.h"

namespace pelagos::reml {
namespace {

void WriteString(absl::string_view text, std::string* out) {
  out->push_back('"');
  for (char c : text) {
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
      case '\t':
        out->append("\\t");
        break;
      case '\r':
        out->append("\\r");
        break;
      default:
        out->push_back(c);
    }
  }
  out->push_back('"');
}

void WriteObject(const Object& object, std::string* out) {
  switch (object.kind) {
    case Kind::kForeign:
      static_cast<const ForeignObject&>(object).foreign->Print(out);
      break;
    case Kind::kBuiltin:
      absl::StrAppend(out, "#<procedure:", static_cast<const BuiltinObject&>(object).row.name, ">");
      break;
    case Kind::kMacro:
      absl::StrAppend(out, "#<macro:", static_cast<const MacroObject&>(object).name->name, ">");
      break;
    default:
      out->append("#<lambda>");
  }
}

// Everything but pairs.
void WriteAtom(Value value, std::string* out) {
  if (value.is_nil()) {
    out->append("()");
  } else if (value.is_bool()) {
    out->append(value.is_true() ? "#t" : "#f");
  } else if (value.is_int()) {
    absl::StrAppend(out, value.as_int());
  } else if (value.is_float()) {
    out->append(FormatFloat(value.as_float()));
  } else if (value.is_symbol()) {
    absl::StrAppend(out, value.text());
  } else if (value.is_string()) {
    WriteString(value.text(), out);
  } else if (value.is_char()) {
    out->append("#\\");
    AppendCharacterName(value.as_char(), out);
  } else if (value.is_eof()) {
    out->append("#<eof>");
  } else if (value.is_object()) {
    WriteObject(*value.object(), out);
  }
}

}  // namespace

namespace {

// What is open while a structure is printed: a list with its rest; or a vector or foreign value
// with its parts.
struct Open {
  Value rest;
  const Object* container = nullptr;
  std::vector<Value> parts;
  size_t next = 0;
  char end = ')';
};

class Writer {
 public:
  Writer(std::string* out, size_t limit) : out_(*out), limit_(limit) {}

  bool Write(Value value) {
    for (;;) {
      if (out_.size() > limit_) {
        out_.resize(limit_);
        return false;
      }
      if (value.is_pair()) {
        out_.push_back('(');
        Open list;
        list.rest = value.cdr();
        open_.push_back(std::move(list));
        value = value.car();
        continue;
      }
      if (!Enter(value)) WriteAtom(value, &out_);
      const std::optional<Value> next = Next();
      if (!next) return true;
      value = *next;
    }
  }

 private:
  // Begins a vector or a foreign value with parts; false for anything else.
  bool Enter(Value value) {
    Open open;
    if (value.is_vector()) {
      if (IsCycle(value.object())) return true;
      out_.append("#(");
      open.parts = value.vector()->items;
    } else if (value.is_foreign()) {
      const Foreign& foreign = *static_cast<const ForeignObject*>(value.object())->foreign;
      std::optional<std::vector<Value>> parts = foreign.Parts();
      if (!parts) return false;
      if (IsCycle(value.object())) return true;
      foreign.Print(&out_);
      if (!parts->empty()) out_.push_back(' ');
      open.parts = *std::move(parts);
      open.end = '>';
    } else {
      return false;
    }
    open.container = value.object();
    containers_.insert(open.container);
    open_.push_back(std::move(open));
    return true;
  }

  // What contains itself is not written again.
  bool IsCycle(const Object* container) {
    if (!containers_.contains(container)) return false;
    out_.append("#<cycle>");
    return true;
  }

  // The next part of what is open, closing what has none left.
  std::optional<Value> Next() {
    for (; !open_.empty(); open_.pop_back()) {
      Open& open = open_.back();
      if (open.container != nullptr) {
        if (open.next < open.parts.size()) {
          if (open.next != 0) out_.push_back(' ');
          return open.parts[open.next++];
        }
        containers_.erase(open.container);
      } else if (open.rest.is_pair()) {
        out_.push_back(' ');
        const Value value = open.rest.car();
        open.rest = open.rest.cdr();
        return value;
      } else if (!open.rest.is_nil()) {
        // The tail is the last part.
        out_.append(" . ");
        return std::exchange(open.rest, Value::Nil());
      }
      out_.push_back(open.end);
    }
    return std::nullopt;
  }

  std::string& out_;
  const size_t limit_;
  std::vector<Open> open_;
  absl::flat_hash_set<const Object*> containers_;
};

}  // namespace

bool WriteTo(Value value, std::string* out, size_t limit) {
  return Writer(out, limit).Write(value);
}

bool DisplayTo(Value value, std::string* out, size_t limit) {
  if (value.is_char()) {
    AppendUtf8(value.as_char(), out);
    return out->size() <= limit;
  }
  if (!value.is_string()) return WriteTo(value, out, limit);
  const absl::string_view text = value.text();
  const size_t room = limit > out->size() ? limit - out->size() : 0;
  absl::StrAppend(out, text.substr(0, room));
  return text.size() <= room;
}

}  // namespace pelagos::reml
