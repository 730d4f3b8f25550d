#!/bin/sh
# Asks the store, and makes a sentence of the answer.
hits=$(timeout 5 wget -q -O - "$STORE") || {
  printf 'Status: 502 Bad Gateway\r\nContent-Type: text/plain\r\n\r\nstore does not answer\n'
  exit 0
}
printf 'Content-Type: text/plain\r\n\r\nvisit %s, counted by store, told by app on %s\n' \
  "$hits" "$(hostname)"
