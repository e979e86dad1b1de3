#!/usr/bin/env bash
# What a trained flow is for: sample, encode, decode, interpolate, edit, inpaint, plot, curve; what is refused.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
export LC_ALL=C
cd "$tmp" || exit

is_png() { [[ $(head -c 8 "$1" 2>/dev/null | od -An -tx1 | tr -d ' \n') == 89504e470d0a1a0a ]] || echo "$1 is no PNG; "; }
shape_of() { head -c 200 "$1" | grep -aoE "'shape': \([^)]*\)"; }
made() {  # made <name> <PNG...>, of the last run: exit code 0, pictures, and each is named on the screen
  local name=$1 why file
  shift
  why=$(complaint 0)
  for file; do
    why+=$(is_png "$file")
    grep -qF "$file" out || why+="no line names $file; "
  done
  verdict "use: $name" "$why"
}
json() { verdict "use: $1" "$(complaint 0; python3 -c 'import json,sys; json.load(open("out"))' 2>&1 || said out)"; }
command -v python3 >/dev/null || json() { verdict "use: $1" "$(complaint 0; grep -qE '^\{.*\}$' out || said out)"; }

for model in nice realnvp glow; do prepare "$bijou" train $model --data digits --steps 30 --out $model; done
prepare "$bijou" train realnvp --data moons --steps 30 --out moons
prepare "$bijou" train glow --data digits --class-conditional --steps 5 --out classes

for model in nice realnvp glow; do
  run "$bijou" sample $model --count 9
  made "$model: sample" $model/samples-9-T1-seed0.png
  run "$bijou" sample $model --sweep --out $model-sweep.png
  made "$model: a sweep of temperatures" $model-sweep.png
  run "$bijou" interpolate $model --from 0 1 --to 2 3
  made "$model: interpolate" $model/interpolation.png
  run "$bijou" interpolate $model --four 0 1 2 3 --steps 5
  made "$model: the manifold of four" $model/manifold.png
  run "$bijou" edit $model 0 1 --positives class=3 --negatives class=1
  made "$model: edit" $model/edit.png
  run "$bijou" inpaint $model 0 1 --mask lower --steps 20
  made "$model: inpaint" $model/inpainted.png
  run "$bijou" encode $model
  made "$model: encode" $model/latents-test-picture.png
  verdict "use: $model: the latents' shape" "$([[ $(shape_of $model/latents-test.npy) == "'shape': (360, 64,)" ]] || shape_of $model/latents-test.npy)"
  verdict "use: $model: what neighbours say" "$(grep -qE 'nearest neighbours .*by latents, .*by pixels' out || said out)"
  run "$bijou" decode $model $model/latents-test.npy --out $model/back.npy
  made "$model: decode" $model/back-picture.png
  # Back are the images themselves: the model's density of them is the same.
  run "$bijou" evaluate $model --json
  before=$(grep -oE '"bits_per_dim":[0-9.]+' out)
  verdict "use: $model: what is decoded are bytes of that shape" "$([[ $(shape_of $model/back.npy) == "'shape': (360, 8, 8, 1,)" ]] || shape_of $model/back.npy)"
  run "$bijou" plot $model
  made "$model: plot" $model/plots/{curve,likelihoods,latents,samples,reconstructions}.png
done
run "$bijou" plot moons
made "vectors: plot" moons/plots/{curve,likelihoods,latents,density,lattice,jacobians,jacobians-film}.png
run "$bijou" encode moons
made "vectors: encode" moons/latents-test-picture.png
expect_success "use: vectors: decode" "$bijou" decode moons moons/latents-test.npy
verdict "use: vectors: what is decoded are the points" "$([[ $(wc -l <moons/decoded.csv) == 10000 ]] || wc -l moons/decoded.csv)"
run "$bijou" sample classes --class 3 --count 4 --out three.png
made "samples of a class" three.png

# Arrays of NumPy can be read again as data.
expect_success "use: samples as bytes" "$bijou" sample glow --count 700 --out s.npy
verdict "use: their shape" "$([[ $(shape_of s.npy) == "'shape': (700, 8, 8, 1,)" ]] || shape_of s.npy)"
expect_success "use: samples of vectors as numbers" "$bijou" sample moons --count 700 --out m.npy
expect_success "use: which are data again" "$bijou" evaluate moons --data m.npy --split all
"$bijou" sample glow --count 5 --seed 3 --out a.png >/dev/null
"$bijou" sample glow --count 5 --seed 3 --threads 1 --out b.png >/dev/null
expect_same "use: a seed gives the same picture, on any number of threads" a.png b.png

run "$bijou" sample glow --count 4 --json --out j.png
json "sample --json"
run "$bijou" encode glow --json --force
json "encode --json"
run "$bijou" decode glow glow/latents-test.npy --json --out j.npy
json "decode --json"
run "$bijou" interpolate glow --from 0 --to 1 --json --force
json "interpolate --json"
run "$bijou" edit glow 0 --positives class=3 --negatives class=1 --json --force
json "edit --json"
run "$bijou" inpaint glow 0 --mask left --steps 3 --json --force
json "inpaint --json"
cp glow/plots/curve.png with-baselines.png
mv glow/figures.json kept.json
run "$bijou" plot glow --json --force
mv kept.json glow/figures.json
verdict "plot: the curve has the training's baselines" "$(cmp -s with-baselines.png glow/plots/curve.png && echo "it is the same without them")"
json "plot --json"

mkdir unfinished && head -n 2 moons/log.csv >unfinished/log.csv  # no checkpoint
run "$bijou" curve unfinished --unit nats --line "a = b=-1e9" --line published=1e9
made "curve" unfinished/curve.png
verdict "curve: the best epoch's figure, and the lines'" "$(
  best=$(sed -n 2p moons/log.csv | cut -d, -f7)
  for line in "validation: best $best nats, epoch 1" 'a = b: -1e+09, 1e+09 below the best' 'published: 1e+09, 1e+09 above the best'; do
    grep -qxF "$line" out || said out
  done)"
cp unfinished/curve.png with-lines.png
run "$bijou" curve unfinished --unit nats --json --force
json "curve --json"
verdict "curve: the lines are in the picture" "$(cmp -s with-lines.png unfinished/curve.png && echo "it is the same without them")"
expect_exit "curve: a picture that exists" 2 'unfinished/curve\.png exists; replace it with --force' "$bijou" curve unfinished
mkdir broken
damaged() {  # damaged <name> <regex> <log.csv of moons by this sed script>
  sed "$3" moons/log.csv >broken/log.csv
  expect_exit "curve: $1" 3 "broken/log\.csv: $2" "$bijou" curve broken --out x.png
}
expect_exit "curve: no log" 3 'classes/ckpt/log\.csv: no such log, or an empty one' "$bijou" curve classes/ckpt
damaged "an empty log" 'no such log, or an empty one' d
damaged "before the first epoch" 'no epoch is finished yet' '2,$d'
damaged "a column that is missing" 'it lacks the column bits_per_dim' 's/,bits_per_dim/,bits/'
damaged "a column twice" 'it has the column epoch twice' 's/^epoch,step/epoch,epoch/'
damaged "a line in the middle that was cut off" 'line 4 is damaged' '2p; 2p; 2s/,.*/,9/'
damaged "no figure" 'no validation figure is a finite number' '2,$s/,[0-9][^,]*/,0.5x/g'
{ cat moons/log.csv && printf '2,60'; } >broken/log.csv
run "$bijou" curve broken
made "curve: a last line that is still being written" broken/curve.png
expect_exit "curve: too many lines" 2 '9 lines; beside a picture there is room for 8' "$bijou" curve unfinished --out x.png $(printf -- "--line %s=1 " {1..9})
expect_exit "curve: too long a name" 2 'longer than 60 letters' "$bijou" curve unfinished --out x.png --line "$(printf a%.0s {1..61})=1"
run "$bijou" curve unfinished --force --json --line $'\xff=1'
json "curve: a name that is not UTF-8"
for line in word =1 name= name=x name=inf; do
  expect_exit "curve: --line $line" 2 "--line '$line' is not NAME=VALUE" "$bijou" curve unfinished --out x.png --line $line
done

# Picture files: of the right size, of another, and what is none.
expect_success "use: a folder of pictures by resizing" "$bijou" interpolate glow --from a.png --to b.png --resize --out resized.png
expect_exit "use: a picture of another size" 3 'a\.png: .* pixels, but the model is for 8 x 8; shrink or enlarge it with --resize' \
  "$bijou" interpolate glow --from a.png --to 0 --out x.png
expect_exit "use: no such picture" 3 'nope\.png: no such file' "$bijou" interpolate glow --from nope.png --to 0 --out x.png
mkdir positives empty && cp a.png positives
expect_success "use: an attribute by a folder" "$bijou" edit glow 0 --positives positives --negatives class=1 --resize --out e.png
expect_exit "use: an empty folder" 3 'empty: this folder has no PNG' "$bijou" edit glow 0 --positives empty --negatives class=1 --out x.png
expect_exit "use: a class that is none" 2 'class=12: .*no example' "$bijou" edit glow 0 --positives class=12 --negatives class=1 --out x.png

expect_exit "use: no such run" 4 'nope: no such run' "$bijou" encode nope
expect_exit "use: an index out of range" 2 'image 360: .*has the images 0 to 359' "$bijou" interpolate glow --from 360 --to 0 --out x.png
expect_exit "use: one end too few" 2 '--from names 2 images, --to 1' "$bijou" interpolate glow --from 0 1 --to 2 --out x.png
expect_exit "use: no ends" 2 'interpolate between what' "$bijou" interpolate glow
expect_exit "use: no images for vectors" 2 'no model of images' "$bijou" interpolate moons --from 0 --to 1
expect_exit "use: an output that exists" 2 'glow/interpolation\.png exists; replace it with --force' "$bijou" interpolate glow --from 0 --to 1
expect_exit "use: samples that exist" 2 'glow/samples-9-T1-seed0\.png exists' "$bijou" sample glow --count 9
expect_exit "use: plots that exist" 2 'glow/plots exists; draw anew with --force' "$bijou" plot glow
expect_exit "use: a temperature below 0" 2 '--temperature' "$bijou" sample glow --temperature -1
expect_exit "use: a sweep of vectors" 2 '--sweep is a picture of images' "$bijou" sample moons --sweep
expect_exit "use: latents of another model" 3 'latents-test\.npy: .*\[n, 2\]' "$bijou" decode moons glow/latents-test.npy --out x.csv
expect_exit "use: no latents" 3 'a\.png' "$bijou" decode moons a.png --out x.csv
expect_exit "use: a mask that is none" 2 '--mask nope: give x,y,width,height' "$bijou" inpaint glow 0 --mask nope --out x.png
expect_exit "use: a mask beyond the image" 2 '--mask 4,4,8,2: no rectangle inside' "$bijou" inpaint glow 0 --mask 4,4,8,2 --out x.png
expect_exit "use: a mask of another size" 3 'a\.png: .*images have 8 x 8' "$bijou" inpaint glow 0 --mask a.png --out x.png
expect_exit "use: data of another shape" 4 'the model is for examples \[8, 8, 1\]' "$bijou" encode glow --data moons --out x.npy
# --foreground: one signal, to the program alone. Without it timeout sends two, and the second ends a program at once.
run timeout --foreground --preserve-status -s INT 1 env --default-signal=INT "$bijou" sample moons --count 90000000 --out x.csv
verdict "use: Ctrl-C ends a long writing" "$(complaint 130; grep -q 'x.csv: interrupted; nothing is written' err || echo "no word of it: $(cat err)")"
verdict "use: nothing is left half-written" "$(find . -name '*.tmp-*' -o -name 'x.*')"
expect_exit "use: a folder that is not there" 6 'nowhere/x\.npy' "$bijou" encode glow --out nowhere/x.npy
