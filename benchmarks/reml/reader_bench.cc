// How fast text becomes data: a large stack, dense lists, and lists that nest a million deep.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmarks/reml/stack_text.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/printer.h"
#include "pelagos/reml/reader.h"

namespace pelagos::reml {
namespace {

constexpr size_t kTextBytes = size_t{4} << 20;
constexpr size_t kDepth = 1'000'000;
constexpr size_t kHeapBytes = size_t{2} << 30;

std::string StackText() { return benchmarks::StackText(kTextBytes); }

std::string DenseText() {
  std::string text;
  for (int i = 0; text.size() < kTextBytes; ++i) {
    absl::StrAppend(&text, "(a ", i % 100, " (b ", i % 7, " c) ((x y) (", i % 10, " z)) d-e 42)\n");
  }
  return text;
}

std::string DeepText() { return absl::StrCat(std::string(kDepth, '('), std::string(kDepth, ')')); }

std::vector<Datum> MustRead(Heap& heap, const SourceMap& sources, uint32_t source) {
  Diagnostics diagnostics;
  std::optional<std::vector<Datum>> data = Read(heap, sources, source, diagnostics);
  if (!data) {
    std::cerr << Render(sources, diagnostics);
    std::exit(1);
  }
  return *std::move(data);
}

// A fresh heap for every reading; its end is outside the time.
void ReadText(benchmark::State& state, const std::string& text) {
  SourceMap sources;
  const uint32_t source = sources.Add("benchmark.reml", text);
  for (auto _ : state) {
    auto heap = std::make_unique<Heap>(kHeapBytes);
    std::vector<Datum> data = MustRead(*heap, sources, source);
    benchmark::DoNotOptimize(data.data());
    state.PauseTiming();
    data.clear();
    heap.reset();
    state.ResumeTiming();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}

// One heap, collected between the readings: what the reader costs when the memory is there.
void ReadAgain(benchmark::State& state, const std::string& text) {
  SourceMap sources;
  const uint32_t source = sources.Add("benchmark.reml", text);
  Heap heap(kHeapBytes);
  for (auto _ : state) {
    std::vector<Datum> data = MustRead(heap, sources, source);
    benchmark::DoNotOptimize(data.data());
    state.PauseTiming();
    data.clear();
    heap.Collect([](Marker&) {});
    state.ResumeTiming();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}

void BM_ReadStackAgain(benchmark::State& state) { ReadAgain(state, StackText()); }
BENCHMARK(BM_ReadStackAgain)->Unit(benchmark::kMillisecond);
void BM_ReadDenseAgain(benchmark::State& state) { ReadAgain(state, DenseText()); }
BENCHMARK(BM_ReadDenseAgain)->Unit(benchmark::kMillisecond);

void BM_ReadStack(benchmark::State& state) { ReadText(state, StackText()); }
BENCHMARK(BM_ReadStack)->Unit(benchmark::kMillisecond);

void BM_ReadDense(benchmark::State& state) { ReadText(state, DenseText()); }
BENCHMARK(BM_ReadDense)->Unit(benchmark::kMillisecond);

void BM_ReadDeep(benchmark::State& state) { ReadText(state, DeepText()); }
BENCHMARK(BM_ReadDeep)->Unit(benchmark::kMillisecond);

void BM_PrintDeep(benchmark::State& state) {
  SourceMap sources;
  Heap heap(kHeapBytes);
  const std::vector<Datum> data = MustRead(heap, sources, sources.Add("deep.reml", DeepText()));
  for (auto _ : state) {
    std::string text = Write(data.front().value);
    if (text.size() != 2 * kDepth) state.SkipWithError("printed something else");
    benchmark::DoNotOptimize(text.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * 2 * kDepth));
}
BENCHMARK(BM_PrintDeep)->Unit(benchmark::kMillisecond);

// A collection that finds nothing alive.
void BM_FreeDeep(benchmark::State& state) {
  SourceMap sources;
  const uint32_t source = sources.Add("deep.reml", DeepText());
  for (auto _ : state) {
    Heap heap(kHeapBytes);
    MustRead(heap, sources, source);
    const auto begin = std::chrono::steady_clock::now();
    heap.Collect([](Marker&) {});
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    state.SetIterationTime(taken.count());
  }
}
BENCHMARK(BM_FreeDeep)->Unit(benchmark::kMillisecond)->UseManualTime();

}  // namespace
}  // namespace pelagos::reml

BENCHMARK_MAIN();
