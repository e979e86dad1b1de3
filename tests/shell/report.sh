#!/usr/bin/env bash
# report.html, without a browser (`make test-report` has one): that it is made, is whole and well-formed, escapes what
# comes from outside, and what is refused.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
export LC_ALL=C
cd "$tmp" || exit

sections() { grep -oE '<section id="[a-z]+"' "$1" | cut -d'"' -f2 | tr '\n' ' '; }
has_sections() {  # has_sections <name> <html> <sections>
  verdict "report: $1: all sections" "$([[ $(sections "$2") == "$3 " ]] || sections "$2")"
}
vectors="figures curves samples jacobians ledger likelihoods configuration commands"
images="figures curves epochs samples jacobians ledger likelihoods configuration commands"

cat >parse.py <<'PYTHON'
import base64, sys
from html.parser import HTMLParser
void = {"meta", "img", "br", "link", "input", "hr"}
class Page(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.targets, self.words = [], [], [], []
    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        if len(a) != len(attributes): print("an attribute twice in", tag)
        if tag in ("script", "link", "iframe", "object", "embed"): print("there is a", tag)
        for name in a:
            if name.startswith("on"): print("a handler:", tag, name)
        if "id" in a: self.ids.append(a["id"])
        if "href" in a: self.targets.append(a["href"])
        if tag == "img":
            if not a.get("alt"): print("a picture without words")
            head = "data:image/png;base64,"
            if not a["src"].startswith(head): print("a picture from elsewhere:", a["src"][:60])
            elif base64.b64decode(a["src"][len(head):], validate=True)[:8] != b"\x89PNG\r\n\x1a\n": print("no PNG")
        if tag not in void: self.open.append(tag)
    def handle_startendtag(self, tag, attributes):
        pass
    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag: print("</" + tag + "> closes nothing, line", self.getpos()[0])
    def handle_data(self, data):
        self.words.append(data)
page = Page()
page.feed(open(sys.argv[1], encoding="utf-8").read())
page.close()
if page.open: print("left open:", page.open)
for t in page.targets:
    if t[:1] != "#" or t[1:] not in page.ids: print("a link that leads nowhere:", t)
if len(set(page.ids)) != len(page.ids): print("an id twice")
words = "".join(page.words)
for w in sys.argv[2:]:
    if w not in words: print("not shown as it is:", w)
PYTHON
well_formed() {  # well_formed <name> <html> [words that it shows ...]
  if command -v python3 >/dev/null; then
    verdict "report: $1: well-formed" "$(python3 parse.py "${@:2}" 2>&1)"
  else
    skip "report: $1: well-formed" "there is no python3"
  fi
}

# ---- what a training leaves
prepare "$bijou" train glow --data digits --steps 10 --out glow
verdict "report: a training names its page" "$(grep -qx 'report: glow/report\.html' out || said out)"
expect_files "report: a training leaves it, and the figures" glow report.html figures.json
has_sections glow glow/report.html "$images"
figure=$(awk '$1 == "Glow" && NF == 3 { print $2 }' out)
well_formed glow glow/report.html "$figure" "bits/dim" "full-covariance Gaussian in logit space" "train glow --data digits --steps 10 --out glow" \
  "sample glow --count 64" "InvertibleConv"
verdict "report: glow: no temporary file stays" "$(find . -name '*.tmp-*' -o -name '*.part*')"
if command -v python3 >/dev/null; then
  verdict "report: the figures are JSON, and their ledger adds up" "$(python3 - <<'PYTHON' 2>&1
import json
f = json.load(open("glow/figures.json"))
if abs(sum(t["nats"] for t in f["ledger"]) - f["test"]["nats"]) > 1e-3 or f["test"]["examples"] != 360 or len(f["baselines"]) != 2: print(f)
PYTHON
)"
fi
verdict "report: a checkpoint holds none of it" "$(for word in figures.json finished OpenBLAS; do head -c 20000 glow/ckpt/best.safetensors | grep -aq $word && echo $word; done)"

# ---- the command
expect_exit "report: an output that exists" 2 'glow/report\.html exists; replace it with --force' "$bijou" report glow
run "$bijou" report glow --force
verdict "report: --force, one line" "$(complaint 0; [[ $(cat out) == "report: glow/report.html" ]] || said out)"
run "$bijou" report glow --out other.html --json
verdict "report: --out and --json" "$(complaint 0; grep -qE '^\{"file":"other\.html","sections":\["figures",.*"commands"\]\}$' out || said out)"
expect_same "report: the same run gives the same bytes" glow/report.html other.html
expect_exit "report: no such run" 4 'nope: no such run' "$bijou" report nope
mkdir empty
expect_exit "report: a folder that is no run" 4 'empty: this folder holds no ckpt/best\.safetensors' "$bijou" report empty
expect_exit "report: a checkpoint names its folder" 2 'best\.safetensors: a checkpoint alone; .*log\.csv.*name glow' "$bijou" report glow/ckpt/best.safetensors
cp glow/ckpt/best.safetensors alone.safetensors
expect_exit "report: a checkpoint without a folder" 2 'alone\.safetensors: a checkpoint alone; a report is of a run folder, with its log\.csv' "$bijou" report alone.safetensors
expect_exit "report: another ending" 2 'x\.png: what is written goes into a \.html' "$bijou" report glow --out x.png
expect_exit "report: a folder that is not there" 6 'nowhere/x\.html.*--out' "$bijou" report glow --out nowhere/x.html
expect_exit "report: data that are not there" 3 'nope\.csv' "$bijou" report glow --data ./nope.csv --out y.html

# ---- vectors, and words from outside
prepare "$bijou" train realnvp --data moons --steps 10 --out moons
has_sections moons moons/report.html "$vectors"
well_formed moons moons/report.html nats "The plane"
odd="it's <b>\"odd\" & co"
{ printf '<script>alert(1)</script>,"salt, pepper & c",d'"'"'e\n'; table 200; } >"odd.csv"
mkdir "$odd" && mv odd.csv "$odd/<i>.csv"
prepare "$bijou" train nice --data "$odd/<i>.csv" --steps 10 --out "$odd/run"
has_sections "a table" "$odd/run/report.html" "$vectors"
well_formed "a table" "$odd/run/report.html" '<script>alert(1)</script>' 'salt, pepper & c' "d'e" "$odd" '<i>.csv'
verdict "report: a table: nothing of it is taken for HTML" "$(grep -oE '<(script|i)>|<b>"?odd' "$odd/run/report.html" | head -n 3)"

# ---- a run that lacks something
mv glow/figures.json kept.json
expect_success "report: an older run" "$bijou" report glow --force
has_sections "an older run" glow/report.html "$images"
well_formed "an older run" glow/report.html "has no figures.json" "$figure"
echo '{"test": [1' >glow/figures.json
expect_success "report: broken figures" "$bijou" report glow --force
well_formed "broken figures" glow/report.html "of another checkpoint, or broken" "$figure"
rm -r glow/{figures.json,log.csv,config.json,model.txt,samples}
expect_success "report: nothing but a checkpoint in the folder" "$bijou" report glow --force
well_formed "nothing but a checkpoint" glow/report.html "There is no log.csv" "There is no config.json" "InvertibleConv"
rm "$odd/<i>.csv"
expect_success "report: data that are gone" "$bijou" report "$odd/run" --force
well_formed "data that are gone" "$odd/run/report.html" "no such file"
has_sections "data that are gone" "$odd/run/report.html" "$vectors"
