;;; reml-mode.el --- Stack files of Pelagos  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0
;; Version: 1.0
;; Package-Requires: ((emacs "26.1"))
;; Keywords: languages

;;; Commentary:

;; A mode for .reml files over `scheme-mode'.  With Eglot (in Emacs since 29, in
;; Debian 12 as elpa-eglot), M-x eglot starts `pelagos reml lsp'.
;;
;;   (add-to-list 'load-path "/path/to/tools/editor/emacs")
;;   (require 'reml-mode)
;;   (add-hook 'reml-mode-hook #'eglot-ensure)

;;; Code:

(require 'scheme)
(require 'reml-words)

(defgroup reml nil
  "Stack files of Pelagos."
  :group 'languages)

(defcustom reml-program "pelagos"
  "The program `pelagos', which serves the language and formats."
  :type 'string)

(defun reml--words (words &optional before)
  "A regexp for WORDS whole, behind the regexp BEFORE."
  (concat (or before "\\(?:^\\|[][ \t\n()'`,]\\)")
          "\\(" (regexp-opt words) "\\)"
          "\\(?:$\\|[ \t\n()\"';`,]\\)"))

(defun reml--matcher (words &optional before)
  "A function for font-lock that finds WORDS, behind the regexp BEFORE.
What ends one word may begin the next."
  (let ((regexp (reml--words words before)))
    (lambda (limit)
      (when (re-search-forward regexp limit t)
        (goto-char (match-end 1))
        t))))

(defconst reml-font-lock-keywords
  `((,(concat "(" (regexp-opt reml-words-definitions t)
              "[ \t]+\\((?\\)\\([^][ \t\r\n\f();\"'`,]+\\)")
     (1 font-lock-keyword-face)
     (3 (if (string= (match-string 2) "(")
            font-lock-function-name-face
          font-lock-variable-name-face)))
    (,(reml--matcher reml-words-special-forms "(") 1 font-lock-keyword-face)
    (,(reml--matcher reml-words-macros "(") 1 font-lock-keyword-face)
    (,(reml--matcher reml-words-marks "(") 1 font-lock-keyword-face)
    (,(reml--matcher reml-words-procedures) 1 font-lock-builtin-face)
    (,(reml--matcher reml-words-options "['`](?") 1 font-lock-type-face t)
    (,(reml--matcher reml-words-options ":") 1 font-lock-type-face)
    ("#\\(?:true\\|false\\|[tf]\\)\\_>" . font-lock-constant-face)
    ("\\_<:[^][ \t\r\n\f();\"'`,]+" . font-lock-constant-face))
  "What `reml-mode' colours.")

(defun reml--indent-call (open indent-point)
  "The column for arguments of the call at OPEN, or nil: as Scheme does.
Arguments stand by 2 when the head is alone on its line, and so does a procedure
that is the first to stand at INDENT-POINT."
  (save-excursion
    (goto-char (1+ open))
    (skip-chars-forward "^ \t\r\n\f();\"'`,")
    (when (or (looking-at "[ \t]*\\(?:;.*\\)?$")
              (and (= (count-lines open indent-point) 1)
                   (save-excursion
                     (goto-char indent-point)
                     (looking-at (concat "[ \t]*(" (regexp-opt reml-words-formals)
                                         "[ \t]+(")))))
      (goto-char open)
      (+ (current-column) lisp-body-indent))))

(defun reml--data-p (state)
  "Whether the place of STATE is in a quoted list or in a vector."
  (let ((data nil))
    (dolist (open (nth 9 state) data)
      (when (memq (char-before open) '(?\' ?#))
        (setq data t)))))

(defun reml--indent (indent-point state)
  "Indent as `pelagos reml fmt' does where that can be known.
INDENT-POINT and STATE are as in `scheme-indent-function'."
  (let* ((normal-indent (current-column))
         (open (elt state 1))
         (head (save-excursion
                 (goto-char (1+ open))
                 (and (looking-at "[^ \t\r\n\f();\"'`,]+")
                      (match-string-no-properties 0))))
         (before (cdr (assoc head reml-words-bodies))))
    (cond ((reml--data-p state)
           (save-excursion (goto-char open) (1+ (current-column))))
          ((and (null before) head (string-match-p "\\`\\(?:def\\|with-\\)" head))
           (save-excursion (goto-char open) (+ (current-column) lisp-body-indent)))
          ((null before)
           (or (and head (reml--indent-call open indent-point))
               (scheme-indent-function indent-point state)))
          ;; (let loop ((i 0)) ...)
          ((save-excursion
             (goto-char (1+ open))
             (looking-at "let[ \t]+[^ \t\r\n\f();\"'`,]"))
           (lisp-indent-specform 2 state indent-point normal-indent))
          (t
           (lisp-indent-specform before state indent-point normal-indent)))))

(defun reml-indent-line ()
  "Indent the line as Lisp, but comments of one semicolon as code."
  (let* ((state (save-excursion (syntax-ppss (line-beginning-position))))
         (wanted (unless (or (nth 3 state) (nth 4 state))
                   (save-excursion
                     (beginning-of-line)
                     (calculate-lisp-indent state))))
         (column (if (consp wanted) (car wanted) wanted)))
    (when column
      (if (<= (current-column) (current-indentation))
          (indent-line-to column)
        (save-excursion (indent-line-to column))))))

(defun reml-format-buffer ()
  "Lay out the buffer as `pelagos reml fmt' does."
  (interactive)
  (let ((out (generate-new-buffer " *reml fmt*"))
        (errors (make-temp-file "reml")))
    (unwind-protect
        (if (zerop (call-process-region nil nil reml-program nil (list out errors)
                                        nil "reml" "fmt" "-"))
            (replace-buffer-contents out)
          (message "%s" (with-temp-buffer
                          (insert-file-contents errors)
                          (buffer-string))))
      (delete-file errors)
      (kill-buffer out))))

;;;###autoload
(define-derived-mode reml-mode scheme-mode "reml"
  "A mode for stack files of Pelagos."
  (setq-local font-lock-defaults
              '(reml-font-lock-keywords
                nil nil (("+-*/.<>=!?$%_&~^:" . "w") (?# . "w 14"))
                beginning-of-defun
                (font-lock-mark-block-function . mark-defun)))
  (setq-local lisp-indent-function #'reml--indent)
  (setq-local indent-line-function #'reml-indent-line)
  (setq-local indent-tabs-mode nil)
  (setq-local comment-start "; ")
  (setq-local comment-add 0))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.reml\\'" . reml-mode))

(defvar eglot-server-programs)
(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs
               `(reml-mode . ,(lambda (&rest _) (list reml-program "reml" "lsp")))))

(provide 'reml-mode)
;;; reml-mode.el ends here
