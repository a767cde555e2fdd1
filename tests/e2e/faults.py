#!/usr/bin/env python3
"""
What the machine does to us: a full disk, a locked database, a journal that takes nothing. A clear
error with a remedy, sessions that can live go on, and nothing is lost that was said to be kept. And
what we say to everybody: no secret is in any of it. G13, B01, U01, U02, U05, U06.
"""
import base64
import os
import socket
import sqlite3
import subprocess
import threading

from harness import ROOT, case, check, conf, equal, main, ping, refused, wait_for

REFUSED = ("account.refused-by-server", 691, "credentials")


def small_disk(name, kib):
    """A file system of so many KiB."""
    at = f"{ROOT}/{name}"
    os.makedirs(at)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", at], check=True)
    return at


def fill(at):
    """Takes all that is left; returns the path to remove."""
    path = f"{at}/ballast"
    with open(path, "ab", buffering=0) as f:
        for size in (65536, 4096, 512, 1):
            try:
                while True:
                    f.write(bytes(size))
            except OSError:
                pass
    return path


def with_state(at, **more):
    return conf(**more).replace("@state@", at)


def serve_on(lab, at, users=()):
    s = lab.serve(with_state(f"{at}/state"), wait=False)
    s.state = f"{at}/state"
    s.wait_line("rrasd: ready")
    for user in users:
        s.add_user(user)
    return s


@case()
def disk_is_full(lab):
    """
    G13: changes are refused whole, with cause and remedy; sessions go on; the attempts of meanwhile
    are there when there is room again; and a restart finds what was committed.
    """
    at = small_disk("small", 3000)
    s = serve_on(lab, at, ["alice", "bob"])
    d = lab.connect("alice")
    s.session(account="alice")
    begun = s.n_lines()
    ballast = fill(at)

    def filled():       # the log of the database is used to its end first
        answer = s.ctl("group", "add", f"g{s.n_lines()}-{os.urandom(4).hex()}", ok=False)
        return answer if answer["status"] else None
    answer = wait_for(filled, "a change is refused", 20, 0.01)
    fill(at)
    equal(answer["code"], "internal.store-down", answer)
    check("full" in answer["error"] and "df -h" in answer["remedy"], answer)
    groups = s.ctl("group", "list")["rows"]
    for i in range(5):
        refused(lab.dial("bob", password=f"guess{i}"), *REFUSED)
    check(ping(lab.client, d.server_address), "the session does not live")
    s.wait_line(r"history.*full.*remedy: make room", after=begun)
    row = wait_for(lambda: [x for r in s.ctl("status")["rows"] for x in r["lines"]
                            if "history failed" in x], "status tells of it")
    check("0 attempts lost" in row[0] and "full" in row[0], row)
    d2 = lab.dial("bob", name="meanwhile")
    check(d2.status == 0 or d2.error in (645, 691, 720, 734), "no clear error:", d2.text())
    check(ping(lab.client, d.server_address), "the session does not live")
    equal(s.ctl("group", "list")["rows"], groups, "half done:")

    os.unlink(ballast)
    s.wait_line(r"history of attempts is written again; 0 attempts", after=begun, seconds=15)
    rows = s.ctl("attempts", "--limit", "100", "--user", "bob", "--failures")["rows"]
    wrong = [r for r in rows if r["cause"] == "account.wrong-password"]
    equal(len(wrong), 5, "attempts of meanwhile:", rows)
    check(s.ctl("diagnose", wrong[0]["id"])["evidence"], "its facts are lost")
    s.add_user("carol")
    lab.hang_up_all()
    s.no_session()
    lab.hang_up(lab.connect("carol"))
    s.stop()
    again = lab.serve(with_state(f"{at}/state"), wait=False)
    again.state = s.state
    again.wait_line("rrasd: ready")
    equal([u["name"] for u in again.ctl("user", "list")["rows"]], ["alice", "bob", "carol"])
    lab.connect("alice")


@case()
def disk_is_full_at_the_start(lab):
    """G13: rrasd does not start where it could keep nothing, and says what to do."""
    at = small_disk("tight", 64)
    os.makedirs(f"{at}/state")
    fill(at)
    s = lab.serve(with_state(f"{at}/state"), wait=False)
    check(s.wait_end() != 0, "it started")
    check("full" in s.log() or "No space left" in s.log(), s.log())
    check("remedy" in s.log(), s.log())


@case()
def database_is_locked_for_long(lab):
    """G13: record waits a bounded time, answers meanwhile, and goes on when the lock is gone."""
    s = lab.serve(users=["alice", "bob"])
    d = lab.connect("alice")
    s.session(account="alice")
    begun = s.n_lines()
    db = sqlite3.connect(f"{s.state}/history.db", isolation_level=None, timeout=5)
    db.execute("BEGIN EXCLUSIVE")
    for _ in range(3):
        refused(lab.dial("bob", password="guess"), *REFUSED)
    s.wait_line(r"history\.db.*locked by another process.*remedy: find the process", after=begun)
    equal(s.ctl("status", seconds=5)["status"], 0)
    check(ping(lab.client, d.server_address), "the session does not live")
    lab.hang_up(lab.connect("bob"))
    db.execute("ROLLBACK")
    db.close()
    s.wait_line("history of attempts is written again; 0 attempts", after=begun)
    rows = s.ctl("attempts", "--user", "bob", "--failures")["rows"]
    equal([r["cause"] for r in rows if r["cause"] == "account.wrong-password"],
          ["account.wrong-password"] * 3)


@case()
def journal_takes_nothing(lab):
    """G13: a journal whose queue is full holds nobody up; its loss is counted and told."""
    os.makedirs("/run/systemd/journal", exist_ok=True)
    path = "/run/systemd/journal/socket"
    if os.path.exists(path):
        os.unlink(path)
    journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    journal.bind(path)
    try:
        s = lab.serve(users=["alice"])
        up = lab.connect("alice")

        def lost():
            refused(lab.dial("alice", password="guess"), *REFUSED)
            lines = [x for r in s.ctl("status")["rows"] for x in r["lines"]]
            return any("journal entries" in x and " 0 journal" not in x for x in lines)
        wait_for(lost, "entries that the journal did not take are counted", 60)
        check(ping(lab.client, up.server_address), "the session does not live")
        journal.settimeout(5)
        check(b"RRAS_CAUSE=account.wrong-password" in journal.recv(65536), "no entry")
    finally:
        journal.close()
        os.unlink(path)


@case()
def names_are_no_sql(lab):
    """B01: what would be SQL is a name, in accounts, groups, policies, filters and on the wire."""
    evil = ["x' OR '1'='1", 'y" OR 1=1 --', "z'); DROP TABLE account; --", "%", "_", "*",
            "a\\' OR 1=1 --"]
    s = lab.serve(conf(more='policy "p\'); DELETE FROM account; --" { group "g\' OR 1=1 --" }'),
                  users=["alice"])
    check(not lab.dial("alice").connected, "a policy for a group of this name let everybody in")
    s.ctl("group", "add", "g' OR 1=1 --")
    s.ctl("user", "set", "alice", "--group", "g' OR 1=1 --")
    for name in evil:
        d = lab.dial(name)
        check(d.status != 0, name, "was let in", d.text())
        rows = s.ctl("attempts", "--user", name, ok=False).get("rows", [])
        check(all(r["user"] == name for r in rows), name, "finds", rows)
        check(s.ctl("user", "show", name, ok=False)["status"] != 0, name, "shows somebody")
        s.ctl("user", "delete", name, ok=False)
        s.ctl("group", "delete", name, ok=False)
        s.ctl("group", "add", name, ok=False)
        s.ctl("policy", "explain", "--user", name, ok=False)
    equal([u["name"] for u in s.ctl("user", "list")["rows"]], ["alice"])
    s.attempt(user=evil[0], cause="account.unknown")
    lab.connect("alice")                    # by her group and its policy
    equal(s.attempt(user="alice", ended=False)["policy"], "p'); DELETE FROM account; --")


@case()
def names_that_are_no_text(lab):
    """U02 U05: terminal sequences, line breaks and text direction in a name reach no terminal raw."""
    journal_path = "/run/systemd/journal/socket"
    os.makedirs("/run/systemd/journal", exist_ok=True)
    journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    journal.bind(journal_path)
    journal.settimeout(5)
    try:
        s = lab.serve(users=["alice"])
        said = []
        for name in ("eve\x1b[2J\x1b[31m", "eve\nrrasd: ready: all is well", "eve\u202eecila",
                     "eve\x07\x9b31m", "<script>alert(1)</script>"):
            d = lab.dial(name)
            check(d.status != 0, d.text())
            row = wait_for(lambda: next(iter(s.ctl("attempts", "--limit", "1")["rows"]), None),
                           "the attempt")
            said += [journal.recv(65536).decode()]
            for argv in (["attempts"], ["attempts", row["id"]], ["diagnose", row["id"]],
                         ["diagnose", "--trail", row["id"]]):
                done = s.ctl_raw(*argv)
                said += [done.stdout, done.stderr]
        said.append(s.log())
        for text in said:
            for raw in ("\x1b", "\x07", "\x9b", "\u202e", "\nrrasd: ready: all is well"):
                check(raw not in text.replace(s.wait_line("rrasd: ready"), ""), repr(raw), "in",
                      repr(text))
        check(any("eve" in text for text in said), "the names are not shown at all")
    finally:
        journal.close()
        os.unlink(journal_path)


@case()
def nobody_without_a_password(lab):
    """U01: a new server knows nobody; no account has an empty password, and none opens one."""
    s = lab.serve(conf(authentication="methods mschapv2 chap pap"))
    equal(s.ctl("user", "list")["rows"], [])
    answer = s.ctl("user", "add", "empty", "--password-file", "-", stdin="\n", ok=False)
    check(answer["status"] != 0, "an empty password was taken:", answer)
    s.ctl("user", "add", "none", "--no-password", "--dialin", "allow")
    for user, method, password in (("none", "mschapv2", ""), ("none", "pap", ""),
                                   ("empty", "mschapv2", ""), ("admin", "pap", "admin"),
                                   ("root", "pap", "")):
        d = lab.dial(user, "--auth", method, password=password)
        check(not d.connected, user, method, repr(password), "was let in")


def forms(secret):
    """A secret in each form in which it could get out."""
    out = set()
    done = subprocess.run(["openssl", "dgst", "-md4", "-provider", "legacy", "-provider", "default",
                           "-binary"], input=secret.encode("utf-16-le"), capture_output=True,
                          check=True, timeout=10)
    for b in (secret.encode(), secret.encode("utf-16-le"), secret.encode("utf-16-be"),
              done.stdout):
        out |= {b, b.hex().encode(), b.hex().upper().encode(), base64.b64encode(b).rstrip(b"=")}
        out.add(" ".join(f"{x:02x}" for x in b).encode())
    return out


@case()
def secrets_are_nowhere(lab):
    """
    U06: passwords, right, wrong, old and new, over every method, are in no log, journal entry,
    output, database, command line, environment - in no encoding, nor are their hashes.
    """
    os.makedirs("/run/systemd/journal", exist_ok=True)
    path = "/run/systemd/journal/socket"
    journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    journal.bind(path)
    entries = []

    def listen():
        while True:
            data = journal.recv(1 << 17)
            if not data:
                return
            entries.append(data)
    threading.Thread(target=listen, daemon=True).start()
    secrets = ["Right-Secret-1", "Wrong-Guess-2", "Next-Secret-3", "Nobodys-Secret-4"]
    s = lab.serve(conf(authentication="methods mschapv2 chap pap"))
    s.add_user("alice", "--dialin", "allow", "--reversible", password=secrets[0])
    s.add_user("old", "--dialin", "allow", "--must-change", password=secrets[0])
    said = []

    def dial(user, password, *options):
        d = lab.dial(user, *options, password=password)
        said.append(d.text())
        return d
    for method in ("mschapv2", "chap", "pap"):
        d = dial("alice", secrets[0], "--auth", method)
        check(d.connected, d.text())
        check(not dial("alice", secrets[1], "--auth", method).connected, "let in by a guess")
        check(not dial("nobody", secrets[3], "--auth", method).connected, "nobody was let in")
    with open(f"{ROOT}/next.pw", "w", encoding="utf-8") as f:
        f.write(secrets[2] + "\n")
    check(dial("old", secrets[0], "--new-password-file", f"{ROOT}/next.pw").connected, said[-1])
    os.unlink(f"{ROOT}/next.pw")
    s.attempt(user="nobody")
    for argv in (["status"], ["sessions"], ["user", "list"], ["user", "show", "alice"],
                 ["user", "show", "old"], ["policy", "explain", "--user", "alice"],
                 ["listeners"], ["pools"], ["check"]):
        for more in ([], ["--json"]):
            done = s.ctl_raw(*more, *argv)
            said += [done.stdout, done.stderr]
    for row in s.ctl("attempts", "--limit", "100")["rows"]:
        for argv in (["attempts", row["id"]], ["diagnose", "--trail", row["id"]],
                     ["--json", "diagnose", row["id"]]):
            done = s.ctl_raw(*argv)
            said += [done.stdout, done.stderr]
    blobs = {"outputs": "\n".join(said).encode(), "log": s.log().encode(),
             "journal": b"\n".join(entries)}
    pids = set(s.role_pids()[0].values()) | {s.process.pid}
    for pid in pids:
        for what in ("environ", "cmdline"):
            with open(f"/proc/{pid}/{what}", "rb") as f:
                blobs[f"{what} of {pid}"] = f.read()
    s.stop()
    for folder in (f"{ROOT}/{s.name}", "/var/lib/openrras", "/run/openrras"):
        for base, _, files in os.walk(folder):
            for name in files:
                with open(f"{base}/{name}", "rb") as f:
                    blobs[f"{base}/{name}"] = f.read()
    blobs["log at the end"] = s.log().encode()
    check(len(entries) >= 9 and b"RRAS_USER=alice" in blobs["journal"], "the journal got nothing")
    check(any(n.endswith("accounts.db") for n in blobs), blobs.keys())
    check(any("dial-history" in n for n in blobs), blobs.keys())
    for secret in secrets:
        for form in forms(secret):
            for name, data in blobs.items():
                check(form not in data, secret, "is in", name, "as", form)
    os.unlink(path)


main()
