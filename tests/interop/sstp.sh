#!/bin/bash
# needs: lab
# Real SSTP peers: sstpc with pppd as client of rrasd (MS-CHAPv2, CHAP, PAP; directly and behind
# NAT), and rasdial as client of the lab's reference server. R13, R31-R33, R41, R60, R108.
# Usage: sstp.sh BUILD-FOLDER LAB. Prints a line a case and "N passed, N failed".
set -u
build=$(readlink -f "${1:?build folder}")
lab=$(readlink -f "${2:?lab folder or command}")
[ -d "$lab" ] && lab=$lab/lab
export RRAS_LAB_NAME=${RRAS_LAB_NAME:-rras}
work=$(mktemp -d)
passed=0 failed=0
note() { printf '%-58s %s\n' "$1" "$2"; }
ok() { note "$1" ok; passed=$((passed + 1)); }
bad() { note "$1" FAILED; failed=$((failed + 1)); [ -f "$2" ] && tail -n 25 "$2" | sed 's/^/    /'; }
check() { # title, command...
	local title=$1
	shift
	if "$@" >"$work/out" 2>&1; then ok "$title"; else bad "$title" "$work/out"; fi
}
finish() {
	"$lab" down >/dev/null 2>&1
	rm -rf "$work"
}
trap finish EXIT
ctl() { "$build/src/cmd/rrasctl" --socket "$work/run/control.sock" --state "$work/state" "$@"; }

"$lab" up >"$work/up.log" 2>&1 || { cat "$work/up.log"; exit 1; }
pki=$("$lab" pki)
mkdir -p "$work/state"
chmod 755 "$work"
cat >"$work/rrasd.conf" <<-X
	server {
	    name vpn.rras.test
	    state-directory $work/state
	    run-directory $work/run
	    vault-key $work/vault.key
	}
	authentication { methods mschapv2 chap pap }
	sstp {
	    listen 198.51.100.1:443
	    certificate $pki/server.pem
	    key $pki/server.key
	    keyless-binding no   # sstpc 1.0.18 sends no Call Connected with CHAP
	}
	pool lab {
	    range 10.20.0.1 - 10.20.0.20
	    prefix6 fd20:20::/48
	    dns 10.10.0.2
	}
X
start() {
	"$lab" start rrasd -- "$build/src/cmd/rrasd" --config "$work/rrasd.conf" >"$work/start.log" 2>&1
	log=$(grep -o '/[^ ]*\.log' "$work/start.log" | head -n 1)
	for i in $(seq 100); do
		ctl status >/dev/null 2>&1 && break
		sleep 0.1
	done
}
start
ctl status >"$work/out" 2>&1 || { bad "rrasd starts" "${log:-$work/start.log}"; echo "$passed passed, $failed failed"; exit 1; }
ok "rrasd starts"
echo Secret-123 >"$work/password"
check "accounts are added" ctl user add alice --dialin allow --reversible --password-file "$work/password"
ctl user add bob --dialin allow --password-file "$work/password" >/dev/null 2>&1
ctl user add carol --dialin allow --disabled --password-file "$work/password" >/dev/null 2>&1
ctl user add dave --dialin deny --password-file "$work/password" >/dev/null 2>&1

client() { "$lab" client sstp --password Secret-123 "$@"; }
explained() { # cause, title: the latest attempt has this cause
	ctl diagnose --json >"$work/out" 2>&1
	if grep -q "\"$1\"" "$work/out"; then ok "$2"; else bad "$2" "$work/out"; fi
}
refused() { # cause, title, client arguments...
	local cause=$1 title=$2
	shift 2
	if "$lab" client sstp "$@" >"$work/client" 2>&1; then
		bad "$title" "$work/client"
		return
	fi
	explained "$cause" "$title -> $cause"
}
for auth in mschapv2 chap pap; do
	check "sstpc, $auth, direct: address, ping, transfer" client --user alice --auth $auth
done
check "sstpc, mschapv2, by name" client --user alice --auth mschapv2 --by-name
# IPV6CP of pppd, and the guest's kernel takes the router advertisement
ipv6_inside() {
	client --user alice --auth mschapv2 --ppp-option +ipv6 --keep || return 1
	"$lab" ns intranet -- ip -6 route replace fd20:20::/48 via fd10:10::1
	"$lab" exec --timeout 40 -- bash -c '
		dev=$(sed -n "s/dev=\([^ ]*\).*/\1/p" /run/lab/ppp.up)
		for i in $(seq 150); do
			a=$(ip -6 -o addr show dev "$dev" scope global -tentative |
				sed -n "s/.*inet6 \(fd20:20:[^/]*\).*/\1/p" | head -n 1)
			[ -n "$a" ] && break
			sleep 0.1
		done
		ip -6 addr show dev "$dev"
		[ -n "$a" ] || { echo "no address"; tail -n 20 /run/lab/pppd.log; exit 1; }
		ip -6 route replace fd10:10::2/128 dev "$dev"
		ping -6 -n -c 3 -i 0.2 -W 3 -I "$a" fd10:10::2' && ctl sessions
	local rc=$?
	"$lab" client stop
	return $rc
}
check "sstpc with pppd +ipv6: a /64 by advertisement, ping" ipv6_inside
refused account.wrong-password "sstpc, wrong password" --user alice --password wrong
refused account.unknown "sstpc, unknown user" --user nobody --password Secret-123
refused account.disabled "sstpc, disabled account" --user carol --password Secret-123
refused policy.account-denies "sstpc, dial-in denied" --user dave --password Secret-123
refused account.no-reversible-password "sstpc, CHAP without a reversible password" --user bob --password Secret-123 --auth chap
refused sstp.closed-before-call "sstpc, does not trust our root" --user alice --password Secret-123 --ca-cert /lab/pki/other-ca.pem

"$lab" up --nat >"$work/up.log" 2>&1 || cat "$work/up.log"
for auth in mschapv2 chap pap; do
	check "sstpc, $auth, behind NAT: address, ping, transfer" client --user alice --auth $auth
done
"$lab" stop rrasd >/dev/null 2>&1

# A web site beside us: the name that sstpc asks for, or none, is looked for before TLS.
"$lab" up >"$work/up.log" 2>&1 || cat "$work/up.log"
echo 'web www { name www.rras.test; forward 127.0.0.1:8443 }' >>"$work/rrasd.conf"
start
check "sstpc beside a web site, direct" client --user alice --auth mschapv2
check "sstpc beside a web site, by name" client --user alice --auth mschapv2 --by-name
"$lab" stop rrasd >/dev/null 2>&1

# Our client against a server that nobody here wrote.
"$lab" up >"$work/up.log" 2>&1
"$lab" reference sstp >"$work/ref.log" 2>&1 || cat "$work/ref.log"
cat >"$work/dial.sh" <<-'X'
	set -eu
	build=$1 pki=$2 work=$3
	mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib
	"$build/src/cmd/rasdial" 198.51.100.2 --tunnel sstp --user alice --password-file "$work/password" \
		--ca "$pki/ca.pem" --route 10.10.0.0/24 --auth "$4" --name ref
	ping -c 2 -W 3 10.10.0.2 >/dev/null
	python3 - <<-'P'
	import hashlib, urllib.request
	a = urllib.request.urlopen("http://10.10.0.2:8000/blob/1048576", timeout=60).read()
	b = urllib.request.urlopen("http://10.10.0.2:8000/blob/1048576", timeout=60).read()
	assert len(a) == 1048576 and hashlib.sha256(a).digest() == hashlib.sha256(b).digest()
	P
	"$build/src/cmd/rasdial" --disconnect ref
X
check "rasdial to the reference server, mschapv2: ping, transfer" timeout 120 "$lab" ns client -- \
	unshare --mount --propagation private --pid --fork --kill-child --mount-proc bash "$work/dial.sh" "$build" "$pki" "$work" mschapv2
"$lab" reference stop >/dev/null 2>&1
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
