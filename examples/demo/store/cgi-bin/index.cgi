#!/bin/sh
# Counts the visits in the volume: a line each, since appending is atomic.
echo visit >>/data/visits
printf 'Content-Type: text/plain\r\n\r\n%s\n' "$(wc -l </data/visits)"
