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
    {{"image", "(image REFERENCE)",
      "What to run: an image of the store, or the built-in `busybox`. Every service needs one.",
      "(image \"redis:7\")"},
     Lists::kNothing,
     CompileImage},
    {{"command", "(command WORD...)", "Replaces the entrypoint and the command of the image.",
      "(command \"sh\" \"-c\" \"echo hello\")"},
     Lists::kSplice,
     CompileCommand},
    {{"env", "(env KEY VALUE)", "A variable of the program's environment. VALUE may be a number.",
      "(env \"PORT\" 80)"},
     Lists::kMore,
     CompileEnv},
    {{"network", "(network NAME...)",
      "The networks that it joins; the first is `eth0`. Without: the first network of the stack.",
      "(network \"front\" \"back\")"},
     Lists::kSplice,
     CompileNetwork},
    {{"port", "(port HOST CONTAINER [ADDRESS])",
      "Publishes the TCP port CONTAINER as the port HOST of the host, on 127.0.0.1 unless an "
      "ADDRESS is given. `\"8080:80\"` and `\"0.0.0.0:8080:80\"` are fine too.",
      "(port 8080 80)\n(port \"0.0.0.0:8080:80\")"},
     Lists::kMore,
     CompilePort},
    {{"volume", "(volume NAME PATH)", "Mounts a volume of the stack at PATH.",
      "(volume \"data\" \"/data\")"},
     Lists::kMore,
     CompileVolume},
    {{"bind", "(bind HOST-PATH PATH)",
      "Mounts a path of the host at PATH, writable. A relative HOST-PATH counts from the folder of "
      "the stack file.",
      "(bind \"./site\" \"/srv\")"},
     Lists::kMore,
     CompileBind},
    {{"bind-rw", "(bind-rw HOST-PATH PATH)", "The same as `bind`.",
      "(bind-rw \"./site\" \"/srv\")"},
     Lists::kMore,
     CompileBind},
    {{"bind-ro", "(bind-ro HOST-PATH PATH)", "As `bind`, but read-only.",
      "(bind-ro \"/etc/ssl\" \"/etc/ssl\")"},
     Lists::kMore,
     CompileBindReadOnly},
    {{"tmpfs", "(tmpfs PATH...)", "Mounts an empty file system in memory at each PATH.",
      "(tmpfs \"/tmp\" \"/run\")"},
     Lists::kSplice,
     CompileTmpfs},
    {{"depends-on", "(depends-on SERVICE [PORT])",
      "Starts after SERVICE is ready; with a PORT, when that is open.", "(depends-on \"db\" 6379)"},
     Lists::kMore,
     CompileDependsOn},
    {{"memory", "(memory SIZE)", "Limits memory: a number of bytes, or a text with k, m or g.",
      "(memory \"512m\")\n(memory \"1.5g\")"},
     Lists::kNothing,
     CompileMemory},
    {{"cpus", "(cpus NUMBER)", "Limits processor time, as a number of processors.", "(cpus 0.5)"},
     Lists::kNothing,
     CompileCpus},
    {{"user", "(user USER)",
      "The user that the program runs as: `UID[:GID]`, or `NAME[:GROUP]` of the image.",
      "(user \"1000:1000\")"},
     Lists::kNothing,
     CompileUser},
    {{"workdir", "(workdir PATH)", "The folder that the command starts in.", "(workdir \"/srv\")"},
     Lists::kNothing,
     CompileWorkdir},
    {{"cap-add", "(cap-add NAME...)", "Adds capabilities to the default set. `ALL` is all of them.",
      "(cap-add net-raw)"},
     Lists::kSplice,
     CompileCapAdd},
    {{"cap-drop", "(cap-drop NAME...)",
      "Takes capabilities out of the set. `ALL` empties it first.", "(cap-drop ALL)"},
     Lists::kSplice,
     CompileCapDrop},
    {{"stop-grace-period", "(stop-grace-period TIME)",
      "The time between the stop signal and the kill: seconds, or a text with units. 10 seconds "
      "without.",
      "(stop-grace-period \"1m30s\")"},
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
  if (added != CapabilitySet::All()) service.container.named_capabilities = added;
  DropBroken(service);
}

}  // namespace pelagos
