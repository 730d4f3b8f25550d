#!/usr/bin/env bash
# fetch_archives.sh PACKAGE NAMES: the archives of a Debian package and of all it depends on whose
# names match the extended regular expression NAMES, put into the current folder.
#
# Nothing is installed and root is not needed. What was downloaded is kept where the tests keep
# their images (tests/images/debian.h), so that the next time needs no network.
set -euo pipefail
package=$1 names=$2

cache=${PELAGOS_TEST_CACHE:-${XDG_CACHE_HOME:-/var/cache}/pelagos-tests}/archives-only
mkdir -p "$cache" 2>/dev/null && [[ -w $cache ]] || cache=$HOME/.cache/pelagos-tests/archives-only
mkdir -p "$cache/lists/partial"
# The last complete set, for a machine that is offline.
known=$cache/$package.set

exec {lock}>"$cache/lock"
flock "$lock"

# The folder need not be readable to user _apt.
options=(-o APT::Sandbox::User=root -o Debug::NoLocking=1)

# The names of the files, one a line.
candidates() {
  local wanted
  mapfile -t wanted < <(apt-cache "${options[@]}" depends --recurse --important "$package" |
    grep -E "^($names)\$" | sort -u)
  ((${#wanted[@]})) || return 1
  # Lines of 'URI' FILE SIZE HASH.
  apt-get "${options[@]}" download --print-uris "${wanted[@]}" | awk '$2 ~ /[.]deb$/ { print $2 }'
  downloads=("${wanted[@]}")
}

fetch() {
  local downloads=()
  candidates >"$known.new" && [[ -s $known.new ]] || return 1
  if ! (cd "$cache" && xargs ls -- <"$known.new" >/dev/null 2>&1); then
    (cd "$cache" && apt-get "${options[@]}" -q download "${downloads[@]}" >/dev/null) || return 1
  fi
  mv "$known.new" "$known"
}

# Old package lists name versions that are gone: fetch them anew, for this script alone.
if ! fetch; then
  options+=(-o "Dir::State::lists=$cache/lists")
  { apt-get "${options[@]}" -q update >/dev/null && fetch; } || [[ -s $known ]]
fi
while read -r file; do
  cp -- "$cache/$file" .
done <"$known"
