#!/usr/bin/env bash
# Does `bijou check` notice? In a copy of the tree, the sign of one layer's log-determinant is flipped and the program
# built anew: the check must fail, and name that kind of layer, all of them, and the whole, and no other.
set -u
cd "$(dirname "$0")/.." || exit
unset MAKEFLAGS MAKELEVEL MFLAGS

die() { echo "check-mutants: $*" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/build"
# With its time stamps: make then builds only what the mutation changed.
cp -a Makefile .make autograd nn flows datasets apps tests "$work"/ &&
  cp -a build/sources build/f32 build/f64 build/bijou "$work/build"/ || die "cannot copy the tree"

failures=0
# mutant <name> <file> <old> <new> <family> <regex: the layers that must be named> <how many>
mutant() {
  local name=$1 file=$work/$2 old=$3 new=$4 family=$5 layers=$6 count=$7 content rest code last others named why=""
  content=$(<"$file")
  rest=${content#*"$old"}
  [[ $rest != "$content" && $rest != *"$old"* ]] || die "$name: not exactly once in $2: $old"
  cp -a "$file" "$work/original"
  printf '%s\n' "${content%%"$old"*}$new$rest" >"$file"
  make -s -C "$work" build/bijou >"$work/log" 2>&1 </dev/null || { cat "$work/log"; die "$name: it must compile"; }
  "$work/build/bijou" check "$family" >"$work/out" 2>"$work/err" </dev/null
  code=$?
  cat "$work/original" >"$file"  # newer than the objects: they are built again

  last=$(tail -n 1 "$work/out")
  named=$(sed -E 's/^check: [0-9]+ failed: //; s/, /\n/g' <<<"$last" | grep -cE "^($layers)$")
  others=$(sed -E 's/^check: [0-9]+ failed: //; s/, /\n/g' <<<"$last" | grep -vE "^($layers|\(all layers\))$")
  if ((code != 1)); then why="exit code $code, $(cat "$work/err")"
  elif ((named != count)); then why="$named layers are named instead of $count: $last"
  elif [[ -n $others ]]; then why="it names others: $others"
  fi
  if [[ -z $why ]]; then echo "caught   $name   by bijou check $family: $count layers named"
  else echo "SURVIVED $name   $why"; ((failures++))
  fi
}

mutant "DiagonalScale: the sign of sum s" flows/diagonal_scale.cpp \
  'constant_log_det(x, 0) + sum(s_)' 'constant_log_det(x, 0) - sum(s_)' nice 'flow\.scale' 1
mutant "ActNormFlow: the sign of h w sum log|s|" flows/actnorm.cpp \
  'constant_log_det(x, 0) + sum(affine_.log_s()) * hw' 'constant_log_det(x, 0) - sum(affine_.log_s()) * hw' \
  glow 'flow\.images\.scales\.[01]\.steps\.[0-7]\.actnorm' 16
mutant "AffineLaw: the sign of sum s" flows/coupling_laws.cpp \
  'return {affine_coupling(x2, s, t), sum_per_sample(s)}' 'return {affine_coupling(x2, s, t), -sum_per_sample(s)}' \
  realnvp 'flow\.images\.scales\.[01]\.(checkerboard|channel)\.[0-9]' 10
((failures == 0))
