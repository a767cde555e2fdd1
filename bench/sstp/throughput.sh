#!/bin/bash
# Throughput of rrasd with rasdial over SSTP beside ocserv, SoftEther and the ceiling (tunlimit:
# OpenSSL's records, AES-128-GCM, offloads), all in one run, round by round, everything on one core.
# Options: -r ROUNDS, -t SECONDS, -o RAW-FILE. Goals are paired ratios: the median and the lower
# quartile must reach them.
set -u
rounds=5 seconds=2 raw=${OPENRRAS_BUILD:?}/bench/sstp-throughput.raw
while getopts r:t:o: o; do
	case $o in
	r) rounds=$OPTARG ;;
	t) seconds=$OPTARG ;;
	o) raw=$OPTARG ;;
	*) exit 2 ;;
	esac
done
missing=
for c in iperf3 ocserv openconnect vpncmd make gcc python3; do
	command -v $c >/dev/null || missing="$missing $c"
done
[ -z "$missing" ] || { echo "throughput: missing here:$missing (./dev bench-deps)" >&2; exit 2; }
cd "${OPENRRAS_BENCH:?}" || exit 2
make -s out/tunlimit || { echo "throughput: tunlimit does not build (./dev bench-deps)" >&2; exit 2; }
./throughput.sh -r "$rounds" -t "$seconds" -m tcp1,tcp1r,tcp4,tcp4r -p 0 -o "$raw" \
	openrras:sstp ocserv:tls softether:tls tl:tls:ossl128:v || exit 2
./throughput.sh -r "$rounds" -t 1 -m udp,pps -p 0 -o "$raw.pps" \
	openrras:sstp softether:tls tl:tls:ossl128:v || exit 2
exec python3 "$PEERS_EXTRA/sstp/goals.py" "$raw" "$raw.pps"
