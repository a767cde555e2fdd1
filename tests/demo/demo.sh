#!/bin/bash
# The main job, shown once: a server, a client, a host behind the server; a file is moved, and four
# attempts that must fail explain themselves. Everything lives in namespaces of this script (mounts,
# processes, networks) and is gone with it.
set -eu
build=$(readlink -f "${1:?usage: demo.sh BUILD-FOLDER}")
self=$(readlink -f "$0")
if [ "${OPENRRAS_DEMO:-}" != inside ]; then
	[ "$(id -u)" = 0 ] || { echo "demo: must be run as root (it makes network namespaces)" >&2; exit 1; }
	[ -c /dev/net/tun ] || { echo "demo: /dev/net/tun is missing (modprobe tun)" >&2; exit 1; }
	exec env OPENRRAS_DEMO=inside unshare --mount --propagation private --pid --fork --kill-child \
		--mount-proc timeout --foreground 240 bash "$self" "$build"
fi

mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib
mkdir -p /run/netns /run/demo
cd /run/demo
step() { printf '\n== %s\n' "$*"; }
show() { printf '$ %s\n' "$*"; }
fail() { echo "demo: FAILED: $*" >&2; tail -n 30 /run/demo/rrasd.log >&2 || true; exit 1; }
client() { ip netns exec client "$@"; }
ctl() { "$build/src/cmd/rrasctl" "$@"; }

step "1/5  Three hosts: client 203.0.113.2, server 203.0.113.1 and 10.80.0.1, a host behind it 10.80.0.2"
for ns in server client lan; do
	ip netns add $ns
	ip -n $ns link set lo up
done
ip link add inet0 netns server type veth peer name inet0 netns client
ip link add lan0 netns server type veth peer name lan0 netns lan
ip -n server addr add 203.0.113.1/24 dev inet0
ip -n server addr add 10.80.0.1/24 dev lan0
ip -n client addr add 203.0.113.2/24 dev inet0
ip -n lan addr add 10.80.0.2/24 dev lan0
for at in "server inet0" "server lan0" "client inet0" "lan lan0"; do
	ip -n ${at% *} link set ${at#* } up
done
ip -n lan route add default via 10.80.0.1
mkdir www
head -c 8388608 /dev/urandom >www/file
(cd www && exec ip netns exec lan python3 -m http.server --bind 10.80.0.2 8000) >/dev/null 2>&1 &

step "2/5  The server: embedded defaults (SQLite, its own CA and certificate), a pool for one client"
cat >rrasd.conf <<-X
	server {
	    enable-forwarding yes
	    vault-key /run/demo/vault.key
	}
	pool demo {
	    range 10.99.0.1 - 10.99.0.2   # the first address is the server's own
	}
X
cat rrasd.conf
show rrasd --config rrasd.conf
ip netns exec server "$build/src/cmd/rrasd" --config rrasd.conf >rrasd.log 2>&1 &
rrasd=$!
for i in $(seq 200); do
	grep -q 'rrasd: ready' rrasd.log && break
	kill -0 $rrasd 2>/dev/null || fail "rrasd did not start"
	sleep 0.1
done
grep -q 'rrasd: ready' rrasd.log || fail "rrasd is not ready"
cat rrasd.log
echo Secret-123 >password
echo wrong >wrong
for user in alice bob; do
	show "rrasctl user add $user --dialin allow --password-file password"
	ctl user add $user --dialin allow --password-file password
done
ctl user add carol --dialin allow --disabled --password-file password >/dev/null

step "3/5  The client dials, moves a file from the host behind the server, and its checksum agrees"
ca=/var/lib/openrras/pki/ca.pem
show "rasdial 203.0.113.1 --tunnel sstp --user alice --ca ca.pem --route 10.80.0.0/24"
client "$build/src/cmd/rasdial" 203.0.113.1 --tunnel sstp --user alice --password-file password \
	--ca $ca --route 10.80.0.0/24 || fail "the client did not connect"
client python3 - <<-'X' || fail "the file did not come through"
	import hashlib, time, urllib.request
	t = time.monotonic()
	got = urllib.request.urlopen("http://10.80.0.2:8000/file", timeout=60).read()
	t = time.monotonic() - t
	want = open("/run/demo/www/file", "rb").read()
	assert hashlib.sha256(got).digest() == hashlib.sha256(want).digest(), "checksum differs"
	print("moved %d bytes in %.2f s (%.0f Mbit/s), SHA-256 agrees" % (len(got), t, len(got) * 8 / t / 1e6))
X
show "rrasctl sessions"
ctl sessions

step "4/5  Four attempts that must fail, and why"
ctl pki init other-ca --name other >/dev/null
attempt() { # title, want-cause, rasdial arguments
	local title=$1 want=$2
	shift 2
	printf '\n--- %s\n' "$title"
	show "rasdial 203.0.113.1 --tunnel sstp $*"
	if client "$build/src/cmd/rasdial" 203.0.113.1 --tunnel sstp --name try "$@" >try.out 2>&1; then
		cat try.out
		fail "this attempt must not connect"
	fi
	cat try.out
	grep -q "$want" try.out || fail "the client does not name $want"
}
diagnosed() { # want-cause
	printf '\n'
	show "rrasctl diagnose"
	ctl diagnose >diag.out 2>&1 || true
	cat diag.out
	grep -q "$1" diag.out || fail "rrasctl diagnose does not name $1"
}
attempt "wrong password" "Error 691" --user alice --password-file wrong --ca $ca
diagnosed account.wrong-password
attempt "account disabled" "Error 647" --user carol --password-file password --ca $ca
diagnosed account.disabled
attempt "the client does not trust the root of the server's certificate" "Error 0x800B0109" \
	--user alice --password-file password --ca other-ca/ca.pem
diagnosed certificate-refused-by-client
attempt "address pool exhausted (alice has the only address)" "Error 720" \
	--user bob --password-file password --ca $ca
diagnosed address.pool-exhausted

step "5/5  The end"
show "rasdial --disconnect 203.0.113.1"
client "$build/src/cmd/rasdial" --disconnect 203.0.113.1 || fail "it did not disconnect"
kill -TERM $rrasd
wait $rrasd || fail "rrasd ended with an error"
tail -n 1 rrasd.log
printf '\ndemo: all as it should be. Nothing is left behind.\n'
