#include "pelagos/cli/engine/prune.h"

#include <gtest/gtest.h>

namespace pelagos::cli::internal {
namespace {

using Labels = std::map<std::string, std::string>;

absl::StatusOr<Picks> From(const std::vector<std::string>& filters) {
  std::vector<std::string> words;
  for (const std::string& filter : filters) words.insert(words.end(), {"--filter", filter});
  const auto args = ParseFlags({{"filter", 0, "X", ""}}, words, false);
  const auto parsed = Filters::From(*args, {"until", "label", "label!"});
  if (!parsed.ok()) return parsed.status();
  return PicksOf(*parsed, absl::FromUnixSeconds(100000));
}

bool Picked(const std::vector<std::string>& filters, int64_t created, const Labels& labels) {
  const auto picks = From(filters);
  EXPECT_TRUE(picks.ok()) << picks.status();
  return picks.ok() && (*picks)(absl::FromUnixSeconds(created), labels);
}

TEST(PicksTest, Ages) {
  EXPECT_TRUE(Picked({}, 100000, {}));
  EXPECT_TRUE(Picked({"until=1h"}, 100000 - 3601, {}));
  EXPECT_FALSE(Picked({"until=1h"}, 100000 - 3599, {}));
  EXPECT_TRUE(Picked({"until=1970-01-01T01:00:00Z"}, 3599, {}));
  EXPECT_FALSE(Picked({"until=1970-01-01T01:00:00Z"}, 3600, {}));
  EXPECT_FALSE(Picked({"until=1h", "until=2h"}, 100000 - 3601, {}));
  EXPECT_FALSE((*From({"until=1h"}))(absl::InfinitePast(), {})) << "it does not say when";
  EXPECT_FALSE(From({"until=yesterday"}).ok());
  EXPECT_FALSE(From({"until=-1h"}).ok());
  EXPECT_FALSE(From({"name=x"}).ok());
}

TEST(PicksTest, Labels) {
  const Labels labels = {{"tier", "db"}};
  EXPECT_TRUE(Picked({"label=tier"}, 0, labels));
  EXPECT_TRUE(Picked({"label=tier=db"}, 0, labels));
  EXPECT_FALSE(Picked({"label=tier=web"}, 0, labels));
  EXPECT_FALSE(Picked({"label!=tier"}, 0, labels));
  EXPECT_TRUE(Picked({"label!=tier=web"}, 0, labels));
  EXPECT_TRUE(Picked({"label!=tier"}, 0, {}));
}

}  // namespace
}  // namespace pelagos::cli::internal
