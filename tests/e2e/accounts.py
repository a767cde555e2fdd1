#!/usr/bin/env python3
"""
The account model from end to end: locked, logon hours, expired and must-change passwords, each named
at both ends. R33 R34 R35 R36 R37, B01 B02 B04 B05.
"""
import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import time

from harness import (EXIT, PASSWORD, ROOT, SERVER4, SERVER_OTHER, case, check, conf, equal, explained, main, refused,
                     wait_for)

EXIT_CTL_FAILED = 3     # rrasctl
REFUSED = ("account.refused-by-server", 691, "credentials")
EXPIRED = ("account.password-expired", 648, "account")


@case()
def states_of_an_account(lab):
    """R33 B05: locked (36), logon hours (37), each with its number; over PAP the number is 691."""
    s = lab.serve(conf(authentication="methods mschapv2 pap"))
    s.add_user("locked", "--dialin", "allow", "--locked")
    s.add_user("never", "--dialin", "allow", "--hours", "never")
    s.add_user("always", "--dialin", "allow", "--hours", "Mo-Su 00:00-24:00")
    refused(lab.dial("locked"), "account.disabled", 647, "account")
    explained(s, "account.locked", 36, 647, user="locked")
    refused(lab.dial("never"), "account.logon-hours", 646, "account")
    _, d = explained(s, "account.logon-hours", 37, 646, user="never")
    check("Its logon hours are never" in " ".join(d["evidence"]), d["evidence"])
    lab.connect("always")
    # the number that the user saw, in the list as well
    refused(lab.dial("never", "--auth", "pap"), *REFUSED)
    row, _ = explained(s, "account.logon-hours", 37, 646, shown=691, user="never", method="pap")
    equal(row["ras_error"], 691)
    rows = s.ctl("attempts", "--error", "646")["rows"]
    equal([r["method"] for r in rows], ["mschapv2"])
    # lifted and set by set, and shown
    s.ctl("user", "set", "locked", "--unlocked", "--hours", "always")
    s.ctl("user", "set", "never", "--hours", "Mo-Su", "--route", "192.0.2.0/24", "--route",
          "198.51.100.64/26")
    user = s.ctl("user", "show", "never")["user"]
    equal(user["routes"], ["192.0.2.0/24", "198.51.100.64/26"])
    equal((user["hours"], user["locked"], user["must_change"]), ("Mo-Su", False, False))
    lab.connect("locked")
    lab.connect("never")


@case()
def attributes_that_are_wrong(lab):
    """U: an attribute that makes no sense is refused with a text, and nothing is changed."""
    s = lab.serve(users=["anna"])
    for options, words in ((("--hours", "Mo 25:00-26:00"), "08:00-18:00"),
                           (("--hours", "Xx"), "Mo Tu We"),
                           (("--password-expires", "tomorrow"), "YYYY-MM-DD"),
                           (("--route", "300.0.0.0/8"), "prefix"),
                           (("--dialin", "perhaps"), "allow, deny or policy")):
        done = s.ctl_raw("user", "set", "anna", *options)
        equal(done.returncode, EXIT["usage"], options)
        check(words in done.stderr, options, done.stderr)
    # the daemon checks what a program of its own sends
    for request in ('"hours":"Xx"', '"routes":["x"]', '"routes":[' + ",".join(
            '"192.0.2.0/24"' for _ in range(9)) + "]", '"address":"1.2.3"'):
        done = lab.server.run("python3", "-c", "import socket,sys\n"
                              "s=socket.socket(socket.AF_UNIX)\n"
                              f"s.connect('{s.run_dir}/control.sock')\n"
                              "s.sendall((sys.argv[1]+'\\n').encode())\n"
                              "print(s.makefile().readline())",
                              '{"cmd":"user set","name":"anna",' + request + "}")
        check('"ok":false' in done.stdout.replace(" ", ""), request, done.stdout)
    equal(s.ctl("user", "show", "anna")["user"]["hours"], "")


@case()
def expired_without_a_way_to_change(lab):
    """R35 R36: PAP just fails with 33; an administrator's is reset by another one."""
    s = lab.serve(conf(authentication="methods mschapv2 pap"))
    s.ctl("group", "add", "Administrators")
    s.add_user("old", "--dialin", "allow", "--password-expires", "2020-02-29")
    s.add_user("chief", "--dialin", "allow", "--password-expires", "2020-02-29", "--group",
               "administrators")
    refused(lab.dial("old", "--auth", "pap"), *REFUSED)
    _, d = explained(s, "account.password-expired", 33, 648, shown=691, user="old")
    check("Only MS-CHAPv2 permits" in d["means"].replace("\n", " "), d["means"])
    check("2020-02-29" in " ".join(d["evidence"]), d["evidence"])
    refused(lab.dial("chief"), *EXPIRED)
    _, d = explained(s, "account.administrator-password-expired", 33, 648, user="chief")
    check("another administrator" in d["means"].replace("\n", " "), d["means"])
    # R36: another administrator resets it, and the date of the old password is gone with it
    s.ctl("user", "passwd", "chief", "--password-file", "-", stdin="Another-456\n")
    lab.connect("chief", password="Another-456")
    s.add_user("fresh", "--dialin", "allow", "--must-change")
    refused(lab.dial("fresh"), *EXPIRED)
    explained(s, "account.password-must-change", 33, 648, user="fresh")
    s.ctl("user", "set", "fresh", "--no-must-change")
    lab.connect("fresh", password=PASSWORD)


def change(lab, user, new, old=PASSWORD, name="new", **more):
    """rasdial with a new password for the case that the old one has expired."""
    path = f"{ROOT}/{name}.pw"
    with open(path, "w", encoding="utf-8") as f:
        f.write(new + "\n")
    os.chmod(path, 0o600)
    return lab.dial(user, "--new-password-file", path, password=old, **more)


@case()
def expired_password_is_changed(lab):
    """R34: changed while connecting; the new one works, the old one fails; CHAP's copy as well."""
    s = lab.serve(conf(authentication="methods mschapv2 chap pap"))
    s.add_user("old", "--dialin", "allow", "--password-expires", "2020-02-29")
    s.add_user("fresh", "--dialin", "allow", "--must-change", "--reversible")
    s.add_user("young", "--dialin", "allow")
    # without a new password it is told, and nothing is asked in a script
    refused(lab.dial("old"), *EXPIRED)
    explained(s, "account.password-expired", 33, 648, user="old", method="mschapv2")
    # too short, and the same: refused with 709, and the old one still is the password
    for user, new, why in (("old", "short", "shorter than password-length"),
                           ("fresh", PASSWORD, "the same as the old one")):
        refused(change(lab, user, new), "account.new-password-refused", 709, "account")
        _, d = explained(s, "account.new-password-refused", 33, 709, user=user)
        check(why in " ".join(d["evidence"]), d["evidence"])
    # a wrong old one gets no further
    refused(change(lab, "old", "Brand-New-1", old="guess"), *REFUSED)
    d = change(lab, "old", "Brand-Néw-1")
    check(d.status == 0 and d.connected, d.text())
    user = s.ctl("user", "show", "old")["user"]
    check(user["password_expires"] == 0 and user["password_set"] > 1600000000, user)
    refused(lab.dial("old"), *REFUSED)
    lab.connect("old", password="Brand-Néw-1")
    lab.connect("old", "--auth", "pap", password="Brand-Néw-1")
    # the copy for CHAP is of the new password
    d = change(lab, "fresh", "Another-456")
    check(d.connected, d.text())
    check(s.ctl("user", "show", "fresh")["user"]["reversible"], "the reversible copy is gone")
    lab.connect("fresh", "--auth", "chap", password="Another-456")
    refused(lab.dial("fresh", "--auth", "chap"), *REFUSED)
    # a new password that is not needed is not used
    d = change(lab, "young", "Unused-789")
    check(d.connected, d.text())
    lab.connect("young")


@case()
def passwords_that_age(lab):
    """R34: password-age of the configuration; a changed one is young again, also after a restart."""
    s = lab.serve(conf(authentication="methods mschapv2\n password-age 2s"), users=["anna"])
    wait_for(lambda: lab.dial("anna").cause == "account.password-expired", "it has aged")
    lab.hang_up_all()
    d = change(lab, "anna", "Brand-New-1")
    check(d.connected, d.text())
    lab.hang_up(d)
    s.no_session()
    s.stop()
    s = lab.serve(conf(authentication="methods mschapv2"), after=s)
    lab.connect("anna", password="Brand-New-1")
    refused(lab.dial("anna"), *REFUSED)


@case(placements=("processes",))
def record_is_away_during_a_change(lab):
    """R34: no commit, no change: internal.store-down, and the old password still is the one; not
    even record changes it that comes to itself after the client was told."""
    s = lab.serve(conf(authentication="methods mschapv2"))
    s.add_user("old", "--dialin", "allow", "--must-change")
    pids, _ = s.role_pids()
    os.kill(pids["record"], signal.SIGSTOP)     # it hears nothing: aaa waits, then gives up
    try:
        d = change(lab, "old", "Brand-New-1", seconds=40)
        refused(d, *REFUSED)
    finally:
        os.kill(pids["record"], signal.SIGCONT)
    explained(s, "internal.store-down", 1, 645, shown=691, user="old")
    check(s.ctl("user", "show", "old")["user"]["must_change"], "half done")
    d = change(lab, "old", "Brand-New-1")
    check(d.connected, d.text())


@case()
def lockout_by_account_and_by_network(lab):
    """R37 B04: the right password fails with 64; another network gets in; it survives a restart."""
    rules = "methods mschapv2\n retries 0\n lockout-denials 2\n"
    s = lab.serve(conf(authentication=rules), users=["anna", "ben"])
    for _ in range(2):
        refused(lab.dial("anna", password="guess"), *REFUSED)
    refused(lab.dial("anna"), *REFUSED)         # right, and told no more than a wrong one
    _, d = explained(s, "account.locked-out", 64, 691, user="anna")
    seen = " ".join(d["evidence"])
    check("203.0.113.0/24 came 2 failed" in seen and "right" in seen, seen)
    check("rrasctl user unlock anna" in " ".join(d["fix_on_server"]), d["fix_on_server"])
    lab.connect("ben")
    lab.connect("anna", host=SERVER_OTHER, at=lab.other)
    # distinct from the account's own lock, which unlock leaves alone
    s.ctl("user", "set", "anna", "--locked")
    row = wait_for(lambda: [r for r in s.ctl("user", "lockouts")["rows"] if r["denials"] == 2],
                   "the count in the store")[0]
    equal((row["name"], row["network"]), ("anna", "203.0.113.0/24"))
    lab.hang_up_all()
    s.stop()
    s = lab.serve(conf(authentication=rules), after=s)
    refused(lab.dial("anna"), *REFUSED)
    explained(s, "account.locked-out", 64, 691, user="anna")
    check(s.ctl("user", "unlock", "anna")["locked"], "its own lock is not named")
    refused(lab.dial("anna"), "account.disabled", 647, "account")
    explained(s, "account.locked", 36, 647, user="anna")
    s.ctl("user", "set", "anna", "--unlocked")
    lab.connect("anna")
    wait_for(lambda: not s.ctl("user", "lockouts")["rows"], "the store is cleared")


@case()
def lockout_of_a_network(lab):
    """R37 B04: guesses under many names lock out the network they come from; some are exempt."""
    s = lab.serve(conf(authentication="methods mschapv2\n retries 0\n"
                       "lockout-network-denials 3\n lockout-exempt 198.51.100.0/24"),
                  users=["anna"])
    for name in ("a", "b", "' OR 1=1 --"):      # B01: a name is a name
        refused(lab.dial(name, password="guess"), *REFUSED)
    refused(lab.dial("anna"), *REFUSED)
    explained(s, "account.network-locked-out", 64, 691, user="anna")
    for _ in range(4):
        refused(lab.dial("anna", password="guess", host=SERVER_OTHER, at=lab.other), *REFUSED)
    lab.connect("anna", host=SERVER_OTHER, at=lab.other)
    s.ctl("user", "unlock", "--network", "203.0.113.2")
    lab.connect("anna")


@case(placements=("processes",))
def lockout_survives_aaa(lab):
    """R37: a new aaa knows what the old one counted."""
    s = lab.serve(conf(authentication="methods mschapv2\n retries 0\n lockout-denials 1"),
                  users=["anna"])
    refused(lab.dial("anna", password="guess"), *REFUSED)
    wait_for(lambda: s.ctl("user", "lockouts")["rows"], "the count in the store")
    pid = s.role_pids()[0]["aaa"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: s.role_pids()[0].get("aaa") not in (None, pid), "a new aaa")
    wait_for(lambda: lab.dial("anna").cause == "account.refused-by-server" and
             s.attempt(user="anna")["cause"] == "account.locked-out", "locked out still")


def write(name, text):
    path = f"{ROOT}/{name}"
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    return path


def names(s):
    return sorted(u["name"] for u in s.ctl("user", "list")["rows"])


@case()
def import_of_csv(lab):
    """Accounts from CSV: all or none, then log in; --update, --skip-bad, --dry-run."""
    s = lab.serve(conf(authentication="methods mschapv2 chap pap"), users=["old"])
    s.ctl("group", "add", "vpn")
    good = write("good.csv", b"\xef\xbb\xbfName,password,Group,reversible,address,must_change\r\n"
                 b"carla,\"a,\"\"b\"\" c\",vpn,yes,10.99.0.9,\r\n"
                 b"j\xc3\xbcrgen,Gr\xc3\xbc\xc3\x9fe-123,,no,,no\r\n"
                 b"nobody,,,,,\r\n")
    # wrong rows: each with its line and column and a remedy, and nothing is done
    bad = write("bad.csv", "name,password,hours,group,route\n"
                "ok,Secret-123,,,\n"
                "hours,Secret-123,Xx,,\n"
                "old,Secret-123,,,\n"
                "OK,Secret-123,,,\n"
                'a@b,Secret-123,,,\n'
                "grp,Secret-123,,vpn; nogroup,\n"
                "route,Secret-123,,,192.0.2.0/24;x\n"
                "few,Secret-123\n"
                f"long,{'x' * 257},,,\n")
    done = s.ctl_raw("user", "import", bad)
    equal(done.returncode, EXIT_CTL_FAILED, done.stderr)
    for words in ("bad.csv:3:18: hours: \"Xx\"", "bad.csv:4:1: old: there is an account",
                  "--update changes it", "bad.csv:5:1: OK: this account stands in line 2",
                  "bad.csv:6:1: a@b: an account's name has no domain", "no group \"nogroup\"",
                  "bad.csv:8:20: route: ", "bad.csv:9:5: few: this row has 2 cells",
                  "bad.csv:10:1: long: the password must be UTF-8 text of at most 256",
                  "8 of 9 rows are wrong; nothing was imported", "--skip-bad"):
        check(words in done.stderr, words, "is not in", done.stderr)
    check("Secret-123" not in done.stderr + done.stdout, "a password is shown")
    equal(names(s), ["old"])
    dry = s.ctl("user", "import", good, "--dry-run")
    equal([r["result"] for r in dry["rows"]], ["to add"] * 3)
    equal(names(s), ["old"])
    done = s.ctl("user", "import", good, "--dialin", "allow")
    equal((done["added"], done["changed"], done["skipped"]), (3, 0, 0))
    equal(done["rows"][2]["note"], "without a password")
    lab.connect("carla", "--auth", "chap", password='a,"b" c')
    equal(s.session(user="carla")["address"], "10.99.0.9")
    lab.connect("jürgen", password="Grüße-123")
    refused(lab.dial("nobody", password="x"), *REFUSED)
    equal(s.ctl("user", "show", "carla")["user"]["groups"], ["vpn"])
    # what is there is only changed when that is asked for; an empty cell changes nothing
    update = write("update.csv", "name,dialin,password\ncarla,deny,\nbad name\x01,,\ndora,,Secret-123\n")
    equal(s.ctl("user", "import", update, "--update", ok=False)["status"], EXIT_CTL_FAILED)
    done = s.ctl("user", "import", update, "--update", "--skip-bad")
    equal([r["result"] for r in done["rows"]], ["changed", "skipped", "added"])
    carla = s.ctl("user", "show", "carla")["user"]
    equal((carla["dialin"], carla["groups"], carla["reversible"]), ("deny", ["vpn"], True))
    done = s.ctl("user", "import", update, "--skip-bad")
    equal([r["result"] for r in done["rows"]], ["skipped"] * 3)
    # files that are none
    for text, words in (("name;password\na;b\n", "with commas"), ("password\nx\n", "name"),
                        ("", "empty"), ("name,name\n", "twice"), ('name\n"a\n', "never closed"),
                        ("name,password-file\n", "no column \"password-file\"")):
        done = s.ctl_raw("user", "import", "-", "--skip-bad", stdin=text)
        equal(done.returncode, EXIT_CTL_FAILED, text)
        check(words in done.stderr, text, done.stderr)
    equal(names(s), ["carla", "dora", "jürgen", "nobody", "old"])
    s.stop()
    done = s.ctl_raw("user", "import", good)
    equal(done.returncode, 2, done.stderr)


@case()
def import_of_chap_secrets(lab):
    """Accounts from pppd's chap-secrets, then log in by CHAP with their address."""
    s = lab.serve(conf(authentication="methods mschapv2 chap"))
    path = write("chap-secrets", "# client server secret addresses\n"
                 "anna  *  \"two words\"  10.99.0.7  # her own\n"
                 "ben   vpn   'it\\'s'\\x21   *\n"
                 "ben   other another  *\n"
                 "link\t*\t@/etc/ppp/link.secret\t*\n"
                 "*  *  anybody  *\n"
                 "net * secret 10.0.0.0/8\n")
    done = s.ctl_raw("user", "import", "--chap-secrets", path, "--server", "vpn")
    equal(done.returncode, EXIT_CTL_FAILED, done.stderr)
    for words in (":5:8: ", "another file", ":6:1: ", "any client", ":7:14: ", "no single IP address"):
        check(words in done.stderr, words, "is not in", done.stderr)
    equal(names(s), [])
    # without --server the second ben is one too many
    check("line 3 already" in s.ctl_raw("user", "import", "--chap-secrets", path).stderr)
    done = s.ctl("user", "import", "--chap-secrets", path, "--server", "vpn", "--skip-bad",
                 "--reversible", "--dialin", "allow")
    equal([r["result"] for r in done["rows"]], ["added", "added"] + ["skipped"] * 3)
    lab.connect("anna", "--auth", "chap", password="two words")
    equal(s.session(user="anna")["address"], "10.99.0.7")
    lab.connect("ben", "--auth", "chap", password="it's!")
    # no copy for CHAP unless it is asked for
    s.ctl("user", "import", "--chap-secrets", write("one", "carla * plain-1 *\n"), "--dialin", "allow")
    check(not s.ctl("user", "show", "carla")["user"]["reversible"], "a copy nobody wanted")
    lab.connect("carla", password="plain-1")
    check(lab.dial("carla", "--auth", "chap", password="plain-1").status != 0, "CHAP without a copy")


@case(placements=("processes",))
def import_without_a_vault(lab):
    """The vault is away: said before anything is changed."""
    s = lab.serve(users=["anna"])
    pid = s.role_pids()[0]["vault"]
    os.kill(pid, signal.SIGSTOP)
    try:
        done = s.ctl("user", "import", write("v.csv", "name,password\nben,Secret-123\n"), ok=False)
        check(done["status"] == EXIT_CTL_FAILED and "vault" in done["error"], done)
    finally:
        os.kill(pid, signal.SIGCONT)
    equal(names(s), ["anna"])


class Terminal:
    """A command with a terminal of its own. Everything that it showed is in `seen`."""

    def __init__(self, host, *argv):
        self.master, slave = pty.openpty()
        self.seen = ""
        self.slave = slave
        with host.inside():
            # pylint: disable=subprocess-popen-preexec-fn
            self.process = subprocess.Popen(
                [str(a) for a in argv], stdin=slave, stdout=slave, stderr=slave,
                start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def _take(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.seen += os.read(self.master, 4096).decode(errors="replace")
        return True

    def expect(self, text, seconds=20):
        """Waits until text is shown behind what was expected before."""
        end = time.monotonic() + seconds
        while text not in self.seen[self.at:]:
            check(self._take(max(0, end - time.monotonic())), text, "is not shown, only:", self.seen)
        self.at = self.seen.index(text, self.at) + len(text)

    at = 0

    def answer(self, prompt, line):
        """Waits for the prompt, whose answer must not be shown, and types."""
        self.expect(prompt)
        check(not self.echoes(), "it would be shown:", prompt)
        os.write(self.master, line.encode())

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def end(self, *never):
        """Its exit status. The terminal is left as it was, and has shown none of `never`."""
        status = self.process.wait(25)
        while self._take(0):
            pass
        check(self.echoes(), "the terminal is left without echo")
        for word in never:
            check(word not in self.seen, word, "was shown:", self.seen)
        os.close(self.master)
        os.close(self.slave)
        return status


@case()
def asked_on_a_terminal(lab):
    """R34: rasdial asks for the password, twice for a new one when it has expired, and redials."""
    s = lab.serve(conf(authentication="methods mschapv2"))
    s.add_user("old", "--dialin", "allow", "--password-expires", "2020-02-29")
    s.add_user("fresh", "--dialin", "allow", "--must-change")
    s.add_user("young", "--dialin", "allow")
    numbers = iter(range(100))

    def dial(user, *options):
        name = f"t{next(numbers)}"
        return name, Terminal(lab.client, lab.rasdial, SERVER4, "--tunnel", "sstp", "--user", user,
                              "--ca", lab.ca, "--name", name, *options)

    def hang_up(name):
        lab.client.run(lab.rasdial, "--disconnect", name)
        s.no_session()

    # a typo in the second: nothing is sent, the old one stays
    _, t = dial("old")
    t.answer("Password for old: ", PASSWORD + "\n")
    t.expect("648")
    t.answer("New password for old: ", "Brand-New-1\n")
    t.answer("Once more, for old: ", "Brand-New-2\n")
    t.expect("the two passwords differ")
    equal(t.end("Brand-New", PASSWORD), EXIT["account"])
    # ctrl-C at the question ends it, and the terminal still shows what is typed
    for stop_at in ("Password for old: ", "New password for old: "):
        _, t = dial("old")
        if stop_at.startswith("New"):
            t.answer("Password for old: ", PASSWORD + "\n")
        t.answer(stop_at, "Bra\x03")
        check(t.end("Bra") != 0, "it went on")
    check(not s.sessions(), "a session")
    # changed, and up with one more call
    name, t = dial("old")
    t.answer("Password for old: ", PASSWORD + "\n")
    t.answer("New password for old: ", "Brand-New-1\n")
    t.answer("Once more, for old: ", "Brand-New-1\n")
    equal(t.end("Brand-New", PASSWORD), 0, t.seen)
    hang_up(name)
    lab.connect("old", password="Brand-New-1")
    refused(lab.dial("old"), *REFUSED)
    lab.hang_up_all()
    # a program that reads JSON is not asked
    _, t = dial("fresh", "--json")
    t.answer("Password for fresh: ", PASSWORD + "\n")
    equal(t.end("New password", PASSWORD), EXIT["account"])
    # asked beforehand: one call only
    name, t = dial("fresh", "--change-password")
    t.answer("Password for fresh: ", PASSWORD + "\n")
    t.answer("New password for fresh: ", "Another-456\n")
    t.answer("Once more, for fresh: ", "Another-456\n")
    equal(t.end("Another", "648"), 0, t.seen)
    hang_up(name)
    check(not s.ctl("user", "show", "fresh")["user"]["must_change"], "not changed")
    # and not used where the old one serves
    name, t = dial("young", "--change-password")
    t.answer("Password for young: ", PASSWORD + "\n")
    t.answer("New password for young: ", "Unused-789\n")
    t.answer("Once more, for young: ", "Unused-789\n")
    equal(t.end("Unused"), 0, t.seen)
    hang_up(name)
    # the administrator's question is the same
    t = Terminal(lab.server, lab.rrasctl, "--socket", f"{s.run_dir}/control.sock", "user", "passwd",
                 "young")
    t.answer("Password for young: ", "Brand-New-3\n")
    t.answer("Once more, for young: ", "Brand-New-3\n")
    equal(t.end("Brand"), 0, t.seen)
    lab.connect("young", password="Brand-New-3")


main()
