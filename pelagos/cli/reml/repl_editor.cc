// Edited lines: the terminal of repl_terminal.h that can move its cursor.
#include <histedit.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/cli/reml/columns.h"
#include "pelagos/cli/reml/repl_history.h"
#include "pelagos/cli/reml/repl_keys.h"
#include "pelagos/cli/reml/repl_terminal.h"
#include "pelagos/sys/tty.h"

namespace pelagos::cli {
namespace {

constexpr wchar_t kInterruptKey = 3;  // Ctrl-C
constexpr size_t kMostListed = 100;

class Editor final : public LineReader {
 public:
  explicit Editor(Completer completer) : completer_(std::move(completer)) {
    ::tcgetattr(STDIN_FILENO, &own_);
    history_ = ::history_init();
    HistEvent event;
    ::history(history_, &event, H_SETSIZE, static_cast<int>(ReplHistory::kMost));
    ::history(history_, &event, H_SETUNIQUE, 1);
    line_ = ::el_init("pelagos", stdin, stdout, stderr);
    if (line_ == nullptr) return;
    ::el_set(line_, EL_CLIENTDATA, this);
    ::el_set(line_, EL_PROMPT, Prompt);
    ::el_set(line_, EL_SIGNAL, 0);
    ::el_set(line_, EL_HIST, ::history, history_);
    ::el_set(line_, EL_EDITOR, "emacs");
    ::el_set(line_, EL_GETCFN, GetCharacter);
    ::el_set(line_, EL_ADDFN, "reml-complete", "Complete the word", Complete);
    ::el_set(line_, EL_ADDFN, "reml-drop", "Drop the input", DropInput);
    ::el_set(line_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    ::el_source(line_, nullptr);  // ~/.editrc
    // After it: without these keys it is no session.
    ::el_set(line_, EL_BIND, "^C", "reml-drop", nullptr);
    ::el_set(line_, EL_BIND, "-a", "^C", "reml-drop", nullptr);  // vi's commands
    ::el_set(line_, EL_BIND, "^I", "reml-complete", nullptr);
    Restore();
  }
  ~Editor() override {
    if (line_ != nullptr) ::el_end(line_);
    ::history_end(history_);
    Restore();
  }

  // Whether libedit could begin at all.
  bool ok() const { return line_ != nullptr; }

  Got Read(const std::string& prompt, std::string* line) override {
    prompt_ = prompt;
    dropped_ = false;
    Got got = Got::kEnd;
    {
      Keys keys;
      keys_ = &keys;
      int size = 0;
      // Before the prompt: what is typed as soon as it is there must not be echoed by the terminal.
      ::el_set(line_, EL_PREP_TERM, 1);
      const char* text = ::el_gets(line_, &size);
      keys_ = nullptr;
      signal_ = keys.signal();
      if (signal_ != 0) {
        got = Got::kSignal;
      } else if (dropped_) {
        got = Got::kDropped;
      } else if (text != nullptr && size > 0) {
        line->assign(text, static_cast<size_t>(size));
        if (line->back() == '\n') line->pop_back();
        got = Got::kLine;
      }
      if (got == Got::kDropped) ::fputs("^C", stdout);
      if (got != Got::kLine) ::fputs("\n", stdout);
      ::fflush(stdout);
      Restore();
    }
    return got;
  }

  void Remember(const std::string& input) override {
    HistEvent event;
    ::history(history_, &event, H_ENTER, input.c_str());
  }

 private:
  static Editor& Self(EditLine* line) {
    void* self = nullptr;
    ::el_get(line, EL_CLIENTDATA, &self);
    return *static_cast<Editor*>(self);
  }
  static char* Prompt(EditLine* line) { return Self(line).prompt_.data(); }

  // The terminal's own settings again.
  void Restore() { ::tcsetattr(STDIN_FILENO, TCSADRAIN, &own_); }

  // A character for libedit: 1, or -1 at the end.
  static int GetCharacter(EditLine* line, wchar_t* character) {
    return Self(line).NextCharacter(character);
  }
  int NextCharacter(wchar_t* character) {
    if (dropped_) return -1;
    unsigned char byte = 0;
    for (;;) {
      switch (keys_->Next(&byte)) {
        case Keys::Event::kByte:
          return Decoded(byte, character);
        case Keys::Event::kInterrupt:
          *character = kInterruptKey;  // so that the cursor goes to the end before
          return 1;
        case Keys::Event::kResize:
          ::el_resize(line_);
          ::el_set(line_, EL_REFRESH);
          break;
        case Keys::Event::kStop:
          ::el_set(line_, EL_PREP_TERM, 0);
          Restore();
          keys_->Stop();
          ::el_set(line_, EL_PREP_TERM, 1);
          ::el_set(line_, EL_REFRESH);
          break;
        case Keys::Event::kEnd:
        case Keys::Event::kTerminate:
          return -1;
      }
    }
  }

  // UTF-8 that begins with the byte; what is none becomes U+FFFD.
  int Decoded(unsigned char byte, wchar_t* character) {
    const int more = byte < 0x80                   ? 0
                     : byte >= 0xc2 && byte < 0xe0 ? 1
                     : byte >= 0xe0 && byte < 0xf0 ? 2
                     : byte >= 0xf0 && byte < 0xf5 ? 3
                                                   : -1;
    *character = 0xfffd;
    if (more < 0) return 1;
    uint32_t code = more == 0 ? byte : byte & (0x3f >> more);
    for (int i = 0; i < more; ++i) {
      if (keys_->Next(&byte) != Keys::Event::kByte) return -1;
      if ((byte & 0xc0) != 0x80) return 1;
      code = code << 6 | (byte & 0x3f);
    }
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    if (!surrogate && code <= 0x10ffff) *character = static_cast<wchar_t>(code);
    return 1;
  }

  static unsigned char DropInput(EditLine* line, int) {
    Self(line).dropped_ = true;
    const LineInfo* info = ::el_line(line);
    ::el_cursor(line, static_cast<int>(info->lastchar - info->cursor));
    return CC_CURSOR;
  }

  static unsigned char Complete(EditLine* line, int) {
    const LineInfo* info = ::el_line(line);
    const std::string before(info->buffer, info->cursor);
    const bool at_end = info->cursor == info->lastchar;
    const ReplCompletion completion = Self(line).completer_(before);
    if (completion.labels.empty()) return CC_REFRESH_BEEP;
    std::string rest = completion.common.substr(completion.word.size());
    if (completion.labels.size() == 1 && at_end) rest += ' ';
    if (!rest.empty()) {
      return ::el_insertstr(line, rest.c_str()) == 0 ? CC_REFRESH : CC_REFRESH_BEEP;
    }
    const size_t width = sys::TerminalColumns(STDOUT_FILENO).value_or(80);
    const std::string list = completion.labels.size() > kMostListed
                                 ? absl::StrCat(completion.labels.size(), " names begin so\n")
                                 : InColumns(completion.labels, width, 0);
    ::fputs(absl::StrCat("\n", list).c_str(), stdout);
    return CC_REDISPLAY;
  }

  const Completer completer_;
  termios own_ = {};
  History* history_ = nullptr;
  EditLine* line_ = nullptr;
  std::string prompt_;
  Keys* keys_ = nullptr;
  bool dropped_ = false;
};

}  // namespace

std::unique_ptr<LineReader> EditingReader(Completer completer) {
  auto editor = std::make_unique<Editor>(std::move(completer));
  if (editor->ok()) return editor;
  return PlainReader();
}

}  // namespace pelagos::cli
