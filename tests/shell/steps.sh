#!/usr/bin/env bash
# Some training steps as another implementation is to repeat them, and the comparison of both. PyTorch repeats them
# where build/peers-venv has been made.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
need_bench steps

cat >"$tmp/glow.json" <<'END'
{"model": "glow", "data": "digits", "preset": "digits", "architecture": {"steps": 2, "width": 16},
 "training": {"batch_size": 16, "optimizer": "adamax", "beta2": 0.99, "clip_norm": 50, "warmup_steps": 4, "steps": 12}}
END
cat >"$tmp/realnvp.json" <<'END'
{"model": "realnvp", "data": "digits", "preset": "digits", "architecture": {"features": 8, "blocks": 1},
 "training": {"batch_size": 16, "horizontal_flips": true, "schedule": "constant"}}
END
for model in glow realnvp; do
  folder=$tmp/$model
  run "$bench" steps "$tmp/$model.json" "$folder" --steps 12
  verdict "steps: $model: they run" "$(complaint 0; grep -qE '^parameters [0-9]+ seed 0 threads [0-9]+ ms [0-9.]+$' "$tmp/out" || said "$tmp/out")"
  verdict "steps: $model: a line for each" \
    "$(awk -F, 'NR == 1 && $0 != "step,nll,gradient_norm" || NR > 1 && ($1 != NR - 1 || !($2 > 0) || !($3 > 0)) { print } END { if (NR != 13) print NR " lines" }' "$folder/bijou.csv")"
  # What the program's own training says of its first epochs' losses is their mean.
  run "$bijou" train --config "$tmp/$model.json" --steps 12 --out "$tmp/run-$model"
  verdict "steps: $model: they are those of bijou train" "$(complaint 0; awk -F, '
    FNR == 1 { next }
    FILENAME ~ /bijou.csv/ { sum += $2; next }
    { d = $5 - sum / 12; if (d * d > 1e-10 * sum * sum) print "the log has " $5 ", the steps " sum / 12 }' "$folder/bijou.csv" "$tmp/run-$model/log.csv")"
  if [[ -x build/peers-venv/bin/python ]]; then
    PYTHONDONTWRITEBYTECODE=1 run build/peers-venv/bin/python apps/bench/peers/steps.py "$folder"
    verdict "steps: $model: PyTorch repeats them" "$(complaint 0)"
    run "$bench" compare-steps "$folder" --out "$tmp/out-$model" --tolerance 1e-4
    verdict "steps: $model: PyTorch finds the same losses" "$(complaint 0; cat "$tmp/err")"
    PYTHONDONTWRITEBYTECODE=1 run build/peers-venv/bin/python apps/bench/peers/steps.py "$folder" --reversed
    verdict "steps: $model: batches in reverse order make a small difference" "$(complaint 0
      cmp -s "$folder/pytorch.csv" "$folder/pytorch-reversed.csv" && echo none
      "$bench" compare-steps "$folder" --out "$tmp/out-$model" | grep -qE 'control [0-9.]+e-0[5-9]' || said "$folder/pytorch-reversed.csv")"
    rm -f "$folder/pytorch-reversed.csv"
    if [[ -x build/bijou-bench-f64 ]]; then
      run build/bijou-bench-f64 steps "$tmp/$model.json" "$folder-double" --steps 12
      PYTHONDONTWRITEBYTECODE=1 run build/peers-venv/bin/python apps/bench/peers/steps.py "$folder-double"
      run build/bijou-bench-f64 compare-steps "$folder-double" --out "$tmp/out-$model" --tolerance 1e-10
      verdict "steps: $model: in double, the same losses to 1e-10" "$(complaint 0; cat "$tmp/out" "$tmp/err" | grep -v '^largest [0-9.]*e-1[0-9]')"
    else
      skip "steps: $model: in double" "there is no build/bijou-bench-f64; make results-$model-cifar10-steps-double makes it"
    fi
  else
    skip "steps: $model: PyTorch repeats them" "there is no build/peers-venv; make bench-peers makes it"
  fi
done

folder=$tmp/glow
cut -d, -f1,2 "$folder/bijou.csv" >"$folder/pytorch.csv"
run "$bench" compare-steps "$folder" --out "$tmp/same"
verdict "steps: the same losses" "$(complaint 0; grep -q '^largest 0 mean 0 within 12 ' "$tmp/out" || said "$tmp/out")"
expect_files "steps: the losses side by side, their curves, and how far they are apart" "$tmp/same" steps.csv curve.png apart.png
awk -F, -v OFS=, 'NR == 5 { $2 *= 1.002 } { print }' "$folder/pytorch.csv" >"$folder/pytorch-reversed.csv"
run "$bench" compare-steps "$folder" --out "$tmp/control"
verdict "steps: a control is told, and does not count" "$(complaint 0; grep -q '^largest 0 .* control 0.002$' "$tmp/out" || said "$tmp/out"
  [[ -s $tmp/control/steps.csv ]] || echo "no steps.csv"
  awk -F, 'NR == 1 && $5 != "pytorch_reversed_nll" || NR == 5 && $5 / $3 < 1.0019' "$tmp/control/steps.csv")"
rm "$folder/pytorch-reversed.csv"
awk -F, -v OFS=, 'NR == 9 { $2 *= 1.003 } { print }' "$folder/bijou.csv" >"$folder/pytorch.csv"
run "$bench" compare-steps "$folder" --out "$tmp/other"
verdict "steps: losses that differ" "$(complaint 1; grep -qE '^largest 0.00299 mean [0-9.e-]+ within 7 ' "$tmp/out" || said "$tmp/out")"
head -n 5 "$folder/bijou.csv" >"$folder/pytorch.csv"
run "$bench" compare-steps "$folder" --out "$tmp/other"
verdict "steps: fewer steps" "$(complaint 3; grep -q 'bijou.csv has 12 steps, pytorch.csv 4' "$tmp/err" || said "$tmp/err")"
rm "$folder/pytorch.csv"
run "$bench" compare-steps "$folder" --out "$tmp/other"
verdict "steps: nothing to compare with" "$(complaint 3; grep -q 'pytorch.csv: missing or empty' "$tmp/err" || said "$tmp/err")"
sed 's/"batch_size"/"weight_decay": 0.1, "batch_size"/' "$tmp/glow.json" >"$tmp/decay.json"
run "$bench" steps "$tmp/decay.json" "$tmp/never"
verdict "steps: what PyTorch's side lacks is refused" "$(complaint 2; grep -q 'weight_decay is not repeated' "$tmp/err" || said "$tmp/err")"
printf 'step,nll\n1,nan\n2,abc\n' >"$folder/pytorch.csv"
run "$bench" compare-steps "$folder" --out "$tmp/other"
verdict "steps: no number" "$(complaint 3; grep -q "'abc' is no number" "$tmp/err" || said "$tmp/err")"
awk -F, -v OFS=, 'NR == 4 { $2 = "nan" } { print }' "$folder/bijou.csv" >"$folder/pytorch.csv"
run "$bench" compare-steps "$folder" --out "$tmp/other"
verdict "steps: one loss that is no number" "$(complaint 1)"
run "$bench" steps "$tmp/none.json" "$tmp/never"
verdict "steps: no configuration" "$(complaint 3; [[ ! -e $tmp/never ]] || echo "a folder was made")"

# ---- .make/steps.sh: all of a comparison ----------------------------------------------------------------------------

mkdir -p "$tmp/kept" && touch "$tmp/kept/bijou.txt"
run bash .make/steps.sh "$bench" "$tmp/glow.json" "$tmp/kept" "$tmp/other" Glow --resum
verdict "steps: a word that is no option, and nothing is removed" "$(complaint 2; [[ -e $tmp/kept/bijou.txt ]] || echo "it was")"
if [[ -x build/peers-venv/bin/python ]]; then
  # Bijou's side, with a loss that is not PyTorch's.
  mkdir -p "$tmp/a bench"
  cat >"$tmp/a bench/bijou-bench" <<END
#!/usr/bin/env bash
"$bench" "\$@" || exit
[[ \$1 == steps ]] || exit 0
awk -F, -v OFS=, 'NR == 51 { \$2 *= 1.01 } { print }' "\$3/bijou.csv" >"\$3/new.csv" && mv "\$3/new.csv" "\$3/bijou.csv"
END
  chmod +x "$tmp/a bench/bijou-bench"
  steps() { run bash .make/steps.sh "$tmp/a bench/bijou-bench" "$tmp/glow.json" "$tmp/a folder" "$tmp/an out" Glow "$@"; }
  steps
  cp "$tmp/out" "$tmp/first"
  verdict "steps: all three, and a loss that differs" "$(complaint 1; grep -q '^largest 0.0[01][0-9.e-]* .*within 49 .* control [0-9.]' "$tmp/out" || said "$tmp/out" "$tmp/err")"
  expect_files "steps: the losses side by side, though they differ" "$tmp/an out" steps.csv curve.png apart.png
  steps --resume
  verdict "steps: at its end, it has nothing left to do" "$(complaint 1; grep -m 1 ': step ' "$tmp/err"; diff "$tmp/first" "$tmp/out")"
  for cut in bijou pytorch reversed; do  # what comes after a part is made anew with it, in this order
    case $cut in bijou) left=300 ;; pytorch) left=200 ;; reversed) left=100 ;; esac
    for part in bijou pytorch reversed; do [[ $part < $cut ]] || rm -f "$tmp/a folder/$part.txt"; done
    touch "$tmp/a folder/$cut.txt.part"
    steps --resume
    verdict "steps: cut off in $cut, it goes on there" "$(complaint 1
      [[ $(grep -c ': step ' "$tmp/err") == "$left" ]] || echo "$(grep -c ': step ' "$tmp/err") steps were made"
      diff <(grep -v -e ' ms ' -e seconds "$tmp/first") <(grep -v -e ' ms ' -e seconds "$tmp/out"))"
  done
  rm "$tmp/a folder/pytorch-reversed.csv"
  steps --resume
  verdict "steps: a mark without its losses does not count" "$(complaint 1; [[ $(grep -c ': step ' "$tmp/err") == 100 ]] || said "$tmp/err")"
  cp "$tmp/a bench/bijou-bench" "$tmp/a bench/bijou-bench-f64"
  run bash .make/steps.sh "$tmp/a bench/bijou-bench-f64" "$tmp/glow.json" "$tmp/a folder" "$tmp/an out" Glow --resume
  verdict "steps: by another program, it does not go on" "$(complaint 2; grep -q 'nothing to go on with' "$tmp/err" || said "$tmp/err")"
  sed -i 's/"width": 16/"width": 8/' "$tmp/glow.json"
  steps --resume
  verdict "steps: of another configuration, it does not go on" "$(complaint 2; grep -q 'nothing to go on with' "$tmp/err" || said "$tmp/err")"
else
  skip "steps: all of a comparison" "there is no build/peers-venv; make bench-peers makes it"
fi
