#!/usr/bin/env bash
# The table of results (apps/results/README.md): trains a row, measures it, and writes down what came out.
#
#   bash .make/results.sh ROW [--resume]   trains apps/results/rows/ROW.json into runs/results-ROW, evaluates its best
#                                          checkpoint, puts log, pictures and figures into apps/results. The measures
#                                          "steps" and "steps-double": .make/steps.sh.
#   bash .make/results.sh table            writes the README's table anew from results.csv, and draws the rows' curves
#
# The checkpoint is chosen on the validation part. OUT: another folder than apps/results for what is written; INTO:
# another folder than runs for what is trained.
set -u
cd "$(dirname "$0")/.." || exit
{  # read as a whole before it runs for hours: the file may change under it
home=apps/results out=${OUT:-apps/results} into=${INTO:-runs}
header=row,published,measured,standard_error,unit,validation,validation_error,train,train_error,epochs,hours,threads,seed,parameters,date,machine,checkpoint_sha256,command,remark
begin='<!-- results: begin; by `make results-ROW` -->' end='<!-- results: end -->'
stop() { echo "results: $*" >&2; exit 2; }

field() { awk -F'\t' -v row="$1" -v n="$2" '$1 == row { print $n }' "$home/rows.tsv"; }
number() { grep -oE "\"$1\":-?[0-9.]+(e[+-]?[0-9]+)?" | head -n 1 | cut -d: -f2; }  # of JSON on one line
term() { grep -oE "\"term\":\"$1\"[^}]*" | number nats; }

# figure <run> <part> <measure>: "mean error"
figure() {
  local json mean error constants
  json=$(build/bijou evaluate "$1" --split "$2" --json --ledger) || return 1
  case $3 in
    nll | density) mean=$(number nll_nats <<<"$json") error=$(number nll_nats_error <<<"$json") ;;
    bits) mean=$(number bits_per_dim <<<"$json") error=$(number bits_per_dim_error <<<"$json") ;;
    logit) mean=$(number nll_behind_preprocessing_nats <<<"$json") error=$(number nll_behind_preprocessing_nats_error <<<"$json") ;;
  esac
  if [[ $3 == density ]]; then  # of values as they are scaled: the same for all examples
    constants="$(term quantisation <<<"$json") $(term 'preprocessing: scaling' <<<"$json")"
    [[ $constants == *[0-9]" "*[0-9]* ]] || return 1
    mean=$(awk -v m="$mean" -v c="$constants" 'BEGIN { split(c, each, " "); printf "%.9g", m - each[1] - each[2] }')
  fi
  [[ -n $mean && -n $error ]] || return 1
  if [[ $3 == density || $3 == logit ]]; then mean=$(awk -v m="$mean" 'BEGIN { printf "%.9g", -m }'); fi
  echo "$mean $error"
}

unit_of() {
  case $1 in
    nll) echo "nats" ;;
    bits) echo "bits/dim" ;;
    *) echo "nats of log p" ;;
  esac
}

part_of() { grep -oE '[0-9]+ of [0-9]+ training batches' <<<"$1" | head -n 1; }  # of CIFAR-10, where not all are at hand

make_folder() { { mkdir -p "$1" 2>/dev/null && [[ -w $1 ]]; } || stop "nothing can be written into $1"; }

# What a line is written into, before hours are spent on its figures: a page with a place for the table, and lines that
# are whole. What is not there yet is made.
check_table() {
  local table=$1/README.md damaged
  make_folder "$1"
  if [[ ! -f $1/results.csv ]]; then
    ! grep -qE '^\| .*`make results-' "$table" 2>/dev/null || stop "$table has figures, and there is no $1/results.csv of which they were made"
    echo "$header" >"$1/results.csv"
  fi
  [[ -f $table ]] || printf '%s\n%s\n' "$begin" "$end" >"$table"
  damaged=$(awk -F, -v header="$header" 'BEGIN { columns = split(header, names, ",") }
    NR == 1 && $0 != header || NF != columns { print NR; exit } END { if (!NR) print 1 }' "$1/results.csv")
  [[ -z $damaged ]] || stop "$1/results.csv is damaged: its line $damaged is not of these columns: $header"
  awk -v begin="$begin" -v end="$end" '$0 == begin && !on { on = 1 } $0 == end && on { found = 1 } END { exit !found }' "$table" ||
    stop "$table lacks the lines between which the table stands: $begin $end"
}

write_table() {
  local table=$1/README.md row what published measure source goal
  {
    awk -v begin="$begin" '{ print } $0 == begin { exit }' "$table"
    echo
    echo "| | to compare with | measured | validation, train | epochs, hours, threads | seed, parameters | date | command |"
    echo "|---|---|---|---|---|---|---|---|"
    while IFS=$'\t' read -r row what published measure source goal; do
      [[ $row == \#* ]] && continue
      if [[ $measure == absent ]]; then
        echo "| $what | $published | $source | | | | | |"
        continue
      fi
      awk -F, -v row="$row" -v what="$what" -v published="$published ($source)" -v goal="$goal" '
        function of(column) { return $at[column] }
        function shown(figure) { return sprintf(figure ^ 2 < 10000 ? "%.3f" : "%.1f", figure) }
        function reached() { return of("unit") == "nats of log p" ? of("measured") >= goal + 0 : of("measured") <= goal + 0 }
        function missed() { return goal == "-" || reached() ? "" : ": missed" }
        function judged(text) { return goal == "-" ? text : reached() ? "**" text "**" : text }
        function with_error(figure, error) { return shown(figure) (error == "-" ? "" : sprintf(" ± %.2g", error)) }
        NR == 1 { for (i = 1; i <= NF; ++i) at[$i] = i }
        $1 != row { next }
        { found = 1; against = of("published") + 0 == goal + 0 || goal == "-" ? published : published "; goal: " goal }
        of("unit") ~ /^relative/ { against = "PyTorch; goal: " goal }
        { printf "| [%s](%s/) | %s | ", what, row, against }
        of("unit") ~ /^relative/ {
          printf "not trained: 100 losses within %s of PyTorch'"'"'s (relative)%s; %s | | -", judged(sprintf("%.2e", of("measured"))), missed(), of("remark")
        }
        of("unit") !~ /^relative/ {
          printf "%s ± %.2g %s%s | %s, %s | %d (%s)", judged(shown(of("measured"))), of("standard_error"), of("unit"), missed(),
                 with_error(of("validation"), of("validation_error")), with_error(of("train"), of("train_error")), of("epochs"), of("remark")
        }
        { printf ", %.2f, %s | %s, %s | %s | `%s` |\n", of("hours"), of("threads"), of("seed"), of("parameters"), of("date"), of("command") }
        END { if (!found) printf "| %s | %s | not yet | | | | | |\n", what, published }' "$1/results.csv" || { rm "$table.new"; exit 1; }
    done <"$home/rows.tsv"
    echo
    awk -v end="$end" '$0 == end { on = 1 } on' "$table"
  } >"$table.new" && mv "$table.new" "$table"
}

# draw_curve <row>: its log as a picture, with dashed lines where the validation curve would have the published figure, and
# the one that the row has on the test part. Nats of log p become bits/dim by their distance from the best epoch's figure
# on validation, which the table has in the one and the log in the other.
draw_curve() {
  local unit=bits/dim lines line
  [[ $(field "$1" 4) != nll ]] || unit=nats
  lines=$(awk -F, -v row="$1" -v source="$(field "$1" 5)" -v unit=$unit '
    function is_number(text) { return text ~ /^-?[0-9]+(\.[0-9]*)?(e[-+]?[0-9]+)?$/ }
    function line(words, figure) {
      if (figure == "-") return
      if (!is_number(figure) || !is_number(of["validation"])) { broken = 1; return }
      if (of["unit"] == "nats of log p") printf "%s: %.1f %s=%.9g\n", words, figure, of["unit"], best - (figure - of["validation"]) * per_nat
      else printf "%s=%.9g\n", words, best + figure - of["validation"]
    }
    FNR == 1 { for (i = 1; i <= NF; ++i) column[i] = $i; next }
    NR == FNR { if ($1 == row) for (i = 1; i <= NF; ++i) of[column[i]] = $i; next }
    of["remark"] ~ "^the best: " $1 "(;|$)" {
      for (i = 1; i <= NF; ++i) at[column[i]] = $i
      best = at[unit == "nats" ? "validation_nll_nats" : "validation_bits_per_dim"]
      if (is_number(best)) per_nat = at["bits_per_dim"] / at["nll_nats"]
    }
    END { line(source, of["published"]); line("this row, test part", of["measured"]); exit broken || !per_nat }' "$out/results.csv" "$out/$1/log.csv") ||
    stop "the curve of '$1' cannot be drawn: its line in $out/results.csv has a figure that is no number, or $out/$1/log.csv lacks the best epoch"
  while IFS= read -r line; do set -- "$@" --line "$line"; done <<<"$lines"
  build/bijou curve "$out/$1" --title "$(field "$1" 2)" --unit $unit --out "$out/$1/curve.png" --force "${@:2}" ||
    stop "the curve of '$1' was not drawn"
}

row=${1:-}
[[ -n $row ]] || stop "bash .make/results.sh ROW [--resume], or table; the rows: $(cd $home/rows && printf '%s ' *.json | sed 's/\.json//g')"
shift
if [[ $row == table ]]; then
  (($# == 0)) || stop "table, and nothing else, not: $*"
  [[ -f $out/results.csv ]] || stop "there is no $out/results.csv"
  check_table "$out"
  [[ -x build/bijou ]] || stop "there is no build/bijou, which draws the curves; make makes it"
  for row in $(tail -n +2 "$out/results.csv" | cut -d, -f1); do
    [[ -n $(field "$row" 1) ]] || stop "$out/results.csv has a row '$row', and $home/rows.tsv has none"
    [[ ! -s $out/$row/log.csv ]] || draw_curve "$row"
  done
  write_table "$out"
  exit
fi
[[ $(field "$row" 4) != absent ]] || stop "'$row' is $(field "$row" 5)"
[[ -f $home/rows/$row.json ]] || stop "there is no row '$row'; there are: $(cd $home/rows && printf '%s ' *.json | sed 's/\.json//g')"
measure=$(field "$row" 4)
case $measure in
  nll | bits | density | logit | steps | steps-double) ;;
  *) stop "$home/rows.tsv has no measure for '$row'" ;;
esac
if [[ $* != '' && $* != --resume ]]; then
  [[ $measure == steps* ]] && stop "a row is what its file says, without '$*'"
  stop "a row is what its file says, without '$*': build/bijou train --config $home/rows/$row.json $* --out runs/mine"
fi
made=$(date +%F) machine=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1 | tr , ' ')
[[ -x build/bijou ]] || stop "there is no build/bijou; make makes it, and make results-$row the row"
check_table "$out"
make_folder "$out/$row"
make_folder "$into"
exec 9>"$into/results.lock"
flock -n 9 || stop "another row is being trained here; their times would not be true"

# write_line <measured> <error> <unit> <validation> <its error> <train> <its error> <epochs> <hours> <threads> <seed>
#            <parameters> <sum> <remark>
write_line() {
  local cell
  for cell in "$@"; do [[ -n $cell ]] || stop "a figure of '$row' is missing, and no line was written: $*"; done
  check_table "$out"
  {
    grep -v "^$row," "$out/results.csv"
    echo "$row,$(field "$row" 3),$1,$2,$3,$4,$5,$6,$7,$8,$9,${10},${11},${12},$made,$machine,${13},make results-$row,${14}"
  } >"$out/results.csv.new" && mv "$out/results.csv.new" "$out/results.csv"
  write_table "$out"
}

if [[ $measure == steps* ]]; then
  bench=build/bijou-bench
  [[ $measure == steps ]] || bench=build/bijou-bench-f64
  # Before PyTorch is fetched: are the data here? And its installation is not the row's time.
  data=$(build/bijou data info "$(sed -n 's/.*"data": "\([^"]*\)".*/\1/p' "$home/rows/$row.json")") || exit
  part=$(part_of "$data")
  bash .make/peers.sh build/peers-venv >/dev/null || exit
  trap : INT  # Ctrl-C ends the steps, and how to go on is said
  said=$(bash .make/steps.sh "$bench" "$home/rows/$row.json" "$into/results-$row" "$out/$row" "$(field "$row" 2)" "$@")
  code=$?
  value() { sed -n "s/.*\b$1 \([^ ]*\).*/\1/p" <<<"$said" | head -n 1; }
  if [[ -z $(value largest) ]]; then  # it did not come to the comparison
    [[ ! -s $into/results-$row/made-of ]] || echo "results: to go on, and compare then: make results-$row ARGS=--resume" >&2
    exit $((code == 0 ? 1 : code))
  fi
  [[ $(value largest) =~ ^[0-9.]+(e[-+][0-9]+)?$ ]] || { echo "results: $row: a loss is not finite ($into/results-$row); no line was written" >&2; exit 1; }
  made=$(date -r "$into/results-$row/reversed.txt" +%F)  # with --resume nothing may have been left to do
  write_line "$(value largest)" - "relative difference of losses: the largest" - - - - - \
    "$(awk '$1 == "seconds" { s += $2 } END { printf "%.3f", s / 3600 }' <<<"$said")" "$(value threads)" "$(value seed)" \
    "$(value parameters)" "$(sha256sum <"$into/results-$row/steps.safetensors" | cut -d' ' -f1)" \
    "PyTorch $(value pytorch); below 1e-3 at the first $(value within) steps; PyTorch against itself: $(value control); a step: $(value ms) ms${part:+; by $part}"
  printf '\n%s: 100 losses of Bijou and PyTorch:\n%s\n' "$row" "$said"
  exit "$code"
fi

run=$into/results-$row log=$into/results-$row.log
build/bijou train --config "$home/rows/$row.json" --out "$run" "$@" 2> >(tee -i "$log" >&2) || {
  code=$?
  ((code != 130)) || echo "results: to go on, and measure the row then: make results-$row ARGS=--resume" >&2
  exit "$code"
}
sum=$(sha256sum <"$run/ckpt/best.safetensors" | cut -d' ' -f1)
if grep -q "^$row,.*,$sum," "$out/results.csv" && [[ -s $out/$row/log.csv && -s $out/$row/curve.png ]]; then
  write_table "$out"
  echo "results: $(awk -F, -v row="$row" '$1 == row { print row ": " $3 " ± " $4 " " $5 }' "$out/results.csv"), to the byte: the table has this checkpoint already, and its line stays" >&2
  exit
fi

test=$(figure "$run" test "$measure") && validation=$(figure "$run" validation "$measure") &&
  train=$(figure "$run" train "$measure") || stop "$run could not be evaluated"
read -r measured error <<<"$test"
last=$(tail -n 1 "$run/log.csv")
epochs=${last%%,*} hours=$(awk -v s="${last##*,}" 'BEGIN { printf "%.3f", s / 3600 }')
best=$(grep -oE '"epoch": *[0-9]+' "$run/figures.json" | grep -oE '[0-9]+')
threads=$(grep -oE '[0-9]+ threads' "$log" | head -n 1 | cut -d' ' -f1)
parameters=$(grep -oE '[0-9]+ parameters' "$log" | head -n 1 | cut -d' ' -f1)
seed=$(grep -oE '"seed": [0-9]+' "$run/config.json" | cut -d' ' -f2)
part=$(part_of "$(<"$log")")

kept=("$run/log.csv")
for picture in samples density; do [[ ! -f $run/$picture.png ]] || kept+=("$run/$picture.png"); done
cp "${kept[@]}" "$out/$row/" || stop "log and pictures of $run could not be kept in $out/$row, and no line was written"
write_line "$measured" "$error" "$(unit_of "$measure")" ${validation} ${train} "$epochs" "$hours" "$threads" "$seed" \
  "$parameters" "$sum" "the best: $best${part:+; by $part}"
draw_curve "$row"
echo
echo "$row: $measured ± $error $(unit_of "$measure") on the test part; to compare with: $(field "$row" 3)"
exit
}
