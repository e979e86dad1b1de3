#!/usr/bin/env bash
# Folders with spaces and Korean letters, and a locale with a decimal comma.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash

place="$tmp/정규화 흐름 (a copy)/it's here"
mkdir -p "$place/build" "$place/데이터 files"
cp "$bijou" "$place/build/bijou"
table 40 >"$place/데이터 files/표 one.csv"
idx_images 20 8 8 >"$place/데이터 files/images idx"
cd "$place" || exit

expect_success "paths: 5 steps in a folder with spaces and Korean letters" build/bijou train realnvp --steps 5 --out 'my runs/첫 번째'
expect_files "paths: its folder" 'my runs/첫 번째' config.json log.csv ckpt/last.safetensors ckpt/best.safetensors samples.png \
  reconstructions.png curve.png
next=$(sed -n 's/^next: //p' "$tmp/out")
run bash -c "$next"
verdict "paths: the next command can be pasted into a shell" "$(complaint 0)"
verdict "paths: it draws into the run" "$(grep -qF 'my runs/첫 번째/samples-64-T0.8-seed0.png' "$tmp/out" || said "$tmp/out")"
run "$place/build/bijou" train realnvp --data '데이터 files/표 one.csv' --steps 2
verdict "paths: a table whose path has both" "$(complaint 0)"
expect_files "paths: its folder is named by the table" 'runs/realnvp-표 one' log.csv config.json
verdict "paths: its path stands in config.json" "$(grep -qF '"data": "데이터 files/표 one.csv"' 'runs/realnvp-표 one/config.json' || said runs/*/config.json)"
next=$(sed -n 's/^next: //p' "$tmp/out")
run bash -c "$next"
verdict "paths: the next command, where the program was called by its full path" "$(complaint 0)"
expect_success "paths: evaluate finds the table again" build/bijou evaluate 'runs/realnvp-표 one'
expect_success "paths: an IDX file whose path has both" build/bijou train realnvp --data '데이터 files/images idx' --preset digits --steps 1
expect_success "paths: --data-dir" build/bijou train realnvp --data-dir '데이터 files' --steps 1 --out=-dash
next=$(sed -n 's/^next: //p' "$tmp/out")
run bash -c "$next"
verdict "paths: the next command for a folder that looks like an option" "$(complaint 0)"
run bash -c 'PATH=$PWD/build:$PATH; bijou train realnvp --data "데이터 files/표 one.csv" --steps 1 --out p >out && eval "$(sed -n "s/^next: //p" out)"'
verdict "paths: the program is found by PATH" "$(complaint 0)"

# ---- a decimal comma
if ! localedef -i de_DE -f UTF-8 "$tmp/de_DE.UTF-8" >/dev/null 2>&1; then
  skip "paths: a locale with a decimal comma" "localedef cannot make one here"
  exit 0
fi
export LOCPATH=$tmp
comma=de_DE.UTF-8
if [[ $(LC_ALL=$comma printf '%.1f' 1,5 2>/dev/null) != 1,5 ]]; then
  skip "paths: a locale with a decimal comma" "the one that localedef made is not used"
  exit 0
fi
train() { "$bijou" train realnvp --data '데이터 files/표 one.csv' --steps 4 --lr 0.002 --seed 1 --out same; }
# What may differ between two runs is how long they took.
steady() { sed -E 's/ +[0-9]+ examples\/s +[0-9:]+ left//; s/about [0-9]+ MiB//; /moved to/d; /^of .* s: steps /d' "$1"; }
for locale in C $comma; do
  export LC_ALL=$locale
  rm -rf same
  train >"out.$locale" 2>"err.$locale"
  code=$?
  verdict "locale: training under $locale" "$( ((code == 0)) || tail -n 2 "err.$locale")"
  mkdir -p "kept/$locale"
  cp same/config.json same/ckpt/best.safetensors "kept/$locale"
  cut -d, -f1-9 same/log.csv >"kept/$locale/log.csv"
  awk -F, '{ print NF }' same/log.csv >"kept/$locale/columns"
  steady "err.$locale" >"kept/$locale/err"
  cp "out.$locale" "kept/$locale/out"
  "$bijou" evaluate same --json >"kept/$locale/json"
  "$bijou" evaluate same >"kept/$locale/figure"
  "$bijou" sample same --count 5 --temperature 0.5 --out same/samples.csv >"kept/$locale/sample"
  cp same/samples.csv same/curve.png "kept/$locale"
done
for file in config.json best.safetensors log.csv columns err out json figure sample samples.csv curve.png; do
  expect_same "locale: a decimal comma changes nothing in: $file" "kept/C/$file" "kept/$comma/$file"
done
expect_exit "locale: a number with a comma stays wrong" 2 "not '0,5'" "$bijou" sample same --temperature 0,5
