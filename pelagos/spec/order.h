// In which order the services of a stack start, and the cycles that make it impossible.
//
// Pure. Dependencies on services that do not exist, and on oneself, are left out: CheckCompose has
// reported them.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pelagos/spec/compose.h"

namespace pelagos {

namespace internal {

// For each service, by index in the order of declaration, those that depend on it, each once and in
// that order too. Of two services of one name the first counts.
inline std::vector<std::vector<size_t>> Dependents(const ComposeSpec& spec) {
  std::map<std::string, size_t> index;
  for (size_t i = 0; i < spec.services.size(); ++i) index.emplace(spec.services[i].name, i);
  std::vector<std::vector<size_t>> dependents(spec.services.size());
  for (size_t i = 0; i < spec.services.size(); ++i) {
    for (const Dependency& dependency : spec.services[i].depends_on) {
      const auto found = index.find(dependency.service);
      if (found == index.end() || found->second == i) continue;
      std::vector<size_t>& list = dependents[found->second];
      if (list.empty() || list.back() != i) list.push_back(i);
    }
  }
  return dependents;
}

// Indices of the services in the order of their start; members of cycles, and what depends on them,
// are missing.
inline std::vector<size_t> StartIndices(const std::vector<std::vector<size_t>>& dependents) {
  std::vector<size_t> missing(dependents.size(), 0);  // dependencies that have not started
  for (const std::vector<size_t>& list : dependents) {
    for (size_t i : list) ++missing[i];
  }
  std::deque<size_t> ready;
  for (size_t i = 0; i < missing.size(); ++i) {
    if (missing[i] == 0) ready.push_back(i);
  }
  std::vector<size_t> order;
  while (!ready.empty()) {
    const size_t next = ready.front();
    ready.pop_front();
    order.push_back(next);
    for (size_t i : dependents[next]) {
      if (--missing[i] == 0) ready.push_back(i);
    }
  }
  return order;
}

// What can be reached along `edges` from `start`, in one step at least.
inline std::vector<bool> Reachable(const std::vector<std::vector<size_t>>& edges, size_t start) {
  std::vector<bool> reached(edges.size(), false);
  std::vector<size_t> waiting = {start};
  while (!waiting.empty()) {
    const size_t next = waiting.back();
    waiting.pop_back();
    for (size_t i : edges[next]) {
      if (!reached[i]) {
        reached[i] = true;
        waiting.push_back(i);
      }
    }
  }
  return reached;
}

}  // namespace internal

// Names in the order of start: dependencies first, else in the order of declaration (Kahn's
// algorithm with a queue). Requires: no cycles; their members would be missing.
inline std::vector<std::string> StartOrder(const ComposeSpec& spec) {
  std::vector<std::string> names;
  for (size_t i : internal::StartIndices(internal::Dependents(spec))) {
    names.push_back(spec.services[i].name);
  }
  return names;
}

// Each group of services that depend on each other in a circle, in the order of declaration, and
// without those that only depend on the circle.
inline std::vector<std::vector<std::string>> DependencyCycles(const ComposeSpec& spec) {
  const std::vector<std::vector<size_t>> dependents = internal::Dependents(spec);
  std::vector<bool> settled(spec.services.size(), false);
  for (size_t i : internal::StartIndices(dependents)) settled[i] = true;
  std::vector<std::vector<std::string>> cycles;
  for (size_t i = 0; i < spec.services.size(); ++i) {
    if (settled[i]) continue;
    settled[i] = true;
    const std::vector<bool> after = internal::Reachable(dependents, i);
    if (!after[i]) continue;
    std::vector<std::string> members = {spec.services[i].name};
    for (size_t j = i + 1; j < spec.services.size(); ++j) {
      if (settled[j] || !after[j] || !internal::Reachable(dependents, j)[i]) continue;
      settled[j] = true;
      members.push_back(spec.services[j].name);
    }
    cycles.push_back(std::move(members));
  }
  return cycles;
}

}  // namespace pelagos
