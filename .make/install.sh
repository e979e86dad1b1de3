#!/usr/bin/env bash
# Puts the program and the library where others find them, and takes them away again:
#
#   PREFIX=/usr/local DESTDIR= VERSION=0.1.0 bash .make/install.sh install | uninstall
#
# What is installed holds no path of PREFIX, and may be moved as a whole. share/doc/bijou/installed.txt lists the files that
# were put there and, ending in a slash, the folders that had to be made: uninstall goes by it, and a second install
# takes away what a new version no longer has.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
what=${1-} list=share/doc/bijou/installed.txt root=${DESTDIR-}${PREFIX-}
stop() { echo "$what: $*" >&2; exit 2; }

case $what in
  install | uninstall) ;;
  *) echo "usage: install.sh install | uninstall" >&2; exit 2 ;;
esac
[[ ${PREFIX-} == /* && /$root/ != */../* && $root != *$'\n'* ]] ||
  stop "PREFIX=${PREFIX-}${DESTDIR:+, DESTDIR=$DESTDIR}: PREFIX must be an absolute path, and neither may hold '..' or a line break; try PREFIX=\"\$HOME/.local\""
[[ $root == /* ]] || root=$PWD/$root  # DESTDIR is seen from the Makefile
while [[ $root == *//* ]]; do root=${root//\/\//\/}; done
root=${root%/}
umask 022

# What was put there before. An entry that leads elsewhere is not ours.
installed=()
if [[ -e $root/$list ]]; then
  { mapfile -t installed <"$root/$list"; } 2>/dev/null || stop "$root/$list cannot be read; become who installed it"
  for entry in "${installed[@]}"; do
    [[ $entry =~ ^(\./|(\.\./)+)$ || (-n $entry && $entry != /* && /$entry/ != */./* && /$entry/ != */../*) ]] ||
      stop "$root/$list is damaged ('$entry'); remove what is Bijou's by hand"
  done
fi

# The folder that an entry names, without dots: "../" is the one that PREFIX lies in.
folder() {
  local path=$root entry=$1
  case $entry in
    ./) ;;
    ../*) for (( ; ${#entry} > 0; )); do path=${path%/*} entry=${entry#../}; done ;;
    *) path=$root/${entry%/} ;;
  esac
  printf '%s\n' "${path:-/}"
}

if [[ $what == uninstall ]]; then
  ((${#installed[@]})) || stop "$root has no $list: nothing of Bijou is installed there; give the PREFIX (and DESTDIR) that it was installed with"
  for entry in "${installed[@]}"; do
    case $entry in
      */) rmdir -- "$(folder "$entry")" 2>/dev/null ;;  # not when others use it, too
      *) rm -f -- "$root/$entry" 2>/dev/null || stop "$root/$entry cannot be removed; become who installed it" ;;
    esac
  done
  echo "uninstalled from $root"
  exit 0
fi

# ---- what to install ------------------------------------------------------------------------------------------------

[[ -z ${BLAS_DIR-} || $BLAS_DIR == /* ]] ||
  stop "BLAS_DIR=$BLAS_DIR is not an absolute path, and would be looked for from wherever the program runs; build with BLAS_DIR=\"\$PWD/$BLAS_DIR\""
eval "blas=($(bash .make/openblas.sh libs))"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

joined() { local IFS=';'; printf '%s' "$*"; }
directories=() options=() libraries=() words=()
for word in "${blas[@]}"; do
  if [[ $word == *[[:space:]]* ]]; then words+=("$(printf %q "$word")"); else words+=("$word"); fi
  case $word in
    -L*) directories+=("${word#-L}") ;;
    -l*) libraries+=("$word") ;;
    -Wl,*) options+=("LINKER:${word#-Wl,}") ;;
  esac
done
fill() {  # fill <template>: into $work, with what this build is linked with
  local text
  text=$(<".make/install/$1")
  text=${text//@VERSION@/"$VERSION"}
  text=${text//@BLAS@/"${words[*]}"}
  text=${text//@BLAS_DIRECTORIES@/"$(joined "${directories[@]}")"}
  text=${text//@BLAS_OPTIONS@/"$(joined "${options[@]}")"}
  text=${text//@BLAS_LIBRARIES@/"$(joined "${libraries[@]}")"}
  printf '%s\n' "$text" >"$work/$1"
}

# All headers but those of the kernels, of which only what the others include is anybody's business.
headers() {
  local new=(autograd/*.hpp nn/*.hpp flows/*.hpp flows/import/*.hpp datasets/*.hpp) all=()
  while ((${#new[@]})); do
    all+=("${new[@]}")
    mapfile -t new < <(sed -nE 's/^#include "(autograd\/kernels\/[^"]+)".*/\1/p' "${new[@]}" | sort -u |
      grep -vxF -f <(printf '%s\n' "${all[@]}"))
  done
  printf '%s\n' "${all[@]}"
}

modes=() sources=() targets=()
put() { modes+=("$1") sources+=("$2") targets+=("$3"); }  # put <mode> <file> <where, below PREFIX>
put 755 build/bijou bin/bijou
put 644 build/f32/libbijou.a lib/libbijou.a
while read -r header; do put 644 "$header" "include/bijou/$header"; done < <(headers)
fill bijou.pc && put 644 "$work/bijou.pc" lib/pkgconfig/bijou.pc
for file in bijouConfig.cmake bijouConfigVersion.cmake; do fill $file && put 644 "$work/$file" lib/cmake/bijou/$file; done
put 644 LICENSE share/doc/bijou/LICENSE
put 644 .make/install/third-party.txt share/doc/bijou/third-party.txt
put 644 datasets/digits/README.md share/doc/bijou/digits.md

# ---- where to -------------------------------------------------------------------------------------------------------

# Folders that are not there yet, and those that an earlier install had made.
declare -A made=()
for entry in "${installed[@]}"; do [[ $entry != */ ]] || made[$entry]=1; done
for target in "${targets[@]}"; do
  inside=${target%/*}
  while [[ ! -d $root/$inside ]]; do
    made[$inside/]=1
    [[ $inside == */* ]] || break
    inside=${inside%/*}
  done
done
entry=./
while [[ ! -d $(folder $entry) ]]; do
  made[$entry]=1
  if [[ $entry == ./ ]]; then entry=../; else entry=../$entry; fi
done
above=$(folder $entry)
[[ ! -e $root || -d $root ]] && [[ -w $above ]] ||
  stop "$root cannot be written; try another PREFIX (make install PREFIX=\"\$HOME/.local\"), or become root"

for target in "${installed[@]}"; do
  case $target in */ | "$list") continue ;; esac
  printf '%s\n' "${targets[@]}" | grep -qxF -- "$target" || rm -f -- "$root/$target"
done

# The list comes first, so that an install that breaks off can be taken away.
{
  printf '%s\n' "${targets[@]}" "$list"
  printf '%s\n' "${!made[@]}" | grep -v '^\.' | LC_ALL=C sort -r  # the inner ones before those around them
  printf '%s\n' "${!made[@]}" | grep '^\.' | LC_ALL=C sort | awk '{ print length, $0 }' | sort -n | cut -d' ' -f2
} | sed '/^$/d' >"$work/list"
put 644 "$work/list" $list

((last = ${#targets[@]} - 1))
for i in $last "${!targets[@]}"; do
  target=$root/${targets[i]}
  said=$({ mkdir -p -- "${target%/*}" && install -m "${modes[i]}" -- "${sources[i]}" "$target"; } 2>&1) ||
    stop "$target cannot be written (${said##*: }); try another PREFIX (make install PREFIX=\"\$HOME/.local\"), or become root"
done
echo "installed in $root: bin/bijou, lib/libbijou.a, include/bijou, bijou.pc for pkg-config and bijouConfig.cmake; make uninstall takes them away"
