// How long an editor waits for the language server while somebody types in the middle of a
// 2,000-line stack file: through the program itself, over pipes.
//
//   bazel run -c opt //benchmarks/reml:lsp_bench
//
// Each of 500 characters is a change; after it come its diagnostics, then a hover, a completion,
// the symbols and the layout of the whole file. The floor is the same bytes through `cat`, there
// and back, over the same kind of pipes.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pelagos/lsp/frame.h"
#include "pelagos/lsp/message.h"
#include "tests/lsp/process.h"

namespace pelagos::lsp {
namespace {

constexpr int kLines = 2000;
constexpr int kCharacters = 500;
constexpr char kUri[] = "file:///bench/stack.reml";

[[noreturn]] void Fail(absl::string_view why) {
  std::fprintf(stderr, "lsp_bench: %s\n", std::string(why).c_str());
  std::exit(1);
}

// Services with all that belongs to them, and procedures between; `*here` is the line to type in.
std::string Stack(int* here) {
  std::string text = "; A large stack.\n(define domain \"shop.example\")\n\n";
  int line = 3;
  std::string names;
  for (int i = 0; line < kLines - 1; ++i) {
    absl::StrAppend(&text, "; Service ", i, ", and what it needs.\n(define (image-", i,
                    " tag)\n  (if (string-null? tag)\n      (string-append \"app-", i,
                    ":\" domain)\n      (string-append \"app-", i, ":\" tag)))\n\n",
                    "(define-service s", i, " \"s", i, "\"\n  :image (image-", i,
                    " \"2\")\n  :network \"back\" \"front\"\n  :port ", 8000 + i,
                    " 80\n  :env (\"NAME\" . \"s", i, "\") (\"LEVEL\" . \"info\")\n");
    line += 11;
    if (i > 0) {
      absl::StrAppend(&text, "  :depends-on \"s", i - 1, "\" 80\n");
      ++line;
    }
    absl::StrAppend(&text, "  :memory \"64m\")\n\n");
    line += 2;
    absl::StrAppend(&names, " s", i);
    if (*here == 0 && line > kLines / 2) {
      *here = line;
      text += "(display (list))\n";
      ++line;
    }
  }
  absl::StrAppend(&text, "(compose-up (compose", names,
                  " (network \"back\") (network \"front\")))\n");
  return text;
}

class Times {
 public:
  void Add(absl::Duration time) { times_.push_back(absl::ToDoubleMilliseconds(time)); }
  void Print(absl::string_view what) {
    std::sort(times_.begin(), times_.end());
    const auto at = [&](double part) {
      return times_[std::min(times_.size() - 1,
                             static_cast<size_t>(part * static_cast<double>(times_.size())))];
    };
    std::printf("%-28s %4zu  p50 %7.2f ms  p99 %7.2f ms  max %7.2f ms\n", std::string(what).c_str(),
                times_.size(), at(0.5), at(0.99), times_.back());
  }

 private:
  std::vector<double> times_;
};

class Bench {
 public:
  explicit Bench(const std::string& program) : server_({program, "reml", "lsp"}) {}

  void Run() {
    Ask("initialize",
        {{"capabilities",
          {{"textDocument",
            {{"hover", {{"contentFormat", Json::array({"markdown"})}}},
             {"documentSymbol", {{"hierarchicalDocumentSymbolSupport", true}}}}}}}},
        nullptr);
    std::string text = Stack(&line_);
    lines_ = std::count(text.begin(), text.end(), '\n');
    std::printf("a stack of %td lines, %zu bytes\n", lines_, text.size());
    const absl::Time before = absl::Now();
    Tell("didOpen", {{"textDocument", {{"uri", kUri}, {"version", 1}, {"text", text}}}});
    AwaitDiagnostics(1);
    times_["opened -> diagnostics"].Add(absl::Now() - before);
    column_ = 14;  // (display (list|))
    Type(" ");
    constexpr absl::string_view kTyped =
        "(string-append \"web\" domain (image-7 \"3\")) (length '(1 2)) ";
    for (size_t i = 0; version_ < 2 * (kCharacters + 1); ++i) One(kTyped[i % kTyped.size()]);
    for (auto& [what, times] : times_) times.Print(what);
    Floor();
  }

 private:
  void Send(const Json& message) {
    const std::string bytes = Framed(message.dump());
    if (!server_.Write(bytes)) Fail("the server does not read");
    sent_.push_back(bytes);
  }
  void Tell(absl::string_view method, const Json& params) {
    Send({{"jsonrpc", "2.0"},
          {"method", absl::StrCat("textDocument/", method)},
          {"params", params}});
  }
  void Ask(const std::string& method, const Json& params, const char* what) {
    const absl::Time before = absl::Now();
    Send({{"jsonrpc", "2.0"}, {"id", ++id_}, {"method", method}, {"params", params}});
    for (;;) {
      const std::optional<std::string> body = server_.Next();
      if (!body) Fail("no answer");
      const absl::Time after = absl::Now();
      const std::optional<Json> message = ParseJson(*body);
      if (!message || Find(*message, "id") == nullptr) continue;
      if (Find(*message, "result") == nullptr) Fail(*body);
      if (what != nullptr) times_[what].Add(after - before);
      return;
    }
  }
  void AwaitDiagnostics(int version) {
    for (;;) {
      const std::optional<std::string> body = server_.Next();
      if (!body) Fail("no diagnostics");
      const std::optional<Json> message = ParseJson(*body);
      if (!message) Fail(*body);
      const Json* params = Find(*message, "params");
      if (params != nullptr && NumberIn(*params, "version") == version) return;
    }
  }

  Json Here() const {
    return {{"textDocument", {{"uri", kUri}}},
            {"position", {{"line", line_}, {"character", column_}}}};
  }
  void Type(absl::string_view text) {
    const Json place = {{"line", line_}, {"character", column_}};
    Tell("didChange",
         {{"textDocument", {{"uri", kUri}, {"version", ++version_}}},
          {"contentChanges", Json::array({{{"range", {{"start", place}, {"end", place}}},
                                           {"text", std::string(text)}}})}});
    AwaitDiagnostics(version_);
    ++column_;
  }
  // What closes is there already, as editors do it.
  void One(char c) {
    const bool opens = c == '(' || (c == '"' && !in_text_);
    if (c == ')' || (c == '"' && in_text_)) {
      ++column_;
      in_text_ = false;
      return;
    }
    in_text_ |= c == '"';
    const absl::Time before = absl::Now();
    Type(c == '(' ? "()" : opens ? "\"\"" : absl::string_view(&c, 1));
    times_["change -> diagnostics"].Add(absl::Now() - before);
    Ask("textDocument/hover", Here(), "hover");
    Ask("textDocument/completion", Here(), "completion");
    Ask("textDocument/documentSymbol", Here(), "symbols");
    Ask("textDocument/formatting", Here(), "formatting");
    // An answer to a change that nothing is known of yet: what typing and completing costs.
    const absl::Time again = absl::Now();
    const Json place = {{"line", line_}, {"character", column_}};
    Tell("didChange",
         {{"textDocument", {{"uri", kUri}, {"version", ++version_}}},
          {"contentChanges",
           Json::array({{{"range", {{"start", place}, {"end", place}}}, {"text", ""}}})}});
    Ask("textDocument/completion", Here(), nullptr);
    times_["change, then completion"].Add(absl::Now() - again);
    AwaitDiagnosticsLater();
  }
  // The diagnostics may have come before the answer.
  void AwaitDiagnosticsLater() { Ask("textDocument/documentHighlight", Here(), nullptr); }

  void Floor() {
    Process cat({"cat"});
    Times times;
    for (const std::string& bytes : sent_) {
      const absl::Time before = absl::Now();
      if (!cat.Write(bytes)) Fail("cat does not read");
      for (size_t back = 0; back < bytes.size();) {
        const std::string some = cat.NextBytes();
        if (some.empty()) Fail("cat says nothing");
        back += some.size();
      }
      times.Add(absl::Now() - before);
    }
    times.Print("floor: cat, there and back");
  }

  Process server_;
  std::map<std::string, Times> times_;
  std::vector<std::string> sent_;
  int line_ = 0, column_ = 0, version_ = 1, id_ = 0;
  std::ptrdiff_t lines_ = 0;
  bool in_text_ = false;
};

}  // namespace
}  // namespace pelagos::lsp

int main(int argc, char** argv) {
  pelagos::lsp::Bench(argc > 1 ? argv[1] : "tools/pelagos").Run();
  return 0;
}
