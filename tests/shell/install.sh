#!/usr/bin/env bash
# make install and make uninstall: what is put where, and that two projects that see nothing but the installed tree
# (tests/consumers/, copied) are built from it and say of a trained model what `bijou evaluate` says.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
make=(make --no-print-directory -s)
"${make[@]}" build/bijou build/f32/libbijou.a >/dev/null 2>&1  # nothing to do, unless a source was changed since

all_of() { (cd "$1" && find . ! -name . | LC_ALL=C sort); }  # all_of <folder>: what is in it
refused() {  # refused <name> <regex of the one line> <arguments of make...>
  local name=$1 regex=$2
  shift 2
  run "${make[@]}" "$@"
  verdict "$name" "$(complaint 2
    (($(grep -vc '^make' "$tmp/err") == 1)) && grep -qE "^(un)?install: .*($regex)" "$tmp/err" || said "$tmp/err")"
}

# ---- what is refused ------------------------------------------------------------------------------------------------

touch "$tmp/file"
refused "install: a relative PREFIX" 'PREFIX must be an absolute path.*try PREFIX=' install PREFIX=somewhere
refused "install: no PREFIX" 'PREFIX must be an absolute path' install PREFIX=
refused "install: a PREFIX with .." "neither may hold '\.\.'" install PREFIX="$tmp/../x"
refused "install: a PREFIX below a file" 'file/x.* cannot be written.*try another PREFIX' install PREFIX="$tmp/file/x"
refused "install: a PREFIX where nobody can write" '/proc/x.* cannot be written.*try another PREFIX' install PREFIX=/proc/x
refused "install: uninstall where nothing is installed" 'nothing of Bijou is installed there; give the PREFIX' uninstall PREFIX="$tmp"
verdict "install: what was refused left nothing" "$(all_of "$tmp" | grep -vxE '\./(file|out|err)')"

# ---- what is put where ----------------------------------------------------------------------------------------------

prefix="$tmp/a prefix"
expect_success "install: into a folder that is not there yet" "${make[@]}" install PREFIX="$prefix"
expect_files "install: its files" "$prefix" bin/bijou lib/libbijou.a lib/pkgconfig/bijou.pc lib/cmake/bijou/bijouConfig.cmake \
  lib/cmake/bijou/bijouConfigVersion.cmake include/bijou/flows/checkpoint.hpp include/bijou/datasets/dataset.hpp \
  share/doc/bijou/LICENSE share/doc/bijou/third-party.txt share/doc/bijou/digits.md
verdict "install: all headers are below include/bijou, the kernels' own are not there" "$(
  find "$prefix" -name '*.hpp' ! -path "$prefix/include/bijou/*"
  [[ ! -e $prefix/include/bijou/autograd/kernels/winograd.hpp ]] || echo winograd.hpp)"
verdict "install: everybody may read it" "$(find "$prefix" ! -perm -444)"
verdict "install: no placeholder is left" "$(grep -rnE '@[A-Z_]+@' "$prefix/lib/pkgconfig" "$prefix/lib/cmake")"
verdict "install: PREFIX is in no file" "$(grep -rlF "$prefix" "$prefix")"

mkdir -p "$tmp/stage"
expect_success "install: staged by DESTDIR" "${make[@]}" install PREFIX=/usr/local DESTDIR="$tmp/stage"
verdict "install: the staged tree is the same" "$(diff -r --exclude=installed.txt "$prefix" "$tmp/stage/usr/local" 2>&1)"
expect_success "install: the staged tree is uninstalled" "${make[@]}" uninstall PREFIX=/usr/local DESTDIR="$tmp/stage"
verdict "install: nothing of it is left" "$(all_of "$tmp/stage")"

# ---- among what others installed ------------------------------------------------------------------------------------

other=$tmp/other
mkdir -p "$other/bin" "$other/lib/pkgconfig" "$other/share"
touch "$other/bin/else" "$other/lib/pkgconfig/else.pc"
before=$(all_of "$other")
run "${make[@]}" install PREFIX="$other"
touch "$other/include/bijou/nn/old.hpp" "$other/include/theirs.hpp"
sed -i '1i include/bijou/nn/old.hpp' "$other/share/doc/bijou/installed.txt"
expect_success "install: a second time" "${make[@]}" install PREFIX="$other"
verdict "install: what the version before had, and this one has not, is gone" "$(ls "$other/include/bijou/nn/old.hpp" 2>/dev/null)"
expect_success "install: uninstall beside others" "${make[@]}" uninstall PREFIX="$other"
verdict "install: what others put there stays, and nothing else" "$(
  diff <(printf '%s\n' "$before" ./include ./include/theirs.hpp | LC_ALL=C sort) <(all_of "$other"))"

# ---- two projects ---------------------------------------------------------------------------------------------------

mv "$prefix" "$tmp/moved away" && prefix="$tmp/moved away"  # no file holds where it was
cp -r tests/consumers "$tmp/project"
cd "$tmp" || exit
mkdir include_all
(cd "$prefix/include/bijou" && find . -name '*.hpp' | sort | sed 's/^\.\/\(.*\)/#include "\1"/') >include_all/all.cpp
run "${CXX:-g++}" -std=c++20 -Wall -Werror -fsyntax-only -I"$prefix/include/bijou" include_all/all.cpp
verdict "install: its headers need no others" "$(complaint 0)"

table 300 >table.csv
table 50 >rows.csv
prepare "$prefix/bin/bijou" train realnvp --data table.csv --steps 30 --batch-size 32 --out run
prepare "$prefix/bin/bijou" evaluate run --test-data rows.csv --json
nll=$(grep -oE '"nll_nats":[-0-9.e]+' out | cut -d: -f2)
prepare "$prefix/bin/bijou" sample run --count 3 --seed 1 --out samples.csv

same_figures() {  # same_figures <name> <program>
  run "$2" run/ckpt/best.safetensors rows.csv
  verdict "$1: log p(x) is that of bijou evaluate" "$(complaint 0
    awk -v nll="$nll" '
      NR == 1 { d = ($4 - nll) / nll; found = 1; if (nll == "" || d * d > 1e-12) print $4 " against " nll }
      END { if (!found) print "it printed nothing" }' out)"
  verdict "$1: its samples are those of bijou sample" "$(tail -n +2 out | diff - samples.csv)"
  run "$2" run/config.json rows.csv
  verdict "$1: a file that is no checkpoint" "$(complaint 1; (($(wc -l <err) == 1)) && grep -q 'config.json' err || said err)"
  verdict "$1: the OpenBLAS it was built for" "$(diff <(openblas_of "$prefix/bin/bijou") <(openblas_of "$2"))"
}
openblas_of() { ldd "$1" | grep openblas | sed 's/ (.*//'; }

if command -v pkg-config >/dev/null; then
  run env PKG_CONFIG_PATH="$prefix/lib/pkgconfig" make -C project
  if ((code == 0)); then same_figures "install, pkg-config" project/score; else not_ok "install: by pkg-config" "$(tail -n 5 err)"; fi
  rm -f project/score
  verdict "install, pkg-config: the version is the program's" \
    "$(diff <(PKG_CONFIG_PATH="$prefix/lib/pkgconfig" pkg-config --modversion bijou) <("$prefix/bin/bijou" --version | sed 's/^bijou \([0-9.]*\),.*/\1/'))"
else
  skip "install: by pkg-config" "there is no pkg-config"
fi
if command -v cmake >/dev/null; then
  run bash -c 'cmake -S project -B cmake-build -DCMAKE_PREFIX_PATH="$1" && cmake --build cmake-build' - "$prefix"
  if ((code == 0)); then same_figures "install, CMake" cmake-build/score; else not_ok "install: by CMake" "$(cat err out | tail -n 8)"; fi
  sed -i 's/bijou 0\.1 /bijou 99.0 /' project/CMakeLists.txt
  run cmake -S project -B cmake-other -DCMAKE_PREFIX_PATH="$prefix"
  verdict "install, CMake: another version is refused" "$(complaint 1; grep -q 'version: 0\.' err || tail -n 5 err)"
else
  skip "install: by CMake" "there is no cmake"
fi

cd - >/dev/null || exit
expect_success "install: uninstall where it was moved to" "${make[@]}" uninstall PREFIX="$prefix"
verdict "install: nothing is left" "$(ls -d "$prefix" 2>/dev/null)"
