#!/usr/bin/env bash
# Do the tests notice? Applies the mutations of tests/mutations.txt to a copy of the tree, one at a time, and runs
# the tests: each mutation must be caught by one. MUTATION=text runs only those whose name contains the text.
set -u
cd "$(dirname "$0")/.." || exit
list=tests/mutations.txt
limit=300  # seconds for one test program
unset MAKEFLAGS MAKELEVEL MFLAGS

die() { echo "mutate: $*" >&2; exit 2; }
trim() { local s=$1; s=${s#"${s%%[![:space:]]*}"}; printf '%s' "${s%"${s##*[![:space:]]}"}"; }

names=() paths=() olds=() news=() cases=()
number=0
while IFS= read -r line || [[ -n $line ]]; do
  ((number++))
  case $line in
    '' | //*) ;;
    '# '*) names+=("$(trim "${line#\# }")") paths+=("") olds+=("") news+=("") cases+=("") ;;
    '@ '*) paths[-1]=$(trim "${line#@ }") ;;
    '- '*) olds[-1]=$(trim "${line#- }") ;;
    '= '*) cases[-1]=$(trim "${line#= }") ;;
    '+ '* | '+') news[-1]=$(trim "${line#+}") ;;
    *) die "$list:$number: neither # name, @ file, - old, + new, = test case nor // comment: $line" ;;
  esac
done <"$list"
((${#names[@]})) || die "no mutation in $list"

# Every mutation must fit the tree of today, also those that are not run now.
misfits=0
for i in "${!names[@]}"; do
  name=${names[i]} path=${paths[i]} old=${olds[i]}
  why=""
  if [[ -z $path || -z $old ]]; then why="it needs a file (@) and a text (-)"
  elif [[ ! -f $path ]]; then why="there is no $path"
  elif [[ $old == "${news[i]}" ]]; then why="it changes nothing"
  else
    content=$(<"$path")
    rest=${content#*"$old"}
    if [[ $rest == "$content" ]]; then why="not found in $path: $old"
    elif [[ $rest == *"$old"* ]]; then why="more than once in $path: $old"
    fi
  fi
  [[ -z $why ]] || { echo "MISFIT   $name: $why"; ((misfits++)); }
done
((misfits == 0)) || die "$misfits mutations do not fit the sources"

chosen=()
for i in "${!names[@]}"; do
  [[ ${names[i]} == *"${MUTATION:-}"* ]] && chosen+=("$i")
done
((${#chosen[@]})) || die "no mutation's name contains '$MUTATION'"

work=$(mktemp -d)
workers=$(nproc 2>/dev/null || echo 2)
export OMP_NUM_THREADS=1  # for each worker
trap 'rm -rf "$work"' EXIT
trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM

# A copy with its time stamps: in it make rebuilds what the mutation changed and nothing else. For each mutation the
# copy is made anew from the first, because putting a file back would mean to compile it once more.
copy() {  # copy <from> <to>
  mkdir -p "$2/build"
  (cd "$1" && cp -a Makefile .make autograd nn flows datasets apps tests "$2"/ &&
    cp -a build/sources build/f32 build/f64 build/test-laws build/test-unit "$2/build"/) || die "cannot copy the tree"
}

run() {  # run <tree> <program> <log> [doctest's filter]
  (cd "$1" && exec timeout -k 10 "$limit" "$2" --abort-after=1 --no-colors=true "${@:4}") >"$3" 2>&1 </dev/null
}

first_failure() {  # the test case in which the first error stands
  awk '/^TEST CASE:/ { name = $0; sub(/^TEST CASE: */, "", name) } /ERROR:/ { print name; exit }' "$1"
}

# The program that has a test case, or nothing.
program_of() {
  local program
  for program in build/test-laws build/test-unit; do
    if grep -qxF -- "$1" "$work/cases-${program#build/test-}"; then echo "$program"; fi
  done
}

judge() {  # judge <mutation> <tree> <log>: prints the verdict
  local i=$1 tree=$2 log=$3 content program code by filter=${cases[$1]//,/*}
  rm -rf "$tree"
  copy "$work/clean" "$tree"
  content=$(<"${paths[i]}")
  printf '%s\n' "${content%%"${olds[i]}"*}${news[i]}${content#*"${olds[i]}"}" >"$tree/${paths[i]}"
  # First the test that noticed before; when it does not, all of them.
  for program in ${filter:+$(program_of "${cases[i]}")} build/test-laws build/test-unit; do
    if ! make -s -C "$tree" $program >"$log" 2>&1 </dev/null; then
      tail -n 20 "$log"
      echo "BROKEN   ${names[i]}   (it must compile)"
      return
    fi
    run "$tree" $program "$log" ${filter:+"-tc=$filter"}
    code=$?
    filter=""
    ((code != 0)) || continue
    by=$(first_failure "$log")
    ((code != 124)) || by="a timeout of $limit s in $program"
    echo "caught   ${names[i]}   by ${by:-the end of $program with exit code $code}"
    return
  done
  echo "SURVIVED ${names[i]}"
}

copy . "$work/clean"
for program in build/test-laws build/test-unit; do
  run "$work/clean" $program "$work/log" || { cat "$work/log"; die "$program fails without any mutation"; }
  (cd "$work/clean" && $program --list-test-cases --no-colors=true) >"$work/cases-${program#build/test-}"
done

for ((w = 0; w < workers; ++w)); do
  for ((k = w; k < ${#chosen[@]}; k += workers)); do
    judge "${chosen[k]}" "$work/tree$w" "$work/log$w"
  done | tee "$work/verdicts$w" &
done
wait

count() { cat "$work"/verdicts* | grep -c "^$1 "; }
caught=$(count caught) survived=$(count SURVIVED) broken=$(count BROKEN)
if ((broken)); then
  echo "$caught caught, $survived survived, $broken broken"
else
  echo "$caught caught, $survived survived"
fi
((survived + broken == 0 && caught == ${#chosen[@]}))
