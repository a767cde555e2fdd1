# OpenRRAS as a contender of the peers' benchmark (its lib.sh says what SRV, CLI, AA and AB are).
# openrras:sstp = rrasd and rasdial over SSTP as they come; openrras:sstp:nooff = without offloads.
# OPENRRAS_BUILD is the build folder. The state directories of both ends are the run's own.
or_quiet() { # NS COMMAND...: state below /run and /var/lib is private to what is started
	ip netns exec "$1" sh -c 'mkdir -p /run/openrras && mount -t tmpfs tmpfs /run/openrras &&
		exec "$@"' sh "${@:2}"
}
up() {
	local bin=$OPENRRAS_BUILD/src/cmd d=$WORK/or i offload=
	case $1 in *:nooff) offload='offload off' ;; esac
	rm -rf "$d" # of the round before
	mkdir -p "$d"
	chmod 755 "$WORK" "$d"
	"$bin/rrasctl" pki init "$d/pki" --name bench >/dev/null
	"$bin/rrasctl" pki issue "$d/pki" --name vpn --san 10.77.1.2 >/dev/null
	cat >"$d/rrasd.conf" <<-E
		server {
		    vault-key $d/vault.key
		    state-directory $d/state
		    run-directory $d/run
		    $offload
		}
		sstp {
		    certificate $d/pki/vpn.pem
		    key $d/pki/vpn.key
		}
		ppp { mru $MTU }
		pool p { range 10.78.0.1 - 10.78.0.20 }
	E
	bg "$WORK/rrasd.log" in_b "$bin/rrasd" --config "$d/rrasd.conf"
	for i in $(seq 100); do grep -q 'rrasd: ready' "$WORK/rrasd.log" && break; sleep 0.1; done
	echo bench-Secret-1 >"$d/password"
	"$bin/rrasctl" --socket "$d/run/control.sock" --state "$d/state" --config "$d/rrasd.conf" \
		user add bench --dialin allow --password-file "$d/password" >>"$WORK/rrasd.log" 2>&1
	bg "$WORK/rasdial.log" or_quiet "$NA" "$bin/rasdial" 10.77.1.2 --tunnel sstp --user bench \
		--password-file "$d/password" --ca "$d/pki/ca.pem" --name bench --device ras0 \
		--foreground
	for i in $(seq 100); do
		ip -n "$NA" -4 addr show dev ras0 2>/dev/null | grep -q 10.78 && break
		sleep 0.1
	done
	# The peers' devices get the same queue.
	ip -n "$NA" link set ras0 txqueuelen 1000
	for i in $(ip -n "$NB" -o link | grep -o 'rras[0-9]*' | sort -u); do
		ip -n "$NB" link set "$i" txqueuelen 1000
	done
	SRV=$(ip netns pids "$NB" | tr '\n' ' ')
	CLI=$(ip netns pids "$NA" | tr '\n' ' ')
	AA=$(ip -n "$NA" -4 -o addr show dev ras0 | awk '{sub("/.*", "", $4); print $4; exit}')
	AB=10.78.0.1
}
down() { :; }
