#!/usr/bin/env bash
# Sets up .venv with the pinned packages; done again only when the pins change.
# A set-up that fails leaves the old .venv as it was.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
python=${1:-python3}
stop() { echo "$*" >&2; exit 1; }

pins=$(cat requirements.txt requirements-nodeps.txt pyproject.toml | sha256sum | cut -d' ' -f1)
# A virtual environment knows its own place: one that was moved is made anew.
want="$pins $PWD"
[ "$(cat .venv/pins 2>/dev/null)" = "$want" ] && exit 0

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
  stop "The book needs Python 3.11 or newer; '$python' is $("$python" --version 2>&1 | tail -n 1). Name another: make book PYTHON=python3.12"
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
  stop "'$python' has no venv module; on Debian and Ubuntu: apt install python3-venv"
free=$(df -Pk . | awk 'NR == 2 {print int($4 / 1024)}')
[ "$free" -ge 3000 ] ||
  stop "Setting up takes 3,000 MB on this disk and $free MB are free. Nothing was changed."

echo "setting up .venv with the packages of requirements.txt (about a minute, 2 GB)"
log=$(mktemp)
# The old environment stands aside until the new one is whole (an environment
# can't be moved into place: its scripts know where they were made).
[ -e .venv ] && [ ! -e .venv.old ] && mv .venv .venv.old
restore() {
  rm -rf .venv "$log"
  [ -e .venv.old ] && mv .venv.old .venv
}
trap restore EXIT
rm -rf .venv
if ! { "$python" -m venv .venv &&
       .venv/bin/python -m pip install --disable-pip-version-check -q -r requirements.txt &&
       .venv/bin/python -m pip install --disable-pip-version-check -q --no-deps -r requirements-nodeps.txt; } >"$log" 2>&1; then
  tail -n 5 "$log" >&2
  if grep -qi 'no space left' "$log"; then
    stop "The disk is full. Nothing was changed."
  elif grep -qiE 'connection|resolution|unreachable|timed out|from versions: none' "$log"; then
    stop "The packages of requirements.txt could not be fetched: is there a network? Nothing was changed."
  fi
  stop "The packages of requirements.txt could not be installed, for the reason above. Nothing was changed."
fi
echo "$want" > .venv/pins || stop "The disk is full. Nothing was changed."
trap - EXIT
rm -rf .venv.old "$log"
