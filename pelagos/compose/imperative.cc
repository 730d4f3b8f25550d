#include "pelagos/compose/imperative.h"

#include <iterator>

#include "pelagos/compose/imperative_forms.h"

namespace pelagos::compose {
namespace {

constexpr reml::Builtin kRows[] = {
    {"container-start", "service:service-spec option:any... -> container", nullptr,
     "Starts a container of the SERVICE now and returns when its program runs. `:env ALIST` adds "
     "variables, a list of pairs `(KEY . value)`.",
     "(container-start 5) !! container-start: expected service-spec, got int"},
    {"container-start-bg", "service:service-spec option:any... -> pending-container", nullptr,
     "Begins to start a container, as `container-start` does, and does not wait for it.",
     "(container-start-bg 5) !! container-start-bg: expected service-spec, got int"},
    {"container-join", "pending:pending-container -> container", nullptr,
     "Waits until the container that was begun runs. May be called once for each.",
     "(container-join 5) !! container-join: expected pending-container, got int"},
    {"container-stop", "container:container -> nil", nullptr,
     "Asks the CONTAINER's program to end, and those of the containers that were started for it. "
     "It does not wait.",
     "(container-stop 5) !! container-stop: expected container, got int"},
    {"container-wait", "container:container -> int", nullptr,
     "Waits until the CONTAINER's program has ended and returns its exit code. Then it stops the "
     "containers that were started for it.",
     "(container-wait 5) !! container-wait: expected container, got int"},
    {"container-run", "service:service-spec option:any... -> int", nullptr,
     "Starts a container of the SERVICE, waits for its end, and returns the exit code. `:env "
     "ALIST` "
     "as with `container-start`.",
     "(container-run 5) !! container-run: expected service-spec, got int"},
    {"container-ip", "container:container -> string|nil", nullptr,
     "The address of the CONTAINER on its first network. `()` when it has none.",
     "(container-ip 5) !! container-ip: expected container, got int"},
    {"container-status", "container:container -> string", nullptr, "\"running\" or \"exited\".",
     "(container-status 5) !! container-status: expected container, got int"},
    {"await-port", "host:text|container port:int option:any... -> bool", nullptr,
     "Waits until the PORT of HOST accepts a connection: an address, a name, or a container. The "
     "time is 60 seconds, or a third argument, or `:timeout SECONDS`; `#f` when it is over.",
     "(await-port \"localhost\" 0) !! await-port: port out of range", 0,
     "await-port: expected (host port [timeout-secs])"},
    {"start", "service:service-spec option:any... -> future", nullptr,
     "A future that starts a container of the SERVICE when it is executed. `:needs FUTURES` come "
     "first; `:env PROCEDURE` gets their values and returns a list of pairs `(KEY . value)`.",
     "(start (service \"db\" '(image \"redis\"))) => #<future:db>\n"
     "(start 5) !! start: expected service-spec, got int"},
    {"then", "future:future procedure:procedure option:any... -> future", nullptr,
     "A future whose value is what the PROCEDURE makes of the value of FUTURE. A future that it "
     "returns is executed too, and gives the value. `:name NAME` names it in the result of `run`.",
     "(then (start (service \"db\" '(image \"redis\"))) container-ip :name \"ip\") => "
     "#<future:ip after:1>\n"
     "(then 5 car) !! then: expected future, got int"},
    {"then-all", "futures:list<future> procedure:procedure -> future", nullptr,
     "A future whose value is what the PROCEDURE makes of the values of all FUTURES.",
     "(let ((f (lambda (n) (start (service n '(image \"i\")))))) (then-all (list (f 'a) (f 'b)) "
     "list)) => #<future:join(a,b) after:2>\n"
     "(then-all 5 list) !! then-all: first argument must be a list of futures"},
    {"run", "futures:list<future> option:any... -> list", nullptr,
     "Executes the FUTURES and all that they need, each once, and returns a list of pairs `(NAME . "
     "value)`. With `:parallel`, the containers of a tier start together, at most `:max-parallel "
     "N` "
     "at once. Every `run` executes everything again.",
     "(run '()) => ()\n(run 5) !! run: argument must be a list of futures"},
    {"resolve", "future:future -> any", nullptr,
     "Executes the FUTURE and all that it needs, and returns its value.",
     "(resolve 5) !! resolve: expected future, got int"},
    {"await", "future:future option:any... -> container", nullptr,
     "Starts the container of a `start` future now, without what it needs and without its `:env`. "
     "`:port PORT` waits until that is open, 60 seconds or `:timeout SECONDS`.",
     "(await 5) !! await: expected future, got int"},
};

// Of the rows, in their order.
constexpr Form kForms[] = {ContainerStart, ContainerStartBg, ContainerJoin, ContainerStop,
                           ContainerWait,  ContainerRun,     ContainerIp,   ContainerStatus,
                           AwaitPortForm,  StartForm,        ThenForm,      ThenAllForm,
                           RunForm,        ResolveForm,      AwaitForm};

}  // namespace

reml::BuiltinTable ImperativeForms::Table() {
  return {"Containers and futures",
          "A program can start containers itself, one call each, or describe the starts as "
          "futures: values that say what is needed first, which `run` executes in order. What it "
          "started ends with the program.",
          kRows};
}

ImperativeForms::ImperativeForms(reml::Interpreter& interpreter, const ComposeForms& forms,
                                 ContainerHost& host)
    : world_{forms, host} {
  static_assert(std::size(kForms) == std::size(kRows));
  for (size_t i = 0; i < std::size(kRows); ++i) {
    interpreter.Define(kRows[i], [this, form = kForms[i]](reml::CallContext& ctx, FormArgs args) {
      return form(world_, ctx, args);
    });
  }
}

}  // namespace pelagos::compose
