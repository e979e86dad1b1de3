#!/usr/bin/env bash
# What cannot be written: exit code 6 and one line that names it; nothing half written replaces what was good.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
cd "$tmp" || exit
table 40 >table.csv
train=("$bijou" train realnvp --data table.csv --steps 2)
prepare "${train[@]}" --out vectors
prepare "$bijou" train realnvp --data digits --steps 1 --out images

# ---- folders
expect_exit "output: a run folder below a file" 6 'output folder table\.csv/run cannot be written.*--out' "${train[@]}" --out table.csv/run
expect_exit "output: a run folder in /proc" 6 'output folder /proc/run cannot be written.*--out' "${train[@]}" --out /proc/run
expect_exit "output: a name too long" 6 'cannot be written.*--out' "${train[@]}" --out "$(printf 'a%.0s' {1..300})"
expect_exit "output: a device instead of a run folder" 2 '/dev/null is a file; name a folder' "${train[@]}" --out /dev/null
for model in vectors images; do
  case $model in vectors) end=csv ;; images) end=png ;; esac
  expect_exit "output: samples of $model into no folder" 6 "nope/x\.$end.*--out" "$bijou" sample $model --out nope/x.$end
  expect_exit "output: samples of $model onto a full device" 6 '/dev/full.*--out' "$bijou" sample $model --out /dev/full
  expect_exit "output: samples of $model onto a folder" 6 'vectors.*--out' "$bijou" sample $model --out vectors
done

# ---- no permission, as somebody who is not root
mkdir locked
chmod 755 "$tmp"
chmod 555 locked
cp "$bijou" program
as_nobody=()
if [[ $(id -u) == 0 ]]; then as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
if "${as_nobody[@]}" ./program >/dev/null 2>&1; then
  expect_exit "output: a run folder without permission" 6 'output folder locked/run cannot be written \(Permission denied\).*--out' \
    "${as_nobody[@]}" ./program train realnvp --data table.csv --steps 2 --out locked/run
  expect_exit "output: samples without permission" 6 'locked/x\.csv' "${as_nobody[@]}" ./program sample vectors --out locked/x.csv
else
  skip "output: no permission" "setpriv cannot be used here"
fi
chmod 755 locked

# ---- a full disk, as far as a limit of the files' size is one. The limit counts KiB, and holds for stderr, too.
limited() { bash -c 'ulimit -f "$1"; shift; "$@"' - "$@"; }
export -f limited
expect_last_line "output: no room for the first checkpoint" 6 "cannot write 'full/ckpt/last\.safetensors'.*free some space" \
  bash -c 'limited "$@"' - 8 "${train[@]}" --out full
verdict "output: no half checkpoint stays" "$(find full/ckpt -type f)"
expect_success "output: the failed run is moved aside for the next" "${train[@]}" --out full
expect_last_line "output: no room for a picture" 6 'images/samples-400-T1-seed0\.png.*(space|--out)' \
  bash -c 'limited "$@"' - 8 "$bijou" sample images --count 400
expect_last_line "output: no room for samples" 6 'vectors/samples-5000-T1-seed0\.csv' bash -c 'limited "$@"' - 8 "$bijou" sample vectors --count 5000

# ---- a folder that goes away during training
if env --default-signal=INT true 2>/dev/null; then
  start lost '^2,' --epochs 100000
  mv lost/ckpt lost/gone
  finish
  verdict "output: a folder that goes away during training" \
    "$(complaint 6; tail -n 1 err | grep -qE "^bijou: cannot write 'lost/ckpt/[a-z]+\.safetensors'.*folder" || tail -n 2 err)"
else
  skip "output: a folder that goes away during training" "env cannot start one here"
fi
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
  table 400 >longer.csv  # an epoch takes long enough for the live line to be shown
  timeout 60 bash -c 'until grep -qs ^1, live/log.csv; do sleep 0.1; done; mv live/ckpt live/gone' &
  timeout 60 script -qec "'$bijou' train realnvp --data longer.csv --batch-size 1 --epochs 1000 --out live" /dev/null >out 2>&1 </dev/null
  wait
  # Where the live line is on the screen at that moment it is wiped away; else the error begins a line anyway.
  verdict "output: on a terminal the error does not follow the live line" \
    "$(grep -q $'\033\[K' out || echo "there was no live line"
    tail -n 1 out | grep -qE $'^(.*\r\033\[K)?bijou: cannot write' || tail -n 1 out | cat -v | tail -c 300)"
else
  skip "output: on a terminal the error does not follow the live line" "there is no script to imitate one"
fi

# ---- stdout and stderr
expect_exit "output: stdout onto a full device" 6 'could not be printed' bash -c '"$@" >/dev/full' - "$bijou" evaluate vectors
expect_exit "output: JSON onto a full device" 6 'could not be printed' bash -c '"$@" >/dev/full' - "$bijou" evaluate vectors --json
expect_exit "output: the help onto a full device" 6 'could not be printed' bash -c '"$@" >/dev/full' - "$bijou" --help
expect_exit "output: stdout closed" 6 'could not be printed' bash -c '"$@" >&-' - "$bijou" evaluate vectors
rows() { tail -n +2 "$1/log.csv" | grep -cvxE '([0-9.e+-]+,)+[0-9.e+-]+'; }
expect_last_line "output: training with stdout closed" 6 'could not be printed' bash -c '"$@" >&-' - "${train[@]}" --out closed
verdict "output: nothing printed gets into its files" "$( (($(rows closed) == 0)) || said closed/log.csv)"
expect_success "output: its checkpoint is whole" "$bijou" evaluate closed/ckpt/last.safetensors
expect_success "output: training with stderr closed" bash -c '"$@" 2>&-' - "${train[@]}" --out silent
verdict "output: nothing printed gets into its files" "$( (($(rows silent) == 0)) || said silent/log.csv)"
expect_success "output: training with stdin closed" bash -c '"$@" <&-' - "${train[@]}" --out deaf
