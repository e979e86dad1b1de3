#!/usr/bin/env bash
# OpenBLAS must be its OpenMP build: the Makefile finds it by its folder, and the program refuses another one.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash

loaded=$(ldd "$bijou" | awk '/openblas/ { print $3 }')
debian=$(dirname "$(${CXX:-g++} -print-file-name=openblas-openmp/libopenblas.so 2>/dev/null)")
if [[ -n ${BLAS_DIR:-} ]]; then
  skip "blas: the OpenMP build is loaded" "BLAS_DIR names another OpenBLAS"
elif [[ $debian != /* ]]; then
  skip "blas: the OpenMP build is loaded" "this is not Debian's OpenBLAS"
else
  verdict "blas: the OpenMP build is loaded" "$([[ $loaded == */openblas-openmp/libopenblas* ]] || echo "loaded: $loaded")"
fi

# A library that says of itself what the pthread build says (1), or the sequential one (0).
imitate() { echo "int openblas_get_parallel(void) { return $1; }" | gcc -shared -fPIC -x c - -o "$tmp/imitation.so" 2>/dev/null; }
for flavour in 1:pthread 0:sequential; do
  name="blas: the ${flavour#*:} build is refused"
  if imitate "${flavour%:*}"; then
    expect_exit "$name" 2 "OpenBLAS.* ${flavour#*:} build.*libopenblas-openmp-dev" env LD_PRELOAD="$tmp/imitation.so" \
      "$bijou" train realnvp --steps 1 --out "$tmp/never"
  else
    skip "$name" "there is no C compiler to imitate it"
  fi
done

real=${debian%openmp}pthread
if [[ $debian == /* && -e $real/libopenblas.so.0 ]]; then
  expect_exit "blas: Debian's pthread build is refused" 2 'OpenBLAS.* pthread build.*libopenblas-openmp-dev' env LD_LIBRARY_PATH="$real" \
    "$bijou" train realnvp --steps 1 --out "$tmp/never"
else
  skip "blas: Debian's pthread build is refused" "it is not installed"
fi

# A processor that OpenBLAS does not know gets kernels by what it can do; a choice of one's own stays.
if ! grep -qw avx2 /proc/cpuinfo; then
  skip "blas: no kernels of before AVX2" "this processor has no AVX2"
else
  verdict "blas: no kernels of before AVX2" \
    "$(env -u OPENBLAS_CORETYPE "$bijou" --version | grep -E 'Prescott|Core2|Penryn|Nehalem|Sandybridge|Barcelona')"
  verdict "blas: OPENBLAS_CORETYPE has the last word" \
    "$(OPENBLAS_CORETYPE=Nehalem "$bijou" --version | grep -q Nehalem || "$bijou" --version)"
fi
