#include "pelagos/cli/listing.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/base/display_width.h"

namespace pelagos::cli {
namespace {

using Json = nlohmann::ordered_json;

// Between columns, and the least that a column takes with it: as Docker's tables.
constexpr size_t kGap = 3, kNarrowest = 10;

// "CONTAINER ID", "container-id" and "ContainerID" are one.
std::string Plain(absl::string_view name) {
  std::string plain;
  for (char c : name) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '%') {
      plain += absl::ascii_tolower(static_cast<unsigned char>(c));
    }
  }
  return plain;
}

std::string NamesOf(const std::vector<Column>& columns) {
  return absl::StrJoin(columns, ",", [](std::string* out, const Column& column) {
    absl::StrAppend(out, column.name);
  });
}

// The fields of a Go template that are columns too, for who is used to those.
std::string FieldsOf(absl::string_view text, const std::vector<Column>& columns) {
  std::vector<absl::string_view> fields;
  for (size_t at = text.find('.'); at != absl::string_view::npos; at = text.find('.', at + 1)) {
    for (const Column& column : columns) {
      const absl::string_view rest = text.substr(at + 1);
      if (absl::StartsWith(rest, column.name) &&
          (rest.size() == column.name.size() ||
           !absl::ascii_isalnum(static_cast<unsigned char>(rest[column.name.size()])))) {
        fields.push_back(column.name);
      }
    }
  }
  return absl::StrJoin(fields, ",");
}

absl::Status UnknownFormat(absl::string_view format, const std::vector<Column>& columns) {
  if (absl::StrContains(format, "{{")) {
    const std::string fields = FieldsOf(format, columns);
    return absl::InvalidArgumentError(
        absl::StrCat("--format: there are no templates; name columns instead: ",
                     fields.empty() ? "" : absl::StrCat("'", fields, "', of "), NamesOf(columns)));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "--format: '", format, "': expected table, json, or columns: ", NamesOf(columns)));
}

absl::StatusOr<std::vector<size_t>> ParseColumns(absl::string_view format, absl::string_view list,
                                                 const std::vector<Column>& columns) {
  std::vector<size_t> shown;
  for (absl::string_view word : absl::StrSplit(list, ',')) {
    const std::string wanted = Plain(word);
    const auto found =
        std::find_if(columns.begin(), columns.end(), [&wanted](const Column& column) {
          return Plain(column.name) == wanted || Plain(column.title) == wanted;
        });
    if (wanted.empty() || found == columns.end()) return UnknownFormat(format, columns);
    shown.push_back(static_cast<size_t>(found - columns.begin()));
  }
  return shown;
}

}  // namespace

absl::StatusOr<Listing> Listing::From(const Arguments& args, std::vector<Column> columns,
                                      ListingOptions options) {
  Listing listing;
  listing.columns_ = std::move(columns);
  listing.whole_ = args.has("no-trunc");
  for (size_t i = 0; i < listing.columns_.size(); ++i) {
    if (listing.columns_[i].standard) listing.shown_.push_back(i);
  }
  const std::string format = args.has("json") ? "json" : args.value("format", "table");
  absl::string_view text = absl::StripAsciiWhitespace(format);
  if (absl::EqualsIgnoreCase(text, "json")) {
    listing.form_ = Form::kJson;
    listing.whole_ = true;
    return listing;
  }
  const bool has_titles = absl::StartsWithIgnoreCase(text, "table");
  if (!absl::EqualsIgnoreCase(text, "table")) {
    if (absl::StrContains(text, "{{")) return UnknownFormat(format, listing.columns_);
    // "table", then a blank.
    const bool titled = has_titles && text.size() > 5 && text[5] == ' ';
    if (titled) text.remove_prefix(6);
    if (!titled) listing.form_ = Form::kLines;
    absl::StatusOr<std::vector<size_t>> shown = ParseColumns(format, text, listing.columns_);
    if (!shown.ok()) return shown.status();
    listing.shown_ = *std::move(shown);
  }
  if (args.has("quiet") && !options.quiet.empty()) {
    listing.form_ = Form::kLines;
    listing.shown_.clear();
    for (size_t i = 0; i < listing.columns_.size(); ++i) {
      if (listing.columns_[i].name == options.quiet) listing.shown_ = {i};
    }
  }
  return listing;
}

bool Listing::Shows(absl::string_view column) const {
  if (form_ == Form::kJson) return true;
  return std::any_of(shown_.begin(), shown_.end(),
                     [&](size_t i) { return columns_[i].name == column; });
}

std::string Listing::Text() const {
  switch (form_) {
    case Form::kJson:
      return JsonText();
    case Form::kLines:
      return Lines();
    case Form::kTable:
      break;
  }
  return Table();
}

std::string Listing::Table() const {
  std::vector<std::vector<std::string>> lines;
  lines.reserve(rows_.size() + 1);
  lines.emplace_back();
  for (size_t i : shown_) lines.back().emplace_back(columns_[i].title);
  for (const Row& row : rows_) {
    lines.emplace_back();
    for (size_t i : shown_) lines.back().push_back(Printable(row.cells[i]));
  }
  std::vector<std::vector<size_t>> sizes(lines.size());
  std::vector<size_t> widths(shown_.size(), kNarrowest);
  for (size_t line = 0; line < lines.size(); ++line) {
    for (size_t at = 0; at < shown_.size(); ++at) {
      sizes[line].push_back(DisplayWidth(lines[line][at]));
      widths[at] = std::max(widths[at], sizes[line][at] + kGap);
    }
  }
  std::string text;
  for (size_t line = 0; line < lines.size(); ++line) {
    for (size_t at = 0; at < shown_.size(); ++at) {
      text += lines[line][at];
      text.append(widths[at] - sizes[line][at], ' ');
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

std::string Listing::Lines() const {
  std::string text;
  for (const Row& row : rows_) {
    for (size_t at = 0; at < shown_.size(); ++at) {
      if (at > 0) text += '\t';
      text += Printable(row.cells[shown_[at]]);
    }
    text += '\n';
  }
  return text;
}

std::string Listing::JsonText() const {
  Json array = Json::array();
  for (const Row& row : rows_) {
    if (!row.json.is_null()) {
      array.push_back(row.json);
      continue;
    }
    Json object = Json::object();
    for (size_t i = 0; i < columns_.size(); ++i) {
      object[std::string(columns_[i].name)] = row.cells[i];
    }
    array.push_back(std::move(object));
  }
  return array.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

absl::StatusOr<Filters> Filters::From(const Arguments& args,
                                      const std::vector<absl::string_view>& known) {
  Filters filters;
  for (const std::string& text : args.values("filter")) {
    const size_t equals = text.find('=');
    const std::string key(absl::StripAsciiWhitespace(absl::string_view(text).substr(0, equals)));
    if (equals == std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--filter: '", text, "': expected KEY=VALUE, of ", absl::StrJoin(known, ", ")));
    }
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return absl::InvalidArgumentError(absl::StrCat("--filter: unknown key '", key,
                                                     "'; there are ", absl::StrJoin(known, ", ")));
    }
    filters.values_[key].push_back(text.substr(equals + 1));
  }
  return filters;
}

const std::vector<std::string>& Filters::values(absl::string_view key) const {
  static const std::vector<std::string>& none = *new std::vector<std::string>();
  const auto found = values_.find(key);
  return found == values_.end() ? none : found->second;
}

bool Filters::Any(absl::string_view key, const Test& test) const {
  const std::vector<std::string>& wanted = values(key);
  return wanted.empty() || std::any_of(wanted.begin(), wanted.end(), test);
}

bool Filters::All(absl::string_view key, const Test& test) const {
  const std::vector<std::string>& wanted = values(key);
  return std::all_of(wanted.begin(), wanted.end(), test);
}

bool Filters::Is(absl::string_view key, absl::string_view value) const {
  return Any(key, [value](const std::string& wanted) { return wanted == value; });
}

bool HasLabel(const std::map<std::string, std::string>& labels, absl::string_view wanted) {
  const size_t equals = wanted.find('=');
  const auto found = labels.find(std::string(wanted.substr(0, equals)));
  if (found == labels.end()) return false;
  return equals == absl::string_view::npos || found->second == wanted.substr(equals + 1);
}

std::string LabelText(const std::map<std::string, std::string>& labels) {
  return absl::StrJoin(labels, ",", absl::PairFormatter("="));
}

}  // namespace pelagos::cli
