#!/usr/bin/env bash
# The plug is pulled: for each model a training is killed with SIGKILL again and again, at random moments, and resumed
# each time, until it ends; the checkpoints must be those of the run that was left alone, byte for byte, and so must the
# log but for its clock. RUNS times (20) for each model; a run counts when a kill struck a program that was running.
set -u
cd "$(dirname "$0")/.." || exit
runs=${RUNS:-20}
bijou=$PWD/build/bijou
[[ -x $bijou ]] || { echo "kill-test: there is no build/bijou; run make first" >&2; exit 2; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit
export OMP_WAIT_POLICY=passive
passed=0 failed=0

now() { date +%s%N; }
train() { "$bijou" train "$model" --data digits --epochs 8 --seed 7 --batch-size 32 "$@" >out 2>err </dev/null; }
same() {
  cmp -s alone/ckpt/last.safetensors killed/ckpt/last.safetensors &&
    cmp -s alone/ckpt/best.safetensors killed/ckpt/best.safetensors &&
    diff -q <(cut -d, -f1-13 alone/log.csv) <(cut -d, -f1-13 killed/log.csv) >/dev/null
}

for model in nice realnvp glow; do
  rm -rf alone
  start=$(now)
  train --out alone || { echo "not ok - $model: training alone: $(tail -n 1 err)"; ((failed++)); continue; }
  took=$(( ($(now) - start) / 1000000 ))  # milliseconds
  good=0 kills=0 wrong=""
  while ((good < runs)) && [[ -z $wrong ]]; do
    rm -rf killed
    struck=0
    for kill in 1 2; do
      "$bijou" train "$model" --data digits --epochs 8 --seed 7 --batch-size 32 --out killed --resume >out 2>err </dev/null &
      process=$!
      sleep "$(awk -v r=$RANDOM -v t=$took 'BEGIN { printf "%.3f", r / 32768 * t / 1000 }')"
      if kill -KILL $process 2>/dev/null; then ((struck++)); fi
      wait $process 2>/dev/null
    done
    ((struck)) || continue  # it had ended before
    ((kills += struck))
    train --out killed --resume || { wrong="the resumed run failed: $(tail -n 1 err)"; break; }
    same || wrong="after $struck kills it ends otherwise"
    ((good++))
  done
  if [[ -z $wrong ]]; then
    echo "ok - $model: $good runs, killed $kills times and resumed, end in the same bytes"
    ((passed++))
  else
    echo "not ok - $model: $wrong"
    ((failed++))
  fi
done 2>/dev/null
echo "$passed passed, $failed failed"
((failed == 0))
