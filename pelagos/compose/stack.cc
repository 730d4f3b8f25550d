#include "pelagos/compose/stack.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/compose/project_name.h"
#include "pelagos/plan/make_compose_plan.h"
#include "pelagos/policy/name.h"
#include "pelagos/spec/check.h"
#include "pelagos/spec/scope.h"
#include "pelagos/sys/file.h"

namespace pelagos::compose {
namespace {

constexpr size_t kLargestFile = 16 << 20;

// The records of (log ...) are for those who ask for them, as other programs' information is.
bool WantsLog() {
  for (const char* variable : {"PELAGOS_LOG", "RUST_LOG"}) {
    const char* value = std::getenv(variable);
    if (value == nullptr) continue;
    for (absl::string_view level : {"info", "debug", "trace"}) {
      if (absl::string_view(value).find(level) != absl::string_view::npos) return true;
    }
  }
  return false;
}

// A failure of the host that belongs to a line of the program.
void Report(const absl::Status& status, Span span, absl::string_view what, Diagnostics& diags) {
  diags.Error(span, absl::StrCat(what, ": ", status.message()));
}

// What a bind mount brings in has to be there; nothing is made up.
void CheckBindSources(const ComposeSpec& spec, Diagnostics& diags) {
  for (const ServiceSpec& service : spec.services) {
    for (const Mount& mount : service.container.mounts.mounts()) {
      if (mount.kind != MountKind::kBind) continue;
      struct stat info = {};
      if (::stat(mount.source.c_str(), &info) == 0) continue;
      diags.Error(service.container.spans.Find("mount-source", mount.target),
                  absl::StrCat("service '", service.name, "': bind-mount host path '", mount.source,
                               "': ", std::strerror(errno)),
                  "relative paths count from the folder of the stack's file");
    }
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Stack>> Stack::Load(container::Engine& engine,
                                                   const StackOptions& options) {
  absl::StatusOr<std::string> text = sys::ReadFile(options.file, kLargestFile);
  if (absl::IsNotFound(text.status())) {
    return absl::NotFoundError(
        absl::StrCat("there is no '", options.file, "' here; name a stack's program with -f FILE"));
  }
  if (!text.ok()) return text.status();
  if (!options.project.empty()) {
    PELAGOS_RETURN_IF_ERROR(CheckProjectName(options.project).status());
  }
  auto stack = std::unique_ptr<Stack>(new Stack());
  stack->file_ = CanonicalPath(options.file);
  stack->output_ = [](absl::string_view written) { std::cout << written; };
  const uint32_t source = stack->sources_.Add(options.file, *std::move(text));
  const bool ended = stack->Evaluate(source);
  if (ended && stack->forms_->request()) {
    stack->requested_ = true;
    stack->Compile(engine, options.project);
  }
  return stack;
}

bool Stack::Evaluate(uint32_t source) {
  reml::Host host;
  host.output = [this](absl::string_view text) { output_(text); };
  if (WantsLog()) {
    host.log = [](absl::string_view record) { std::cerr << "[lisp] " << record << "\n"; };
  }
  interpreter_ = std::make_unique<reml::Interpreter>(sources_, reml::Limits{}, std::move(host));
  forms_ = std::make_unique<ComposeForms>(*interpreter_);
  imperative_ = std::make_unique<ImperativeForms>(*interpreter_, *forms_, containers_);
  return forms_->Evaluate(source, diagnostics_).has_value();
}

void Stack::Compile(container::Engine& engine, const std::string& wanted_project) {
  const ComposeRequest& request = *forms_->request();
  foreground_ = request.foreground;
  std::string project = wanted_project;
  if (project.empty()) project = request.project;
  if (project.empty()) project = DefaultProjectName(file_);
  if (const absl::string_view problem = NameProblem(project); !problem.empty()) {
    diagnostics_.Error(request.project_span,
                       absl::StrCat("project name '", project, "' ", problem));
  }
  std::vector<HookSite> sites;
  for (const Hook& hook : forms_->hooks()) sites.push_back(hook.site);
  spec_ = Completed(request.spec);
  CheckCompose(spec_, sites, diagnostics_);
  ResolveBindSources(spec_, FolderOfFile(file_));
  CheckBindSources(spec_, diagnostics_);
  if (!ok()) return;

  std::map<std::string, ServiceImage> images;
  for (const ServiceSpec& service : spec_.services) {
    absl::StatusOr<container::FoundImage> found = engine.FindImage(service.container);
    if (!found.ok()) {
      Report(found.status(), service.container.spans.Find("image"),
             absl::StrCat("service '", service.name, "'"), diagnostics_);
      continue;
    }
    // As for `run`: what is hidden, and what may be asked for, depends on the host.
    absl::StatusOr<HostFacts> facts = engine.FactsFor(service.container);
    if (!facts.ok()) {
      Report(facts.status(), service.container.spans.Find(""),
             absl::StrCat("service '", service.name, "'"), diagnostics_);
      continue;
    }
    images[service.name] = {std::move(found->image), std::move(found->user), *std::move(facts)};
    holds_.push_back(std::move(found->hold));
  }
  if (!ok()) return;
  if (const absl::Status learnt = engine.LearnCgroups(); !learnt.ok()) {
    Report(learnt, Span{}, "cgroups", diagnostics_);
    return;
  }
  std::optional<ComposePlan> plan =
      MakeComposePlan(project, spec_, images, engine.facts(), diagnostics_);
  if (plan) plan_ = *std::move(plan);
}

absl::Status Stack::RunHooks(const std::string& service) {
  for (const Hook& hook : forms_->hooks()) {
    if (hook.site.service != service) continue;
    Diagnostics diags;
    if (interpreter_->Call(hook.procedure.get(), {}, diags)) continue;
    return absl::InternalError(diags.list().empty() ? "failed" : Render(sources_, diags));
  }
  return absl::OkStatus();
}

}  // namespace pelagos::compose
