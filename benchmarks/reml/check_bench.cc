// How long checking takes: the whole command on a stack of 2,000 lines, beside a process that does
// nothing; and in one process its parts, the floor first: the reader and the tree of the same text.
//
// Usage: check_bench [ROUNDS [PELAGOS]]     (ROUNDS is 20, PELAGOS the program to measure)

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/compare/measure.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/language/check.h"
#include "pelagos/language/names.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/reader.h"
#include "pelagos/reml/syntax_tree.h"

namespace pelagos::benchmarks {
namespace {

constexpr int kLines = 2000;

// Services as people write them, in one stack.
std::string StackText(int lines) {
  std::string text = "; A stack with more services than anybody has.\n(define tag \"1.27\")\n";
  std::string all;
  const int services = (lines - 4) / 9;
  for (int i = 0; i < services; ++i) {
    absl::StrAppend(&text, "\n; Service ", i, ": takes work from the queue of its shard.\n",
                    "(define-service worker-", i, " \"worker-", i, "\"\n",
                    "  :image \"registry.example.org/team/worker:1.", i % 40, "\"\n",
                    "  :network \"front\"   ; the first is the primary one\n",
                    "  :env (\"SHARD\" \"", i, "\") (\"TAG\" . tag)\n", "  :port (", 20000 + i,
                    " 8080)\n", "  :depends-on (\"worker-", i > 0 ? i - 1 : 1, "\" 8080)\n",
                    "  :memory \"512m\" :cpus 0.5)\n");
    absl::StrAppend(&all, " worker-", i);
  }
  return absl::StrCat(text, "(define front (network \"front\"))\n", "(compose-up (compose front",
                      all, "))\n");
}

// Procedures that call each other.
std::string CodeText(int lines) {
  std::string text;
  for (int i = 0; i < lines / 8; ++i) {
    absl::StrAppend(&text, "(define (step-", i, " state item)\n", "  (let* ((name (car item))\n",
                    "         (size (string-length name)))\n", "    (cond ((= size ", i % 7,
                    ") (cons name state))\n", "          ((assoc name state) => cdr)\n",
                    "          (else (step-", i > 0 ? i - 1 : 0, " state (list name size))))))\n",
                    "(display (step-", i, " '((\"a\" . 1)) '(\"bc\" 2)))\n\n");
  }
  return text;
}

template <typename Work>
double MedianMs(int rounds, const Work& work) {
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - begin;
    times.push_back(taken.count());
  }
  return Quantile(times, 0.5);
}

void Show(const std::string& what, double ms) {
  std::printf("  %-28s %9.2f ms\n", what.c_str(), ms);
}

void InProcess(const std::string& name, const std::string& text, int rounds) {
  SourceMap sources;
  const uint32_t source = sources.Add("benchmark.reml", text);
  size_t found = 0;
  const double floor = MedianMs(rounds, [&] {
    reml::Heap heap(size_t{2} << 30);
    Diagnostics diagnostics;
    const auto data = reml::Read(heap, sources, source, diagnostics);
    const reml::SyntaxTree tree(text);
    if (!data || tree.size() < 2) std::abort();
  });
  const double names = MedianMs(rounds, [&] {
    const reml::SyntaxTree tree(text);
    const language::Names known(tree);
    if (known.calls().empty()) std::abort();
  });
  const double check = MedianMs(rounds, [&] { found = language::Check(sources, source).size(); });
  std::printf("%s: %zu bytes, %zu findings\n", name.c_str(), text.size(), found);
  Show("floor: reader and tree", floor);
  Show("tree and names", names);
  Show("check", check);
  std::printf("  %-28s %9.1f x\n", "check / floor", check / floor);
}

int Main(int argc, char** argv) {
  int rounds = 20;
  if (argc > 1 && (!absl::SimpleAtoi(argv[1], &rounds) || rounds < 1)) {
    std::cerr << "check_bench: ROUNDS must be a number, got " << argv[1] << "\n";
    return 2;
  }
  const std::string pelagos = argc > 2 ? argv[2] : "tools/pelagos";
  const std::string text = StackText(kLines);
  std::string path = "/tmp/check-bench-XXXXXX";
  const int fd = ::mkstemp(path.data());
  if (fd < 0) {
    std::perror("mkstemp");
    return 1;
  }
  ::close(fd);
  std::ofstream(path) << text;
  const auto samples = RunInTurn({{"nothing", {"benchmarks/reml/nothing"}, "", {}},
                                  {"pelagos reml check", {pelagos, "reml", "check", path}, "", {}}},
                                 rounds);
  ::unlink(path.c_str());
  if (!samples.ok()) {
    std::cerr << samples.status() << "\n";
    return 1;
  }
  std::printf("whole processes, %d lines, medians of %d rounds\n", kLines, rounds);
  const char* names[] = {"nothing", "pelagos reml check"};
  for (size_t i = 0; i < samples->size(); ++i) {
    std::vector<double> wall;
    for (const Sample& sample : (*samples)[i]) wall.push_back(sample.wall_ms);
    Show(names[i], Quantile(wall, 0.5));
  }
  InProcess("stack of 2,000 lines", text, rounds);
  InProcess("code of 2,000 lines", CodeText(kLines), rounds);
  constexpr int kMany = 100;
  InProcess("stack of 200,000 lines", StackText(kLines * kMany), 1);
  InProcess("code of 200,000 lines", CodeText(kLines * kMany), 1);
  return 0;
}

}  // namespace
}  // namespace pelagos::benchmarks

int main(int argc, char** argv) { return pelagos::benchmarks::Main(argc, argv); }
