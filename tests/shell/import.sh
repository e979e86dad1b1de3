#!/usr/bin/env bash
# `bijou import` from outside: the oracles' models, written as state dictionaries, give the oracle's log-likelihood
# through `bijou evaluate`; what does not fit is refused; and a checkpoint of ours opens in Python.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
if ! command -v python3 >/dev/null; then
  skip "import" "there is no python3 to write state dictionaries with"
  exit 0
fi
export LC_ALL=C
oracles=$PWD/tests/oracles
python=$PWD/tests/shell/lib/state_dict.py
cd "$tmp" || exit

figure() { sed -nE 's/.*"nll_nats":([-0-9.e]+),.*/\1/p' out; }
# Within 1e-5 of the oracle's loss, which is in double where the program computes in float.
gives() {  # gives <name> <oracle's loss> <evaluate's options...>
  local name=$1 loss=$2
  shift 2
  expect_success "$name: evaluate" "$bijou" evaluate "$@" --split all --json
  verdict "$name: the oracle's log-likelihood" "$(awk -v a="$(figure)" -v b="$loss" \
    'BEGIN { d = a - b; if (d < 0) d = -d; if (a == "" || d > 1e-5 * b) print a " nats, the oracle says " b }')"
}

for model in glow_rosinality:rosinality-glow:8:--levels=0 realnvp_chrischute:chrischute-realnvp:8:: nice_nflows:nflows::: \
  realnvp_nflows:nflows::: realnvp_normflows:normflows::: masked_normflows:normflows::: glow_normflows_base:normflows:8:; do
  IFS=: read -r m source size levels _ <<<"$model"
  options=(${size:+--size $size} ${levels:+$levels})
  python3 "$python" "$oracles/$m.safetensors" $m >loss || { not_ok "import: $m: its files" "$(cat loss)"; continue; }
  noise=()
  [[ $m == realnvp_chrischute || $m == glow_normflows_base ]] && noise=(--dequantised)
  for kind in safetensors npz; do
    name="import: $m from $kind"
    expect_success "$name" "$bijou" import $m.$kind --from $source "${options[@]}" --out $m-$kind
    expect_files "$name: its folder" $m-$kind ckpt/best.safetensors model.txt
    gives "$name" "$(cat loss)" $m-$kind --data $m.csv "${noise[@]}"
  done
  expect_same "import: $m: safetensors and npz give the same bytes" $m-{safetensors,npz}/ckpt/best.safetensors
  expect_success "import: $m: into a file" "$bijou" import $m.npz --from $source "${options[@]}" --out $m-file.safetensors
  expect_same "import: $m: the file is that of the folder" $m-file.safetensors $m-npz/ckpt/best.safetensors
  expect_success "import: $m: sample" "$bijou" sample $m-npz --count 4
  expect_success "import: $m: check" "$bijou" check $m-npz
done

# ---- classes
python3 "$python" "$oracles/glow_normflows.safetensors" classes >/dev/null
expect_success "import: a class-conditional Glow" "$bijou" import classes.npz --from normflows --out classes
expect_success "import: a class-conditional Glow: sample of a class" "$bijou" sample classes --class 2 --count 4
expect_exit "import: a class-conditional Glow: of a class that is none" 2 'class' "$bijou" sample classes --class 3 --count 4
expect_success "import: a class-conditional Glow: evaluate" "$bijou" evaluate classes --data classes.csv --dequantised --split all
expect_success "import: a class-conditional Glow: check" "$bijou" check classes

# ---- what does not fit
expect_exit "import: another program's file" 4 "nice_nflows\.npz.*has no tensor 'blocks\.0\." "$bijou" import nice_nflows.npz --from rosinality-glow --out never
expect_exit "import: another architecture" 4 '2 tensors do not fit|tensors do not fit: .*left over _transform' \
  "$bijou" import nice_nflows.npz --from nflows --set couplings=3 --out never
expect_exit "import: a cut file" 4 'nflows-cut\.safetensors' bash -c 'head -c 5000 nice_nflows.safetensors >nflows-cut.safetensors; "$@"' - \
  "$bijou" import nflows-cut.safetensors --from nflows --out never
expect_exit "import: a cut archive" 3 'nflows-cut\.npz' bash -c 'head -c 5000 nice_nflows.npz >nflows-cut.npz; "$@"' - \
  "$bijou" import nflows-cut.npz --from nflows --out never
expect_exit "import: no such file" 4 'nowhere' "$bijou" import nowhere --from nflows --out never
expect_exit "import: an unknown source" 2 'rosinality-glow' "$bijou" import nice_nflows.npz --from pickle --out never
expect_exit "import: a size for vectors" 2 '\-\-size and --levels are for images' "$bijou" import nice_nflows.npz --from nflows --size 8 --out never
expect_exit "import: a size that cannot be halved" 2 'multiples of 4' "$bijou" import glow_rosinality.npz --from rosinality-glow --size 6 --out never
verdict "import: what is refused leaves nothing" "$([[ -e never ]] && echo "there is a folder")"

# ---- data that have their noise
expect_exit "import: --dequantised for data without levels in the model" 2 'dequantised is for real numbers' \
  "$bijou" evaluate nice_nflows-npz --data nice_nflows.csv --dequantised
awk -F, 'BEGIN { OFS = "," } NR == 1 { $1 = 256 } { print }' realnvp_chrischute.csv >outside.csv
expect_exit "import: --dequantised: a number outside of the levels" 3 'below 256, found 256' \
  "$bijou" evaluate realnvp_chrischute-npz --data outside.csv --dequantised --split all

# ---- our checkpoints in Python
verdict "import: a checkpoint of ours in Python ($(python3 -c 'import safetensors.numpy' 2>/dev/null && echo 'by the safetensors library' || echo 'by the written format'))" \
  "$(python3 "$python" --read nice_nflows-npz/ckpt/best.safetensors flow.couplings.0.net.first.weight \
    "$oracles/nice_nflows.safetensors" _transform._transforms.0.transform_net.initial_layer.weight 2>&1)"
