// Lists, for people and for programs: rows of named columns, and the flags that all lists share.
//
//   static const std::vector<Column> kColumns = {{"ID", "CONTAINER ID"}, {"Names", "NAMES"}};
//   const auto listing = Listing::From(args, kColumns, {.quiet = "ID"});   // usage errors
//   listing->Add({{id, name}, json});
//   std::cout << listing->Text();
//
//   --format table           titles and aligned columns; so without --format
//   --format json, --json    an array of objects, "[]" when it is empty
//   --format A,B             those columns, without titles, a tab between them: for scripts
//   --format "table A,B"     a table of those columns
//   -q, --quiet              the first column that tells things apart, a line each
//
// There are no templates: `{{.Names}}` is an error that says what to write instead. Nothing that a
// terminal would obey is printed, and no colour. Source: docker-ps(1), docker-volume-ls(1).
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/cli/command.h"

namespace pelagos::cli {

// One for each flag that a list has; a command takes those that it means.
inline constexpr Flag kFormatFlag = {
    "format", 0, "FORMAT", "table, json, or names of columns: A,B (\"table A,B\": with titles)"};
inline constexpr Flag kJsonFlag = {"json", 0, "", "the same as --format json"};
inline constexpr Flag kFilterFlag = {"filter", 'f', "KEY=VALUE", "only those; may be repeated"};
inline constexpr Flag kNoTruncFlag = {"no-trunc", 0, "", "nothing is cut off"};
inline constexpr Flag kQuietFlag = {"quiet", 'q', "", "only what tells them apart, a line each"};
inline constexpr Flag kLastFlag = {"last", 'n', "N", "the N that were made last, in any state"};
inline constexpr Flag kLatestFlag = {"latest", 'l', "", "the one that was made last"};

struct Column {
  absl::string_view name;   // as --format takes it (in any case, or the title) and JSON has it
  absl::string_view title;  // what stands over it
  bool standard = true;     // in a table without being asked for
};

struct Row {
  std::vector<std::string> cells;  // one per column, in their order
  // Instead of an object of the cells. Made only if listing.json().
  nlohmann::ordered_json json = nullptr;
};

struct ListingOptions {
  absl::string_view quiet = {};  // the column that -q prints; of a command that has -q
};

class Listing {
 public:
  // InvalidArgument: a format that is none, with the columns that there are. Columns' texts must
  // outlive the listing.
  static absl::StatusOr<Listing> From(const Arguments& args, std::vector<Column> columns,
                                      ListingOptions options = {});

  bool json() const { return form_ == Form::kJson; }
  // Whether --no-trunc was given, or the rows are for a program: whole texts then.
  bool whole() const { return whole_; }
  // Whether the column will be printed: what is dear to find out may be left empty if not.
  // Requires: there is such a column.
  bool Shows(absl::string_view column) const;

  // Requires: one cell per column, unless json() and the row has its object.
  void Add(Row row) { rows_.push_back(std::move(row)); }

  // All of it, with its last line's end.
  std::string Text() const;

 private:
  enum class Form { kTable, kLines, kJson };

  std::string Table() const;
  std::string Lines() const;
  std::string JsonText() const;

  std::vector<Column> columns_;
  std::vector<size_t> shown_;  // indices into columns_, in the order of printing
  Form form_ = Form::kTable;
  bool whole_ = false;
  std::vector<Row> rows_;
};

// What --filter asks for. Several values of one key are alternatives, but for labels, which must
// all be there; different keys must all hold. (So it is Docker's.)
class Filters {
 public:
  // InvalidArgument: no KEY=VALUE, or a key that is not in `known`; names the known ones.
  static absl::StatusOr<Filters> From(const Arguments& args,
                                      const std::vector<absl::string_view>& known);

  bool empty() const { return values_.empty(); }
  bool has(absl::string_view key) const { return values_.find(key) != values_.end(); }
  // In the order they were given.
  const std::vector<std::string>& values(absl::string_view key) const;

  using Test = std::function<bool(const std::string& value)>;
  // True too if nothing was asked for this key.
  bool Any(absl::string_view key, const Test& test) const;
  bool All(absl::string_view key, const Test& test) const;
  // Any value is this one.
  bool Is(absl::string_view key, absl::string_view value) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

// `wanted` is KEY, or KEY=VALUE.
bool HasLabel(const std::map<std::string, std::string>& labels, absl::string_view wanted);

// "a=1,b=2", as lists have labels.
std::string LabelText(const std::map<std::string, std::string>& labels);

}  // namespace pelagos::cli
