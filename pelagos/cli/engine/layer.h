// `pelagos diff`, `export`, `commit`: what a container has written, and what came of it.
#pragma once

#include <vector>

#include "pelagos/cli/command.h"
#include "pelagos/image/commit_request.h"
#include "pelagos/store/container.h"

namespace pelagos::cli {

std::vector<Command> LayerCommands();

namespace internal {
// What the new image takes over of how the container was run. The rest of the request is empty.
image::CommitRequest RequestOf(const store::ContainerRecord& record);
}  // namespace internal

}  // namespace pelagos::cli
