#!/usr/bin/env bash
# A checkpoint that is broken, or does not fit: exit code 4 and one line that names it.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash

table 40 >"$tmp/table.csv"
prepare "$bijou" train realnvp --data "$tmp/table.csv" --steps 2 --out "$tmp/run"
good=$tmp/run/ckpt/best.safetensors bad=$tmp/bad.safetensors
size=$(stat -c %s "$good")
header=$(od -An -tu8 -N8 "$good" | tr -d ' ')

refuse() {  # refuse <name> <regex>, of $bad, by both commands that load
  expect_exit "checkpoint: evaluate: $1" 4 "$bad.*($2)" "$bijou" evaluate "$bad"
  expect_exit "checkpoint: sample: $1" 4 "$bad.*($2)" "$bijou" sample "$bad" --out "$tmp/never.csv"
}
# In the header a replacement has as many characters as what it replaces: else all lengths would be wrong, too.
change() {
  LC_ALL=C sed "$1" "$good" >"$bad"
  if cmp -s "$good" "$bad" || (($(stat -c %s "$bad") != size)); then not_ok "checkpoint: $1" "the test does not change what it wants to"; fi
}
poke() {  # poke <offset> <bytes as printf takes them>
  cp "$good" "$bad"
  # shellcheck disable=SC2059
  printf "$2" | dd of="$bad" bs=1 seek="$1" conv=notrunc status=none
}

expect_success "checkpoint: the good one" "$bijou" evaluate "$good"

# ---- lengths
: >"$bad" && refuse "an empty file" 'has 0 bytes'
for keep in 4 8 100 $((8 + header)) $((size - 1)); do
  head -c "$keep" "$good" >"$bad" && refuse "cut after $keep of $size bytes" 'bytes'
done
{ cat "$good"; printf x; } >"$bad" && refuse "a byte too many" '1 bytes follow the last tensor'
poke 0 '\377\377\377\377\377\377\377\177' && refuse "a header of 9223372036854775807 bytes" 'only [0-9]+ follow'
poke 0 '\001' && refuse "a header that is shorter than it says" 'JSON'
poke 20 '\001\002' && refuse "a header that is no JSON" 'not valid JSON'
head -c 5000 /dev/urandom >"$bad" && refuse "noise" ''
cp "$tmp/table.csv" "$bad" && refuse "a table" 'damaged or not a safetensors file'
cp "$tmp/run/curve.png" "$bad" && refuse "a picture" 'damaged or not a safetensors file'

# ---- what is in it
change 's/couplings\.3\.net/couplings.9.net/g' && refuse "missing tensors" 'missing flow\.couplings\.3\.net.*; and [0-9]+ more'
change 's/"format":"bijou"/"format":"other"/' && refuse "safetensors of another program" 'not a checkpoint of Bijou'
change 's/"format_version":"2"/"format_version":"3"/' && refuse "a later format" 'format_version 3.*version 2'
change 's/"model":"realnvp"/"model":"unknown"/' && refuse "another model" "model 'unknown'"
change 's/\\"couplings\\":8/\\"couplings\\":9/' && refuse "a coupling more than tensors" 'missing flow\.couplings\.8'
change 's/\\"hidden\\":\[128,128\]/\\"hidden\\":[128,129]/' && refuse "tensors of another size" 'has shape \[128, 128\], the model wants'
change 's/\\"input\\":\[3\]/\\"input\\":[1]/' && refuse "one column" ''
change 's/\\"couplings\\":8/\\"couplings\\":-/' && refuse "a configuration that is no JSON" 'configuration cannot be read'
change 's/\\"couplings\\":8/\\"couplinks\\":8/' && refuse "a setting that is missing" "cannot be read.*'couplings' not found"
change 's/"F32"/"I99"/' && refuse "an unknown number format" "dtype 'I99'"
poke $((size - 400)) '\000\000\300\177' && refuse "a NaN" 'holds nan'

change 's/\\"hidden\\":\[128,128\]/\\"hidden\\":[128,1.5]/' && refuse "half a unit" 'whole number, not 1\.5'
change 's/"model":"realnvp"/"model":"glow"   /' && refuse "another family's configuration" "cannot be read.*'steps' not found|model 'glow"

# ---- what is in the tensors: constants that are none
prepare "$bijou" train glow --data "$tmp/table.csv" --steps 2 --set mixing=shuffle --out "$tmp/shuffled"
glow=$tmp/shuffled/ckpt/best.safetensors
tensor_at() {  # tensor_at <file> <name>: where its first byte is
  local begin
  begin=$(head -c 200000 "$1" | grep -aoE "\"$2\":\{[^}]*\}" | grep -oE '"data_offsets":\[[0-9]+' | grep -oE '[0-9]+$')
  echo $((8 + $(od -An -tu8 -N8 "$1" | tr -d ' ') + begin))
}
for damage in '\000\000\200\100:holds 4, which is no index below 3' '\000\000\000\077:holds 0\.5' '\000\000\200\277:holds -1'; do
  good=$glow
  poke "$(tensor_at "$glow" 'flow\.vectors\.steps\.0\.mix\.order')" "${damage%%:*}"
  expect_exit "checkpoint: a damaged permutation ${damage#*:}" 4 "flow\.vectors\.steps\.0\.mix .*${damage#*:}.*damaged" "$bijou" evaluate "$bad" --data "$tmp/table.csv"
  expect_exit "checkpoint: sample: a damaged permutation ${damage#*:}" 4 "flow\.vectors\.steps\.0\.mix .*${damage#*:}" "$bijou" sample "$bad" --out "$tmp/never.csv"
done
poke "$(tensor_at "$glow" 'flow\.vectors\.steps\.1\.actnorm\.affine\.log_s')" '\000\000\172\304'  # -1000
expect_exit "checkpoint: a scale of zero" 5 'flow\.vectors\.steps\.1\.actnorm\.affine .*: its scale 0 is 0, .*no inverse' "$bijou" evaluate "$bad" --data "$tmp/table.csv"
prepare "$bijou" train glow --data "$tmp/table.csv" --steps 2 --set mixing=conv --out "$tmp/convolution"
good=$tmp/convolution/ckpt/best.safetensors
poke "$(tensor_at "$good" 'flow\.vectors\.steps\.2\.mix\.w')" "$(printf '\\000%.0s' {1..36})"
for command in evaluate sample; do
  data=()
  [[ $command == evaluate ]] && data=(--data "$tmp/table.csv")
  expect_exit "checkpoint: $command: a singular W" 5 'InvertibleConv flow\.vectors\.steps\.2\.mix: W \[3, 3\] is singular' "$bijou" $command "$bad" "${data[@]}"
done
good=$tmp/run/ckpt/best.safetensors

# ---- paths
expect_exit "checkpoint: no such run" 4 "$tmp/nope: no such run; train one" "$bijou" sample "$tmp/nope"
expect_exit "checkpoint: a folder that is no run" 4 'holds no ckpt/best\.safetensors' "$bijou" sample tests
mkdir -p "$tmp/empty/ckpt"
expect_exit "checkpoint: a run without a checkpoint" 4 "$tmp/empty: this folder holds no" "$bijou" evaluate "$tmp/empty"
expect_exit "checkpoint: a device" 4 '/dev/zero.*not a regular file' "$bijou" evaluate /dev/zero
expect_exit "checkpoint: a name too long" 4 'no such run' "$bijou" evaluate "$(printf 'a%.0s' {1..300})"
cp "$tmp/run/ckpt/last.safetensors" "$tmp/empty/ckpt"
expect_success "checkpoint: the last one, where there is no best" "$bijou" evaluate "$tmp/empty" --data "$tmp/table.csv"

# ---- other data
expect_exit "checkpoint: evaluated on other data" 4 "$tmp/run: .*\[3\].*'moons'.*\[2\]" "$bijou" evaluate "$tmp/run" --data moons
expect_exit "checkpoint: evaluated on images" 4 "'digits' are \[8, 8, 1\]" "$bijou" evaluate "$tmp/run" --data digits
awk -F, '{ print $1 * 1e37 "," $2 "," $3 }' "$tmp/table.csv" >"$tmp/far.csv"
expect_exit "checkpoint: evaluated on data out of all bounds" 5 'not finite under this model' "$bijou" evaluate "$tmp/run" --data "$tmp/far.csv"
rm "$tmp/table.csv"
expect_exit "checkpoint: its data are gone" 3 "$tmp/table\.csv: no such file" "$bijou" evaluate "$tmp/run"
if [[ -e $tmp/never.csv ]]; then not_ok "checkpoint: what is refused draws no samples" "there is $tmp/never.csv"; else ok "checkpoint: what is refused draws no samples"; fi
