#!/bin/bash
# What idle sessions cost: PSS over all processes of rrasd with none, 128 and 1,000 of them, and
# what else grows with them. The kernel's memory (sockets, slab) is reported, not counted. Goals:
# below 30 MiB in all when idle, at most 25 KiB a session between 128 and 1,000, no process, thread
# or network device a session.
. "$(dirname "$0")/load.bash"
FEW=128 MANY=1000 goal_idle=30720 goal_each=25
# processes, threads and network devices of the server
things() {
	local p n=0
	for p in $(rrasd_pids); do n=$((n + $(ls /proc/"$p"/task | wc -l))); done
	echo "$(rrasd_pids | wc -w) processes, $n threads, $(ip -n "$NB" -o link | wc -l) devices"
}
kernel() {
	echo "slab $(awk '/^Slab:/{print $2}' /proc/meminfo) KiB, TCP $(awk '/^TCP:/{print $NF * 4}' \
		/proc/net/sockstat) KiB"
}
show() {
	local p
	echo "$1 sessions: PSS $2 KiB in $(things); kernel: $(kernel)"
	for p in $(rrasd_pids); do
		echo "    $(tr '\0' ' ' <"/proc/$p/cmdline" | sed -E 's/.*--role ([a-z]+).*/\1/' |
			cut -c1-12) $(awk '/^Pss:|^Pss_Anon|^Private_Clean/{printf "%s %s ", $1, $2}' \
			/proc/"$p"/smaps_rollup)"
	done
}
# until three readings a second apart agree within 64 KiB
settled() {
	local last=0 now same=0
	for _ in $(seq 20); do
		now=$(rrasd_pss_kib)
		[ $((now > last ? now - last : last - now)) -le 64 ] && same=$((same + 1)) || same=0
		last=$now
		[ $same -ge 2 ] && break
		sleep 1
	done
	echo "$last"
}
load_net
rrasd_start
idle=$(settled); show 0 "$idle"; was=$(things)
load_start --count $FEW
[ "$(field alive)" = $FEW ] || fail "$REPORT"
few=$(settled); show $FEW "$few"
load_order "more $((MANY - FEW))"
[ "$(field alive)" = $MANY ] || fail "$REPORT"
many=$(settled); show $MANY "$many"; is=$(things)
load_order ping
[ "$(field answered)" = $MANY ] || fail "$REPORT"
load_order close
after=$(settled); show "after them, 0" "$after"
each=$(awk "BEGIN{printf \"%.1f\", ($many - $few) / ($MANY - $FEW)}")
status=0
goal() { # TEXT CONDITION
	if awk "BEGIN{exit !($2)}"; then echo "$1: met"; else echo "$1: not met"; status=1; fi
}
echo "after the sessions are gone: PSS $after KiB"
goal "idle, all processes: PSS $idle KiB, goal below $goal_idle" "$idle < $goal_idle"
goal "a session: $each KiB of PSS, goal at most $goal_each" "$each <= $goal_each"
goal "with sessions $is; without $was" "$([ "$was" = "$is" ] && echo 1 || echo 0)"
exit $status
