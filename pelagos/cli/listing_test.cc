#include "pelagos/cli/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pelagos::cli {
namespace {

using ::testing::HasSubstr;

const std::vector<Flag> kFlags = {kFormatFlag, kJsonFlag, kFilterFlag, kNoTruncFlag,
                                  kQuietFlag,  kLastFlag, kLatestFlag};
const std::vector<Column> kColumns = {
    {"ID", "CONTAINER ID"}, {"Names", "NAMES"}, {"Size", "SIZE", false}};

Arguments Args(const std::vector<std::string>& words) {
  const auto args = ParseFlags(kFlags, words, false);
  EXPECT_TRUE(args.ok()) << args.status();
  return args.value_or(Arguments());
}

std::string Printed(const std::vector<std::string>& words, const std::vector<Row>& rows) {
  auto listing = Listing::From(Args(words), kColumns, {.quiet = "ID"});
  if (!listing.ok()) return std::string(listing.status().message());
  for (const Row& row : rows) listing->Add(row);
  return listing->Text();
}

const std::vector<Row> kRows = {{{"0123", "web", "1kB"}}, {{"4567", "東京", ""}}};

TEST(ListingTest, Table) {
  EXPECT_EQ(Printed({}, kRows),
            "CONTAINER ID   NAMES\n"
            "0123           web\n"
            "4567           東京\n");
  EXPECT_EQ(Printed({"--format", "table"}, {}), "CONTAINER ID   NAMES\n");
}

TEST(ListingTest, ColumnsAreAlignedByWhatIsSeen) {
  EXPECT_EQ(Printed({"--format", "table names, size"}, {{{"1", "東京東京", "1kB"}},
                                                        {{"2", "longer than them", "2kB"}},
                                                        {{"3", "with\x1b[2Jescape", "3kB"}}}),
            "NAMES              SIZE\n"
            "東京東京           1kB\n"
            "longer than them   2kB\n"
            "with [2Jescape     3kB\n");
}

TEST(ListingTest, ColumnsByNameOrTitleInAnyCase) {
  EXPECT_EQ(Printed({"--format", "NAMES"}, kRows), "web\n東京\n");
  EXPECT_EQ(Printed({"--format", "size,Container ID"}, kRows), "1kB\t0123\n\t4567\n");
  EXPECT_EQ(Printed({"--format", "container-id"}, {}), "");
}

TEST(ListingTest, Quiet) {
  EXPECT_EQ(Printed({"-q"}, kRows), "0123\n4567\n");
  EXPECT_EQ(Printed({"-q", "--format", "Names"}, kRows), "0123\n4567\n");
  EXPECT_EQ(Printed({"-q", "--json"}, {}), "[]\n");
}

TEST(ListingTest, Json) {
  EXPECT_EQ(Printed({"--json"}, {}), "[]\n");
  EXPECT_EQ(Printed({"--format", "JSON"}, {{{"0", "a\xff", "1"}}, {{}, {{"ID", 7}}}}),
            "[\n  {\n    \"ID\": \"0\",\n    \"Names\": \"a\ufffd\",\n    \"Size\": \"1\"\n  },\n"
            "  {\n    \"ID\": 7\n  }\n]\n");
}

TEST(ListingTest, WrongFormats) {
  EXPECT_EQ(Printed({"--format", "xml"}, {}),
            "--format: 'xml': expected table, json, or columns: ID,Names,Size");
  EXPECT_THAT(Printed({"--format", "ID,,Names"}, {}), HasSubstr("'ID,,Names'"));
  EXPECT_THAT(Printed({"--format", ""}, {}), HasSubstr("expected table"));
  EXPECT_THAT(Printed({"--format", "tableID"}, {}), HasSubstr("'tableID'"));
  EXPECT_EQ(Printed({"--format", "{{.Names}}\t{{.IDs}} {{.ID}}"}, {}),
            "--format: there are no templates; name columns instead: 'Names,ID', of "
            "ID,Names,Size");
  EXPECT_EQ(Printed({"--format", "table {{json .}}"}, {}),
            "--format: there are no templates; name columns instead: ID,Names,Size");
}

TEST(ListingTest, SaysWhatWillBeShown) {
  const auto shows = [](const std::vector<std::string>& words, absl::string_view column) {
    return Listing::From(Args(words), kColumns, {.quiet = "ID"})->Shows(column);
  };
  EXPECT_FALSE(shows({}, "Size"));
  EXPECT_TRUE(shows({}, "Names"));
  EXPECT_TRUE(shows({"--json"}, "Size"));
  EXPECT_TRUE(shows({"--format", "size"}, "Size"));
  EXPECT_FALSE(shows({"-q"}, "Names"));
  EXPECT_FALSE(Listing::From(Args({}), kColumns)->whole());
  EXPECT_TRUE(Listing::From(Args({"--no-trunc"}), kColumns)->whole());
  EXPECT_TRUE(Listing::From(Args({"--json"}), kColumns)->whole());
}

TEST(FiltersTest, AlternativesAndLabels) {
  const auto filters = Filters::From(
      Args({"-f", "name=a", "--filter", "name=b", "-f", "label=x=1", "-f", "label=y"}),
      {"name", "label", "status"});
  ASSERT_TRUE(filters.ok()) << filters.status();
  EXPECT_TRUE(filters->Is("name", "b"));
  EXPECT_FALSE(filters->Is("name", "c"));
  EXPECT_TRUE(filters->Is("status", "whatever"));
  EXPECT_TRUE(filters->has("label"));
  const auto labels = [&](const std::map<std::string, std::string>& have) {
    return filters->All("label", [&](const std::string& wanted) { return HasLabel(have, wanted); });
  };
  EXPECT_TRUE(labels({{"x", "1"}, {"y", "z"}}));
  EXPECT_FALSE(labels({{"x", "1"}}));
  EXPECT_FALSE(labels({{"x", "2"}, {"y", ""}}));
  EXPECT_EQ(LabelText({{"x", "1"}, {"y", ""}}), "x=1,y=");
}

TEST(FiltersTest, ErrorsNameTheKeys) {
  const auto problem = [](const std::string& filter) {
    return std::string(Filters::From(Args({"-f", filter}), {"id", "name"}).status().message());
  };
  EXPECT_EQ(problem("nmae=x"), "--filter: unknown key 'nmae'; there are id, name");
  EXPECT_EQ(problem("name"), "--filter: 'name': expected KEY=VALUE, of id, name");
  EXPECT_EQ(problem("=x"), "--filter: unknown key ''; there are id, name");
}

}  // namespace
}  // namespace pelagos::cli
