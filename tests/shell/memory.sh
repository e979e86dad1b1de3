#!/usr/bin/env bash
# --memory: three ways to the same training; --dry-run: what it would take.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
export LC_ALL=C
root=$PWD
cd "$tmp" || exit

figures() { cut -d, -f1-9 "$1/log.csv"; }  # of each epoch, without times
for way in stored checkpointed reversible; do
  expect_success "memory: train, $way" "$bijou" train glow --data digits --steps 3 --set steps=2 --set width=8 --memory $way --out $way
  verdict "memory: $way stands in config.json" "$(grep -qF "\"memory\": \"$way\"" $way/config.json || said $way/config.json)"
  expect_success "memory: sample, $way" "$bijou" sample $way --count 4 --out $way.png
done
figures stored >stored.csv
figures checkpointed >checkpointed.csv
expect_same "memory: checkpointed training gives the figures of stored" stored.csv checkpointed.csv
expect_same "memory: checkpointed training gives the pictures of stored" stored.png checkpointed.png
near=$(paste -d, <(figures stored) <(figures reversible) | awk -F, 'NR > 1 { d = $4 / $13 - 1; if (d > 1e-4 || d < -1e-4) print $4, $13 }')
verdict "memory: reversible training gives the loss of stored" "$near"

expect_exit "memory: another way" 2 '--memory: .*little.* not in .*stored,checkpointed,reversible' "$bijou" train glow --memory little --out never

expect_success "dry run: it says what a training takes" "$bijou" train realnvp --data moons --dry-run --memory checkpointed --out never
for line in '^  parameters +[0-9.]+ MiB  \([0-9]+\)$' '^  gradients, optimiser, moving average +[0-9.]+ MiB$' \
  '^  activations +[0-9.]+ MiB  \(--memory checkpointed\)$' '^  peak +[0-9.]+ MiB' '^  a step of 512 examples +[0-9.]+ m?s$' \
  '^  an epoch of 97 steps, evaluation, checkpoints +[0-9.]+ (ms|s|min .*)$' '^nothing was written$'; do
  verdict "dry run: $line" "$(grep -qE "$line" out || said out)"
done
verdict "dry run: the model is named" "$(grep -q '^RealNVP on moons: [0-9]* parameters' err || said err)"
verdict "dry run: nothing is written" "$(ls -d never runs 2>/dev/null)"

cd "$root" || exit
make --no-print-directory build/bijou >/dev/null 2>&1
expect_success "make: MEMORY" make --no-print-directory train-nice DATA=moons MEMORY=reversible ARGS=--dry-run
verdict "make: MEMORY reaches the program" "$(grep -q -- '--memory reversible' "$tmp/out" || said "$tmp/out")"
