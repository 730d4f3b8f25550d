// The functions behind the rows of imperative.cc: of containers in container_forms.cc, of futures
// in future_forms.cc.
#pragma once

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "pelagos/compose/imperative.h"
#include "pelagos/reml/builtin.h"
#include "pelagos/reml/value.h"

namespace pelagos::compose {

using FormArgs = absl::Span<const reml::Value>;
using Form = reml::EvalResult (*)(ImperativeForms::World& world, reml::CallContext& ctx,
                                  FormArgs args);

reml::EvalResult ContainerStart(ImperativeForms::World&, reml::CallContext&, FormArgs);
reml::EvalResult ContainerStartBg(ImperativeForms::World&, reml::CallContext&, FormArgs);
reml::EvalResult ContainerJoin(ImperativeForms::World&, reml::CallContext&, FormArgs);
reml::EvalResult ContainerStop(ImperativeForms::World&, reml::CallContext&, FormArgs);
reml::EvalResult ContainerWait(ImperativeForms::World&, reml::CallContext&, FormArgs);
reml::EvalResult ContainerRun(ImperativeForms::World&, reml::CallContext&, FormArgs);
reml::EvalResult ContainerIp(ImperativeForms::World&, reml::CallContext&, FormArgs);
reml::EvalResult ContainerStatus(ImperativeForms::World&, reml::CallContext&, FormArgs);
reml::EvalResult AwaitPortForm(ImperativeForms::World&, reml::CallContext&, FormArgs);

reml::EvalResult StartForm(ImperativeForms::World&, reml::CallContext&, FormArgs);
reml::EvalResult ThenForm(ImperativeForms::World&, reml::CallContext&, FormArgs);
reml::EvalResult ThenAllForm(ImperativeForms::World&, reml::CallContext&, FormArgs);
reml::EvalResult RunForm(ImperativeForms::World&, reml::CallContext&, FormArgs);
reml::EvalResult ResolveForm(ImperativeForms::World&, reml::CallContext&, FormArgs);
reml::EvalResult AwaitForm(ImperativeForms::World&, reml::CallContext&, FormArgs);

// Asked before anything is started. nullopt: fine.
inline std::optional<reml::EvalResult> CheckNoMistakes(const ImperativeForms::World& world,
                                                       reml::CallContext& ctx) {
  if (!world.forms.has_mistakes()) return std::nullopt;
  return ctx.Error(ctx.CallSpan(),
                   absl::StrCat(ctx.name(), ": nothing is started while the program has mistakes"),
                   "those above are to be put right first");
}

// A value of a keyword or argument: a port, 1 to 65535; a time in seconds. nullopt: `error` says
// why.
std::optional<uint16_t> PortArgument(reml::CallContext& ctx, size_t index, reml::Value value,
                                     std::optional<reml::EvalResult>* error);
std::optional<absl::Duration> SecondsArgument(reml::CallContext& ctx, size_t index,
                                              reml::Value value,
                                              std::optional<reml::EvalResult>* error);

inline constexpr absl::Duration kPortTimeout = absl::Seconds(60);

}  // namespace pelagos::compose
