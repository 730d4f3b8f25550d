#include "pelagos/spec/forms.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "pelagos/base/suggest.h"
#include "pelagos/policy/cidr.h"
#include "pelagos/policy/name.h"
#include "pelagos/reml/builtin.h"
#include "pelagos/reml/printer.h"
#include "pelagos/reml/reader.h"
#include "pelagos/spec/option.h"
#include "pelagos/spec/service_options.h"

namespace pelagos {
namespace {

using reml::CallContext;
using reml::EvalResult;
using reml::Value;
using Args = absl::Span<const Value>;
using State = ComposeForms::State;

// A spec as the language sees it: "#<service:db>".
template <typename Spec>
struct Kind;
template <>
struct Kind<ServiceSpec> {
  static constexpr absl::string_view kType = "service-spec", kWord = "service";
};
template <>
struct Kind<NetworkSpec> {
  static constexpr absl::string_view kType = "network-spec", kWord = "network";
};
template <>
struct Kind<VolumeSpec> {
  static constexpr absl::string_view kType = "volume-spec", kWord = "volume";
};

template <typename Spec>
class SpecValue : public reml::Foreign {
 public:
  explicit SpecValue(Spec spec) : spec_(std::move(spec)) {}
  absl::string_view type_name() const override { return Kind<Spec>::kType; }
  void Print(std::string* out) const override {
    absl::StrAppend(out, "#<", Kind<Spec>::kWord, ":", spec_.name, ">");
  }
  const Spec& spec() const { return spec_; }

 private:
  Spec spec_;
};

class ComposeValue : public reml::Foreign {
 public:
  explicit ComposeValue(ComposeSpec spec) : spec_(std::move(spec)) {}
  absl::string_view type_name() const override { return "compose-spec"; }
  void Print(std::string* out) const override { absl::StrAppend(out, "#<compose-spec>"); }
  const ComposeSpec& spec() const { return spec_; }

 private:
  ComposeSpec spec_;
};

template <typename T>
Value NewValue(CallContext& ctx, T value) {
  return ctx.heap().NewForeign(std::make_unique<T>(std::move(value)));
}

// The end of a form: `value`, unless there were mistakes that somebody has to hear of at once.
EvalResult Finish(State& state, CallContext& ctx, Diagnostics diags, Value value) {
  // Who makes more of them in a loop knows enough.
  constexpr size_t kMostMistakes = 100;
  if (diags.ok()) return value;
  const bool stop = !state.collecting || state.mistakes.errors() > kMostMistakes;
  if (stop || ctx.Guarded()) return ctx.Fail(std::move(diags));
  // The same line of a procedure that was called twice is wrong once.
  const std::vector<Diagnostic>& noted = state.mistakes.list();
  Diagnostics fresh;
  for (const Diagnostic& diagnostic : diags.list()) {
    if (std::find(noted.begin(), noted.end(), diagnostic) == noted.end()) fresh.Add(diagnostic);
  }
  if (!fresh.ok()) state.mistakes.Append(ctx.Traced(std::move(fresh)));
  return value;
}

// The first argument of a form: the name of what it makes. Empty after a mistake.
std::string NameOf(CallContext& ctx, Value value, Diagnostics& diags) {
  const size_t errors = diags.errors();
  std::string name = TextOf(value, ctx.ArgSpan(0), ctx.name(), diags);
  const absl::string_view problem = NameProblem(name);
  if (diags.errors() != errors) return "";
  if (problem.empty()) return name;
  diags.Error(ctx.ArgSpan(0), absl::StrCat(ctx.name(), ": name '", name, "' ", problem),
              absl::StrCat("the name of the ", ctx.name()));
  return "";
}

EvalResult Service(State& state, CallContext& ctx, Args args) {
  Diagnostics diags;
  ServiceSpec service;
  service.span = ctx.ArgSpan(0);
  service.name = NameOf(ctx, args[0], diags);
  service.container.name = service.name;
  service.container.spans.Set("", ctx.CallSpan());
  CompileServiceOptions(ctx, args.subspan(1), 1, service, diags);
  return Finish(state, ctx, std::move(diags),
                NewValue(ctx, SpecValue<ServiceSpec>(std::move(service))));
}

EvalResult Network(State& state, CallContext& ctx, Args args) {
  Diagnostics diags;
  NetworkSpec network;
  network.span = ctx.ArgSpan(0);
  network.name = NameOf(ctx, args[0], diags);
  for (size_t i = 1; i < args.size(); ++i) {
    const Value option = args[i];
    if (option.is_nil()) continue;
    if (!option.is_pair() || !(option.car().is_symbol() || option.car().is_string())) {
      diags.Error(ctx.ArgSpan(i),
                  absl::StrCat("network option must be a list, got ", option.type_name()),
                  "such as '(subnet \"10.5.0.0/24\")");
      continue;
    }
    if (option.car().text() != "subnet") {
      const std::string near = Suggest(option.car().text(), std::vector<std::string>{"subnet"});
      diags.Error(ctx.CarSpan(option),
                  absl::StrCat("network: unknown option '", option.car().text(), "'"),
                  near.empty() ? "the only option is subnet" : "did you mean 'subnet'?");
      continue;
    }
    if (!option.cdr().is_pair()) {
      diags.Error(ctx.SpanOf(option), "subnet: missing value", "expected (subnet \"CIDR\")");
      continue;
    }
    const Value value = option.cdr();
    const size_t errors = diags.errors();
    network.subnet = TextOf(value.car(), ctx.CarSpan(value), "subnet", diags);
    const absl::string_view problem = SubnetProblem(network.subnet);
    if (diags.errors() == errors && !problem.empty()) {
      diags.Error(ctx.CarSpan(value), absl::StrCat("subnet: '", network.subnet, "' ", problem),
                  "expected (subnet \"10.5.0.0/24\")");
      network.subnet.clear();
    }
    if (value.cdr().is_pair()) {
      diags.Error(ctx.CarSpan(value.cdr()),
                  absl::StrCat("subnet: unexpected value ", reml::Write(value.cdr().car())),
                  "expected (subnet \"CIDR\")");
    }
  }
  return Finish(state, ctx, std::move(diags),
                NewValue(ctx, SpecValue<NetworkSpec>(std::move(network))));
}

EvalResult Volume(State& state, CallContext& ctx, Args args) {
  Diagnostics diags;
  VolumeSpec volume{NameOf(ctx, args[0], diags), ctx.ArgSpan(0)};
  for (size_t i = 1; i < args.size(); ++i) {
    if (args[i].is_nil()) continue;
    diags.Error(ctx.ArgSpan(i), absl::StrCat("volume: unexpected value ", reml::Write(args[i])),
                "a volume has a name and no options");
  }
  return Finish(state, ctx, std::move(diags),
                NewValue(ctx, SpecValue<VolumeSpec>(std::move(volume))));
}

// What has no name has had a mistake.
template <typename Spec>
void Add(std::vector<Spec>& specs, const Spec& spec) {
  if (!spec.name.empty()) specs.push_back(spec);
}

// Services, networks, volumes, and lists of them to any depth, without host recursion.
EvalResult Compose(State& state, CallContext& ctx, Args args) {
  struct Item {
    Value value;
    Span span;
  };
  Diagnostics diags;
  ComposeSpec spec;
  std::vector<Item> waiting;  // the next one last
  for (size_t i = args.size(); i > 0; --i) waiting.push_back({args[i - 1], ctx.ArgSpan(i - 1)});
  while (!waiting.empty()) {
    const Item item = waiting.back();
    waiting.pop_back();
    if (!ctx.Charge(1)) return ctx.OutOfSteps();
    if (item.value.is_nil()) continue;
    if (item.value.is_pair()) {
      const Span at = reml::CarSpan(item.value);
      waiting.push_back({item.value.cdr(), item.span});
      waiting.push_back({item.value.car(), at.known() ? at : item.span});
    } else if (const auto* service = item.value.foreign<SpecValue<ServiceSpec>>()) {
      Add(spec.services, service->spec());
    } else if (const auto* network = item.value.foreign<SpecValue<NetworkSpec>>()) {
      Add(spec.networks, network->spec());
    } else if (const auto* volume = item.value.foreign<SpecValue<VolumeSpec>>()) {
      Add(spec.volumes, volume->spec());
    } else {
      diags.Error(item.span,
                  absl::StrCat("compose: unexpected value ", reml::Write(item.value), " (",
                               item.value.type_name(), ")"),
                  "expected services, networks, volumes, or lists of them");
    }
  }
  return Finish(state, ctx, std::move(diags), NewValue(ctx, ComposeValue(std::move(spec))));
}

EvalResult ComposeUp(State& state, CallContext& ctx, Args args) {
  Diagnostics diags;
  const auto* compose = args[0].foreign<ComposeValue>();
  if (compose == nullptr) {
    diags.Error(ctx.ArgSpan(0),
                absl::StrCat("compose-up: expected compose-spec, got ", args[0].type_name()),
                "what (compose ...) returns");
    return Finish(state, ctx, std::move(diags), Value::Nil());
  }
  ComposeRequest wanted{compose->spec(), "", false, ctx.CallSpan(), ctx.CallSpan()};
  // () and #f: not said, as in (compose-up stack #f #t).
  if (args.size() > 1 && !args[1].is_nil() && args[1].is_true()) {
    wanted.project_span = ctx.ArgSpan(1);
    wanted.project = TextOf(args[1], wanted.project_span, "compose-up project", diags);
    const absl::string_view problem = NameProblem(wanted.project);
    if (diags.ok() && !problem.empty()) {
      diags.Error(wanted.project_span,
                  absl::StrCat("compose-up: project '", wanted.project, "' ", problem),
                  "the name of the project");
    }
    if (!diags.ok()) wanted.project.clear();
  }
  if (args.size() > 2) wanted.foreground = args[2].is_true();
  if (diags.ok() || (state.collecting && !ctx.Guarded())) state.request = std::move(wanted);
  return Finish(state, ctx, std::move(diags), Value::Nil());
}

EvalResult OnReady(State& state, CallContext& ctx, Args args) {
  Diagnostics diags;
  const ServiceSpec* spec = FindServiceSpec(args[0]);
  const std::string service =
      spec != nullptr ? spec->name : TextOf(args[0], ctx.ArgSpan(0), "on-ready", diags);
  if (diags.ok() && !args[1].is_procedure()) {
    diags.Error(
        ctx.ArgSpan(1),
        absl::StrCat("on-ready: second argument must be a procedure, got ", args[1].type_name()),
        "such as (lambda () ...)");
  }
  if (diags.ok() && !service.empty()) {
    state.hooks.push_back({{service, ctx.ArgSpan(0)}, reml::Root(ctx.heap(), args[1])});
  }
  return Finish(state, ctx, std::move(diags), Value::Nil());
}

constexpr reml::Builtin kRows[] = {
    {"service", "name:text option:list... -> service-spec", nullptr,
     "Describes a service: its NAME and its options, each a list like `'(image \"nginx\")`.",
     "(service \"web\" '(image \"nginx\") '(port 8080 80)) => #<service:web>", 0,
     "service: expected name"},
    {"network", "name:text option:list... -> network-spec", nullptr,
     "Describes a network. Its one option is `'(subnet \"CIDR\")`; without it a free one is taken.",
     "(network \"back\" '(subnet \"10.5.0.0/24\")) => #<network:back>", 0,
     "network: expected name"},
    {"volume", "name:text option:list... -> volume-spec", nullptr, "Describes a named volume.",
     "(volume \"data\") => #<volume:data>", 0, "volume: expected name"},
    {"compose", "item:any... -> compose-spec", nullptr,
     "A stack of services, networks and volumes, or of lists of them to any depth.",
     "(compose (network \"n\") (list (service \"a\" '(image \"i\")))) => #<compose-spec>", 0, ""},
    {"compose-up", "stack:compose-spec [project:text|nil|bool] [foreground:any] -> nil", nullptr,
     "Asks for the stack; the last one asked for counts. PROJECT names it, FOREGROUND keeps the "
     "command in the foreground.",
     "(compose-up (compose (service \"a\" '(image \"i\"))) \"shop\") => ()", 0,
     "compose-up: expected a compose spec"},
    {"on-ready", "service:text|service-spec procedure:procedure -> nil", nullptr,
     "Calls the PROCEDURE, which takes no arguments, when the SERVICE is ready.",
     "(on-ready \"db\" (lambda () (display \"db is there\"))) => ()", 0, ""},
};

using Form = EvalResult (*)(State& state, CallContext& ctx, Args args);
// Of the rows, in their order.
constexpr Form kForms[] = {Service, Network, Volume, Compose, ComposeUp, OnReady};

}  // namespace

namespace {

template <typename Spec>
const Spec* FindSpec(Value value) {
  const auto* found = value.foreign<SpecValue<Spec>>();
  return found == nullptr ? nullptr : &found->spec();
}

}  // namespace

const ServiceSpec* FindServiceSpec(Value value) { return FindSpec<ServiceSpec>(value); }
const NetworkSpec* FindNetworkSpec(Value value) { return FindSpec<NetworkSpec>(value); }
const VolumeSpec* FindVolumeSpec(Value value) { return FindSpec<VolumeSpec>(value); }

reml::BuiltinTable ComposeForms::Table() {
  return {"Stacks", "What a stack is made of. These are values until `compose-up`.", kRows};
}

ComposeForms::ComposeForms(reml::Interpreter& interpreter) : interpreter_(interpreter) {
  static_assert(std::size(kForms) == std::size(kRows));
  for (size_t i = 0; i < std::size(kRows); ++i) {
    interpreter.Define(kRows[i], [this, form = kForms[i]](CallContext& ctx, Args args) {
      return form(state_, ctx, args);
    });
  }
}

std::optional<Value> ComposeForms::Evaluate(uint32_t source, Diagnostics& diagnostics) {
  return Evaluate(reml::Whole(source), diagnostics);
}

std::optional<Value> ComposeForms::Evaluate(Span part, Diagnostics& diagnostics) {
  state_.mistakes = {};
  state_.collecting = true;
  Diagnostics rest;
  const std::optional<Value> value = interpreter_.Evaluate(part, rest);
  state_.collecting = false;
  diagnostics.Append(state_.mistakes);
  diagnostics.Append(rest);
  return value;
}

}  // namespace pelagos
