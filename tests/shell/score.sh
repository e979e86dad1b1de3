#!/usr/bin/env bash
# bijou score: the table of scores, AUROC, the threshold, what it says on the screen, what is refused.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
export LC_ALL=C
cd "$tmp" || exit

# Points of a narrow density, and as anomalies points of a wide one; labels in the last column of a second table.
awk 'function normal() { return sqrt(-2 * log(1 - rand())) * cos(6.2831853 * rand()) }
     BEGIN { srand(1); for (i = 0; i < 2000; ++i) print normal() "," normal() > "normal.csv"
             for (i = 0; i < 500; ++i) print 3 + normal() "," 3 + normal() > "strange.csv"
             for (i = 0; i < 400; ++i) print 1 > "labels" }'
prepare "$bijou" train realnvp --data normal.csv --steps 300 --out run
prepare "$bijou" train realnvp --data strange.csv --steps 100 --out other
prepare "$bijou" train glow --data digits --steps 100 --out glow
value() { grep -oE "\"$1\":\{[^}]*\{\"value\":[0-9.e-]+" out | grep -oE '[0-9.e-]+$' | head -n 1; }

run "$bijou" score run --anomalies strange.csv --split test
verdict "score: it ends well" "$(complaint 0)"
verdict "score: a line for each score, the recommended one marked" "$(grep -qE '^  likelihood \* +AUROC 0\.9[0-9]+ \[0\.[0-9]+, [01]\.[0-9]+\] +AUPR' out && grep -q '^  typicality' out || said out)"
verdict "score: the threshold" "$(grep -qE 'threshold [-0-9.e+]+, for false alarms of 1\.0% by 200 clean examples' out || said out)"
expect_files "score: table and pictures" run scores.csv scores-histogram.png scores-roc.png
verdict "score: a line for each example" "$([[ $(wc -l <run/scores.csv) == 701 ]] || wc -l run/scores.csv)"
verdict "score: its columns" "$([[ $(head -n 1 run/scores.csv) == example,of,label,anomalous,likelihood,typicality,alarm ]] || head -n 1 run/scores.csv)"
verdict "score: alarms are what is above the threshold" "$(t=$(grep -oE 'threshold [-0-9.e+]+' out | cut -d' ' -f2)
  awk -F, -v t="$t" 'NR > 1 && $7 != ($5 > t) && ($5 - t) ^ 2 > 1e-6 { print; exit }' run/scores.csv)"
run "$bijou" score run --anomalies strange.csv --json --gradient --against other --force
verdict "score: --json, with all scores" "$(complaint 0; for s in likelihood typicality ratio gradient; do v=$(value $s); [[ $v ]] || echo "no AUROC of $s"; done)"
verdict "score: the ratio to a model of the anomalies finds them" "$(awk -v v="$(value ratio)" 'BEGIN { if (v < 0.95) print v }')"
cp out first.json
run "$bijou" score run --anomalies strange.csv --json --gradient --against other --force --threads 1
expect_same "score: the same on one thread" out first.json

run "$bijou" score run
verdict "score: without labels it refuses what exists" "$(complaint 2; grep -q 'run/scores.csv exists; replace it with --force' err || said err)"
run "$bijou" score run --out plain.csv
verdict "score: without labels there is no AUROC" "$(complaint 0; if grep -q AUROC out; then cat out; fi; [[ ! -e plain-roc.png ]] || echo "a curve")"
# What is more likely than the model's own data.
awk 'BEGIN { srand(2); for (i = 0; i < 300; ++i) print (rand() - 0.5) / 50 "," (rand() - 0.5) / 50 }' >middle.csv
run "$bijou" score run --data middle.csv --split all --out middle-scores.csv
verdict "score: it says that likelihood misleads, without labels" "$(complaint 0; grep -qE '^! these data are more likely than the clean ones' out || said out)"
run "$bijou" score run --anomalies middle.csv --out misled.csv
verdict "score: and with labels" "$(complaint 0; grep -qE '^! raw likelihood misleads here: the anomalous are MORE likely.*use typicality' out || said out)"

# Labels: 0 and 1 of an archive; a class of several.
run "$bijou" score glow --normal 3 --maps 5 --out digits.csv
verdict "score: images, a class against the rest" "$(complaint 0; grep -qE '^  complexity \* +AUROC' out || said out)"
expect_files "score: the maps of the strangest" . digits-maps.png digits-roc.png
run "$bijou" score glow --out unlabelled.csv
verdict "score: ten classes are no anomalies" "$(complaint 0; if grep -q AUROC out; then cat out; fi)"
expect_exit "score: labels that are none" 2 '--normal 0: .*has no labels' "$bijou" score run --normal 0 --out x.csv
expect_exit "score: a class that nobody has" 2 '--normal 11' "$bijou" score glow --normal 11 --out x.csv
expect_exit "score: no such run" 4 'nope: no such run' "$bijou" score nope
expect_exit "score: a run of other data" 4 'cannot be compared' "$bijou" score run --against glow --out x.csv
expect_exit "score: data of another shape" 4 'the model is for examples \[2\]' "$bijou" score run --data digits --out x.csv
expect_exit "score: a share that is none" 2 '--false-alarms' "$bijou" score run --false-alarms 2 --out x.csv
expect_exit "score: another ending" 2 'x\.png: what is written goes into a \.csv' "$bijou" score run --out x.png
mv normal.csv moved.csv
expect_exit "score: clean data that are gone" 2 'clean data are needed.*name some with --clean' "$bijou" score run --data moved.csv --out x.csv
expect_success "score: clean data that are named" "$bijou" score run --data strange.csv --clean moved.csv --out named.csv
verdict "score: nothing is left half-written" "$(find . -name '*.tmp-*' -o -name 'x.*')"

# What is called clean is without those that the labels call anomalous; and pictures of earlier scores do not stay.
if command -v python3 >/dev/null && python3 -c 'import numpy' 2>/dev/null; then
  python3 -c 'import numpy as np; r = np.random.default_rng(0); x = r.normal(size=(600, 2)); y = (np.arange(600) % 6 == 0).astype(int); x[y == 1] += 5; np.savez("mixed.npz", X=x, y=y)'
  prepare "$bijou" train realnvp --data mixed.npz --only-class 0 --test-fraction 0.5 --steps 200 --out mixed
  run "$bijou" score mixed
  verdict "score: an archive with labels finds its anomalies" "$(complaint 0; grep -qE 'likelihood \* +AUROC (0\.9|1\.0)' out || said out)"
  verdict "score: training saw one class alone" "$(grep -qE '"only_class": 0' mixed/config.json || said mixed/config.json)"
  expect_exit "score: clean data without a normal one" 2 'none has the label 1.*--clean' "$bijou" score mixed --normal 1 --force
  prepare "$bijou" train realnvp --data mixed.npz --steps 200 --out unsorted
  run "$bijou" score unsorted --json
  verdict "score: clean examples are those with the normal label" "$(complaint 0; grep -qE '"clean_examples":(4[0-9]|5[0-9]),' out || said out)"
else
  skip "score: archives with labels" "there is no NumPy to write one"
fi
run "$bijou" score run --anomalies strange.csv --force --data moved.csv --split test --clean moved.csv
run "$bijou" score run --force --data moved.csv --clean moved.csv
verdict "score: no curve of earlier scores stays" "$(complaint 0; [[ ! -e run/scores-roc.png ]] || echo "scores-roc.png is there")"
expect_exit "score: maps of a table" 2 '--maps is for images' "$bijou" score run --maps 3 --data moved.csv --clean moved.csv --out x.csv
