#!/usr/bin/env bash
# The golden curves (apps/golden.hpp): trains presets as they are with several seeds, and writes apps/golden/golden.csv.
# One line for each epoch: the validation figure in nats per example, mean, lowest and highest over the seeds.
set -u
cd "$(dirname "$0")/.." || exit
seeds="0 1 2"
file=apps/golden/golden.csv
machine=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1 | tr , ' ')
[[ -w $file ]] || { echo "golden: cannot write $file" >&2; exit 6; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo model,data,preset,epoch,mean,low,high,seeds,machine,date >"$work/golden.csv"
for what in nice:digits:digits realnvp:digits:digits glow:digits:digits; do
  IFS=: read -r model data preset <<<"$what"
  for seed in $seeds; do
    build/bijou train "$model" --data "$data" --preset "$preset" --seed "$seed" --out "$work/$model-$data-$seed" || exit
  done
  awk -F, -v seeds="$(wc -w <<<"$seeds")" -v first="$model,$data,$preset" -v last="${machine:-unknown},$(date +%F)" '
    FNR == 1 { for (i = 1; i <= NF; ++i) column[$i] = i; next }
    {
      e = $column["epoch"]; v = $column["validation_nll_nats"]
      if (!(e in n)) { low[e] = high[e] = v; if (e > most) most = e }
      ++n[e]; sum[e] += v
      if (v < low[e]) low[e] = v
      if (v > high[e]) high[e] = v
    }
    END { for (e = 1; e <= most; ++e) printf "%s,%d,%.6f,%.6f,%.6f,%d,%s\n", first, e, sum[e] / n[e], low[e], high[e], seeds, last }
  ' "$work/$model-$data-"*/log.csv >>"$work/golden.csv"
done
mv "$work/golden.csv" "$file" && echo "written: $file; make puts it into the program"
