#!/usr/bin/env bash
# A training that is interrupted anywhere and resumed ends with the same bytes as one that was left alone.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
cd "$tmp" || exit
table 4000 >table.csv

same_end() {  # same_end <name> <run left alone> <run that was interrupted>: checkpoints, and the log but for its clock
  local why=""
  cmp "$2/ckpt/last.safetensors" "$3/ckpt/last.safetensors" >"$tmp/why" 2>&1 || why=$(cat "$tmp/why")
  cmp "$2/ckpt/best.safetensors" "$3/ckpt/best.safetensors" >"$tmp/why" 2>&1 || why+=$(cat "$tmp/why")
  diff <(cut -d, -f1-13 "$2/log.csv") <(cut -d, -f1-13 "$3/log.csv") >"$tmp/why" 2>&1 || why+=$(cat "$tmp/why")
  verdict "$1" "$why"
}
resume() { expect_success "$1" "$bijou" train "${@:3}" --out "$2" --resume; }

for model in nice realnvp glow; do
  options=("$model" --data digits --epochs 5 --seed 3)
  [[ $model == nice ]] && options=(nice --data table.csv --epochs 5 --seed 3)
  expect_success "resume: $model: left alone" "$bijou" train "${options[@]}" --out "$model"
  for moment in 0.2 0.5 1; do
    { timeout -s KILL $moment "$bijou" train "${options[@]}" --out "$model-killed" --resume >out 2>err </dev/null; } 2>/dev/null
  done
  resume "resume: $model: killed three times" "$model-killed" "${options[@]}"
  same_end "resume: $model: killed three times: the same bytes" "$model" "$model-killed"
done

# A log whose last row was cut short, a later row, a later best: as a process leaves them that dies in between.
cp -r realnvp cut
timeout 60 "$bijou" train realnvp --data digits --epochs 5 --seed 3 --out early >out 2>err </dev/null &
until grep -qs '^2,' early/log.csv; do sleep 0.02; done
cp -r early/ckpt/last.safetensors cut/ckpt/last.safetensors
wait
printf '6,120,99' >>cut/log.csv
resume "resume: rows and a best that are later than the checkpoint" cut realnvp --data digits --epochs 5 --seed 3
same_end "resume: rows and a best that are later than the checkpoint are cut back" realnvp cut
resume "resume: a run that had ended" realnvp realnvp --data digits --epochs 5 --seed 3
same_end "resume: a run that had ended stays as it is" early realnvp

# Ctrl-C prints the command that goes on.
if env --default-signal=INT true 2>/dev/null; then
  env --default-signal=INT "$bijou" train glow --data digits --epochs 5 --seed 3 --out 'glow stopped' >out 2>err </dev/null &
  process=$!
  until grep -qs '^1,' 'glow stopped/log.csv'; do sleep 0.02; done
  kill -INT $process
  wait $process
  command=$(tail -n 1 err)
  timeout 60 bash -c "$command" >out 2>err </dev/null
  same_end "resume: the command that Ctrl-C prints goes on" glow 'glow stopped'
else
  skip "resume: the command that Ctrl-C prints goes on" "env cannot reset signals here"
fi

# --resume that has nothing to go on from, or something else.
run "$bijou" train realnvp --data table.csv --steps 3 --out fresh --resume
verdict "resume: without a checkpoint it starts from the beginning, and says so" \
  "$(complaint 0)$(grep -q 'no checkpoint in fresh yet: training starts from the beginning' err || said err)"
expect_exit "resume: other options than before" 2 'training/lr was 0.001, is 0.002' \
  "$bijou" train realnvp --data table.csv --steps 3 --out fresh --resume --lr 0.002
mkdir other && echo text >other/file
expect_exit "resume: a folder that is no run" 2 'is not a run of bijou' \
  "$bijou" train realnvp --data table.csv --steps 3 --out other --resume
cp fresh/ckpt/best.safetensors fresh/ckpt/last.safetensors
expect_last_line "resume: a checkpoint without the training's state" 4 'does not say where its training stood|is missing' \
  "$bijou" train realnvp --data table.csv --steps 3 --out fresh --resume

# A folder that another process trains into.
timeout 60 "$bijou" train realnvp --data table.csv --epochs 100000 --out busy >/dev/null 2>&1 </dev/null &
process=$!
until grep -qs '^1,' busy/log.csv; do sleep 0.02; done
expect_exit "resume: a run that another process trains into" 2 'another process is training into busy' \
  "$bijou" train realnvp --data table.csv --epochs 100000 --out busy --resume
expect_exit "resume: nor is it moved aside" 2 'another process is training into busy' \
  "$bijou" train realnvp --data table.csv --out busy
kill $process
wait $process 2>/dev/null
exit 0
