#!/usr/bin/env python3
"""
A server with 1,000 idle SSTP sessions is reloaded, gets a new certificate, and has its roles killed
one after the other: no session drops, new connections work, the trail tells what happened.

The sessions are held by bench/sstpload, which sends an ICMP Echo through each tunnel when asked: so
"alive" means that a packet went in, was routed by the kernel, and its answer came back.
"""
import os
import re
import signal
import ssl

from harness import BASE, ROOT, SERVER4, Load, case, check, conf, equal, main, tls, wait_for

ALONE = ("processes",)
SESSIONS = 1000
POOL = "pool office { range 10.99.0.1 - 10.99.15.254 }"
MANY = "ports 4096\nhalf-open 1000\nhalf-open-per-source 256"


def all_alive(load, what, count=SESSIONS):
    r = load.order("ping")
    equal((r["alive"], r["answered"], r["ended"]), (count, count, {}), what, r)


def certificate(lab):
    with tls(lab.client.connect()) as c:
        return ssl.DER_cert_to_PEM_cert(c.getpeercert(True))


def one_more(lab, s, what):
    """A new connection works: the first tries may fail while the role is away."""
    d = wait_for(lambda: (d := lab.dial("bob")).status == 0 and d, f"bob connects, {what}", 10, 0.1)
    lab.hang_up(d)
    wait_for(lambda: not any(r["account"] == "bob" for r in s.sessions()), "bob is gone")


def reloaded(lab, s, load, **more):
    at = s.n_lines()
    s.write_conf(conf(pool=POOL, sstp=MANY, **more))
    s.signal(signal.SIGHUP)
    s.wait_line("rrasd: reloaded", after=at)
    all_alive(load, "after a reload")


@case(placements=ALONE)
def thousand_sessions(lab):
    """X05: reload, a new certificate, aaa, vault and record killed: 1,000 sessions stay up."""
    s = lab.serve(conf(pool=POOL, sstp=MANY), users=["alice", "bob"])
    load = Load(lab, SESSIONS)
    equal((load.report["came"], load.report["failed"]), (SESSIONS, 0), load.report)
    all_alive(load, "at first")
    equal(len(s.sessions()), SESSIONS)
    watched = s.sessions()[SESSIONS // 2]

    reloaded(lab, s, load, server="attempts-kept 2000")
    before = certificate(lab)
    for ending in ("pem", "key"):
        os.unlink(f"{ROOT}/pki/vpn.example.{ending}")
    lab.pki("issue", f"{ROOT}/pki", "--name", "vpn.example", "--san", SERVER4)
    reloaded(lab, s, load)
    wait_for(lambda: certificate(lab) != before, "the new certificate is shown")
    one_more(lab, s, "with the new certificate")

    for role in ("aaa", "vault", "record"):
        pids, restarts = s.role_pids()
        at = s.n_lines()
        os.kill(pids[role], signal.SIGKILL)
        s.wait_line(rf"rrasd: {role} 0 ended: killed by signal 9", after=at)
        all_alive(load, f"{role} is dead")
        s.wait_line(rf"rrasd: {role} 0 runs again", after=at)
        all_alive(load, f"{role} runs again")
        one_more(lab, s, f"{role} runs again")
        wait_for(lambda: s.role_pids()[1].get(role) == restarts[role] + 1, "status counts it", 5)

    # nothing is lost or invented: the same sessions, each with its own address
    rows = s.sessions()
    equal(len(rows), SESSIONS)
    equal(len({r["address"] for r in rows}), SESSIONS)
    check(watched["id"] in {r["id"] for r in rows}, "a session changed its identity")
    equal(set(load.order("count")["ended"]), set())

    # what happened stands in each session's trail
    def told():
        facts = [f["text"] for f in s.ctl("diagnose", watched["id"])["facts"]]
        return all(any(re.search(rf"the {r} process ended: killed by signal 9", f) for f in facts)
                   for r in ("aaa", "vault", "record"))
    wait_for(told, "the trail names the three roles and how they ended", 15, 0.2)

    # one goodbye each, and all is free again
    equal(load.order("close")["ended"], {"ended.by-user": SESSIONS})
    wait_for(lambda: not s.sessions(), "no session is left")
    one_more(lab, s, "after all of them")


@case(placements=ALONE)
def more_than_a_queue_holds(lab):
    """X05, SESSION_HELD: 1,500 sessions of one worker do not fit into its queue to a new aaa: each
    is told nevertheless, and keeps its address; nobody else gets one of them."""
    many = 1500
    s = lab.serve(conf(pool=POOL, sstp=MANY, base=BASE.replace("workers 2", "workers 1")),
                  users=["alice", "bob"])
    load = Load(lab, many, "--room", 4000)
    equal((load.report["came"], load.report["failed"]), (many, 0), load.report)
    wait_for(lambda: len(s.sessions()) == many, "record knows all sessions")
    before = {r["id"]: r["address"] for r in s.sessions()}

    pids, _ = s.role_pids()
    at = s.n_lines()
    os.kill(pids["aaa"], signal.SIGKILL)
    s.wait_line(r"rrasd: aaa 0 runs again", after=at)
    wait_for(lambda: s.ctl("pools")["rows"][0]["leased"] == many, "aaa knows all leases", 10, 0.1)

    more = load.order("more 50")
    equal((more["failed"], more["ended"]), (0, {}), "new ones come, old ones stay", more)
    wait_for(lambda: len(s.sessions()) == many + 50, "record knows the new ones")
    after = {r["id"]: r["address"] for r in s.sessions()}
    equal({i: after.get(i) for i in before}, before, "each keeps its address")
    equal(len(set(after.values())), many + 50, "and shares it with nobody")
    load.order("close")
    wait_for(lambda: s.ctl("pools")["rows"][0]["leased"] == 0, "all leases are given back", 15, 0.1)


main()
