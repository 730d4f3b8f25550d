// A service manager for tests: org.freedesktop.systemd1 on the bus of DBUS_SYSTEM_BUS_ADDRESS, as
// far as a container runtime asks it. It makes cgroups and moves processes for real, in cgroup2 and
// in the hierarchies of v1 that systemd knows, and says on standard output what it was asked, a
// line each. Its argument is how it misbehaves, its second where its own cgroup is.
//
//   fake_systemd [good | refuse | silent | no-job | failed | close | exists | elsewhere] [/ROOT]
//
// Source: org.freedesktop.systemd1(5).
#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace {

constexpr char kPath[] = "/org/freedesktop/systemd1";
constexpr char kManager[] = "org.freedesktop.systemd1.Manager";

std::string mode = "good", root;
std::map<std::string, std::string> units;  // their cgroups
uint32_t jobs = 0;
int starts = 0;

[[noreturn]] void Die(const char* what, int error) {
  std::cerr << "fake_systemd: " << what << ": " << std::strerror(error) << std::endl;
  std::exit(1);
}

void Say(const std::string& line) { std::cout << line << std::endl; }

// Of what a delegated unit has a cgroup in.
std::vector<std::string> Hierarchies() {
  std::vector<std::string> found;
  for (const char* path : {"/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd",
                           "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/cpu"}) {
    if (::access(absl::StrCat(path, "/cgroup.procs").c_str(), F_OK) == 0) found.push_back(path);
  }
  if (found.empty()) found.push_back("/sys/fs/cgroup");
  return found;
}

void MakeFolders(const std::string& path) {
  std::string folder = "/sys/fs/cgroup";
  for (absl::string_view part :
       absl::StrSplit(path.substr(folder.size()), '/', absl::SkipEmpty())) {
    absl::StrAppend(&folder, "/", part);
    if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) Die(folder.c_str(), errno);
  }
}

bool Move(const std::string& cgroup, uint32_t pid) {
  for (const std::string& hierarchy : Hierarchies()) {
    MakeFolders(hierarchy + cgroup);
    std::ofstream file(hierarchy + cgroup + "/cgroup.procs");
    file << pid << std::flush;
    if (!file) return false;
  }
  return true;
}

std::vector<int> ProcessesOf(const std::string& cgroup) {
  std::vector<int> pids;
  for (const std::string& hierarchy : Hierarchies()) {
    std::ifstream file(hierarchy + cgroup + "/cgroup.procs");
    for (int pid = 0; file >> pid;) pids.push_back(pid);
  }
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

std::string SlicePath(const std::string& slice) {
  if (slice == "-.slice") return "";
  std::string path, prefix;
  for (absl::string_view part : absl::StrSplit(slice.substr(0, slice.size() - 6), '-')) {
    absl::StrAppend(&prefix, prefix.empty() ? "" : "-", part);
    absl::StrAppend(&path, "/", prefix, ".slice");
  }
  return path;
}

int Job(sd_bus_message* call, const std::string& unit, const char* result) {
  const std::string job = absl::StrCat(kPath, "/job/", ++jobs);
  int r = sd_bus_reply_method_return(call, "o", job.c_str());
  if (r < 0 || mode == "no-job") return r;
  return sd_bus_emit_signal(sd_bus_message_get_bus(call), kPath, kManager, "JobRemoved", "uoss",
                            jobs, job.c_str(), unit.c_str(), result);
}

// A property as text, "MemoryMax=123"; slice and pids are kept.
int ReadProperty(sd_bus_message* m, std::string* text, std::string* slice,
                 std::vector<uint32_t>* pids) {
  const char *name = nullptr, *type = nullptr;
  int r = sd_bus_message_read(m, "s", &name);
  if (r < 0) return r;
  if ((r = sd_bus_message_peek_type(m, nullptr, &type)) < 0) return r;
  if ((r = sd_bus_message_enter_container(m, 'v', type)) < 0) return r;
  const std::string of = type;
  *text = absl::StrCat(name, "=");
  if (of == "s") {
    const char* value = nullptr;
    r = sd_bus_message_read(m, "s", &value);
    if (r >= 0) absl::StrAppend(text, value);
    if (r >= 0 && slice != nullptr && *text == absl::StrCat("Slice=", value)) *slice = value;
  } else if (of == "b") {
    int value = 0;
    r = sd_bus_message_read(m, "b", &value);
    absl::StrAppend(text, value != 0 ? "yes" : "no");
  } else if (of == "t") {
    uint64_t value = 0;
    r = sd_bus_message_read(m, "t", &value);
    absl::StrAppend(text, value == UINT64_MAX ? "infinity" : absl::StrCat(value));
  } else if (of == "au") {
    const void* data = nullptr;
    size_t size = 0;
    r = sd_bus_message_read_array(m, 'u', &data, &size);
    const auto* numbers = static_cast<const uint32_t*>(data);
    pids->assign(numbers, numbers + size / sizeof(uint32_t));
    absl::StrAppend(text, pids->size());
  } else if (of == "ay") {
    const void* data = nullptr;
    size_t size = 0;
    r = sd_bus_message_read_array(m, 'y', &data, &size);
    const auto* bytes = static_cast<const uint8_t*>(data);
    for (size_t i = 0; r >= 0 && i < size; ++i) absl::StrAppend(text, absl::Hex(bytes[i]), ".");
  } else {
    absl::StrAppend(text, of);
    r = sd_bus_message_skip(m, of.c_str());
  }
  if (r < 0) return r;
  return sd_bus_message_exit_container(m);
}

int ReadProperties(sd_bus_message* m, std::vector<std::string>* texts, std::string* slice,
                   std::vector<uint32_t>* pids) {
  int r = sd_bus_message_enter_container(m, 'a', "(sv)");
  if (r < 0) return r;
  while ((r = sd_bus_message_enter_container(m, 'r', "sv")) > 0) {
    std::string text;
    if ((r = ReadProperty(m, &text, slice, pids)) < 0) return r;
    texts->push_back(text);
    if ((r = sd_bus_message_exit_container(m)) < 0) return r;
  }
  return r < 0 ? r : sd_bus_message_exit_container(m);
}

int StartUnit(sd_bus_message* m, void*, sd_bus_error* error) {
  const char *name = nullptr, *replace = nullptr;
  std::string slice;
  std::vector<uint32_t> pids;
  std::vector<std::string> properties;
  int r = sd_bus_message_read(m, "ss", &name, &replace);
  if (r < 0 || (r = ReadProperties(m, &properties, &slice, &pids)) < 0) return r;
  const std::string unit = name;
  ++starts;
  Say(absl::StrCat("start ", unit, " ", absl::StrJoin(properties, " ")));
  if (mode == "refuse") {
    return sd_bus_error_set(error, "org.freedesktop.DBus.Error.AccessDenied", "Permission denied");
  }
  if (mode == "silent") return 1;
  if (mode == "close") std::exit(0);
  const auto found = units.find(unit);
  const bool populated = found != units.end() && !ProcessesOf(found->second).empty();
  if (populated || mode == "exists" || (mode == "exists-once" && starts == 1)) {
    return sd_bus_error_setf(error, "org.freedesktop.systemd1.UnitExists",
                             "Unit %s was already loaded or has a fragment file.", name);
  }
  const bool is_slice = absl::EndsWith(unit, ".slice");
  const std::string cgroup =
      is_slice ? root + SlicePath(unit) : absl::StrCat(root, SlicePath(slice), "/", unit);
  if (mode == "failed") return Job(m, unit, "failed");
  for (const std::string& hierarchy : Hierarchies()) MakeFolders(hierarchy + cgroup);
  for (const uint32_t pid : pids) {
    if (!Move(cgroup, pid)) {
      return sd_bus_error_setf(error, "org.freedesktop.DBus.Error.UnixProcessIdUnknown",
                               "Process with ID %u does not exist.", pid);
    }
  }
  units[unit] = cgroup;
  return Job(m, unit, "done");
}

int SetProperties(sd_bus_message* m, void*, sd_bus_error* error) {
  const char* name = nullptr;
  int runtime = 0;
  std::vector<std::string> properties;
  int r = sd_bus_message_read(m, "sb", &name, &runtime);
  if (r < 0 || (r = ReadProperties(m, &properties, nullptr, nullptr)) < 0) return r;
  Say(absl::StrCat("set ", name, " ", absl::StrJoin(properties, " ")));
  if (units.count(name) == 0) {
    return sd_bus_error_set(error, "org.freedesktop.systemd1.NoSuchUnit", "not loaded");
  }
  return sd_bus_reply_method_return(m, "");
}

int Attach(sd_bus_message* m, void*, sd_bus_error* error) {
  const char *name = nullptr, *below = nullptr;
  const void* data = nullptr;
  size_t size = 0;
  int r = sd_bus_message_read(m, "ss", &name, &below);
  if (r < 0 || (r = sd_bus_message_read_array(m, 'u', &data, &size)) < 0) return r;
  Say(absl::StrCat("attach ", name, " ", below));
  const auto found = units.find(name);
  if (found == units.end() || size != sizeof(uint32_t) ||
      !Move(absl::StrCat(found->second, std::string(below) == "/" ? "" : below),
            *static_cast<const uint32_t*>(data))) {
    return sd_bus_error_set(error, "org.freedesktop.systemd1.NoSuchUnit", "not loaded");
  }
  return sd_bus_reply_method_return(m, "");
}

int KillUnit(sd_bus_message* m, void*, sd_bus_error* error) {
  const char *name = nullptr, *whom = nullptr;
  int signal = 0;
  const int r = sd_bus_message_read(m, "ssi", &name, &whom, &signal);
  if (r < 0) return r;
  Say(absl::StrCat("kill ", name, " ", whom, " ", signal));
  const auto found = units.find(name);
  if (found == units.end()) {
    return sd_bus_error_set(error, "org.freedesktop.systemd1.NoSuchUnit", "not loaded");
  }
  for (int pid : ProcessesOf(found->second)) ::kill(pid, signal);
  return sd_bus_reply_method_return(m, "");
}

// As systemd: when the processes have ended it takes the cgroups away. Who must not be waited for
// stays.
int StopUnit(sd_bus_message* m, void*, sd_bus_error* error) {
  const char *name = nullptr, *replace = nullptr;
  const int r = sd_bus_message_read(m, "ss", &name, &replace);
  if (r < 0) return r;
  Say(absl::StrCat("stop ", name));
  const auto found = units.find(name);
  if (found == units.end()) {
    return sd_bus_error_set(error, "org.freedesktop.systemd1.NoSuchUnit", "not loaded");
  }
  for (const std::string& hierarchy : Hierarchies()) ::rmdir((hierarchy + found->second).c_str());
  units.erase(found);
  return Job(m, name, "done");
}

int ResetFailed(sd_bus_message* m, void*, sd_bus_error*) {
  const char* name = nullptr;
  const int r = sd_bus_message_read(m, "s", &name);
  if (r < 0) return r;
  Say(absl::StrCat("reset ", name));
  return sd_bus_reply_method_return(m, "");
}

int ManagerText(sd_bus*, const char*, const char*, const char* property, sd_bus_message* reply,
                void*, sd_bus_error*) {
  return sd_bus_message_append(
      reply, "s", std::string(property) == "Version" ? "252.38-1~deb12u1" : root.c_str());
}

int UnitCgroup(sd_bus*, const char* path, const char*, const char*, sd_bus_message* reply, void*,
               sd_bus_error*) {
  char* name = nullptr;
  std::string cgroup;
  if (sd_bus_path_decode(path, "/org/freedesktop/systemd1/unit", &name) > 0) {
    cgroup = units[name];
    std::free(name);
  }
  if (mode == "elsewhere") cgroup += "/elsewhere";
  return sd_bus_message_append(reply, "s", cgroup.c_str());
}

int FindUnit(sd_bus*, const char*, const char*, void*, void** found, sd_bus_error*) {
  *found = &units;
  return 1;
}

constexpr uint64_t kOpen = SD_BUS_VTABLE_UNPRIVILEGED;
const sd_bus_vtable kManagerTable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("ControlGroup", "s", ManagerText, 0, 0),
    SD_BUS_PROPERTY("Version", "s", ManagerText, 0, 0),
    SD_BUS_METHOD("StartTransientUnit", "ssa(sv)a(sa(sv))", "o", StartUnit, kOpen),
    SD_BUS_METHOD("SetUnitProperties", "sba(sv)", "", SetProperties, kOpen),
    SD_BUS_METHOD("AttachProcessesToUnit", "ssau", "", Attach, kOpen),
    SD_BUS_METHOD("KillUnit", "ssi", "", KillUnit, kOpen),
    SD_BUS_METHOD("StopUnit", "ss", "o", StopUnit, kOpen),
    SD_BUS_METHOD("ResetFailedUnit", "s", "", ResetFailed, kOpen),
    SD_BUS_SIGNAL("JobRemoved", "uoss", 0),
    SD_BUS_VTABLE_END};
const sd_bus_vtable kUnitTable[] = {SD_BUS_VTABLE_START(0),
                                    SD_BUS_PROPERTY("ControlGroup", "s", UnitCgroup, 0, 0),
                                    SD_BUS_VTABLE_END};

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) mode = argv[1];
  if (argc > 2) root = argv[2];
  sd_bus* bus = nullptr;
  int r = sd_bus_open_system(&bus);
  if (r < 0) Die("bus", -r);
  r = sd_bus_add_object_vtable(bus, nullptr, kPath, kManager, kManagerTable, nullptr);
  for (const char* kind : {"org.freedesktop.systemd1.Scope", "org.freedesktop.systemd1.Slice"}) {
    if (r < 0) Die("vtable", -r);
    r = sd_bus_add_fallback_vtable(bus, nullptr, "/org/freedesktop/systemd1/unit", kind, kUnitTable,
                                   FindUnit, nullptr);
  }
  if (r >= 0) r = sd_bus_request_name(bus, "org.freedesktop.systemd1", 0);
  if (r < 0) Die("name", -r);
  Say("ready");
  for (;;) {
    r = sd_bus_process(bus, nullptr);
    if (r < 0) return 0;  // the bus is gone
    if (r == 0) sd_bus_wait(bus, UINT64_MAX);
  }
}
