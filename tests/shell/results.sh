#!/usr/bin/env bash
# A row of the table of results, as `make results-ROW` makes it: NICE comes close to the floor of what keeps volumes.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash

row=toy-checkerboard-nice
mkdir -p "$tmp/made"
sed '/results: begin/,/results: end/ { /results: /!d }' apps/results/README.md >"$tmp/made/README.md"
export OUT=$tmp/made INTO=$tmp/runs
timeout 600 bash .make/results.sh $row >"$tmp/out.txt" 2>"$tmp/err.txt" </dev/null
code=$?
line=$(grep "^$row," "$tmp/made/results.csv" 2>/dev/null)
measured=$(cut -d, -f3 <<<"$line")
verdict "results: $row is made" "$( ((code == 0)) || tail -n 3 "$tmp/err.txt")"
verdict "results: $row: within 0.05 of 1 + ln 16 nats, and not below it by more than the test part's error" \
  "$(awk -v m="$measured" -v e="$(cut -d, -f4 <<<"$line")" 'BEGIN { floor = 1 + log(16); if (m == "" || m > floor + 0.05 || m < floor - 4 * e) print m }')"
verdict "results: a line has all columns" \
  "$([[ -s $tmp/made/results.csv ]] || echo "no results.csv"
    awk -F, -v l="$line" 'NR == 1 { n = split(l, cells, ","); if (n != NF) print n " cells for " NF " columns"; for (i = 1; i <= n; ++i) if (cells[i] == "") print $i " is empty" }' "$tmp/made/results.csv")"
verdict "results: the table shows it" "$(grep -q "NICE, checkerboard.*\*\*$(printf %.3f "$measured")\*\* ±.*make results-$row" "$tmp/made/README.md" || echo "it does not")"
verdict "results: and those that were not made, and why" "$(grep -q 'NICE, MNIST.*not yet' "$tmp/made/README.md" || echo "no row of NICE on MNIST"
  grep -q 'BSDS300.*not run: the table' "$tmp/made/README.md" || echo "no row of BSDS300")"
verdict "results: the table keeps the page" "$(diff <(sed '/results: begin/,/results: end/d' apps/results/README.md) <(sed '/results: begin/,/results: end/d' "$tmp/made/README.md"))"
verdict "results: the curve is kept" "$(for f in log.csv curve.png; do [[ -s $tmp/made/$row/$f ]] || echo "no $f"; done)"
cp "$tmp/made/README.md" "$tmp/as-made.md"
sed -i '/results: begin/,/results: end/ { /results: /!d }' "$tmp/made/README.md" && rm "$tmp/made/$row/curve.png"
run bash .make/results.sh $row --resume
verdict "results: what the page and the row's folder lost comes back" "$(complaint 0; diff "$tmp/as-made.md" "$tmp/made/README.md"; [[ -s $tmp/made/$row/curve.png ]] || echo "no curve.png")"
run bash .make/results.sh $row --resume
verdict "results: a checkpoint that the table has" "$(complaint 0; grep -q "$row: $measured .*, to the byte: the table has this checkpoint already" "$tmp/err" || said "$tmp/err")"
mkdir "$tmp/page" && cp apps/results/README.md apps/results/results.csv "$tmp/page"
run env OUT="$tmp/page" bash .make/results.sh table
verdict "results: the page's table is that of results.csv" "$(complaint 0; diff apps/results/README.md "$tmp/page/README.md" | head -n 4)"
mkdir "$tmp/page/nice-mnist" "$tmp/page/glow-mnist" && for name in nice-mnist glow-mnist; do cp apps/results/$name/log.csv "$tmp/page/$name"; done
run env OUT="$tmp/page" bash .make/results.sh table
verdict "results: the curves, with lines at the published figures" "$(complaint 0
  for name in nice-mnist glow-mnist; do [[ -s $tmp/page/$name/curve.png ]] || echo "no curve of $name"; done
  grep -q '^FFJORD table 2: 1.05, 0.054[0-9]* below the best$' "$tmp/out" || said "$tmp/out"
  # log p of values in [0, 1]: 8 bits/dim are the quantisation into 256 levels
  awk -F': ' '/^NICE figure 3: 1980.5 nats of log p: / { found = 1; want = 8 - 1980.5 / 784 / log(2); if (($3 - want) ^ 2 > 1e-9) print $3 " instead of " want }
    END { if (!found) print "no line of NICE" }' "$tmp/out")"
sed -i "s/^nice-mnist,1980.50,[^,]*/nice-mnist,1980.50,1980.49/; s/^glow-mnist,1.05,[^,]*/glow-mnist,1.05,1.1/
  s/^\(realnvp-small-steps-double,[^,]*\),[^,]*/\1,2e-3/" "$tmp/page/results.csv"
run env OUT="$tmp/page" bash .make/results.sh table
verdict "results: which figures reach their goals" "$(complaint 0
  for cells in '1980.50 (NICE figure 3) | 1980.5 ± 5.2 nats of log p: missed |' '1.05 (FFJORD table 2); goal: 1.10 | **1.100** ± 0.0025 bits/dim |' \
    "PyTorch; goal: 1e-3 | not trained: 100 losses within 2.00e-03 of PyTorch's (relative): missed;" '| 2.682 ± 0.0076 nats |'; do
    grep -qF "$cells" "$tmp/page/README.md" || echo "not in the table: $cells"
  done)"
cp apps/results/results.csv "$tmp/page"
verdict "results: the best epochs are those of the logs" "$(
  grep -q ',the best: ' apps/results/results.csv || echo "no row has one"
  sed -n 's/^\([a-z0-9-]*\),.*,the best: \([0-9]*\).*/\1 \2/p' apps/results/results.csv | while read -r name best; do
    [[ -s apps/results/$name/log.csv ]] || { echo "no log of $name"; continue; }
    awk -F, -v name="$name" -v best="$best" '
      NR == 1 { for (i = 1; i <= NF; ++i) if ($i == "validation_nll_nats") at = i; next }
      NR == 2 || $at < least { least = $at }
      $1 == best { its = $at }
      END { if (its == "" || its > least) print name ": " best " has " its ", the least is " least }' "apps/results/$name/log.csv"
  done)"
# refused <what> <word> <argument>: with 2, before anything is trained, and the page stays as it is
refused() {
  cp "$tmp/page/README.md" "$tmp/before.md"
  run env OUT="${at:-$tmp/page}" INTO="${into:-$tmp/runs}" bash .make/results.sh "${@:3}"
  verdict "results: $1" "$(complaint 2; grep -q "$2" "$tmp/err" || said "$tmp/err"; cmp "$tmp/before.md" "$tmp/page/README.md")"
}
sed -i 's/,the best: 32$/,-/' "$tmp/page/results.csv"
refused "a row without its best epoch" "curve of 'nice-mnist' cannot be drawn" table
sed 's/^nice-mnist,1980.50/nice-mnist,152.97; 153.28/' apps/results/results.csv >"$tmp/page/results.csv"
refused "a published figure that is no number" "curve of 'nice-mnist' cannot be drawn.*a figure that is no number" table
sed 's/^nice-mnist,/nice-cifar99,/' apps/results/results.csv >"$tmp/page/results.csv"
refused "a row that rows.tsv does not know" "has a row 'nice-cifar99', and .*rows.tsv has none" table
cp apps/results/results.csv "$tmp/page"
sed -i 1d "$tmp/page/results.csv"
refused "a results.csv without its names" "results.csv is damaged: its line 1 is not of these columns: row,published" table
head -c 2000 apps/results/results.csv >"$tmp/page/results.csv"
refused "a results.csv that was cut off" "results.csv is damaged: its line [0-9]* is not" $row
rm "$tmp/page/results.csv"
refused "a page without the results.csv of which it was made" "README.md has figures, and there is no .*results.csv" $row
cp apps/results/results.csv "$tmp/page" && sed -i 's/results: begin/results: at/; s/results: end -->/results: begin; by `make results-ROW` -->/; s/results: at.*/results: end -->/' "$tmp/page/README.md"
refused "a page whose marks are exchanged" "lacks the lines between which the table stands" table
cp apps/results/README.md "$tmp/page" && rm -rf "$tmp/page/$row" && touch "$tmp/page/$row"
refused "a file where the row's folder should be" "nothing can be written into .*page/$row" $row
at=$tmp/page/README.md refused "a file where the folder should be" "nothing can be written into .*README.md" $row
rm "$tmp/page/$row"
into=/proc/none refused "no place for the training" "nothing can be written into /proc/none" $row
refused "a row that could not be run" "'realnvp-bsds300' is not run: the table prepared" realnvp-bsds300
refused "a word behind table" "table, and nothing else, not: more" table more
run bash .make/results.sh
verdict "results: no row" "$(complaint 2; grep -q 'results.sh ROW .*nice-mnist' "$tmp/err" || said "$tmp/err")"
run bash .make/results.sh nope
verdict "results: a row that is none" "$(complaint 2; grep -q "there is no row 'nope'; there are: .*nice-mnist" "$tmp/err" || said "$tmp/err")"
run bash .make/results.sh $row --epochs 1
verdict "results: an option, which would make it another row" \
  "$(complaint 2; grep -q "without '--epochs 1': build/bijou train --config apps/results/rows/$row.json --epochs 1 --out" "$tmp/err" || said "$tmp/err")"
INTO=$tmp/cut timeout --preserve-status -s INT 8 bash .make/results.sh $row >"$tmp/out" 2>"$tmp/err" </dev/null
code=$?
verdict "results: Ctrl-C, and how to go on" \
  "$(complaint 130; grep -q "to go on, and measure the row then: make results-$row ARGS=--resume" "$tmp/err" || echo "it said: $(tail -n 3 "$tmp/err")")"
run flock "$INTO/results.lock" bash .make/results.sh $row
verdict "results: beside another row" "$(complaint 2; grep -q 'another row is being trained' "$tmp/err" || said "$tmp/err")"

# ---- a row that is a comparison with PyTorch ------------------------------------------------------------------------

row=realnvp-small-eps-steps-double
mkdir "$tmp/nowhere"
if BIJOU_DATA_DIR=$tmp/nowhere build/bijou data info cifar10 >/dev/null 2>&1; then
  skip "results: $row: without the data" "./data has CIFAR-10"
else
  run env BIJOU_DATA_DIR="$tmp/nowhere" bash .make/results.sh $row
  verdict "results: $row: without the data, said before PyTorch is fetched" \
    "$(complaint 3; grep -q 'cifar10: not found' "$tmp/err" || said "$tmp/err"; grep 'peers:' "$tmp/err")"
fi
export BIJOU_DATA_DIR=${BIJOU_SHARED:-$PWD/../shared}/data  # or ./data
if [[ -x build/peers-venv/bin/python && -x build/bijou-bench-f64 ]] && build/bijou data info cifar10 >/dev/null 2>&1; then
  timeout 600 bash .make/results.sh $row >"$tmp/out" 2>"$tmp/err" </dev/null
  code=$?
  verdict "results: $row: the row is made, and the losses are PyTorch's" \
    "$(complaint 0; awk -F, -v row=$row '$1 == row { found = 1; if (!($3 < 1e-11)) print $3 } END { if (!found) print "no line" }' "$tmp/made/results.csv")"
  expect_files "results: $row: what is kept" "$tmp/made/$row" steps.csv curve.png apart.png
  once=$(grep "^$row," "$tmp/made/results.csv")
  rm "$INTO/results-$row/reversed.txt" "$INTO/results-$row/pytorch-reversed.csv"
  touch "$INTO/results-$row/reversed.txt.part"  # as if it had been cut off
  timeout 600 bash .make/results.sh $row --resume >"$tmp/out" 2>"$tmp/err" </dev/null
  code=$?
  verdict "results: $row: cut off in the control, it goes on there" \
    "$(complaint 0; grep -m 1 '^bijou: step' "$tmp/err"; [[ $(grep -c '^PyTorch: step' "$tmp/err") == 100 ]] || said "$tmp/err"
      diff <(cut -d, -f1-10,12-18 <<<"$once") <(grep "^$row," "$tmp/made/results.csv" | cut -d, -f1-10,12-18))"
  verdict "results: $row: the remark" "$(grep "^$row," "$tmp/made/results.csv" |
    grep -qE ',PyTorch [^;]*; below 1e-3 at the first 100 steps; PyTorch against itself: [0-9.e-]+; a step: [0-9.]+ ms(; by [1-4] of 5 training batches)?$' || said "$tmp/made/results.csv")"
  steps=$INTO/results-$row line=$(grep "^$row," "$tmp/made/results.csv")
  mkdir -p "$tmp/others/cifar-10-batches-bin"
  for file in batches.meta.txt test_batch.bin; do ln -s "$BIJOU_DATA_DIR/cifar-10-batches-bin/$file" "$tmp/others/cifar-10-batches-bin"; done
  ln -s test_batch.bin "$tmp/others/cifar-10-batches-bin/data_batch_1.bin"
  run env BIJOU_DATA_DIR="$tmp/others" bash .make/results.sh $row --resume
  verdict "results: $row: of other data, it does not go on" "$(complaint 2; grep -q 'nothing to go on with' "$tmp/err" || said "$tmp/err")"
  sed -i '51s/,.*/,nan/' "$steps/pytorch.csv"
  run bash .make/results.sh $row --resume
  verdict "results: $row: a loss that is not finite makes no line" "$(complaint 1
    grep -q "$row: a loss is not finite ($steps); no line was written" "$tmp/err" || said "$tmp/err"
    [[ $line == "$(grep "^$row," "$tmp/made/results.csv")" ]] || echo "the line is another")"
else
  skip "results: $row" "there is no build/peers-venv (make bench-peers makes it), no build/bijou-bench-f64, or no CIFAR-10"
fi

sed -i '/results: end/d' "$tmp/made/README.md"
run bash .make/results.sh table
verdict "results: a page that has no place for the table" "$(complaint 2; grep -q 'lacks the lines' "$tmp/err" || said "$tmp/err")"
