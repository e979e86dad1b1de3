#!/usr/bin/env bash
# make from outside: its help, its variables, and that their values reach the program whole.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
make=(make --no-print-directory)
"${make[@]}" build/bijou >/dev/null 2>&1  # nothing to do, unless a source was changed since

expect_success "make: help" "${make[@]}" help
for word in train-realnvp gradcheck 'make test' 'make bench' bench-peers TORCH= bench-anomaly SKLEARN= deps 'make install' PREFIX= DATA= MARCH=; do
  verdict "make: the help names $word" "$(grep -qF -- "$word" "$tmp/out" || head -n 5 "$tmp/out")"
done

expect_make_error() {  # expect_make_error <name> <regex of its one line> <arguments...>
  local name=$1 regex=$2
  shift 2
  run "${make[@]}" "$@"
  verdict "$name" "$(complaint 2; grep -qE "$regex" "$tmp/err" || said "$tmp/err")"
}
expect_make_error "make: a misspelled variable is named, and the known ones" 'unknown variable EPOCH; .*EPOCHS' train-realnvp EPOCH=3
expect_make_error "make: two misspelled variables" 'unknown variable (EPOCH OUTPUT|OUTPUT EPOCH);' train-realnvp EPOCH=3 OUTPUT=x DATA=moons
expect_make_error "make: no such target" "No rule to make target '?train-nothing" train-nothing

if [[ -x build/test-laws ]]; then
  expect_make_error "make: gradcheck of an operation that is not there" "gradcheck: no operation is called 'nonsense'; there are: .*matmul" \
    gradcheck OP=nonsense
  run "${make[@]}" gradcheck OP=matmul
  verdict "make: gradcheck of one operation" "$(complaint 0; grep -qE 'gradcheck: all [1-9][0-9]* checks passed' "$tmp/out" || tail -n 3 "$tmp/out")"
else
  skip "make: gradcheck" "there is no build/test-laws"
fi

# The program's own errors come through: make adds lines of its own, and its exit code 2.
expect_make_error "make: a value that is wrong" "bijou: --lr: must be a positive number, not '0'" train-realnvp LR=0 DATA=moons OUT="$tmp/never"
expect_make_error "make: steps and epochs" 'bijou: .*--(steps|epochs)' train-realnvp STEPS=1 EPOCHS=1 OUT="$tmp/never"

mkdir -p "$tmp/데이터 files"
table 40 >"$tmp/데이터 files/it's \"one\" \$HOME.csv"
out="$tmp/my runs/첫 번째"
expect_success "make: paths with spaces, quotes and dollars" "${make[@]}" train-realnvp DATA="$tmp/데이터 files/it's \"one\" \$HOME.csv" \
  STEPS=3 BATCH_SIZE=8 LR=0.002 SEED=4 THREADS=2 PRESET=table OUT="$out"
expect_files "make: the run" "$out" config.json log.csv ckpt/best.safetensors
for line in '"steps": 3,' '"batch_size": 8,' '"lr": 0.002,' '"seed": 4'; do
  verdict "make: the program got $line" "$(grep -qsF "$line" "$out/config.json" || said "$out/config.json")"
done
expect_success "make: ARGS" "${make[@]}" train-realnvp ARGS=--help
verdict "make: ARGS reach the program" "$(grep -q -- '--batch-size' "$tmp/out" || head -n 5 "$tmp/out")"
