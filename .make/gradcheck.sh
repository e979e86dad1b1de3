#!/usr/bin/env bash
# Every gradient against finite differences, or those of one operation:  gradcheck.sh [operation]
set -u
laws=build/test-laws
filter="-tc=gradient: ${1:-*}"
count=$("$laws" "$filter" --count | sed -n 's/.*current filters: *\([0-9]*\).*/\1/p')
if [[ ${count:-0} == 0 ]]; then
  names=$("$laws" '-tc=gradient: *' --list-test-cases | sed -n 's/^gradient: //p' | sort -u | tr '\n' ' ')
  echo "gradcheck: no operation is called '${1:-*}'; there are: $names" >&2
  exit 2
fi
"$laws" "$filter" --minimal || { echo "gradcheck: a gradient is wrong (of $count checks)"; exit 1; }
echo "gradcheck: all $count checks passed"
