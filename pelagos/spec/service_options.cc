#include "pelagos/spec/service_options.h"

#include <array>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pelagos/base/suggest.h"
#include "pelagos/policy/mount_plan.h"
#include "pelagos/spec/option.h"
#include "pelagos/spec/option_compile.h"

namespace pelagos {
namespace {

using reml::Value;

// What a list among an option's values stands for.
enum class Lists : uint8_t {
  kNothing,  // a mistake
  kSplice,   // its elements: (command ("sh" "-c")) is (command "sh" "-c")
  kMore,     // one more option: (env ("A" "1") ("B" . "2")) is (env "A" "1") and (env "B" "2")
};

struct CompiledRow {
  ServiceOptionRow row;
  Lists lists;
  void (*compile)(Option&);
};

constexpr std::array<CompiledRow, 18> kOptions = {{
    {{"image", "(image REFERENCE)", "what to run"}, Lists::kNothing, CompileImage},
    {{"command", "(command WORD...)", "replaces the image's entrypoint and command"},
     Lists::kSplice,
     CompileCommand},
    {{"env", "(env KEY VALUE)", "a variable of the environment"}, Lists::kMore, CompileEnv},
    {{"network", "(network NAME...)", "networks to join"}, Lists::kSplice, CompileNetwork},
    {{"port", "(port HOST CONTAINER [ADDRESS])", "publishes a TCP port"},
     Lists::kMore,
     CompilePort},
    {{"volume", "(volume NAME PATH)", "a volume of the stack"}, Lists::kMore, CompileVolume},
    {{"bind", "(bind HOST-PATH PATH)", "a host path, writable"}, Lists::kMore, CompileBind},
    {{"bind-rw", "(bind-rw HOST-PATH PATH)", "the same as bind"}, Lists::kMore, CompileBind},
    {{"bind-ro", "(bind-ro HOST-PATH PATH)", "a host path, read-only"},
     Lists::kMore,
     CompileBindReadOnly},
    {{"tmpfs", "(tmpfs PATH...)", "a file system in memory"}, Lists::kSplice, CompileTmpfs},
    {{"depends-on", "(depends-on SERVICE [PORT])", "starts after it is ready"},
     Lists::kMore,
     CompileDependsOn},
    {{"memory", "(memory SIZE)", "limit of memory: \"512m\", \"1.5g\""},
     Lists::kNothing,
     CompileMemory},
    {{"cpus", "(cpus NUMBER)", "limit of CPUs"}, Lists::kNothing, CompileCpus},
    {{"user", "(user USER)", "UID[:GID] or NAME[:GROUP]"}, Lists::kNothing, CompileUser},
    {{"workdir", "(workdir PATH)", "where the command starts"}, Lists::kNothing, CompileWorkdir},
    {{"cap-add", "(cap-add NAME...)", "capabilities on top of the default set"},
     Lists::kSplice,
     CompileCapAdd},
    {{"cap-drop", "(cap-drop NAME...)", "capabilities out of it"}, Lists::kSplice, CompileCapDrop},
    {{"stop-grace-period", "(stop-grace-period TIME)",
      "between stop signal and kill: 30, \"1m30s\""},
     Lists::kNothing,
     CompileStopGracePeriod},
}};

const CompiledRow* FindOption(absl::string_view name) {
  for (const CompiledRow& option : kOptions) {
    if (option.row.name == name) return &option;
  }
  return nullptr;
}

std::string UnknownOptionHint(absl::string_view written) {
  std::vector<absl::string_view> names;
  for (const CompiledRow& option : kOptions) names.push_back(option.row.name);
  const std::string near = Suggest(written, names);
  return near.empty() ? absl::StrCat("options are: ", absl::StrJoin(names, " "))
                      : absl::StrCat("did you mean '", near, "'?");
}

// Compiles an option of these values, or the several that its lists stand for.
void CompileRow(const CompiledRow& row, Option& option, const std::vector<Datum>& data) {
  bool again = false;
  const auto compile = [&](Span span, std::vector<Datum> values) {
    const Span whole = std::exchange(option.span, span);
    option.values = std::move(values);
    row.compile(option);
    option.span = whole;
    again = true;
  };
  // As in define-service, an option that begins with an atom is one option.
  const bool atom_first = row.lists == Lists::kMore && !data.empty() && !data[0].value.is_pair();
  std::vector<Datum> values;
  for (const Datum& datum : data) {
    if (!datum.value.is_pair() || atom_first || row.lists == Lists::kNothing) {
      values.push_back(datum);
    } else if (row.lists == Lists::kSplice) {
      for (const Datum& inner : DataOf(datum.value, datum.span)) values.push_back(inner);
    } else {
      if (!values.empty()) compile(option.span, std::exchange(values, {}));
      compile(datum.span, DataOf(datum.value, datum.span));
    }
  }
  if (!values.empty() || !again) compile(option.span, std::move(values));
}

// Takes out what is without a name or a place: that was reported.
void DropBroken(ServiceSpec& service) {
  std::erase(service.networks, "");
  std::erase_if(service.container.mounts.mounts(), [](const Mount& mount) {
    return mount.target.empty() || (mount.kind != MountKind::kTmpfs && mount.source.empty());
  });
}

}  // namespace

absl::Span<const ServiceOptionRow> ServiceOptions() {
  static constexpr auto kRows = [] {
    std::array<ServiceOptionRow, kOptions.size()> rows = {};
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = kOptions[i].row;
    return rows;
  }();
  return kRows;
}

void CompileServiceOptions(reml::CallContext& ctx, absl::Span<const Value> options,
                           size_t first_argument, ServiceSpec& service, Diagnostics& diags) {
  CapabilitySet added, dropped;
  bool has_image = false;
  for (size_t i = 0; i < options.size(); ++i) {
    const Value list = options[i];
    const Span argument = ctx.ArgSpan(first_argument + i);
    if (list.is_nil()) continue;  // what (if debug '(env "DEBUG" "1")) gives otherwise
    if (!list.is_pair()) {
      diags.Error(argument, absl::StrCat("service option must be a list, got ", list.type_name()),
                  list.is_keyword() ? "keywords are for define-service; here it is a list such as "
                                      "'(image \"busybox\")"
                                    : "such as '(image \"busybox\")");
      continue;
    }
    const Span known = reml::SpanOf(list);
    const Span span = known.known() ? known : argument;
    std::vector<Datum> data = DataOf(list, span);
    const Datum key = data.front();
    data.erase(data.begin());
    if (!key.value.is_symbol() && !key.value.is_string()) {
      diags.Error(key.span,
                  absl::StrCat("service option: expected a name, got ", key.value.type_name()),
                  "such as '(image \"busybox\")");
      continue;
    }
    const absl::string_view name = key.value.text();
    const CompiledRow* row = FindOption(name);
    if (row == nullptr) {
      diags.Error(key.span, absl::StrCat("service: unknown option '", name, "'"),
                  UnknownOptionHint(name));
      continue;
    }
    has_image = has_image || name == "image";
    Option option{row->row.name, row->row.shape, span, {}, service, added, dropped, diags};
    CompileRow(*row, option, data);
  }
  if (!has_image) {
    diags.Error(ctx.CallSpan(),
                absl::StrCat("service '", service.name, "': missing (image ...) option"),
                "say what it runs: '(image \"busybox\")");
  }
  service.container.capabilities = (kDefaultCapabilities - dropped) | added;
  DropBroken(service);
}

}  // namespace pelagos
