#include "pelagos/compose/display.h"

#include <gtest/gtest.h>

#include <sstream>

namespace pelagos::compose {
namespace {

Event Of(EventKind kind, const std::string& service = "", const std::string& text = "",
         double seconds = 0) {
  return {kind, service, text, seconds, {}};
}

TEST(DisplayTest, PlainLines) {
  std::ostringstream out;
  Display display(out, {{"db", ""}, {"web", "127.0.0.1:8080 -> 80"}}, /*live=*/false);
  display.Show(Of(EventKind::kStarting, "db"));
  display.Show(Of(EventKind::kReady, "db", "", 0.123));
  display.Show(Of(EventKind::kOutput, "", "hello from a hook\n"));
  display.Show(Of(EventKind::kReady, "web", "", 1));
  display.Show(Of(EventKind::kWarning, "web", "port 80 is not open yet"));
  EXPECT_FALSE(display.moving());
  EXPECT_EQ(out.str(),
            "db: ready in 0.12 s\n"
            "hello from a hook\n"
            "web: ready in 1.00 s, 127.0.0.1:8080 -> 80\n"
            "warning: web: port 80 is not open yet\n");
}

TEST(DisplayTest, LiveRowsAreDrawnAgain) {
  std::ostringstream out;
  Display display(out, {{"db", ""}, {"web", "127.0.0.1:8080 -> 80"}}, /*live=*/true, 40);
  EXPECT_EQ(out.str(), "  db   waiting\n  web  waiting\n");
  out.str("");
  display.Show(Of(EventKind::kStarting, "db"));
  EXPECT_TRUE(display.moving());
  EXPECT_EQ(out.str(), "\x1b[2A\r\x1b[J⣾ db   starting\n  web  waiting\n");
  out.str("");
  display.Tick();
  EXPECT_EQ(out.str(), "\x1b[2A\r\x1b[J⣽ db   starting\n  web  waiting\n");
  out.str("");
  display.Show(Of(EventKind::kReady, "db", "", 0.5));
  display.Show(Of(EventKind::kReady, "web", "", 0.25));
  EXPECT_FALSE(display.moving());
  // The last row is cut at the terminal's width.
  EXPECT_NE(out.str().find("✔ db   ready in 0.50 s\n✔ web  ready in 0.25 s  127.0.0.1:8080 \n"),
            std::string::npos);
}

TEST(DisplayTest, FailureNamesTheServiceAndShowsItsLog) {
  EXPECT_EQ(FailureText({EventKind::kFailed, "web", "exited with code 3", 0, {"a", "b"}}),
            "service 'web' failed: exited with code 3\n"
            "the last lines of its log:\n  web | a\n  web | b\n");
  EXPECT_EQ(FailureText({EventKind::kFailed, "", "no network", 0, {}}),
            "the stack failed: no network\n");
}

}  // namespace
}  // namespace pelagos::compose
