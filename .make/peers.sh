#!/usr/bin/env bash
# A Python that has PyTorch, for `make bench-peers`:  peers.sh FOLDER   prints its path; what it does goes to stderr.
# In this order: the virtual environment in FOLDER; one made there now, with what pip finds for $TORCH ("torch"); a Python of
# this machine that has PyTorch already; Debian's python3-torch. Where none can be had it says how to, and stops with 3.
set -u
venv=$1

say() { printf 'peers: %s\n' "$*" >&2; }
has_torch() { "$1" -c 'import torch' >/dev/null 2>&1; }
use() { printf '%s\n' "$1"; exit 0; }

# The environment remembers what it was made for: another TORCH makes another one.
made_for() { [[ -f $venv/made-for ]] && echo "$(<"$venv/made-for")"; }
torch=${TORCH:-$(made_for)}
torch=${torch:-torch}
[[ $(made_for) == "$torch" ]] && has_torch "$venv/bin/python" && use "$venv/bin/python"

mapfile -t pythons < <(type -ap python3)
for python in "${pythons[@]}"; do
  say "a virtual environment in $venv, by $python, with $torch"
  rm -rf "$venv"
  "$python" -m venv "$venv" >&2 && "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    "$torch" numpy >&2 && has_torch "$venv/bin/python" && echo "$torch" >"$venv/made-for" && use "$venv/bin/python"
  rm -rf "$venv"
done

use_installed() { for python in "${pythons[@]}"; do has_torch "$python" && use "$python"; done; }
use_installed
if command -v apt-get >/dev/null && [[ $(id -u) == 0 ]]; then
  say "Debian's python3-torch"
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3-torch >&2
  mapfile -t pythons < <(type -ap python3)
  use_installed
fi

cat >&2 <<END
peers: no PyTorch here, and none could be installed. Any of these will do; then run make bench-peers again:
peers:   Python 3 with venv and pip, and a package index to reach: apt-get install python3-venv
peers:   another version, or a file that lies here: make bench-peers TORCH=torch==2.5.1, or TORCH=/path/to/torch.whl
peers:   as root, Debian's own: apt-get install python3-torch
END
exit 3
