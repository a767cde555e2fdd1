#!/usr/bin/env python3
"""
An administrator's mistakes and the machine's: each gets a clear message and a remedy, what lives
goes on, and nothing is lost. R15 R38 R44 R93.
"""
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess

from harness import (BASE, PASSWORD, ROOT, case, check, conf, equal, main, ping, wait_for)

HERE = """
server { vault-key @key@
    state-directory @state@
    run-directory @run@ }
sstp { certificate @pki@/vpn.example.pem
    key @pki@/vpn.example.key }
"""


def does_not_start(lab, text, *patterns, **more):
    """rrasd says each of the patterns, names no other trouble with `rrasd:`, and ends with 1."""
    s = lab.serve(text, wait=False, **more)
    equal(s.wait_end(), 1, s.log())
    for p in patterns:
        check(re.search(p, s.log()), f"not said: {p!r}, but:\n{s.log()}")
    check(len(s.log().splitlines()) <= 3, "too many words:", s.log())
    left_nothing(lab, s)
    return s


def left_nothing(lab, s):
    """No device, route or socket of rrasd is there."""
    check("rras" not in lab.server.run("ip", "-br", "link").stdout, "a device stays")
    check("10.99.0." not in lab.server.run("ip", "route", "show", "table", "all").stdout,
          "a route stays:", lab.server.run("ip", "route").stdout)
    check(not os.path.exists(f"{s.run_dir}/control.sock"), "the control socket stays")


@case(placements=("processes",))
def check_names_the_place(lab):
    """rrasd --check: file, line and column, what was expected, and the nearest right spelling."""
    path = f"{ROOT}/broken.conf"
    for text, place, words in (
            ("server {\n    worker 2\n}\n", "2:5", r"workers"),
            ("sstp {\n\tports many\n}\n", "2:8", r"number"),
            ("sstp {\n    ports 65536\n}\n", "2:11", r"0.*65535"),
            ("pol x {\n}\n", "1:1", r"pool"),
            ("server {\n    workers 2\n", "", r"}"),
            ("pool a { range 10.0.0.9 - 10.0.0.1 }\n", "1:16", r""),
            ("sstp { hello 90 parsecs }\n", "1:17", r""),
            ("sstp { listen 300.0.0.1:443 }\n", "1:15", r"ADDRESS:PORT"),
            ("sstp { certificate /x.pem }\n", "", r"key"),
            ("policy p { access maybe }\n", "1:19", r"deny.*grant"),
            ("policy p { access grant\n    pool nowhere }\n", "2:5", r"nowhere"),
            ("authentication { methods mschap3 }\n", "1:26", r"mschapv2"),
            ("include /no/such.conf\n", "1:", r"such.conf")):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        for argv in ((lab.rrasd, "--check", "--config", path),
                     (lab.rrasctl, "config", "check", path)):
            done = lab.server.run(*argv, ok=False)
            said = done.stdout + done.stderr
            check(done.returncode != 0, argv, "takes", repr(text))
            first = said.splitlines()[0]
            check(re.match(rf"(rrasctl: )?{re.escape(path)}:{place or '[0-9]+:[0-9]+'}", first),
                  argv[0], repr(text), "place of", said)
            check(re.search(words, said), argv[0], repr(text), words, "is not in", said)
    with open(path, "w", encoding="utf-8") as f:
        f.write(conf().replace("@", "/"))
    check("no errors" in lab.server.run(lab.rrasd, "--check", "--config", path).stdout, "good file")
    # rrasd itself does not start with such a file, and says the same
    does_not_start(lab, "server {\n    worker 2\n}\n", r"rrasd\.conf:2:5.*", r"workers")


@case()
def configuration_is_missing(lab):
    """A file that was named has to be there."""
    s = lab.serve(wait=False)       # so that the run is the same but for the file
    s.wait_line("ready")
    s.stop()
    os.unlink(s.conf_path)
    argv = [lab.rrasd, "--config", s.conf_path] + ["--one-process"] * lab.one_process
    done = lab.server.run(*argv, ok=False)
    equal(done.returncode, 1)
    check(s.conf_path in done.stderr and "No such file" in done.stderr, done.stderr)


@case(placements=("processes",))
def not_root(lab):
    """Without privileges there is one clear word."""
    program = f"{ROOT}/rrasd"
    shutil.copy(lab.rrasd, program)
    os.chmod(program, 0o755)
    done = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                           program], capture_output=True, text=True, timeout=10, check=False)
    equal(done.returncode, 1, done.stderr)
    check("root" in done.stderr, done.stderr)


@case()
def port_is_taken(lab):
    """R15: named with its address, in either family; the listener is found by rrasctl."""
    for address, text in (("0.0.0.0", r"TCP 0\.0\.0\.0:443 is taken by another program"),
                          ("::", r"TCP \[::\]:443 is taken by another program")):
        listener = lab.server.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        if ":" in address:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        with listener:
            listener.bind((address, 443))
            listener.listen()
            s = does_not_start(lab, conf(), text, "listen")
            rows = s.ctl("listeners", "--all", ok=False)["rows"]
            taken = [r for r in rows if r["local"].endswith(":443") and r["state"] == "LISTENING"]
            check(taken and taken[0]["pid"] == os.getpid(), "the owner is not named:", rows)


@case()
def listeners_are_shown(lab):
    """R15 R38: protocol, addresses, state, process; and each enabled one that is missing."""
    s = lab.serve()
    answer = s.ctl("listeners")
    equal(answer["missing"], [] if not answer["missing"] else answer["missing"])
    got = {(r["protocol"], r["local"], r["foreign"], r["state"]) for r in answer["rows"]
           if r["local"].endswith(":443")}
    equal(got, {("TCP", "0.0.0.0:443", "0.0.0.0:0", "LISTENING"),
                ("TCPv6", "[::]:443", "[::]:0", "LISTENING")}, "R15:")
    s.stop()
    answer = s.ctl("listeners", ok=False)
    equal(answer["status"], 3, answer)
    missing = " ".join(str(m) for m in answer["missing"])
    check("0.0.0.0:443" in missing and "[::]:443" in missing, missing)
    done = s.ctl("status", ok=False)
    check(done["status"] == 2, done)


@case()
def files_that_do_not_fit(lab):
    """The certificate, its key, the vault's key: missing, of the wrong kind, of another pair."""
    lab.pki("issue", f"{ROOT}/pki", "--name", "other.example")
    for name in ("garbage", "short", "long"):
        with open(f"{ROOT}/{name}", "wb") as f:
            f.write({"garbage": b"hello\n", "short": b"x" * 31, "long": b"x" * 33}[name])
    good = ("@pki@/vpn.example.pem", "@pki@/vpn.example.key")
    for certificate, key, vault, *said in (
            (f"{ROOT}/none.pem", good[1], "@key@", r"none\.pem: No such file"),
            (good[0], f"{ROOT}/none.key", "@key@", r"none\.key: No such file"),
            (f"{ROOT}/garbage", good[1], "@key@", r"certificate"),
            (good[0], f"{ROOT}/garbage", "@key@", r"key"),
            (good[0], "@pki@/other.example.key", "@key@", r"(?i)key.*(match|belong|fit)"),
            (*good, f"{ROOT}/short", r"vault.*32 bytes and is shorter"),
            (*good, f"{ROOT}/long", r"vault.*32 bytes and is longer")):
        does_not_start(lab, f"""
            server {{ vault-key {vault}
                state-directory @state@
                run-directory @run@ }}
            sstp {{ certificate {certificate}
                key {key} }}""", *said)


@case()
def state_directory_is_read_only(lab):
    """Nothing can be kept there: said before anybody is let in."""
    at = f"{ROOT}/frozen"
    os.makedirs(at)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", at], check=True)
    does_not_start(lab, HERE.replace("@state@", at), re.escape(at) + r".*(?i:read-only)")


@case()
def database_is_damaged(lab):
    """accounts.db is not a database: said with its path. history.db: put aside, and work goes on."""
    s = lab.serve(users=["alice"])
    s.stop()
    with open(f"{s.state}/history.db", "wb") as f:
        f.write(b"no database " * 1000)
    again = lab.serve(after=s)
    check("history.db" in again.log(), again.log())
    lab.connect("alice")
    lab.hang_up_all()
    again.attempt(user="alice")
    again.stop()
    for extra in ("-wal", "-shm"):
        if os.path.exists(f"{s.state}/accounts.db{extra}"):
            os.unlink(f"{s.state}/accounts.db{extra}")
    with open(f"{s.state}/accounts.db", "wb") as f:
        f.write(b"no database " * 1000)
    does_not_start(lab, conf(), r"accounts\.db", after=s)


@case()
def second_rrasd_is_refused(lab):
    """The same run directory, or the same ports: the first one is not disturbed."""
    s = lab.serve(users=["alice"])
    d = lab.connect("alice")
    for text, said in (
            (conf(sstp="listen 0.0.0.0:8443").replace("@run@", s.run_dir), "another rrasd"),
            (conf(), "443 is taken")):
        second = lab.serve(text, wait=False)
        equal(second.wait_end(), 1, second.log())
        check(said in second.log(), second.log())
    check(ping(lab.client, d.server_address), "the session of the first is gone")
    equal(len(s.sessions()), 1)
    lab.connect("alice")


@case()
def restart_keeps_what_was_committed(lab):
    """R108: accounts, groups and history are there again."""
    s = lab.serve(users=["alice"])
    s.ctl("group", "add", "staff")
    s.ctl("user", "set", "alice", "--group", "staff")
    lab.dial("alice", password="guess")
    row = s.attempt(user="alice")
    s.stop()
    again = lab.serve(after=s)
    equal(again.ctl("user", "show", "alice")["user"]["groups"], ["staff"])
    equal(again.ctl("attempts", row["id"])["attempt"]["cause"], "account.wrong-password")
    lab.connect("alice")


@case()
def database_is_locked(lab):
    """internal.store-down: the change is refused whole, sessions live, log-ins go on."""
    s = lab.serve(users=["alice", "bob"])
    d = lab.connect("alice")
    db = sqlite3.connect(f"{s.state}/accounts.db", isolation_level=None, timeout=5)
    db.execute("BEGIN EXCLUSIVE")
    answer = s.ctl("user", "add", "carol", "--password-file", "-", stdin="x\n", ok=False)
    equal((answer["ok"], answer["code"]), (False, "internal.store-down"), answer)
    check(answer["remedy"] and "accounts.db" in answer["error"], answer)
    check(ping(lab.client, d.server_address), "the session does not live")
    lab.connect("bob")                      # log-ins are decided from memory
    db.execute("ROLLBACK")
    db.close()
    equal([u["name"] for u in s.ctl("user", "list")["rows"]], ["alice", "bob"], "half done:")
    s.add_user("carol", "--dialin", "deny")

    # the history waits: what happens meanwhile is there afterwards
    db = sqlite3.connect(f"{s.state}/history.db", isolation_level=None, timeout=5)
    db.execute("BEGIN EXCLUSIVE")
    equal(lab.dial("carol").status, 40)
    check(ping(lab.client, d.server_address), "the session does not live")
    db.execute("ROLLBACK")
    db.close()
    s.attempt(user="carol", cause="policy.account-denies", seconds=15)


@case()
def reload_while_a_session_is_up(lab):
    """SIGHUP: a good file counts for whom comes next; a broken one changes nothing."""
    s = lab.serve(users=["alice", "bob"])
    d = lab.connect("alice")

    def reload(text, said):
        at = s.n_lines()
        s.write_conf(text)
        s.signal(signal.SIGHUP)
        s.wait_line(said, after=at)
        check(ping(lab.client, d.server_address), "the session is gone after", said)
        return s.n_lines()
    reload(conf(more='policy "Nobody" { ignore-dial-in yes\n access deny }'), "reloaded, gen")
    refused = wait_for(lambda: lab.dial("bob"), "an answer")
    equal((refused.status, refused.error), (40, 649), refused.text())
    reload("server {\n    worker 2\n}\n", r"rrasd\.conf:2:5")
    s.wait_line("the old one stays in force")
    equal(lab.dial("bob").error, 649, "the policy of before:")
    reload(conf(sstp="hello 7s"), "reloaded, gen")
    lab.connect("bob")
    # the certificate is changed as well, for new connections
    lab.pki("init", f"{ROOT}/new-ca", "--name", "New CA")
    lab.pki("issue", f"{ROOT}/new-ca", "--name", "new.example", "--san", "203.0.113.1")
    reload(conf().replace("@pki@/vpn.example", f"{ROOT}/new-ca/new.example"), "reloaded, gen")
    lab.connect("bob", ca=f"{ROOT}/new-ca/ca.pem", name="bob2")
    equal(lab.dial("bob").cause, "certificate.root-not-trusted")
    # one that cannot be read leaves the old one in force
    reload(conf().replace("@pki@/vpn.example.pem", f"{ROOT}/none.pem"), r"none\.pem")
    lab.connect("bob", ca=f"{ROOT}/new-ca/ca.pem", name="bob3")
    equal(s.ctl("status")["sessions"], 4)


@case()
def sigterm_ends_in_order(lab):
    """R108: each client is told, the record says why, and nothing is left on the host."""
    s = lab.serve(users=["alice", "bob"])
    lab.connect("alice", name="one")
    lab.connect("bob", name="two", at=lab.other, host="198.51.100.1")
    s.session(account="alice")
    s.session(account="bob")
    s.stop()
    left_nothing(lab, s)
    wait_for(lambda: not lab.connections(), "the clients let go")
    for user in ("alice", "bob"):
        row = s.attempt(user=user)          # read from the file: no daemon runs
        equal((row["cause"], row["stage"]), ("ended.server-stopped", "UP"))
    equal(lab.client_history()[-2:], [("alice", "ended.by-peer"), ("bob", "ended.by-peer")],
          "what the clients were told:")


main()
