#!/usr/bin/env bash
# How data are cut into training, validation and test part; test data from elsewhere; and that `bijou evaluate` cuts them
# as the training did.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
cd "$tmp" || exit
{ echo a,b,c; table 400; } >table.csv
{ echo a,b,c; table 403 | tail -n 3; } >three.csv
{ echo a,b,c; for _ in 1 2 3; do echo 0.5,0.25,0.1; done; } >alike.csv
options=(--data table.csv --preset toy --steps 3)

figure() { grep -oE 'RealNVP +-?[0-9.]+ nats' out | grep -oE -- '-?[0-9.]+'; }
evaluated() { grep -oE "$1"', test part, '"$2"' examples: -?[0-9.]+' out | grep -oE -- '-?[0-9.]+$'; }
agree() { awk -v a="$1" -v b="$2" 'BEGIN { if (a == "" || b == "" || (a - b) ^ 2 > 1e-6) print "\"" a "\" in training, evaluated \"" b "\"" }'; }

run "$bijou" train realnvp "${options[@]}" --out cut --validation-fraction 0.2 --test-fraction 0.25 --split-seed 7
trained=$(figure)
verdict "splits: by fractions and seed" \
  "$(complaint 0; grep -q '220 training, 80 validation and 100 test examples' err || head -n 1 err)"
run "$bijou" evaluate cut
verdict "splits: evaluate cuts as the training did" "$(complaint 0; agree "$trained" "$(evaluated table.csv 100)")"
run "$bijou" evaluate cut --data table.csv
verdict "splits: also when the data are named" "$(complaint 0; agree "$trained" "$(evaluated table.csv 100)"; cat err)"
expect_exit "splits: evaluate has no other split" 2 'split-seed' "$bijou" evaluate cut --split-seed 8

run "$bijou" train realnvp "${options[@]}" --out other --test-data three.csv
trained=$(figure)
verdict "splits: test data from another file" \
  "$(complaint 0; grep -q '360 training, 40 validation and 3 test examples' err || head -n 1 err)"
run "$bijou" evaluate other
verdict "splits: evaluate knows the test data" "$(complaint 0; agree "$trained" "$(evaluated three.csv 3)")"
run "$bijou" evaluate cut --test-data three.csv
verdict "splits: evaluate on other test data" "$(complaint 0; [[ -n $(evaluated three.csv 3) ]] || said out)"
run "$bijou" evaluate cut --test-data alike.csv
verdict "splits: rows that are all alike can be evaluated" "$(complaint 0; [[ -n $(evaluated alike.csv 3) ]] || said out)"
mkdir alone && cp other/ckpt/best.safetensors table.csv alone
cd alone || exit
expect_exit "splits: a checkpoint alone does not know where its test data lie" 3 'three\.csv: no such file' \
  "$bijou" evaluate best.safetensors
cd .. || exit
verdict "splits: no path is in the checkpoint" "$(grep -c "$tmp" other/ckpt/best.safetensors | grep -v '^0$')"

run "$bijou" train realnvp --config other/config.json --out again
verdict "splits: the configuration of a run has them" \
  "$(complaint 0; cmp other/ckpt/best.safetensors again/ckpt/best.safetensors 2>&1)"
cp table.csv kept.csv
{ head -n 1 kept.csv; tail -n +2 kept.csv | tac; } >table.csv
expect_exit "splits: --resume with other values under the same name" 2 'the data are not those that cut was trained on' \
  "$bijou" train realnvp "${options[@]}" --out cut --validation-fraction 0.2 --test-fraction 0.25 --split-seed 7 --resume
run "$bijou" evaluate cut
verdict "splits: evaluate warns of other values" \
  "$(complaint 0; grep -q '^warning: table.csv are not the data that the run was trained on' err || said err)"
mv kept.csv table.csv
expect_exit "splits: --resume with other test data" 2 'trained otherwise' \
  "$bijou" train realnvp "${options[@]}" --out other --resume

cut -d, -f1,2 three.csv >two.csv
sed '1s/c/d/' three.csv >other.csv
echo '{"data_options":{"seperator":";"}}' >config.json
refused() { expect_exit "splits: refused: $1" "$2" "$3" "$bijou" train realnvp --out never --steps 1 "${@:4}"; }
refused "noise where no value repeats" 2 '--dequantise has no use: no column of table\.csv repeats' --data table.csv --dequantise
refused "pictures of a table" 2 '--picture-epochs: table\.csv holds no images' --data table.csv --picture-epochs 2
refused "memory for the pictures of a table" 2 '--data-memory: is for a folder of pictures' --data table.csv --data-memory 9
expect_exit "splits: refused: draws of noise that nothing gets" 2 '--dequantisations has no use' \
  "$bijou" evaluate cut --dequantisations 3
refused "a fraction above 1" 2 '--test-fraction: must be a number between 0 and 1' --data table.csv --test-fraction 1.5
refused "nothing left to train on" 3 '200 of 400 rows for validation and 200 for the test leave none' \
  --data table.csv --test-fraction 0.5 --validation-fraction 0.5
refused "a fraction of a set with parts of its own" 2 '--test-fraction has no use: digits has a test part' \
  --data digits --test-fraction 0.2
refused "a fraction beside test data" 2 'excludes' --data table.csv --test-fraction 0.2 --test-data three.csv
refused "test data of another width" 3 'two\.csv: examples \[2\].*cannot test table\.csv' \
  --data table.csv --test-data two.csv
refused "test data with other columns" 3 'other\.csv: its column 3 is "d", that of table\.csv is "c"' \
  --data table.csv --test-data other.csv
refused "an unknown key of the configuration" 2 'not known: seperator' --config config.json
if [[ -e never ]]; then not_ok "splits: what is refused leaves no folder" "$(ls never)"; else ok "splits: what is refused leaves no folder"; fi
