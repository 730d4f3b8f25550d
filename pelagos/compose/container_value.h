// Containers as the language sees them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/compose/container_host.h"
#include "pelagos/reml/value.h"

namespace pelagos::compose {

class ContainerValue final : public reml::Foreign {
 public:
  // `dependencies` are those that are stopped with it, in this order.
  ContainerValue(ContainerId id, std::string name, std::vector<ContainerId> dependencies)
      : id_(id), name_(std::move(name)), dependencies_(std::move(dependencies)) {}

  absl::string_view type_name() const override { return "container"; }
  void Print(std::string* out) const override { absl::StrAppend(out, "#<container ", name_, ">"); }

  ContainerId id() const { return id_; }
  const std::vector<ContainerId>& dependencies() const { return dependencies_; }
  size_t bytes() const { return name_.size() + dependencies_.size() * sizeof(ContainerId); }

 private:
  const ContainerId id_;
  const std::string name_;
  const std::vector<ContainerId> dependencies_;
};

// A container that was begun and not joined.
class PendingContainer final : public reml::Foreign {
 public:
  PendingContainer(ContainerId id, Span span) : id_(id), span_(span) {}

  absl::string_view type_name() const override { return "pending-container"; }
  void Print(std::string* out) const override { absl::StrAppend(out, "#<pending-container>"); }

  ContainerId id() const { return id_; }
  Span span() const { return span_; }  // of the service in the form that began it
  // True for the first who asks.
  bool Take() const { return !std::exchange(taken_, true); }

 private:
  const ContainerId id_;
  const Span span_;
  mutable bool taken_ = false;
};

}  // namespace pelagos::compose
