#!/usr/bin/env bash
# make data-*: a set is installed whole and checked, or not at all. Everything comes from file:// addresses.
cd "$(dirname "$0")/../.." || exit
. tests/shell/lib/common.bash
command -v curl >/dev/null || { skip "downloads" "there is no curl, and wget reads no file:// address"; exit 0; }

# The script with sums of files that this test makes.
site=$tmp/site
mkdir -p "$tmp/make" "$site/good" "$site/wrong" "$site/cut"
cp .make/data.sh "$tmp/make/"
names=(train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte)
idx_images 24 8 8 >"$site/${names[0]}"
idx_labels 24 >"$site/${names[1]}"
idx_images 5 8 8 >"$site/${names[2]}"
idx_labels 5 >"$site/${names[3]}"
for name in "${names[@]}"; do
  gzip -c "$site/$name" >"$site/good/$name.gz"
  echo "mnist $name.gz $(sha256sum <"$site/$name" | cut -d' ' -f1)" >>"$tmp/make/data.sha256"
done
mkdir "$tmp/cifar-10-batches-bin"
for batch in data_batch_1 data_batch_2 data_batch_3 data_batch_4 data_batch_5 test_batch; do
  for ((i = 0; i < 4; ++i)); do printf '\x03'; noise 3072; done >"$tmp/cifar-10-batches-bin/$batch.bin"
  echo "cifar10 $batch.bin $(sha256sum <"$tmp/cifar-10-batches-bin/$batch.bin" | cut -d' ' -f1)" >>"$tmp/make/data.sha256"
done
tar czf "$site/good/cifar-10-binary.tar.gz" -C "$tmp" cifar-10-batches-bin

# One file of each is other than it should be.
cp "$site"/good/* "$site/wrong/"
cp "$site"/good/* "$site/cut/"
{ head -c 100 "$site/${names[3]}" && printf x; } | gzip -c >"$site/wrong/${names[3]}.gz"
printf '\x04' | dd of="$tmp/cifar-10-batches-bin/test_batch.bin" conv=notrunc 2>/dev/null
tar czf "$site/wrong/cifar-10-binary.tar.gz" -C "$tmp" cifar-10-batches-bin
for file in "${names[3]}.gz" cifar-10-binary.tar.gz; do
  size=$(stat -c %s "$site/good/$file")
  head -c $((size / 2)) "$site/good/$file" >"$site/cut/$file"
done

get() { DATA_URL=file://$site/$1 run bash "$tmp/make/data.sh" "$2" "$tmp/data"; }  # get <site> <set>
left() { [[ ! -d $tmp/data ]] || find "$tmp/data" -mindepth 1; }
refused() {  # refused <name> <regex>: the last run, and nothing is left of it
  local why
  why=$(complaint 3)
  [[ -n $why ]] || grep -qE "^data: .*($2)" "$tmp/err" || why="stderr does not match '$2': $(cat "$tmp/err")"
  [[ -n $why || -z $(left) ]] || why="it left $(left)"
  verdict "downloads: $1" "$why"
}

for set in mnist cifar10; do
  get wrong $set
  refused "$set with a wrong checksum is not installed" 'has the SHA-256 [0-9a-f]{64} instead of [0-9a-f]{64}; nothing was installed'
  get cut $set
  refused "$set with a cut file is not installed" '(is|are) cut short or broken'
  get nowhere $set
  refused "$set that is not there" 'could not be downloaded.*DATA_URL'
  get good $set
  verdict "downloads: $set" "$(complaint 0)"
  get nowhere $set
  verdict "downloads: $set that is there is not fetched again" "$(complaint 0)$(grep -q 'there already' "$tmp/out" || echo ' no such line')"
  expect_success "downloads: what was installed can be trained on, $set" "$bijou" data info $set --data-dir "$tmp/data"
  printf x >>"$tmp/data/$([[ $set == mnist ]] && echo mnist/${names[1]}.gz || echo cifar-10-batches-bin/test_batch.bin)"
  get good $set
  verdict "downloads: $set that is there and damaged is named" \
    "$(complaint 3)$(grep -q 'is there, but .*move it away' "$tmp/err" || echo " $(cat "$tmp/err")")"
  rm -rf "$tmp/data"
done

# The real sums and the Makefile's way, where the real files are.
real=/usr/share/datasets/fashion-mnist
if [[ -f $real/${names[0]}.gz ]]; then
  run make --no-print-directory data-fashion-mnist DATA_URL="file://$real" DATA_DIR="$tmp/real data"
  verdict "downloads: Fashion-MNIST by make, the real files" "$(complaint 0)"
  expect_files "downloads: Fashion-MNIST's files" "$tmp/real data/fashion-mnist" "${names[@]/%/.gz}"
else
  skip "downloads: Fashion-MNIST by make, the real files" "no $real (package dataset-fashion-mnist)"
fi
