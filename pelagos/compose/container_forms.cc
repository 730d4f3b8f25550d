// Containers that a program starts, one call each.
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "pelagos/compose/container_value.h"
#include "pelagos/compose/env_pairs.h"
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

EvalResult HostError(CallContext& ctx, const absl::Status& status) {
  return ctx.Error(ctx.CallSpan(), std::string(status.message()));
}

// Begins the container that (NAME SERVICE [:env ALIST]) asks for. nullopt: `error` says why.
std::optional<ContainerId> Begin(World& world, CallContext& ctx, FormArgs args,
                                 std::optional<EvalResult>* error) {
  const ServiceSpec* service = FindServiceSpec(args[0]);
  if (service == nullptr) {
    *error = ctx.TypeError(0, "service-spec", args[0]);
    return std::nullopt;
  }
  std::optional<size_t> alist;
  *error = ReadKeywords(ctx, args, 1, {{":env", "a list of (KEY . value) pairs", &alist}});
  if (*error) return std::nullopt;
  std::vector<EnvVariable> env;
  if (alist) {
    const std::string pairs = absl::StrCat(ctx.name(), ": :env requires (key . value) pairs");
    const std::string key = absl::StrCat(ctx.name(), ": env key must be string");
    *error = ReadEnv(ctx, args[*alist], {pairs, key, ctx.ArgSpan(*alist)}, &env);
    if (*error) return std::nullopt;
  }
  *error = CheckNoMistakes(world, ctx);
  if (*error) return std::nullopt;
  return world.host.Begin(*service, env);
}

// The containers that were started for this one are of no use after it.
std::optional<EvalResult> StopDependencies(World& world, CallContext& ctx,
                                           const ContainerValue& container) {
  std::optional<EvalResult> failure;
  for (ContainerId id : container.dependencies()) {
    const absl::Status status = world.host.Stop(id);
    if (!status.ok() && !failure) failure = HostError(ctx, status);
  }
  return failure;
}

}  // namespace

EvalResult ContainerStart(World& world, CallContext& ctx, FormArgs args) {
  std::optional<EvalResult> error;
  const std::optional<ContainerId> id = Begin(world, ctx, args, &error);
  if (!id) return *error;
  return JoinContainer(ctx, world.host, *id, {}, ctx.ArgSpan(0));
}

EvalResult ContainerStartBg(World& world, CallContext& ctx, FormArgs args) {
  std::optional<EvalResult> error;
  const std::optional<ContainerId> id = Begin(world, ctx, args, &error);
  if (!id) return *error;
  return ctx.heap().NewForeign(std::make_unique<PendingContainer>(*id, ctx.ArgSpan(0)));
}

EvalResult ContainerJoin(World& world, CallContext& ctx, FormArgs args) {
  const auto* pending = args[0].foreign<PendingContainer>();
  if (pending == nullptr) return ctx.TypeError(0, "pending-container", args[0]);
  if (!pending->Take()) return ctx.Error(ctx.ArgSpan(0), "container-join: already joined");
  return JoinContainer(ctx, world.host, pending->id(), {}, pending->span());
}

EvalResult ContainerStop(World& world, CallContext& ctx, FormArgs args) {
  const auto* container = args[0].foreign<ContainerValue>();
  if (container == nullptr) return ctx.TypeError(0, "container", args[0]);
  const absl::Status status = world.host.Stop(container->id());
  if (auto failure = StopDependencies(world, ctx, *container)) return *failure;
  if (!status.ok()) return HostError(ctx, status);
  return Value::Nil();
}

EvalResult ContainerWait(World& world, CallContext& ctx, FormArgs args) {
  const auto* container = args[0].foreign<ContainerValue>();
  if (container == nullptr) return ctx.TypeError(0, "container", args[0]);
  const absl::StatusOr<int> code = world.host.Wait(container->id());
  if (!code.ok()) return HostError(ctx, code.status());
  if (auto failure = StopDependencies(world, ctx, *container)) return *failure;
  return Value::Fixnum(*code);
}

EvalResult ContainerRun(World& world, CallContext& ctx, FormArgs args) {
  std::optional<EvalResult> error;
  const std::optional<ContainerId> id = Begin(world, ctx, args, &error);
  if (!id) return *error;
  const EvalResult container = JoinContainer(ctx, world.host, *id, {}, ctx.ArgSpan(0));
  if (!container.ok()) return container;
  const absl::StatusOr<int> code = world.host.Wait(*id);
  if (!code.ok()) return HostError(ctx, code.status());
  return Value::Fixnum(*code);
}

EvalResult ContainerIp(World& world, CallContext& ctx, FormArgs args) {
  const auto* container = args[0].foreign<ContainerValue>();
  if (container == nullptr) return ctx.TypeError(0, "container", args[0]);
  const std::string ip = world.host.Ip(container->id());
  if (ip.empty()) return Value::Nil();
  return ctx.heap().String(ip);
}

EvalResult ContainerStatus(World& world, CallContext& ctx, FormArgs args) {
  const auto* container = args[0].foreign<ContainerValue>();
  if (container == nullptr) return ctx.TypeError(0, "container", args[0]);
  return ctx.heap().String(world.host.IsRunning(container->id()) ? "running" : "exited");
}

std::optional<uint16_t> PortArgument(CallContext& ctx, size_t index, Value value,
                                     std::optional<EvalResult>* error) {
  constexpr int64_t kLargest = 65535;
  if (!value.is_int()) {
    *error = ctx.Error(ctx.ArgSpan(index), absl::StrCat(ctx.name(), ": expected integer port, got ",
                                                        value.type_name()));
  } else if (value.as_int() < 1 || value.as_int() > kLargest) {
    *error = ctx.Error(ctx.ArgSpan(index), absl::StrCat(ctx.name(), ": port out of range"),
                       "a port is 1 to 65535");
  } else {
    return static_cast<uint16_t>(value.as_int());
  }
  return std::nullopt;
}

std::optional<absl::Duration> SecondsArgument(CallContext& ctx, size_t index, Value value,
                                              std::optional<EvalResult>* error) {
  constexpr double kLongest = 1e9;  // some 30 years; a clock's range ends somewhere
  if (!value.is_number()) {
    *error = ctx.Error(ctx.ArgSpan(index),
                       absl::StrCat(ctx.name(), ": expected seconds, got ", value.type_name()));
    return std::nullopt;
  }
  const double seconds = value.as_double();
  if (std::isnan(seconds) || seconds < 0 || seconds > kLongest) {
    *error =
        ctx.Error(ctx.ArgSpan(index), absl::StrCat(ctx.name(), ": number of seconds out of range"));
    return std::nullopt;
  }
  return absl::Seconds(seconds);
}

// (await-port HOST PORT [SECONDS]) or (await-port HOST PORT :timeout SECONDS)
EvalResult AwaitPortForm(World& world, CallContext& ctx, FormArgs args) {
  const auto* container = args[0].foreign<ContainerValue>();
  std::string host;
  if (container != nullptr) {
    host = world.host.Ip(container->id());
    if (host.empty()) return ctx.Error(ctx.ArgSpan(0), "await-port: it has no address");
  } else if (args[0].is_string() || args[0].is_symbol()) {
    host = std::string(args[0].text());
  } else {
    return ctx.TypeError(0, "string", args[0]);
  }
  std::optional<EvalResult> error;
  const std::optional<uint16_t> port = PortArgument(ctx, 1, args[1], &error);
  if (!port) return *error;
  std::optional<size_t> seconds;
  if (args.size() == 3 && !args[2].is_keyword()) {
    seconds = 2;
  } else {
    error = ReadKeywords(ctx, args, 2, {{":timeout", "a number of seconds", &seconds}});
    if (error) return *error;
  }
  absl::Duration timeout = kPortTimeout;
  if (seconds) {
    const auto given = SecondsArgument(ctx, *seconds, args[*seconds], &error);
    if (!given) return *error;
    timeout = *given;
  }
  const absl::StatusOr<bool> open = world.host.AwaitPort(host, *port, timeout);
  if (!open.ok()) {
    return ctx.Error(ctx.ArgSpan(0), absl::StrCat("await-port: ", open.status().message()));
  }
  return Value::Bool(*open);
}

}  // namespace pelagos::compose
