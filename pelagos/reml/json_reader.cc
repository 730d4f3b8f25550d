#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/reml/hash_table.h"
#include "pelagos/reml/json_text.h"
#include "pelagos/reml/text.h"

namespace pelagos::reml {
namespace {

using Json = nlohmann::json;

// "line 2, column 5", in characters.
std::string Place(absl::string_view text, size_t offset) {
  const absl::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t newline = before.rfind('\n');
  const size_t column =
      1 + CharacterCount(before.substr(newline == absl::string_view::npos ? 0 : newline + 1));
  return absl::StrCat("line ", line, ", column ", column);
}

// What nlohmann::json says, without its own names, its idea of the place, and the piece of text.
std::string Words(absl::string_view what, absl::string_view token) {
  if (const size_t name = what.find("] "); name != absl::string_view::npos) {
    what.remove_prefix(name + 2);
  }
  if (const size_t context = what.find(" - ");
      absl::StartsWith(what, "parse error") && context != absl::string_view::npos) {
    what.remove_prefix(context + 3);
  }
  std::string words(what);
  const std::string read = absl::StrCat("; last read: '", token, "'");
  if (const size_t at = words.find(read); at != std::string::npos) words.erase(at, read.size());
  constexpr size_t kMost = 200;  // a number may have many digits
  if (words.size() > kMost) words.replace(kMost, std::string::npos, "...");
  return words;
}

// Where the piece of text begins that an error is about. `position` is behind what was read last,
// the end of the text included; `token` holds what was read since the last string or number began.
size_t Begin(absl::string_view text, size_t position, absl::string_view token,
             absl::string_view words) {
  words = words.substr(0, words.find(';'));  // what it is, without what it should be
  const size_t end = std::min(position, text.size());
  if (end == 0 || absl::StrContains(words, "unexpected end of input")) return end;
  if (absl::StrContains(words, "string") || absl::StrContains(words, "number")) {
    // A control character is shown otherwise in the token; then it is what is wrong.
    return absl::EndsWith(text.substr(0, end), token) ? end - token.size() : end - 1;
  }
  size_t begin = end - 1;
  while (begin > 0 && absl::ascii_isalpha(static_cast<unsigned char>(text[begin - 1]))) --begin;
  return begin;
}

// Called for each piece of the text; keeps what is open on a stack of its own.
class Builder : public nlohmann::json_sax<Json> {
 public:
  Builder(Heap& heap, absl::string_view text, uint64_t* work)
      : heap_(heap), text_(text), work_(*work) {}

  bool null() override { return Add(heap_.Intern("null")); }
  bool boolean(bool b) override { return Add(Value::Bool(b)); }
  bool number_integer(int64_t i) override { return Add(heap_.Integer(i)); }
  bool number_unsigned(uint64_t i) override {
    if (i <= INT64_MAX) return Add(heap_.Integer(static_cast<int64_t>(i)));
    return Add(heap_.Float(static_cast<double>(i)));
  }
  bool number_float(double d, const std::string&) override { return Add(heap_.Float(d)); }
  bool string(std::string& text) override {
    return HasRoom(text.size()) && Add(heap_.String(std::move(text)));
  }
  bool binary(Json::binary_t&) override { return false; }  // JSON as text has none
  bool start_object(size_t) override {
    open_.emplace_back(heap_).table = HashTable::Make(heap_);
    return HasRoom(sizeof(Open));
  }
  bool start_array(size_t) override {
    open_.emplace_back(heap_);
    return HasRoom(sizeof(Open));
  }
  bool key(std::string& text) override {
    if (!HasRoom(text.size())) return false;
    open_.back().key = heap_.String(std::move(text));
    return true;
  }
  bool end_object() override {
    const Value table = *open_.back().table;
    open_.pop_back();
    return Add(table);
  }
  bool end_array() override {
    const Value list = open_.back().list.Finish();
    open_.pop_back();
    return Add(list);
  }

  bool parse_error(size_t position, const std::string& token,
                   const nlohmann::detail::exception& error) override {
    const std::string words = Words(error.what(), token);
    status_ = absl::InvalidArgumentError(
        absl::StrCat(Place(text_, Begin(text_, position, token, words)), ": ", words));
    return false;
  }

  const absl::Status& status() const { return status_; }
  Value result() const { return result_; }

 private:
  struct Open {
    explicit Open(Heap& heap) : list(heap) {}
    std::optional<Value> table;  // of an object
    Value key;
    ListBuilder list;  // of an array
  };

  // One more piece, which has so many bytes of its own.
  bool HasRoom(size_t bytes) {
    constexpr size_t kMostForOne = 256;  // an element with all that a hash table has for it
    if (heap_.Fits(bytes + open_.size() * sizeof(Open) + kMostForOne)) return true;
    status_ = absl::ResourceExhaustedError("out of memory");
    return false;
  }

  bool Add(Value value) {
    ++work_;
    if (!HasRoom(0)) return false;
    if (open_.empty()) {
      result_ = value;
    } else if (Open& open = open_.back(); open.table) {
      HashTable::From(*open.table)->Set(open.key, value, &work_);
    } else {
      open.list.Add(value);
    }
    return true;
  }

  Heap& heap_;
  const absl::string_view text_;
  uint64_t& work_;
  std::vector<Open> open_;
  Value result_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<Value> ParseJson(Heap& heap, absl::string_view text, uint64_t* work) {
  Builder builder(heap, text, work);
  if (Json::sax_parse(text.begin(), text.end(), &builder)) return builder.result();
  return builder.status();
}

}  // namespace pelagos::reml
