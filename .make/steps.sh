#!/usr/bin/env bash
# The first steps of a configuration's training, by Bijou and by PyTorch (apps/results/README.md, "Equality with
# PyTorch"):
#
#   bash .make/steps.sh BENCH CONFIG FOLDER OUT TITLE    100 steps from the same weights on the same batches. BENCH: Bijou's
#                                                        side, build/bijou-bench, or the same in double; FOLDER: what
#                                                        is repeated, and the losses; OUT: both side by side, pictures
#
# Prints, for programs, what `bijou-bench steps`, steps.py and `compare-steps` print. Where the losses are further apart
# than 1e-3 of their size there is a control, PyTorch against itself from weights with another last bit; and it stops
# with 1.
set -u
cd "$(dirname "$0")/.." || exit
{  # read as a whole before it runs: the file may change under it
bench=$1 config=$2 folder=$3 out=$4 title=$5
python=$(bash .make/peers.sh build/peers-venv) || exit
pytorch() { PYTHONDONTWRITEBYTECODE=1 "$python" apps/bench/peers/steps.py "$folder" "$@"; }
compare() { "$bench" compare-steps "$folder" --out "$out" --title "$title: the first steps"; }

rm -rf "$folder"
"$bench" steps "$config" "$folder" --steps 100 && pytorch || exit
compared=$(compare)
code=$?
if ((code == 1)); then
  pytorch --nudged >/dev/null || { echo "steps: the losses differ, and the control, PyTorch against itself, did not run to its end" >&2; exit 1; }
  compared=$(compare)
fi
[[ -z $compared ]] || printf '%s\n' "$compared"
exit "$code"
}
