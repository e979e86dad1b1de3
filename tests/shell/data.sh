#!/usr/bin/env bash
# Data that are missing or broken: exit code 3 and one line that names the file, the value and what to do.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash

refuse() {  # refuse <name> <code> <regex> <options of train...>
  local name=$1 expected=$2 regex=$3
  shift 3
  expect_exit "data: $name" "$expected" "$regex" "$bijou" train realnvp --steps 1 --out "$tmp/never" "$@"
}
accept() {  # accept <name> <options of train...>
  local name=$1
  shift
  expect_success "data: $name" "$bijou" train realnvp --steps 1 --out "$tmp/run" "$@"
}
d=$tmp/data
mkdir -p "$d"

# ---- names and paths
refuse "an unknown name" 2 '"nope".*digits.*moons.*swissroll' --data nope
refuse "an empty name" 2 'unknown data set ""' --data ''
refuse "a path that is not there" 3 "$d/nope\.csv: no such file" --data "$d/nope.csv"
refuse "a folder without IDX files" 3 'has no train-images-idx3-ubyte' --data datasets
refuse "a folder to look in that is not there" 3 "--data-dir $d/nope: no such folder" --data mnist --data-dir "$d/nope"
refuse "MNIST that is not there" 3 "mnist: not found; looked in $d/mnist.*To get it.*--data-dir" --data mnist --data-dir "$d"
refuse "a file that is no table" 3 '/etc/passwd:1: one column only' --data /etc/passwd
refuse "a name that is not UTF-8" 2 'is not UTF-8; rename' --data "$d/"$'\xff.csv'
refuse "a line break in a path" 3 'a\?b\.csv: no such file' --data "$d/a"$'\n'"b.csv"

# ---- one IDX file
idx_images 40 8 8 >"$d/good"
expect_idx() { refuse "IDX: $1" 3 "$d/bad: $2" --data "$d/bad"; }  # expect_idx <name> <regex>, of $d/bad
head -c 3 "$d/good" >"$d/bad" && refuse "IDX: three bytes" 3 "$d/bad: is 3 bytes" --data "$d/bad"
head -c 10 "$d/good" >"$d/bad" && expect_idx "half a header" 'truncated: the header needs 16 bytes, the file has 10; download'
head -c -1 "$d/good" >"$d/bad" && expect_idx "a byte missing" 'truncated.*40 x 8 x 8 = 2560.*found 2559; download'
{ cat "$d/good"; printf x; } >"$d/bad" && expect_idx "a byte too many" 'too long.*2560.*found 2561; download'
idx_labels 40 >"$d/bad" && expect_idx "labels where images are expected" 'holds labels \(magic number 2049\).*2051.*mislabelled'
{ be32 2051 0 8 8; } >"$d/bad" && expect_idx "no images" 'the header says 0 x 8 x 8 images: no size may be zero'
{ be32 2051 40 0 8; } >"$d/bad" && expect_idx "images without height" 'the header says 40 x 0 x 8 images: no size may be zero'
{ be32 2051 4294967295 4294967295 4294967295; } >"$d/bad" && expect_idx "sizes beyond all memory" '.*more than any file'
{ be32 2051 4294967295 1024 1024; noise 99; } >"$d/bad" && expect_idx "a size beyond the file" 'truncated.*found 99'
{ be32 3331; tail -c +5 "$d/good"; } >"$d/bad" && expect_idx "floats instead of bytes" 'magic number 3331: IDX, but not of unsigned bytes'
{ be32 2050; tail -c +5 "$d/good"; } >"$d/bad" && expect_idx "another magic number" 'magic number 2050 is not 2051'
idx_images 9 8 8 >"$d/bad" && expect_idx "too few to split" '9 images; at least 10'
accept "IDX: a good file" --preset digits --data "$d/good"

# ---- sizes that the scales cannot halve
for size in "9 9" "10 10" "4 4" "28 7" "1 1"; do
  read -r height width <<<"$size"
  idx_images 20 $height $width >"$d/odd"
  refuse "images of $height x $width" 2 "$d/odd: preset 'mnist'.*\[$height, $width, 1\]" --data "$d/odd"
done
idx_images 20 10 10 >"$d/odd"
refuse "images of 10 x 10: what would do is named" 2 'try --set scales=2' --data "$d/odd"
accept "images of 10 x 10 with that preset" --data "$d/odd" --preset digits
idx_images 20 4 8 >"$d/odd"
accept "images of 4 x 8" --data "$d/odd"

# ---- memory
refuse_memory() {  # refuse_memory <name> <regex> <n> <side> <batch>: the images are zeros, that take no disk
  { be32 2051 "$3" "$4" "$4"; } >"$d/many"
  truncate -s $((16 + $3 * $4 * $4)) "$d/many"
  refuse "memory: $1" 2 "would need about [0-9]+ MiB, the machine has [0-9]+ MiB; $2" --data "$d/many" --batch-size "$5"
  rm "$d/many"
}
if (($(awk '/MemTotal/ { print int($2 / 1048576) }' /proc/meminfo) > 200)); then
  skip "data: memory" "this machine has too much of it"
else
  refuse_memory "a batch that is too large" 'try --memory checkpointed, --batch-size [0-9]+ or a smaller preset' 60000 28 48000
  refuse_memory "images that are too large" 'not even one example fits.*smaller' 10 4096 1
fi

# ---- gzip
gzip -c "$d/good" >"$d/good.gz"
accept "gzip: a good file" --preset digits --data "$d/good.gz"
cp "$d/good.gz" "$d/plain" && accept "gzip: told by the content, not by the name" --preset digits --data "$d/plain"
size=$(stat -c %s "$d/good.gz")
for keep in 5 $((size / 2)) $((size - 1)); do
  head -c "$keep" "$d/good.gz" >"$d/cut.gz"
  refuse "gzip: ends after $keep of $size bytes" 3 "$d/cut\.gz: the gzip data end early, after $keep bytes.*download" --data "$d/cut.gz"
done
{ cat "$d/good.gz"; printf 'more'; } >"$d/long.gz"
refuse "gzip: bytes after its end" 3 "$d/long\.gz: 4 bytes follow" --data "$d/long.gz"
cp "$d/good.gz" "$d/wrong.gz" && printf '\0\0\0\0' | dd of="$d/wrong.gz" bs=1 seek=$((size - 8)) conv=notrunc status=none
refuse "gzip: a wrong checksum" 3 "$d/wrong\.gz: the gzip data are broken.*download" --data "$d/wrong.gz"

# ---- a folder of four IDX files
folder=$d/set/mnist
mkdir -p "$folder"
idx_images 48 8 8 >"$folder/train-images-idx3-ubyte"
idx_labels 48 | gzip >"$folder/train-labels-idx1-ubyte.gz"
idx_images 12 8 8 >"$folder/t10k-images-idx3-ubyte"
refuse "folder: a file is missing" 3 "$folder: has no t10k-labels-idx1-ubyte.*download" --data "$folder"
idx_labels 11 >"$folder/t10k-labels-idx1-ubyte"
refuse "folder: as many labels as images" 3 '12 images.*11 labels' --data "$folder"
idx_labels 12 >"$folder/t10k-labels-idx1-ubyte"
accept "folder: a good one, by its path" --preset digits --data "$folder"
accept "folder: by its name and --data-dir" --preset digits --data mnist --data-dir "$d/set"
BIJOU_DATA_DIR=$d/set accept "folder: by its name and BIJOU_DATA_DIR" --preset digits --data mnist
idx_images 12 4 4 >"$folder/t10k-images-idx3-ubyte"
refuse "folder: images of two sizes" 3 '\[8, 8, 1\].*\[4, 4, 1\]' --data "$folder"
mv "$folder/train-images-idx3-ubyte" "$d/swap"
cp "$folder/t10k-labels-idx1-ubyte" "$folder/train-images-idx3-ubyte"
refuse "folder: a mislabelled file" 3 'train-images-idx3-ubyte: holds labels.*mislabelled' --data "$folder"

# ---- tables
table 40 >"$d/good.csv"
expect_table() { refuse "table: $1" 3 "$d/bad\.csv:?$2" --data "$d/bad.csv"; }  # expect_table <name> <regex>, of $d/bad.csv
change() { sed "$1" "$d/good.csv" >"$d/bad.csv"; }
accept "table: a good one" --data "$d/good.csv"
cut -d, -f1 "$d/good.csv" >"$d/bad.csv" && expect_table "one column" '1: one column only'
: >"$d/bad.csv" && expect_table "an empty file" ' holds no row'
echo a,b,c >"$d/bad.csv" && expect_table "a header only" ' holds no row'
head -n 1 "$d/good.csv" >"$d/bad.csv" && expect_table "one row" ' 1 rows; at least 10'
change '5s/^[^,]*,/nan,/' && expect_table "nan" '5:1: column 1: "nan" is not finite; fill it'
change '6s/,[^,]*,/,-inf,/' && expect_table "infinity" '6:[0-9]+: column 2: "-inf" is not finite'
change '5s/,[^,]*,/,word,/' && expect_table "a word" '5:[0-9]+: column 2: "word" is not a number; remove the column'
change '5s/,[^,]*,/,,/' && expect_table "a hole" '5:[0-9]+: column 2: the cell is empty; fill it'
change '5s/,[^,]*$//' && expect_table "a short row" '5:[0-9]+: this row has 2 cells, the first has 3; mend'
change '5s/$/,7/' && expect_table "a long row" '5:[0-9]+: this row has 4 cells, the first has 3'
change '5s/,[^,]*,/,1e99,/' && expect_table "a number beyond float" '5:[0-9]+: column 2: "1e99" does not fit in a float; scale'
change 's/,[^,]*,/,5,/' && expect_table "a constant column" ' column 2 .*is constant \(5\).*remove'
change 's/,/;/g; s/\./,/g' && expect_table "decimal commas" '2:1: column 1 .*"0,[0-9]*" is not a number.*decimals with a point'
{ printf 'a,b\n1,'; printf '\0'; } >"$d/bad.csv" && expect_table "a zero byte" ' is not a table of text'
idx_images 40 8 8 | tail -c +3 >"$d/bad.csv" && expect_table "bytes that are no text" ''

# ---- which columns of a table, how they are read, and noise where values repeat
{ printf 'size;name;grade;\n' && table 60 | awk -F, '{ printf "%s;row %d;%d;%s\n", $1, NR, $2 * 4, $3 }'; } >"$d/named.csv"
refuse "columns: one that is not there" 2 '--columns: .*named\.csv has no column "weight"; it has 4: "size", "name"' --data "$d/named.csv" --columns size,weight
refuse "columns: words" 3 'column 2 \("name"\): "row 1" is not a number.*leave it out by --columns' --data "$d/named.csv"
refuse "columns: of images" 2 '--columns is for tables, and digits is none' --data digits --columns 1,2
refuse "noise: of a toy" 2 '--dequantise is for tables, and moons is none' --data moons --dequantise
refuse "separator: two characters" 2 '--separator "ab": must be one character' --data "$d/named.csv" --separator ab
refuse "separator: one that does not occur" 3 'one column only \(no \| in' --data "$d/named.csv" --separator '|'
refuse "header: none, where words stand" 3 ':1:1: column 1: "size" is not a number' --data "$d/named.csv" --columns 1,3 --header no
run "$bijou" train realnvp --steps 1 --out "$tmp/plain" --data "$d/named.csv" --columns 1,3-4
verdict "columns: those that repeat values are pointed out" \
  "$(complaint 0; grep -qE '^warning: .*1 of 3 columns repeat values \("grade" has [0-9]+ distinct values in 60 rows.*--dequantise' "$tmp/err" || said "$tmp/err")"
run "$bijou" train realnvp --steps 2 --out "$tmp/noisy" --data "$d/named.csv" --columns size,grade,4 --dequantise
trained=$(grep -oE 'RealNVP +-?[0-9.]+ nats' "$tmp/out" | grep -oE -- '-?[0-9.]+')
verdict "noise: nothing is pointed out any more" "$(complaint 0; grep 'repeat values' "$tmp/err")"
run "$bijou" evaluate "$tmp/noisy" --json
evaluated=$(grep -oE '"nll_nats":-?[0-9.]+' "$tmp/out" | cut -d: -f2)
verdict "noise: evaluate sees the data that were trained on" \
  "$(complaint 0; awk -v a="$trained" -v b="$evaluated" 'BEGIN { if (a == "" || (a - b) ^ 2 > 1e-6) print a " in training, evaluated " b }')"
run "$bijou" evaluate "$tmp/noisy" --json --columns grade,size,4
verdict "columns: what is given goes before what is kept" \
  "$(complaint 0; grep -qF "$evaluated" "$tmp/out" && echo "the same figure for other columns: $evaluated")"

# ---- NumPy's files
numbers() { noise $((4 * $1)) | tr '[:cntrl:]' 'A'; }  # numbers <n>: 4-byte floats, none of which is NaN
{ npy '<f4' '40, 3' && numbers 120; } >"$d/x.npy"
npz X.npy "$d/x.npy" >"$d/x.npz"
accept "npy: a table" --data "$d/x.npy"
accept "npz: a table" --data "$d/x.npz"
{ npy '>f4' '40, 3' True && numbers 120; } >"$d/x.npy"
accept "npy: big-endian, in Fortran order" --data "$d/x.npy" --columns 1,3
{ npy '|u1' '40, 8, 8' && noise 2560; } >"$d/images.npy"
accept "npy: images" --data "$d/images.npy" --preset digits
expect_npy() { refuse "npy: $1" 3 "$d/bad\.npy: $2" --data "$d/bad.npy"; }  # expect_npy <name> <regex>, of $d/bad.npy
head -c 100 "$d/x.npy" >"$d/bad.npy" && expect_npy "cut" 'truncated: the header says \[40, 3\] of >f4 = 480 bytes.*np\.save'
{ npy '<f4' '1, 3' && numbers 3; } >"$d/bad.npy" && expect_npy "a single row" '1 rows; at least 10'
{ npy '<f4' '20, 2' && numbers 39 && printf '\0\0\xc0\x7f'; } >"$d/bad.npy" && expect_npy "NaN" 'row 20, column 2: nan is not finite; fill'
{ npy '<f4' '20, 2' && numbers 39 && printf '\0\0\x80\x7f'; } >"$d/bad.npy" && expect_npy "infinity" 'row 20, column 2: inf is not finite'
{ npy '|O' '20, 2' && numbers 9; } >"$d/bad.npy" && expect_npy "pickled objects" 'holds pickled Python objects.*never run.*float32'
npz o.npy "$d/bad.npy" >"$d/bad.npz"
refuse "npz: pickled objects" 3 "$d/bad\.npz: \"o\": holds pickled Python objects" --data "$d/bad.npz"
head -c -1 "$d/x.npz" >"$d/bad.npz"
refuse "npz: cut" 3 "$d/bad\.npz: the zip file is cut or broken.*np\.savez" --data "$d/bad.npz"
printf 'zz' | cat "$d/x.npz" - | tail -c +3 >"$d/bad.npz"
refuse "npz: not quite a zip file" 3 "$d/bad\.npz: " --data "$d/bad.npz"

# ---- no permission, as somebody who is not root
chmod 755 "$tmp" "$d"
chmod 600 "$d/good.csv"
cp "$bijou" "$tmp/bijou"
if [[ $(id -u) != 0 ]]; then
  chmod 000 "$d/good.csv"
  expect_exit "data: no permission" 3 "$d/good\.csv: no permission" "$tmp/bijou" train realnvp --data "$d/good.csv" --out "$tmp/never"
elif setpriv --reuid=65534 --regid=65534 --clear-groups "$tmp/bijou" >/dev/null 2>&1; then
  expect_exit "data: no permission" 3 "$d/good\.csv: no permission" \
    setpriv --reuid=65534 --regid=65534 --clear-groups "$tmp/bijou" train realnvp --data "$d/good.csv" --out "$tmp/never"
else
  skip "data: no permission" "setpriv cannot be used here"
fi

if [[ -e $tmp/never ]]; then not_ok "data: what is refused leaves no folder" "$(ls "$tmp/never")"; else ok "data: what is refused leaves no folder"; fi
