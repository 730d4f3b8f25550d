#include "pelagos/cli/completion.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace pelagos::cli {
namespace {

// Words that a flag takes, whichever command has it.
struct FlagWords {
  absl::string_view flag, words;
};
constexpr FlagWords kFlagWords[] = {
    {"format", "table json"},
    {"network", "none host bridge"},
    {"pull", "missing always never"},
    {"restart", "no on-failure always unless-stopped"},
    {"signal", "SIGTERM SIGKILL SIGHUP SIGINT SIGQUIT SIGUSR1 SIGUSR2"},
    {"stop-signal", "SIGTERM SIGKILL SIGHUP SIGINT SIGQUIT SIGUSR1 SIGUSR2"},
    {"type", "container image volume network"},
};

// Of these only those that run are meant.
constexpr absl::string_view kForRunning[] = {"attach", "exec",  "kill", "pause",
                                             "port",   "stats", "stop", "top"};

enum class Files { kNone, kFiles, kFolders };

// What may stand at a place of a command line.
struct Place {
  std::vector<Thing> things;
  std::vector<std::string> words;
  Files files = Files::kNone;
  bool path_behind = false;  // "NAME:PATH"
};

class Answer {
 public:
  // `before` stands before each candidate: "--file=".
  Answer(std::string wanted, std::string before)
      : wanted_(std::move(wanted)), before_(std::move(before)) {}

  void Offer(absl::string_view word, absl::string_view help = "") {
    if (!absl::StartsWith(word, wanted_) || !seen_.insert(std::string(word)).second) return;
    absl::StrAppend(&text_, before_, word, help.empty() ? "" : "\t", help, "\n");
  }
  void Offer(Files files) {
    if (files != Files::kNone) text_ += files == Files::kFiles ? ":files\n" : ":folders\n";
  }
  void Offer(const Place& place, const NamesOf& names) {
    for (const std::string& word : place.words) Offer(word);
    for (Thing thing : place.things) {
      for (const std::string& name : names(thing)) {
        Offer(place.path_behind ? absl::StrCat(name, ":") : name);
      }
    }
    Offer(place.files);
  }
  std::string Text() && { return std::move(text_); }

 private:
  const std::string wanted_, before_;
  std::set<std::string> seen_;
  std::string text_;
};

bool IsUpper(absl::string_view word) {
  return std::all_of(word.begin(), word.end(),
                     [](char c) { return !absl::ascii_islower(static_cast<unsigned char>(c)); });
}

// By the word that stands for it in the help: "FILE", "NAME", "bash|zsh|fish".
Place PlaceOf(const Command& command, bool of_containers, absl::string_view word) {
  Place place;
  for (absl::string_view part : absl::StrSplit(word, absl::ByAnyChar("|"))) {
    if (part.empty() || part == "-") continue;
    if (!IsUpper(part)) {
      place.words.emplace_back(part);
      continue;
    }
    const absl::string_view name = part.substr(0, part.find(':'));
    place.path_behind = place.path_behind || name.size() < part.size();
    if (name == "NAME" && command.name == "inspect") {
      place.things = {Thing::kContainers, Thing::kImages, Thing::kVolumes, Thing::kNetworks};
    } else if (name == "CONTAINER" || (name == "NAME" && of_containers)) {
      const bool running =
          std::count(std::begin(kForRunning), std::end(kForRunning), command.name) != 0;
      place.things.push_back(running ? Thing::kRunning : Thing::kContainers);
    } else if (name == "NAME" && absl::StartsWith(command.name, "volume ")) {
      place.things.push_back(Thing::kVolumes);
    } else if (name == "NAME" && absl::StartsWith(command.name, "rootfs ")) {
      place.things.push_back(Thing::kRootfs);
    } else if (name == "IMAGE" || name == "REF" || name == "SOURCE") {
      place.things.push_back(Thing::kImages);
    } else if (name == "VOLUME") {
      place.things.push_back(Thing::kVolumes);
    } else if (name == "DIR" || name == "FOLDER") {
      if (place.files == Files::kNone) place.files = Files::kFolders;
    } else if (name == "FILE" || name == "PATH" || name == "COMMAND" || name == "ARG") {
      place.files = Files::kFiles;
    }
  }
  if (place.path_behind) place.files = Files::kFiles;
  return place;
}

// The place of the word with this number, by the command's usage: "[FLAGS] IMAGE [COMMAND...]".
Place PlaceOf(const Command& command, bool of_containers, size_t number) {
  std::vector<std::string> words;
  for (absl::string_view word : absl::StrSplit(command.usage, absl::ByAnyChar(" []"))) {
    absl::ConsumeSuffix(&word, "...");
    // Flags are told by their rows, and so are their values.
    if (word.empty() || word == "FLAGS" || word == "..." || word == "|") continue;
    words.emplace_back(word);
  }
  for (size_t i = 0; i + 1 < words.size();) {
    const bool flag = absl::StartsWith(words[i], "-") && words[i] != "-";
    const bool valued =
        flag && IsUpper(words[i + 1]) && !absl::StartsWith(words[i + 1], "-") &&
        std::any_of(command.flags.begin(), command.flags.end(), [&](const Flag& row) {
          return row.value == words[i + 1] && (words[i] == absl::StrCat("--", row.name) ||
                                               words[i] == std::string({'-', row.letter}));
        });
    if (!flag) {
      ++i;
      continue;
    }
    const auto at = words.begin() + static_cast<std::ptrdiff_t>(i);
    words.erase(at, at + (valued ? 2 : 1));
  }
  words.erase(std::remove_if(words.begin(), words.end(),
                             [](const std::string& word) {
                               return absl::StartsWith(word, "-") && word != "-";
                             }),
              words.end());
  if (words.empty()) return {};
  // What is written last may be repeated.
  if (number >= words.size() && !absl::StrContains(command.usage, "...")) return {};
  return PlaceOf(command, of_containers, words[std::min(number, words.size() - 1)]);
}

Place PlaceOf(const Command& command, const Flag& flag) {
  for (const FlagWords& row : kFlagWords) {
    if (row.flag != flag.name) continue;
    Place place;
    place.words = absl::StrSplit(row.words, ' ');
    return place;
  }
  return PlaceOf(command, false, flag.value);
}

const Flag* FindFlag(const std::vector<Flag>& flags, absl::string_view name) {
  const auto found = std::find_if(flags.begin(), flags.end(),
                                  [name](const Flag& flag) { return flag.name == name; });
  return found == flags.end() ? nullptr : &*found;
}

// The flag whose value the next word is, if any.
const Flag* AwaitsValue(const std::vector<Flag>& flags, absl::string_view word) {
  if (absl::ConsumePrefix(&word, "--")) {
    if (absl::StrContains(word, '=')) return nullptr;
    const Flag* flag = FindFlag(flags, word);
    return flag == nullptr || flag->value.empty() ? nullptr : flag;
  }
  if (!absl::ConsumePrefix(&word, "-")) return nullptr;
  for (size_t i = 0; i < word.size(); ++i) {
    for (const Flag& flag : flags) {
      if (flag.letter != word[i] || flag.value.empty()) continue;
      return i + 1 == word.size() ? &flag : nullptr;  // "-fFILE"
    }
  }
  return nullptr;
}

// Where the words of one set of flags lead to.
struct Walk {
  const Flag* awaits = nullptr;
  bool flags_ended = false;
  size_t plain = 0;  // words that are no flags
  size_t first = 0;  // where those begin; words.size() if there are none
};

Walk WalkFlags(const std::vector<Flag>& flags, const std::vector<std::string>& words, size_t begin,
               bool options_first) {
  Walk walk;
  walk.first = words.size();
  for (size_t i = begin; i < words.size(); ++i) {
    walk.awaits = nullptr;
    const std::string& word = words[i];
    if (!walk.flags_ended && word == "--") {
      walk.flags_ended = true;
    } else if (!walk.flags_ended && word.size() > 1 && word[0] == '-') {
      walk.awaits = AwaitsValue(flags, word);
      if (walk.awaits != nullptr && i + 1 < words.size()) {
        walk.awaits = nullptr;
        ++i;
      }
    } else {
      if (walk.plain++ == 0) walk.first = i;
      walk.flags_ended = walk.flags_ended || options_first;
    }
  }
  return walk;
}

void OfferFlags(const std::vector<Flag>& flags, absl::string_view wanted, Answer& answer) {
  const Flag help = {"help", 'h', "", "print this help"};
  std::vector<Flag> all = flags;
  all.push_back(help);
  for (const Flag& flag : all) answer.Offer(absl::StrCat("--", flag.name), flag.help);
  if (wanted != "-") return;
  for (const Flag& flag : all) {
    if (flag.letter != 0) answer.Offer(std::string({'-', flag.letter}), flag.help);
  }
}

// The first words of all commands; or, behind one, the second words.
void OfferCommands(const std::vector<CommandGroup>& groups, absl::string_view group,
                   Answer& answer) {
  const auto offer = [&](absl::string_view name, absl::string_view help) {
    const size_t blank = name.find(' ');
    if (group.empty()) {
      answer.Offer(name.substr(0, blank), blank == absl::string_view::npos ? help : "");
    } else if (blank != absl::string_view::npos && name.substr(0, blank) == group) {
      answer.Offer(name.substr(blank + 1), help);
    }
  };
  for (const CommandGroup& each : groups) {
    for (const Command& command : each.commands) {
      offer(command.name, command.summary);
      if (each.containers) offer(absl::StrCat("container ", command.name), command.summary);
    }
  }
  for (const Alias& alias : Aliases()) offer(alias.name, absl::StrCat("= ", alias.meaning));
}

bool IsOfContainers(const std::vector<CommandGroup>& groups, const Command& command) {
  return std::any_of(groups.begin(), groups.end(), [&command](const CommandGroup& group) {
    return group.containers &&
           std::any_of(group.commands.begin(), group.commands.end(),
                       [&command](const Command& each) { return each.name == command.name; });
  });
}

}  // namespace

std::string Complete(const std::vector<CommandGroup>& groups, const std::vector<Flag>& global,
                     std::vector<std::string> words, const NamesOf& names) {
  std::string wanted = words.empty() ? "" : words.back();
  if (!words.empty()) words.pop_back();
  Walk walk = WalkFlags(global, words, 0, /*options_first=*/true);
  static const Command none = {"", "", "", "", {}, false, nullptr};
  const Command* command = &none;
  const std::vector<Flag>* flags = &global;
  std::string group;
  words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(walk.first));
  if (!words.empty() && words[0] == "help") words.erase(words.begin());  // of a command, likewise
  if (!words.empty()) {
    words = Unaliased(std::move(words), groups);
    const FoundCommand found = FindCommand(groups, words);
    if (found.command != nullptr) {
      command = found.command;
      flags = &command->flags;
      walk = WalkFlags(*flags, words, found.words, command->options_first);
    } else {
      if (words.size() > 1) return "";  // there is nothing of the kind
      group = words[0];
      walk = Walk();
    }
  }
  const Flag* flag = walk.awaits;
  std::string before;
  if (const size_t equals = wanted.find('='); flag == nullptr && !walk.flags_ended &&
                                              absl::StartsWith(wanted, "--") &&
                                              equals != std::string::npos) {
    flag = FindFlag(*flags, absl::string_view(wanted).substr(2, equals - 2));
    if (flag == nullptr || flag->value.empty()) return "";
    before = wanted.substr(0, equals + 1);
    wanted = wanted.substr(equals + 1);
  }
  Answer answer(wanted, before);
  if (flag != nullptr) {
    answer.Offer(PlaceOf(*command, *flag), names);
  } else if (absl::StartsWith(wanted, "-") && !walk.flags_ended) {
    OfferFlags(*flags, wanted, answer);
  } else if (command == &none) {
    OfferCommands(groups, group, answer);
  } else {
    answer.Offer(PlaceOf(*command, IsOfContainers(groups, *command), walk.plain), names);
  }
  return std::move(answer).Text();
}

}  // namespace pelagos::cli
