#!/usr/bin/env bash
# The other models by the program: what NICE and Glow leave behind, models with classes, images of few bits, and that a
# model goes on from its checkpoint as it was.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
export LC_ALL=C
cd "$tmp" || exit
best=ckpt/best.safetensors

for model in nice:NICE glow:Glow; do
  title=${model#*:} model=${model%:*}
  expect_success "models: $model: 20 steps on the digits" "$bijou" train $model --data digits --steps 20 --out $model --threads 1
  figure=$(awk -v title=$title '$1 == title && NF == 3 { print $2 }' out)
  verdict "models: $model: the figure is printed" "$(grep -qE "^ +$title +[0-9]+\.[0-9]{3} bits/dim$" out || said out)"
  expect_files "models: $model: its folder" $model config.json model.txt log.csv ckpt/last.safetensors $best samples.png curve.png
  verdict "models: $model: the configuration says which model" "$(grep -qF "\"model\": \"$model\"" $model/config.json || said $model/config.json)"
  for again in 1 2; do
    expect_success "models: $model: evaluate, $again" "$bijou" evaluate $model --json
    got=$(sed -E 's/.*"bits_per_dim":([0-9.]+),.*/\1/' out)
    verdict "models: $model: evaluate gives the figure of training, $again" "$([[ $(printf %.3f "$got") == "$figure" ]] || echo "$got, training said $figure")"
    verdict "models: $model: nothing is said, as of an initialisation" "$(cat err)"
    cp out evaluated.$again
  done
  expect_same "models: $model: a loaded model starts from no data: it evaluates to the same bytes" evaluated.1 evaluated.2
  expect_success "models: $model: sample" "$bijou" sample $model --count 9 --seed 3 --out $model-1.png --threads 1
  expect_success "models: $model: sample, after an evaluation" "$bijou" sample $model --count 9 --seed 3 --out $model-2.png --threads 2
  expect_same "models: $model: the same seed gives the same picture" $model-1.png $model-2.png
  for threads in 2 3; do
    expect_success "models: $model: $threads threads" "$bijou" train $model --data digits --steps 20 --out $model-$threads --threads $threads
    expect_same "models: $model: the same bytes by 1 and $threads threads" $model/$best $model-$threads/$best
  done
  expect_exit "models: $model: evaluated on other data" 4 "$model: .*\[8, 8, 1\].*'moons'.*\[2\]" "$bijou" evaluate $model --data moons
  expect_success "models: $model: on points" "$bijou" train $model --data moons --steps 20 --out $model-moons
done

# ---- members of the architecture
expect_success "models: --set, twice" "$bijou" train glow --steps 1 --set steps=1 --set mixing=shuffle --set width=8 --out set
verdict "models: --set is what config.json says" "$(for line in '"steps": 1,' '"mixing": "shuffle"' '"width": 8'; do grep -qF "$line" set/config.json || echo "no $line"; done)"
expect_success "models: --set: the checkpoint loads" "$bijou" evaluate set

# ---- classes
small=(--set steps=2 --set width=16)
expect_success "models: classes: 20 steps" "$bijou" train glow --steps 20 --class-conditional "${small[@]}" --out classes
verdict "models: classes: training says how often it is right" "$(grep -qE "given each example's class: [0-9.]+ bits/dim; as a classifier.*: [0-9.]+% right" out || said out)"
expect_success "models: classes: evaluate" "$bijou" evaluate classes
accuracy=$(sed -nE 's/^given the class: [0-9.]+ bits\/dim; .* is right for ([0-9.]+)%$/\1/p' out)
verdict "models: classes: evaluate says how often it is right" "$([[ -n $accuracy ]] || said out)"
expect_success "models: classes: evaluate --json" "$bijou" evaluate classes --json
json='\{"nll_nats":[0-9.]+,"bits_per_dim":[0-9.]+,"examples":360,"split":"test","bits_per_dim_given_class":[0-9.]+,"accuracy":[0-9.e-]+,"nll_nats_error":[0-9.e-]+,"bits_per_dim_error":[0-9.e-]+,"dequantisations":1\}'
verdict "models: classes: JSON has both figures" "$( (($(wc -l <out) == 1)) && grep -qxE "$json" out || said out)"
verdict "models: classes: it is the same figure" "$(sed -E 's/.*"accuracy":([0-9.e-]+),.*/\1/' out | awk -v percent="$accuracy" '{ d = 100 * $1 - percent; if (d > 0.01 || d < -0.01) print 100 * $1 " against " percent }')"
verdict "models: classes: better than chance" "$(awk -v percent="$accuracy" 'BEGIN { if (percent + 0 < 15) print percent "%" }')"
expect_success "models: classes: sample one" "$bijou" sample classes --class 3 --count 4 --out three.png
expect_success "models: classes: sample another" "$bijou" sample classes --class 4 --count 4 --out four.png
verdict "models: classes: they differ" "$(cmp -s three.png four.png && echo 'the same bytes')"
expect_success "models: classes: sample all" "$bijou" sample classes --count 4 --out all.png
expect_exit "models: classes: no such class" 2 "--class 10: the model's classes are 0 to 9" "$bijou" sample classes --class 10
expect_exit "models: classes: a model without classes" 2 '--class 3: Glow on \[8, 8, 1\] knows no classes' "$bijou" sample glow --class 3
expect_exit "models: classes: NICE has none" 2 '--class 3: NICE on \[8, 8, 1\] knows no classes' "$bijou" sample nice --class 3

# ---- images of few bits
mkdir -p set256
idx_images 48 8 8 >set256/train-images-idx3-ubyte
idx_labels 48 >set256/train-labels-idx1-ubyte
idx_images 12 8 8 >set256/t10k-images-idx3-ubyte
idx_labels 12 >set256/t10k-labels-idx1-ubyte
expect_success "models: bits: 3 of 8" "$bijou" train glow --data set256 --bits 3 --preset digits --steps 2 "${small[@]}" --out bits
figure=$(awk '$1 == "Glow" && NF == 3 { print $2 }' out)
verdict "models: bits: the model is for 8 levels" "$(grep -qF '"levels": 8' bits/config.json || said bits/config.json)"
expect_success "models: bits: evaluated on the data of 256 levels" "$bijou" evaluate bits --json
got=$(sed -E 's/.*"bits_per_dim":([0-9.]+),.*/\1/' out)
verdict "models: bits: it gives the figure of training" "$([[ $(printf %.3f "$got") == "$figure" ]] || echo "$got, training said $figure")"
expect_success "models: bits: evaluated on the data by their path" "$bijou" evaluate bits --data set256
expect_exit "models: bits: other levels" 4 'of 8 levels.*are \[8, 8, 1\] of 17' "$bijou" evaluate bits --data digits
expect_success "models: bits: all 8" "$bijou" train glow --data set256 --bits 8 --preset digits --steps 1 "${small[@]}" --out eight
verdict "models: bits: 8 of 8 are 256 levels" "$(grep -qF '"levels": 256' eight/config.json || said eight/config.json)"
