#include "pelagos/cli/completion_scripts.h"

namespace pelagos::cli {
namespace {

// clang-format off
constexpr char kBash[] = R"sh(# Completion of pelagos for bash: in ~/.bashrc, or for all users in
# /usr/share/bash-completion/completions/pelagos.
_pelagos() {
  local line=${COMP_LINE:0:COMP_POINT} candidate file kind
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  local cur=${words[${#words[@]} - 1]}
  # Bash itself completes only what stands behind the last of these.
  local breaks=${COMP_WORDBREAKS//[^:=]/} skip=
  [[ -n $breaks ]] && skip=${cur%"${cur##*[$breaks]}"}
  COMPREPLY=()
  while IFS= read -r candidate; do
    case $candidate in
      :files | :folders)
        kind=-f
        [[ $candidate == :folders ]] && kind=-d
        compopt -o filenames
        while IFS= read -r file; do
          COMPREPLY+=("$file")
        done < <(compgen "$kind" -- "${cur#"$skip"}")
        ;;
      *)
        candidate=${candidate%%$'\t'*}
        [[ $candidate == *: ]] && compopt -o nospace
        COMPREPLY+=("${candidate#"$skip"}")
        ;;
    esac
  done < <("${words[0]}" __complete -- "${words[@]:1}" 2> /dev/null)
}
complete -F _pelagos pelagos
)sh";

constexpr char kZsh[] = R"sh(#compdef pelagos
# Completion of pelagos for zsh: as a file _pelagos in a folder of $fpath.
_pelagos() {
  local -a found
  local line files=
  while IFS= read -r line; do
    case $line in
      :files) files='_files' ;;
      :folders) files='_files -/' ;;
      *$'\t'*) found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
      *) found+=("${line//:/\\:}") ;;
    esac
  done < <("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2> /dev/null)
  (( ${#found} )) && _describe pelagos found
  [[ -n $files ]] && eval $files
}
if [[ $funcstack[1] == _pelagos ]]; then
  _pelagos "$@"
else
  compdef _pelagos pelagos
fi
)sh";

constexpr char kFish[] = R"sh(# Completion of pelagos for fish: ~/.config/fish/completions/pelagos.fish.
function __pelagos_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path $current
            case ':folders'
                __fish_complete_directories $current ''
            case '*'
                echo $line
        end
    end
end
complete -c pelagos -f -a '(__pelagos_complete)'
)sh";
// clang-format on

}  // namespace

const std::vector<absl::string_view>& CompletionShells() {
  static const std::vector<absl::string_view>& shells =
      *new std::vector<absl::string_view>{"bash", "zsh", "fish"};
  return shells;
}

std::string CompletionScript(absl::string_view shell) {
  return shell == "bash" ? kBash : shell == "zsh" ? kZsh : kFish;
}

}  // namespace pelagos::cli
