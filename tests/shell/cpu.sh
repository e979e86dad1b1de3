#!/usr/bin/env bash
# A program that was built for another processor says so in one line, before any of that processor's instructions.
# Here the program is linked again, with the kernels' own check compiled for a processor that hardly anybody has.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
name="cpu: a program for another processor says so"

read -ra cxx <<<"${CXX:-g++}"
if [[ $(uname -m) != x86_64 ]]; then
  skip "$name" "the check is about x86 processors"
  exit 0
elif grep -qw fma4 /proc/cpuinfo; then
  skip "$name" "this processor has even FMA4"
  exit 0
fi
objects=()
for source in apps/*.cpp apps/plot/*.cpp apps/inspect/*.cpp; do objects+=("build/f32/${source%.cpp}.o"); done
for source in apps/inspect/*.cpp; do objects+=("build/f64/${source%.cpp}.o"); done
for file in "${objects[@]}" build/f32/libbijou.a build/f64/libbijou.a; do
  [[ -e $file ]] || { skip "$name" "there is no $file"; exit 0; }
done
# Before the archive: the archive's own object of this source is then not taken.
if ! "${cxx[@]}" -std=c++20 -fopenmp -I. -O2 -mfma4 -c autograd/kernels/machine.cpp -o "$tmp/machine.o" 2>"$tmp/err" ||
  ! eval "\"\${cxx[@]}\" -fopenmp -o \"\$tmp/bijou\" \"\$tmp/machine.o\" \"\${objects[@]}\" build/f32/libbijou.a build/f64/libbijou.a $(bash .make/openblas.sh libs) -lz" 2>"$tmp/err"; then
  not_ok "cpu: the program is linked again" "$(head -n 3 "$tmp/err")"
  exit 1
fi
for arguments in "" "--help" "train realnvp" "train realnvp --lr 0"; do
  # shellcheck disable=SC2086
  expect_exit "$name (bijou $arguments)" 2 'built for a processor with FMA4, which this one lacks.*make clean && make' "$tmp/bijou" $arguments
done
