#!/usr/bin/env python3
"""
Addresses that last: an account finds its address again, whatever role dies or is started anew; pools
in order and their end; neighbours that use an address; hosts beside the pool that find the client
without a route; and nothing that stays behind. R59 R60 R93 R99, N01 N02 N04.
"""
import os
import shutil
import signal
import socket
import sqlite3
import subprocess

from harness import (BASE, LAN_HOST, ROOT, SERVER_OTHER, case, check, conf, equal, explained, main, ping,
                     refused, transfer, wait_for)

NO_PROTOCOL = ("ppp.no-network-protocol", 720, "addresses")
ALONE = ("processes",)
ONE_WORKER = BASE.replace("workers 2", "workers 1")
# inside of the network of lan0: the server has 10.80.0.1/24, the host behind it 10.80.0.2
BESIDE = "pool beside { range 10.80.0.100 - 10.80.0.110 }"


def leases(s):
    """{address: (account, held)} as accounts.db has them."""
    db = sqlite3.connect(f"file:{s.state}/accounts.db?mode=ro", uri=True)
    try:
        return {a: (n, h) for a, n, h in db.execute(
            "SELECT l.address, a.name, l.held FROM lease l JOIN account a ON a.id = l.account")}
    finally:
        db.close()


def log_has(s, pattern):
    return s.wait_line(pattern, seconds=5)


def proxies(lab):
    return [line.split()[0] for line in
            lab.server.run("ip", "neigh", "show", "proxy").stdout.splitlines()]


def has_route(lab, address):
    return any(line.split()[0] == address
               for line in lab.server.run("ip", "route").stdout.splitlines())


def kill_all(s):
    """kill -9 of the monitor, and what it takes along."""
    pids, _ = s.role_pids()
    s.signal(signal.SIGKILL)
    check(s.wait_end() == -signal.SIGKILL, "it ended by itself")
    wait_for(lambda: not any(os.path.exists(f"/proc/{p}") and "Z" not in open(
        f"/proc/{p}/stat", encoding="ascii").read().rsplit(")", 1)[1][:3] for p in pids.values()),
             "the roles end")


def checks(s, topic):
    """{(id, result): what}, several of one kind in one text."""
    said = {}
    for c in s.ctl("check", topic, ok=False)["checks"]:
        said[c["id"], c["result"]] = said.get((c["id"], c["result"]), "") + c["what"]
    return said


def drop_default_route(lab):
    lab.lan.run("ip", "route", "del", "default", ok=False)
    lab.ends.append(lambda: lab.lan.run("ip", "route", "replace", "default", "via", "10.80.0.1"))


@case()
def an_account_finds_its_address_again(lab):
    """R59: after others came and went, and after the server was stopped and started."""
    s = lab.serve(users=["alice", "bob", "carol"])
    had = {}
    for user in ("alice", "bob"):
        had[user] = lab.connect(user, name=user).address
    equal(leases(s), {had["alice"]: ("alice", 1), had["bob"]: ("bob", 1)})
    for user in ("alice", "bob"):
        lab.client.run(lab.rasdial, "--disconnect", user)
    s.no_session()
    for user in ("bob", "alice"):
        d = lab.connect(user)
        equal(d.address, had[user], user)
        lab.hang_up(d)
    s.no_session()
    s.stop()
    equal({a: h for a, (_, h) in leases(s).items()}, {a: 0 for a in had.values()}, "held:")
    s = lab.serve(after=s)
    check(lab.connect("carol").address not in had.values(), "another's address, with fresh ones")
    for user in ("bob", "alice"):
        equal(lab.connect(user).address, had[user], user)


@case(placements=ALONE)
def the_machine_dies(lab):
    """R59: everything ends at once, sessions up; what the store says is held is nobody's then."""
    small = conf(pool="pool small { range 10.99.0.1 - 10.99.0.3 }")
    s = lab.serve(small, users=["alice", "bob", "carol"])
    had = {user: lab.connect(user, name=user).address for user in ("alice", "bob")}
    kill_all(s)
    wait_for(lambda: not lab.connections(), "the clients notice", 90)
    lab.dials.clear()
    equal(sorted(leases(s)), sorted(had.values()))
    s = lab.serve(small, after=s)
    equal(lab.connect("bob").address, had["bob"])
    # nobody holds the other one any more: with no other left, carol gets it
    equal(lab.connect("carol").address, had["alice"])


@case(placements=ALONE)
def roles_die_and_leases_stay(lab):
    """R59: aaa, record, net: the addresses of live sessions are nobody else's, and found again."""
    s = lab.serve(conf(pool="pool p { range 10.99.0.1 - 10.99.0.9 }", base=ONE_WORKER),
                  users=["alice", "bob", "carol"])
    alice = lab.connect("alice")
    for role in ("aaa", "record", "aaa"):
        pids, _ = s.role_pids()
        os.kill(pids[role], signal.SIGKILL)
        wait_for(lambda r=role, p=pids: s.role_pids()[0].get(r) not in (None, p[r]), "it is back")
        d = wait_for(lambda: (x := lab.dial("bob")).status == 0 and x, "bob connects")
        check(d.address != alice.address, "the same address for two")
        check(ping(lab.client, alice.server_address), "alice's session")
        lab.hang_up(d)
    # a session that ends while aaa is away: its route goes, its address is free, and still hers
    pids, _ = s.role_pids()
    os.kill(pids["aaa"], signal.SIGSTOP)
    lab.hang_up(alice)
    os.kill(pids["aaa"], signal.SIGKILL)
    wait_for(lambda: not has_route(lab, alice.address), "the route of the ended session goes")
    d = wait_for(lambda: (x := lab.dial("alice")).status == 0 and x, "alice connects")
    equal(d.address, alice.address)
    pids, _ = s.role_pids()
    os.kill(pids["net 0"], signal.SIGKILL)
    wait_for(lambda: not leases(s)[alice.address][1], "given back", 10)


@case(placements=ALONE)
def record_is_away(lab):
    """A lease is used before it is stored when nobody can store it, and stored later."""
    s = lab.serve(users=["alice"])
    pids, _ = s.role_pids()
    os.kill(pids["record"], signal.SIGKILL)
    d = lab.connect("alice")
    wait_for(lambda: leases(s).get(d.address) == ("alice", 1), "the lease is stored", 10)


@case()
def pools_in_order(lab):
    """R60: the second when the first is full; then none, and every pool is named; the warning."""
    s = lab.serve(conf(pool="""pool first { range 10.99.0.1 - 10.99.0.3 }
        pool second { range 10.98.0.1 - 10.98.0.1 }
        policy "All" { access grant
            pool first second }"""), users=["alice", "bob", "carol", "dora"])
    for user, address in (("alice", "10.99.0.2"), ("bob", "10.99.0.3"), ("carol", "10.98.0.1")):
        equal(lab.connect(user).address, address, user)
    log_has(s, r"pool first \(.*\) is nearly full: 2 of 2")
    rows = {r["pool"]: r for r in s.ctl("pools")["rows"]}
    equal([(rows[p]["size"], rows[p]["leased"], rows[p]["state"]) for p in ("first", "second")],
          [(2, 2, "full"), (1, 1, "full")])
    check("first" in checks(s, "pool.room").get(("pool.room", "fail"), ""), checks(s, "pool"))
    d = lab.dial("dora")
    refused(d, *NO_PROTOCOL)
    _, diagnosis = explained(s, "address.pool-exhausted", 0, 720, user="dora")
    text = " ".join(diagnosis["evidence"]) + " ".join(f["text"] for f in diagnosis["facts"])
    check("10.99.0.1-10.99.0.3" in text and "10.98.0.1-10.98.0.1" in text, "R60:", text)


@case(placements=ALONE)
def small_pools(lab):
    """N01: a /31 has one address for a client, a pool of one has none; then one is turned away."""
    for text in ("range 10.99.0.4/31", "range 10.99.0.4 - 10.99.0.5"):
        s = lab.serve(conf(pool=f"pool small {{ {text} }}"), users=["alice", "bob"])
        d = lab.connect("alice")
        equal((d.address, d.server_address), ("10.99.0.5", "10.99.0.4"))
        refused(lab.dial("bob"), *NO_PROTOCOL)
        explained(s, "address.pool-exhausted", 0, 720, user="bob")
        lab.hang_up(d)
        s.no_session()
        equal(lab.connect("bob").address, "10.99.0.5")
        lab.hang_up_all()
        s.stop()
    s = lab.serve(conf(pool="pool small { range 10.99.0.4 }"), wait=False)
    check(s.wait_end() != 0 and "has no address for a client" in s.log(), s.log())


@case()
def no_pool_for_a_session(lab):
    """A policy whose pool has prefixes only, where IPv6 is off; and one with both, further down."""
    text = """pool six { prefix6 2001:db8:99::/48 }
        pool office { range 10.99.0.1 - 10.99.0.9 }
        policy "Both" { user bob
            access grant
            pool six office }
        policy "Six" { access grant
            pool six }"""
    s = lab.serve(conf(server="ipv6 no", pool=text))
    for user in ("alice", "bob"):
        s.add_user(user, "--dialin", "policy")
    refused(lab.dial("alice"), *NO_PROTOCOL)
    explained(s, "address.no-pool", 0, 720, user="alice")
    d = lab.connect("bob", "--route", "10.80.0.0/24")
    equal((d.address, d.server_address), ("10.99.0.2", "10.99.0.1"))
    check(ping(lab.client, d.server_address), "no ping to the server's inner address")


@case()
def what_was_taken_away(lab):
    """N06: a session's routes vanish under us: `rrasctl check` says it, a reload sets them again."""
    s = lab.serve(conf(pool=BESIDE))
    s.add_user("alice", "--dialin", "allow", "--route", BRANCH)
    d = lab.connect("alice", "--route", "10.80.0.0/24")
    check(("sessions.routes", "ok") in checks(s, "sessions"), checks(s, "sessions"))
    lab.server.run("ip", "route", "del", d.address)
    lab.server.run("ip", "route", "del", BRANCH)
    lab.server.run("ip", "neigh", "del", "proxy", d.address, "dev", "lan0")
    said = checks(s, "sessions").get(("sessions.routes", "fail"), "")
    check(d.address in said, said)
    check(not ping(lab.client, LAN_HOST, count=1, wait=1), "it came back without a route")
    at = s.n_lines()
    s.signal(signal.SIGHUP)
    s.wait_line("reloaded", after=at)
    check(("sessions.routes", "ok") in checks(s, "sessions"), checks(s, "sessions"))
    check(ping(lab.client, LAN_HOST), "no ping after the reload")
    check(routes_of(lab, BRANCH) and proxies(lab) == [d.address], routes_of(lab, BRANCH))


@case()
def addresses_of_their_own(lab):
    """N04: outside of the pools, told by record; and monitor routes nothing else."""
    s = lab.serve(users=["bob"])
    s.add_user("alice", "--dialin", "allow", "--address", "10.97.0.5")
    d = lab.connect("alice", "--route", "10.80.0.0/24")
    equal(d.address, "10.97.0.5")
    check(ping(lab.lan, d.address), "the host behind does not reach it")
    lab.hang_up(d)
    wait_for(lambda: "10.97.0.5" not in lab.server.run("ip", "route").stdout, "the route goes")
    s.ctl("user", "set", "alice", "--address", "10.97.0.6")
    equal(lab.connect("alice").address, "10.97.0.6")
    check(lab.connect("bob").address.startswith("10.99.0."), "bob")


BRANCH, BRANCH6 = "10.77.7.0/24", "2001:db8:77::/64"


def branch(lab, *addresses):
    """A network behind the client."""
    lab.client.run("ip", "link", "add", "branch0", "type", "veth", "peer", "name", "branch1")
    lab.ends.append(lambda: lab.client.run("ip", "link", "del", "branch0", ok=False))
    lab.client.run("ip", "link", "set", "branch1", "up")
    for a in addresses:
        lab.client.run("ip", "addr", "add", a, "dev", "branch0", *(["nodad"] if ":" in a else []))
    lab.client.run("ip", "link", "set", "branch0", "up")


def routes_of(lab, network):
    return [line for family in ("-4", "-6")
            for line in lab.server.run("ip", family, "route").stdout.splitlines()
            if line.startswith(network)]


@case()
def a_network_behind_the_client(lab):
    """Static routes of an account: both ways, IPv4 and IPv6; what is not its own does not pass."""
    branch(lab, "10.77.7.1/24", "10.78.7.1/24", "2001:db8:77::1/64")
    lab.server.run("ip", "addr", "replace", "2001:db8:80::1/64", "dev", "lan0", "nodad")
    lab.lan.run("ip", "addr", "replace", "2001:db8:80::2/64", "dev", "lan0", "nodad")
    lab.lan.run("ip", "-6", "route", "replace", "default", "via", "2001:db8:80::1")
    s = lab.serve(conf(pool="pool p { range 10.99.0.1 - 10.99.0.9; prefix6 2001:db8:99::/48 }"))
    s.add_user("alice", "--dialin", "allow", "--route", BRANCH, "--route", BRANCH6)
    there = ["--route", "10.80.0.0/24", "--route", "2001:db8:80::/64"]
    own = ["--behind", BRANCH, "--behind", BRANCH6, "--behind", "10.78.7.0/24"]
    d = lab.connect("alice", *there, *own, name="one")
    check(ping(lab.lan, "10.77.7.1"), "the host behind the server does not reach the network")
    check(ping(lab.client, LAN_HOST, source="10.77.7.1"), "nor the network the host")
    check(ping(lab.client, LAN_HOST, source=d.address), "nor the client itself")
    for host, to, source in ((lab.lan, "2001:db8:77::1", "2001:db8:80::2"),
                             (lab.client, "2001:db8:80::2", "2001:db8:77::1")):
        check(host.run("ping", "-6", "-c", "2", "-W", "3", "-I", source, to,
                       ok=False).returncode == 0, "no ping by IPv6 to", to)
    transfer(lab.lan, lab.client, "10.77.7.1")
    # N04: a source that is no network of its own
    check(not ping(lab.client, LAN_HOST, count=1, wait=1, source="10.78.7.1"), "N04: it passed")
    wait_for(lambda: s.session()["drops"] > 0, "N04: it is counted")
    facts = s.ctl("diagnose", s.session()["id"], "--trail")["trail"]
    check(any(BRANCH in f["text"] and BRANCH6 in f["text"] for f in facts), facts)
    # the client dials again while its old call still hangs: the newer has the networks
    e = lab.connect("alice", *own, name="two")
    check(ping(lab.lan, "10.77.7.1"), "not by the newer call")
    lab.hang_up(e)
    wait_for(lambda: len(s.sessions()) == 1, "one is left")
    wait_for(lambda: ping(lab.lan, "10.77.7.1", count=1, wait=1), "the older gets it back")
    lab.hang_up(d)
    wait_for(lambda: not routes_of(lab, BRANCH) and not routes_of(lab, BRANCH6), "the routes go")


@case()
def a_network_behind_the_client_that_is_ours(lab):
    """A route of the host's own is never put aside: the attempt ends, and says why."""
    s = lab.serve(users=["bob"])
    for wrong in ("10.77.7.1/24", "0.0.0.0/0", "nonsense"):
        done = s.ctl_raw("user", "set", "bob", "--route", wrong)
        check(done.returncode != 0, wrong, done.stdout)
    s.add_user("alice", "--dialin", "allow", "--route", "10.80.0.0/24")
    refused(lab.dial("alice"), *NO_PROTOCOL)
    _, diagnosis = explained(s, "address.route-failed", 0, 720, user="alice")
    check("route of its own" in str(diagnosis), diagnosis)
    check(ping(lab.server, LAN_HOST), "the host's own route")


@case()
def a_host_beside_the_pool_finds_the_client(lab):
    """R94 by proxy ARP: no route on the host; the entry goes with the session and with rrasd."""
    s = lab.serve(conf(pool=BESIDE), users=["alice"])
    drop_default_route(lab)
    d = lab.connect("alice", "--route", "10.80.0.0/24")
    check(d.address.startswith("10.80.0.10"), d.address)
    equal(proxies(lab), [d.address])
    check(ping(lab.lan, d.address), "the host beside does not reach the client")
    check(ping(lab.client, LAN_HOST), "the client does not reach the host")
    lab.hang_up(d)
    wait_for(lambda: not proxies(lab), "the entry goes with the session")
    lab.connect("alice")
    equal(len(proxies(lab)), 1)
    s.stop()
    equal(proxies(lab), [])
    check("proto 182" not in lab.server.run("ip", "route").stdout, "routes stay")


@case(placements=ALONE)
def nothing_stays_of_who_was_killed(lab):
    """N06: a worker dies, then all of rrasd: its entries go, at the latest with the next start."""
    s = lab.serve(conf(pool=BESIDE, base=ONE_WORKER), users=["alice"])
    lab.connect("alice")
    os.kill(s.role_pids()[0]["net 0"], signal.SIGKILL)
    wait_for(lambda: not proxies(lab), "the entry goes with the worker")
    d = wait_for(lambda: (x := lab.dial("alice")).status == 0 and x, "alice connects")
    equal(proxies(lab), [d.address])
    kill_all(s)
    lab.serve(after=s)
    equal(proxies(lab), [])


@case()
def a_neighbour_has_the_address(lab):
    """R99 N02: found by asking on the link, passed over, said; the account gets another one."""
    for a in ("10.80.0.101", "10.80.0.102"):
        lab.lan.run("ip", "addr", "add", f"{a}/32", "dev", "lan0")
        lab.ends.append(lambda a=a: lab.lan.run("ip", "addr", "del", f"{a}/32", "dev", "lan0"))
    s = lab.serve(conf(pool=BESIDE), users=["alice", "bob"])
    d = lab.connect("alice")
    equal(d.address, "10.80.0.103")
    for a in ("101", "102"):
        log_has(s, rf"address 10\.80\.0\.{a} of pool beside is in use by another host "
                   r"\(..:..:..:..:..:.. on lan0\)")
    facts = s.ctl("diagnose", s.session()["id"])["facts"]
    check(any("10.80.0.101" in f["text"] and "in use" in f["text"] for f in facts), facts)
    row = next(r for r in s.ctl("pools")["rows"] if r["pool"] == "beside")
    equal(sorted(row["conflicts"]), ["10.80.0.101", "10.80.0.102"])
    said = [c["what"] for c in s.ctl("check", "pool.conflicts", ok=False)["checks"]]
    check(len(said) == 2 and "10.80.0.101 of" in said[0] and "10.80.0.102 of" in said[1], said)
    equal(lab.connect("bob").address, "10.80.0.104")


@case()
def two_side_by_side(lab):
    """The end and the start of one rrasd takes nothing from the other on the same host."""
    one = lab.serve(conf(sstp="listen 203.0.113.1:443"), users=["alice"])
    d = lab.connect("alice")
    other = conf(server="device-prefix rrbs", sstp=f"listen {SERVER_OTHER}:443",
                 pool="pool office { range 10.96.0.1 - 10.96.0.9 }")
    two = lab.serve(other, users=["bob"])
    e = lab.connect("bob", at=lab.other, host=SERVER_OTHER)
    for s, alive in ((two, d), ):
        s.stop()
        check(ping(lab.client, alive.server_address), "the other's session")
    text = lab.server.run("ip", "route").stdout
    check(d.address in text and "unreachable 10.99.0." in text, text)
    check(e.address not in text and "10.96.0." not in text, text)
    equal(len(one.sessions()), 1)


def nft(lab, *argv):
    return lab.server.run("nft", *argv, ok=False)


@case()
def clients_behind_source_nat(lab):
    """R94 by NAT: no route back is needed; N08: nobody outside finds what it hides; nothing stays."""
    s = lab.serve(conf(server="nat lan0"), users=["alice"])
    drop_default_route(lab)
    d = lab.connect("alice", "--route", "10.80.0.0/24")
    check(ping(lab.client, LAN_HOST), "the client does not reach the host behind")
    with lab.lan.listen((LAN_HOST, 8080)) as listener, \
            lab.client.connect((LAN_HOST, 8080), source=d.address):
        equal(listener.accept()[1][0], "10.80.0.1", "the host behind sees")
    # N07: the port that a client chose is not the one it has outside; nor is that a port of ours
    seen = set()
    for port in (8081, 8082, 8083):
        with lab.lan.listen((LAN_HOST, port)) as listener, lab.client.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            client.bind((d.address, 443))
            client.connect((LAN_HOST, port))
            seen.add(listener.accept()[1][1])
    check(443 not in seen and min(seen) >= 1024 and len(seen) > 1, "N07: ports", seen)
    lab.lan.run("ip", "route", "add", "10.99.0.0/24", "via", "10.80.0.1")
    lab.ends.append(lambda: lab.lan.run("ip", "route", "del", "10.99.0.0/24", ok=False))
    for address in (d.address, d.server_address):
        check(not ping(lab.lan, address, count=1, wait=1), "N08: reached from outside:", address)
    check(ping(lab.client, d.server_address), "no ping to the server's inner address")

    def nat_check():
        return [c["result"] for c in s.ctl("check", "forwarding", ok=False)["checks"]
                if c["id"] == "forwarding.nat"]
    equal(nat_check(), ["ok"])
    nft(lab, "flush", "ruleset")
    equal(nat_check(), ["fail"])
    at = s.n_lines()
    s.signal(signal.SIGHUP)
    s.wait_line("reloaded", after=at)
    equal(nat_check(), ["ok"])
    s.stop()
    check("openrras" not in nft(lab, "list", "ruleset").stdout, "the table stays")


@case()
def source_nat_that_cannot_be(lab):
    """N05: nft refuses: rrasd does not start, and says why; a reload leaves the old in force."""
    fake = f"{ROOT}/nft-refuses"
    real = shutil.which("nft")
    with open(fake, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\necho 'Error: no such thing' >&2\nexit 1\n")
    os.chmod(fake, 0o755)
    s = lab.serve(conf(server="nat lan0"))
    before = nft(lab, "list", "ruleset").stdout
    check("masquerade" in before, before)
    subprocess.run(["mount", "--bind", fake, real], check=True)
    lab.ends.append(lambda: subprocess.run(["umount", real], check=False))
    at = s.n_lines()
    s.write_conf(conf(server="nat inet1"))
    s.signal(signal.SIGHUP)
    s.wait_line("source NAT .* cannot be set: nft refused: Error: no such thing", after=at)
    s.wait_line("the old one stays in force", after=at)
    subprocess.run(["umount", real], check=True)
    equal(nft(lab, "list", "ruleset").stdout, before)
    s.stop()
    subprocess.run(["mount", "--bind", fake, real], check=True)
    s = lab.serve(conf(server="nat lan0"), wait=False)
    check(s.wait_end() != 0, "it started")
    check("source NAT" in s.log(), s.log())


main()
