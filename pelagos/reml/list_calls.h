// Calls of a procedure with the elements of lists, one after the other, for map and its like.
//
// The evaluator makes the calls and resumes the builtin with each result, so that they nest as deep
// as any other call. What must last meanwhile are the locals: the procedure, a value of the
// builtin's own, and the rests of the lists, which begin with the elements of the current call.
#pragma once

#include <optional>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "pelagos/reml/arguments.h"

namespace pelagos::reml {

constexpr size_t kProcedure = 0, kOwn = 1, kRests = 2;
constexpr size_t kUsualLists = 4;
using Locals = absl::InlinedVector<Value, kUsualLists + kRests>;

inline EvalResult CallWithElements(CallContext& ctx, absl::Span<Value> locals,
                                   ResumeFunction resume) {
  absl::InlinedVector<Value, kUsualLists> args;
  absl::InlinedVector<Span, kUsualLists> spans;
  for (Value rest : locals.subspan(kRests)) {
    args.push_back(rest.car());
    spans.push_back(reml::CarSpan(rest));
  }
  return ctx.CallThen(locals[kProcedure], args, locals, resume, spans);
}

// Goes on to the next elements; false when a list has none.
inline bool NextElements(absl::Span<Value> locals) {
  bool more = true;
  for (Value& rest : locals.subspan(kRests)) {
    rest = rest.cdr();
    more = more && rest.is_pair();
  }
  return more;
}

enum class Lengths { kSame, kAny };

// The locals for args[0] as the procedure and the lists from args[1] on; `*some` tells whether
// there is a first call to make.
inline MaybeError BeginCalls(CallContext& ctx, Args args, Lengths lengths, Value own,
                             Locals* locals, bool* some) {
  std::optional<size_t> first;
  *some = true;
  for (size_t i = 1; i < args.size(); ++i) {
    size_t length = 0;
    if (auto error = MeasureList(ctx, args, i, &length)) return error;
    if (lengths == Lengths::kSame && first && *first != length) {
      return ctx.Error(ctx.ArgSpan(i),
                       absl::StrCat(ctx.name(), ": all lists must have the same length"));
    }
    first = length;
    *some = *some && length != 0;
  }
  locals->assign({args[0], own});
  locals->insert(locals->end(), args.begin() + 1, args.end());
  return std::nullopt;
}

// Calls with the first elements, when there are any; otherwise the value is `empty`.
inline EvalResult CallWithLists(CallContext& ctx, Args args, Lengths lengths, Value own,
                                ResumeFunction resume, Value empty) {
  Locals locals;
  bool some = false;
  if (auto error = BeginCalls(ctx, args, lengths, own, &locals, &some)) return *error;
  return some ? CallWithElements(ctx, absl::MakeSpan(locals), resume) : EvalResult(empty);
}

// A list that was made last element first, turned round.
inline Value TurnRound(CallContext& ctx, Value list) {
  Value turned;
  for (; list.is_pair(); list = list.cdr()) {
    turned = ctx.heap().Cons(list.car(), turned, reml::CarSpan(list), ctx.CallSpan());
  }
  return turned;
}

}  // namespace pelagos::reml
