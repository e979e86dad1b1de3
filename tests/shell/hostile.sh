#!/usr/bin/env bash
# A full disk, a missing permission, closed streams, and folders that somebody else works in: an exit code and one line
# that names the place; nothing half written stays, and what was interrupted goes on to the same bytes.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
root=$PWD
cd "$tmp" || exit
table 400 >table.csv
prepare "$bijou" train realnvp --data table.csv --steps 4 --out vectors
small=(glow --data digits --set width=8 --set steps=1 --set scales=1 --epochs 3 --seed 3)
prepare "$bijou" train "${small[@]}" --out whole

# Files under their temporary names, and empty ones, that a command left behind.
half_files() { find "$@" -name '*.tmp-*' -o -name '*.part*' -o -name '*.new' -o -type f -size 0 ! -name log.csv; }
same_end() {  # same_end <run that was interrupted>: what differs from the run that was left alone, or nothing
  local file
  for file in last best; do cmp "whole/ckpt/$file.safetensors" "$1/ckpt/$file.safetensors" 2>&1; done
  diff <(cut -d, -f1-13 whole/log.csv) <(cut -d, -f1-13 "$1/log.csv") 2>&1
}

# ---- a full disk: each time there is a little more room, and the run fails in another place
mkdir disk
if [[ $(id -u) == 0 ]] && mount -t tmpfs -o size=2m none disk 2>/dev/null; then
  trap 'umount "$tmp/disk"; rm -rf "$tmp"' EXIT
  kib_free() { df -k --output=avail disk | tail -n 1; }
  places=""
  for room in 0 4 8 12 24 60 100 120 200 300; do
    rm -rf disk/run
    head -c $((($(kib_free) - room) * 1024)) /dev/zero >disk/ballast
    run "$bijou" train "${small[@]}" --out disk/run --resume
    why=$(complaint 6)
    [[ -n $why ]] || grep -qE "^bijou: .*disk/run.*(No space|cannot be written)" err || why=$(tail -n 1 err)
    places+=$(tail -n 1 err | grep -oE "disk/run[^':]*")" "
    verdict "hostile: a disk with $room KiB left" "$why$(half_files disk/run)"
    rm disk/ballast
    run "$bijou" train "${small[@]}" --out disk/run --resume
    verdict "hostile: once there is room it goes on from there to the same bytes" "$(complaint 0; same_end disk/run)"
  done
  verdict "hostile: the disk was full at the log, the checkpoint, a sheet and the last pictures" \
    "$(for place in ' cannot be written' '/model\.txt' '/ckpt/last\.safetensors' '/samples/epoch-[0-9]+\.png' '/[a-z]+\.png'; do
      grep -qE "disk/run$place" <<<"$places" || echo "not at $place: $places"
    done)"

  # What is there stays, when there is no room for its successor.
  rm -rf disk/run
  cp -r whole disk/run
  head -c $(($(kib_free) * 1024)) /dev/zero >disk/ballast
  expect_last_line "hostile: a run that goes on where the disk is full" 6 'disk/run/.*cannot be written' \
    "$bijou" train "${small[@]}" --out disk/run --resume
  verdict "hostile: nothing of the run is lost" "$(diff -r whole disk/run 2>&1)"
  expect_exit "hostile: samples onto a full disk" 6 'disk/x\.csv: cannot be written' \
    "$bijou" sample vectors --count 5000 --out disk/x.csv
  expect_exit "hostile: a picture of samples onto a full disk" 6 'disk/x\.png.*No space' "$bijou" sample whole --out disk/x.png
  run "$bijou" data info digits --out disk/sheet.png
  verdict "hostile: the sheet of data info onto a full disk" "$(complaint 6; grep -q 'disk/sheet\.png.*No space' err || said err)"
  verdict "hostile: none of them leaves half a file" "$(ls disk | grep -vxE 'run|ballast')"
  rm -rf disk/*
  head -c $((($(kib_free) - 40) * 1024)) /dev/zero >disk/ballast
  expect_last_line "hostile: a flight record that finds no room" 5 'its record cannot be written: .*disk/run/flight.*No space.*last good checkpoint' \
    "$bijou" train "${small[@]}" --lr 1e30 --clip-norm 0 --out disk/run
  verdict "hostile: it leaves no half record" "$(find disk/run/flight -type f; half_files disk/run)"
  umount disk
  trap 'rm -rf "$tmp"' EXIT
else
  skip "hostile: a full disk" "no file system can be mounted here"
fi

# ---- a limit of the files' size, which without care is death by SIGXFSZ
for kib in 1 4 12 20 32; do
  rm -rf limited
  run bash -c 'ulimit -f "$1"; shift; "$@" 2>&1 | cat >&2; exit ${PIPESTATUS[0]}' - $kib "$bijou" train "${small[@]}" --out limited
  verdict "hostile: no file above $kib KiB" \
    "$(complaint 6; tail -n 1 err | grep -qE '^bijou: .*limited/.*(too large|cannot be written)' || tail -n 1 err; half_files limited)"
  run "$bijou" train "${small[@]}" --out limited --resume
  verdict "hostile: without the limit it goes on to the same bytes" "$(complaint 0; same_end limited)"
done
ln -s /dev/full full.csv
expect_exit "hostile: samples onto a full device" 6 'full\.csv: cannot be written' "$bijou" sample vectors --out full.csv
verdict "hostile: the device stays" "$([[ -c full.csv ]] || ls -l full.csv)"

# ---- stdout full, and streams that are closed
commands=("data list" "data info digits" "data info table.csv" "evaluate vectors" "evaluate vectors --json" "evaluate whole --ledger"
  "evaluate whole --ledger --json" "sample vectors --force --out x.csv" "sample whole --force --out x.png" "check vectors" "check vectors --json"
  "jacobian lesson --out j.png" "train realnvp --data table.csv --steps 4 --out again" "train realnvp --data table.csv --steps 4 --out again --resume"
  "train realnvp --data table.csv --dry-run" "train realnvp --data table.csv --profile" "--version" "train --help")
expect_last_line "hostile: a training that fails where a layer has no inverse any more" 5 \
  'epoch 1, step 2: flow\.[a-z0-9.]*actnorm.*its scale 0 is inf.*; operation exp gave a value.*; no example .*; the step is in failed/flight/step-2' \
  "$bijou" train "${small[@]}" --lr 1e30 --clip-norm 0 --out failed
record=$(echo failed/flight/*)
commands+=("replay $record")
if command -v python3 >/dev/null; then
  python3 "$root/tests/shell/lib/state_dict.py" "$root/tests/oracles/nice_nflows.safetensors" nflows >/dev/null
  commands+=("import nflows.npz --from nflows --out imported" "import nflows.safetensors --from nflows --out imported.safetensors")
fi
for command in "${commands[@]}"; do
  read -ra words <<<"$command"
  ends=0
  [[ $command == replay* ]] && ends=5
  for stdout in '/dev/full' '&-'; do
    expect_last_line "hostile: $command >$stdout" 6 'could not be printed' bash -c '"$@" >'"$stdout" - "$bijou" "${words[@]}"
  done
  run bash -c '"$@" 2>&-' - "$bijou" "${words[@]}"
  verdict "hostile: $command with stderr closed" "$(complaint $ends)"
  run bash -c '"$@" <&-' - "$bijou" "${words[@]}"
  verdict "hostile: $command with stdin closed" "$(complaint $ends)"
  run bash -c '"$@" <&- >&- 2>&-' - "$bijou" "${words[@]}"
  verdict "hostile: $command with all of them closed" "$(complaint 6)"
done
verdict "hostile: nothing printed gets into the files" \
  "$(cmp vectors/ckpt/last.safetensors again/ckpt/last.safetensors 2>&1; tail -n +2 again/log.csv | grep -vxE '([0-9.e+-]+,)+[0-9.e+-]+')"

# ---- no permission, as somebody who is not root
mkdir locked
cp -r whole locked/run
cp "$bijou" program
[[ -e nflows.npz ]] || cp table.csv nflows.npz
chmod -R a+rX "$tmp"
chmod -R a-w locked
as_nobody=()
if [[ $(id -u) == 0 ]]; then as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
if "${as_nobody[@]}" ./program >/dev/null 2>&1; then
  denied() {  # denied <name> <regex> <arguments...>
    expect_last_line "hostile: no permission: $1" 6 "$2" "${as_nobody[@]}" ./program "${@:3}"
  }
  denied "a run folder" 'output folder locked/new cannot be written \(Permission denied\).*--out' train "${small[@]}" --out locked/new
  denied "an earlier run that cannot be moved aside" 'output folder locked/run cannot be written \(Permission denied\)' \
    train "${small[@]}" --out locked/run
  denied "a run that would go on" 'locked/run/.*cannot be written' train "${small[@]}" --out locked/run --resume
  denied "the sheet of data info" 'locked/sheet\.png.*Permission denied' data info digits --out locked/sheet.png
  denied "samples" 'locked/x\.csv: cannot be written' sample vectors --out locked/x.csv
  denied "samples beside their run" 'locked/run/samples-4.*Permission denied' sample locked/run --count 4
  denied "pictures of Jacobians" 'locked/j\.png.*Permission denied' jacobian lesson --out locked/j.png
  if command -v python3 >/dev/null; then
    denied "import into a file" "cannot write 'locked/m\.safetensors': Permission denied; choose a folder" \
      import nflows.npz --from nflows --out locked/m.safetensors
    denied "import into a folder" 'output folder locked/m cannot be written \(Permission denied\)' \
      import nflows.npz --from nflows --out locked/m
  fi
  verdict "hostile: no permission: what was there stays, nothing is added" "$(diff -r whole locked/run 2>&1; ls locked | grep -vx run)"
  cp vectors/ckpt/best.safetensors vectors.safetensors
  chmod a-r vectors.safetensors
  expect_exit "hostile: no permission to read a checkpoint" 4 'vectors\.safetensors.*Permission denied' \
    "${as_nobody[@]}" ./program evaluate vectors.safetensors --data table.csv
  expect_success "hostile: evaluating asks for no permission to write" "${as_nobody[@]}" ./program evaluate locked/run
else
  skip "hostile: no permission" "setpriv cannot be used here"
fi
chmod -R u+w locked

# ---- a run that another process trains into: it may be read at any time, and not be written
timeout 60 "$bijou" train realnvp --data table.csv --epochs 100000 --out busy >/dev/null 2>&1 </dev/null &
process=$!
until [[ -e busy/ckpt/best.safetensors ]]; do sleep 0.02; done
why=""
for ((i = 0; i < 20; ++i)); do
  run "$bijou" evaluate busy
  why+=$(complaint 0)
  run "$bijou" evaluate busy/ckpt/last.safetensors --data table.csv
  why+=$(complaint 0)
done
verdict "hostile: a run is evaluated while another process trains into it" "$why"
expect_success "hostile: and drawn from" "$bijou" sample busy --count 5
if [[ -s nflows.safetensors ]]; then
  expect_exit "hostile: no import into it" 2 'another process is training into busy' "$bijou" import nflows.npz --from nflows --out busy
fi
expect_exit "hostile: nor another training" 2 'another process is training into busy' "$bijou" train realnvp --data table.csv --out busy
kill $process
wait $process 2>/dev/null

# ---- what is no record, a checkpoint without its data, other data
expect_exit "hostile: replay of a table" 4 "'table\.csv'.*not a safetensors file" "$bijou" replay table.csv
expect_exit "hostile: replay of a folder" 4 "'whole': is a folder" "$bijou" replay whole
expect_exit "hostile: replay of nothing" 4 "'nowhere'.*No such file" "$bijou" replay nowhere
expect_exit "hostile: replay of a checkpoint" 4 'last\.safetensors: a checkpoint, and no flight record.*folder flight/' \
  "$bijou" replay whole/ckpt/last.safetensors
size=$(stat -c %s "$record")
for keep in 8 1000 $((size - 1)); do
  head -c $keep "$record" >cut.safetensors
  expect_exit "hostile: replay of a record that ends after $keep of $size bytes" 4 "'cut\.safetensors'.*use another copy" \
    "$bijou" replay cut.safetensors
done
cp -r vectors odd
LC_ALL=C sed -i 's/"training":"{/"training":"[/' odd/ckpt/last.safetensors
expect_last_line "hostile: a checkpoint whose words about its training are broken" 4 'odd/ckpt/last\.safetensors: it does not say how it was trained' \
  "$bijou" train realnvp --data table.csv --steps 4 --out odd --resume
mkdir elsewhere
cp vectors/ckpt/last.safetensors elsewhere
expect_exit "hostile: a checkpoint far from its data asks for them" 3 'table\.csv: no such file; last\.safetensors is of data of that name.*--data' \
  bash -c 'cd elsewhere && "$@"' - "$bijou" evaluate last.safetensors
expect_success "hostile: and takes them" bash -c 'cd elsewhere && "$@"' - "$bijou" evaluate last.safetensors --data ../table.csv
idx_images 20 9 9 >nine
expect_exit "hostile: images of another size" 4 "whole: the model is for examples \[8, 8, 1\].*'nine' are \[9, 9, 1\].*--data" \
  "$bijou" evaluate whole --data nine
cut -d, -f1,2 table.csv >two.csv
expect_exit "hostile: a table of another width" 4 "vectors: .*\[3\].*'two\.csv' are \[2\].*--columns" "$bijou" evaluate vectors --data two.csv
awk -F, '{ print "0.5," $2 "," $3 }' table.csv >still.csv
expect_success "hostile: a column that is constant is evaluated" "$bijou" evaluate vectors --data still.csv
awk 'BEGIN { srand(1); for (i = 0; i < 40; ++i) { printf "0"; for (j = 1; j < 64; ++j) printf ",%.3f", 16.9 * rand(); print "" } }' >border.csv
expect_success "hostile: so are images whose border is" "$bijou" evaluate whole --data border.csv --dequantised
expect_exit "hostile: none is trained on" 3 'column 1 .*is constant \(0\.5\)' "$bijou" train realnvp --data still.csv --out never

# ---- all refusals come before anything is made or moved
mkdir pictures
{ printf 'BM' && le 4 $((54 + 3072)) 0 54 40 32 32 && le 2 1 24 && le 4 0 3072 0 0 0 0 && noise 3072; } >one.bmp
for ((i = 0; i < 150; ++i)); do cp one.bmp pictures/$i.bmp; done
cp -r vectors earlier
for out in never earlier; do
  expect_last_line "hostile: NICE on pictures that stay on the disk, into $out" 2 'not in memory; raise --data-memory' \
    "$bijou" train nice --preset cifar10 --data pictures --size 32 --data-memory 1 --steps 1 --out $out
  expect_exit "hostile: a batch beyond the data, into $out" 2 'batch of 5000' "$bijou" train realnvp --data table.csv --batch-size 5000 --out $out
  expect_exit "hostile: an architecture that cannot be, into $out" 2 'cannot be halved' \
    "$bijou" train glow --data digits --set scales=4 --out $out
  expect_exit "hostile: other options, into $out" 2 '--decay-epochs has no use' \
    "$bijou" train realnvp --data table.csv --decay-epochs 3 --out $out
done
verdict "hostile: what is refused makes no folder" "$(ls -d never* 2>/dev/null)"
verdict "hostile: what is refused moves no earlier run" "$(ls -d earlier.* 2>/dev/null; diff -r vectors earlier)"
exit 0
