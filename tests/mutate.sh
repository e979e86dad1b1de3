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

names=() paths=() olds=() news=()
number=0
while IFS= read -r line || [[ -n $line ]]; do
  ((number++))
  case $line in
    '' | //*) ;;
    '# '*) names+=("$(trim "${line#\# }")") paths+=("") olds+=("") news+=("") ;;
    '@ '*) paths[-1]=$(trim "${line#@ }") ;;
    '- '*) olds[-1]=$(trim "${line#- }") ;;
    '+ '* | '+') news[-1]=$(trim "${line#+}") ;;
    *) die "$list:$number: neither # name, @ file, - old, + new nor // comment: $line" ;;
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
child=""
trap 'rm -rf "$work"' EXIT
trap '[[ -z $child ]] || kill "$child" 2>/dev/null; exit 130' INT TERM

# A copy with its time stamps: in it make rebuilds what the mutation changed and nothing else. For each mutation the
# copy is made anew from the first, because putting a file back would mean to compile it once more.
copy() {  # copy <from> <to>
  mkdir -p "$2/build"
  (cd "$1" && cp -a Makefile .make autograd nn flows datasets apps tests "$2"/ &&
    cp -a build/sources build/f32 build/f64 build/test-laws build/test-unit "$2/build"/) || die "cannot copy the tree"
}

run() {  # run <program> <log>; in the copy
  (cd "$work/tree" && exec timeout -k 10 "$limit" "$1" --abort-after=1 --no-colors=true) >"$2" 2>&1 </dev/null &
  child=$!
  wait "$child" 2>/dev/null
  local code=$?
  child=""
  return $code
}

first_failure() {  # the test case in which the first error stands
  awk '/^TEST CASE:/ { name = $0; sub(/^TEST CASE: */, "", name) } /ERROR:/ { print name; exit }' "$1"
}

copy . "$work/clean"
copy "$work/clean" "$work/tree"
for program in build/test-laws build/test-unit; do
  run $program "$work/log" || { cat "$work/log"; die "$program fails without any mutation"; }
done

caught=0 survived=0 broken=0
for i in "${chosen[@]}"; do
  name=${names[i]} path=${paths[i]}
  rm -rf "$work/tree"
  copy "$work/clean" "$work/tree"
  content=$(<"$path")
  printf '%s\n' "${content%%"${olds[i]}"*}${news[i]}${content#*"${olds[i]}"}" >"$work/tree/$path"

  verdict="SURVIVED $name"
  for program in build/test-laws build/test-unit; do
    if ! make -s -C "$work/tree" $program >"$work/log" 2>&1 </dev/null; then
      tail -n 20 "$work/log"
      verdict="BROKEN   $name   (it must compile)"
      break
    fi
    run $program "$work/log"
    code=$?
    ((code != 0)) || continue
    by=$(first_failure "$work/log")
    ((code != 124)) || by="a timeout of $limit s in $program"
    verdict="caught   $name   by ${by:-the end of $program with exit code $code}"
    break
  done
  echo "$verdict"
  case $verdict in
    caught*) ((caught++)) ;;
    SURVIVED*) ((survived++)) ;;
    *) ((broken++)) ;;
  esac
done

if ((broken)); then
  echo "$caught caught, $survived survived, $broken broken"
else
  echo "$caught caught, $survived survived"
fi
((survived + broken == 0))
