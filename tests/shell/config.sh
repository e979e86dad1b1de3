#!/usr/bin/env bash
# --config, the settings' flags, early stopping, sheets of samples, and a training that fails.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
cd "$tmp" || exit
table 400 >table.csv

expect_success "config: flags" "$bijou" train glow --data digits --steps 30 --lr 0.002 --optimizer adamax --warmup 5 \
  --schedule step --decay-epochs 1 --decay-factor 0.5 --ema 0.9 --clip-norm 10 --out flags
expect_success "config: the config.json of a run" "$bijou" train --config flags/config.json --out again
verdict "config: the config.json of a run gives the same run" \
  "$(cmp flags/ckpt/last.safetensors again/ckpt/last.safetensors 2>&1)$(cmp flags/config.json again/config.json 2>&1)"
expect_success "config: an option goes before the file" "$bijou" train --config flags/config.json --epochs 1 --lr 0.001 --out other
verdict "config: an option goes before the file, the file before the preset" \
  "$(grep -q '"lr": 0.001' other/config.json && grep -q '"steps": 20' other/config.json &&
    grep -q '"optimizer": "adamax"' other/config.json || said other/config.json)"

refused() {  # refused <name> <regex> <JSON> [options]
  printf '%s' "$3" >bad.json
  expect_exit "config: $1" 2 "$2" "$bijou" train "${@:4}" --config bad.json
}
refused "an unknown key" '"modl": "glow" is not understood; known are model, data' '{"modl":"glow"}' glow
refused "an unknown setting" 'there is no setting "lrr"; there are optimizer' '{"training":{"lrr":1}}' glow
refused "an unknown member" "'depth=3' sets nothing; give NAME=VALUE" '{"architecture":{"depth":3}}' glow
refused "a value of the wrong kind" 'batch_size cannot be 1.5' '{"training":{"batch_size":1.5}}' glow
refused "a value out of range" 'average_decay cannot be 2' '{"training":{"average_decay":2}}' glow
refused "no such choice" 'schedule must be one of constant, cosine, step, not "fast"' '{"training":{"schedule":"fast"}}' glow
refused "epochs and steps" 'it names epochs and steps' '{"training":{"epochs":1,"steps":2}}' glow
refused "another model than the command" 'is for nice, but glow is asked for' '{"model":"nice"}' glow
refused "what the data decide" 'architecture.levels is 3, the data have 17' '{"architecture":{"levels":3}}' glow
refused "no JSON" 'not a configuration in JSON' '{"training":' glow
refused "no object" 'it is no object' '[1]' glow
refused "no model anywhere" 'MODEL is required' '{}'
expect_exit "config: no such file" 3 'nofile.json: no such file' "$bijou" train glow --config nofile.json
expect_exit "config: a flag without a use" 2 '--decay-epochs has no use without --schedule step' \
  "$bijou" train glow --decay-epochs 3
expect_exit "config: a weight decay that nothing obeys" 2 '--weight-decay: all weights of this model are under weight norm' \
  "$bijou" train realnvp --weight-decay 0.1 --out "$tmp/never"
expect_exit "config: a weight decay that turns weights round" 2 '--weight-decay: times the learning rate it must be below 1' \
  "$bijou" train nice --weight-decay 600 --out "$tmp/never"
expect_exit "config: a flag's value" 2 '--ema: average_decay cannot be 2' "$bijou" train glow --ema 2

expect_success "config: patience" "$bijou" train realnvp --data table.csv --epochs 500 --lr 0.05 --schedule constant --patience 2 --out patience
rows=$(tail -n +2 patience/log.csv | cut -d, -f1,7 | sort -t, -k2g | head -n 1 | cut -d, -f1) last=$(tail -n 1 patience/log.csv | cut -d, -f1)
verdict "config: training stops two epochs after its best" "$( ((last == rows + 2 && last < 500)) || echo "best $rows, last $last")"
expect_success "config: sheets of samples" "$bijou" train nice --data digits --epochs 4 --picture-epochs 2 --set 'depths=[2,2]' --out sheets
expect_files "config: sheets of samples" sheets/samples epoch-0002.png epoch-0004.png

expect_last_line "config: a training that fails names layer, operation and examples" 5 \
  'step [0-9]+: the loss is .*; layer flow.*; operation [a-z_]+ gave .*examples .*have no finite density; the step is in failed/flight/step-[0-9]+.safetensors' \
  "$bijou" train glow --data digits --steps 300 --lr 30 --set scale=exp --out failed
run "$bijou" replay failed/flight/*.safetensors
verdict "config: replay fails again, and names the same" "$( ((code == 5)) && grep -q 'operation [a-z_]* gave' err || said err)"
verdict "config: replay shows every layer" "$(grep -q 'flow.logit ' out && grep -q ' <--' out || tail -n 5 out)"
expect_exit "config: replay of what is no record" 4 'no flight record' "$bijou" replay flags/ckpt/last.safetensors
exit 0
