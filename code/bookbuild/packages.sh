#!/usr/bin/env bash
# Installs what the checks need beside Python's packages, on Debian or Ubuntu:
# a browser, XeLaTeX, EPUBCheck and the tools that read what they made. What
# is there is left as it is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
wanted=()
need() { # PACKAGE COMMAND: the package has the command
  command -v "$2" >/dev/null || wanted+=("$1")
}
need chromium chromium
need epubcheck epubcheck
need poppler-utils pdftotext
need iproute2 ip
python3 -c 'import venv, ensurepip' 2>/dev/null || wanted+=(python3-venv)
if ! command -v xelatex >/dev/null; then
  mapfile -t tex <code/bookbuild/print/packages
  wanted+=("${tex[@]}")
fi
[ ${#wanted[@]} -gt 0 ] || { echo "packages: all there"; exit; }

command -v apt-get >/dev/null || {
  echo "packages: this is no Debian. What is missing, in Debian's names: ${wanted[*]}" >&2
  exit 1
}
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -q --no-install-recommends "${wanted[@]}"
