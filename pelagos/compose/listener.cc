#include "pelagos/compose/listener.h"

#include <algorithm>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/sys/file.h"

namespace pelagos::compose {
namespace {

constexpr absl::string_view kListenState = "0A";
constexpr size_t kLargestTable = 16 << 20;

// The kernel prints each 32-bit word of an address as it lies in memory, hence reversed on a
// little-endian machine: 127.0.0.1 is 0100007F, ::1 ends in 01000000.
bool IsLoopback(absl::string_view address) {
  if (address.size() == 8) return address.substr(6) == "7F";
  return address == "00000000000000000000000001000000" ||
         (address.substr(0, 24) == "0000000000000000FFFF0000" && address.substr(30) == "7F");
}

}  // namespace

Listening FindListener(absl::string_view table, uint16_t port) {
  Listening found = Listening::kNot;
  for (absl::string_view line : absl::StrSplit(table, '\n')) {
    // sl local_address rem_address st ...
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (fields.size() < 4 || fields[3] != kListenState) continue;
    const std::vector<absl::string_view> local = absl::StrSplit(fields[1], ':');
    uint32_t number = 0;
    if (local.size() != 2 || !absl::SimpleHexAtoi(local[1], &number) || number != port) continue;
    found = std::max(found, IsLoopback(local[0]) ? Listening::kLoopbackOnly : Listening::kYes);
  }
  return found;
}

Listening FindListenerOf(int pid, uint16_t port) {
  Listening found = Listening::kNot;
  for (const char* name : {"tcp", "tcp6"}) {
    const auto table = sys::ReadFile(absl::StrCat("/proc/", pid, "/net/", name), kLargestTable);
    if (table.ok()) found = std::max(found, FindListener(*table, port));
  }
  return found;
}

}  // namespace pelagos::compose
