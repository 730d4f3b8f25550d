#include "pelagos/compose/future_run.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "pelagos/compose/env_pairs.h"
#include "pelagos/compose/future.h"
#include "pelagos/compose/future_graph.h"
#include "pelagos/reml/heap.h"
#include "pelagos/spec/forms.h"

namespace pelagos::compose {
namespace {

using reml::CallContext;
using reml::EvalResult;
using reml::Value;

// The way to one or several futures.
struct Stage {
  Value followed_by;  // the `then` whose procedure returned it; (): the futures that were wanted
  Value target;       // unless wanted
  FutureTiers sorted;
  size_t tier = 0;
  size_t next = 0;             // within the tier
  std::vector<Value> waiting;  // to be started with the others of the tier
};

struct Result {
  Value value;
  Value followed;  // the future that the procedure returned, or ()
};

// One execution. It lives on the heap while procedures run; no program ever sees it.
struct Run final : reml::Foreign {
  Run(ContainerHost& host, absl::Span<const Value> wanted, const RunOptions& options)
      : host(host), wanted(wanted.begin(), wanted.end()), options(options) {}

  absl::string_view type_name() const override { return "run"; }
  void Print(std::string* out) const override { out->append("#<run>"); }
  // Futures that have a result are reachable from those that are wanted or were followed.
  void Trace(reml::Marker& marker) const override {
    for (Value future : wanted) marker.Mark(future);
    for (const Stage& stage : stages) {
      marker.Mark(stage.followed_by);
      marker.Mark(stage.target);
    }
    for (const auto& [word, result] : results) {
      marker.Mark(result.value);
      marker.Mark(result.followed);
    }
  }

  bool IsDone(Value future) const { return results.contains(future.word()); }
  Value ValueOf(Value future) const { return results.at(future.word()).value; }

  ContainerHost& host;
  const std::vector<Value> wanted;
  const RunOptions options;
  mutable std::vector<Stage> stages;           // innermost last
  mutable absl::flat_hash_set<uint64_t> busy;  // the futures that stages are followed by
  // By the future's word.
  mutable absl::flat_hash_map<uint64_t, Result> results;
  mutable absl::flat_hash_map<uint64_t, std::vector<EnvVariable>> environments;
};

const Run& RunOf(Value run) { return *run.foreign<Run>(); }

// Blames a future or a service, and says who asked for it, when that is elsewhere.
EvalResult FailAt(CallContext& ctx, Span span, absl::string_view message,
                  absl::string_view hint = "") {
  Diagnostics diagnostics;
  diagnostics.Error(span.known() ? span : ctx.CallSpan(), std::string(message), std::string(hint));
  const Span call = ctx.CallSpan();
  const bool within =
      span.source == call.source && call.begin <= span.begin && span.end <= call.end;
  if (span.known() && !within) {
    diagnostics.Note(call, absl::StrCat("started by this ", ctx.name()));
  }
  return ctx.Fail(std::move(diagnostics));
}

// The containers that a container needs, directly or not, the last started first. nullopt: out of
// steps.
std::optional<std::vector<ContainerId>> DependenciesOf(CallContext& ctx, const Run& run,
                                                       Value future) {
  std::vector<ContainerId> containers;
  absl::flat_hash_set<uint64_t> seen;
  std::vector<Value> waiting = PartsOf(future).upstreams;
  while (!waiting.empty()) {
    const Value next = waiting.back();
    waiting.pop_back();
    if (!ctx.Charge(1)) return std::nullopt;
    if (next.is_nil() || !seen.insert(next.word()).second) continue;
    const Result& result = run.results.at(next.word());
    const Future::Parts& parts = PartsOf(next);
    if (parts.kind == Future::Kind::kStart) {
      containers.push_back(result.value.foreign<ContainerValue>()->id());
    }
    waiting.push_back(result.followed);
    waiting.insert(waiting.end(), parts.upstreams.begin(), parts.upstreams.end());
  }
  std::sort(containers.rbegin(), containers.rend());
  return containers;
}

ContainerId BeginContainer(const Run& run, Value future) {
  return run.host.Begin(*FindServiceSpec(PartsOf(future).service), run.environments[future.word()]);
}

// nullopt: fine.
std::optional<EvalResult> FinishStart(CallContext& ctx, const Run& run, Value future,
                                      ContainerId id) {
  auto dependencies = DependenciesOf(ctx, run, future);
  if (!dependencies) return ctx.OutOfSteps();
  const EvalResult container =
      JoinContainer(ctx, run.host, id, *std::move(dependencies), PartsOf(future).span);
  if (!container.ok()) return container;
  run.results[future.word()] = {container.value(), Value::Nil()};
  return std::nullopt;
}

// Starts what waits in a stage, so many at once. All of them are joined, whatever becomes of the
// first; that one's failure is told.
std::optional<EvalResult> StartWaiting(CallContext& ctx, const Run& run, Stage& stage) {
  std::vector<Value> waiting = std::exchange(stage.waiting, {});
  // What a later stage has started meanwhile is not started again.
  std::erase_if(waiting, [&](Value future) { return run.IsDone(future); });
  const size_t at_once = run.options.max_parallel == 0 ? waiting.size() : run.options.max_parallel;
  for (size_t begin = 0; begin < waiting.size();) {
    const size_t end = begin + std::min(at_once, waiting.size() - begin);
    std::vector<ContainerId> ids;
    for (size_t i = begin; i < end; ++i) ids.push_back(BeginContainer(run, waiting[i]));
    std::optional<EvalResult> failure;
    for (size_t i = begin; i < end; ++i) {
      if (failure) {
        run.host.Join(ids[i - begin]).IgnoreError();
      } else {
        failure = FinishStart(ctx, run, waiting[i], ids[i - begin]);
      }
    }
    if (failure) return failure;
    begin = end;
  }
  return std::nullopt;
}

// A `start` whose environment is known is next.
std::optional<EvalResult> Start(CallContext& ctx, const Run& run, Value future) {
  Stage& stage = run.stages.back();
  ++stage.next;
  if (run.options.parallel) {
    stage.waiting.push_back(future);
    return std::nullopt;
  }
  return FinishStart(ctx, run, future, BeginContainer(run, future));
}

// Opens a stage on the way to these.
std::optional<EvalResult> Open(CallContext& ctx, const Run& run, absl::Span<const Value> targets,
                               Value followed_by) {
  run.busy.insert(followed_by.word());
  Stage stage;
  stage.followed_by = followed_by;
  stage.target = targets.empty() ? Value::Nil() : targets[0];
  const TiersOutcome outcome = SortIntoTiers(
      targets, [&](Value future) { return run.IsDone(future); },
      [&](Value future) { return run.busy.contains(future.word()); }, [&] { return ctx.Charge(1); },
      &stage.sorted);
  if (outcome == TiersOutcome::kStopped) return ctx.OutOfSteps();
  if (outcome == TiersOutcome::kCycle) {
    return FailAt(ctx, PartsOf(followed_by).procedure_span, "run: dependency cycle detected",
                  "it returns a future that needs its result");
  }
  run.stages.push_back(std::move(stage));
  return std::nullopt;
}

Value ListOfResults(CallContext& ctx, const Run& run) {
  reml::ListBuilder list(ctx.heap());
  for (Value future : run.wanted) {
    list.Add(ctx.heap().Cons(ctx.heap().String(PartsOf(future).name), run.ValueOf(future)));
  }
  return list.Finish(ctx.CallSpan());
}

EvalResult AfterEnv(CallContext& ctx, absl::Span<Value> locals, Value result);
EvalResult AfterThen(CallContext& ctx, absl::Span<Value> locals, Value result);

// Goes on until a procedure has to be called, or all is done.
EvalResult Advance(CallContext& ctx, Value run_value) {
  const Run& run = RunOf(run_value);
  for (;;) {
    if (!ctx.Charge(1)) return ctx.OutOfSteps();
    Stage& stage = run.stages.back();
    if (stage.tier == stage.sorted.tiers.size()) {
      const Value followed_by = stage.followed_by, target = stage.target;
      run.stages.pop_back();
      if (run.stages.empty()) {
        return run.options.as_list ? ListOfResults(ctx, run) : run.ValueOf(run.wanted[0]);
      }
      run.busy.erase(followed_by.word());
      run.results[followed_by.word()] = {run.ValueOf(target), target};
      continue;
    }
    const std::vector<Value>& tier = stage.sorted.tiers[stage.tier];
    if (stage.next == tier.size()) {
      if (auto failure = StartWaiting(ctx, run, stage)) return *failure;
      ++stage.tier;
      stage.next = 0;
      continue;
    }
    const Value future = tier[stage.next];
    if (run.IsDone(future)) {
      ++stage.next;
      continue;
    }
    const Future::Parts& parts = PartsOf(future);
    if (parts.procedure.is_nil() || run.environments.contains(future.word())) {
      if (auto failure = Start(ctx, run, future)) return *failure;
      continue;
    }
    std::vector<Value> args;
    for (Value upstream : parts.upstreams) args.push_back(run.ValueOf(upstream));
    if (!ctx.Charge(args.size())) return ctx.OutOfSteps();
    return ctx.CallThen(parts.procedure, args, {run_value},
                        parts.kind == Future::Kind::kStart ? AfterEnv : AfterThen);
  }
}

EvalResult AfterEnv(CallContext& ctx, absl::Span<Value> locals, Value result) {
  const Run& run = RunOf(locals[0]);
  const Stage& stage = run.stages.back();
  const Value future = stage.sorted.tiers[stage.tier][stage.next];
  const EnvWords words = {"run: inject must return (key . value) pairs",
                          "run: inject env key must be string", PartsOf(future).procedure_span};
  std::vector<EnvVariable> env;
  if (auto failure = ReadEnv(ctx, result, words, &env)) return *failure;
  run.environments[future.word()] = std::move(env);
  if (auto failure = Start(ctx, run, future)) return *failure;
  return Advance(ctx, locals[0]);
}

EvalResult AfterThen(CallContext& ctx, absl::Span<Value> locals, Value result) {
  const Run& run = RunOf(locals[0]);
  Stage& stage = run.stages.back();
  const Value future = stage.sorted.tiers[stage.tier][stage.next];
  ++stage.next;
  if (result.foreign<Future>() == nullptr) {
    run.results[future.word()] = {result, Value::Nil()};
  } else if (run.IsDone(result)) {
    run.results[future.word()] = {run.ValueOf(result), result};
  } else if (auto failure = Open(ctx, run, {result}, future)) {
    return *failure;
  }
  return Advance(ctx, locals[0]);
}

}  // namespace

EvalResult JoinContainer(CallContext& ctx, ContainerHost& host, ContainerId id,
                         std::vector<ContainerId> dependencies, Span span) {
  if (absl::Status status = host.Join(id); !status.ok()) {
    return FailAt(ctx, span, status.message());
  }
  auto container = std::make_unique<ContainerValue>(id, host.Name(id), std::move(dependencies));
  const size_t bytes = container->bytes();
  return ctx.heap().NewForeign(std::move(container), bytes);
}

EvalResult RunFutures(CallContext& ctx, ContainerHost& host, absl::Span<const Value> wanted,
                      const RunOptions& options) {
  const Value run =
      ctx.heap().NewForeign(std::make_unique<Run>(host, wanted, options), wanted.size() * 64);
  if (auto failure = Open(ctx, RunOf(run), wanted, Value::Nil())) return *failure;
  return Advance(ctx, run);
}

}  // namespace pelagos::compose
