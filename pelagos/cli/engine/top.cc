#include "pelagos/cli/engine/top.h"

#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/inventory.h"
#include "pelagos/container/rootless.h"
#include "pelagos/sys/cgroup_fs.h"
#include "pelagos/sys/file.h"

namespace pelagos::cli {
namespace {

using container::ProcessInfo;

constexpr uint64_t kKibi = 1024;

std::string UserOf(uint32_t uid, const TopFacts& facts) {
  const auto found = facts.users.find(uid);
  return found == facts.users.end() ? absl::StrCat(uid) : found->second;
}

absl::Duration CpuTime(const ProcessInfo& process, const TopFacts& facts) {
  return absl::Seconds(1) * static_cast<double>(process.user_ticks + process.system_ticks) /
         static_cast<double>(facts.ticks_per_second);
}

absl::Time StartOf(const ProcessInfo& process, const TopFacts& facts) {
  return facts.boot + absl::Seconds(1) * static_cast<double>(process.start_ticks) /
                          static_cast<double>(facts.ticks_per_second);
}

// Of one processor, since its start.
double CpuShare(const ProcessInfo& process, const TopFacts& facts) {
  const absl::Duration age = facts.now - StartOf(process, facts);
  if (age <= absl::ZeroDuration()) return 0;
  return 100 * absl::FDivDuration(CpuTime(process, facts), age);
}

// "01:02:03"; with a day before it, as ps(1) has it, where `days`.
std::string Clock(absl::Duration time) {
  const int64_t seconds = absl::ToInt64Seconds(time);
  const int64_t days = seconds / 86400;
  return absl::StrCat(
      days > 0 ? absl::StrCat(days, "-") : "",
      absl::StrFormat("%02d:%02d:%02d", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60));
}

// Today's by the hour, others by the day.
std::string StartText(const ProcessInfo& process, const TopFacts& facts) {
  const absl::Time start = StartOf(process, facts);
  const bool today = absl::ToCivilDay(start, facts.zone) == absl::ToCivilDay(facts.now, facts.zone);
  return absl::FormatTime(today ? "%H:%M" : "%b%d", start, facts.zone);
}

std::string TerminalOf(const ProcessInfo& process) {
  constexpr unsigned kTty = 4, kFirstPts = 136, kLastPts = 143;
  const auto device = static_cast<dev_t>(static_cast<unsigned>(process.terminal));
  const unsigned kind = ::major(device), number = ::minor(device);
  if (process.terminal == 0) return "?";
  if (kind >= kFirstPts && kind <= kLastPts) {
    return absl::StrCat("pts/", (kind - kFirstPts) * 256 + number);
  }
  return kind == kTty ? absl::StrCat("tty", number) : absl::StrCat(kind, ":", number);
}

std::string MemoryShare(const ProcessInfo& process, const TopFacts& facts) {
  if (facts.machine_bytes == 0) return "-";
  return absl::StrFormat("%.1f", 100.0 * static_cast<double>(process.resident_bytes) /
                                     static_cast<double>(facts.machine_bytes));
}

struct TopColumn {
  absl::string_view name, title;
  std::string (*cell)(const ProcessInfo& process, const TopFacts& facts);
};

// ps(1), "STANDARD FORMAT SPECIFIERS"; hpid and huser are Podman's, whose others mean the inside.
constexpr TopColumn kTopColumns[] = {
    {"pid", "PID", [](const ProcessInfo& p, const TopFacts&) { return absl::StrCat(p.pid); }},
    {"ppid", "PPID", [](const ProcessInfo& p, const TopFacts&) { return absl::StrCat(p.parent); }},
    {"hpid", "HPID", [](const ProcessInfo& p, const TopFacts&) { return absl::StrCat(p.pid); }},
    {"nspid", "NSPID",
     [](const ProcessInfo& p, const TopFacts&) { return absl::StrCat(p.inside); }},
    {"pgid", "PGID", [](const ProcessInfo& p, const TopFacts&) { return absl::StrCat(p.group); }},
    {"pgrp", "PGRP", [](const ProcessInfo& p, const TopFacts&) { return absl::StrCat(p.group); }},
    {"sid", "SID", [](const ProcessInfo& p, const TopFacts&) { return absl::StrCat(p.session); }},
    {"sess", "SESS", [](const ProcessInfo& p, const TopFacts&) { return absl::StrCat(p.session); }},
    {"user", "USER", [](const ProcessInfo& p, const TopFacts& f) { return UserOf(p.uid, f); }},
    {"euser", "EUSER", [](const ProcessInfo& p, const TopFacts& f) { return UserOf(p.uid, f); }},
    {"huser", "HUSER", [](const ProcessInfo& p, const TopFacts& f) { return UserOf(p.uid, f); }},
    {"uid", "UID", [](const ProcessInfo& p, const TopFacts&) { return absl::StrCat(p.uid); }},
    {"gid", "GID", [](const ProcessInfo& p, const TopFacts&) { return absl::StrCat(p.gid); }},
    {"c", "C",
     [](const ProcessInfo& p, const TopFacts& f) {
       return absl::StrCat(static_cast<int>(CpuShare(p, f)));
     }},
    {"%cpu", "%CPU",
     [](const ProcessInfo& p, const TopFacts& f) {
       return absl::StrFormat("%.1f", CpuShare(p, f));
     }},
    {"pcpu", "%CPU",
     [](const ProcessInfo& p, const TopFacts& f) {
       return absl::StrFormat("%.1f", CpuShare(p, f));
     }},
    {"%mem", "%MEM", MemoryShare},
    {"pmem", "%MEM", MemoryShare},
    {"vsz", "VSZ",
     [](const ProcessInfo& p, const TopFacts&) { return absl::StrCat(p.virtual_bytes / kKibi); }},
    {"rss", "RSS",
     [](const ProcessInfo& p, const TopFacts&) { return absl::StrCat(p.resident_bytes / kKibi); }},
    {"tty", "TTY", [](const ProcessInfo& p, const TopFacts&) { return TerminalOf(p); }},
    {"tt", "TT", [](const ProcessInfo& p, const TopFacts&) { return TerminalOf(p); }},
    {"s", "S", [](const ProcessInfo& p, const TopFacts&) { return std::string(1, p.state); }},
    {"state", "S", [](const ProcessInfo& p, const TopFacts&) { return std::string(1, p.state); }},
    {"stat", "STAT", [](const ProcessInfo& p, const TopFacts&) { return std::string(1, p.state); }},
    {"ni", "NI", [](const ProcessInfo& p, const TopFacts&) { return absl::StrCat(p.nice); }},
    {"nice", "NI", [](const ProcessInfo& p, const TopFacts&) { return absl::StrCat(p.nice); }},
    {"nlwp", "NLWP", [](const ProcessInfo& p, const TopFacts&) { return absl::StrCat(p.threads); }},
    {"stime", "STIME", StartText},
    {"start", "START", StartText},
    {"time", "TIME", [](const ProcessInfo& p, const TopFacts& f) { return Clock(CpuTime(p, f)); }},
    {"cputime", "TIME",
     [](const ProcessInfo& p, const TopFacts& f) { return Clock(CpuTime(p, f)); }},
    {"etime", "ELAPSED",
     [](const ProcessInfo& p, const TopFacts& f) { return Clock(f.now - StartOf(p, f)); }},
    {"comm", "COMMAND", [](const ProcessInfo& p, const TopFacts&) { return p.name; }},
    {"ucmd", "CMD", [](const ProcessInfo& p, const TopFacts&) { return p.name; }},
    {"args", "COMMAND", [](const ProcessInfo& p, const TopFacts&) { return p.command; }},
    {"command", "COMMAND", [](const ProcessInfo& p, const TopFacts&) { return p.command; }},
    {"cmd", "CMD", [](const ProcessInfo& p, const TopFacts&) { return p.command; }},
};

const TopColumn* FindColumn(absl::string_view name) {
  const auto* found = std::find_if(std::begin(kTopColumns), std::end(kTopColumns),
                                   [&](const TopColumn& column) { return column.name == name; });
  return found == std::end(kTopColumns) ? nullptr : found;
}

absl::Status Unknown(absl::string_view word) {
  return absl::InvalidArgumentError(
      absl::StrCat("top: '", word, "' is no column; expected -ef, aux, or names of columns: ",
                   absl::StrJoin(kTopColumns, ",", [](std::string* out, const TopColumn& column) {
                     absl::StrAppend(out, column.name);
                   })));
}

absl::StatusOr<TopFacts> ReadFacts() {
  TopFacts facts;
  facts.now = absl::Now();
  facts.zone = absl::LocalTimeZone();
  facts.ticks_per_second = static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
  facts.machine_bytes = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                        static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  // "SECONDS.HUNDREDTHS IDLE", proc_uptime(5).
  PELAGOS_ASSIGN_OR_RETURN(const std::string uptime, sys::ReadFile("/proc/uptime", 4096));
  double seconds = 0;
  if (!absl::SimpleAtod(uptime.substr(0, uptime.find(' ')), &seconds)) {
    return absl::InternalError("/proc/uptime is not understood");
  }
  facts.boot = facts.now - absl::Seconds(seconds);
  // A host without the file has numbers only.
  const auto passwd = sys::ReadFile("/etc/passwd", 4 << 20);
  if (!passwd.ok()) return facts;
  for (absl::string_view line : absl::StrSplit(*passwd, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ':');
    uint32_t uid = 0;
    if (fields.size() > 2 && absl::SimpleAtoi(fields[2], &uid)) {
      facts.users.emplace(uid, std::string(fields[0]));
    }
  }
  return facts;
}

absl::StatusOr<std::string> Top(const Context& context, const std::string& name, Listing listing,
                                const std::vector<Column>& columns) {
  PELAGOS_ASSIGN_OR_RETURN(const container::Found found,
                           container::Inventory(context.roots).Find(name));
  PELAGOS_ASSIGN_OR_RETURN(const sys::CgroupMounts mounts, sys::ReadCgroupMounts());
  PELAGOS_ASSIGN_OR_RETURN(const container::OwnCgroups own,
                           container::FindOwnCgroups(found, mounts));
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<ProcessInfo> processes,
                           container::ReadProcessesOf(found, own));
  PELAGOS_ASSIGN_OR_RETURN(const TopFacts facts, ReadFacts());
  for (const ProcessInfo& process : processes) {
    listing.Add({TopCells(process, columns, facts), nullptr});
  }
  return listing.Text();
}

int RunTop(const Context& context, const Arguments& args) {
  const std::vector<std::string>& words = args.positionals();
  if (words.empty()) return Fail("top: needs a container: pelagos top NAME [COLUMN...]", kUsage);
  const auto columns = TopColumns({words.begin() + 1, words.end()});
  if (!columns.ok()) return Fail(columns.status(), kUsage);
  const auto listing = Listing::From(args, *columns);
  if (!listing.ok()) return Fail(absl::StrCat("top: ", listing.status().message()), kUsage);
  const auto entered = container::EnterIfRootless(context.roots);
  if (!entered.ok()) return Fail(entered.status());
  const absl::StatusOr<std::string> text = Top(context, words[0], *listing, *columns);
  if (!text.ok()) return Fail(text.status());
  std::cout << *text;
  return kDone;
}

}  // namespace

absl::StatusOr<std::vector<Column>> TopColumns(const std::vector<std::string>& words) {
  std::vector<std::string> names;
  bool chosen = false;  // by name
  const auto add = [&](absl::string_view list) -> absl::Status {
    for (absl::string_view name : absl::StrSplit(list, absl::ByAnyChar(", "), absl::SkipEmpty())) {
      if (FindColumn(name) == nullptr) return Unknown(name);
      names.emplace_back(name);
    }
    chosen = true;
    return absl::OkStatus();
  };
  constexpr absl::string_view kFull = "user pid ppid c stime tty time cmd";
  constexpr absl::string_view kUserForm = "user pid %cpu %mem vsz rss tty stat start time command";
  absl::string_view form = kFull;
  for (size_t i = 0; i < words.size(); ++i) {
    absl::string_view word = words[i];
    if (word == "o" || word == "-o" || word == "-eo" || word == "-ao") {
      if (++i == words.size()) {
        return absl::InvalidArgumentError(absl::StrCat("top: '", word, "' needs names of columns"));
      }
      PELAGOS_RETURN_IF_ERROR(add(words[i]));
    } else if (word == "-ef" || word == "-fe" || word == "-e" || word == "-f" || word == "-A") {
      form = kFull;
    } else if (word == "aux" || word == "-aux" || word == "u" || word == "ux") {
      form = kUserForm;
    } else if (absl::ConsumePrefix(&word, "-eo") || absl::ConsumePrefix(&word, "-o")) {
      PELAGOS_RETURN_IF_ERROR(add(word));
    } else {
      PELAGOS_RETURN_IF_ERROR(add(word));
    }
  }
  if (!chosen) PELAGOS_RETURN_IF_ERROR(add(form));
  std::vector<Column> columns;
  for (const std::string& name : names) {
    const TopColumn* column = FindColumn(name);
    columns.push_back({column->name, column->title});
  }
  return columns;
}

std::vector<std::string> TopCells(const ProcessInfo& process, const std::vector<Column>& columns,
                                  const TopFacts& facts) {
  std::vector<std::string> cells;
  for (const Column& column : columns) {
    cells.push_back(FindColumn(column.name)->cell(process, facts));
  }
  return cells;
}

std::vector<Command> TopCommands() {
  return {{.name = "top",
           .usage = "[FLAGS] NAME [COLUMN...]",
           .summary = "Show the processes of a container.",
           .example = "pelagos top web -o pid,ppid,user,time,args",
           .flags = {kFormatFlag, kJsonFlag},
           .options_first = true,
           .run = RunTop}};
}

}  // namespace pelagos::cli
