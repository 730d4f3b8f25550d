#include "pelagos/policy/seccomp_compile.h"

#include <linux/filter.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "pelagos/abi/syscall_table.h"

namespace pelagos {
namespace {

template <typename T>
bool Contains(const std::vector<T>& list, const T& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

// Conditions that must all hold, and what follows from it.
struct Clause {
  SeccompVerdict verdict;
  std::vector<SeccompCondition> conditions;
};

// What becomes of a call: the first clause (by its index) that holds, else the last word.
struct Chain {
  std::vector<size_t> clauses;
  SeccompVerdict otherwise;
  bool operator==(const Chain&) const = default;
};

// One ABI of the machine.
struct Way {
  SyscallAbi abi;
  bool has_32_bits;  // in an argument
};

// Numbers from `begin` up to the next range's.
struct Range {
  uint32_t begin;
  Chain chain;
};

BpfInstruction Load(size_t offset) {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<uint32_t>(offset)};
}
BpfInstruction Jump(int test, uint32_t value, size_t yes, size_t no) {
  return {static_cast<uint16_t>(BPF_JMP | test | BPF_K), static_cast<uint8_t>(yes),
          static_cast<uint8_t>(no), value};
}
BpfInstruction Skip(size_t count) { return {BPF_JMP | BPF_JA, 0, 0, static_cast<uint32_t>(count)}; }
BpfInstruction Return(uint32_t value) { return {BPF_RET | BPF_K, 0, 0, value}; }

void Append(SeccompProgram& program, const SeccompProgram& part) {
  program.insert(program.end(), part.begin(), part.end());
}

// The code of one clause: falls through to a return if all holds, else jumps behind it.
class ClauseCode {
 public:
  explicit ClauseCode(bool has_32_bits) : has_32_bits_(has_32_bits) {}

  SeccompProgram Run(const Clause& clause) {
    for (const SeccompCondition& condition : clause.conditions) {
      Add(condition);
      Resolve(kHolds, code_.size());
    }
    code_.push_back({Return(clause.verdict.value()), kOn, kOn});
    Resolve(kFails, code_.size());
    SeccompProgram program;
    for (const Line& line : code_) program.push_back(line.instruction);
    return program;
  }

 private:
  // Where a jump leads, as long as the place has no number.
  enum Target : uint8_t { kOn, kHolds, kFails };
  struct Line {
    BpfInstruction instruction;
    Target yes, no;
  };

  void LoadHalf(uint8_t index, bool high) {
    // Little endian: the low half comes first.
    const size_t offset = offsetof(seccomp_data, args) + size_t{index} * sizeof(uint64_t);
    code_.push_back({Load(offset + (high ? sizeof(uint32_t) : 0)), kOn, kOn});
  }
  void Test(int test, uint32_t value, Target yes, Target no) {
    code_.push_back({Jump(test, value, 0, 0), yes, no});
  }

  void Add(const SeccompCondition& condition) {
    const auto high = static_cast<uint32_t>(condition.value >> 32);
    const auto low = static_cast<uint32_t>(condition.value);
    switch (condition.op) {
      case SeccompOp::kEq:
        return Same(condition.index, high, low, kHolds, kFails);
      case SeccompOp::kNe:
        return Same(condition.index, high, low, kFails, kHolds);
      case SeccompOp::kGt:
        return Order(condition.index, BPF_JGT, high, low, kHolds, kFails);
      case SeccompOp::kGe:
        return Order(condition.index, BPF_JGE, high, low, kHolds, kFails);
      case SeccompOp::kLe:
        return Order(condition.index, BPF_JGT, high, low, kFails, kHolds);
      case SeccompOp::kLt:
        return Order(condition.index, BPF_JGE, high, low, kFails, kHolds);
      case SeccompOp::kMaskedEq:
        if (!has_32_bits_) {
          Masked(condition.index, true, high, static_cast<uint32_t>(condition.value_two >> 32));
        }
        return Masked(condition.index, false, low, static_cast<uint32_t>(condition.value_two));
    }
  }

  void Same(uint8_t index, uint32_t high, uint32_t low, Target same, Target other) {
    if (!has_32_bits_) {
      LoadHalf(index, true);
      Test(BPF_JEQ, high, kOn, other);
    }
    LoadHalf(index, false);
    Test(BPF_JEQ, low, same, other);
  }

  // `test` of the low halves decides where the high ones are equal.
  void Order(uint8_t index, int test, uint32_t high, uint32_t low, Target yes, Target no) {
    if (!has_32_bits_) {
      LoadHalf(index, true);
      Test(BPF_JGT, high, yes, kOn);
      Test(BPF_JEQ, high, kOn, no);
    }
    LoadHalf(index, false);
    Test(test, low, yes, no);
  }

  void Masked(uint8_t index, bool high, uint32_t mask, uint32_t wanted) {
    if (mask == 0) return;
    LoadHalf(index, high);
    if (wanted == 0) return Test(BPF_JSET, mask, kFails, kOn);
    if (mask != ~uint32_t{0}) {
      code_.push_back({{BPF_ALU | BPF_AND | BPF_K, 0, 0, mask}, kOn, kOn});
    }
    Test(BPF_JEQ, wanted, kOn, kFails);
  }

  // Six conditions of at most five instructions: every distance fits.
  void Resolve(Target target, size_t place) {
    for (size_t i = 0; i < code_.size(); ++i) {
      const auto distance = static_cast<uint8_t>(place - i - 1);
      if (code_[i].yes == target) code_[i].instruction.jt = distance;
      if (code_[i].no == target) code_[i].instruction.jf = distance;
      if (code_[i].yes == target) code_[i].yes = kOn;
      if (code_[i].no == target) code_[i].no = kOn;
    }
  }

  const bool has_32_bits_;
  std::vector<Line> code_;
};

class Compiler {
 public:
  Compiler(const SeccompFilter& filter, const SeccompContext& context)
      : filter_(filter), context_(context) {}

  SeccompProgram Run() {
    if (context_.native == SeccompArch::kX86_64) {
      const SeccompProgram native = Search({SyscallAbi::kX86_64, false});
      const SeccompProgram x32 =
          Listed(SeccompArch::kX32) ? Search({SyscallAbi::kX32, false}) : ForeignX32();
      SeccompProgram both = {Jump(BPF_JGE, kX32Bit, 0, 1), Skip(native.size())};
      Append(both, native);
      Append(both, x32);
      AddMachine(AUDIT_ARCH_X86_64, both);
      if (Listed(SeccompArch::kX86)) AddMachine(AUDIT_ARCH_I386, Search({SyscallAbi::kI386, true}));
    } else {
      AddMachine(AUDIT_ARCH_AARCH64, Search({SyscallAbi::kAarch64, false}));
      if (Listed(SeccompArch::kArm)) AddMachine(AUDIT_ARCH_ARM, Search({SyscallAbi::kArm, true}));
    }
    SeccompProgram program = {Load(offsetof(seccomp_data, arch))};
    size_t behind = 0;  // the machines whose code comes first
    for (size_t i = 0; i < machines_.size(); ++i) {
      program.push_back(Jump(BPF_JEQ, machines_[i].first, 0, 1));
      const size_t tests_left = 2 * (machines_.size() - 1 - i);
      program.push_back(Skip(tests_left + 1 + behind));
      behind += machines_[i].second.size();
    }
    program.push_back(Return(SECCOMP_RET_KILL_PROCESS));
    for (const auto& [machine, code] : machines_) Append(program, code);
    return program;
  }

  // Each clause has at least two instructions.
  bool IsTooLong() const { return tests_ > kMostBpfInstructions; }

 private:
  bool Listed(SeccompArch arch) const { return Contains(filter_.arches, arch); }

  void AddMachine(uint32_t machine, const SeccompProgram& search) {
    SeccompProgram code = {Load(offsetof(seccomp_data, nr))};
    Append(code, search);
    machines_.emplace_back(machine, std::move(code));
  }

  // -1 is how a tracer asks for no call at all; no ABI has it.
  SeccompProgram ForeignX32() const {
    return {Jump(BPF_JEQ, ~uint32_t{0}, 0, 1), Return(filter_.otherwise.value()),
            Return(SECCOMP_RET_KILL_PROCESS)};
  }

  // One clause, or one for each condition where they are alternatives.
  static std::vector<Clause> ClausesOf(const SeccompFilterRule& rule) {
    for (size_t i = 0; i < rule.conditions.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (rule.conditions[i].index != rule.conditions[j].index) continue;
        std::vector<Clause> alternatives;
        for (const SeccompCondition& condition : rule.conditions) {
          alternatives.push_back({rule.verdict, {condition}});
        }
        return alternatives;
      }
    }
    return {{rule.verdict, rule.conditions}};
  }

  // Equal clauses have one index.
  size_t Index(const Clause& clause) {
    std::vector<uint64_t> key = {clause.verdict.value()};
    for (const SeccompCondition& condition : clause.conditions) {
      key.push_back(uint64_t{condition.index} << 8 | static_cast<uint64_t>(condition.op));
      key.push_back(condition.value);
      key.push_back(condition.value_two);
    }
    const auto [it, is_new] = index_.emplace(std::move(key), clauses_.size());
    if (is_new) clauses_.push_back(clause);
    return it->second;
  }

  // The strictest first; what cannot come into play is left out.
  Chain ChainOf(std::vector<size_t> clauses) const {
    std::stable_sort(clauses.begin(), clauses.end(), [this](size_t a, size_t b) {
      return clauses_[a].verdict.act > clauses_[b].verdict.act;
    });
    Chain chain = {{}, filter_.otherwise};
    std::set<size_t> seen;
    for (size_t clause : clauses) {
      if (clauses_[clause].conditions.empty()) {
        chain.otherwise = clauses_[clause].verdict;
        break;
      }
      if (seen.insert(clause).second) chain.clauses.push_back(clause);
    }
    while (!chain.clauses.empty() && clauses_[chain.clauses.back()].verdict == chain.otherwise) {
      chain.clauses.pop_back();
    }
    return chain;
  }

  // Expects the number in the accumulator.
  SeccompProgram Search(const Way& way) {
    struct Row {
      uint32_t number;
      size_t clause;
    };
    std::vector<Row> rows;
    int64_t newest = -1;
    for (const SeccompFilterRule& rule : filter_.rules) {
      std::vector<size_t> clauses;
      const bool counts = InEffect(rule, context_);
      if (counts) {
        for (const Clause& clause : ClausesOf(rule)) clauses.push_back(Index(clause));
      }
      for (const std::string& name : rule.names) {
        if (const int32_t number = FindSyscallNumber(way.abi, name); number >= 0) {
          newest = std::max<int64_t>(newest, number);
          for (size_t clause : clauses) rows.push_back({static_cast<uint32_t>(number), clause});
        }
        if (way.abi != SyscallAbi::kI386 || !counts || !rule.conditions.empty()) continue;
        for (const MultiplexedCall& call : kMultiplexedCalls) {
          if (call.name != name) continue;
          const auto through =
              static_cast<uint32_t>(FindSyscallNumber(SyscallAbi::kI386, call.through));
          rows.push_back({through, Index(Through(rule.verdict, call))});
        }
      }
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row& a, const Row& b) { return a.number < b.number; });

    const Chain gap = {{}, filter_.otherwise};
    std::vector<Range> ranges;
    const auto add = [&](uint32_t begin, Chain chain) {
      if (!ranges.empty() && ranges.back().chain == chain) return;
      tests_ += chain.clauses.size();
      if (IsTooLong()) chain.clauses.clear();  // no code for what nobody can use
      ranges.push_back({begin, std::move(chain)});
    };
    uint32_t next = way.abi == SyscallAbi::kX32 ? kX32Bit : 0;
    for (size_t i = 0; i < rows.size();) {
      const uint32_t number = rows[i].number;
      std::vector<size_t> clauses;
      for (; i < rows.size() && rows[i].number == number; ++i) clauses.push_back(rows[i].clause);
      if (number > next) add(next, gap);
      add(number, ChainOf(std::move(clauses)));
      next = number + 1;
    }
    if (newest >= int64_t{next}) add(next, gap);
    next = std::max(next, static_cast<uint32_t>(newest + 1));
    const bool has_newest = newest >= 0 && filter_.otherwise.act > SeccompAct::kTrace;
    add(next, has_newest ? Chain{{}, {SeccompAct::kErrno, ENOSYS}} : gap);
    return Tree(ranges, way);
  }

  static Clause Through(SeccompVerdict verdict, const MultiplexedCall& call) {
    // ipc(2) has a version in the upper half of its first argument.
    const uint64_t mask = call.through == "ipc" ? 0xffff : 0xffffffff;
    return {verdict, {{0, SeccompOp::kMaskedEq, mask, call.call}}};
  }

  SeccompProgram Tree(absl::Span<const Range> ranges, const Way& way) const {
    if (ranges.size() == 1) return Leaf(ranges[0].chain, way);
    const size_t middle = ranges.size() / 2;
    const SeccompProgram low = Tree(ranges.subspan(0, middle), way);
    const SeccompProgram high = Tree(ranges.subspan(middle), way);
    SeccompProgram tree;
    constexpr size_t kFarthest = 255;
    if (low.size() <= kFarthest) {
      tree.push_back(Jump(BPF_JGE, ranges[middle].begin, low.size(), 0));
    } else {
      tree.push_back(Jump(BPF_JGE, ranges[middle].begin, 0, 1));
      tree.push_back(Skip(low.size()));
    }
    Append(tree, low);
    Append(tree, high);
    return tree;
  }

  SeccompProgram Leaf(const Chain& chain, const Way& way) const {
    SeccompProgram leaf;
    for (size_t clause : chain.clauses) {
      Append(leaf, ClauseCode(way.has_32_bits).Run(clauses_[clause]));
    }
    leaf.push_back(Return(chain.otherwise.value()));
    return leaf;
  }

  const SeccompFilter& filter_;
  const SeccompContext& context_;
  std::vector<Clause> clauses_;
  std::map<std::vector<uint64_t>, size_t> index_;
  size_t tests_ = 0;  // clauses with conditions in all leaves
  std::vector<std::pair<uint32_t, SeccompProgram>> machines_;
};

}  // namespace

bool InEffect(const SeccompFilterRule& rule, const SeccompContext& context) {
  const SeccompWhen& in = rule.includes;
  const SeccompWhen& out = rule.excludes;
  if (!(in.capabilities - context.capabilities).empty()) return false;
  if (!in.arches.empty() && !Contains(in.arches, context.native)) return false;
  if (in.kernel && context.kernel < *in.kernel) return false;
  if ((out.capabilities.bits() & context.capabilities.bits()) != 0) return false;
  if (Contains(out.arches, context.native)) return false;
  return !out.kernel || context.kernel < *out.kernel;
}

bool NeedsListener(const SeccompFilter& filter, const SeccompContext& context) {
  if (filter.otherwise.act == SeccompAct::kNotify) return true;
  return std::any_of(filter.rules.begin(), filter.rules.end(), [&](const SeccompFilterRule& rule) {
    return rule.verdict.act == SeccompAct::kNotify && InEffect(rule, context);
  });
}

absl::StatusOr<SeccompProgram> CompileSeccomp(const SeccompFilter& filter,
                                              const SeccompContext& context) {
  Compiler compiler(filter, context);
  SeccompProgram program = compiler.Run();
  if (!compiler.IsTooLong() && program.size() <= kMostBpfInstructions) return program;
  return absl::ResourceExhaustedError(absl::StrCat(
      "the filter has ",
      compiler.IsTooLong() ? std::string("far too many") : absl::StrCat(program.size()),
      " instructions, the kernel takes ", kMostBpfInstructions,
      " at most: fewer conditions on arguments or fewer architectures are needed"));
}

}  // namespace pelagos
