#!/usr/bin/env python3
"""
A role dies (kill -9) while sessions are up: what can live lives, who is on the way is told why, and
soon all is as before. The monitor dies: everything ends, and the next start finds a clean house.
"""
import json
import os
import signal
import subprocess
import threading

from harness import (PASSWORD, SERVER4, case, check, conf, equal, explained, main, ping, wait_for)
from roles_common import back, connects, lives

ALONE = ("processes",)          # in one process there is nothing to kill singly
TINY = "pool tiny { range 10.99.0.1 - 10.99.0.3 }"


def kill(s, role):
    """kill -9, and the monitor says that the role ended."""
    pids, _ = s.role_pids()
    at = s.n_lines()
    os.kill(pids[role], signal.SIGKILL)
    name, _, index = role.partition(" ")
    s.wait_line(rf"rrasd: {name} {index or 0} ended: killed by signal 9", after=at)
    return pids[role]


@case(placements=ALONE)
def aaa_is_killed(lab):
    """Leases are told to the new aaa by who holds them: no address is given twice."""
    s = lab.serve(conf(pool=TINY, sstp="ports 2"), users=["alice", "bob", "carol"])
    up = lab.connect("alice")
    pid = kill(s, "aaa")
    lives(lab, up, "aaa is dead")
    back(s, "aaa", pid)
    other = connects(lab, "bob")
    check(other.address != up.address, "the same address for two:", up.address)
    lives(lab, up, "aaa is back")
    # both addresses and both ports are known to be taken
    equal(lab.dial("carol").error, 649)
    explained(s, "capacity.no-free-port", 0, 649, user="carol")
    equal(next(r["used"] for r in s.ctl("ports")["rows"] if r["tunnel"] == "sstp"), 2)
    # and are free when the one that the new aaa never admitted has left
    lab.hang_up(up)
    wait_for(lambda: len(s.sessions()) == 1, "one session")
    equal(connects(lab, "carol").address, up.address)


@case(placements=ALONE)
def vault_is_killed(lab):
    """It asks for the sealed secrets again; who was admitted stays."""
    s = lab.serve(users=["alice", "bob"])
    up = lab.connect("alice")
    pid = kill(s, "vault")
    lives(lab, up, "the vault is dead")
    connects(lab, "bob")
    back(s, "vault", pid)
    equal(lab.dial("bob", password="guess").error, 691)
    row, _ = explained(s, "account.wrong-password", 16, 691, user="bob")
    equal(row["stage"], "AUTHENTICATE")
    s.add_user("dora")
    lab.connect("dora")


@case(placements=ALONE)
def record_is_killed(lab):
    """The death of record stops no log-in; it learns of the sessions from those who hold them."""
    s = lab.serve(users=["alice", "bob"])
    up = lab.connect("alice")
    row = s.session(account="alice")
    pid = kill(s, "record")
    other = lab.connect("bob")              # at once: it takes no part in a decision
    lives(lab, up, "record is dead")
    back(s, "record", pid)
    equal(s.session(account="alice")["id"], row["id"])
    s.session(account="bob")
    s.add_user("carol")
    lab.connect("carol")
    for d, user in ((up, "alice"), (other, "bob")):
        lab.hang_up(d)
        equal(s.attempt(user=user)["cause"], "ended.by-peer")


@case(placements=ALONE)
def worker_is_killed(lab):
    """Its own sessions end with their cause, those of the other worker go on."""
    s = lab.serve(conf(pool="pool p { range 10.99.0.1 - 10.99.0.9 }"),
                  users=[f"u{i}" for i in range(8)])
    held = {}

    def both():
        n = len(held)
        check(n < 8, "all connections went to one worker")
        d = lab.connect(f"u{n}")
        held[f"u{n}"] = (d, s.session(account=f"u{n}")["worker"])
        return len({w for _, w in held.values()}) == 2
    wait_for(both, "both workers hold sessions")
    gone = [u for u, (_, w) in held.items() if w == 0]
    stay = [u for u, (_, w) in held.items() if w == 1]
    pid = kill(s, "net 0")
    for user in stay:
        lives(lab, held[user][0], "the other worker is dead")
    for user in gone:
        row, d = explained(s, "internal.worker-died", 0, 629, user=user)
        check("signal 9" in " ".join(d["evidence"] + [f["text"] for f in d["facts"]]), d)
    wait_for(lambda: set(lab.connections()) == {held[u][0].name for u in stay}, "clients let go")
    routes = lab.server.run("ip", "route").stdout
    for user in gone:
        check(f"\n{held[user][0].address} dev" not in "\n" + routes, "its route stays:", routes)
    back(s, "net 0", pid)
    equal(sorted(r["account"] for r in s.sessions()), sorted(stay))
    # the addresses are free again, and the new worker takes calls
    lab.dials[:] = [d for d in lab.dials if d.name in {held[u][0].name for u in stay}]
    seen = set()

    def fills():
        d = lab.connect(f"u{len(seen) % 8}", name=f"again{len(seen)}")
        seen.add(d.address)
        return any(r["worker"] == 0 for r in s.sessions())
    wait_for(fills, "the new worker has a session")
    check(not seen & {held[u][0].address for u in stay}, "an address for two")


def in_flight(lab, s, stopped, cause, shown):
    """A log-in waits for a role that is then killed: it ends at once with the named cause."""
    pids, _ = s.role_pids()
    # the vault signs TLS too: it is stopped behind an aaa that holds the question back
    os.kill(pids["aaa"], signal.SIGSTOP)
    dialling = lab.client.start(lab.rasdial, SERVER4, "--user", "alice", "--password-file", "-",
                                "--ca", lab.ca, "--name", f"flight-{stopped}",
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
    dialling.stdin.write(PASSWORD + "\n")
    dialling.stdin.close()
    for line in dialling.stdout:
        if line.startswith("The server answered"):
            break
    if stopped != "aaa":
        os.kill(pids[stopped], signal.SIGSTOP)
        os.kill(pids["aaa"], signal.SIGCONT)
    os.kill(pids[stopped], signal.SIGKILL)
    said = dialling.stderr.read()
    dialling.stdout.close()
    dialling.stderr.close()
    check(dialling.wait(20) != 0, "it connected")
    check(f"Error {shown}" in said, said)

    def names_the_role():
        # what aaa saw may reach record a moment after net's word that the attempt ended
        _, d = explained(s, cause, 1, 645, shown=shown, user="alice")
        return stopped in " ".join([f["text"] for f in d["facts"]] + d["evidence"])
    wait_for(names_the_role, f"the trail names {stopped}")
    back(s, stopped, pids[stopped])
    connects(lab, "alice")


@case(placements=ALONE)
def attempt_waits_for_the_vault(lab):
    """internal.vault-down"""
    in_flight(lab, lab.serve(users=["alice"]), "vault", "internal.vault-down", 691)


@case(placements=ALONE)
def attempt_waits_for_aaa(lab):
    """internal.aaa-down"""
    in_flight(lab, lab.serve(users=["alice"]), "aaa", "internal.aaa-down", 691)


@case(placements=ALONE)
def hung_role(lab):
    """X05: a role that hangs is ended and started anew, who waited is told, sessions live on."""
    s = lab.serve(conf(server="role-deadline 2s"), users=["alice", "bob"])
    up = lab.connect("alice")
    # the vault signs the handshake, so a client meets its silence there: counted, not stored
    for role, shown in (("aaa", 691), ("vault", 0x80090326), ("record", None)):
        pids, restarts = s.role_pids()
        at = s.n_lines()
        os.kill(pids[role], signal.SIGSTOP)
        if shown:
            equal(lab.dial("bob").error, shown)
        if role == "aaa":
            row, d = explained(s, f"internal.{role}-down", 1, 645, shown=shown, user="bob")
            check("it hung: no answer for 2 s" in json.dumps(d), d)
        s.wait_line(rf"rrasd: {role} 0 ended: it hung: no answer for 2 s, so it was killed",
                    after=at)
        lives(lab, up, f"{role} hung")
        back(s, role, pids[role], restarts[role] + 1)
        lab.hang_up(connects(lab, "bob"))
    facts = [f["text"] for f in s.ctl("diagnose", s.session(account="alice")["id"])["facts"]]
    equal(len([f for f in facts if "it hung: no answer for 2 s" in f]), 3, facts)


@case(placements=ALONE)
def all_roles_are_killed(lab):
    """Everything but the monitor dies at once, and comes back by itself."""
    s = lab.serve(users=["alice"])
    pids, _ = s.role_pids()
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)
    for role, pid in pids.items():
        back(s, role, pid)
    connects(lab, "alice")
    s.session(account="alice")


@case(placements=ALONE)
def killed_again_and_again(lab):
    """A role that keeps dying is started again, each time a little later; status counts."""
    s = lab.serve(users=["alice"])
    up = lab.connect("alice")
    for n in (1, 2, 3):
        back(s, "aaa", kill(s, "aaa"), n)
    lives(lab, up, "aaa died three times")
    connects(lab, "alice", name="again")


@case()
def rrasd_is_killed(lab):
    """The monitor's end is everybody's. The next start removes what was left and explains it."""
    s = lab.serve(users=["alice"])
    lab.connect("alice")
    wait_for(lambda: lab.read_causes(f"{s.state}/history.db", "SELECT user, cause FROM attempt"),
             "the session is in the history")
    pids, _ = s.role_pids()
    s.signal(signal.SIGKILL)
    s.wait_end()
    wait_for(lambda: not any(os.path.exists(f"/proc/{p}") and "Z" not in open(
        f"/proc/{p}/stat", encoding="ascii").read().rsplit(")", 1)[1][:3] for p in pids.values()),
             "the roles end")
    wait_for(lambda: not lab.connections(), "the client notices")
    lab.dials.clear()
    check("unreachable" in lab.server.run("ip", "route").stdout, "nothing was left to remove")
    again = lab.serve(conf(pool="pool p { range 10.98.0.1 - 10.98.0.9 }"), after=s)
    routes = lab.server.run("ip", "route").stdout
    check("10.99.0." not in routes and "10.98.0." in routes, routes)
    equal(lab.connect("alice").address, "10.98.0.2")
    # what the killed run never ended is ended by record, once no worker speaks for it
    row = again.attempt(user="alice", cause="internal.worker-died", seconds=40)
    equal(row["stage"], "UP")
    equal(len(again.sessions()), 1)


main()
