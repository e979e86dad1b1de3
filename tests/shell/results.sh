#!/usr/bin/env bash
# A row of the table of results, as `make results-ROW` makes it: NICE comes close to the floor of what keeps volumes.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash

row=toy-checkerboard-nice
mkdir -p "$tmp/made"
cp apps/results/README.md "$tmp/made/"
if [[ -e runs/results-$row ]]; then  # somebody's own run stays where it is
  mv "runs/results-$row" "$tmp/kept"
  trap 'rm -rf "runs/results-$row"; mv "$tmp/kept" "runs/results-$row"; rm -rf "$tmp"' EXIT
else
  trap 'rm -rf "runs/results-$row" "runs/results-$row.log" "$tmp"' EXIT
fi
OUT=$tmp/made timeout 600 bash .make/results.sh $row >"$tmp/out.txt" 2>"$tmp/err.txt" </dev/null
code=$?
line=$(grep "^$row," "$tmp/made/results.csv" 2>/dev/null)
measured=$(cut -d, -f3 <<<"$line")
verdict "results: $row is made" "$( ((code == 0)) || tail -n 3 "$tmp/err.txt")"
verdict "results: $row: within 0.05 of 1 + ln 16 nats, and not below it by more than the test part's error" \
  "$(awk -v m="$measured" -v e="$(cut -d, -f4 <<<"$line")" 'BEGIN { floor = 1 + log(16); if (m == "" || m > floor + 0.05 || m < floor - 4 * e) print m }')"
verdict "results: a line has all columns" \
  "$(awk -F, -v l="$line" 'NR == 1 { n = split(l, cells, ","); if (n != NF) print n " cells for " NF " columns"; for (i = 1; i <= n; ++i) if (cells[i] == "") print $i " is empty" }' "$tmp/made/results.csv")"
verdict "results: the table shows it" "$(grep -q "\*\*$(printf %.3f "$measured")\*\* ±" "$tmp/made/README.md" || grep "$row" "$tmp/made/README.md")"
verdict "results: the curve is kept" "$(for f in log.csv curve.png; do [[ -s $tmp/made/$row/$f ]] || echo "no $f"; done)"
run bash .make/results.sh nope
verdict "results: a row that is none" "$(complaint 2; grep -q "there is no row 'nope'; there are: .*nice-mnist" "$tmp/err" || cat "$tmp/err")"
