// What a program reads of the world: that it is noted, and that files are found.
#include "pelagos/reml/inputs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "pelagos/base/sha256.h"
#include "pelagos/reml/host.h"
#include "pelagos/reml/interpreter.h"
#include "pelagos/reml/printer.h"

namespace pelagos::reml {
namespace {

namespace fs = std::filesystem;

std::string Digest(absl::string_view text) { return absl::StrCat("sha256:", Sha256Hex(text)); }

// A folder of its own, and what a program in it gives.
class InputsTest : public testing::Test {
 protected:
  InputsTest() : folder_(Fresh()) {}

  void Write(const std::string& name, const std::string& text) {
    const fs::path path = fs::path(folder_) / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  // Evaluates the file main.reml of this text; the value in write form, or what went wrong without
  // the folder's name.
  std::string Run(const std::string& text, Host host = {}) {
    Write("main.reml", text);
    output_.clear();
    host.output = [this](absl::string_view written) { absl::StrAppend(&output_, written); };
    SourceMap sources;
    Interpreter interpreter(sources, {}, std::move(host));
    Diagnostics diagnostics;
    const std::optional<Value> value =
        interpreter.Evaluate(sources.Add(folder_ + "/main.reml", text), diagnostics);
    inputs_.clear();
    for (Input input : interpreter.inputs().list()) {
      input.name = Shorten(input.name);
      inputs_.push_back(std::move(input));
    }
    return value ? reml::Write(*value) : Shorten(Render(sources, diagnostics));
  }
  std::string Shorten(std::string text) const {
    for (size_t at; (at = text.find(folder_ + "/")) != std::string::npos;) {
      text.erase(at, folder_.size() + 1);
    }
    return text;
  }

  std::string folder_;
  std::string output_;
  std::vector<Input> inputs_;

 private:
  static std::string Fresh() {
    static int number = 0;
    const std::string folder = absl::StrCat(testing::TempDir(), "/inputs", ++number);
    fs::remove_all(folder);
    fs::create_directories(folder);
    return folder;
  }
};

TEST_F(InputsTest, VariablesAreNoted) {
  Host host;
  host.environment = [](absl::string_view name) -> std::optional<std::string> {
    if (name == "TAG") return "1.27";
    return std::nullopt;
  };
  EXPECT_EQ(Run("(list (env \"TAG\") (env 'TAG) (env \"NO\" :default 'x) (env \"NO\") "
                "(get-environment-variable \"NO\") (env \"TAG\" 1 2))",
                host),
            "(\"1.27\" \"1.27\" x () #f \"1.27\")");
  EXPECT_EQ(inputs_, (std::vector<Input>{{InputKind::kEnv, "TAG", Digest("1.27")},
                                         {InputKind::kEnv, "NO", "unset"}}));
  EXPECT_EQ(Run("(require-env \"NO\")", host),
            "main.reml:1:14: error: require-env: NO is not set\n"
            "1 | (require-env \"NO\")\n"
            "  |              ^^^^ set it for this command: NO=... pelagos ...\n");
  EXPECT_EQ(inputs_, (std::vector<Input>{{InputKind::kEnv, "NO", "unset"}}));
}

TEST_F(InputsTest, NothingIsReadOfNothing) {
  EXPECT_EQ(Run("(map (lambda (x) (* x x)) (iota 4))"), "(0 1 4 9)");
  EXPECT_TRUE(inputs_.empty());
}

TEST_F(InputsTest, FilesAreFoundFromTheFileThatReadsThem) {
  Write("motd.txt", "grüß\n");
  Write("conf/a.txt", "inner");
  Write("conf/lib.reml",
        "(define inner (read-file \"a.txt\")) (define (again) (read-file \"./a.txt\"))");
  EXPECT_EQ(Run("(import \"conf/lib.reml\") (list (read-file \"motd.txt\") inner (again))"),
            "(\"grüß\\n\" \"inner\" \"inner\")");
  ASSERT_EQ(inputs_.size(), 3u);
  EXPECT_EQ(inputs_[0].name, "conf/lib.reml");
  EXPECT_EQ(inputs_[2], (Input{InputKind::kFile, "motd.txt", Digest("grüß\n")}));
  EXPECT_EQ(inputs_[1], (Input{InputKind::kFile, "conf/a.txt", Digest("inner")}));
  EXPECT_EQ(Run(absl::StrCat("(read-file \"", folder_, "/conf/a.txt\")")), "\"inner\"");
}

TEST_F(InputsTest, FilesThatCannotBeRead) {
  EXPECT_EQ(Run("(read-file \"no.txt\")"),
            "main.reml:1:12: error: read-file: 'no.txt': No such file or directory\n"
            "1 | (read-file \"no.txt\")\n"
            "  |            ^^^^^^^^ paths count from the folder of this file\n");
  EXPECT_EQ(inputs_, (std::vector<Input>{{InputKind::kFile, "no.txt", "unreadable"}}));
  const auto message = [&](const std::string& text) {
    const std::string all = Run(absl::StrCat("(guard (e (#t e)) ", text, ")"));
    return all;
  };
  fs::create_directory(folder_ + "/folder");
  EXPECT_EQ(Run("(read-file \"folder\")").substr(0, 59),
            "main.reml:1:12: error: read-file: 'folder': Is a directory\n");
  ASSERT_EQ(::mkfifo((folder_ + "/fifo").c_str(), 0600), 0);
  EXPECT_NE(Run("(read-file \"fifo\")").find("'fifo': not a regular file"), std::string::npos);
  EXPECT_NE(message("(read-file \"/dev/zero\")").find("'/dev/zero': not a regular file"),
            std::string::npos);
  Write("latin.txt", "ab\xe9");
  EXPECT_NE(Run("(read-file \"latin.txt\")").find("'latin.txt': not UTF-8 at byte 2"),
            std::string::npos);
  Write("large.txt", std::string((16 << 20) + 1, 'x'));
  EXPECT_NE(Run("(read-file \"large.txt\")").find("'large.txt': larger than 16777216 bytes"),
            std::string::npos);
  EXPECT_EQ(message("(read-file \"\")"), "\"read-file: not a path: it is empty\"");
  EXPECT_EQ(message("(read-file 'x)"), "\"read-file: expected string, got symbol\"");
}

TEST_F(InputsTest, AFileIsImportedOnce) {
  Write("lib.reml", "(display \"lib \") (define (double x) (* 2 x))");
  Write("sub/other.reml", "(import \"../lib.reml\") (display \"other \")");
  EXPECT_EQ(Run("(import \"lib.reml\") (import \"sub/other.reml\" \"./lib.reml\")"
                "(display (import \"lib.reml\")) (double 4)"),
            "8");
  EXPECT_EQ(output_, "lib other ()");
}

TEST_F(InputsTest, ImportOfLibrariesIsNothing) {
  EXPECT_EQ(Run("(import (scheme base) (only (scheme write) display) (except (srfi 1) fold))"),
            "()");
  EXPECT_EQ(Run("(define dir \"a\") (import (string-append dir \"/x.reml\"))"),
            "main.reml:1:26: error: import: 'a/x.reml': No such file or directory\n"
            "1 | (define dir \"a\") (import (string-append dir \"/x.reml\"))\n"
            "  |                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ "
            "paths count from the folder of this file\n");
  const auto first_line = [&](const std::string& text) {
    const std::string all = Run(text);
    return all.substr(0, all.find('\n'));
  };
  EXPECT_EQ(first_line("(import (scheme bas))"),
            "main.reml:1:9: error: import: unknown library (scheme bas)");
  EXPECT_EQ(first_line("(import (foo bar))"),
            "main.reml:1:9: error: import: unknown library (foo bar)");
  EXPECT_EQ(first_line("(import (prefix (scheme base) s:))"),
            "main.reml:1:9: error: import: prefix is not possible: names have no modules here");
  EXPECT_EQ(first_line("(import)"), "main.reml:1:1: error: import: expected a file");
  EXPECT_EQ(first_line("(import :sha256 \"x\")"),
            "main.reml:1:9: error: import: expected a file, got :sha256");
  EXPECT_EQ(first_line("(import \"x\" :sha \"y\")"),
            "main.reml:1:13: error: import: unknown option ':sha'");
  EXPECT_EQ(first_line("(import \"x\" :sha256)"),
            "main.reml:1:13: error: import: ':sha256' needs a value");
}

TEST_F(InputsTest, AnImportCanSayWhichContentItWants) {
  const std::string text = "(define x 1)";
  Write("lib.reml", text);
  EXPECT_EQ(Run(absl::StrCat("(import \"lib.reml\" :sha256 \"", Sha256Hex(text), "\") x")), "1");
  EXPECT_EQ(Run(absl::StrCat("(import \"lib.reml\" :sha256 \"", Digest(text), "\") x")), "1");
  const std::string other = Sha256Hex("other");
  EXPECT_EQ(Run(absl::StrCat("(import \"lib.reml\"\n  :sha256 \"", other, "\")")),
            absl::StrCat("main.reml:2:11: error: import: 'lib.reml' is not the expected file\n"
                         "2 |   :sha256 \"",
                         other, "\")\n  |           ", std::string(66, '^'), " its sha256 is ",
                         Sha256Hex(text), "\n"));
  EXPECT_NE(Run("(import \"lib.reml\" :sha256 \"12\")").find("import: not a SHA-256 digest"),
            std::string::npos);
}

TEST_F(InputsTest, ACycleIsShownAsAChain) {
  Write("a.reml", "(import \"b.reml\")");
  Write("b.reml", "\n(import \"main.reml\")");
  const std::string all = Run("(import \"a.reml\")");
  EXPECT_EQ(all.substr(0, all.find('\n')),
            "b.reml:2:9: error: import cycle: main.reml -> a.reml -> b.reml -> main.reml");
  Write("self.reml", "(import \"self.reml\")");
  EXPECT_NE(Run("(import \"self.reml\")").find("import cycle: self.reml -> self.reml"),
            std::string::npos);
}

TEST_F(InputsTest, ErrorsPointIntoTheImportedFile) {
  Write("lib.reml", "(define (f x)\n  (car x))\n(f 5)");
  EXPECT_EQ(Run("(import \"lib.reml\")").substr(0, 51),
            "lib.reml:2:8: error: car: expected pair, got int\n2 ");
  Write("broken.reml", "(define x");
  EXPECT_EQ(Run("(import \"broken.reml\")").substr(0, 38),
            "broken.reml:1:1: error: unmatched '('\n");
  // It was not imported, and can be again.
  EXPECT_NE(
      Run("(guard (e (#t 1)) (import \"lib.reml\")) (import \"lib.reml\")").find("lib.reml:2:8"),
      std::string::npos);
}

TEST_F(InputsTest, ClocksAndChanceAreNoted) {
  Host host;
  host.now = [] { return 12.5; };
  host.ticks = [] { return int64_t{7}; };
  uint64_t next = 41;
  host.random = [&] { return next++; };
  EXPECT_EQ(Run("(list (current-second) (current-jiffy) (random 10) (random 10))", host),
            "(12.5 7 1 2)");
  ASSERT_EQ(inputs_.size(), 3u);
  EXPECT_EQ(inputs_[0].name, "current-second");
  EXPECT_EQ(inputs_[1].name, "current-jiffy");
  EXPECT_EQ(inputs_[2].kind, InputKind::kRandom);
  const std::vector<Input> before = inputs_;
  next = 41;
  Run("(list (current-second) (current-jiffy) (random 10) (random 10))", host);
  EXPECT_EQ(inputs_, before);
  Run("(list (current-second) (current-jiffy) (random 10) (random 10))", host);
  EXPECT_NE(inputs_, before);
}

TEST_F(InputsTest, RandomIsEven) {
  Host host;
  // Beyond the last whole multiple of 3, then 5.
  std::vector<uint64_t> bits = {5, UINT64_MAX};
  host.random = [&] {
    const uint64_t last = bits.back();
    bits.pop_back();
    return last;
  };
  EXPECT_EQ(Run("(random 3)", host), "2");
  EXPECT_EQ(Run("(< -1 (random 9223372036854775807))"), "#t");
}

TEST_F(InputsTest, TheSameInputsGiveTheSame) {
  Write("lib.reml", "(define names (map symbol->string '(b a c)))");
  const std::string program =
      "(import \"lib.reml\") (define table (hash-table))"
      "(for-each (lambda (n) (hash-table-set! table n (env n :default n))) names)"
      "(display table) (list names car (lambda (x) x) (hash-table->alist table))";
  const std::string value = Run(program);
  const std::string printed = output_;
  const std::vector<Input> inputs = inputs_;
  EXPECT_EQ(Run(program), value);
  EXPECT_EQ(output_, printed);
  EXPECT_EQ(inputs_, inputs);
}

TEST_F(InputsTest, AClosedHostHasNothing) {
  EXPECT_EQ(Run("(list (env \"PATH\") (current-second) (random 5))", ClosedHost()), "(() 0.0 0)");
  EXPECT_NE(Run("(read-file \"main.reml\")", ClosedHost()).find("No such file"), std::string::npos);
}

}  // namespace
}  // namespace pelagos::reml
