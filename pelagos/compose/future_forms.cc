// Futures: making them is pure, `run`, `resolve` and `await` execute them.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "pelagos/compose/container_value.h"
#include "pelagos/compose/future.h"
#include "pelagos/compose/future_run.h"
#include "pelagos/compose/imperative_forms.h"
#include "pelagos/compose/keyword.h"
#include "pelagos/reml/heap.h"

namespace pelagos::compose {

using reml::CallContext;
using reml::EvalResult;
using reml::Value;
using World = ImperativeForms::World;

namespace {

EvalResult NewFuture(CallContext& ctx, Future::Parts parts) {
  auto future = std::make_unique<Future>(std::move(parts));
  const size_t bytes = future->bytes();
  return ctx.heap().NewForeign(std::move(future), bytes);
}

const std::string& NameOf(Value future) { return PartsOf(future).name; }

// Reads argument `index`, a list of futures. What else it may hold is reported as `expected`
// ("start: :needs requires futures"), another value as `list_expected`. nullopt: fine.
std::optional<EvalResult> ReadFutures(CallContext& ctx, Value list, size_t index,
                                      absl::string_view expected, absl::string_view list_expected,
                                      std::vector<Value>* out) {
  for (; list.is_pair(); list = list.cdr()) {
    if (!ctx.Charge(1)) return ctx.OutOfSteps();
    if (list.car().foreign<Future>() == nullptr) {
      const Span span = reml::CarSpan(list);
      return ctx.Error(span.known() ? span : ctx.ArgSpan(index),
                       absl::StrCat(expected, ", got ", list.car().type_name()));
    }
    out->push_back(list.car());
  }
  if (!list.is_nil()) return ctx.Error(ctx.ArgSpan(index), std::string(list_expected));
  return std::nullopt;
}

// (run FUTURES [:parallel] [:max-parallel N])
std::optional<EvalResult> ReadRunOptions(CallContext& ctx, FormArgs args, RunOptions* options) {
  std::optional<size_t> parallel, most;
  if (auto error = ReadKeywords(
          ctx, args, 1,
          {{":parallel", "", &parallel}, {":max-parallel", "a positive integer", &most}})) {
    return error;
  }
  options->parallel = parallel.has_value();
  if (!most) return std::nullopt;
  if (!args[*most].is_int() || args[*most].as_int() < 1) {
    return ctx.Error(ctx.ArgSpan(*most),
                     absl::StrCat(ctx.name(), ": :max-parallel requires a positive integer"));
  }
  options->max_parallel = static_cast<size_t>(args[*most].as_int());
  return std::nullopt;
}

}  // namespace

// (start SERVICE [:needs FUTURES] [:env PROCEDURE])
EvalResult StartForm(World&, CallContext& ctx, FormArgs args) {
  const ServiceSpec* service = FindServiceSpec(args[0]);
  if (service == nullptr) return ctx.TypeError(0, "service-spec", args[0]);
  std::optional<size_t> needs, env;
  if (auto error =
          ReadKeywords(ctx, args, 1, {{":needs", "futures", &needs}, {":env", "a lambda", &env}})) {
    return *error;
  }
  Future::Parts parts;
  parts.kind = Future::Kind::kStart;
  parts.name = service->name;
  parts.service = args[0];
  parts.span = ctx.ArgSpan(0);
  if (needs && args[*needs].foreign<Future>() != nullptr) {
    parts.upstreams.push_back(args[*needs]);
  } else if (needs) {
    if (auto error = ReadFutures(
            ctx, args[*needs], *needs, "start: :needs requires futures",
            absl::StrCat("start: :needs requires futures, got ", args[*needs].type_name()),
            &parts.upstreams)) {
      return *error;
    }
  }
  if (env) {
    if (!args[*env].is_procedure()) {
      return KeywordError(ctx, *env, ":env", "a lambda", args[*env].type_name());
    }
    parts.procedure = args[*env];
    parts.procedure_span = ctx.ArgSpan(*env);
  }
  return NewFuture(ctx, std::move(parts));
}

// (then FUTURE PROCEDURE [:name NAME])
EvalResult ThenForm(World&, CallContext& ctx, FormArgs args) {
  if (args[0].foreign<Future>() == nullptr) return ctx.TypeError(0, "future", args[0]);
  if (!args[1].is_procedure()) return ctx.TypeError(1, "procedure", args[1]);
  std::optional<size_t> name;
  if (auto error = ReadKeywords(ctx, args, 2, {{":name", "a string", &name}})) return *error;
  Future::Parts parts;
  parts.kind = Future::Kind::kThen;
  parts.procedure = args[1];
  parts.span = parts.procedure_span = ctx.ArgSpan(1);
  parts.upstreams = {args[0]};
  if (!name) {
    parts.name = absl::StrCat(NameOf(args[0]), "-then");
    if (!ctx.Charge(parts.name.size() / 64)) return ctx.OutOfSteps();
    if (!ctx.Fits(parts.name.size())) return ctx.OutOfMemory();
  } else if (args[*name].is_string() || args[*name].is_symbol()) {
    parts.name = std::string(args[*name].text());
  } else {
    return KeywordError(ctx, *name, ":name", "a string", args[*name].type_name());
  }
  return NewFuture(ctx, std::move(parts));
}

// (then-all FUTURES PROCEDURE)
EvalResult ThenAllForm(World&, CallContext& ctx, FormArgs args) {
  Future::Parts parts;
  parts.kind = Future::Kind::kThenAll;
  if (auto error =
          ReadFutures(ctx, args[0], 0, "then-all: expected futures",
                      "then-all: first argument must be a list of futures", &parts.upstreams)) {
    return *error;
  }
  if (!args[1].is_procedure()) return ctx.TypeError(1, "procedure", args[1]);
  parts.procedure = args[1];
  parts.span = parts.procedure_span = ctx.ArgSpan(1);
  size_t bytes = 0;
  for (Value upstream : parts.upstreams) bytes += NameOf(upstream).size() + 1;
  if (!ctx.Charge(bytes / 64)) return ctx.OutOfSteps();
  if (!ctx.Fits(bytes)) return ctx.OutOfMemory();
  parts.name = absl::StrCat(
      "join(",
      absl::StrJoin(parts.upstreams, ",",
                    [](std::string* out, Value upstream) { out->append(NameOf(upstream)); }),
      ")");
  return NewFuture(ctx, std::move(parts));
}

EvalResult RunForm(World& world, CallContext& ctx, FormArgs args) {
  std::vector<Value> wanted;
  if (auto error = ReadFutures(ctx, args[0], 0, "run: expected futures",
                               "run: argument must be a list of futures", &wanted)) {
    return *error;
  }
  RunOptions options;
  if (auto error = ReadRunOptions(ctx, args, &options)) return *error;
  if (auto error = CheckNoMistakes(world, ctx)) return *error;
  return RunFutures(ctx, world.host, wanted, options);
}

EvalResult ResolveForm(World& world, CallContext& ctx, FormArgs args) {
  if (args[0].foreign<Future>() == nullptr) return ctx.TypeError(0, "future", args[0]);
  if (auto error = CheckNoMistakes(world, ctx)) return *error;
  return RunFutures(ctx, world.host, {args[0]}, {false, 0, /*as_list=*/false});
}

// (await FUTURE [:port PORT] [:timeout SECONDS])
EvalResult AwaitForm(World& world, CallContext& ctx, FormArgs args) {
  const auto* future = args[0].foreign<Future>();
  if (future == nullptr) return ctx.TypeError(0, "future", args[0]);
  if (future->parts().kind != Future::Kind::kStart) {
    return ctx.Error(ctx.ArgSpan(0),
                     "await: Transform and Join futures must be executed via run or resolve");
  }
  std::optional<size_t> port_at, timeout_at;
  std::optional<EvalResult> error = ReadKeywords(
      ctx, args, 1,
      {{":port", "a port", &port_at}, {":timeout", "a number of seconds", &timeout_at}});
  if (error) return *error;
  std::optional<uint16_t> port;
  if (port_at && !(port = PortArgument(ctx, *port_at, args[*port_at], &error))) return *error;
  std::optional<absl::Duration> timeout = kPortTimeout;
  if (timeout_at && !(timeout = SecondsArgument(ctx, *timeout_at, args[*timeout_at], &error))) {
    return *error;
  }
  if ((error = CheckNoMistakes(world, ctx))) return *error;
  const ContainerId id = world.host.Begin(*FindServiceSpec(future->parts().service), {});
  const EvalResult container = JoinContainer(ctx, world.host, id, {}, future->parts().span);
  if (!container.ok() || !port) return container;
  const std::string ip = world.host.Ip(id);
  if (ip.empty()) {
    return ctx.Error(ctx.ArgSpan(0), absl::StrCat("await: '", NameOf(args[0]), "' has no address"));
  }
  const absl::StatusOr<bool> open = world.host.AwaitPort(ip, *port, *timeout);
  if (!open.ok()) {
    return ctx.Error(ctx.ArgSpan(0), absl::StrCat("await: ", open.status().message()));
  }
  if (!*open) {
    return ctx.Error(ctx.ArgSpan(*port_at),
                     absl::StrCat("await: port ", *port, " of '", NameOf(args[0]),
                                  "' did not open within ", absl::FormatDuration(*timeout)));
  }
  return container;
}

}  // namespace pelagos::compose
