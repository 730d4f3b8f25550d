// update checkpoint restore
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/oci/command.h"
#include "pelagos/oci/config_json.h"
#include "pelagos/policy/byte_size.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

// Reads numbers from flags into optional members; the first that is none is told.
class FlagReader {
 public:
  explicit FlagReader(const Arguments& args) : args_(args) {}

  template <typename Value>
  void Number(const char* flag, std::optional<Value>& value) {
    if (!args_.has(flag)) return;
    Value number = 0;
    if (!absl::SimpleAtoi(args_.value(flag), &number)) return Mistake(flag, "a number");
    value = number;
  }
  // Bytes with a unit, or -1.
  void Bytes(const char* flag, std::optional<int64_t>& value) {
    if (!args_.has(flag)) return;
    const std::string text = args_.value(flag);
    const std::optional<uint64_t> bytes = ParseByteSize(text);
    if (text == "-1" || text == "0") {
      value = text == "0" ? 0 : -1;
    } else if (bytes && *bytes < (uint64_t{1} << 63)) {
      value = static_cast<int64_t>(*bytes);
    } else {
      Mistake(flag, "bytes (512m, 1g) or -1");
    }
  }
  void Text(const char* flag, std::string& value) {
    if (args_.has(flag)) value = args_.value(flag);
  }
  const absl::Status& status() const { return status_; }

 private:
  void Mistake(const char* flag, const char* expected) {
    if (!status_.ok()) return;
    status_ = absl::InvalidArgumentError(absl::StrCat("invalid value for ", flag, ": expected ",
                                                      expected, ", not '", args_.value(flag), "'"));
  }
  const Arguments& args_;
  absl::Status status_;
};

absl::StatusOr<oci::Resources> ResourcesFrom(const Arguments& args) {
  if (args.has("resources")) {
    const std::string path = args.value("resources");
    if (path == "-") {
      const Fd input(::dup(STDIN_FILENO));
      PELAGOS_ASSIGN_OR_RETURN(const std::string text,
                               sys::ReadAll(input, oci::kMostConfigText, "standard input"));
      return oci::ReadResources(text);
    }
    PELAGOS_ASSIGN_OR_RETURN(const std::string text, sys::ReadFile(path, oci::kMostConfigText));
    return oci::ReadResources(text);
  }
  FlagReader flags(args);
  oci::MemoryLimits memory;
  oci::CpuLimits cpu;
  oci::PidsLimit pids;
  oci::BlockIo io;
  flags.Bytes("memory", memory.limit);
  flags.Bytes("memory-reservation", memory.reservation);
  flags.Bytes("memory-swap", memory.swap);
  flags.Bytes("kernel-memory", memory.kernel);
  flags.Bytes("kernel-memory-tcp", memory.kernel_tcp);
  flags.Number("cpu-period", cpu.period);
  flags.Number("cpu-quota", cpu.quota);
  flags.Number("cpu-burst", cpu.burst);
  flags.Number("cpu-share", cpu.shares);
  flags.Number("cpu-rt-period", cpu.realtime_period);
  flags.Number("cpu-rt-runtime", cpu.realtime_runtime);
  flags.Number("cpu-idle", cpu.idle);
  flags.Text("cpuset-cpus", cpu.cpus);
  flags.Text("cpuset-mems", cpu.mems);
  flags.Number("pids-limit", pids.limit);
  std::optional<uint32_t> weight;
  flags.Number("blkio-weight", weight);
  PELAGOS_RETURN_IF_ERROR(flags.status());
  if (weight) io.weight = static_cast<uint16_t>(*weight > 1000 ? 1001 : *weight);
  oci::Resources resources;
  if (memory != oci::MemoryLimits{}) resources.memory = memory;
  if (cpu != oci::CpuLimits{}) resources.cpu = cpu;
  if (pids != oci::PidsLimit{}) resources.pids = pids;
  if (io != oci::BlockIo{}) resources.block_io = io;
  return resources;
}

int Update(OciContext& context, const Arguments& args) {
  if (args.has("l3-cache-schema") || args.has("mem-bw-schema")) {
    return OciFail(context, "Intel RDT is not supported");
  }
  const auto resources = ResourcesFrom(args);
  if (!resources.ok()) return OciFail(context, resources.status());
  const absl::Status updated = context.runtime.Update(args.positionals()[0], *resources);
  return updated.ok() ? kDone : OciFail(context, updated);
}

int Unsupported(OciContext& context, const Arguments&) {
  return OciFail(context, "checkpoint and restore are not supported");
}

}  // namespace

std::vector<OciRow> OciUpdateRows() {
  constexpr size_t kAnyNumber = 1 << 20;
  return {{"update",
           "[FLAGS] ID",
           "Change the limits of a container.",
           {{"resources", 'r', "FILE", "linux.resources as JSON; - is standard input"},
            {"memory", 0, "BYTES", "memory; -1: no limit"},
            {"memory-reservation", 0, "BYTES", "what reclaim leaves alone"},
            {"memory-swap", 0, "BYTES", "memory and swap together; -1: no limit"},
            {"kernel-memory", 0, "BYTES", "memory of the kernel's (v1)"},
            {"kernel-memory-tcp", 0, "BYTES", "memory of the kernel's for TCP (v1)"},
            {"cpu-period", 0, "MICROSECONDS", "what the quota is of"},
            {"cpu-quota", 0, "MICROSECONDS", "time in each period; -1: no limit"},
            {"cpu-burst", 0, "MICROSECONDS", "what may be saved up"},
            {"cpu-share", 0, "N", "weight, 1024 is what everybody has"},
            {"cpu-rt-period", 0, "MICROSECONDS", "of real time (v1)"},
            {"cpu-rt-runtime", 0, "MICROSECONDS", "of real time (v1)"},
            {"cpu-idle", 0, "0|1", "run only when nobody else wants to"},
            {"cpuset-cpus", 0, "LIST", "CPUs: 0-2,4"},
            {"cpuset-mems", 0, "LIST", "memory nodes"},
            {"pids-limit", 0, "N", "processes; -1: no limit"},
            {"blkio-weight", 0, "N", "10 to 1000"},
            {"l3-cache-schema", 0, "TEXT", "not supported"},
            {"mem-bw-schema", 0, "TEXT", "not supported"}},
           1,
           1,
           false,
           Update},
          {"checkpoint", "ID", "Not supported.", {}, 0, kAnyNumber, true, Unsupported},
          {"restore", "ID", "Not supported.", {}, 0, kAnyNumber, true, Unsupported}};
}

}  // namespace pelagos::cli
