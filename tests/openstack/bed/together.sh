#!/usr/bin/env bash
# Runs several programs as one: together.sh COMMAND… -- COMMAND… -- …
# When one of them ends, or this is told to end, all of them do.
set -u
command=()
for word in "$@" --; do
  if [ "$word" != -- ]; then
    command+=("$word")
    continue
  fi
  "${command[@]}" &
  command=()
done
trap 'kill $(jobs -p) 2>/dev/null; wait; exit 143' TERM INT
wait -n
code=$?
echo "one of several programs ended, with code $code" >&2
kill $(jobs -p) 2>/dev/null
wait
exit "$code"
