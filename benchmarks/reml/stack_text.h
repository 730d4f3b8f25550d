// A text that looks like a stack file, as large as a benchmark wants it.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"

namespace pelagos::benchmarks {

inline std::string StackText(size_t bytes) {
  std::string text = "; A stack with more services than anybody has.\n";
  for (int i = 0; text.size() < bytes; ++i) {
    absl::StrAppend(&text, "\n; Service ", i, ": takes work from the queue of its shard.\n",
                    "(define-service worker-", i, " \"worker-", i, "\"\n",
                    "  :image \"registry.example.org/team/worker:1.", i % 40, "\"\n",
                    "  :network \"front\" \"back\"   ; the first is the primary one\n",
                    "  :env (\"SHARD\" \"", i, "\") (\"QUEUE\" . queue-", i % 8, ")\n", "  :port (",
                    20000 + i % 10000, " 8080)\n", "  :depends-on (\"db\" 5432) (\"cache\" 6379)\n",
                    "  :command \"/usr/bin/worker\" \"--threads\" \"4\"\n",
                    "  :memory \"512m\" :cpus 0.5)\n");
  }
  return text;
}

}  // namespace pelagos::benchmarks
