// A hostile case as a value: how its root file system looks, what is asked of the runtime, and what
// attacks meanwhile. One description, of which `pelagos run` flags and an OCI bundle are made.
//
// In texts, kOutside stands for the folder of sentinels on the host, kShare for a folder of the
// host's that is lent to the container, kRoot for the root file system's folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pelagos::hostile {

inline constexpr char kOutside[] = "@OUTSIDE@";
inline constexpr char kShare[] = "@SHARE@";
inline constexpr char kRoot[] = "@ROOT@";

// What the sentinel files hold; whoever sees it inside has got out.
inline constexpr char kSecret[] = "pelagos-hostile-secret-5b1f";
// The name of that folder, for whoever reads a mount table.
inline constexpr char kOutsideName[] = "hostile-outside";
// In the environment of the runtime, never of the container.
inline constexpr char kSecretVariable[] = "HOSTILE_SECRET";

enum class Kind : uint8_t { kFile, kFolder, kLink, kHardLink, kFifo, kCharacter, kBlock, kSocket };

// A member of the root (or of the lent folder); missing folders above it are made.
struct Entry {
  Kind kind = Kind::kFile;
  std::string path;  // "etc/passwd"
  std::string text;  // content, or where the link leads
  uint32_t mode = 0644;
  uint32_t major = 0, minor = 0;
};

inline Entry File(std::string path, std::string text, uint32_t mode = 0644) {
  return {Kind::kFile, std::move(path), std::move(text), mode};
}
inline Entry Folder(std::string path, uint32_t mode = 0755) {
  return {Kind::kFolder, std::move(path), "", mode};
}
inline Entry Link(std::string path, std::string to) {
  return {Kind::kLink, std::move(path), std::move(to), 0777};
}
inline Entry Fifo(std::string path) { return {Kind::kFifo, std::move(path), "", 0666}; }
inline Entry Device(Kind kind, std::string path, uint32_t major, uint32_t minor) {
  return {kind, std::move(path), "", 0666, major, minor};
}

struct Bind {
  std::string source, target;  // a source without '/' at its beginning is a volume's name
  bool read_only = false;
  std::string subpath = "";  // within the source
};

// What is asked of the runtime. Empty: its default.
struct Ask {
  std::vector<std::string> command = {"/prober"};  // the prober's own arguments are added to it
  std::string workdir = {};
  std::string user = {};
  std::vector<std::string> env = {};
  std::vector<Bind> binds = {};
  std::vector<std::string> tmpfs = {};
  std::vector<std::pair<std::string, std::string>> devices = {};  // host's, inside
  std::vector<std::pair<std::string, std::string>> sysctls = {};
  std::vector<std::string> cap_add = {};
  std::string apparmor = {};
  std::string landlock = {};
  std::string hostname = {};
  std::string id = {};  // the container's name, where that is the attack
  bool terminal = false;
  bool init = false;
  bool new_privileges = false;
  bool host_terminal = false;  // without a terminal of its own: streams are the host's terminal
};

// A process outside exchanges the two paths (renameat2) for as long as the case runs.
struct Race {
  std::string one, other;
  int rounds = 25;
};

// A member of a layer's tar that no folder could stand for.
struct TarMember {
  std::string name;
  char type = '0';
  std::string content = "";
  std::string link = "";
  uint32_t mode = 0644;
  uint32_t major = 0, minor = 0;
};

// The case comes as an image: the root as its first layer, then these; its config says `command`,
// `workdir`, `user` and `env` of the Ask.
struct Image {
  std::vector<std::vector<TarMember>> layers = {};
  bool truncated = false;
};

struct Case {
  std::string name;        // "dev-is-a-link"
  std::string group = {};  // the class, as the table shows it
  std::string cves = {};   // "CVE-2026-41579, CVE-2026-47766", or "" for the class alone
  std::string story = {};  // one line for the table
  std::vector<Entry> root = {};
  std::vector<Entry> share = {};
  Ask ask = {};
  std::optional<Race> race = {};
  std::optional<Image> image = {};
  std::string mounted = {};     // below the root, where the lent folder is mounted on the host
  bool root_is_link = false;    // the root's path is a link to the folder
  bool only_pelagos = false;    // an OCI bundle cannot say it
  bool entered = false;         // the program enters a container that runs (exec)
  bool without_prober = false;  // the root brings what is run; nothing is copied in
  std::vector<std::string> look = {};  // paths inside at which the secret must not be
};

using Cases = std::vector<Case>;

// A new case at the end of `cases`.
inline Case& Add(Cases& cases, std::string group, std::string name, std::string cves,
                 std::string story, std::vector<Entry> root, Ask ask) {
  cases.push_back({.name = std::move(name),
                   .group = std::move(group),
                   .cves = std::move(cves),
                   .story = std::move(story),
                   .root = std::move(root),
                   .ask = std::move(ask)});
  return cases.back();
}

// One file each.
Cases DevCases();
Cases ProcCases();
Cases TargetCases();
Cases SourceCases();
Cases DescriptorCases();
Cases UserCases();
Cases ImageCases();
Cases RightsCases();
Cases TerminalCases();
Cases ProgramCases();
Cases EnteringCases();

// All, in the table's order.
Cases AllCases();

}  // namespace pelagos::hostile
