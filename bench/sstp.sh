#!/bin/bash
# The figures of the SSTP server beside its peers, each part a script of bench/sstp/. Started by
# `./dev bench sstp [PART...] [-- OPTION...]`; without a part all run. A part prints lines that end
# in "met", "not met" or "not measured"; the exit status is 0 when every goal was met, 1 when one
# was not, 2 when something could not be measured.
set -u
build=$(readlink -f "${1:?usage: sstp.sh BUILD-FOLDER [PART...] [-- OPTION...]}")
here=$(dirname "$(readlink -f "$0")")
shift
[ "$(id -u)" = 0 ] || { echo "bench: network namespaces need root" >&2; exit 2; }

parts=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do parts+=("$1"); shift; done
[ $# -eq 0 ] || shift
if [ ${#parts[@]} -eq 0 ]; then
	for f in throughput logins memory; do [ ! -f "$here/sstp/$f.sh" ] || parts+=("$f"); done
fi

# The peers and their load generators: a folder beside the project. What is built there is built in
# a copy of it.
bench=${OPENRRAS_BENCH:-$here/../../shared/bench}
[ -f "$bench/throughput.sh" ] || {
	echo "bench: the peers are not here: set OPENRRAS_BENCH to their folder" >&2
	exit 2
}
mkdir -p "$build/bench"
cp -ru "$(readlink -f "$bench")/." "$build/bench/"
export OPENRRAS_BENCH=$build/bench OPENRRAS_BUILD=$build PEERS_EXTRA=$here

status=0
for part in "${parts[@]}"; do
	[ -f "$here/sstp/$part.sh" ] || { echo "bench: no part $part in bench/sstp" >&2; exit 2; }
	printf '\n== %s\n' "$part"
	rc=0
	bash "$here/sstp/$part.sh" "$@" || rc=$?
	[ $rc -le $status ] || status=$rc
done
exit $status
