#!/usr/bin/env bash
# bijou-bench from outside: its table, its list, its server; and what make bench-peers says where there is no Python.
# The comparison with PyTorch itself is run once where build/peers-venv has been made.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
need_bench bench

expect_usage() {  # expect_usage <name> <regex of the one line> <command...>
  local name=$1 regex=$2
  shift 2
  run "$@"
  verdict "$name" "$(complaint 2; [[ $(wc -l <"$tmp/err") == 1 ]] && grep -qE "^bijou-bench: .*($regex)" "$tmp/err" || said "$tmp/err")"
}
names='W1, W2, W3, W4, W5, W6, W7a, W7b, W8'
expect_usage "bench: an unknown workload is named, and the known ones" "'W99'; there are: $names" "$bench" table --only W99
expect_usage "bench: run, too" "'W99'; there are: $names" "$bench" run W99
expect_usage "bench: a beginning is no name" "'W7' is more than one workload; the first is W7a" "$bench" run W7
expect_usage "bench: no command" 'subcommand is required.*--help' "$bench"
expect_usage "bench: timings of nothing" '--timings' "$bench" run W6 --timings 0

# Counted by hand: 2 FLOP for a multiply-add, three products each; W1 is 4 couplings of 392-1000-1000-1000-1000-1000-392
# on 100 images, W6 8 couplings of 1-128-128-2 on 512 points.
run "$bench" list
w1=$(awk 'BEGIN { printf "%.6g", 2e-9 * 3 * 100 * 4 * (392 * 1000 * 2 + 4 * 1000 * 1000) }')
w6=$(awk 'BEGIN { printf "%.6g", 2e-9 * 3 * 512 * 8 * (128 + 128 * 128 + 2 * 128) }')
for pair in "W1 $w1" "W6 $w6"; do
  verdict "bench: the GFLOP of ${pair% *}" "$(awk -F'\t' -v pair="$pair" '$1 " " $6 == pair { found = 1 } END { exit !found }' "$tmp/out" ||
    echo "not $pair: $(grep "^${pair% *}" "$tmp/out")")"
done

# median min max gflop peak
run "$bench" run W6 --timings 3 --seconds 0
verdict "bench: a workload's numbers" "$(complaint 0; awk '/^ms/ && 0 < $3 && $3 <= $2 && $2 <= $4 && $6 > 0.4 && $8 > 1e6 { ok = 1 } END { exit !ok }' \
  "$tmp/out" || said "$tmp/out")"

run "$bench" table --only W6 --timings 2 --seconds 0
verdict "bench: the table has the machine" "$(complaint 0; for what in processor BLAS 'multiply-add peak *[1-9]' 'sgemm.* [1-9]' 'bandwidth.* [1-9]'; do
  grep -qE "$what" "$tmp/out" || echo "no $what"; done)"
verdict "bench: the table has a row" "$(grep -qE '^W6 +RealNVP .* 512 +[0-9.]+ +\([0-9.]+ \.\. [0-9.]+\) +[0-9.]+ +[0-9]+% +[0-9]+ +[0-9.]+ +[0-9.]+$' \
  "$tmp/out" || said "$tmp/out")"

# ---- the same bytes, and memory against depth
for threads in 1 2; do
  OMP_NUM_THREADS=$threads run "$bench" train W6 --batch 64 --steps 3 --out "$tmp/$threads.safetensors"
  verdict "bench: steps and a checkpoint, $threads threads" "$(complaint 0; grep -qxE '[0-9.]+' "$tmp/out" || said "$tmp/out")"
done
expect_same "bench: the same checkpoint on 1 and 2 threads" "$tmp/1.safetensors" "$tmp/2.safetensors"
run "$bijou" sample "$tmp/1.safetensors" --count 5 --out "$tmp/samples.csv"
verdict "bench: it is a checkpoint like any other" "$(complaint 0)"
expect_usage "bench: sampling is no training" 'W7a is no repeated training step' "$bench" train W7a --out "$tmp/x"
run "$bench" train W6 --batch 4 --steps 1 --out "$tmp/no such folder/x"
verdict "bench: a checkpoint that cannot be written" "$(complaint 6)"
run "$bench" memory --depths 1 4 --width 8 --batch 2 --timed 1 --out "$tmp/memory.png"
verdict "bench: memory against depth" "$(complaint 0; (($(grep -cE '^ +[14] +[0-9.]+ +[0-9.]+ +[0-9.]+ ' "$tmp/out") == 2)) || said "$tmp/out")"
expect_files "bench: its picture" "$tmp" memory.png
run "$bench" memory --depths 1 --out "$tmp/no such folder/x.png"
verdict "bench: a picture that cannot be written, before anything is measured" "$(complaint 6; [[ -s $tmp/out ]] && cat "$tmp/out")"
expect_usage "bench: no depth" '--depths' "$bench" memory --depths 0

# ---- the server
talk() { printf '%s\n' "$@" | timeout 60 "$bench" serve W6 "$tmp" >"$tmp/out" 2>"$tmp/err"; code=$?; }
talk 'step 2' rss quit
verdict "bench: the server's answers" "$(complaint 0; grep -qzE 'loss [0-9.]+.gradient_norm [0-9.]+.ready.ms [0-9.]+ [0-9.]+.bytes [0-9]+' "$tmp/out" ||
  cat "$tmp/out")"
expect_files "bench: the server's weights" "$tmp" workload.safetensors
for bad in 'step' 'step 0' 'step x' 'step 1 2' 'dance'; do
  talk "$bad"
  verdict "bench: the server refuses '$bad'" "$(complaint 2; grep -qF "serve: '$bad' is no command; there are: step N" "$tmp/err" || said "$tmp/err")"
done
talk 'step 1'
verdict "bench: the end of stdin ends the server" "$(complaint 0)"
run "$bench" serve W6 "$tmp/no such folder"
verdict "bench: a folder that is not there" "$(complaint 6; grep -qF 'no such folder' "$tmp/err" || said "$tmp/err")"

# ---- the peers
mkdir "$tmp/path"
for tool in bash rm cat id; do ln -s "$(command -v $tool)" "$tmp/path/$tool"; done
run env PATH="$tmp/path" bash .make/peers.sh "$tmp/venv"
verdict "bench: without Python, how to get PyTorch" "$(complaint 3; grep -q 'apt-get install python3-torch' "$tmp/err" || said "$tmp/err")"

# A Python that makes environments, writes down what pip is asked for, and has PyTorch only when told to.
imitate_python() {  # imitate_python <what `-m venv FOLDER` does> <what `-c 'import torch'` does, or `import sklearn`>
  cat >"$tmp/path/python3" <<END
#!/bin/bash
case "\$1 \$2" in
  '-m venv') $1 ;;
  '-m pip') echo "\$*" >>"$tmp/pip.log" ;;
  '-c import torch' | '-c import sklearn') $2 ;;
esac
END
  chmod +x "$tmp/path/python3"
}
for tool in mkdir cp; do ln -s "$(command -v $tool)" "$tmp/path/$tool"; done
peers() { run env PATH="$tmp/path" TORCH="$1" bash .make/peers.sh "$tmp/venv"; }  # peers <torch>: asked for this one

imitate_python 'mkdir -p "$3/bin" && cp "$0" "$3/bin/python"' 'exit 0'
peers torch==1
peers torch==1
verdict "bench: an environment is made once" "$(complaint 0; [[ $(<"$tmp/out") == "$tmp/venv/bin/python" ]] || said "$tmp/out"
  [[ $(grep -c 'install.* torch==1 numpy' "$tmp/pip.log") == 1 ]] || said "$tmp/pip.log")"
peers torch==2
verdict "bench: another TORCH makes another one" "$(complaint 0; grep -q 'install.* torch==2 numpy' "$tmp/pip.log" || said "$tmp/pip.log")"
imitate_python 'exit 1' 'exit 0'
peers torch==3
verdict "bench: where no environment can be made, a Python that has PyTorch" "$(complaint 0
  [[ $(<"$tmp/out") == "$tmp/path/python3" ]] || said "$tmp/out" "$tmp/err")"
imitate_python 'exit 1' 'exit 1'
peers torch==4
verdict "bench: a Python without PyTorch" "$(complaint 3; grep -q 'no PyTorch here' "$tmp/err" || said "$tmp/err")"
run env PATH="$tmp/path" bash .make/peers.sh "$tmp/venv" sklearn
verdict "bench: a Python without scikit-learn" "$(complaint 3; grep -q 'no scikit-learn here.* make bench-anomaly' "$tmp/err" || said "$tmp/err")"
imitate_python 'mkdir -p "$3/bin" && cp "$0" "$3/bin/python"' 'exit 0'
run env PATH="$tmp/path" SKLEARN=scikit-learn==1 bash .make/peers.sh "$tmp/venv" sklearn
verdict "bench: an environment with scikit-learn" "$(complaint 0; grep -q 'install.* scikit-learn==1 numpy' "$tmp/pip.log" || said "$tmp/pip.log")"

# The driver's judgement; it needs no PyTorch.
if command -v python3 >/dev/null; then
  cat >"$tmp/judge.py" <<'END'
import math, pathlib, sys
sys.path.insert(0, "apps/bench/peers")
import run

class Side:
    def __init__(self, **found):
        self.found = found

def expect(name, found, expected):
    if found != expected:
        print(f"{name}: {found}, not {expected}")

expect("the same loss", run.disagreement(Side(loss="-2.0"), Side(loss="-2.0")), 0)
expect("losses apart", run.disagreement(Side(loss="-2.0"), Side(loss="-1.0")), 0.5)
expect("no loss", run.disagreement(Side(loss="nan"), Side(loss="nan")), math.inf)
expect("samples", run.disagreement(Side(), Side(distance="0.25")), 0.25)
expect("blocks", [run.block_size(ms) for ms in (0.1, 100, 5000)], [50, 5, 1])
work = dict(name="W0", what="nothing", batch="2", gflop="3", goal="1.5", task="train")
row = dict(apart=0, best_variant="fused", absent={"compile": "no compiler"}, peak=dict(bijou=2**20, tutorial=2, best=2**21),
           ms=dict(bijou=10, tutorial=30, best=20), spread={})
got = run.cells(work, row)
expect("ratio", [got[c] for c in ("best / Bijou", "reached", "its best", "Bijou, GFLOP/s")], ["2.00", "yes", "fused", "300"])
got = run.cells(work, row | dict(ms=dict(bijou=10, tutorial=14, best=20)))
expect("the tutorial was faster", [got[c] for c in ("best / Bijou", "reached", "its best")], ["1.40", "no", "tutorial"])
expect("void", run.cells(work, dict(void="losses"))["reached"], "void: losses")
text = run.markdown([("date", "today")], [(work, row), (work, dict(void="losses"))])
expect("absent", "Absent from W0: compile: no compiler" in text, True)
expect("columns", {line.count("|") for line in text.splitlines() if line.startswith("| W0")}, {len(run.COLUMNS) + 1})
readme = pathlib.Path(sys.argv[1])
readme.write_text("before\n<!-- results -->\nold\n<!-- end of results -->\nafter\n")
run.replace_block(readme, "new\n")
expect("readme", readme.read_text(), "before\n<!-- results -->\n\nnew\n\n<!-- end of results -->\nafter\n")
END
  run python3 -B "$tmp/judge.py" "$tmp/readme.md"
  verdict "bench: the driver's judgement" "$(complaint 0; cat "$tmp/out")"
else
  skip "bench: the driver's judgement" "there is no python3"
fi

python=build/peers-venv/bin/python
if [[ ! -x $python ]]; then
  skip "bench: PyTorch finds Bijou's loss" "make bench-peers has not been run here"
  exit 0
fi
talk quit && cp "$tmp/out" "$tmp/ours"
run "$python" -B apps/bench/peers/server.py "$tmp" tutorial
loss() { sed -n 's/^loss //p' "$1"; }
verdict "bench: PyTorch finds Bijou's loss" "$(complaint 0; awk -v a="$(loss "$tmp/ours")" -v b="$(loss "$tmp/out")" \
  'BEGIN { d = a - b; if (d < 0) d = -d; if (!(a > 0 && d <= 1e-4 * a)) print a " against " b }')"
