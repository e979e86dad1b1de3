#!/usr/bin/env bash
# bijou check: passes on trained and on random weights of all three models, prints a table or JSON, refuses bad input.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash

passes() {  # passes <name> <layers> <arguments of check...>
  local name=$1 layers=$2 why
  shift 2
  run "$bijou" check "$@"
  why=$(complaint 0)
  if [[ -z $why && $(tail -n 1 "$tmp/out") != "check: all $layers layers passed" ]]; then
    why="the last line is: $(tail -n 1 "$tmp/out")"
  elif [[ -z $why ]] && (($(grep -c '^ok ' "$tmp/out") < layers)); then
    why="only $(grep -c '^ok ' "$tmp/out") rows say ok"
  elif [[ -z $why ]] && grep -q $'\033' "$tmp/out"; then
    why="colours, though it is no terminal"
  fi
  verdict "check: $name" "$why"
}
says() {  # says <name> <regex>, of the last run
  if grep -qE "$2" "$tmp/out"; then ok "check: $1"; else not_ok "check: $1" "nothing matches $2"; fi
}

# ---- trained for a few steps
declare -A layers=([nice]=8 [realnvp]=23 [glow]=54)
for model in nice realnvp glow; do
  prepare "$bijou" train $model --data digits --steps 10 --out "$tmp/$model"
  passes "$model on digits after 10 steps" "${layers[$model]}" "$tmp/$model"
  says "the weights of $model are named" "^weights: .*$model/ckpt/"
done
prepare "$bijou" train realnvp --data moons --steps 20 --out "$tmp/moons"
passes "realnvp on moons, a checkpoint file" 16 "$tmp/moons/ckpt/last.safetensors"
prepare "$bijou" train glow --data digits --class-conditional --steps 5 --set steps=1 --out "$tmp/classes"
passes "glow with classes" 11 "$tmp/classes"
says "the base density's parameters are checked" '^ok +base  ClassConditionalNormal'

# ---- random weights
passes "glow for MNIST, on small images" 102 glow --preset mnist --seed 3
says "it says that the weights are random" 'weights: random, seed 3 \(preset mnist, untrained\)'
says "it says the size of the images" 'on images \[8, 8, 1\] in place of \[28, 28, 1\]'
passes "nice on vectors" 9 nice --preset toy --threads 2
says "each layer has its equation" 'y2 = x2 \+ m\(x1\) +NICE section 3.2'

# ---- JSON
run "$bijou" check "$tmp/nice" --json
why=$(complaint 0)
[[ -n $why ]] || (($(wc -l <"$tmp/out") == 1)) || why="not one line"
for member in '"layers":\[\{"name":"flow.rescale"' '"log_det":\[\{"formula":-?[0-9.]+,"autodiff":-?[0-9.]+' '"gradients":\[\{"parameter":' \
  '"round_trips_double":\{"x":\{"error":' '"passed":true' '"failing":\[\]'; do
  grep -qE "$member" "$tmp/out" || why+=" no $member;"
done
(($(grep -o '"name":' "$tmp/out" | wc -l) == 9)) || why+=" not 8 layers and the whole"
verdict "check: --json" "$why"

# ---- bad input
expect_exit "check: a missing checkpoint" 4 'no such run' "$bijou" check "$tmp/nope"
expect_exit "check: an unknown family" 2 "unknown model 'vgg'.*nice, realnvp, glow" "$bijou" check vgg
expect_exit "check: an unknown preset" 2 "unknown preset 'vgg'.*digits" "$bijou" check glow --preset vgg
expect_exit "check: a preset for a run" 2 '--preset digits.*not for a run' "$bijou" check "$tmp/nice" --preset digits
expect_exit "check: no MODEL" 2 'MODEL is required' "$bijou" check
expect_exit "check: --seed" 2 "--seed: .*not 'x'" "$bijou" check nice --seed x
head -c 3000 "$tmp/nice/ckpt/best.safetensors" >"$tmp/damaged.safetensors"
expect_exit "check: a damaged file" 4 'damaged\.safetensors' "$bijou" check "$tmp/damaged.safetensors"
