// Entries of a case as files.
#pragma once

#include <string>
#include <vector>

#include "tests/rooted/hostile/case.h"

namespace pelagos::hostile {

// Below `folder`, owned by `uid`. False if one could not be made (devices, without root's rights).
bool MakeEntries(const std::vector<Entry>& entries, const std::string& folder, unsigned uid);

// The case with the real folders in its texts.
Case Placed(Case one, const std::string& outside, const std::string& share,
            const std::string& root);

}  // namespace pelagos::hostile
