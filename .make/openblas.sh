#!/usr/bin/env bash
# Where OpenBLAS is, as flags:  openblas.sh cflags | libs | flavour
#
# It must be the OpenMP flavour: called from our OpenMP threads, the pthread flavour starts threads of its own, and
# is many times slower without saying so. Debian keeps the flavours side by side and lets `libopenblas.so` mean the
# pthread one as soon as anything installs it, so its folder is named here, for the linker and (-rpath) for the loader.
set -u
read -ra cxx <<<"${CXX:-g++}"

find_library() {  # the full path of a library that the compiler finds, or nothing
  local file
  file=$("${cxx[@]}" -print-file-name="$1" 2>/dev/null)
  [[ $file == /* && -e $file ]] && printf '%s\n' "$file"
}

cflags="" libs="-lopenblas" flavour=""
if [[ -n ${BLAS_DIR:-} ]]; then
  cflags="-isystem '$BLAS_DIR/include'" libs="-L'$BLAS_DIR/lib' -Wl,-rpath,'$BLAS_DIR/lib' -lopenblas" flavour=given
elif file=$(find_library openblas-openmp/libopenblas.so); then  # Debian, Ubuntu
  dir=$(cd "$(dirname "$file")" && pwd -P)
  cflags="-isystem ${dir/\/lib\//\/include\/}" libs="-L$dir -Wl,-rpath,$dir -lopenblas" flavour=openmp
elif find_library libopenblaso.so >/dev/null; then  # Fedora
  cflags="-isystem /usr/include/openblas" libs="-lopenblaso" flavour=openmp
elif prefix=$(brew --prefix openblas 2>/dev/null) && [[ -d $prefix ]]; then
  cflags="-isystem $prefix/include" libs="-L$prefix/lib -Wl,-rpath,$prefix/lib -lopenblas" flavour=openmp
elif find_library libopenblas.so >/dev/null || find_library libopenblas.dylib >/dev/null; then
  flavour=unknown  # the program asks it at start, and refuses the wrong one
fi

case ${1:-} in
  cflags) echo "$cflags" ;;
  libs) echo "$libs" ;;
  flavour) echo "$flavour" ;;
  *) echo "usage: openblas.sh cflags | libs | flavour" >&2; exit 2 ;;
esac
