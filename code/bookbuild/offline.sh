#!/usr/bin/env bash
# Runs a command where there is no network:
#
#     code/bookbuild/offline.sh make site
#
# Of all interfaces it sees the loopback alone, over which Jupyter's kernels
# talk. It runs as whoever calls it. A machine that can't do this says so, and
# nothing is run.
set -euo pipefail
stop() { echo "offline: $*" >&2; exit 1; }
[ $# -gt 0 ] || stop "which command? code/bookbuild/offline.sh make site"

# shellcheck disable=SC2016  # for the shell that runs inside
inside='[ "$(tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d " ")" = lo ] &&
  ip link set lo up || { echo "offline: this is no place without a network" >&2; exit 1; }
echo "offline: no network but lo"
exec "$@"'

if ! command -v unshare || ! command -v ip; then
  stop "it needs unshare and ip (Debian's packages: util-linux, iproute2). Nothing was proved."
fi >/dev/null
if [ "$(id -u)" = 0 ] && unshare --net true 2>/dev/null; then
  exec unshare --net sh -c "$inside" sh "$@"
elif unshare --map-root-user --net true 2>/dev/null; then
  exec unshare --map-root-user --net sh -c "$inside" sh "$@"
elif sudo -n -E unshare --net true 2>/dev/null; then
  exec sudo -n -E unshare --net sh -c "$inside" sh \
    setpriv --reuid="$(id -u)" --regid="$(id -g)" --init-groups \
    env "PATH=$PATH" "HOME=$HOME" "$@"
fi
stop "this machine lets nobody shut the network off (unshare --net is refused, with sudo as well). Nothing was proved."
