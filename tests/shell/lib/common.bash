# Helpers for tests of the program from outside; to be sourced in the project's root:
#
#   . tests/shell/lib/common.bash
#   expect_exit "usage: no model" 2 'MODEL is required' "$bijou" train
#
# They say `ok - name` or `not ok - name: why`. $tmp is a folder for this script alone; it is removed at the end.
set -u
unset BIJOU_DATA_DIR
export OMP_WAIT_POLICY=passive  # the machine may be busy with other work

bijou=$PWD/build/bijou
if [[ ! -x $bijou ]]; then
  echo "skip - $(basename "$0" .sh): there is no build/bijou"
  exit 0
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

ok() { echo "ok - $1"; }
not_ok() { echo "not ok - $1: ${2//$'\n'/ | }"; }  # not_ok <name> <why>
skip() { echo "skip - $1: $2"; }
need_bench() {  # need_bench <name of the test>: leaves $bench, or ends here
  bench=$PWD/build/bijou-bench
  [[ -x $bench ]] && return
  skip "$1" "there is no build/bijou-bench"
  exit 0
}
said() { echo "it said: $(cat "$@" 2>&1)"; }  # said <file...>: where a word is missed, also in an empty file
verdict() { if [[ -z $2 ]]; then ok "$1"; else not_ok "$1" "$2"; fi; }  # verdict <name> <what is wrong, or nothing>

# Runs a command; leaves $code and the files $tmp/out and $tmp/err. Nothing takes longer than a minute.
run() {
  timeout -k 5 60 "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
  code=$?
}

complaint() {  # complaint <expected code>: what is wrong with the last run in any case, or nothing
  if ((code != $1)); then
    echo "exit code $code instead of $1, stderr ends with: $(tail -n 2 "$tmp/err")"
  elif grep -qE 'terminate called|what\(\):|core dumped' "$tmp/err"; then
    echo "an uncaught exception: $(tail -n 3 "$tmp/err")"
  fi
}

# The program must end with this code, one line on stderr that matches the extended regular expression, and nothing on
# stdout.
expect_exit() {  # expect_exit <name> <code> <regex> <command...>
  local name=$1 expected=$2 regex=$3 why
  shift 3
  run "$@"
  why=$(complaint "$expected")
  if [[ -z $why ]]; then
    if (($(wc -l <"$tmp/err") != 1)); then
      why="$(wc -l <"$tmp/err") lines on stderr instead of one: $(head -n 4 "$tmp/err")"
    elif ! LC_ALL=C grep -aqE "^bijou: .*($regex)" "$tmp/err"; then
      why="the line does not match '$regex': $(cat "$tmp/err")"
    elif [[ -s $tmp/out ]]; then
      why="something on stdout: $(head -n 2 "$tmp/out")"
    fi
  fi
  verdict "$name" "$why"
}

# The same for what goes wrong in the middle of training: other lines may stand before the last one.
expect_last_line() {  # expect_last_line <name> <code> <regex> <command...>
  local name=$1 expected=$2 regex=$3 why
  shift 3
  run "$@"
  why=$(complaint "$expected")
  if [[ -z $why ]] && ! tail -n 1 "$tmp/err" | LC_ALL=C grep -aqE "^bijou: .*($regex)"; then
    why="the last line does not match '$regex': $(tail -n 1 "$tmp/err")"
  fi
  verdict "$name" "$why"
}

expect_success() {  # expect_success <name> <command...>
  local name=$1
  shift
  run "$@"
  verdict "$name" "$(complaint 0)"
}

expect_files() {  # expect_files <name> <folder> <file...>: all are there, and not empty
  local name=$1 folder=$2 file missing=""
  shift 2
  for file; do [[ -s $folder/$file ]] || missing+=" $file"; done
  verdict "$name" "${missing:+missing or empty in $(cd "$folder" 2>/dev/null && find . | tr '\n' ' '):$missing}"
}

expect_same() {  # expect_same <name> <file> <file>
  verdict "$1" "$(cmp "$2" "$3" 2>&1)"
}

# A run of a few steps that other tests then use. Without it they cannot go on.
prepare() {  # prepare <command...>
  run "$@"
  ((code == 0)) && return
  not_ok "$(basename "$0" .sh): the run that the tests need" "$(complaint 0)"
  exit 1
}

# ---- a training in the background -----------------------------------------------------------------------------------

# Starts one on table.csv, and waits until its log has a line that matches. A script's background processes ignore
# SIGINT, unlike those that a person starts: env gives them the default again.
start() {  # start <run folder> <line of log.csv> <options...>; leaves $process
  local folder=$1 line=$2 tenth
  shift 2
  env --default-signal=INT "$bijou" train realnvp --data table.csv --out "$folder" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null &
  process=$!
  for ((tenth = 0; tenth < 300; ++tenth)); do
    if grep -qsE "$line" "$folder/log.csv" && [[ -e $folder/ckpt/last.safetensors ]]; then return; fi
    kill -0 $process 2>/dev/null || break
    sleep 0.1
  done
  not_ok "$(basename "$0" .sh): a training in the background" "$(cat "$tmp/err")"
}
finish() {  # waits for it, 20 seconds at most; leaves $code
  local tenth
  for ((tenth = 0; tenth < 200; ++tenth)); do
    kill -0 $process 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL $process 2>/dev/null
  wait $process
  code=$?
} 2>/dev/null

# ---- files ----------------------------------------------------------------------------------------------------------

be32() {  # big-endian 32-bit numbers
  local n
  for n; do
    # shellcheck disable=SC2059
    printf "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((n >> 24 & 255)) $((n >> 16 & 255)) $((n >> 8 & 255)) $((n & 255)))"
  done
}
idx_images() {  # idx_images <n> <height> <width>: the header, then reproducible noise
  be32 2051 "$1" "$2" "$3"
  noise $(($1 * $2 * $3))
}
idx_labels() {  # idx_labels <n>
  be32 2049 "$1"
  head -c "$1" /dev/zero
}
noise() { awk -v n="$1" 'BEGIN { srand(7); for (i = 0; i < n; ++i) printf "%c", 1 + int(126 * rand()) }'; }
table() {  # table <rows>: three columns
  awk -v n="$1" 'BEGIN { srand(3); for (i = 0; i < n; ++i) { a = rand(); printf "%.4f,%.4f,%.4f\n", a, a * a + rand() / 5, rand() } }'
}
le() {  # le <bytes> <number...>: little-endian numbers
  local width=$1 n i
  shift
  for n; do
    for ((i = 0; i < width; ++i)); do
      # shellcheck disable=SC2059
      printf "$(printf '\\x%02x' $((n >> 8 * i & 255)))"
    done
  done
}
npy() {  # npy <dtype> <shape> [True]: the header of a NumPy file, whose values follow; True: in Fortran order
  local words="{'descr': '$1', 'fortran_order': ${3:-False}, 'shape': ($2), }"
  printf '\x93NUMPY\x01\0' && le 2 $((${#words} + 1)) && printf '%s\n' "$words"
}
npz() {  # npz <name> <file>: a zip file of one deflated member; gzip's are the same bytes in another frame
  local packed end at
  packed=$(($(gzip -nc "$2" | wc -c) - 18)) end=$(wc -c <"$2")
  crc() { gzip -nc "$2" | tail -c 8 | head -c 4; }
  frame() { le 2 20 0 8 0 0 && crc "$@" && le 4 $packed "$end" && le 2 ${#1} 0; }
  at=$((30 + ${#1} + packed))
  printf 'PK\x03\x04' && frame "$@" && printf %s "$1" && gzip -nc "$2" | tail -c +11 | head -c $packed
  printf 'PK\x01\x02' && le 2 20 && frame "$@" && le 2 0 0 0 && le 4 0 0 && printf %s "$1"
  printf 'PK\x05\x06' && le 2 0 0 1 1 && le 4 $((46 + ${#1})) $at && le 2 0
}

# What a checkpoint says of itself: metadata <file> <key>
metadata() { head -c 20000 "$1" | grep -aoE "\"$2\":\"[^\"]*\"" | head -n 1 | cut -d'"' -f4; }
