#!/bin/bash
# What a log-in costs the server: TLS 1.3 with ECDSA, MS-CHAPv2, an address, all processes of rrasd
# together; and ocserv's figure in the same run where it is there (authentication alone).
# Options: -r ROUNDS, -n LOG-INS a round, -j PARALLEL. Goal: 1.5 ms of server CPU.
R=5 N=500 J=16
while getopts r:n:j:t:o: o; do
	case $o in
	r) R=$OPTARG ;;
	n) N=$OPTARG ;;
	j) J=$OPTARG ;;
	t | o) ;; # of other parts
	*) exit 2 ;;
	esac
done
. "$(dirname "$0")/load.bash"
goal_us=1500
load_net
rrasd_start
load_start --count 20 --parallel "$J"
load_order close
costs=() rates=() p50s=() p99s=()
for r in $(seq "$R"); do
	before=$(rrasd_cpu_us)
	declare -A was=()
	for p in $(rrasd_pids); do was[$p]=$(cut -d' ' -f1 /proc/"$p"/schedstat); done
	load_order "more $N"
	[ "$(field alive)" = "$N" ] || fail "log-ins failed: $REPORT"
	rate=$(field per_s) p50=$(field p50_ms) p99=$(field p99_ms)
	sleep 0.5 # what record writes behind the log-ins belongs to them
	us=$((($(rrasd_cpu_us) - before) / N))
	parts=''
	for p in $(rrasd_pids); do
		parts+=" $(tr '\0' ' ' <"/proc/$p/cmdline" | sed -nE 's/.*--role ([a-z]+).*/\1/p'):$(((
			$(cut -d' ' -f1 /proc/"$p"/schedstat) - ${was[$p]}) / N / 1000))"
	done
	echo "round $r: $us us of server CPU a log-in ($parts ), $rate a second, p50 $p50 ms, p99 $p99 ms"
	costs+=("$us") rates+=("$rate") p50s+=("$p50") p99s+=("$p99")
	load_order close
done
med() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }
cost=$(med "${costs[@]}")
if command -v ocserv >/dev/null && command -v openconnect >/dev/null &&
	[ -f "${OPENRRAS_BENCH:-/nowhere}/logins.sh" ]; then
	theirs=$(bash "$OPENRRAS_BENCH/logins.sh" -r 1 -n 60 2>/dev/null | grep '^ocserv logins')
	echo "beside it: $theirs"
	ms=$(sed -nE 's/.*CPU ([0-9.]+) ms per login.*/\1/p' <<<"$theirs")
	[ -z "$ms" ] || echo "ocserv's log-in costs $(awk "BEGIN{printf \"%.1f\", $ms * 1000 / $cost}") times ours"
fi
echo "medians: $(med "${rates[@]}") log-ins a second, p50 $(med "${p50s[@]}") ms, p99 $(med \
	"${p99s[@]}") ms ($J at a time)"
[ "$cost" -le $goal_us ] && met=met || met='not met'
echo "a log-in costs $cost us of server CPU, goal at most $goal_us: $met"
[ "$met" = met ]
