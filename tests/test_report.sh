#!/usr/bin/env bash
# report.html as people see it: a tiny run of each model, and its page in a headless Chromium on a desktop (1280) and a
# telephone (390). Are all sections there, do all pictures load, is nothing fetched from elsewhere, is the page no wider
# than its window? The screenshots go into build/report/.
set -u
cd "$(dirname "$0")/.." || exit
bijou=$PWD/build/bijou shots=$PWD/build/report
[[ -x $bijou ]] || { echo "test-report: there is no build/bijou; run make first" >&2; exit 2; }
browser=${CHROMIUM:-}
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  [[ -n $browser ]] || browser=$(command -v "$name")
done
if ! command -v "${browser:-none}" >/dev/null; then
  echo "skip - report: no browser (apt-get install chromium, or CHROMIUM=/its/path)"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$shots"
export OMP_WAIT_POLICY=passive
passed=0 failed=0
verdict() {  # verdict <name> <what is wrong, or nothing>
  if [[ -z $2 ]]; then echo "ok - $1"; ((++passed)); else echo "not ok - $1: ${2//$'\n'/ | }"; ((++failed)); fi
}
headless() {
  timeout -k 5 120 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$tmp/profile" "$@" 2>/dev/null
}

# The page in a frame of this width, in a wrapper that says what it measured as one line of JSON-like words. The page
# has no scripts, and its own policy would let none run: the frame's document is asked from outside.
measure() {  # measure <html> <width>
  {
    printf '<!DOCTYPE html><meta charset="utf-8"><body><pre id="said">nothing</pre><iframe id="page" '
    printf 'style="border:0;width:%spx;height:2000px" srcdoc="' "$2"
    sed 's/&/\&amp;/g; s/"/\&quot;/g' "$1"
    cat <<'SCRIPT'
"></iframe><script>
document.getElementById("page").onload = function () {
  const d = this.contentDocument, w = this.contentWindow, width = this.clientWidth, all = [...d.querySelectorAll("*")];
  const scrolls = e => { for (; e && e !== d.body; e = e.parentElement)
    if (["auto", "scroll", "hidden"].includes(w.getComputedStyle(e).overflowX)) return true; return false; };
  const wide = all.filter(e => e.getBoundingClientRect().right > width + 1 && !scrolls(e) && !e.closest("head, svg"));
  const pictures = [...d.images];
  const said = {
    scrollWidth: d.documentElement.scrollWidth, height: d.documentElement.scrollHeight,
    tooWide: wide.slice(0, 3).map(e => e.tagName + "." + e.className).join(" "),
    sections: [...d.querySelectorAll("section")].map(e => e.id).join(" "),
    pictures: pictures.length, broken: pictures.filter(p => !p.complete || !p.naturalWidth).length,
    unnamed: pictures.filter(p => !p.alt).length, scripts: d.scripts.length,
    elsewhere: w.performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith("data:")).join(" "),
    empty: [...d.querySelectorAll("section")].filter(e => e.getBoundingClientRect().height < 60).map(e => e.id).join(" "),
  };
  document.getElementById("said").textContent = Object.entries(said).map(([k, v]) => k + "=" + v).join("\n");
};
</script>
SCRIPT
  } >"$tmp/wrapper.html"
  headless --virtual-time-budget=20000 --window-size="$2",2000 --dump-dom "file://$tmp/wrapper.html" |
    awk '/<pre id="said">/ { on = 1; sub(/.*<pre id="said">/, "") } on { end = /<\/pre>/; sub(/<\/pre>.*/, ""); print; if (end) exit }'
}
said() { sed -n "s/^$1=//p" "$tmp/said"; }
is() { [[ $(said "$1") == "$2" ]] || echo "$1 is '$(said "$1")', not '$2'; "; }

check_page() {  # check_page <name> <html> <sections>
  local width
  verdict "$1: names nothing from elsewhere" \
    "$(grep -oiE '(src|href|action|data)="(https?:)?//[^"]{0,60}|url\([^)]{0,60}|<(script|link|iframe|object|embed)[ >]|@import' "$2" | head -n 3)"
  verdict "$1: takes less than 3 MB" "$( (($(wc -c <"$2") < 3000000)) || wc -c <"$2")"
  for width in 1280 390; do
    measure "$2" $width >"$tmp/said"
    verdict "$1, $width: all sections" "$(is sections "$3"; is empty "")"
    verdict "$1, $width: no wider than the window" "$(is scrollWidth $width; is tooWide "")"
    verdict "$1, $width: every picture loads, and has words beside it" "$(is broken 0; is unnamed 0; (($(said pictures) >= 1)) || echo "no pictures")"
    verdict "$1, $width: no scripts, and nothing is fetched" "$(is scripts 0; is elsewhere "")"
    rm -f "$shots/$1-$width.png"
    headless --window-size=$width,"$(said height)" --screenshot="$shots/$1-$width.png" "file://$2" >/dev/null
    verdict "$1, $width: a screenshot" "$([[ -s $shots/$1-$width.png ]] || echo "none at $shots/$1-$width.png")"
  done
}

awk 'BEGIN { srand(3); print "alcohol %,\"<b>acid</b> & \"\"salt\"\"\",a_column_whose_name_is_long_and_has_no_gap_to_break_it_at,age"
  for (i = 0; i < 400; ++i) { a = rand(); printf "%.4f,%.4f,%.4f,%.4f\n", a, a * a + rand() / 5, rand() + rand(), -log(rand() + 0.01) } }' >"$tmp/table & <co>.csv"
vectors="figures curves samples jacobians ledger likelihoods configuration commands"
images="figures curves epochs samples jacobians ledger likelihoods configuration commands"
page() {  # page <name> <sections> <what to train>
  local name=$1 sections=$2
  shift 2
  (cd "$tmp" && timeout 300 "$bijou" train "$@" --out "$name" >out 2>err </dev/null) || { verdict "$name: trains" "$(tail -n 2 "$tmp/err")"; return; }
  check_page "$name" "$tmp/$name/report.html" "$sections"
}
page nice "$images" nice --data digits --epochs 3
page glow "$images" glow --data digits --epochs 8
page glow-classes "$images" glow --data digits --class-conditional --epochs 2
page moons "$vectors" realnvp --data moons --steps 200
page table "$vectors" realnvp --data 'table & <co>.csv' --epochs 4
# As an older program left it.
cp -r "$tmp/glow" "$tmp/older" && rm "$tmp/older"/{figures.json,report.html}
"$bijou" report "$tmp/older" >/dev/null && check_page older "$tmp/older/report.html" "$images"
# A dark one to look at.
headless --blink-settings=preferredColorScheme=0 --window-size=1280,3000 --screenshot="$shots/glow-dark.png" "file://$tmp/glow/report.html" >/dev/null
echo "the screenshots are in build/report/"
echo "$passed passed, $failed failed"
((failed == 0))
