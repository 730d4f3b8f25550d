#include "pelagos/plan/op.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "pelagos/abi/mount_attribute.h"
#include "pelagos/abi/mount_flag.h"
#include "pelagos/plan/quote.h"

namespace pelagos {
namespace {

std::string SetText(CapabilitySet set) {
  if (set.empty()) return "none";
  return set == CapabilitySet::All() ? "all" : CapabilityNames(set);
}

std::string IdMapText(const std::vector<IdMapping>& ids) {
  return absl::StrJoin(ids, "#", [](std::string* out, const IdMapping& id) {
    absl::StrAppend(out, id.files, "-", id.shown, "-", id.count);
  });
}

std::string PropagationText(uint64_t flags) {
  return absl::StrCat((flags & kMountRecursive) != 0 ? "r" : "",
                      MountFlagNames(flags & ~kMountRecursive));
}

// " ro,nosuid without exec; below ro; rslave"
std::string AttributesText(const MountAttributes& attributes) {
  std::string text;
  const auto add = [&text](absl::string_view before, const std::string& names) {
    if (!names.empty()) absl::StrAppend(&text, before, names);
  };
  add(" ", MountAttributeNames(attributes.set));
  add(" cleared ", MountAttributeNames(attributes.clear & ~attributes.set));
  add(" below ", MountAttributeNames(attributes.set_below));
  add(" cleared below ", MountAttributeNames(attributes.clear_below & ~attributes.set_below));
  for (uint64_t flags : attributes.propagation) add(" ", PropagationText(flags));
  return text;
}

std::string MappedText(const MountIdMap& ids) {
  if (ids.empty()) return "";
  return absl::StrCat(" uids ", IdMapText(ids.uids), " gids ", IdMapText(ids.gids));
}

struct Describer {
  std::string operator()(const MakeMountsPrivate&) const { return "make every mount private"; }
  std::string operator()(const MountOverlayRoot& op) const {
    return absl::StrCat("overlay of ", op.lowers.size(),
                        op.lowers.size() == 1 ? " layer" : " layers", ", upper ", op.upper, " -> ",
                        op.mount_point, op.label.empty() ? "" : " label ", op.label,
                        op.user_xattrs ? " with user xattrs" : "", MappedText(op.ids));
  }
  std::string operator()(const MountBindRoot& op) const {
    return absl::StrCat("bind root ", op.source, " -> ", op.mount_point);
  }
  std::string operator()(const MountFilesystem& op) const {
    std::string text = absl::StrCat("mount ", op.type, " -> ", op.target);
    if (op.flags != 0) absl::StrAppend(&text, " ", MountFlagNames(op.flags));
    if (!op.data.empty()) absl::StrAppend(&text, " (", op.data, ")");
    if (op.copy_up) absl::StrAppend(&text, " with what was there");
    absl::StrAppend(&text, MappedText(op.ids));
    return text;
  }
  std::string operator()(const BindMount& op) const {
    std::string text = absl::StrCat("bind ", op.source);
    if (!op.subpath.empty()) absl::StrAppend(&text, " (within it ", op.subpath, ")");
    absl::StrAppend(&text, " -> ", op.target, op.read_only ? " read-only" : "");
    if (!op.recursive) {
      absl::StrAppend(&text, " without mounts below");
    } else if (op.read_only && !op.read_only_below) {
      absl::StrAppend(&text, " but for mounts below");
    }
    if (op.flags != 0) absl::StrAppend(&text, " ", MountFlagNames(op.flags));
    if (op.propagation != Propagation::kPrivate) {
      absl::StrAppend(&text, " ", NameOf(op.propagation));
    }
    absl::StrAppend(&text, MappedText(op.ids));
    if (op.ids_below) absl::StrAppend(&text, " below too");
    if (op.make_source) absl::StrAppend(&text, ", made if missing");
    if (op.attributes) absl::StrAppend(&text, AttributesText(*op.attributes));
    return text;
  }
  std::string operator()(const MakeDevice& op) const {
    if (op.bound) {
      return absl::StrFormat("%sdevice %d:%d, the host's node %s -> %s", op.block ? "block " : "",
                             op.major, op.minor, op.source.empty() ? op.target : op.source,
                             op.target);
    }
    if (op.fifo) return absl::StrFormat("named pipe %s mode %04o", op.target, op.mode);
    std::string text = absl::StrFormat("%sdevice %d:%d -> %s mode %04o", op.block ? "block " : "",
                                       op.major, op.minor, op.target, op.mode);
    if (op.uid != 0 || op.gid != 0) absl::StrAppend(&text, " owner ", op.uid, ":", op.gid);
    return text;
  }
  std::string operator()(const MakeHostDevices& op) const {
    return absl::StrCat("the host's devices -> /dev, ", op.nodes.size(), " of them");
  }
  std::string operator()(const BecomeRoot& op) const {
    return absl::StrCat("become user ", op.uid, ":", op.gid);
  }
  std::string operator()(const MakeFolder& op) const {
    return absl::StrFormat("folder %s mode %04o", op.target, op.mode);
  }
  std::string operator()(const MakeSymlink& op) const {
    return absl::StrCat("link ", op.target, " to ", op.text);
  }
  std::string operator()(const MaskPath& op) const { return absl::StrCat("mask ", op.target); }
  std::string operator()(const MakeReadOnly& op) const {
    return absl::StrCat("read-only ", op.target);
  }
  std::string operator()(const PivotRoot& op) const {
    if (op.enter) return "change the root";
    return op.move ? "move the root over the old one" : "pivot root";
  }
  std::string operator()(const SealRoot&) const { return "make the root read-only"; }
  std::string operator()(const LoopbackUp&) const { return "bring lo up"; }
  std::string operator()(const SetHostname& op) const { return absl::StrCat("hostname ", op.name); }
  std::string operator()(const AwaitStart&) const { return "await start"; }
  std::string operator()(const SetUser& op) const {
    std::string text = absl::StrCat("user ", op.uid, ":", op.gid);
    if (!op.groups.empty()) absl::StrAppend(&text, " groups ", absl::StrJoin(op.groups, ","));
    return text;
  }
  std::string operator()(const LimitCapabilities& op) const {
    std::string text = absl::StrCat("capabilities: ", SetText(op.keep));
    if (op.process) {
      absl::StrAppend(&text, "; permitted: ", SetText(op.process->permitted),
                      "; effective: ", SetText(op.process->effective),
                      "; inheritable: ", SetText(op.process->inheritable),
                      "; ambient: ", SetText(op.process->ambient));
    }
    return text;
  }
  std::string operator()(const SetNoNewPrivileges&) const { return "no new privileges"; }
  std::string operator()(const InstallSeccomp& op) const {
    std::string text = absl::StrCat("seccomp ", NameOf(op.profile));
    if (op.profile != SeccompProfile::kCustom) return text;
    absl::StrAppend(&text, " ", op.digest, " of ", op.rules, " rules, ", op.program.size(),
                    " instructions");
    for (const SeccompFlagRow& row : kSeccompFlags) {
      if ((op.flags & row.flag) != 0) absl::StrAppend(&text, ", ", row.name);
    }
    if (!op.listener_path.empty()) absl::StrAppend(&text, ", listener ", op.listener_path);
    return text;
  }
  std::string operator()(const ChangeFolder& op) const {
    return absl::StrCat("work folder ", op.target, op.make ? "" : ", which must be there");
  }
  std::string operator()(const Exec& op) const {
    return absl::StrCat("exec ", op.path.empty() ? "" : absl::StrCat(op.path, " as "),
                        ShellQuoted(op.argv));
  }
  std::string operator()(const SetDomainname& op) const {
    return absl::StrCat("domainname ", op.name);
  }
  std::string operator()(const SetOomScoreAdj& op) const {
    return absl::StrCat("oom_score_adj ", op.value);
  }
  std::string operator()(const SetExecLabel& op) const {
    return absl::StrCat(op.kind == LabelKind::kAppArmor ? "AppArmor profile " : "SELinux label ",
                        op.label);
  }
  std::string operator()(const WriteSysctl& op) const {
    return absl::StrCat("sysctl ", op.name, " = ", op.value);
  }
  std::string operator()(const SetRlimit& op) const {
    return absl::StrCat("limit ", NameOf(op.limit), " ", RlimitValueText(op.pair.soft), ":",
                        RlimitValueText(op.pair.hard));
  }
  std::string operator()(const RestrictPaths& op) const {
    std::string text = "landlock:";
    for (const LandlockRule& rule : op.rules) {
      absl::StrAppend(&text, " ", NameOf(rule.access), ":", rule.path);
    }
    return text;
  }
  std::string operator()(const OpenTerminal& op) const {
    return absl::StrCat("terminal of user ", op.uid, op.console ? " -> /dev/console" : "");
  }
  std::string operator()(const ChangeMount& op) const {
    return absl::StrCat("mount at ", op.target, AttributesText(op.attributes));
  }
  std::string operator()(const AwaitHooks& op) const {
    std::string text = "await hooks";
    for (const auto& [there, inside] : op.links) {
      absl::StrAppend(&text, ", interface ", there, " -> ", inside);
    }
    return text;
  }
  std::string operator()(const AwaitExec&) const { return "await start of the program"; }
  std::string operator()(const EnterRoot& op) const {
    return absl::StrCat("enter the root", op.path.empty() ? "" : " ", op.path,
                        op.if_other_mount ? ", if it is on another mount" : "");
  }
  std::string operator()(const SetScheduler& op) const {
    const SchedulerTraits& traits = op.traits;
    std::string text = absl::StrCat("scheduler policy ", traits.policy);
    if (traits.flags != 0) absl::StrAppend(&text, " flags ", traits.flags);
    if (traits.nice != 0) absl::StrAppend(&text, " nice ", traits.nice);
    if (traits.priority != 0) absl::StrAppend(&text, " priority ", traits.priority);
    if (traits.runtime != 0) {
      absl::StrAppend(&text, " runtime ", traits.runtime, " deadline ", traits.deadline, " period ",
                      traits.period);
    }
    return text;
  }
  std::string operator()(const SetIoPriority& op) const {
    return absl::StrCat("I/O class ", op.traits.io_class, " level ", op.traits.level);
  }
  std::string operator()(const SetMemoryPolicy& op) const {
    return absl::StrCat("set_mempolicy mode ", op.traits.mode,
                        op.traits.nodes.empty() ? "" : " nodes ", IdListText(op.traits.nodes));
  }
  std::string operator()(const SetCpuAffinity& op) const {
    return absl::StrCat("CPUs ", IdListText(op.cpus));
  }
  std::string operator()(const JoinKeyring& op) const {
    return absl::StrCat("session keyring ", op.name);
  }
  std::string operator()(const SetPersonality& op) const {
    return absl::StrFormat("personality %#x", op.persona);
  }
  std::string operator()(const SetUmask& op) const {
    return absl::StrFormat("umask %04o", op.mode);
  }
};

}  // namespace

std::string Describe(const Op& op) { return std::visit(Describer(), op); }

}  // namespace pelagos
