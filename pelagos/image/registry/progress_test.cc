// Bars on a pseudo terminal, as a terminal shows them; the other forms on a pipe.

#include "pelagos/image/registry/progress.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pelagos/base/fd.h"

namespace pelagos::image {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

// As much of a terminal as is needed: rows of text, a cursor, wrapping, and the sequences that
// Progress uses (ECMA-48: CUU, EL, ED).
class Screen {
 public:
  Screen(size_t columns, size_t rows) : columns_(columns), rows_(rows) {
    master_.emplace(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    EXPECT_EQ(::grantpt(master_->get()), 0);
    EXPECT_EQ(::unlockpt(master_->get()), 0);
    char name[100];
    EXPECT_EQ(::ptsname_r(master_->get(), name, sizeof(name)), 0);
    slave_.emplace(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    Resize(columns, rows);
  }
  int fd() const { return slave_->get(); }

  // Rows that have become too long are wrapped, as terminals do.
  void Resize(size_t columns, size_t rows) {
    columns_ = columns;
    rows_ = rows;
    std::vector<std::string> wrapped;
    for (std::string line : lines_) {
      line.erase(line.find_last_not_of(' ') + 1);
      do {
        wrapped.push_back(line.substr(0, columns));
        line.erase(0, columns);
      } while (!line.empty());
    }
    lines_ = wrapped;
    if (at_ != 0) at_ = lines_.size() - 1;
    winsize size = {};
    size.ws_col = static_cast<uint16_t>(columns);
    size.ws_row = static_cast<uint16_t>(rows);
    EXPECT_EQ(::ioctl(fd(), TIOCSWINSZ, &size), 0);
  }

  // Takes in what was written, until the shown text fulfils `done`.
  template <typename F>
  bool Until(F done) {
    constexpr int kPatience = 20000;  // ms
    for (;;) {
      if (done(Text())) return true;
      pollfd ready = {master_->get(), POLLIN, 0};
      if (::poll(&ready, 1, kPatience) != 1) return false;
      char bytes[4096];
      const ssize_t count = ::read(master_->get(), bytes, sizeof(bytes));
      if (count <= 0) return false;
      for (ssize_t i = 0; i < count; ++i) Put(bytes[i]);
    }
  }
  // Takes in what is there already.
  void Drain() {
    pollfd ready = {master_->get(), POLLIN, 0};
    while (::poll(&ready, 1, 0) == 1) {
      char bytes[4096];
      const ssize_t count = ::read(master_->get(), bytes, sizeof(bytes));
      if (count <= 0) return;
      for (ssize_t i = 0; i < count; ++i) Put(bytes[i]);
    }
  }

  // The rows, without blanks at their ends and empty ones at the end.
  std::vector<std::string> Rows() const {
    std::vector<std::string> rows;
    for (const std::string& line : lines_) {
      rows.emplace_back(absl::StripTrailingAsciiWhitespace(line));
    }
    while (!rows.empty() && rows.back().empty()) rows.pop_back();
    return rows;
  }
  std::string Text() const {
    std::string text;
    for (const std::string& row : Rows()) absl::StrAppend(&text, row, "\n");
    return text;
  }

 private:
  void Put(char c) {
    if (!escape_.empty()) {
      escape_.push_back(c);
      if (absl::ascii_isalpha(static_cast<unsigned char>(c))) Obey();
      return;
    }
    if (lines_.size() <= at_) lines_.resize(at_ + 1);
    if (c == '\x1b') {
      escape_ = c;
    } else if (c == '\r') {
      column_ = 0;
    } else if (c == '\n') {
      ++at_;
      if (lines_.size() <= at_) lines_.resize(at_ + 1);
    } else {
      if (column_ == columns_) {  // wraps
        column_ = 0;
        ++at_;
        if (lines_.size() <= at_) lines_.resize(at_ + 1);
      }
      std::string& line = lines_[at_];
      line.resize(std::max(line.size(), column_ + 1), ' ');
      line[column_++] = c;
    }
  }
  void Obey() {
    size_t number = 0;
    const std::string digits = escape_.substr(2, escape_.size() - 3);
    if (!absl::SimpleAtoi(digits, &number)) number = 0;
    switch (escape_.back()) {
      case 'A': {
        // Never above the first row of the window.
        const size_t top = lines_.size() > rows_ ? lines_.size() - rows_ : 0;
        at_ = std::max(top, at_ - std::min(at_, std::max<size_t>(number, 1)));
        break;
      }
      case 'K':
        lines_[at_].resize(std::min(lines_[at_].size(), column_));
        break;
      case 'J':
        lines_[at_].resize(std::min(lines_[at_].size(), column_));
        lines_.resize(at_ + 1);
        break;
      default:
        ADD_FAILURE() << "unknown sequence ESC" << escape_.substr(1);
    }
    escape_.clear();
  }

  size_t columns_, rows_;
  std::optional<Fd> master_, slave_;
  std::vector<std::string> lines_ = {""};
  size_t at_ = 0, column_ = 0;
  std::string escape_;
};

bool Has(const std::string& text, const std::string& part) { return absl::StrContains(text, part); }

TEST(ProgressTest, ABarForEachLayerIsDrawnAgain) {
  Screen screen(100, 24);
  {
    Progress progress(ProgressMode::kAuto, screen.fd());
    const size_t a = progress.Add("sha256:aaaaaaaaaaaaaaaaaaaa", 2000000);
    const size_t b = progress.Add("sha256:bbbbbbbbbbbbbbbbbbbb", 10000000);
    progress.Status(a, "downloading");
    progress.Status(b, "downloading");
    progress.Advance(a, 1000000);
    ASSERT_TRUE(screen.Until([](const std::string& text) { return Has(text, "] 1.0 MB/2.0 MB"); }));
    EXPECT_THAT(
        screen.Rows(),
        ElementsAre("aaaaaaaaaaaa downloading  [===============>               ] 1.0 MB/2.0 MB",
                    "bbbbbbbbbbbb downloading  10.0 MB"));
    progress.Advance(b, 9999999);
    ASSERT_TRUE(screen.Until([](const std::string& text) { return Has(text, "/10.0 MB"); }));
    EXPECT_THAT(screen.Rows(), SizeIs(2)) << screen.Text();
    progress.Note("a word in between");
    progress.SetDone(a, 2000000);
    progress.Status(a, "done");
    progress.Status(b, "failed");
  }
  screen.Drain();
  // No bar stays, nor anything twice.
  EXPECT_THAT(screen.Rows(), ElementsAre("a word in between", "aaaaaaaaaaaa done         2.0 MB",
                                         "bbbbbbbbbbbb failed       10.0 MB"));
}

TEST(ProgressTest, NoRowIsWiderThanTheTerminal) {
  Screen screen(60, 24);
  {
    Progress progress(ProgressMode::kTty, screen.fd());
    const size_t a = progress.Add("sha256:aaaaaaaaaaaaaaaaaaaa", 2000000);
    progress.Add("sha256:bbbbbbbbbbbbbbbbbbbb", 2000000);
    progress.Status(a, "downloading");
    progress.Advance(a, 1000000);
    ASSERT_TRUE(screen.Until([](const std::string& text) { return Has(text, "[====="); }));
    EXPECT_THAT(screen.Rows(), SizeIs(2)) << screen.Text();
    for (const std::string& row : screen.Rows()) EXPECT_LT(row.size(), 60u);

    // Narrower: what stood there was wrapped, and is drawn over all the same.
    screen.Drain();
    screen.Resize(30, 24);
    EXPECT_THAT(screen.Rows(), SizeIs(4)) << screen.Text();
    progress.Status(a, "unpacking");
    ASSERT_TRUE(screen.Until([](const std::string& text) {
      return Has(text, "aaaaaaaaaaaa unpacking") && !Has(text, "downloading");
    })) << screen.Text();
    EXPECT_THAT(screen.Rows(), SizeIs(2)) << screen.Text();
    for (const std::string& row : screen.Rows()) EXPECT_LT(row.size(), 30u);

    // Wider again.
    screen.Resize(100, 24);
    progress.Status(a, "checking");
    ASSERT_TRUE(screen.Until([](const std::string& text) { return Has(text, "1.0 MB/2.0 MB"); }));
    EXPECT_THAT(screen.Rows(), SizeIs(2)) << screen.Text();
  }
  screen.Drain();
  EXPECT_THAT(screen.Rows(),
              ElementsAre("aaaaaaaaaaaa checking     2.0 MB", "bbbbbbbbbbbb waiting      2.0 MB"));
}

TEST(ProgressTest, MoreLayersThanRows) {
  Screen screen(80, 5);
  constexpr int kLayers = 12;
  {
    Progress progress(ProgressMode::kTty, screen.fd());
    for (int i = 0; i < kLayers; ++i) progress.Add(absl::StrCat("layer-", i), 1000);
    ASSERT_TRUE(screen.Until([](const std::string& text) { return Has(text, "layer-11"); }));
    progress.Status(kLayers - 1, "downloading");
    ASSERT_TRUE(screen.Until([](const std::string& text) { return Has(text, "downloading"); }));
    EXPECT_THAT(screen.Rows(), SizeIs(4)) << screen.Text();
    EXPECT_THAT(screen.Rows()[0], StartsWith("layer-8 "));
  }
  screen.Drain();
  ASSERT_THAT(screen.Rows(), SizeIs(kLayers)) << screen.Text();
  for (int i = 0; i < kLayers; ++i) {
    EXPECT_THAT(screen.Rows()[static_cast<size_t>(i)], StartsWith(absl::StrCat("layer-", i, " ")));
  }
}

std::string OnPipe(ProgressMode mode) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd reading(ends[0]);
  Fd writing(ends[1]);
  {
    Progress progress(mode, writing.get());
    const size_t a = progress.Add("sha256:aaaaaaaaaaaaaaaaaaaa", 2000000);
    progress.Status(a, "downloading");
    progress.Advance(a, 2000000);
    progress.Status(a, "done");
  }
  writing.reset();
  std::string text;
  char bytes[4096];
  ssize_t count = 0;
  while ((count = ::read(reading.get(), bytes, sizeof(bytes))) > 0) {
    text.append(bytes, static_cast<size_t>(count));
  }
  return text;
}

TEST(ProgressTest, LinesWhereThereIsNoTerminal) {
  const std::string lines = "aaaaaaaaaaaa: downloading 2.0 MB\naaaaaaaaaaaa: done\n";
  EXPECT_EQ(OnPipe(ProgressMode::kAuto), lines);
  EXPECT_EQ(OnPipe(ProgressMode::kPlain), lines);
  EXPECT_THAT(OnPipe(ProgressMode::kQuiet), IsEmpty());
  const std::string json = OnPipe(ProgressMode::kJson);
  EXPECT_THAT(json, HasSubstr(R"("status":"done")"));
  EXPECT_THAT(json, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace pelagos::image
