#!/usr/bin/env bash
# Who may include whom:  kernels <- autograd <- nn <- flows <- apps;  datasets sees only autograd's tensor and what that
# stands on;  tests see all;  nothing includes apps. OpenMP, the BLAS and SIMD stay in autograd/kernels/; the JSON and
# command-line headers are heavy, and stay out of our headers. Prints each offence as file:line, and exits with 1.
set -u
cd "$(dirname "$0")/.." || exit
rooms=(autograd nn flows datasets apps tests)
mapfile -t files < <(find "${rooms[@]}" -type f \( -name '*.hpp' -o -name '*.cpp' -o -name '*.h' \) 2>/dev/null | sort)
((${#files[@]})) || { echo "check-deps: no sources here"; exit 1; }
offences=0

may_include() {  # may_include <file>: prints the pattern of what it may include of ours
  case $1 in
    autograd/kernels/*) echo '^autograd/(kernels/|(real|check)\.hpp$)' ;;
    autograd/*) echo '^autograd/' ;;
    nn/*) echo '^(autograd|nn)/' ;;
    flows/*) echo '^(autograd|nn|flows)/' ;;
    datasets/*) echo '^(datasets/|autograd/(real|check|shape|storage|tensor|random)\.hpp$)' ;;
    apps/*) echo '^(autograd|nn|flows|datasets|apps)/' ;;
    tests/*) echo '^(autograd|nn|flows|datasets|apps|tests)/' ;;
  esac
}

offence() {  # offence <file:line> <what> <why>
  printf '%s: %s   (%s)\n' "$1" "$2" "$3"
  ((offences++))
}

# Our own headers are included by quotes and by their path from the root.
for file in "${files[@]}"; do
  allowed=$(may_include "$file")
  while IFS=: read -r line text; do
    header=$(sed -E 's/^[^"<]*["<]([^">]*)[">].*/\1/' <<<"$text")
    if [[ $text == *\"* && ! -e $header ]]; then
      offence "$file:$line" "$text" "not a path from the root"
    elif [[ $text == *\"* || -e $header ]] && ! [[ $header =~ $allowed ]]; then
      offence "$file:$line" "$text" "${file%/*}/ may not see it"
    fi
  done < <(grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]' "$file" | grep -E '"|<(autograd|nn|flows|datasets|apps|tests)/')
done

# forbid <pattern> <why> <file>...
forbid() {
  local pattern=$1 why=$2 place text
  shift 2
  (($#)) || return
  while IFS= read -r text; do
    place=$(cut -d: -f1,2 <<<"$text")
    offence "$place" "${text#"$place":}" "$why"
  done < <(grep -nHE "$pattern" "$@")
}

outside=() headers=() not_apps=()
for file in "${files[@]}"; do
  [[ $file == autograd/kernels/* ]] || outside+=("$file")
  [[ $file == *.cpp ]] || headers+=("$file")
  [[ $file == apps/* ]] || not_apps+=("$file")
done
forbid '#[[:space:]]*pragma[[:space:]]+omp|\bomp_[gs]et|\bcblas_|\b_mm(256|512)?_|<(omp|cblas|immintrin)\.h>' \
  'only in autograd/kernels/' "${outside[@]}"
forbid '<(nlohmann|CLI)/' 'not in headers' "${headers[@]}"
forbid '<CLI/' 'only in apps/' "${not_apps[@]}"

if ((offences)); then
  echo "check-deps: $offences offences"
  exit 1
fi
echo "check-deps: ${#files[@]} files, each includes only what it may"
