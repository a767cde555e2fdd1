#!/usr/bin/env python3
"""
What runs out: calls that never finish, a network that crowds in, file descriptors, a role that dies
each time it starts. Sessions that are up go on, others are told what is the matter, and memory is
flat. The crowd is bench/sstpload, which stops at the stage it is told.
"""
import os
import signal
import socket

from harness import SERVER_OTHER, Load, case, check, conf, equal, main, ping, wait_for

ALONE = ("processes",)
FILES = 48       # what each process of rrasd may have open
SOURCES = [f"203.0.113.{n}" for n in range(10, 50)]


def crowd_addresses(lab):
    """The client's host has a whole network, or a good part of it."""
    lab.client.run("ip", "-batch", "-", stdin="".join(
        f"addr replace {a}/24 dev inet0\n" for a in SOURCES))
    return [x for a in SOURCES for x in ("--source", a)]


def memory_kib(pids):
    n = 0
    for pid in set(pids.values()):
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            n += int(next(x for x in f if x.startswith("VmRSS:")).split()[1])
    return n


def half_open(s):
    """What the workers say of their calls on the way, together."""
    lines = [x for row in s.ctl("status")["rows"] for x in row["lines"]]
    return sum(int(x.split()[1]) for x in lines if x.startswith("half-open "))


@case(placements=ALONE)
def half_open_memory(lab):
    """X01: calls that stop after TCP, TLS or SSTP: no more than allowed, and memory stays flat."""
    s = lab.serve(conf(sstp="half-open 300\nhalf-open-per-network 300"), users=["alice", "bob"])
    sources = crowd_addresses(lab)
    up = lab.connect("bob")
    grown = {}
    for reach in ("tcp", "tls", "sstp", "tls", "sstp"):
        load = Load(lab, 1500, "--reach", reach, "--room", "2000", *sources, parallel=100)
        equal(load.report["asked"], 1500)
        wait_for(lambda: load.order("count")["alive"] <= 302, f"the rest is refused ({reach})", 15,
                 0.1)
        check(100 <= half_open(s) <= 302, "half-open:", half_open(s))
        grown.setdefault(reach, []).append(memory_kib(s.role_pids()[0]))
        check(ping(lab.client, up.server_address), "the session that was up is dead")
        load.end()
        wait_for(lambda: half_open(s) == 0, "all are forgotten", 15, 0.05)
    for reach in ("tls", "sstp") if lab.memory_is_ours("memory of half-open calls") else ():
        first, second = grown[reach]
        check(second < first + 4000, "memory of", reach, "grew from", first, "to", second, "KiB")
    lab.hang_up(lab.connect("alice"))
    wait_for(lambda: s.counted().get("capacity.half-open-limit", 0) > 1000, "they are counted", 15)


@case(placements=ALONE)
def one_network(lab):
    """X02: a /24 whose every address opens calls and leaves them starves nobody else."""
    s = lab.serve(conf(sstp="half-open 200\nhalf-open-per-source 20\nhalf-open-per-network 60"),
                  users=["alice", "bob"])
    sources = crowd_addresses(lab)
    load = Load(lab, 600, "--reach", "tcp", "--room", "2000", *sources, parallel=100)
    wait_for(lambda: load.order("count")["alive"] <= 62, "the network has its share", 15, 0.1)
    wait_for(lambda: s.counted().get("capacity.half-open-limit", 0) >= 400, "they are counted", 15)
    d = lab.connect("bob", at=lab.other, host=SERVER_OTHER)
    check(ping(lab.other, d.server_address), "no packets for the other network")
    load.end()
    wait_for(lambda: lab.dial("alice").status == 0, "the network may come again", 10, 0.1)


@case(placements=ALONE)
def no_descriptors(lab):
    """G13: a worker without descriptors turns new calls away and says so; its sessions go on."""
    s = lab.serve(conf(pool="pool office { range 10.99.0.1 - 10.99.0.200 }"),
                  users=["alice", "bob"], files=FILES)
    load = Load(lab, 40)
    equal(load.report["came"], 40, load.report)
    more = load.order("more 100")
    check(more["failed"] >= 50, "there were descriptors:", more)
    s.wait_line("net: no file descriptor is left, .* remedy: raise LimitNOFILE=")
    r = load.order("ping")
    equal((r["answered"], r["ended"]), (r["alive"], {}), "sessions go on:", r)
    check(r["alive"] >= 40, r)
    wait_for(lambda: s.counted().get("capacity.no-descriptors", 0) >= 50, "they are counted", 15)
    load.order("close")
    d = wait_for(lambda: (d := lab.dial("bob")).status == 0 and d, "there is room again", 10, 0.1)
    check(ping(lab.client, d.server_address), "no packets")
    check(not any(s.role_pids()[1].values()), "restarts:", s.role_pids()[1])


@case(placements=ALONE)
def control_without_descriptors(lab):
    """G13: record without descriptors turns rrasctl away at once, burns no processor, recovers."""
    s = lab.serve(users=["alice"], files=FILES)
    pid = s.role_pids()[0]["record"]

    def ticks():
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13]))

    def ask():
        c = socket.socket(socket.AF_UNIX)
        c.connect(f"{s.run_dir}/control.sock")
        c.settimeout(5)
        return c
    held = [ask() for _ in range(FILES + 8)]
    check(s.ctl_raw("status").returncode != 0, "it was answered")
    at = ticks()
    for _ in range(3):
        lab.hang_up(lab.connect("alice"))
    check(ticks() - at < 60, "record spins:", ticks() - at, "ticks")
    for c in held:
        c.close()
    wait_for(lambda: s.ctl("status", ok=False)["status"] == 0, "record answers again", 10, 0.1)


@case(placements=ALONE)
def crash_loop(lab):
    """X05: a role that dies whenever it starts: longer and longer waits, sessions live, it is told."""
    s = lab.serve(users=["alice", "bob"])
    up = lab.connect("alice")
    at = s.n_lines()
    for n in range(1, 4):
        pids = wait_for(lambda: (p := s.role_pids()[0]) if "aaa" in s.role_pids()[0] else None,
                        "aaa runs", 15, 0.05)
        os.kill(pids["aaa"], signal.SIGKILL)
        wait_for(lambda: s.role_pids()[1]["aaa"] == n, f"restart {n} is counted")
        check(ping(lab.client, up.server_address), "the session died with aaa")
    d = lab.dial("bob")
    check(d.status != 0 and d.error in (645, 691), "aaa was away:", d.text())
    row = s.attempt(user="bob", cause="internal.aaa-down")
    said = s.ctl("diagnose", row["id"])
    check("rrasctl status" in " ".join(said["fix_on_server"]), said)
    check(any("aaa" in f["text"] for f in said["facts"]), said)
    ends = [x for x in s.lines[at:] if x and "aaa 0 ended: killed by signal 9" in x]
    equal(len(ends), 3, ends)
    wait_for(lambda: lab.dial("bob").status == 0, "it comes back by itself", 15, 0.1)


main()
