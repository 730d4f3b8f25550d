// `pelagos image load | import | ls | rm`.
#pragma once

#include <string>
#include <vector>

namespace pelagos::cli {

// `args` is what follows "image". Relative paths count from the working directory. Prints; returns
// the exit code: 0 done, 1 failed, 2 used wrongly.
int ImageCommand(const std::string& data_root, const std::string& run_root,
                 const std::vector<std::string>& args);

}  // namespace pelagos::cli
