// How fast programs are laid out, from text to text, beside the tree alone and the reader, which
// have to look at every byte as well. `Neat` is laid out already; `Lines` has every form on one
// line, so that all is broken anew.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmarks/reml/stack_text.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/format.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/lexer.h"
#include "pelagos/reml/reader.h"
#include "pelagos/reml/syntax_tree.h"

namespace pelagos::reml {
namespace {

namespace fs = std::filesystem;

constexpr size_t kTextBytes = size_t{1} << 20;
constexpr size_t kHeapBytes = size_t{2} << 30;

std::string MustFormat(const std::string& text) {
  std::optional<std::string> formatted = Format(SyntaxTree(text));
  if (!formatted) {
    std::cerr << "a text of the benchmark cannot be formatted\n";
    std::exit(1);
  }
  return *std::move(formatted);
}

std::string StackText() { return benchmarks::StackText(kTextBytes); }

// The programs of the benchmark of the language, again and again.
std::string CodeText() {
  std::set<fs::path> programs;
  for (const fs::directory_entry& entry : fs::directory_iterator("benchmarks/reml/programs")) {
    if (entry.path().extension() == ".reml") programs.insert(entry.path());
  }
  std::string text;
  while (text.size() < kTextBytes) {
    for (const fs::path& path : programs) {
      std::ifstream file(path, std::ios::binary);
      text.append(std::istreambuf_iterator<char>(file), {});
    }
    if (text.empty()) {
      std::cerr << "no programs in benchmarks/reml/programs\n";
      std::exit(1);
    }
  }
  return text;
}

// Without comments, every form on a line.
std::string OnLines(const std::string& text) {
  std::string lines;
  size_t depth = 0;
  Lexer lexer(text);
  for (Token token = lexer.Next(); token.kind != TokenKind::kEnd; token = lexer.Next()) {
    if (token.comment()) continue;
    lines.append(text, token.begin, token.end - token.begin);
    if (token.kind == TokenKind::kOpen || token.kind == TokenKind::kOpenVector) ++depth;
    if (token.kind == TokenKind::kClose) --depth;
    lines += depth == 0 ? '\n' : ' ';
  }
  return lines;
}

void FormatText(benchmark::State& state, const std::string& text) {
  for (auto _ : state) {
    std::string formatted = MustFormat(text);
    benchmark::DoNotOptimize(formatted.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}

void TreeOfText(benchmark::State& state, const std::string& text) {
  for (auto _ : state) {
    const SyntaxTree tree(text);
    benchmark::DoNotOptimize(tree.size());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}

// One heap, collected between the readings.
void ReadText(benchmark::State& state, const std::string& text) {
  SourceMap sources;
  const uint32_t source = sources.Add("benchmark.reml", text);
  Heap heap(kHeapBytes);
  for (auto _ : state) {
    Diagnostics diagnostics;
    std::optional<std::vector<Datum>> data = Read(heap, sources, source, diagnostics);
    if (!data) return state.SkipWithError("does not read");
    benchmark::DoNotOptimize(data->data());
    state.PauseTiming();
    data.reset();
    heap.Collect([](Marker&) {});
    state.ResumeTiming();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}

void BM_FormatStackNeat(benchmark::State& state) { FormatText(state, MustFormat(StackText())); }
BENCHMARK(BM_FormatStackNeat)->Unit(benchmark::kMillisecond);
void BM_FormatStack(benchmark::State& state) { FormatText(state, StackText()); }
BENCHMARK(BM_FormatStack)->Unit(benchmark::kMillisecond);
void BM_FormatStackLines(benchmark::State& state) { FormatText(state, OnLines(StackText())); }
BENCHMARK(BM_FormatStackLines)->Unit(benchmark::kMillisecond);
void BM_TreeOfStack(benchmark::State& state) { TreeOfText(state, StackText()); }
BENCHMARK(BM_TreeOfStack)->Unit(benchmark::kMillisecond);
void BM_ReadStack(benchmark::State& state) { ReadText(state, StackText()); }
BENCHMARK(BM_ReadStack)->Unit(benchmark::kMillisecond);

void BM_FormatCodeNeat(benchmark::State& state) { FormatText(state, MustFormat(CodeText())); }
BENCHMARK(BM_FormatCodeNeat)->Unit(benchmark::kMillisecond);
void BM_FormatCodeLines(benchmark::State& state) { FormatText(state, OnLines(CodeText())); }
BENCHMARK(BM_FormatCodeLines)->Unit(benchmark::kMillisecond);
void BM_TreeOfCode(benchmark::State& state) { TreeOfText(state, CodeText()); }
BENCHMARK(BM_TreeOfCode)->Unit(benchmark::kMillisecond);
void BM_ReadCode(benchmark::State& state) { ReadText(state, CodeText()); }
BENCHMARK(BM_ReadCode)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pelagos::reml

BENCHMARK_MAIN();
