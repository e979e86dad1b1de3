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
change 's/"format_version":"1"/"format_version":"2"/' && refuse "a later format" 'format_version 2.*version 1'
change 's/"model":"realnvp"/"model":"unknown"/' && refuse "another model" "model 'unknown'"
change 's/\\"couplings\\":8/\\"couplings\\":9/' && refuse "a coupling more than tensors" 'missing flow\.couplings\.8'
change 's/\\"hidden\\":\[128,128\]/\\"hidden\\":[128,129]/' && refuse "tensors of another size" 'has shape \[128, 128\], the model wants'
change 's/\\"input\\":\[3\]/\\"input\\":[1]/' && refuse "one column" ''
change 's/\\"couplings\\":8/\\"couplings\\":-/' && refuse "a configuration that is no JSON" 'configuration cannot be read'
change 's/\\"couplings\\":8/\\"couplinks\\":8/' && expect_success "checkpoint: an unknown setting is left alone" "$bijou" evaluate "$bad"
change 's/"F32"/"I99"/' && refuse "an unknown number format" "dtype 'I99'"
poke $((size - 400)) '\000\000\300\177' && refuse "a NaN" 'holds nan'

# ---- paths
expect_exit "checkpoint: no such run" 4 "$tmp/nope: no such run; train one" "$bijou" sample "$tmp/nope"
expect_exit "checkpoint: a folder that is no run" 4 'holds no ckpt/best\.safetensors' "$bijou" sample tests
mkdir -p "$tmp/empty/ckpt"
expect_exit "checkpoint: a run without a checkpoint" 4 "$tmp/empty: this folder holds no" "$bijou" evaluate "$tmp/empty"
expect_exit "checkpoint: a device" 4 '/dev/zero.*not a regular file' "$bijou" evaluate /dev/zero
expect_exit "checkpoint: a name too long" 4 'no such run' "$bijou" evaluate "$(printf 'a%.0s' {1..300})"
cp "$tmp/run/ckpt/last.safetensors" "$tmp/empty/ckpt"
expect_success "checkpoint: the last one, where there is no best" "$bijou" evaluate "$tmp/empty"

# ---- other data
expect_exit "checkpoint: evaluated on other data" 4 "$tmp/run: .*\[3\].*'moons'.*\[2\]" "$bijou" evaluate "$tmp/run" --data moons
expect_exit "checkpoint: evaluated on images" 4 "'digits' are \[8, 8, 1\]" "$bijou" evaluate "$tmp/run" --data digits
awk -F, '{ print $1 * 1e37 "," $2 "," $3 }' "$tmp/table.csv" >"$tmp/far.csv"
expect_exit "checkpoint: evaluated on data out of all bounds" 5 'not finite under this model' "$bijou" evaluate "$tmp/run" --data "$tmp/far.csv"
rm "$tmp/table.csv"
expect_exit "checkpoint: its data are gone" 3 "$tmp/table\.csv: no such file" "$bijou" evaluate "$tmp/run"
if [[ -e $tmp/never.csv ]]; then not_ok "checkpoint: what is refused draws no samples"; else ok "checkpoint: what is refused draws no samples"; fi
