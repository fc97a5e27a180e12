# Suites that run once for each version of a server, with a row each in a table: to be sourced, with a folder in $log.
# shellcheck shell=sh
touch "$log/table"

# in_table NAME PLACE COMMAND…: runs it, prints what it says, and adds the counts of deno's test runner to the table.
in_table() {
  name=$1
  echo "== $name ($2)"
  shift 2
  from=$(date +%s)
  "$@" >"$log/out" 2>&1 </dev/null || touch "$log/failed"
  cat "$log/out"
  result=$(sed 's/\x1b\[[0-9;]*m//g' "$log/out" |
    sed -nE 's/^(ok|FAILED) \| ([0-9]+ passed).*[^0-9]([0-9]+ failed).*/\2, \3/p' | tail -n 1)
  echo "== $name: ${result:-did not run} in $(($(date +%s) - from)) s" | tee -a "$log/table"
}

# version_lines VERSION FILE: the lines of the file "version …" that are of it; 3.5 is 3.5.16 as well, and not 3.50.
version_lines() { awk -v wanted="$1" 'index($1 ".", wanted ".") == 1' "$2"; }

# end_table: prints it; fails when something did, or nothing ran.
end_table() {
  echo
  cat "$log/table"
  if ! grep -q passed "$log/table"; then
    echo "nothing ran"
    return 1
  fi
  [ ! -e "$log/failed" ]
}
