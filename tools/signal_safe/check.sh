#!/bin/sh
# check.sh ARCHIVE... -- SYMBOL...: fails unless every undefined symbol of the archives is
# one of the SYMBOLs, and unless there was something to check. See tools/signal_safe_test.bzl.
set -eu

archives=
while [ "$1" != -- ]; do
  archives="$archives $1"
  shift
done
shift
[ -n "$archives" ] || { echo "no archive was given" >&2; exit 1; }

checked=0
failed=0
for archive in $archives; do
  case $archive in
    *.a | *.o) ;;
    *) continue ;;
  esac
  defined=$(nm --defined-only "$archive" | wc -l)
  [ "$defined" -gt 0 ] || { echo "$archive defines nothing" >&2; exit 1; }
  for symbol in $(nm --undefined-only "$archive" | awk '$1 == "U" || $1 == "w" {print $2}'); do
    checked=$((checked + 1))
    case " $* " in
      *" $symbol "*) ;;
      *) echo "$archive refers to $symbol" >&2; failed=1 ;;
    esac
  done
done
[ "$checked" -gt 0 ] || { echo "nothing was checked" >&2; exit 1; }
echo "$checked references checked"
exit "$failed"
