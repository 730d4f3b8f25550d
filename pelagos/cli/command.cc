#include "pelagos/cli/command.h"

#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "pelagos/base/suggest.h"

namespace pelagos::cli {
namespace {

constexpr Flag kHelp = {"help", 'h', "", "print this help"};

const Flag* FindFlag(const std::vector<Flag>& flags, absl::string_view name) {
  if (name == kHelp.name) return &kHelp;
  for (const Flag& flag : flags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

const Flag* FindLetter(const std::vector<Flag>& flags, char letter) {
  for (const Flag& flag : flags) {
    if (flag.letter == letter) return &flag;
  }
  return letter == kHelp.letter ? &kHelp : nullptr;
}

absl::Status UnknownFlag(const std::vector<Flag>& flags, absl::string_view name) {
  std::vector<absl::string_view> names;
  for (const Flag& flag : flags) names.push_back(flag.name);
  const std::string near = Suggest(name, names);
  return absl::InvalidArgumentError(
      absl::StrCat("unknown flag '--", name, "'",
                   near.empty() ? "; see --help" : absl::StrCat("; did you mean '--", near, "'?")));
}

}  // namespace

std::string Arguments::value(absl::string_view flag, absl::string_view otherwise) const {
  auto it = values_.find(flag);
  return it == values_.end() ? std::string(otherwise) : it->second.back();
}

std::vector<std::string> Arguments::values(absl::string_view flag) const {
  auto it = values_.find(flag);
  return it == values_.end() ? std::vector<std::string>() : it->second;
}

absl::StatusOr<Arguments> ParseFlags(const std::vector<Flag>& flags,
                                     const std::vector<std::string>& args, bool options_first) {
  Arguments parsed;
  size_t i = 0;
  const auto value_of = [&](const Flag& flag,
                            absl::string_view spelling) -> absl::StatusOr<std::string> {
    if (i + 1 >= args.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", spelling, "' needs a value: ", spelling, " ", flag.value));
    }
    return args[++i];
  };
  for (; i < args.size(); ++i) {
    const absl::string_view arg = args[i];
    if (arg == "--") {
      ++i;
      break;
    }
    if (absl::StartsWith(arg, "--")) {
      const absl::string_view body = arg.substr(2);
      const size_t equals = body.find('=');
      const absl::string_view name = body.substr(0, equals);
      const Flag* flag = FindFlag(flags, name);
      if (flag == nullptr) return UnknownFlag(flags, name);
      if (flag->value.empty()) {
        const absl::string_view value =
            equals == absl::string_view::npos ? "true" : body.substr(equals + 1);
        if (value != "true" && value != "false") {
          return absl::InvalidArgumentError(
              absl::StrCat("'--", name, "' takes no value but true or false"));
        }
        if (value == "true") {
          parsed.Add(flag->name, "");
        } else {
          parsed.Deny(flag->name);
        }
      } else if (equals != absl::string_view::npos) {
        parsed.Add(flag->name, std::string(body.substr(equals + 1)));
      } else {
        absl::StatusOr<std::string> value = value_of(*flag, arg);
        if (!value.ok()) return value.status();
        parsed.Add(flag->name, *std::move(value));
      }
      continue;
    }
    if (arg.size() > 1 && arg[0] == '-') {
      for (size_t at = 1; at < arg.size(); ++at) {
        const Flag* flag = FindLetter(flags, arg[at]);
        if (flag == nullptr) {
          return absl::InvalidArgumentError(
              absl::StrCat("unknown flag '-", arg.substr(at, 1), "'; see --help"));
        }
        if (flag->value.empty()) {
          parsed.Add(flag->name, "");
          continue;
        }
        if (at + 1 < arg.size()) {
          parsed.Add(flag->name, std::string(arg.substr(at + 1)));
        } else {
          absl::StatusOr<std::string> value = value_of(*flag, arg);
          if (!value.ok()) return value.status();
          parsed.Add(flag->name, *std::move(value));
        }
        break;
      }
      continue;
    }
    if (options_first) break;
    parsed.AddPositional(std::string(arg));
  }
  for (; i < args.size(); ++i) parsed.AddPositional(args[i]);
  return parsed;
}

std::string HelpFor(const Command& command) {
  std::string text = absl::StrCat(command.summary, "\n\nusage: pelagos ", command.name, " ",
                                  command.usage, "\n\n");
  const auto add = [&](const Flag& flag) {
    const std::string letter =
        flag.letter == 0 ? "    " : absl::StrCat("-", std::string(1, flag.letter), ", ");
    const std::string spelled =
        absl::StrCat(letter, "--", flag.name, flag.value.empty() ? "" : " ", flag.value);
    absl::StrAppendFormat(&text, "  %-28s %s\n", spelled, std::string(flag.help));
  };
  absl::string_view title;
  bool help_has_letter = true;
  for (const Flag& flag : command.flags) {
    for (const Heading& heading : command.headings) {
      if (heading.before != flag.name || heading.title == title) continue;
      absl::StrAppend(&text, title.empty() ? "" : "\n", heading.title, "\n");
      title = heading.title;
    }
    add(flag);
    help_has_letter = help_has_letter && flag.letter != kHelp.letter;
  }
  Flag help = kHelp;
  if (!help_has_letter) help.letter = 0;
  if (!title.empty()) absl::StrAppend(&text, "\n");
  add(help);
  absl::StrAppend(&text, "\nexample:\n  ", command.example, "\n");
  return text;
}

int RunCommand(Command command, const Context& context, const std::vector<std::string>& args) {
  absl::StatusOr<Arguments> parsed = ParseFlags(command.flags, args, command.options_first);
  if (!parsed.ok()) {
    return Fail(absl::StrCat(command.name, ": ", parsed.status().message()), kUsage);
  }
  if (parsed->has("help")) {
    std::cout << HelpFor(command);
    return kDone;
  }
  command.flags = {};  // read; the command may need the memory
  return command.run(context, *parsed);
}

int Fail(absl::string_view message, int code) {
  std::cout.flush();
  std::cerr << "pelagos: error: " << message << "\n";
  return code;
}

int Fail(const absl::Status& status, int code) { return Fail(status.message(), code); }

}  // namespace pelagos::cli
