#!/usr/bin/env bash
# bijou jacobian: which pictures are written and where, and what is refused.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash

# picture <name> <file...>, of the last run: exit code 0, a PNG at each place, and a line that names it
picture() {
  local name=$1 file why
  shift
  why=$(complaint 0)
  for file; do
    [[ $(head -c 8 "$file" 2>/dev/null | od -An -tx1 | tr -d ' \n') == 89504e470d0a1a0a ]] || why+=" $file is no PNG;"
    grep -qxF "picture: $file" "$tmp/out" || why+=" no line names $file;"
  done
  [[ -n $why ]] || (($(wc -l <"$tmp/out") == $#)) || why="other lines: $(cat "$tmp/out")"
  verdict "jacobian: $name" "$why"
}

prepare "$bijou" train realnvp --data moons --steps 5 --out "$tmp/moons"
prepare "$bijou" train nice --data digits --steps 5 --out "$tmp/nice"

run "$bijou" jacobian "$tmp/moons"
picture "a sheet and a film in the run folder" "$tmp/moons/jacobians.png" "$tmp/moons/film.png"
run "$bijou" jacobian "$tmp/moons" --out "$tmp/sheet.png"
picture "the film is named by --out" "$tmp/sheet.png" "$tmp/sheet-film.png"
run "$bijou" jacobian "$tmp/nice"
picture "images have no film" "$tmp/nice/jacobians.png"
run "$bijou" jacobian "$tmp/nice" --layer flow.couplings.1
picture "one layer" "$tmp/nice/jacobian-flow.couplings.1.png"
run "$bijou" jacobian "$tmp/nice" --layer couplings.1 --out "$tmp/short.png"
picture "one layer, by its short name" "$tmp/short.png"
expect_same "jacobian: either name gives the same picture" "$tmp/nice/jacobian-flow.couplings.1.png" "$tmp/short.png"
run "$bijou" jacobian "$tmp/nice" --layer scale --seed 0 --out "$tmp/scale.png"
picture "a diagonal" "$tmp/scale.png"
for layer in squeeze steps.0.mix steps.0.coupling; do
  run "$bijou" jacobian glow --layer scales.0.$layer --out "$tmp/$layer.png"
  picture "glow: $layer" "$tmp/$layer.png"
done
mkdir "$tmp/here"
run env -C "$tmp/here" "$bijou" jacobian realnvp --preset toy
why=$(complaint 0)
[[ -s $tmp/here/jacobians.png && -s $tmp/here/film.png ]] || why+=" not in the current folder"
verdict "jacobian: a family's pictures are in the current folder" "$why"
run "$bijou" jacobian lesson --out "$tmp/lesson.png"
picture "the lesson" "$tmp/lesson.png"

expect_exit "jacobian: an unknown layer" 2 '--layer nope: .*there are: flow\.rescale, flow\.logit, flow\.flatten, .*flow\.scale' "$bijou" jacobian "$tmp/nice" --layer nope
expect_exit "jacobian: an unknown model" 2 "unknown model 'vgg'" "$bijou" jacobian vgg
expect_exit "jacobian: an unknown preset" 2 "unknown preset 'vgg'" "$bijou" jacobian nice --preset vgg
expect_exit "jacobian: a missing run" 4 'no such run' "$bijou" jacobian "$tmp/nope"
expect_exit "jacobian: not a PNG" 2 'x\.csv: the picture is a \.png' "$bijou" jacobian nice --out "$tmp/x.csv"
expect_exit "jacobian: a folder that is not there" 6 'gone.*--out' "$bijou" jacobian nice --out "$tmp/gone/x.png"
expect_exit "jacobian: a layer of the lesson" 2 'lesson takes no --layer' "$bijou" jacobian lesson --layer x
