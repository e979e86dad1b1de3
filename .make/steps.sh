#!/usr/bin/env bash
# The first steps of a configuration's training, by Bijou and by PyTorch (apps/results/README.md, "Equality with
# PyTorch"):
#
#   bash .make/steps.sh BENCH CONFIG FOLDER OUT TITLE [--resume]
#
# trains 100 steps from the same weights on the same batches: by Bijou, by PyTorch, and, as a control of what rounding
# comes to, by PyTorch with each batch in reverse order. BENCH: Bijou's side, build/bijou-bench, or the same in
# double; FOLDER: what is repeated, and the losses; OUT: the losses side by side, pictures. With --resume, what FOLDER
# has of these three is not trained again.
#
# Prints, for programs, what `bijou-bench steps`, steps.py and `compare-steps` print, and the seconds that each of the
# three took. Stops with 1 where Bijou's losses and PyTorch's are further apart than 1e-3 of their size.
set -u
cd "$(dirname "$0")/.." || exit
{  # read as a whole before it runs: the file may change under it
(($# == 5)) || [[ $# == 6 && $6 == --resume ]] || { echo "steps: BENCH CONFIG FOLDER OUT TITLE [--resume], not: $*" >&2; exit 2; }
bench=$1 config=$2 folder=$3 out=$4 title=$5 resume=${6:-}
python=$(bash .make/peers.sh build/peers-venv) || exit
pytorch() { PYTHONDONTWRITEBYTECODE=1 "$python" apps/bench/peers/steps.py "$folder" "$@"; }

# What the steps are made of; not of which build of Bijou, which may be newer when it goes on.
made_of() {
  cat "$config"
  build/bijou data info "$(sed -n 's/.*"data": "\([^"]*\)".*/\1/p' "$config")" | grep -e examples -e SHA-256
  basename "$bench"
  "$python" -c 'import torch; print("PyTorch", torch.__version__)'
}

# part <name> <file> <command>...: makes FOLDER/file; FOLDER/name.txt has what it printed, once it came to its end
part() {
  local said=$folder/$1.txt made=$folder/$2 start=$SECONDS
  shift 2
  [[ ! -s $said || ! -s $made ]] || return 0
  rm -f "$said"
  "$@" >"$said.part" && echo "seconds $((SECONDS - start))" >>"$said.part" && mv "$said.part" "$said"
}

if [[ $resume == --resume ]]; then
  [[ -f $folder/made-of && $(made_of) == "$(<"$folder/made-of")" ]] || {
    echo "steps: nothing to go on with: '$folder' has no steps of $config and its data as they are now, by $(basename "$bench") and this PyTorch; leave out --resume" >&2
    exit 2
  }
else
  mkdir -p "$folder" && rm -f "$folder"/{made-of,bijou.txt,pytorch.txt,reversed.txt} && made_of >"$folder/made-of" || exit
fi
trap 'exit 130' INT  # not as a signal, so that who called it has a last word
part bijou bijou.csv "$bench" steps "$config" "$folder" --steps 100 && part pytorch pytorch.csv pytorch &&
  part reversed pytorch-reversed.csv pytorch --reversed || exit
cat "$folder/bijou.txt" "$folder/pytorch.txt" "$folder/reversed.txt"
"$bench" compare-steps "$folder" --out "$out" --title "$title: the first steps"
exit
}
