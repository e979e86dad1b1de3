#!/usr/bin/env bash
# A folder of pictures from outside: bijou train, evaluate and data; memory against disk; what is refused.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash

le32() {  # little-endian 32-bit numbers
  local n
  for n; do
    # shellcheck disable=SC2059
    printf "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((n & 255)) $((n >> 8 & 255)) $((n >> 16 & 255)) $((n >> 24 & 255)))"
  done
}
bmp() {  # bmp <width, a multiple of 4> <height> <seed>: 24 bits, noise
  local size=$((3 * $1 * $2))
  printf BM
  le32 $((54 + size)) 0 54 40 "$1" "$2"
  printf '\x01\0\x18\0'
  le32 0 $size 0 0 0 0
  awk -v n=$size -v s="$3" 'BEGIN { srand(s); for (i = 0; i < n; ++i) printf "%c", 1 + int(126 * rand()) }'
}
d=$tmp/pictures
mkdir -p "$d/ape" "$d/bee"
for ((i = 0; i < 40; ++i)); do
  bmp 12 $((8 + i % 3)) $i >"$d/$( ((i % 2)) && echo bee || echo ape)/$i.bmp"
done
train=("$bijou" train glow --set width=8 --set steps=1 --set scales=2 --steps 6 --batch-size 8)

expect_exit "pictures: mixed sizes name two files and the remedy" 3 \
  "ape/10\.bmp: is 12 x 9 pixels, .*ape/0\.bmp is 12 x 8; .*--size N" "${train[@]}" --data "$d" --out "$tmp/never"
expect_success "pictures: a training" \
  "${train[@]}" --data "$d" --size 8 --crop random --flip --class-conditional --out "$tmp/memory"
expect_success "pictures: a training from the disk" \
  "${train[@]}" --data "$d" --size 8 --crop random --flip --class-conditional --data-memory 1 --out "$tmp/roomy"
expect_same "pictures: a budget that is large enough changes nothing" "$tmp/memory/ckpt/last.safetensors" "$tmp/roomy/ckpt/last.safetensors"

# 800 pictures of 32 x 32 x 3 floats: more than one MiB.
big=$tmp/big
mkdir -p "$big"
bmp 40 32 1 >"$tmp/one.bmp"
for ((i = 0; i < 150; ++i)); do bmp 40 32 $i >"$big/$i.bmp"; done
big_train=("${train[@]}" --data "$big" --size 32 --crop random)
expect_success "pictures: in memory" "${big_train[@]}" --out "$tmp/inside"
expect_success "pictures: more than --data-memory" "${big_train[@]}" --data-memory 1 --out "$tmp/outside"
verdict "pictures: what is read from the disk is said" \
  "$(grep -q '150 pictures would take .* MiB of memory: they are read from the disk' "$tmp/err" || said "$tmp/err")"
for which in last best; do
  expect_same "pictures: from the disk the same bytes, $which" "$tmp/inside/ckpt/$which.safetensors" "$tmp/outside/ckpt/$which.safetensors"
done
expect_success "pictures: evaluating in memory" "$bijou" evaluate "$tmp/inside" --json
cp "$tmp/out" "$tmp/inside.json"
expect_success "pictures: evaluating from the disk" "$bijou" evaluate "$tmp/outside" --data-memory 1 --json
expect_same "pictures: the same figure" "$tmp/out" "$tmp/inside.json"

expect_last_line "pictures: NICE's moments want all of them" 2 "not in memory; raise --data-memory" \
  "$bijou" train nice --preset cifar10 --data "$big" --size 32 --data-memory 1 --steps 1 --out "$tmp/nice-never"

# ---- data list and info
expect_success "data list" "$bijou" data list --data-dir "$tmp"
verdict "data list: names, built in or where they are looked for" \
  "$(for name in digits mnist cifar10 moons "$tmp"; do grep -q -- "$name" "$tmp/out" || echo "no $name;"; done)"
expect_success "data info of a folder of pictures" "$bijou" data info "$d" --size 8 --out "$tmp/sheet.png"
hash=$(cat "$d"/ape/{0,10,12,14,16,18,2,20,22,24,26,28,30,32,34,36,38,4,6,8}.bmp \
  "$d"/bee/{1,11,13,15,17,19,21,23,25,27,29,3,31,33,35,37,39,5,7,9}.bmp | sha256sum | cut -d' ' -f1)
verdict "data info: shape, parts, classes, hash" "$(for line in '\[8, 8, 3\]' 'training +32 examples' 'test +4 examples' \
  'classes +2: ape, bee' "$hash \(of 40 files"; do grep -qE -- "$line" "$tmp/out" || echo "no $line;"; done)"
expect_files "data info: a sheet" "$tmp" sheet.png
table 40 >"$tmp/table.csv"
expect_success "data info of a table" "$bijou" data info "$tmp/table.csv"
verdict "data info: a file's hash" "$(grep -q "$(sha256sum <"$tmp/table.csv" | cut -d' ' -f1)" "$tmp/out" || said "$tmp/out")"
expect_exit "data info: a table has no sheet" 2 "holds no images to draw" "$bijou" data info "$tmp/table.csv" --out "$tmp/x.png"
expect_exit "data info: what is not there" 3 "no such file" "$bijou" data info "$tmp/nope.csv"
expect_exit "data: neither list nor info" 2 "subcommand" "$bijou" data

# ---- refusals
refuse() {  # refuse <name> <code> <regex> <options...>
  local name=$1 code=$2 regex=$3
  shift 3
  expect_exit "pictures: $name" "$code" "$regex" "${train[@]}" --out "$tmp/never" "$@"
}
mkdir -p "$tmp/odd" "$tmp/empty" "$tmp/pickled"
for ((i = 0; i < 10; ++i)); do cp "$tmp/one.bmp" "$tmp/odd/$i.bmp"; done
echo "this is text" >"$tmp/odd/a.png"
refuse "a text file named .png" 3 'odd/a\.png: is no PNG, JPEG or BMP picture' --data "$tmp/odd"
refuse "an empty folder" 3 'empty: is an empty folder' --data "$tmp/empty"
touch "$tmp/pickled/data_batch_1"
refuse "CIFAR-10 for Python" 3 'pickled for Python.*cifar-10-binary\.tar\.gz' --data "$tmp/pickled"
refuse "a size for what is no picture" 2 '--size: is for a folder of pictures' --data digits --size 8
refuse "a random crop without a size" 2 '--crop random: needs --size' --data "$big" --crop random
refuse "grey and colour" 2 'colour' --data "$big" --grey --colour
refuse "another crop" 2 'crop' --data "$big" --crop left
refuse "flips of a table" 2 '--flip: .*holds no images' --data "$tmp/table.csv" --flip
verdict "pictures: nothing of it left a run" "$([[ ! -e $tmp/never ]] || echo "$tmp/never is there")"
