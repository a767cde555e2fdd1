#!/bin/bash
# The main job, shown once: a server, a client, a host behind the server; a file is moved, the server
# is reloaded and loses processes under the running session, an expired password is changed, and four
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

step "1/6  Three hosts: client 203.0.113.2, server 203.0.113.1 and 10.80.0.1, a host behind it 10.80.0.2"
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
ip -n lan addr add 2001:db8:80::2/64 dev lan0 nodad
ip -n server addr add 2001:db8:80::1/64 dev lan0 nodad
ip -n lan -6 route add default via 2001:db8:80::1
mkdir www
head -c 8388608 /dev/urandom >www/file
(cd www && exec ip netns exec lan python3 -m http.server --bind 10.80.0.2 8000) >/dev/null 2>&1 &

step "2/6  The server: embedded defaults (SQLite, its own CA and certificate), a pool for one client"
cat >rrasd.conf <<-X
	server {
	    enable-forwarding yes
	    vault-key /run/demo/vault.key
	}
	pool demo {
	    range 10.99.0.1 - 10.99.0.2   # the first address is the server's own
	    prefix6 2001:db8:99::/48      # and each client gets a /64 of this
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
ctl user add dora --dialin allow --must-change --password-file password >/dev/null
echo New-Secret-456 >new-password

step "3/6  The client dials, moves a file from the host behind the server, and its checksum agrees"
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

step "4/6  While alice works: the server is reloaded, gets a new certificate and loses three processes"
lives() { client ping -q -c 1 -W 5 -I ras0 10.80.0.2 >/dev/null || fail "alice's session is gone: $1"; }
client ip -6 addr show dev ras0 | grep -q 'inet6 2001:db8:99:' || fail "no IPv6 address"
ctl pki issue /var/lib/openrras/pki --name renewed.example --san 203.0.113.1 >/dev/null
old=$(client openssl s_client -connect 203.0.113.1:443 </dev/null 2>/dev/null | openssl x509 -noout -subject)
printf 'sstp { certificate /var/lib/openrras/pki/renewed.example.pem\n key /var/lib/openrras/pki/renewed.example.key }\n' >>rrasd.conf
show "rrasctl reload"
ctl reload || fail "the reload was refused"
for i in $(seq 100); do
	new=$(client openssl s_client -connect 203.0.113.1:443 </dev/null 2>/dev/null | openssl x509 -noout -subject)
	[ "$new" = "$old" ] || break
	sleep 0.1
done
[ "$new" != "$old" ] || fail "the certificate is still the old one"
echo "was $old, is $new"
lives "after the reload"
for role in aaa vault record; do
	pid=$(ctl status | sed -nE "s/.*role $role 0 pid ([0-9]+) .*/\1/p")
	show "kill -9 $pid   # $role"
	kill -9 "$pid"
	for i in $(seq 100); do
		grep -q "rrasd: $role 0 runs again" rrasd.log && break
		sleep 0.1
	done
	lives "$role was killed"
done
grep -E 'ended:|runs again' rrasd.log
show "rrasctl why-accepted --user alice"
ctl why-accepted --user alice

step "5/6  Four attempts that must fail, and why"
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

step "6/6  The address is free again: dora's password has to be changed, and she does it while dialling"
show "rasdial --disconnect 203.0.113.1"
client "$build/src/cmd/rasdial" --disconnect 203.0.113.1 || fail "it did not disconnect"
show "rasdial 203.0.113.1 --tunnel sstp --user dora --password-file password --new-password-file new-password"
client "$build/src/cmd/rasdial" 203.0.113.1 --tunnel sstp --name dora --user dora --password-file password \
	--new-password-file new-password --ca $ca || fail "dora did not get in"
client "$build/src/cmd/rasdial" --disconnect dora >/dev/null || fail "dora did not disconnect"
printf '\n'
show "rasdial ... --user dora --password-file new-password"
client "$build/src/cmd/rasdial" 203.0.113.1 --tunnel sstp --name dora --user dora --password-file new-password \
	--ca $ca || fail "the new password does not work"
client "$build/src/cmd/rasdial" --disconnect dora >/dev/null || fail "dora did not disconnect"
kill -TERM $rrasd
wait $rrasd || fail "rrasd ended with an error"
tail -n 1 rrasd.log
printf '\ndemo: all as it should be. Nothing is left behind.\n'
