#include "pelagos/plan/print.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "pelagos/abi/namespace.h"
#include "pelagos/abi/signal.h"
#include "pelagos/plan/quote.h"

namespace pelagos {
namespace {

std::string NamespacesText(NamespaceSet set) {
  std::string text;
  for (const NamespaceRow& row : kNamespaces) {
    if (set.contains(row.value)) absl::StrAppend(&text, text.empty() ? "" : " ", row.name);
  }
  return text.empty() ? "none" : text;
}

void AddCgroups(const CgroupSteps& steps, const std::string& indent, std::string* text) {
  const auto add_write = [&](const CgroupWrite& write) {
    absl::StrAppend(text, indent, "write ", write.value, " -> ", write.file);
    if (!write.other_file.empty()) {
      absl::StrAppend(text, ", or ", write.other_value, " -> ", write.other_file);
    }
    absl::StrAppend(text, "\n");
  };
  for (const std::string& folder : steps.parents) {
    absl::StrAppend(text, indent, "parent cgroup ", folder, "\n");
  }
  if (!steps.v2.empty()) absl::StrAppend(text, indent, "cgroup ", steps.v2, "\n");
  if (!steps.placed_by.empty()) absl::StrAppend(text, indent, "by ", steps.placed_by, "\n");
  for (const std::string& folder : steps.v1) {
    absl::StrAppend(text, indent, "cgroup ", folder, " (v1)\n");
  }
  for (const CgroupWrite& write : steps.enable) add_write(write);
  for (const CgroupWrite& write : steps.limits) add_write(write);
  if (steps.devices.empty()) return;
  absl::StrAppend(text, indent, "devices");
  for (size_t i = 0; i < steps.devices.size(); ++i) {
    absl::StrAppend(text, i == 0 ? " " : ", ", Describe(steps.devices[i]));
  }
  absl::StrAppend(text, "\n");
}

void AddNet(const NetPlan& net, const std::string& indent, std::string* text) {
  absl::StrAppend(text, indent, "network mode ", NameOf(net.mode), "\n");
  for (size_t i = 0; i < net.attachments.size(); ++i) {
    const Attachment& attachment = net.attachments[i];
    absl::StrAppend(text, indent, "eth", i, " on ", attachment.network);
    if (!attachment.aliases.empty()) {
      absl::StrAppend(text, " as ", absl::StrJoin(attachment.aliases, ", "));
    }
    for (const std::string* given : {&attachment.address, &attachment.address6, &attachment.mac}) {
      if (!given->empty()) absl::StrAppend(text, " ", *given);
    }
    absl::StrAppend(text, "\n");
  }
  for (const PortMapping& port : net.ports) {
    absl::StrAppend(text, indent, "publish ", Describe(port), " (",
                    NameOf(ExposureOf(port.host_address)), ")\n");
  }
  for (const auto& [what, list] :
       {std::pair("name servers", &net.dns.servers), std::pair("search", &net.dns.searches),
        std::pair("resolver options", &net.dns.options)}) {
    if (!list->empty()) absl::StrAppend(text, indent, what, " ", absl::StrJoin(*list, " "), "\n");
  }
}

std::string PrintIndented(const LaunchPlan& plan, const std::string& indent) {
  std::string text = absl::StrCat(indent, "namespaces ", NamespacesText(plan.namespaces), "\n");
  for (const NamespaceJoin& join : plan.joins) {
    absl::StrAppend(
        &text, indent, "join ", RowOf(join.kind).name, " namespace ",
        join.container.empty() ? join.path : absl::StrCat("of container ", join.container), "\n");
  }
  if (!plan.ids.empty()) {
    absl::StrAppend(&text, indent, "user ids ", IdMapText(plan.ids.uids), "; group ids ",
                    IdMapText(plan.ids.gids), " (inside:host:count)\n");
  }
  for (const auto& [clock, offset] :
       {std::pair("monotonic", plan.time.monotonic), std::pair("boottime", plan.time.boottime)}) {
    if (!offset) continue;
    absl::StrAppend(&text, indent, "clock ", clock, " ", TimeOffsetText(*offset), "\n");
  }
  AddCgroups(plan.cgroup, indent, &text);
  AddNet(plan.net, indent, &text);
  for (const ExtraHost& host : plan.extra_hosts) {
    absl::StrAppend(&text, indent, "host ", host.name, " is ", host.address, "\n");
  }
  for (const std::string& folder : plan.folders) {
    absl::StrAppend(&text, indent, "host folder ", folder, "\n");
  }
  for (size_t i = 0; i < plan.ops.size(); ++i) {
    absl::StrAppendFormat(&text, "%s%2d  %s\n", indent, i, Describe(plan.ops[i]));
    if (const auto* root = std::get_if<MountOverlayRoot>(&plan.ops[i])) {
      for (const std::string& layer : root->lowers) {
        absl::StrAppend(&text, indent, "      layer ", layer, "\n");
      }
    }
    const auto* exec = std::get_if<Exec>(&plan.ops[i]);
    if (exec == nullptr) continue;
    for (const std::string& variable : exec->env) {
      absl::StrAppend(&text, indent, "      env ", ShellQuoted(variable), "\n");
    }
  }
  absl::StrAppend(&text, indent, "stop with ", SignalName(plan.stop_signal), ", kill after ",
                  plan.stop_grace_seconds, " s\n");
  for (const PlanNote& note : plan.notes) {
    absl::StrAppend(&text, indent, "note: ", note.text, "\n");
  }
  return text;
}

}  // namespace

std::string Print(const LaunchPlan& plan) {
  return absl::StrCat("container ", plan.id, "\n", PrintIndented(plan, "  "));
}

std::string Print(const ComposePlan& plan) {
  std::string text = absl::StrCat("project ", plan.project, "\n");
  for (const NetworkPlan& network : plan.networks) {
    absl::StrAppend(&text, "network ", network.name, " subnet ",
                    network.subnet.empty() ? "from the pool" : network.subnet, "\n");
  }
  for (const std::string& volume : plan.volumes) absl::StrAppend(&text, "volume ", volume, "\n");
  for (const ServicePlan& service : plan.services) {
    absl::StrAppend(&text, "service ", service.name, " image ", service.image, " container ",
                    service.launch.id, "\n");
    for (const Dependency& dependency : service.depends_on) {
      absl::StrAppend(&text, "  after ", dependency.service,
                      dependency.port ? absl::StrCat(" port ", *dependency.port) : "", "\n");
    }
    absl::StrAppend(&text, PrintIndented(service.launch, "  "));
  }
  return text;
}

}  // namespace pelagos
