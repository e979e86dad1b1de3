#!/usr/bin/env bash
# bijou train --golden: where a run stands against the curves that come with the program.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash

run "$bijou" train glow --data digits --golden --seed 1 --out "$tmp/glow"
verdict "golden: a run of a preset" "$(complaint 0; grep -qE '^golden: [0-9]+ seeds on .*, 20..-..-..$' "$tmp/err" || said "$tmp/err")"
verdict "golden: a word on each epoch" "$( (($(grep -cE '^  golden [0-9.]+ \([0-9.]+ to [0-9.]+\)' "$tmp/err") == 20)) || said "$tmp/err")"
verdict "golden: one of the recorded seeds ends where it ended then, or near it" \
  "$(grep -qE '^validation after epoch 20: [0-9.]+ bits/dim; golden [0-9.]+ \([0-9.]+ to [0-9.]+\)$' "$tmp/out" || grep golden "$tmp/out")"
run "$bijou" train glow --data digits --golden --epochs 1 --set steps=2 --lr 0.001 --out "$tmp/other"
verdict "golden: what departs from the preset is said" \
  "$(complaint 0; grep -qE 'departs from the preset: .*steps 2, not 8.*lr 0.001, not 0.003.*20 steps, not 400' "$tmp/err" || grep '^golden' "$tmp/err")"
expect_exit "golden: a preset that was not trained" 2 "there is no golden curve of glow's preset toy on circles: it was not trained as it is; there are those of: nice --data digits" \
  "$bijou" train glow --data circles --golden --out "$tmp/never"
