// Which sections of a program are executed: a linker script that puts them first.
//
// Usage: first MAP PROGRAM [ARG...] [+ ARG...]
//
// MAP is the linker's (-Wl,-Map); the script goes to stdout. The program is run once for each list
// of arguments. It and the processes that it makes run one instruction at a time, the latter up to
// their first execve(2). Source: ptrace(2); ld(1), "Output Section Description", INSERT.

#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "re2/re2.h"

namespace {

struct Section {
  uint64_t size = 0;
  std::string name, file;
};

uint64_t Hex(const std::string& text) {
  uint64_t value = 0;
  return absl::SimpleHexAtoi(text, &value) ? value : 0;
}

// The input sections of .text by address; a long name stands on a line of its own.
std::map<uint64_t, Section> ReadMap(const char* path) {
  std::map<uint64_t, Section> sections;
  std::ifstream file(path);
  std::string line, name, address, size, object, pending;
  bool in_text = false;
  while (std::getline(file, line)) {
    if (!line.empty() && line[0] == '.') in_text = absl::StartsWith(line, ".text");
    if (!in_text) continue;
    if (RE2::FullMatch(line, R"( (\.text\S*)\s*)", &pending)) continue;
    name.clear();
    if (!RE2::FullMatch(line, R"( (\.text\S*)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*))", &name,
                        &address, &size, &object)) {
      continue;
    }
    if (name.empty()) name = pending;
    pending.clear();
    if (!name.empty() && Hex(size) != 0) sections[Hex(address)] = {Hex(size), name, object};
  }
  return sections;
}

// Adds the addresses of all instructions.
void Trace(char** argv, std::set<uint64_t>& executed) {
  const pid_t first = ::fork();
  if (first == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::execv(argv[0], argv);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(first, &status, 0);
  ::ptrace(PTRACE_SETOPTIONS, first, nullptr,
           PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEVFORK |
               PTRACE_O_TRACEEXEC);
  ::ptrace(PTRACE_SINGLESTEP, first, nullptr, nullptr);
  for (;;) {
    const pid_t pid = ::waitpid(-1, &status, __WALL);
    if (pid < 0) break;
    if (!WIFSTOPPED(status)) {
      if (pid == first) break;
      continue;
    }
    const int signal = WSTOPSIG(status);
    if ((status >> 16) == PTRACE_EVENT_EXEC && pid != first) {
      ::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);  // another program
      continue;
    }
    user_regs_struct registers;
    if (::ptrace(PTRACE_GETREGS, pid, nullptr, &registers) == 0) executed.insert(registers.rip);
    const bool own = signal == SIGTRAP || signal == SIGSTOP;
    ::ptrace(PTRACE_SINGLESTEP, pid, nullptr, own ? 0L : long{signal});
  }
}

// The program with each of its lists of arguments, one after the other.
std::set<uint64_t> TraceAll(char** argv) {
  std::set<uint64_t> executed;
  std::vector<char*> command = {argv[0]};
  for (char** word = argv + 1;; ++word) {
    const bool ends = *word == nullptr;
    if (!ends && absl::string_view(*word) != "+") {
      command.push_back(*word);
      continue;
    }
    command.push_back(nullptr);
    Trace(command.data(), executed);
    command.resize(1);
    if (ends) return executed;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: first MAP PROGRAM [ARG...] [+ ARG...]\n";
    return 2;
  }
  const std::map<uint64_t, Section> sections = ReadMap(argv[1]);
  std::set<std::string> lines;
  for (const uint64_t address : TraceAll(argv + 2)) {
    auto section = sections.upper_bound(address);
    if (section == sections.begin()) continue;
    --section;
    const Section& found = section->second;
    if (address >= section->first + found.size) continue;
    std::string archive, member;
    if (absl::StartsWith(found.name, ".text._Z")) {
      lines.insert(absl::StrCat("*(", found.name, ")"));
    } else if (RE2::FullMatch(found.file, R"((?:.*/)?([^/]+\.a)\((\S+)\))", &archive, &member)) {
      lines.insert(absl::StrCat("*", archive, ":", member, "(", found.name, ")"));
    }
  }
  if (lines.empty()) {
    std::cerr << "first: nothing of the map was executed\n";
    return 1;
  }
  std::cout
      << "/* What `pelagos run` executes stands together, so that few pages of the program are "
         "touched. Made by\n   tools/link/first.cc, see tools/link/README.md; a name that is "
         "no more is no error. */\nSECTIONS\n{\n  .text_of_run :\n  {\n";
  for (const std::string& line : lines) std::cout << "    " << line << "\n";
  std::cout << "  }\n}\nINSERT BEFORE .text;\n";
  return 0;
}
