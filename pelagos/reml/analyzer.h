// Data to code, one node at a time: the second stage.
//
// Names are resolved lexically. A name that a template of syntax-rules brought is an alias
// (value.h): as a binding it is a name of its own, and otherwise it means what it meant where the
// macro was defined. So macros of that kind are hygienic; those of defmacro are not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/code.h"
#include "pelagos/reml/forms.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/quasiquote.h"

namespace pelagos::reml {

class Analyzer {
 public:
  explicit Analyzer(Heap& heap);

  // Turns a pending node into code whose kids are pending. false: `problem` says why, and the node
  // stays pending.
  bool Analyze(Node& node, Diagnostic& problem);

  // Where the variable is. A resolution is good as long as the epoch stays the same: it changes
  // when a scope gets a name that was not foreseen (a macro that defines).
  void Resolve(Node& variable);
  uint64_t epoch() const { return epoch_; }

  // The slot of a name that the scope itself binds; a new one when it has none yet.
  uint32_t Declare(Scope& scope, Symbol* name);

  const QuasiquoteNames& quasiquote_names() const { return quasiquote_; }
  static bool IsSpecialForm(const Symbol* name) { return FormOf(name) != SpecialForm::kNone; }

 private:
  struct Formals {
    std::vector<Symbol*> names;
    bool rest = false;
  };
  using Function = bool (Analyzer::*)(Node& node, Value rest, size_t count);

  static SpecialForm FormOf(const Symbol* name) {
    return static_cast<SpecialForm>(name->special_form);
  }
  static const Form& FormOf(SpecialForm form) { return reml::FormOf(form); }
  static Function FunctionOf(SpecialForm form);
  static Span Known(Span span, Span otherwise);

  bool Fail(Span span, std::string message, std::string hint = "");
  // "FORM: expected EXPECTED", with the form's usage; `way` is one of those.
  bool FailShape(Span span, absl::string_view problem, size_t way = 0);
  // The same at a datum that should be a name; it may have been quoted.
  bool FailName(Value datum, Span span, absl::string_view problem, size_t way = 0);
  // As 'datum, not (quote datum).
  bool IsQuoted(Value datum) const;
  Node* NewNode(const Node& parent, Value datum, Span span, Scope* scope);
  // The node of a pair's car.
  Node* Child(const Node& parent, Value pair, Scope* scope);
  Node* Constant(const Node& parent, Value value);
  Node* Begin(const Node& parent, Value body, Scope* scope);
  void AddKids(Node& node, Value list, Scope* scope);
  Scope* NewScope(Scope* parent, std::vector<Symbol*> names);
  // Adds the names that the forms of a body define.
  void Foresee(Scope& scope, Value body);
  std::optional<Symbol*> Name(Value value, bool or_string);
  bool ParseFormals(Value formals, Span span, size_t way, Formals& out);
  Node* Lambda(const Node& parent, const Formals& formals, Value body, Scope* scope);
  // ((NAME EXPRESSION) ...)
  bool ParseBindings(const Node& node, Value list, size_t way, std::vector<Symbol*>& names,
                     std::vector<Value>& values);
  bool Is(Value value, const Symbol* name) const;
  // Without the aliases that an expansion put in: what a program sees of quoted data.
  Value Plain(Value datum);
  bool Clauses(Node& node, Value clauses, Scope* scope);

  bool Quote(Node& node, Value rest, size_t count);
  bool Quasiquote(Node& node, Value rest, size_t count);
  bool If(Node& node, Value rest, size_t count);
  bool Cond(Node& node, Value rest, size_t count);
  bool When(Node& node, Value rest, size_t count);
  bool Unless(Node& node, Value rest, size_t count);
  bool And(Node& node, Value rest, size_t count);
  bool Or(Node& node, Value rest, size_t count);
  bool BeginForm(Node& node, Value rest, size_t count);
  bool Define(Node& node, Value rest, size_t count);
  bool Set(Node& node, Value rest, size_t count);
  bool LambdaForm(Node& node, Value rest, size_t count);
  bool Let(Node& node, Value rest, size_t count);
  bool NamedLet(Node& node, Value rest, size_t count);
  bool LetStar(Node& node, Value rest, size_t count);
  bool Letrec(Node& node, Value rest, size_t count);
  bool Do(Node& node, Value rest, size_t count);
  bool Guard(Node& node, Value rest, size_t count);
  bool Defmacro(Node& node, Value rest, size_t count);

  Heap& heap_;
  const QuasiquoteNames quasiquote_;
  Symbol* const quote_;
  Symbol* const else_;
  Symbol* const arrow_;
  Symbol* const define_;
  Symbol caught_{"caught error"};  // not interned: no program can name it
  uint64_t epoch_ = 1;
  Diagnostic* problem_ = nullptr;
  const Form* form_ = nullptr;  // that is being analyzed
};

}  // namespace pelagos::reml
