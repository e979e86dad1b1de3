#!/usr/bin/env bash
# Ctrl-C and SIGTERM: the step is finished, the state saved, exit code 130.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
cd "$tmp" || exit
table 4000 >table.csv

# A script's background processes ignore SIGINT, unlike those that a person starts: env gives them the default again.
if ! env --default-signal=INT true 2>/dev/null; then
  skip "interrupt: Ctrl-C and SIGTERM" "env cannot reset signals here"
  exit 0
fi

for signal in INT TERM; do
  start run-$signal '^2,' --epochs 100000
  kill -$signal $process
  finish
  why=$(complaint 130)
  if [[ -z $why ]] && ! tail -n 2 err | head -n 1 | grep -qx "interrupted; saved run-$signal/ckpt/last.safetensors; go on with:"; then why=$(tail -n 2 err); fi
  verdict "interrupt: SIG$signal ends with 130 and says what was saved" "$why"
  step=$(metadata run-$signal/ckpt/last.safetensors step) logged=$(tail -n 1 run-$signal/log.csv | cut -d, -f2)
  verdict "interrupt: SIG$signal: the last step is saved, also within an epoch" \
    "$( ((step > 50 && step >= logged)) || echo "saved '$step', logged '$logged'")"
  expect_success "interrupt: SIG$signal: the run evaluates" "$bijou" evaluate run-$signal
  expect_success "interrupt: SIG$signal: the last checkpoint evaluates" "$bijou" evaluate run-$signal/ckpt/last.safetensors
  verdict "interrupt: SIG$signal: no temporary file stays" "$(find run-$signal -name '*tmp*')"
done

start early '^epoch' --batch-size 1
kill -INT $process
finish
verdict "interrupt: in the first epoch" "$(complaint 130)"
expect_success "interrupt: in the first epoch: the run evaluates" "$bijou" evaluate early

start twice '^1,' --epochs 100000
kill -INT $process
kill -INT $process 2>/dev/null
finish
verdict "interrupt: twice in a row" "$(complaint 130)"
expect_success "interrupt: twice in a row: the run evaluates" "$bijou" evaluate twice/ckpt/last.safetensors

start killed '^1,' --epochs 100000
kill -KILL $process
finish
expect_success "interrupt: after a sudden death the checkpoint is whole" "$bijou" evaluate killed/ckpt/last.safetensors
expect_success "interrupt: and the run is moved aside for the next" "$bijou" train realnvp --data table.csv --steps 1 --out killed
