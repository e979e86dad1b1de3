#!/usr/bin/env bash
# Trains the three models at full size for 50 steps, on 1, 2 and 4 threads: the checkpoints must not differ in a byte, and
# 2 threads must be faster than 1. Takes some minutes; `make test` has the same at small sizes.
#
#   bash tests/same_bytes.sh [steps]
set -u
cd "$(dirname "$0")/.." || exit
steps=${1:-50}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0

verdict() {  # verdict <name> <what is wrong, or nothing>
  if [[ -z $2 ]]; then echo "ok - $1" && ((++passed)); else echo "not ok - $1: $2" && ((++failed)); fi
}

while read -r workload batch what; do
  ms=()
  for threads in 1 2 4; do
    ms[threads]=$(OMP_NUM_THREADS=$threads build/bijou-bench train "$workload" --batch "$batch" --steps "$steps" \
      --out "$tmp/$threads.safetensors") || ms[threads]=failed
  done
  figures="${ms[1]} ms a step on 1 thread, ${ms[2]} on 2, ${ms[4]} on 4"
  bytes=$(stat -c %s "$tmp/1.safetensors" 2>/dev/null)
  verdict "$what: $steps steps, the same checkpoint of ${bytes:-no} bytes on 1, 2 and 4 threads" \
    "$(for t in 2 4; do cmp "$tmp/1.safetensors" "$tmp/$t.safetensors" 2>&1; done)"
  if (($(nproc) > 1)); then
    verdict "$what: faster on 2 threads ($figures)" "$(awk "BEGIN { if (!(${ms[2]} + 0 < ${ms[1]} + 0)) print \"not faster\" }")"
  else
    echo "skip - $what: $figures, with a single core"
  fi
  rm -f "$tmp"/*.safetensors
done <<'END'
W1 100 NICE, the paper's network for MNIST
W2 8 RealNVP on 32x32x3 images
W5 64 Glow on 28x28x1 images
END

echo "$passed passed, $failed failed"
((failed == 0))
