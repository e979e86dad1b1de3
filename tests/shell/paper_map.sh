#!/usr/bin/env bash
# The paper map: every equation has one line of code, every such line a row, every row a test case that exists; and the
# table in flows/README.md is what `make paper-map` says now. That the check sees what it should is tried on a copy.
. tests/shell/lib/common.bash

for program in build/test-laws build/test-unit; do
  if [[ ! -x $program ]]; then
    skip "paper-map" "there is no $program"
    exit 0
  fi
  "$program" --list-test-cases --no-colors=true
done >"$tmp/cases"

verdict "paper-map: tags, rows, test cases and the table agree" "$(bash .make/paper_map.sh check "$tmp/cases" 2>&1)"
expect_success "paper-map: make prints it" make --no-print-directory paper-map
verdict "paper-map: a line for each of the papers' equations" "$(
  for paper in NICE RealNVP Glow; do grep -qx "$paper" "$tmp/out" || echo "no part $paper "; done
  equations=$(grep -c '^  eq\. ' "$tmp/out")
  ((equations == 1 + 19 + 11)) || echo "$equations numbered equations"
  grep -q 'flows/coupling_laws.cpp:[1-9][0-9]*  AffineLaw::forward:' "$tmp/out" || head -n 5 "$tmp/out")"

copy=$tmp/copy
fresh() {  # a copy of what the map is made of
  rm -rf "$copy"
  mkdir -p "$copy"
  find flows nn autograd datasets apps \( -name '*.hpp' -o -name '*.cpp' \) -exec cp --parents -t "$copy" {} +
  cp --parents -t "$copy" .make/paper_map.sh tests/paper_map.tsv flows/README.md
}

expect_offence() {  # expect_offence <name> <regex of a line> <file> <sed script that spoils it>
  fresh
  sed -i -E "$4" "$copy/$3"
  local said
  if cmp -s "$3" "$copy/$3"; then
    not_ok "$1" "the mistake is not in the copy of $3"
    return
  fi
  said=$(bash "$copy/.make/paper_map.sh" check "$tmp/cases" 2>&1)
  verdict "$1" "$(grep -qE "$2" <<<"$said" || echo "it said: ${said:-nothing}")"
}

fresh
verdict "paper-map: the copy is right before it is spoilt" "$(bash "$copy/.make/paper_map.sh" check "$tmp/cases" 2>&1)"
expect_offence "paper-map: a tag that stands twice" '\[RealNVP eq. 8\] has two homes: flows/[a-z_]+.cpp:[0-9]+ and ' \
  flows/model.cpp 's|( *)(// \[RealNVP eq. 1\])|\1// [RealNVP eq. 8]\n\1\2|'
expect_offence "paper-map: a tag that is gone" 'no line of code has the tag \[RealNVP eq. 8\]' \
  flows/coupling_laws.cpp 's/\[RealNVP eq. 8\]//'
expect_offence "paper-map: a tag with a number that is not the paper's" '\[RealNVP eq. 80\] has no row' \
  flows/coupling_laws.cpp 's/\[RealNVP eq. 8\]/[RealNVP eq. 80]/'
expect_offence "paper-map: a tag of another form" '\[RealNVP \(8\)\] is no tag' \
  flows/coupling_laws.cpp 's/\[RealNVP eq. 8\]/[RealNVP (8)]/'
expect_offence "paper-map: a tag above nothing" '\[RealNVP eq. 4\] stands above no line of code' \
  flows/coupling.cpp 's|( *// \[RealNVP eq. 4\].*)|\1\n|'
expect_offence "paper-map: a row that is gone" '\[Glow eq. 9\] has no row' tests/paper_map.tsv '/^Glow\teq\. 9\t/d'
expect_offence "paper-map: a row without its fields" 'a row has a paper, an equation' \
  tests/paper_map.tsv '/^Glow\teq\. 9\t/s/\t[^\t]*$//'
expect_offence "paper-map: a second row" 'a second row for \[Glow eq. 9\]' tests/paper_map.tsv '/^Glow\teq\. 9\t/p'
expect_offence "paper-map: a test case that is not there" 'there is no test case "flow: inverse: sequential 5-D batch 100"' \
  tests/paper_map.tsv 's/(flow: inverse: sequential 5-D batch 1)$/\100/'
expect_offence "paper-map: a table that was changed by hand" 'flows/README.md: its table is not what the code says' \
  flows/README.md 's/^(\| eq\. 12 \|)/\1 so /'
expect_offence "paper-map: a table behind the code" 'flows/README.md: its table is not what the code says.*affine_coupling\(x2, -s, t\)' \
  flows/coupling_laws.cpp 's/return \{affine_coupling\(x2, s, t\),/return {affine_coupling(x2, -s, t),/'

fresh
sed -i 's/^| eq\. 12 .*//' "$copy/flows/README.md"
bash "$copy/.make/paper_map.sh" write
expect_same "paper-map: write brings the table back" "$copy/flows/README.md" flows/README.md

# ---- the rest of flows/README.md ------------------------------------------------------------------------------------

missing=""
for class in $(sed -nE 's/^class (\w+) : public (Flow|CouplingLaw|Base) .*/\1/p' flows/*.hpp); do
  grep -q "^|.*\`$class\`\|^Bases:.*\`$class\`" flows/README.md || missing+="$class "
done
verdict "paper-map: the README has every layer, coupling law and base" "$missing"

lines_of() {  # lines_of <file> <Class::function>: of its definition, without comments
  awk -v name="$2(" '
    index($0, name) && /^[A-Z]/ && !on && !n { on = 1 }
    on && !/^ *\/\// { ++n }
    on && (/^}/ || (n == 1 && /}$/)) { on = 0 }
    END { print n + 0 }' "$1"
}

wrong="" stops=0 total=0
while IFS='|' read -r _ stop read _; do
  ((++stops))
  found=0 file=""
  for word in $(grep -oE '\]\([^)]+\)|`[A-Za-z]+::[a-z_]+`' <<<"$read"); do
    if [[ $word == ']('* ]]; then
      file=flows/${word:2:-1}
      continue
    fi
    lines=$(lines_of "$file" "${word//\`/}")
    ((lines > 0)) || wrong+="no $word in $file; "
    ((found += lines))
  done
  grep -q ", $found lines *$" <<<"$read" || wrong+="stop${stop%%.*} has $found lines; "
  ((total += found))
done < <(grep -E '^\| [0-9]\. ' flows/README.md)
((stops == 8 && total > 0 && total <= 60)) || wrong+="$stops stops with $total lines"
verdict "paper-map: eight stops and at most 60 lines to read" "$wrong"
