#!/usr/bin/env bash
# What the build needs: looks for each thing, and installs only what is missing.
#   deps.sh build | lint | format | fuzz
# With apt it installs; elsewhere it names the packages and stops with 3.
set -uo pipefail
cd "$(dirname "$0")/.."
read -ra cxx <<<"${CXX:-g++}"

#            header              apt                    dnf                 brew
headers='    cblas.h             libopenblas-openmp-dev openblas-devel      openblas
             stb/stb_image.h     libstb-dev             stb-devel           -
             doctest/doctest.h   doctest-dev            doctest-devel       doctest
             zlib.h              zlib1g-dev             zlib-devel          zlib
             CLI/CLI.hpp         libcli11-dev           cli11-devel         cli11
             nlohmann/json.hpp   nlohmann-json3-dev     json-devel          nlohmann-json
             omp.h               libomp-dev             libomp-devel        libomp'

# The least that libFuzzer can be linked with.
fuzzer='extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }'

stop() { printf 'deps: %s\n' "$@" >&2; exit 3; }

missing_headers() {  # one run of the preprocessor asks for all
  local header rest program='' found
  if ! command -v "${cxx[0]}" >/dev/null; then
    echo compiler
    while read -r header rest; do
      [[ $header == omp.h || -e /usr/include/$header ]] || echo "$header"
    done <<<"$headers"
    return
  fi
  while read -r header rest; do
    program+="#if !__has_include(<$header>)"$'\n'"missing: $header"$'\n'"#endif"$'\n'
  done <<<"$headers"
  read -ra include <<<"$(bash .make/openblas.sh cflags | tr -d "'") ${CPPFLAGS:-}"
  found=$("${cxx[@]}" -std=c++20 -fopenmp "${include[@]}" -E -P -x c++ - <<<"$program" 2>&1) ||
    stop "${cxx[*]} cannot preprocess C++20 (g++ 11 or later can):" "$found"
  sed -n 's/^missing: //p' <<<"$found"
}

missing() {  # the names of what is missing, one a line
  case $1 in
    build)
      missing_headers
      # Debian's other flavour has the same header, but it is not the library that we need.
      local flavour
      flavour=$(bash .make/openblas.sh flavour)
      [[ -n $flavour && ! ($flavour == unknown && -n $(command -v apt-get)) ]] || echo cblas.h
      ;;
    lint)
      command -v "${CLANG:-clang++-14}" >/dev/null || echo "${CLANG:-clang++-14}"
      command -v "${CLANG_TIDY:-clang-tidy-14}" >/dev/null || echo "${CLANG_TIDY:-clang-tidy-14}"
      ;;
    fuzz)
      local clang=${CLANG:-clang++-14}
      if ! command -v "$clang" >/dev/null; then printf '%s\n' "$clang" "libclang_rt-${clang##*-}"
      elif ! "$clang" -fsanitize=fuzzer,address -x c++ - -o /dev/null 2>/dev/null <<<"$fuzzer"; then
        echo "libclang_rt-${clang##*-}"
      fi
      ;;
    format) command -v "${CLANG_FORMAT:-clang-format-14}" >/dev/null || echo "${CLANG_FORMAT:-clang-format-14}" ;;
    *) echo "usage: deps.sh build | lint | format | fuzz" >&2; exit 2 ;;
  esac
}

package() {  # package <column: 2 apt, 3 dnf, 4 brew> <thing>
  case $2 in
    compiler) set -- "$1" g++ gcc-c++ gcc && echo "${!1}" ;;
    clang++-*) set -- "$1" "clang-${2##*-}" clang llvm && echo "${!1}" ;;
    libclang_rt-*) set -- "$1" "libclang-rt-${2##*-}-dev" compiler-rt llvm && echo "${!1}" ;;
    clang-tidy-* | clang-format-*) set -- "$1" "$2" clang-tools-extra llvm && echo "${!1}" ;;
    *) awk -v column="$1" -v thing="$2" '$1 == thing { print $column; found = 1 } END { if (!found) print thing }' <<<"$headers" ;;
  esac
}

packages() {  # packages <column> <things, one a line>
  local thing
  while read -r thing; do package "$1" "$thing"; done <<<"$2" | grep -vx -e - | sort -u | tr '\n' ' '
}

run() { printf '+ %s\n' "$*"; "$@" </dev/null; }

install() {  # install <package>...
  local as_root=() apt
  if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || stop "missing, and only root can install: apt-get install --no-install-recommends $*"
    as_root=(sudo)
    (: </dev/tty) 2>/dev/null || as_root=(sudo -n)  # nobody there to type a password
  fi
  apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120)
  if compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then
    run "${apt[@]}" install -y --no-install-recommends "$@" && return
    echo "deps: the package lists may be out of date"
  fi
  run "${apt[@]}" update && run "${apt[@]}" install -y --no-install-recommends "$@" ||
    stop "apt-get could not install: $*"
}

things=$(missing "$1" | sort -u) || exit
[[ -n $things ]] || exit 0
command -v apt-get >/dev/null || stop "missing: $(tr '\n' ' ' <<<"$things")" \
  "there is no apt here; the packages are called" \
  "  Fedora     dnf install $(packages 3 "$things")" \
  "  Homebrew   brew install $(packages 4 "$things")" \
  "  Debian     apt-get install $(packages 2 "$things")" \
  "and headers that have no package (stb) may lie anywhere: make CPPFLAGS=-I/their/folder"
echo "deps: missing: $(tr '\n' ' ' <<<"$things")"
# shellcheck disable=SC2046
install $(packages 2 "$things")
things=$(missing "$1" | sort -u) || exit
[[ -z $things ]] || stop "installed, and still not found: $(tr '\n' ' ' <<<"$things")"
