#!/usr/bin/env bash
# What the README shows: its C++ example compiles as it says, and its two figures agree; its program for the installed
# library is the one that install.sh builds; the files it links to and the make targets it names are there.
. tests/shell/lib/common.bash

block() {  # block <regex>: the C++ of the README that has such a line
  awk -v regex="$1" '
     /^```cpp/ { block = ""; inside = 1; next }
     /^```/ { if (inside && block ~ regex) printf "%s", block; inside = 0 }
     inside { block = block $0 "\n" }' README.md
}
block 'finite difference' >"$tmp/example.cpp"
eval "libs=($(bash .make/openblas.sh libs))"
if "${CXX:-g++}" -std=c++20 -O1 -I. "$tmp/example.cpp" build/f32/libbijou.a -fopenmp "${libs[@]}" -o "$tmp/example" \
  2>"$tmp/log"; then
  output=$("$tmp/example")
  if [[ $output =~ ^gradient\ (-?[0-9.]+),\ finite\ difference\ (-?[0-9.]+)$ ]]; then
    verdict "readme: the example's gradient is its finite difference" "$(
      awk -v a="${BASH_REMATCH[1]}" -v b="${BASH_REMATCH[2]}" \
        'BEGIN { d = a - b; if (d < 0) d = -d; if (d > 2e-3 || a == 0) print a " against " b }')"
  else
    not_ok "readme: the example prints two figures" "it printed: $output"
  fi
else
  not_ok "readme: the example compiles" "$(head -n 3 "$tmp/log")"
fi

verdict "readme: the program for the installed library is tests/consumers/score.cpp" \
  "$(block load_flow | diff - tests/consumers/score.cpp)"

# The recipe for an operation, as it stands there.
{
  printf '#include "autograd/ops.hpp"\n#include <cmath>\nnamespace bijou::inline f32 {\n'
  awk '/^ *```cpp/ { block = ""; inside = 1; next }
       /^ *```/ { if (inside && block ~ /record\("sin"/) printf "%s", block; inside = 0 }
       inside { block = block $0 "\n" }' README.md
  printf '}\n'
} >"$tmp/recipe.cpp"
if grep -q 'record("sin"' "$tmp/recipe.cpp" && "${CXX:-g++}" -std=c++20 -I. -fsyntax-only "$tmp/recipe.cpp" 2>"$tmp/log"; then
  ok "readme: the recipe for an operation compiles"
else
  not_ok "readme: the recipe for an operation compiles" "$(head -n 3 "$tmp/log")"
fi

# The names by which a page's sections are linked: lower case, hyphens for spaces, no punctuation.
sections() { sed -n 's/^##* \(.*\)/<\L\1>/p' "$1" | sed 's/[^a-z0-9<> _-]//g; s/ /-/g'; }
missing=""
for document in README.md flows/README.md apps/bench/README.md apps/results/README.md CONTRIBUTING.md; do
  while read -r link; do
    [[ $link == http* ]] && continue
    file=${link%%#*} section=
    [[ $link != *'#'* ]] || section=${link#*#}
    file=${file:+$(dirname "$document")/$file} file=${file:-$document}
    [[ -e $file && (-z $section || $(sections "$file") == *"<$section>"*) ]] || missing+="$document: $link; "
  done < <(awk '/^ *```/ { code = !code } !code' "$document" | grep -oE '\]\([^)]+\)' | sed 's/^](//; s/)$//')
done
verdict "readme: every link leads to a file, and to a section that it has" "$missing"

unknown=""
for target in $(grep -hoE '^make [a-z0-9-]+|`make [a-z0-9-]+' README.md apps/bench/README.md apps/results/README.md CONTRIBUTING.md | sed 's/.*make //' | grep -v -- '-$' | sort -u); do
  make -n "$target" >/dev/null 2>&1 </dev/null || unknown+="$target "
done
verdict "readme: every make target exists" "$unknown"
