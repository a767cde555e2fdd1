#!/usr/bin/env python3
"""What must work: connecting by each method, data both ways, ending from both ends (R108, R13)."""
import threading

from harness import (LAN_HOST, PASSWORD, SERVER6, SERVER_OTHER, case, check, conf, equal, main, ping,
                     transfer, wait_for)

ALL_METHODS = "methods mschapv2 chap pap"
LAN = ("--route", "10.80.0.0/24")


def no_device_left(lab):
    return "ras0" not in lab.client.run("ip", "-br", "link").stdout


def moves_data(lab, d):
    """Ping both ways, and TCP both ways from either end with what is compared byte by byte."""
    check(ping(lab.client, d.server_address), "no ping to the server's inner address")
    check(ping(lab.client, LAN_HOST), "no ping to the host behind")
    check(ping(lab.lan, d.address), "no ping from the host behind to the client")
    transfer(lab.client, lab.lan, LAN_HOST)
    transfer(lab.lan, lab.client, d.address)


def one_method(lab, method):
    s = lab.serve(conf(authentication=ALL_METHODS))
    s.add_user("alice", "--dialin", "allow", "--reversible")
    d = lab.connect("alice", "--auth", method, *LAN)
    moves_data(lab, d)
    row = s.session(account="alice")
    equal(len(s.sessions()), 1, "sessions:")
    equal((row["account"], row["method"], row["address"], row["tunnel"], row["stage"]),
          ("alice", method, d.address, "sstp", "UP"))
    check(row["peer"].startswith("203.0.113.2:"), row["peer"])
    # 1 MiB each way twice, with headers; the counters are of IP packets inside
    for key in ("in_bytes", "out_bytes"):
        check(2 << 20 <= row[key] < 3 << 20, key, row[key])
    check(row["in_pkts"] > 1000 and row["out_pkts"] > 1000, row)
    lab.hang_up(d)
    s.no_session()
    row = s.attempt(user="alice")
    equal((row["cause"], row["stage"], row["method"]), ("ended.by-peer", "UP", method))
    check(row["in_bytes"] >= 2 << 20, "the counters are not in the record:", row)
    check(no_device_left(lab), "the client's device stays")


@case()
def mschapv2_connects(lab):
    """R13 R41 R108"""
    one_method(lab, "mschapv2")


@case()
def chap_connects(lab):
    """R13 R41 R108"""
    one_method(lab, "chap")


@case()
def pap_connects(lab):
    """R13 R41 R108"""
    one_method(lab, "pap")


@case()
def first_start_makes_what_it_needs(lab):
    """R59 R108: no certificate named, no key there: a CA, a certificate and a key come about."""
    s = lab.serve("server { vault-key @state@/vault.key\n state-directory @state@\n"
                  "run-directory @run@ }\n", users=["alice"])
    d = lab.connect("alice", ca=f"{s.state}/pki/ca.pem")
    equal(d.server_address, "10.99.0.1")
    check(ping(lab.client, d.server_address), "no ping")


@case()
def administrator_disconnects(lab):
    """R108: by id, by address, by user; the client notices and lets go."""
    s = lab.serve(users=["alice"])
    for how in ("id", "--address", "--user"):
        d = lab.connect("alice", name="gone")
        row = s.session()
        argv = {"id": [row["id"]], "--address": ["--address", d.address],
                "--user": ["--user", "ALICE"]}[how]
        equal(s.ctl("disconnect", *argv)["disconnected"], 1, how)
        wait_for(lambda: not lab.connections(), "the client lets go")
        check(no_device_left(lab), "the client's device stays")
        equal(s.attempt(id=row["id"])["cause"], "ended.by-administrator", how)
        equal(s.sessions(), [], "sessions:")
    done = s.ctl("disconnect", "--user", "alice", ok=False)
    equal((done["status"], done["ok"]), (4, False), done)


@case()
def address_is_used_again(lab):
    """R60: a pool for one client serves one after the other."""
    s = lab.serve(conf(pool="pool one { range 10.99.0.1 - 10.99.0.2 }"), users=["alice", "bob"])
    for user in ("alice", "bob", "alice"):
        d = lab.connect(user)
        equal(d.address, "10.99.0.2", user)
        check(ping(lab.client, d.server_address), "no ping")
        lab.hang_up(d)
        s.no_session()


@case()
def two_clients_at_once(lab):
    """R108: two hosts, both at work at the same time, and each sees the other through the server."""
    s = lab.serve(users=["alice", "bob"])
    got, problem = {}, []

    def run(user, at, host):
        try:
            d = got[user] = lab.connect(user, *LAN, at=at, host=host)
            check(ping(at, d.server_address), "no ping", user)
            transfer(at, lab.lan, LAN_HOST, 2 << 20)
        except Exception as e:              # pylint: disable=broad-except
            problem.append(e)
    threads = [threading.Thread(target=run, args=a) for a in (
        ("alice", lab.client, "203.0.113.1"), ("bob", lab.other, SERVER_OTHER))]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    if problem:
        raise problem[0]
    check(got["alice"].address != got["bob"].address, got["alice"].address)
    s.session(account="alice")
    s.session(account="bob")
    equal(next(r["used"] for r in s.ctl("ports")["rows"] if r["tunnel"] == "sstp"), 2, "ports:")
    # what stands between them is the server, whichever workers hold them
    lab.client.run("ip", "route", "add", got["bob"].address, "dev", got["alice"].device)
    lab.other.run("ip", "route", "add", got["alice"].address, "dev", got["bob"].device)
    check(ping(lab.client, got["bob"].address), "the clients do not reach each other")


@case()
def packets_fit(lab):
    """R108: MRU 1400 is the device's MTU at both ends; full packets pass; TCP's MSS is clamped."""
    s = lab.serve(users=["alice"])
    d = lab.connect("alice", *LAN)
    for host, device in ((lab.client, d.device), (lab.server, s.session()["device"])):
        check("mtu 1400" in host.run("ip", "link", "show", device).stdout, host.name, "MTU")
    check(ping(lab.client, LAN_HOST, size=1400 - 28), "a packet of 1400 bytes does not pass")
    check(not ping(lab.client, LAN_HOST, count=1, wait=1, size=1401 - 28), "1401 bytes pass")
    mss = transfer(lab.client, lab.lan, LAN_HOST)
    check(mss <= 1400 - 40, "MSS of the client", mss)
    mss = transfer(lab.lan, lab.client, d.address)
    check(1200 < mss <= 1400 - 40, "MSS of the host behind", mss)


@case()
def small_mru(lab):
    """The server's MRU is a setting, and both ends keep to it."""
    s = lab.serve(conf(ppp="mru 1000"), users=["alice"])
    d = lab.connect("alice", *LAN)
    check("mtu 1000" in lab.client.run("ip", "link", "show", d.device).stdout, "MTU")
    check(ping(lab.client, LAN_HOST, size=1000 - 28), "a packet of 1000 bytes does not pass")
    check(transfer(lab.lan, lab.client, d.address) <= 960, "MSS")
    equal(len(s.sessions()), 1)


@case()
def over_ipv6(lab):
    """R15 R108: the listener of IPv6, with IPv4 inside."""
    s = lab.serve(users=["alice"])
    d = lab.connect("alice", *LAN, host=SERVER6)
    moves_data(lab, d)
    check(s.session()["peer"].startswith("[2001:db8:1::2]:"), s.session()["peer"])
    lab.hang_up(d)
    s.no_session()


@case()
def names_are_understood(lab):
    """R24 R32: case, DOMAIN\\user, user@realm, beyond ASCII; and a password beyond ASCII."""
    s = lab.serve(conf(authentication="domain OFFICE\n realm example.org\n" + ALL_METHODS))
    s.add_user("Jürgen", password="Gruß-€-密码")
    s.add_user("alice")
    for user, password in (("ALICE", PASSWORD), ("OFFICE\\alice", PASSWORD),
                           ("alice@example.org", PASSWORD), ("jürgen", "Gruß-€-密码"),
                           ("office\\JÜRGEN", "Gruß-€-密码")):
        d = lab.connect(user, password=password)
        equal(s.session(address=d.address)["user"], user, "as sent:")
    d = lab.connect("Jürgen", "--auth", "pap", password="Gruß-€-密码")
    equal(s.session(address=d.address)["method"], "pap")


TERMS = """
dns 10.80.0.53
pool guests { range 10.98.0.1 - 10.98.0.9
    dns 10.80.0.54 }
policy "Short" { user short
    access grant
    pool guests
    session-timeout 2s }
policy "Idle" { user idle
    access grant
    dns 10.80.0.55
    idle-timeout 2s }
policy "Fixed" { user fixed
    access grant }
"""


@case()
def terms_of_the_policy(lab):
    """R43 R44: pool, DNS and times come from the policy that grants; an address from the account."""
    s = lab.serve(conf(more=TERMS))
    for user, *more in (("short",), ("idle",), ("fixed", "--address", "10.99.0.7")):
        s.add_user(user, "--dialin", "policy", *more)
    fixed = lab.connect("fixed")
    equal((fixed.address, fixed.dns), ("10.99.0.7", "10.80.0.53"))
    short = lab.connect("short")
    equal((short.address, short.dns), ("10.98.0.1", "10.80.0.54"))
    check(ping(lab.client, short.server_address), "no ping from the second pool")
    idle = lab.connect("idle")
    equal(idle.dns, "10.80.0.55")
    equal(s.session(account="short")["policy"], "Short", "R44:")
    for user, cause in (("short", "ended.session-time-out"), ("idle", "ended.idle-time-out")):
        equal(s.attempt(user=user)["cause"], cause)
    equal([r["account"] for r in s.sessions()], ["fixed"])
    wait_for(lambda: lab.connections() == [fixed.name], "the clients let go")


main()
