# Sourced by the load measurements: two hosts as namespaces ($NA the clients, $NB the server), rrasd
# in $NB with one account, sstpload in $NA as a coprocess that takes orders. Whatever is started
# here is ended here, by its pid.
set -u
TAG=${TAG:-rl$$}
NA=${TAG}a; NB=${TAG}b
BUILD=$(readlink -f "${OPENRRAS_BUILD:?}")
WORK=$(mktemp -d "${TMPDIR:-/tmp}/$TAG.XXXXXX")
chmod 755 "$WORK"
RRASD_PID='' LOAD_PID=''

# could not be measured
fail() { echo "$(basename "$0" .sh): $*" >&2; echo "$(basename "$0" .sh): not measured"; exit 2; }

load_finish() {
	local p
	for p in $LOAD_PID $RRASD_PID; do
		kill -TERM "$p" 2>/dev/null || continue
		for _ in $(seq 100); do kill -0 "$p" 2>/dev/null || break; sleep 0.1; done
		kill -KILL "$p" 2>/dev/null
	done
	for p in "$NA" "$NB"; do ip netns del "$p" 2>/dev/null; done
	rm -rf "$WORK"
}
trap load_finish EXIT
trap 'exit 130' INT TERM

[ "$(id -u)" = 0 ] || fail "needs root: it makes network namespaces"
ulimit -n "$(ulimit -Hn)"

load_net() {
	ip netns add "$NA" && ip netns add "$NB" || exit 1
	ip -n "$NA" link add eth mtu 1500 type veth peer name eth netns "$NB"
	ip -n "$NA" addr add 10.77.1.1/24 dev eth; ip -n "$NB" addr add 10.77.1.2/24 dev eth
	for n in "$NA" "$NB"; do ip -n "$n" link set lo up; ip -n "$n" link set eth up; done
	# many sources for one client host: 10.78.0.0/16 is its own
	ip -n "$NA" route add local 10.78.0.0/16 dev lo
	ip -n "$NB" route add 10.78.0.0/16 via 10.77.1.1
}

# rrasd with the settings of $1 in its server block and $2 in its sstp block; ready when it returns
rrasd_start() {
	"$BUILD/src/cmd/rrasctl" pki init "$WORK/pki" --name "Bench CA" >/dev/null &&
		"$BUILD/src/cmd/rrasctl" pki issue "$WORK/pki" --name vpn.example --san 10.77.1.2 \
			>/dev/null || fail "no certificate"
	cat >"$WORK/rrasd.conf" <<-CONF
	server {
	    vault-key $WORK/vault.key
	    state-directory $WORK/state
	    run-directory $WORK/run
	    ${1:-}
	}
	sstp {
	    certificate $WORK/pki/vpn.example.pem
	    key $WORK/pki/vpn.example.key
	    ports 4096
	    half-open-per-source 256
	    ${2:-}
	}
	pool bench { range 10.99.0.1 - 10.99.15.254 }
	CONF
	ip netns exec "$NB" "$BUILD/src/cmd/rrasd" --config "$WORK/rrasd.conf" \
		>"$WORK/rrasd.log" 2>&1 &
	RRASD_PID=$!
	for _ in $(seq 100); do
		grep -q 'rrasd: ready' "$WORK/rrasd.log" && break
		kill -0 "$RRASD_PID" 2>/dev/null || break
		sleep 0.1
	done
	grep -q 'rrasd: ready' "$WORK/rrasd.log" || fail "rrasd: $(cat "$WORK/rrasd.log")"
	echo Bench-123 >"$WORK/pw"
	rras_ctl user add load --dialin allow --password-file - <"$WORK/pw" >/dev/null ||
		fail "no account"
}

rras_ctl() {
	ip netns exec "$NB" "$BUILD/src/cmd/rrasctl" --socket "$WORK/run/control.sock" \
		--state "$WORK/state" --config "$WORK/rrasd.conf" "$@"
}

# monitor and its children
rrasd_pids() { echo "$RRASD_PID" $(cat /proc/"$RRASD_PID"/task/*/children); }

# Microseconds that they were on a CPU, user and system: schedstat's first field, nanoseconds.
rrasd_cpu_us() {
	local p t s=0
	for p in $(rrasd_pids); do
		for t in /proc/"$p"/task/*/schedstat; do
			read -r t _ <"$t" && s=$((s + t / 1000))
		done
	done
	echo "$s"
}

rrasd_pss_kib() {
	local p s=0
	for p in $(rrasd_pids); do
		s=$((s + $(awk '/^Pss:/{s+=$2}END{print s+0}' /proc/"$p"/smaps_rollup)))
	done
	echo "$s"
}

# sstpload in the clients' namespace; OPTIONS; its first report is left in $REPORT
load_start() {
	coproc LOAD { exec ip netns exec "$NA" "$BUILD/bench/sstpload" --server 10.77.1.2:443 \
		--ca "$WORK/pki/ca.pem" --user load --password-file "$WORK/pw" --hold "$@"; }
	# shellcheck disable=SC2153 # bash sets LOAD_PID
	LOAD_PID=${LOAD_PID:?}
	read -r -t 120 REPORT <&"${LOAD[0]}" || fail "sstpload does not answer"
}

# an order to it; the answer is left in $REPORT
load_order() {
	echo "$*" >&"${LOAD[1]}"
	read -r -t 120 REPORT <&"${LOAD[0]}" || fail "sstpload does not answer"
}

# one number out of $REPORT
field() { printf '%s\n' "$REPORT" | sed -nE "s/.*\"$1\": ([0-9.]+).*/\1/p"; }
