#!/usr/bin/env bash
# The table of results (apps/results/README.md): trains a row, measures it, and writes down what came out.
#
#   .make/results.sh ROW [options of train...]   trains apps/results/rows/ROW.json into runs/results-ROW; evaluates its
#                                                best checkpoint; puts log, pictures and figures into apps/results
#                                                A row of the measure "steps" is .make/steps.sh's.
#   .make/results.sh table                       writes the README's table anew from results.csv
#
# The checkpoint is chosen on the validation part. The test part is looked at once, here. OUT: another folder than
# apps/results for what is written.
set -u
cd "$(dirname "$0")/.." || exit
{  # read as a whole before it runs for hours: the file may change under it
home=apps/results out=${OUT:-apps/results}
header=row,published,measured,standard_error,unit,validation,train,epochs,hours,threads,seed,parameters,date,machine,checkpoint_sha256,command
begin='<!-- results: begin; by `make results-ROW` -->' end='<!-- results: end -->'
stop() { echo "results: $*" >&2; exit 2; }

field() { awk -F'\t' -v row="$1" -v n="$2" '$1 == row { print $n }' "$home/rows.tsv"; }
number() { grep -oE "\"$1\":-?[0-9.]+(e[+-]?[0-9]+)?" | head -n 1 | cut -d: -f2; }  # of JSON on one line
term() { grep -oE "\"term\":\"$1[^}]*" | number nats; }

# figure <run> <part> <measure>: "mean error"
figure() {
  local json nll error of_values=0 name
  json=$(build/bijou evaluate "$1" --split "$2" --json --ledger) || return 1
  nll=$(number nll_nats <<<"$json") error=$(number nll_nats_error <<<"$json")
  case $3 in
    nll) echo "$nll $error"; return ;;
    bits) echo "$(number bits_per_dim <<<"$json") $(number bits_per_dim_error <<<"$json")"; return ;;
    density | logit)
      local terms=(quantisation 'preprocessing: scaling')
      [[ $3 != logit ]] || terms+=('preprocessing: logit')
      for name in "${terms[@]}"; do
        of_values=$(awk -v a="$of_values" -v b="$(term "$name" <<<"$json")" 'BEGIN { printf "%.9g", a + b }')
      done ;;
  esac
  awk -v nll="$nll" -v v="$of_values" -v e="$error" 'BEGIN { printf "%.9g %s\n", v - nll, e }'
}

unit_of() {
  case $1 in
    nll) echo "nats" ;;
    bits) echo "bits/dim" ;;
    *) echo "nats of log p" ;;
  esac
}

write_table() {
  local table=$1/README.md row what published measure note
  {
    awk -v begin="$begin" '{ print } $0 == begin { exit }' "$table"
    echo
    echo "| | published | measured | validation, train | epochs, hours | seed, parameters | date | command |"
    echo "|---|---|---|---|---|---|---|---|"
    while IFS=$'\t' read -r row what published measure note; do
      [[ $row == \#* ]] && continue
      if [[ $measure == absent ]]; then
        echo "| $what | $published | $note | | | | | |"
        continue
      fi
      awk -F, -v row="$row" -v what="$what" -v published="$published" '
        function shown(figure) { return sprintf(figure ^ 2 < 10000 ? "%.3f" : "%.1f", figure) }
        $1 == row && $5 ~ /^relative/ { printf "| [%s](%s/) | %s; not trained so far | 100 losses within **%.1e** of PyTorch'"'"'s (relative) | | -, %.2f | %s, %s | %s | `%s` |\n",
                      what, row, published, $3, $9, $11, $12, $13, $16; found = 1; next }
        $1 == row { printf "| [%s](%s/) | %s | **%s** ± %.2g %s | %s, %s | %d, %.2f | %s, %s | %s | `%s` |\n", what, row,
                      published, shown($3), $4, $5, shown($6), shown($7), $8, $9, $11, $12, $13, $16; found = 1 }
        END { if (!found) printf "| %s | %s | not yet | | | | | |\n", what, published }' "$1/results.csv"
    done <"$home/rows.tsv"
    echo
    awk -v end="$end" '$0 == end { on = 1 } on' "$table"
  } >"$table.new" && mv "$table.new" "$table"
}

row=${1:-}
shift
if [[ $row == table ]]; then write_table "$out"; exit; fi
[[ -f $home/rows/$row.json ]] || stop "there is no row '$row'; there are: $(cd $home/rows && printf '%s ' *.json | sed 's/\.json//g')"
measure=$(field "$row" 4)
machine=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1 | tr , ' ')

# write_line <measured> <error> <unit> <validation> <train> <epochs> <hours> <threads> <seed> <parameters> <sum> <command>
write_line() {
  [[ -f $out/results.csv ]] || echo "$header" >"$out/results.csv"
  [[ -f $out/README.md ]] || printf '%s\n%s\n' "$begin" "$end" >"$out/README.md"
  {
    grep -v "^$row," "$out/results.csv"
    echo "$row,$(field "$row" 3),$1,$2,$3,$4,$5,$6,$7,$8,$9,${10},$(date +%F),$machine,${11},${12}"
  } >"$out/results.csv.new" && mv "$out/results.csv.new" "$out/results.csv"
  write_table "$out"
}

case $measure in
  nll | bits | density | logit | steps) ;;
  *) stop "$home/rows.tsv has no measure for '$row'" ;;
esac
if [[ $measure == steps ]]; then
  (($# == 0)) || stop "'$row' are 100 steps from the beginning: no options, not '$*'"
  start=$SECONDS
  said=$(bash .make/steps.sh "$home/rows/$row.json" "runs/results-$row" "$out/$row" "$(field "$row" 2)")
  code=$?
  value() { sed -n "s/.*\b$1 \([^ ]*\).*/\1/p" <<<"$said" | head -n 1; }
  [[ -n $(value largest) ]] || exit "$code"
  write_line "$(value largest)" "$(value mean)" "relative difference of losses: the largest; the mean" - - - \
    "$(awk -v s=$((SECONDS - start)) 'BEGIN { printf "%.3f", s / 3600 }')" "$(value threads)" "$(value seed)" \
    "$(value parameters)" "$(sha256sum <"runs/results-$row/steps.safetensors" | cut -d' ' -f1)" "make results-$row"
  printf '\n%s: 100 losses of Bijou and PyTorch:\n%s\n' "$row" "$said"
  exit "$code"
fi

run=runs/results-$row
options=$(printf '%s ' "$@" | sed 's/--resume //; s/ $//')  # a row that went on is the row that did not stop
command="make results-$row${options:+ ARGS='$options'}"
mkdir -p runs "$out/$row"
build/bijou train --config "$home/rows/$row.json" --out "$run" "$@" 2> >(tee "runs/results-$row.log" >&2) || exit

read -r measured error <<<"$(figure "$run" test "$measure")"
read -r validation _ <<<"$(figure "$run" validation "$measure")"
read -r train _ <<<"$(figure "$run" train "$measure")"
[[ -n ${train:-} ]] || stop "$run could not be evaluated"
last=$(tail -n 1 "$run/log.csv")
epochs=${last%%,*} hours=$(awk -v s="${last##*,}" 'BEGIN { printf "%.3f", s / 3600 }')
threads=$(grep -oE '[0-9]+ threads' "runs/results-$row.log" | head -n 1 | cut -d' ' -f1)
parameters=$(grep -oE '[0-9]+ parameters' "runs/results-$row.log" | head -n 1 | cut -d' ' -f1)
seed=$(grep -oE '"seed": [0-9]+' "$run/config.json" | cut -d' ' -f2)
sum=$(sha256sum <"$run/ckpt/best.safetensors" | cut -d' ' -f1)

cp "$run/log.csv" "$run/curve.png" "$out/$row/"
for picture in samples density; do
  [[ -f $run/$picture.png ]] && cp "$run/$picture.png" "$out/$row/"
done
write_line "$measured" "$error" "$(unit_of "$measure")" "$validation" "$train" "$epochs" "$hours" "$threads" "$seed" "$parameters" \
  "$sum" "$command"
echo
echo "$row: $measured ± $error $(unit_of "$measure") on the test part; published: $(field "$row" 3)"
exit
}
