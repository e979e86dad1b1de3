#!/usr/bin/env bash
# Wrong usage: exit code 2 and one line that says what is wrong; help: exit code 0.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash

expect_help() {  # expect_help <name> <command...>, on stdout, with the exit codes
  local name=$1
  shift
  run "$@"
  local why
  why=$(complaint 0)
  if [[ -z $why && -s $tmp/err ]]; then why="on stderr: $(cat "$tmp/err")"; fi
  if [[ -z $why ]] && ! grep -q 'Exit codes: 0 done; 2 wrong usage' "$tmp/out"; then why="does not list the exit codes"; fi
  verdict "$name" "$why"
}

expect_help "usage: bijou alone prints the help" "$bijou"
for command in train sample evaluate; do
  grep -q "^ *$command " "$tmp/out" || not_ok "usage: the help names $command" "$(cat "$tmp/out")"
done
expect_help "usage: --help" "$bijou" --help
for command in train sample evaluate; do
  expect_help "usage: $command --help" "$bijou" $command --help
  case $command in
    train) options='--data --data-dir --preset --set --bits --class-conditional --out --epochs --steps --batch-size --lr --seed --memory --dry-run --profile --threads' ;;
    sample) options='--count --class --temperature --seed --out --threads' ;;
    evaluate) options='--data --data-dir --split --json --threads' ;;
  esac
  missing=""
  for option in $options; do grep -q -- "$option" "$tmp/out" || missing+=" $option"; done
  verdict "usage: $command --help lists all options" "$missing"
done

refuse() {  # refuse <name> <regex> <options of train...>
  local name=$1 regex=$2
  shift 2
  expect_exit "usage: $name" 2 "$regex" "$bijou" train realnvp --out "$tmp/never" "$@"
}

expect_exit "usage: no MODEL" 2 'MODEL is required' "$bijou" train
expect_exit "usage: an unknown model" 2 "unknown model 'vae'; there are: nice, realnvp, glow" "$bijou" train vae
expect_exit "usage: no RUN for sample" 2 'RUN is required.*bijou sample --help' "$bijou" sample
expect_exit "usage: no RUN for evaluate" 2 'RUN is required' "$bijou" evaluate
expect_exit "usage: an unknown command" 2 'not expected: fit' "$bijou" fit
expect_exit "usage: a line break in an argument stays one line" 2 "unknown model 'a\?b'" "$bijou" train $'a\nb'
refuse "an unknown option" 'not expected: --learning-rate.*bijou train --help' --learning-rate
refuse "one argument too many" 'not expected: moons' moons
refuse "an option without its value" '--lr' --steps 1 --lr
refuse "an option twice" '--steps' --steps 1 --steps 2
refuse "steps and epochs" '--epochs.*--steps|--steps.*--epochs' --steps 5 --epochs 3
for value in 0 -1 nan inf abc 1,5 '' 1e-400; do
  refuse "--lr '$value'" "--lr: must be a positive number, not '$value'" --steps 1 --lr "$value"
done
for value in 0 -3 1.5 2000 99999999999999999999; do
  refuse "--threads $value" "--threads: .*not '$value'" --steps 1 --threads $value
done
for option in --steps --epochs --batch-size; do
  for value in 0 -1 2.5 1000000000000 many; do refuse "$option $value" "$option: .*not '$value'" $option $value; done
done
for value in -1 1.5 abc 18446744073709551616; do
  refuse "--seed $value" "--seed: .*not '$value'" --steps 1 --seed $value
done
refuse "a batch larger than the data" 'batch of 5000.*1293.*at most 1293' --steps 1 --batch-size 5000
refuse "an unknown preset" "unknown preset 'vgg'.*digits" --steps 1 --preset vgg
refuse "a preset for vectors, data that are images" "'toy'.*'digits'.*--preset digits" --steps 1 --preset toy
refuse "a preset for images, data that are vectors" "'digits'.*'moons'.*--preset toy" --steps 1 --data moons --preset digits
refuse "a preset with too many scales" "digits.*'imagenet32'.*try --set scales=3" --steps 1 --preset imagenet32

# ---- the architecture, bits, classes
refuse_of() {  # refuse_of <model> <name> <regex> <options of train...>
  local model=$1 name=$2 regex=$3
  shift 3
  expect_exit "usage: $model: $name" 2 "$regex" "$bijou" train "$model" --steps 1 --out "$tmp/never" "$@"
}
refuse_of nice "a preset of another family" "unknown preset 'imagenet32' for nice; there are: digits.*cifar10-released" --preset imagenet32
refuse_of glow "a preset of another family" "unknown preset 'tfd' for glow; there are: digits.*imagenet64" --preset tfd
for word in depth=3 steps =3 'input=[4,4,1]' levels=5 classes=3; do
  refuse_of glow "--set $word lists what there is" "'.*' sets nothing; give NAME=VALUE, of: .*steps=8, mixing=\"conv\"" --set "$word"
done
for word in steps=x steps=1.5 steps=true steps= 'steps=[1]' steps=99999999999 mixing=foo law=3 learned_top=1 alpha=x; do
  refuse_of glow "--set $word" "'.*': ${word%%=*} cannot be '.*'; it was " --set "$word"
done
refuse_of glow "--set steps=0" 'steps must lie in 1\.\.1000, got 0' --set steps=0
refuse_of glow "--set width=-1" 'width must lie in 1\.\.65536, got -1' --set width=-1
refuse_of glow "--set scales=40" 'scales must lie in 1\.\.16, got 40' --set scales=40
refuse_of glow "--set scales=4" '8 x 8 cannot be halved 4 times' --set scales=4
refuse_of glow "--set alpha=0.7" 'alpha must lie between 0 and 0\.5, got 0\.7' --set alpha=0.7
refuse_of glow "--set alpha=-1" "alpha must not be negative, got -1" --set alpha=-1
refuse_of glow "--set standardize=true of images" 'standardize is for vectors' --set standardize=true
for value in '[0]' '[-4,3]'; do
  refuse_of glow "--set hidden=$value" 'hidden layers must have 1\.\.65536 units' --data moons --set "hidden=$value"
  refuse_of realnvp "--set hidden=$value" 'hidden layers must have at least one unit' --data moons --set "hidden=$value"
done
refuse_of nice "--set depths=3" "depths cannot be '3'; it was \[2,2,2,2\]" --set depths=3
refuse_of nice "--set depths=[-1]" 'a depth must not be negative' --set 'depths=[-1]'
for value in 0 9 x 1.5 -1; do
  refuse_of glow "--bits $value" "--bits: must be a whole number from 1 to 8, not '$value'" --bits $value
done
refuse_of glow "--bits of the digits" 'digits has images of 17 levels.*leave the bits out' --bits 3
refuse_of glow "--bits of points" 'moons holds real numbers' --data moons --bits 3
refuse_of nice "--class-conditional" 'is for glow, not for nice' --class-conditional
refuse_of realnvp "--class-conditional" 'is for glow, not for realnvp' --class-conditional
refuse_of glow "--class-conditional without labels" "'moons' have no labels" --data moons --class-conditional

table 40 >"$tmp/table.csv"
prepare "$bijou" train realnvp --data "$tmp/table.csv" --steps 2 --out "$tmp/run"
for value in 0 -5 1.5 1000000000 abc; do
  expect_exit "usage: sample --count $value" 2 "--count: .*not '$value'" "$bijou" sample "$tmp/run" --count $value
done
for value in -1 nan inf hot; do
  expect_exit "usage: sample --temperature $value" 2 "--temperature: .*not '$value'" "$bijou" sample "$tmp/run" --temperature $value
done
for value in -1 1.5 x; do
  expect_exit "usage: sample --class $value" 2 "--class: .*not '$value'" "$bijou" sample "$tmp/run" --class $value
done
expect_exit "usage: sample --class of a model without classes" 2 '--class 1: RealNVP on \[3\] knows no classes' "$bijou" sample "$tmp/run" --class 1
expect_exit "usage: evaluate --split most" 2 '--split.*train' "$bijou" evaluate "$tmp/run" --split most
expect_exit "usage: vectors are no picture" 2 'x\.png.*\.csv' "$bijou" sample "$tmp/run" --out "$tmp/x.png"
expect_exit "usage: samples that are not finite" 5 'not finite.*--temperature' "$bijou" sample "$tmp/run" --temperature 1e300

if [[ -e $tmp/never ]]; then not_ok "usage: what is refused leaves no folder" "$(ls "$tmp/never")"; else ok "usage: what is refused leaves no folder"; fi
