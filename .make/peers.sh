#!/usr/bin/env bash
# A Python that has PyTorch, for `make bench-peers`, or scikit-learn, for `make bench-anomaly`:
#
#   peers.sh FOLDER [sklearn]   prints its path; what it does goes to stderr
#
# In this order: the virtual environment in FOLDER; one made there now, with what pip finds for $TORCH ("torch") or $SKLEARN
# ("scikit-learn"); a Python of this machine that has it already; Debian's package. Where none can be had it says how to,
# and stops with 3.
set -u
venv=$1 module=${2:-torch}
case $module in
  torch)
    title=PyTorch package=torch variable=TORCH wanted=${TORCH:-} target=bench-peers
    debian=python3-torch another=torch==2.5.1
    ;;
  sklearn)
    title=scikit-learn package=scikit-learn variable=SKLEARN wanted=${SKLEARN:-} target=bench-anomaly
    debian=python3-sklearn another=scikit-learn==1.5.2
    ;;
  *) echo "peers: torch or sklearn, not '$module'" >&2; exit 2 ;;
esac

say() { printf 'peers: %s\n' "$*" >&2; }
has_module() { "$1" -c "import $module" >/dev/null 2>&1; }
use() { printf '%s\n' "$1"; exit 0; }

# The environment remembers what it was made for: another $TORCH or $SKLEARN makes another one.
made_for() { [[ -f $venv/made-for ]] && echo "$(<"$venv/made-for")"; }
wanted=${wanted:-$(made_for)}
wanted=${wanted:-$package}
[[ $(made_for) == "$wanted" ]] && has_module "$venv/bin/python" && use "$venv/bin/python"

mapfile -t pythons < <(type -ap python3)
for python in "${pythons[@]}"; do
  say "a virtual environment in $venv, by $python, with $wanted"
  rm -rf "$venv"
  "$python" -m venv "$venv" >&2 && "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    "$wanted" numpy >&2 && has_module "$venv/bin/python" && echo "$wanted" >"$venv/made-for" && use "$venv/bin/python"
  rm -rf "$venv"
done

use_installed() { for python in "${pythons[@]}"; do has_module "$python" && use "$python"; done; }
use_installed
if command -v apt-get >/dev/null && [[ $(id -u) == 0 ]]; then
  say "Debian's $debian"
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$debian" >&2
  mapfile -t pythons < <(type -ap python3)
  use_installed
fi

cat >&2 <<END
peers: no $title here, and none could be installed. Any of these will do; then run make $target again:
peers:   Python 3 with venv and pip, and a package index to reach: apt-get install python3-venv
peers:   another version, or a file that lies here: make $target $variable=$another, or $variable=/path/to/$package.whl
peers:   as root, Debian's own: apt-get install $debian
END
exit 3
