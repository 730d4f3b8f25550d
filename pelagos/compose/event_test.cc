#include "pelagos/compose/event.h"

#include <gtest/gtest.h>

namespace pelagos::compose {
namespace {

TEST(EventTest, RoundTrip) {
  const Event event = {EventKind::kFailed, "web", "exit code 1\n\"quoted\"", 0.25, {"a", "b"}};
  const std::string line = Encode(event);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(Decode(line), event);
  EXPECT_EQ(Decode(Encode({EventKind::kUp, "", "", 0, {}})),
            (Event{EventKind::kUp, "", "", 0, {}}));
}

TEST(EventTest, BrokenLinesAreNoEvents) {
  for (const char* line : {"", "x", "[]", "{}", "{\"kind\":\"zzz\"}", "{\"kind\":5}",
                           "{\"kind\":\"up\",\"seconds\":\"soon\"}"}) {
    EXPECT_FALSE(Decode(line).has_value()) << line;
  }
  EXPECT_TRUE(Decode(Encode({EventKind::kOutput, "", "\xff", 0, {}})).has_value());
}

}  // namespace
}  // namespace pelagos::compose
