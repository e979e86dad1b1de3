#!/usr/bin/env bash
# Runs all tests and adds up. A doctest program counts by its test cases (one row of a table is one), a shell test by
# its lines `ok - name`, `not ok - name: why`, `skip - name: why`. A test that dies counts as one failed more.
# The last line is `N passed, N failed`.
set -u
cd "$(dirname "$0")/.." || exit
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}  # beside other programs, threads that spin while they wait take ten times as long
limit=3600  # seconds for one program: a hanging test fails, too

report() {  # report <name> <passed> <failed> <skipped> <exit code> [why it counts one failure more]
  local name=$1 p=$2 f=$3 s=$4 code=$5 why=${6:-}
  if [[ -z $why ]]; then
    if ((code == 124)); then why="ran for more than $limit seconds"
    elif ((code > 128)); then why="died of signal $((code - 128)) ($(kill -l $((code - 128)) 2>/dev/null))"
    elif ((code != 0 && f == 0)); then why="ended with exit code $code, though no test of it failed"
    elif ((p + f + s == 0)); then why="ran no test"
    fi
  fi
  [[ -z $why ]] || ((f++))
  if ((f > 0)); then cat "$log"; fi
  printf '%-28s %5d passed  %3d failed  %3d skipped  %6d s\n' "$name" "$p" "$f" "$s" $((SECONDS - start))
  [[ -z $why ]] || printf 'not ok - %s %s\n' "$name" "$why"
  ((passed += p, failed += f, skipped += s))
}

for program in build/test-laws build/test-unit; do
  start=$SECONDS
  timeout --foreground -k 10 "$limit" "$program" --no-colors=true >"$log" 2>&1 </dev/null
  code=$?
  # [doctest] test cases:  3 |  2 passed | 1 failed | 0 skipped
  counts=$(sed -n 's/^\[doctest\] test cases: *[0-9]* | *\([0-9]*\) passed | *\([0-9]*\) failed | *\([0-9]*\) skipped.*/\1 \2 \3/p' "$log" | tail -n 1)
  if [[ -n $counts ]]; then
    # shellcheck disable=SC2086
    report "$program" $counts "$code"
  elif ((code == 124)); then
    report "$program" 0 0 0 "$code"
  else
    report "$program" 0 0 0 "$code" "ended without a summary (exit code $code)"
  fi
done

shopt -s nullglob
for script in tests/shell/*.sh; do
  start=$SECONDS
  timeout --foreground -k 10 "$limit" bash "$script" >"$log" 2>&1 </dev/null
  code=$?
  report "$script" "$(grep -c '^ok - ' "$log")" "$(grep -c '^not ok - ' "$log")" "$(grep -c '^skip - ' "$log")" "$code"
done

((skipped == 0)) || echo "skipped, for want of something on this machine: $skipped"
echo "$passed passed, $failed failed"
((failed == 0))
