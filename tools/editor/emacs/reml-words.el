;;; reml-words.el --- The words of reml  -*- lexical-binding: t; -*-

;; Written by `bazel run //tools/reml:grammar -- tools/editor'; not to be edited.

;;; Commentary:

;; What `reml-mode' colours and indents.

;;; Code:

(defconst reml-words-special-forms
  '("quote" "quasiquote" "if" "cond" "when" "unless" "and" "or" "begin" "set!"
    "lambda" "let" "let*" "letrec" "do" "guard")
  "Special forms that define nothing.")

(defconst reml-words-definitions
  '("define" "defmacro" "define-values" "define-syntax" "define-record-type"
    "define-service" "define-nodes" "define-then" "define-run" "define-results")
  "Forms and macros that define names.")

(defconst reml-words-macros
  '("case" "case-lambda" "let-values" "let*-values" "receive" "letrec*"
    "parameterize" "delay" "delay-force" "assert" "cond-expand" "let-syntax"
    "letrec-syntax" "logf" "errorf" "with-cleanup")
  "Macros that define nothing.")

(defconst reml-words-marks
  '("else")
  "Words that mean something inside of a form.")

(defconst reml-words-procedures
  '("+" "-" "*" "/" "abs" "min" "max" "expt" "=" "<" ">" "<=" ">=" "zero?"
    "positive?" "negative?" "number?" "integer?" "quotient" "remainder" "modulo"
    "floor-quotient" "floor-remainder" "truncate-quotient" "truncate-remainder"
    "odd?" "even?" "gcd" "lcm" "bitwise-and" "bitwise-or" "bitwise-xor"
    "bitwise-not" "bit-count" "arithmetic-shift" "exact?" "inexact?"
    "exact-integer?" "real?" "rational?" "nan?" "infinite?" "finite?" "exact"
    "inexact" "inexact->exact" "exact->inexact" "floor" "ceiling" "round"
    "truncate" "clamp" "square" "sqrt" "exp" "ln" "sin" "cos" "tan" "asin"
    "acos" "atan" "not" "boolean?" "null?" "pair?" "list?" "string?" "symbol?"
    "procedure?" "eq?" "eqv?" "equal?" "boolean=?" "cons" "car" "cdr" "caar"
    "cadr" "cdar" "cddr" "caaar" "caadr" "cadar" "caddr" "cdaar" "cdadr" "cddar"
    "cdddr" "caaaar" "caaadr" "caadar" "caaddr" "cadaar" "cadadr" "caddar"
    "cadddr" "cdaaar" "cdaadr" "cdadar" "cdaddr" "cddaar" "cddadr" "cdddar"
    "cddddr" "list" "cons*" "make-list" "iota" "length" "append" "reverse"
    "list-ref" "list-tail" "list-head" "take" "drop" "take-right" "drop-right"
    "first" "second" "third" "fourth" "fifth" "last" "last-pair" "list-copy"
    "list-set" "flatten" "memq" "memv" "member" "assq" "assv" "assoc"
    "result-ref" "find" "find-tail" "list-index" "any" "every" "count" "delete"
    "delete-duplicates" "apply" "map" "for-each" "filter-map" "append-map"
    "filter" "remove" "fold-left" "fold-right" "fold" "reduce" "sort"
    "list-sort" "vector-sort" "vector?" "vector" "make-vector" "vector-length"
    "vector-ref" "vector-set!" "vector->list" "list->vector" "vector-fill!"
    "vector-map" "vector-for-each" "vector-append" "vector-copy" "subvector"
    "vector-copy!" "make-hash-table" "hash-table" "hash-table?" "hash-table-ref"
    "hash-table-ref/default" "hash-table-set!" "hash-table-delete!"
    "hash-table-contains?" "hash-table-exists?" "hash-table-size"
    "hash-table-empty?" "hash-table-keys" "hash-table-values"
    "hash-table->alist" "alist->hash-table" "hash-table-update!"
    "hash-table-update!/default" "hash-table-walk" "hash-table-fold"
    "hash-table-copy" "hash-table-clear!" "hash-table-merge" "string"
    "make-string" "string-append" "string-repeat" "string-length" "string-null?"
    "string-ref" "substring" "string-copy" "string-reverse" "string-pad-left"
    "string-pad-right" "string-upcase" "string-downcase" "string-foldcase"
    "string=?" "string<?" "string>?" "string<=?" "string>=?" "string-ci=?"
    "string-ci<?" "string-ci>?" "string-ci<=?" "string-ci>=?" "string->list"
    "list->string" "string->vector" "vector->string" "string-contains"
    "string-search" "string-prefix?" "string-suffix?" "string-split"
    "string-join" "string-replace" "string-index" "string-index-right"
    "string-count" "string-trim" "string-trim-left" "string-trim-right"
    "string-map" "string-for-each" "char?" "char->integer" "integer->char"
    "char=?" "char<?" "char>?" "char<=?" "char>=?" "char-ci=?" "char-ci<?"
    "char-ci>?" "char-ci<=?" "char-ci>=?" "char-upcase" "char-downcase"
    "char-foldcase" "char-alphabetic?" "char-numeric?" "char-whitespace?"
    "char-upper-case?" "char-lower-case?" "digit-value" "symbol->string"
    "string->symbol" "symbol=?" "symbol-append" "string->number"
    "number->string" "regex" "regex?" "regex-match?" "regex-match"
    "regex-match-all" "regex-replace" "regex-replace-first" "regex-split"
    "regex-quote" "json-read" "json-write" "path-join" "path-dirname"
    "path-basename" "path-extension" "path-normalize" "path-absolute?"
    "path-relative?" "display" "write" "newline" "write-string" "write-char"
    "open-output-string" "get-output-string" "call-with-output-string"
    "open-input-string" "read-line" "read-char" "peek-char" "read-string" "read"
    "eof-object" "eof-object?" "port?" "input-port?" "output-port?" "values"
    "call-with-values" "call/cc" "call-with-current-continuation" "dynamic-wind"
    "make-parameter" "force" "make-promise" "promise?" "error" "raise"
    "raise-continuable" "with-exception-handler" "error-object?"
    "error-object-message" "error-object-irritants" "ok" "err" "ok?" "err?"
    "ok-value" "err-reason" "format" "log" "sleep" "env" "require-env"
    "get-environment-variable" "read-file" "current-second" "current-jiffy"
    "jiffies-per-second" "random" "reml-version" "import" "service" "network"
    "volume" "compose" "compose-up" "on-ready" "container-start"
    "container-start-bg" "container-join" "container-stop" "container-wait"
    "container-run" "container-ip" "container-status" "await-port" "start"
    "then" "then-all" "run" "resolve" "await")
  "Procedures.")

(defconst reml-words-options
  '("image" "command" "env" "network" "port" "volume" "bind" "bind-rw" "bind-ro"
    "tmpfs" "depends-on" "memory" "cpus" "user" "workdir" "cap-add" "cap-drop"
    "stop-grace-period")
  "Options of a service.")

(defconst reml-words-formals
  '("lambda" "receive")
  "Forms that begin with parameters.")

(defconst reml-words-bodies
  '(("when" . 1) ("unless" . 1) ("define" . 1) ("lambda" . 1) ("let" . 1)
    ("let*" . 1) ("letrec" . 1) ("do" . 2) ("guard" . 1) ("defmacro" . 2)
    ("let-values" . 1) ("let*-values" . 1) ("receive" . 2) ("letrec*" . 1)
    ("parameterize" . 1) ("let-syntax" . 1) ("letrec-syntax" . 1)
    ("with-cleanup" . 1) ("define-then" . 3))
  "How many parts a form has before its body.")

(provide 'reml-words)
;;; reml-words.el ends here
