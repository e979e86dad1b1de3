#!/usr/bin/env bash
# Fuzzes the formats that are named, one after the other:  run.sh <format>...
# RUNS inputs each (1000000), for LIMIT seconds at most (600). A finding is kept in build/fuzz/findings/<format>/, what
# libFuzzer learns in build/fuzz/learned/<format>/, beside the corpus that is in the tests.
# The last line is `N passed, N failed`, as of all tests.
set -u
cd "$(dirname "$0")/../.." || exit
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
passed=0 failed=0

for format; do
  learned=build/fuzz/learned/$format findings=build/fuzz/findings/$format log=build/fuzz/$format.log
  mkdir -p "$learned" "$findings"
  start=$SECONDS
  build/fuzz/fuzz-"$format" -runs="${RUNS:-1000000}" -max_total_time="${LIMIT:-600}" -max_len=8192 -timeout=10 \
    -rss_limit_mb=2048 -malloc_limit_mb=512 -artifact_prefix="$findings/" -print_final_stats=1 -use_value_profile=1 \
    "$learned" "tests/fuzz/corpus/$format" >"$log" 2>&1 </dev/null
  code=$?
  inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
  printf '%-12s %9s inputs  %5d s  %6s edges  %d findings\n' "$format" "${inputs:-0}" $((SECONDS - start)) \
    "${edges:-0}" $((code != 0))
  if ((code == 0)); then
    ((passed++))
  else
    ((failed++))
    file=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    printf 'not ok - fuzz %s: %s; the input: %s; the log: %s\n' "$format" \
      "$(grep -m 1 -E '^finding:|runtime error:|^==[0-9]*==ERROR|ERROR: libFuzzer' "$log")" "${file:-none}" "$log"
  fi
done
echo "$passed passed, $failed failed"
((failed == 0))
