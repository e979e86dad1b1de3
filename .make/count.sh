#!/usr/bin/env bash
# Lines by room: code and comment lines of .hpp and .cpp files; blank lines do not count.
cd "$(dirname "$0")/.." || exit
printf '%-18s %6s %8s %9s %8s\n' room files code comments longest
rooms=(autograd autograd/kernels nn flows datasets apps tests)
for room in "${rooms[@]}"; do
  prune=()
  [[ $room == autograd ]] && prune=(-path autograd/kernels -prune -o)
  files=()
  [[ -d $room ]] && mapfile -t files < <(find "$room" "${prune[@]}" -type f \( -name '*.hpp' -o -name '*.cpp' \) -print)
  awk -v room="$room" -v files=${#files[@]} '
    FNR == 1 { block = 0 }
    FNR > longest { longest = FNR }
    /^[ \t]*$/ { next }
    block { comments++; if (/\*\//) block = 0; next }
    /^[ \t]*\/\// { comments++; next }
    /^[ \t]*\/\*/ { comments++; if (!/\*\//) block = 1; next }
    { code++ }
    END { printf "%-18s %6d %8d %9d %8d\n", room, files, code, comments, longest }' "${files[@]:-/dev/null}"
done | awk '{ print; files += $2; code += $3; comments += $4; if ($1 != "apps" && $1 != "tests") library += $3 }
  END {
    printf "%-18s %6d %8d %9d\n", "all", files, code, comments
    print "the library (without apps and tests): " library " lines of code"
  }'
