// Whose flags they are: ours, or those of another process that is looked at.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/spec/container.h"

namespace pelagos::cli {

struct Caller {
  // KEY=VALUE; null: our own. Not owned.
  const std::vector<std::string>* environment = nullptr;
  // Where relative paths start, absolute; empty: our working directory.
  std::string folder = {};
  // What another container was asked for, by its name or id; null: nobody knows, and flags that
  // need it are errors.
  std::function<absl::StatusOr<ContainerSpec>(const std::string& name)> container = nullptr;

  // We are not the ones who are told of oddities.
  bool is_other() const { return environment != nullptr; }
};

// nullopt: the caller has no such variable.
std::optional<std::string> VariableOf(const Caller& caller, absl::string_view key);

// The path as the caller means it. "" stays "".
absl::StatusOr<std::string> AbsolutePath(const Caller& caller, absl::string_view path);

}  // namespace pelagos::cli
