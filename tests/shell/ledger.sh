#!/usr/bin/env bash
# `bijou evaluate`: the ledger's terms sum to the figure, its standard error, and several draws of the noise.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
export LC_ALL=C
cd "$tmp" || exit

member() { grep -oE "\"$1\":[-0-9.e]+" "$2" | head -n 1 | cut -d: -f2; }  # member <name> <file>
terms() { grep -oE '"ledger":.*' "$2" | grep -oE "\"$1\":[-0-9.e]+" | cut -d: -f2; }  # terms <member> <file>
apart() { awk -v a="$1" -v b="$2" -v most="$3" 'BEGIN { d = a - b; if (a == "" || b == "" || d > most || -d > most) print a " and " b }'; }

for model in nice realnvp glow; do
  name="ledger: $model"
  prepare "$bijou" train $model --data digits --steps 3 --out $model
  expect_success "$name: evaluate --json" "$bijou" evaluate $model --ledger --json
  cp out $model.json
  for unit in nats:nll_nats bits_per_dim:bits_per_dim; do
    sum=$(terms ${unit%:*} $model.json | awk '{ s += $1 } END { printf "%.12f", s }')
    verdict "$name: the terms sum to the figure, ${unit%:*}" "$(apart "$sum" "$(member ${unit#*:} $model.json)" 1e-6)"
  done
  verdict "$name: what is left without preprocessing and quantisation" "$(apart "$(member nll_behind_preprocessing_nats $model.json)" \
    "$(grep -oE '"term":"[^}]*' $model.json | grep -vE '"(preprocessing|quantisation)' | grep -oE '"nats":[-0-9.e]+' | cut -d: -f2 | awk '{ s += $1 } END { printf "%.12f", s }')" 1e-6)"
  # The logit's log-determinant differs from image to image, so that this figure has an error of its own.
  verdict "$name: its error" "$(awk -v a="$(member nll_behind_preprocessing_nats_error $model.json)" -v b="$(member nll_nats_error $model.json)" \
    'BEGIN { if (!(a > 0) || a == b) print a " and " b }')"
  case $model in
    nice) entries='prior couplings scaling.layer' ;;
    realnvp) entries='prior,.scale.1 prior,.scale.2 couplings batch.norm' ;;
    glow) entries='prior,.scale.1 prior,.scale.2 couplings actnorm 1x1.convolutions' ;;
  esac
  missing=""
  for entry in $entries preprocessing:.logit preprocessing:.scaling quantisation; do
    grep -q "\"term\":\"$entry\"" $model.json || missing+=" $entry"
  done
  verdict "$name: its entries" "$missing"
  verdict "$name: the quantisation is log2(17) bits/dim" \
    "$(apart "$(grep -oE '"quantisation".*' $model.json | grep -oE '"bits_per_dim":[0-9.]+' | head -n 1 | cut -d: -f2)" 4.087462841 1e-8)"
  expect_success "$name: evaluate, as a table" "$bijou" evaluate $model --ledger
  verdict "$name: the table's terms sum to its last line" "$(awk '
    /^  (prior|couplings|actnorm|1x1|batch|scaling|preprocessing|quantisation)/ { nats += $(NF - 3); bits += $(NF - 1) }
    /^  sum/ { found = 1; a = nats - $(NF - 3); b = bits - $(NF - 1) }
    END { if (!found || a > 1e-6 || -a > 1e-6 || b > 1e-6 || -b > 1e-6) print "off by " a " nats, " b " bits/dim" }' out)"
  verdict "$name: the figure's line has its standard error" \
    "$(grep -qE '^digits, test part, 360 examples: [0-9.]+ nats per example, [0-9.]+ bits/dim; standard error [0-9.]+ nats, [0-9.]+ bits/dim$' out || said out)"
done

# ---- draws of the noise
expect_success "ledger: --dequantisations" "$bijou" evaluate nice --dequantisations 3 --json
cp out three.json
verdict "ledger: three draws are another figure than one" "$(cmp -s <(member nll_nats three.json) <(member nll_nats nice.json) && echo "the same")"
verdict "ledger: which lies near" "$(apart "$(member nll_nats three.json)" "$(member nll_nats nice.json)" 0.5)"
expect_exit "ledger: no draws" 2 'dequantisations' "$bijou" evaluate nice --dequantisations 0

# ---- all parts
expect_success "ledger: all parts at once" "$bijou" evaluate nice --split all --json
verdict "ledger: all parts are all examples" "$([[ $(member examples out) == 1797 ]] || said out)"

# ---- a table
table 200 >table.csv
prepare "$bijou" train realnvp --data table.csv --steps 3 --out table
expect_success "ledger: a table" "$bijou" evaluate table --ledger --json
verdict "ledger: a table: standardisation is an entry, quantisation is none" \
  "$(grep -q 'preprocessing: standardisation' out && ! grep -q '"term":"quantisation' out || said out)"
verdict "ledger: a table: the terms sum to the figure" \
  "$(apart "$(terms nats out | awk '{ s += $1 } END { printf "%.12f", s }')" "$(member nll_nats out)" 1e-6)"
