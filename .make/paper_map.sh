#!/usr/bin/env bash
# The paper map: for each equation of the three papers the one line that computes it, and the test case that proves it.
#
#   .make/paper_map.sh              prints the map
#   .make/paper_map.sh markdown     the same as flows/README.md shows it
#   .make/paper_map.sh write        puts that between the README's two markers
#   .make/paper_map.sh check CASES  prints what is wrong, a line each; CASES: a file with the names of all test cases
#
# A line's tag stands in the comment directly above it: the paper, and the equation's number in it. What has no number
# there is named by its section and a few words:
#
#   // [RealNVP eq. 5] [NICE section 3.2: affine law]
#
# tests/paper_map.tsv has a row for each tag: paper, equation, what it says, test case; in the order of the papers.
set -u
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/.." || exit
rows=tests/paper_map.tsv readme=flows/README.md
begin='<!-- paper map: begin; by `make paper-map WRITE=1` -->' end='<!-- paper map: end -->'

# Every tag with its home: "tag <tab> file <tab> line <tab> function <tab> code", or "! <what is wrong with it>".
homes() {
  local files
  mapfile -t files < <(find flows nn autograd datasets apps -name '*.hpp' -o -name '*.cpp' | sort)
  awk '
    function lost(  i) {  # tags that stand above nothing
      for (i = 1; i <= waiting; ++i) print "!\t" above ": [" tags[i] "] stands above no line of code"
      waiting = 0
    }
    function name_before_parenthesis(text) {
      sub(/operator\(\)\(/, "operator@(", text)
      sub(/\(.*/, "", text)
      sub(/.*[ &*]/, "", text)
      sub(/@/, "()", text)
      return text
    }
    FNR == 1 { lost(); class = place = "" }
    /^ *\/\/.*\[(NICE|RealNVP|Glow)[ :,]/ {
      text = $0
      while (match(text, /\[(NICE|RealNVP|Glow)[ :,][^]]*\]?/)) {
        tag = substr(text, RSTART + 1, RLENGTH - 2)
        text = substr(text, RSTART + RLENGTH)
        above = FILENAME ":" FNR
        if (tag ~ /^[A-Za-z]+ (eq\. [0-9]+|(section [0-9]+(\.[0-9]+)*|table [0-9]+|appendix [A-Z]|released code): [^\]]+)$/)
          tags[++waiting] = tag
        else print "!\t" above ": [" tag "] is no tag: it must be like [RealNVP eq. 5] or [NICE section 3.2: affine law]"
      }
      next
    }
    /^ *\/\// { next }
    /^(class|struct) / { class = $2; sub(/:$/, "", class) }
    /^[A-Za-z].*\(/ && !/^(class|struct|namespace)/ { class = ""; place = name_before_parenthesis($0) }
    class != "" && /^  [A-Za-z].*\(/ { place = class "::" name_before_parenthesis($0) }
    waiting && /^ *$/ { lost() }
    waiting {
      code = $0
      if (code ~ /;( \})$/ && match(code, /\) const( override)? \{ /))  # a function in one line: what it does
        code = substr(code, RSTART + RLENGTH, length(code) - RSTART - RLENGTH - 1)
      gsub(/^ +| +$/, "", code)
      sub(/  +\/\/.*/, "", code)
      for (i = 1; i <= waiting; ++i) printf "%s\t%s\t%d\t%s\t%s\n", tags[i], FILENAME, FNR, place, code
      waiting = 0
    }
    END { lost() }' "${files[@]}"
}

# The rows with their homes: the row's four fields, then file, line, function, code.
joined() {
  awk -F'\t' -v OFS='\t' '
    part == "homes" { if ($1 != "!") home[$1] = $2 OFS $3 OFS $4 OFS $5; next }
    /^#/ || /^$/ { next }
    { key = $1 " " $2 }
    !(key in home) { print "paper-map: no line of code has the tag [" key "]" >"/dev/stderr"; next }
    { print $1, $2, $3, $4, home[key] }' part=homes <(homes) part=rows "$rows"
}

print_map() {
  joined | awk -F'\t' '
    $1 != paper { printf "%s%s\n", (NR > 1 ? "\n" : ""), $1; paper = $1 }
    { printf "\n  %-14s %s\n  %-14s %s:%d  %s:  %s\n  %-14s proved by \"%s\"\n", $2, $3, "", $5, $6, $7, $8, "", $4 }'
}

markdown() {
  echo
  joined | awk -F'\t' '
    function plain(text) { gsub(/[\\*_|<>]/, "\\\\&", text); return text }
    function code(text) { gsub(/\|/, "\\|", text); return (text ~ /`/) ? text : "`" text "`" }
    $1 != paper {
      printf "%s### %s\n\n| | what it says | the line | in | proved by |\n|---|---|---|---|---|\n", (NR > 1 ? "\n" : ""), $1
      paper = $1
    }
    {
      link = $5
      if (!sub(/^flows\//, "", link)) link = "../" link
      printf "| %s | %s | %s | [%s](%s) `%s` | %s |\n", $2, plain($3), code($8), $5, link, $7, plain($4)
    }'
  echo
}

inside_readme() {
  awk -v begin="$begin" -v end="$end" '$0 == end { on = 0 } on { print } $0 == begin { on = 1 }' "$readme"
}

write() {
  local table
  if ! grep -qxF -- "$begin" "$readme" || ! grep -qxF -- "$end" "$readme"; then
    echo "paper-map: $readme has not both of the lines '$begin' and '$end'" >&2
    return 1
  fi
  table=$(mktemp)
  markdown >"$table"
  awk -v begin="$begin" -v end="$end" -v table="$table" '
    $0 == end { on = 0 }
    !on { print }
    $0 == begin { on = 1; while ((getline line <table) > 0) print line }' "$readme" >"$table.new"
  cat "$table.new" >"$readme"
  rm -f "$table" "$table.new"
}

check() {  # check <file with the names of all test cases>
  awk -F'\t' '
    function wrong(what) { print what }
    part == "homes" && $1 == "!" { wrong($2); next }
    part == "homes" {
      if ($1 in home) wrong("[" $1 "] has two homes: " home[$1] " and " $2 ":" $3)
      else home[$1] = $2 ":" $3
      next
    }
    part == "cases" { known[$0]; next }
    /^#/ || /^$/ { next }
    NF != 4 || $1 !~ /^(NICE|RealNVP|Glow)$/ || $3 == "" {
      wrong(FILENAME ":" FNR ": a row has a paper, an equation, what it says, and a test case, with tabs between")
      next
    }
    {
      tag = $1 " " $2
      if (tag in row) wrong(FILENAME ":" FNR ": a second row for [" tag "]")
      row[tag]
      if (!(tag in home)) wrong(FILENAME ":" FNR ": no line of code has the tag [" tag "]")
      if (!($4 in known)) wrong(FILENAME ":" FNR ": there is no test case \"" $4 "\"")
    }
    END {
      for (tag in home) if (!(tag in row)) wrong(home[tag] ": [" tag "] has no row in " rows)
    }' rows="$rows" part=homes <(homes) part=cases "$1" part=rows "$rows"
  if ! diff <(inside_readme) <(markdown) >/dev/null; then
    echo "$readme: its table is not what the code says; make paper-map WRITE=1 writes it anew:" \
      "$(diff <(inside_readme) <(markdown) | grep '^[<>]' | head -n 2 | cut -c 1-200 | tr '\n' ' ')"
  fi
}

case ${1-} in
  '') print_map ;;
  markdown | write) "$1" ;;
  check) check "$2" ;;
  *) echo "paper-map: unknown mode '$1'; there are: markdown, write, check CASES" >&2; exit 2 ;;
esac
