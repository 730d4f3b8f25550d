// `pelagos image inspect`, `history`: an image's documents, for people and programs.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "pelagos/cli/command.h"
#include "pelagos/image/store.h"

namespace pelagos::cli {

std::vector<Command> LookCommands();

// An image as `inspect` prints it.
nlohmann::ordered_json DescribeImage(const image::StoredImage& image, const image::Store& store);

}  // namespace pelagos::cli
