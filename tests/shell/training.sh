#!/usr/bin/env bash
# What a training leaves behind, and that sample and evaluate go on from there.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
export LC_ALL=C

header=epoch,step,images,lr,nll_nats,bits_per_dim,validation_nll_nats,validation_bits_per_dim,grad_norm,clipped
columns='([0-9]+,){3}([0-9.e+-]+,){6}[0-9]+(,[0-9.e+-]+)*'
log_has() {  # log_has <name> <log.csv> <rows>
  local why=""
  if [[ $(head -n 1 "$2") != "$header"* ]]; then why="header: $(head -n 1 "$2")"; fi
  if (($(grep -cxE "$columns" "$2") != $3)); then why+=" rows: $(tail -n +2 "$2")"; fi
  if (($(awk -F, '{ print NF }' "$2" | sort -u | wc -l) != 1)); then why+=" not as many cells in each row"; fi
  verdict "$1" "$why"
}
printed_figure() { awk '$1 == "RealNVP" && NF == 3 { print $2 }' "$1"; }  # of training, from its output

# ---- images
cd "$tmp" || exit
expect_success "training: 20 steps on the digits" "$bijou" train realnvp --data digits --steps 20 --out run
figure=$(printed_figure out)
next=$(sed -n 's/^next: //p' out)
expect_files "training: its folder" run config.json log.csv ckpt/last.safetensors ckpt/best.safetensors samples.png reconstructions.png curve.png
log_has "training: its log" run/log.csv 1
verdict "training: no temporary file stays" "$(find run -name '*tmp*')"
verdict "training: pictures are PNG" "$(for f in run/*.png; do [[ $(head -c 4 "$f" | od -An -tx1) == ' 89 50 4e 47' ]] || echo "$f"; done)"
verdict "training: the pictures are named" "$(for f in run/*.png; do grep -qF "picture: $f" out || echo "$f"; done)"
for baseline in 'full-covariance Gaussian' 'per-pixel histograms'; do
  verdict "training: the figure stands beside: $baseline" "$(grep -qE "$baseline.* [0-9]\.[0-9]{3} bits/dim" out || said out)"
done
verdict "training: the configuration that was used" "$(for line in '"steps": 20,' '"batch_size": 64,' '"seed": 0' '"data": "digits"' '"features": 24'; do grep -qF "$line" run/config.json || echo "no $line"; done)"

expect_success "training: evaluate the folder" "$bijou" evaluate run
mv out evaluated
got=$(sed -nE 's/.*, ([0-9.]+) bits\/dim; standard error.*/\1/p' evaluated)
verdict "training: evaluate gives the figure of training" "$([[ $(printf %.3f "$got") == "$figure" ]] || echo "$got, training said $figure")"
expect_success "training: evaluate the checkpoint" "$bijou" evaluate run/ckpt/best.safetensors
expect_same "training: the folder stands for its best checkpoint" evaluated out
expect_success "training: evaluate --json" "$bijou" evaluate run --json
json='\{"nll_nats":[0-9.]+,"bits_per_dim":[0-9.]+,"examples":360,"split":"test","nll_nats_error":[0-9.e-]+,"bits_per_dim_error":[0-9.e-]+,"dequantisations":1\}'
verdict "training: it is one line of JSON" "$( (($(wc -l <out) == 1)) && grep -qxE "$json" out || said out)"
got=$(sed -E 's/.*"bits_per_dim":([0-9.]+),.*/\1/' out)
verdict "training: JSON gives the figure of training" "$([[ $(printf %.3f "$got") == "$figure" ]] || echo "$got, training said $figure")"
cp out first
expect_success "training: evaluate again, by 1 thread" "$bijou" evaluate run --json --threads 1
expect_same "training: evaluate gives the same bytes by any number of threads" first out
for part in "train 1293" "validation 144"; do
  run "$bijou" evaluate run --json --split "${part% *}"
  verdict "training: evaluate --split ${part% *}" "$(complaint 0; grep -q "\"examples\":${part#* },\"split\":\"${part% *}\"" out || said out)"
done
expect_success "training: sample" "$bijou" sample run --count 9 --temperature 0.8 --out a.png --seed 3
verdict "training: sample names the file" "$(grep -q 'a\.png' out || said out)"
expect_success "training: sample from the checkpoint" "$bijou" sample run/ckpt/best.safetensors --count 9 --temperature 0.8 --out b.png --seed 3 --threads 1
expect_same "training: the same seed gives the same picture" a.png b.png
expect_success "training: sample at temperature 0" "$bijou" sample run --count 2 --temperature 0 --out c.png
verdict "training: another temperature gives another picture" "$(cmp -s a.png c.png && echo 'the same bytes')"
expect_exit "training: a picture of a million samples" 2 'give a --count of at most' "$bijou" sample run --count 1000000
verdict "training: the next command works" "$(bash -c "$next" 2>&1 | grep -q '64 samples at temperature 0.8: run/samples-64-T0.8-seed0.png' || echo "$next")"

# ---- where the time of a step goes
for memory in stored reversible; do
  expect_success "profile: of a step, $memory" "$bijou" train realnvp --profile --memory "$memory" --out nowhere
  verdict "profile: convolutions by GFLOP/s, $memory" "$(grep -qE '^conv2d, gradient +[0-9.]+ +[0-9.]+ +[0-9.]+%  +[0-9.]+ GFLOP/s$' out || said out)"
  verdict "profile: elementwise work by GB/s, $memory" "$(grep -qE '^[a-z_ ,]+ [0-9.]+ +[0-9.]+ +[0-9.]+%  +[0-9.]+ GB/s$' out || said out)"
  verdict "profile: optimiser and average are in it, $memory" "$(for row in Adam 'moving average'; do grep -q "^$row " out || echo "no $row"; done)"
  verdict "profile: shares add up to the step, $memory" "$(awk '/^operation/ { on = 1; next } /^the step/ { exit } on { sum += $(index($0, "/s") ? NF - 2 : NF) } END { if (sum < 98 || sum > 102) print "the sum is " sum }' out)"
  verdict "profile: nothing is written, $memory" "$(ls -d nowhere 2>/dev/null)"
done
expect_exit "profile: not with --dry-run" 2 'excludes' "$bijou" train realnvp --profile --dry-run

# ---- an earlier run
cp run/ckpt/best.safetensors best.safetensors
tiny=(--data "$tmp/table.csv" --steps 2)
table 40 >table.csv
expect_success "training: into the folder of an earlier run" "$bijou" train realnvp "${tiny[@]}" --out run/
verdict "training: the earlier run is moved, and a line says so" "$(grep -qx 'the earlier run was moved to run\.1' err || said err)"
expect_same "training: the earlier run is whole" best.safetensors run.1/ckpt/best.safetensors
expect_success "training: once more" "$bijou" train realnvp "${tiny[@]}" --out ./run
verdict "training: the second is moved beside the first" "$(grep -q 'moved to \./run\.2' err || said err)"
expect_files "training: all three are there" . run/log.csv run.1/log.csv run.2/log.csv
mkdir other && echo mine >other/file
expect_exit "training: a folder that is no run is refused" 2 'other exists and is not a run' "$bijou" train realnvp "${tiny[@]}" --out other
expect_exit "training: so is the folder one stands in" 2 '\. exists and is not a run' "$bijou" train realnvp "${tiny[@]}" --out .
expect_exit "training: so is a file" 2 'table\.csv is a file; name a folder' "$bijou" train realnvp "${tiny[@]}" --out table.csv
verdict "training: what was refused is untouched" "$([[ $(cat other/file) == mine ]] || ls other)"
mkdir empty
expect_success "training: an empty folder is taken" "$bijou" train realnvp "${tiny[@]}" --out empty
expect_files "training: and filled" empty log.csv ckpt/best.safetensors
expect_success "training: without --out" "$bijou" train realnvp "${tiny[@]}"
expect_files "training: the folder is named by the data" runs/realnvp-table log.csv config.json

# ---- toys and tables
expect_success "training: 20 steps on moons" "$bijou" train realnvp --data moons --steps 20 --out moons
figure=$(printed_figure out)
expect_files "training: its folder" moons config.json log.csv ckpt/last.safetensors ckpt/best.safetensors density.png lattice.png curve.png
run "$bijou" evaluate moons
got=$(sed -E 's/.*: ([0-9.]+) nats.*/\1/' out)
verdict "training: evaluate gives the figure of training, in nats" "$([[ $(printf %.3f "$got") == "$figure" ]] || echo "$got, training said $figure")"
expect_success "training: sample points" "$bijou" sample moons --count 1234 --out points.csv
verdict "training: they are a table of two columns" "$( (($(grep -cxE -- '-?[0-9.e+-]+,-?[0-9.e+-]+' points.csv) == 1234)) || head -n 3 points.csv)"
expect_success "training: on the points, header and all" "$bijou" train realnvp --data points.csv --steps 2 --out again
{ echo 'weight,"height, in m",age'; cat table.csv; } >named.csv
expect_success "training: 20 steps on a table" "$bijou" train realnvp --data named.csv --steps 20 --out named
expect_files "training: its folder" named config.json log.csv ckpt/last.safetensors ckpt/best.safetensors curve.png
log_has "training: its log" named/log.csv "$(grep -c '^epoch ' err)"
expect_success "training: batches of one example" "$bijou" train realnvp --data table.csv --steps 2 --batch-size 1 --out one
expect_success "training: all examples in one batch" "$bijou" train realnvp --data table.csv --epochs 2 --batch-size 32 --out all
log_has "training: a row for each of 2 epochs" all/log.csv 2

# ---- the same seed, the same bytes
best=ckpt/best.safetensors
train() { expect_success "training: $1" "$bijou" train realnvp --data digits --steps 2 --out "$2" "${@:3}"; }
train "1 thread" t1 --threads 1 --seed 5
train "2 threads" t2 --threads 2 --seed 5
train "3 threads" t3 --threads 3 --seed 5
train "another seed" t4 --threads 2 --seed 6
expect_same "training: the same seed gives the same bytes by 1 and 2 threads" t1/$best t2/$best
expect_same "training: and by 3" t1/$best t3/$best
verdict "training: another seed gives other bytes" "$(cmp -s t1/$best t4/$best && echo 'the same bytes')"

# ---- a loss that is not finite
expect_last_line "diverged: --lr 1e30" 5 'epoch 1, step [0-9]+: .*layer flow\.[a-z0-9_.]+ \(.*not finite.*/ckpt/last\.safetensors; try a smaller --lr' \
  "$bijou" train realnvp --data digits --steps 20 --lr 1e30 --out "$tmp/diverged"
expect_success "diverged: the last good checkpoint loads" "$bijou" evaluate diverged --json
verdict "diverged: and is finite" "$(grep -q '"nll_nats":[0-9]' out || said out)"
expect_last_line "diverged: at the end of an epoch" 5 'epoch 1, step 1: the validation loss.*layer flow\.' \
  "$bijou" train realnvp --data digits --steps 20 --batch-size 1293 --lr 1e30 --out "$tmp/diverged"
expect_success "diverged: weights without a finite loss replace no good ones" "$bijou" evaluate diverged
expect_last_line "diverged: --lr 1e300" 5 'try a smaller --lr' "$bijou" train realnvp --data table.csv --steps 20 --lr 1e300 --out "$tmp/diverged"
expect_success "diverged: the checkpoint loads" "$bijou" evaluate diverged
