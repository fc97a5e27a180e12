# What .ci/run is made of: each function runs a suite, or tells how it went. Sourced by bash, with these set:
#   log          an empty directory for what the suites print and for the counts
#   suite_limit  seconds that one suite may take
#   whole_limit  seconds that all of them may take, from the shell's start

# Who reads the end of a long log is to see why it failed: so many lines in all, shared among the suites that
# failed; of one suite at most, and at least, so many; and so much of a line.
said_lines=100 said_most=60 said_least=12 said_width=300

# bounded COMMAND…: runs it until its limit, then ends all of its process group; 124 and a last line say so.
bounded() {
  left=$((whole_limit - SECONDS))
  [ "$left" -le "$suite_limit" ] || left=$suite_limit
  [ "$left" -ge 1 ] || left=1
  NO_COLOR=1 timeout --kill-after=20 "$left" "$@" </dev/null
  ended=$?
  case $ended in
    124 | 137) printf '\ndid not end within %s s; it had begun: %s\n' "$left" "$(begun)" ;;
  esac
  return "$ended"
}

# begun: what the log of the suite that runs says was begun last.
begun() { grep -E ' \.\.\.( |$)' "$log/$name" | tail -n 1; }

# suite NAME COMMAND…: runs it, counts what deno's test runner says it counted.
suite() {
  name=$1
  shift
  from=$SECONDS
  bounded "$@" >"$log/$name" 2>&1
  code=$?
  ok=$(sed -nE 's/^(ok|FAILED) \| ([0-9]+) passed.*/\2/p' "$log/$name" | awk '{ n += $1 } END { print n + 0 }')
  bad=$(sed -nE 's/^(ok|FAILED) \| .*[^0-9]([0-9]+) failed.*/\2/p' "$log/$name" | awk '{ n += $1 } END { print n + 0 }')
  if [ "$ok" = 0 ] && [ "$bad" = 0 ]; then bad=1; fi
  if [ "$code" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
  report "$name" "$ok" "$bad" "$((SECONDS - from))"
}

# check NAME COMMAND…: one check, passed or failed.
check() {
  name=$1
  shift
  from=$SECONDS
  if bounded "$@" >"$log/$name" 2>&1; then ok=1 bad=0; else ok=0 bad=1; fi
  report "$name" "$ok" "$bad" "$((SECONDS - from))"
}

# report NAME PASSED FAILED SECONDS: prints what it said, in one piece, and keeps the counts.
report() {
  {
    flock 9
    echo "== $1"
    cat "$log/$1"
    echo "== $1: $2 passed, $3 failed in $4 s"
    echo "$2 $3" >>"$log/counts"
    if [ "$3" != 0 ]; then
      echo "$1" >>"$log/suites"
      failures "$1" >>"$log/failed"
    fi
  } 9>"$log/lock"
}

# failures NAME: what failed in it, as deno's test runner lists it in the end; else what it said last.
failures() {
  names=$(awk '
    /^ FAILURES $/ { listing = 1; next }
    /^(ok|FAILED) \| / { listing = 0 }
    listing && NF' "$log/$1")
  [ -n "$names" ] || names=$(awk 'NF { last = $0 } END { print last }' "$log/$1")
  echo "$names" | sed "s/^/FAILED $1: /" | cut -c "1-$said_width"
}

# said NAME LINES: the errors that deno's test runner lists in the end of it, else its last lines; in so many
# lines, of which the errors have about the same part each: what was expected stands first, where it was last.
said() {
  awk -v limit="$2" -v width="$said_width" '
    function show(line) {
      print (length(line) > width ? substr(line, 1, width) " …" : line)
    }
    # Lines from..to in so many lines, of which one says how many are left out.
    function part(lines, from, to, room,   head, i) {
      if (to - from + 1 <= room) room = head = to - from + 1
      else head = int((room - 1) * 2 / 3)
      for (i = from; i < from + head; i++) show(lines[i])
      if (head == room) return room
      print "    … " (to - from + 2 - room) " lines more"
      for (i = to - room + head + 2; i <= to; i++) show(lines[i])
      return room
    }
    /^ ERRORS $/ { inside = 1; next }
    /^ FAILURES $/ { inside = 0 }
    # Of the runs before it, errors may be listed.
    /^did not end within / { inside = 1; starts[++errors] = count + 1 }
    # The frames of the runner itself say nothing.
    /^ +at .*\(ext:/ { next }
    !NF { blank = 1; next }
    inside {
      if (blank && /( => [^ ]+:[0-9]+:[0-9]+| \(uncaught error\))$/) starts[++errors] = count + 1
      said[++count] = $0
    }
    { blank = 0; last[++lasts] = $0 }
    END {
      if (!errors) {
        part(last, lasts > limit ? lasts - limit + 1 : 1, lasts, limit)
        exit
      }
      starts[errors + 1] = count + 1
      for (i = 1; i <= errors; i++) {
        room = int(limit / (errors - i + 1))
        if (room < 6) room = 6
        if (limit < 6) { print "… and " (errors - i + 1) " more"; exit }
        limit -= part(said, starts[i], starts[i + 1] - 1, room)
      }
    }' "$log/$1"
}

# result: why suites failed, which tests did, and the last line; whether none did.
result() {
  if [ -e "$log/failed" ]; then
    lines=$((said_lines / $(wc -l <"$log/suites")))
    [ "$lines" -le "$said_most" ] || lines=$said_most
    [ "$lines" -ge "$said_least" ] || lines=$said_least
    while read -r name; do
      echo "== $name failed, and said:"
      said "$name" "$lines"
    done <"$log/suites"
    cat "$log/failed"
  fi
  awk '{ ok += $1; bad += $2 } END { print ok + 0 " passed, " bad + 0 " failed"; exit bad != 0 }' "$log/counts"
}
