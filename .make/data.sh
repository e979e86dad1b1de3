#!/usr/bin/env bash
# Downloads a data set from its official place, checks it, and only then puts it where the program looks.
#   data.sh mnist | fashion-mnist | cifar10 [folder, default data]
# DATA_URL: another base address (https://..., file://...) that holds files of the same names.
# All goes into a folder of its own beside the target, which is renamed at the very end: what is there is whole.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
stop() { printf 'data: %s\n' "$*" >&2; exit 3; }

set=${1:-} folder=${2:-data}
case $set in
  mnist) base=https://storage.googleapis.com/cvdf-datasets/mnist ;;
  fashion-mnist) base=http://fashion-mnist.s3-website.eu-central-1.amazonaws.com ;;
  cifar10) base=https://www.cs.toronto.edu/~kriz ;;
  *) stop "usage: data.sh mnist | fashion-mnist | cifar10 [folder]" ;;
esac
base=${DATA_URL:-$base}
target=$folder/$set
[[ $set == cifar10 ]] && target=$folder/cifar-10-batches-bin

sums() { awk -v set="$set" '$1 == set { print $2, $3 }' "$here/data.sha256"; }

sum_of() {  # sum_of <file>: of what is in it, unpacked
  if [[ $1 == *.gz ]]; then gzip -dc "$1" 2>/dev/null | sha256sum; else sha256sum <"$1"; fi | cut -d' ' -f1
}

complaint() {  # complaint <folder>: the first file that is missing or wrong, or nothing
  local file sum found
  while read -r file sum; do
    [[ -f $1/$file ]] || { echo "$file is missing"; return; }
    [[ $file != *.gz ]] || gzip -t "$1/$file" 2>/dev/null || { echo "$file is cut short or broken"; return; }
    found=$(sum_of "$1/$file")
    [[ $found == "$sum" ]] || { echo "$file has the SHA-256 $found instead of $sum"; return; }
  done < <(sums)
}

download() {  # download <name>
  echo "data: $base/$1"
  if command -v curl >/dev/null; then curl -fsSL --retry 2 -o "$work/$1" "$base/$1"
  elif command -v wget >/dev/null; then wget -q -O "$work/$1" "$base/$1"
  else stop "neither curl nor wget is here; install one of them: apt-get install curl"
  fi || stop "$base/$1 could not be downloaded; is the network there? DATA_URL=... names another place"
}

for tool in sha256sum gzip tar; do command -v $tool >/dev/null || stop "$tool is missing; install it"; done
if [[ -e $target ]]; then
  why=$(complaint "$target")
  [[ -z $why ]] || stop "$target is there, but $why; move it away and try again"
  echo "data: $target is there already, and is right"
  exit 0
fi

mkdir -p "$folder" || exit 3
work=$(mktemp -d "$folder/.download-$set.XXXXXX") || exit 3
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

if [[ $set == cifar10 ]]; then
  archive=cifar-10-binary.tar.gz
  download $archive
  tar -xzf "$work/$archive" -C "$work" 2>"$work/tar.log" ||
    stop "$base/$archive is cut short or broken: $(head -n 1 "$work/tar.log"); nothing was installed"
  ready=$work/cifar-10-batches-bin
else
  ready=$work/ready
  mkdir "$ready"
  while read -r file _; do
    download "$file"
    mv "$work/$file" "$ready/"
  done < <(sums)
fi

why=$(complaint "$ready")
[[ -z $why ]] || stop "$base: $why; nothing was installed; try again, or name another place by DATA_URL=..."
chmod -R u+w,a+rX "$ready" && mv -T "$ready" "$target" || stop "$target could not be written"
echo "data: $target is complete, its SHA-256 sums are right"
