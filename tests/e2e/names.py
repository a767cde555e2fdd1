#!/usr/bin/env python3
"""
Names that mean harm or look alike (B01, B02), as a peer sends them: byte for byte in PAP over SSTP,
and by rasdial. Each ends in the right cause; what is stored stays as it was. R24 R27 R28 R32.
"""
import contextlib
import os
import socket
import sqlite3
import struct

from harness import EXIT, PASSWORD, ROOT, case, check, conf, equal, main, tls, wait_for

REQUEST = ("SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n"
           "Host: vpn.example\r\nContent-Length: 18446744073709551615\r\n\r\n").encode()
CONNECT_REQUEST = bytes.fromhex("1001000e00010001000100060001")
LCP, PAP = 0xc021, 0xc023
SETTINGS = "methods mschapv2 pap\n domain OFFICE\n realm example.org\n"
MANY = "half-open-per-source 100\n"


class Peer:
    """An SSTP client that only gets as far as PAP."""

    def __init__(self, lab):
        self.s = tls(lab.client.connect())
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.s.sendall(REQUEST)
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += self._take(1)
        check(answer.startswith(b"HTTP/1.1 200"), answer)
        self.s.sendall(CONNECT_REQUEST)

    def _take(self, n):
        got = b""
        while len(got) < n:
            part = self.s.recv(n - len(got))
            check(part, "the server ended the connection after", got)
            got += part
        return got

    def _frame(self):
        """The next PPP frame: protocol, code, identifier, and the rest."""
        while True:
            head = self._take(4)
            packet = self._take(struct.unpack("!H", head[2:])[0] - 4)
            if head[1] == 0:        # data, not control
                packet = packet[2:] if packet[:2] == b"\xff\x03" else packet
                protocol, code, identifier, n = struct.unpack("!HBBH", packet[:6])
                return protocol, code, identifier, packet[6:n + 2]

    def _send(self, protocol, code, identifier, data):
        ppp = struct.pack("!HHBBH", 0xff03, protocol, code, identifier, len(data) + 4) + data
        self.s.sendall(struct.pack("!HH", 0x1000, len(ppp) + 4) + ppp)

    def log_in(self, name, password):
        """Whether PAP says yes."""
        self._send(LCP, 1, 1, b"")
        here = there = False
        while not (here and there):
            protocol, code, identifier, data = self._frame()
            if protocol == LCP and code == 1:
                there = b"\x03\x04\xc0\x23" in data      # else: rather PAP, please
                self._send(LCP, *((2, identifier, data) if there else
                                  (3, identifier, b"\x03\x04\xc0\x23")))
            here = here or (protocol == LCP and code == 2)
        self._send(PAP, 1, 7, bytes([len(name)]) + name + bytes([len(password)]) + password)
        while True:
            protocol, code, identifier, _ = self._frame()
            if protocol == PAP:
                equal(identifier, 7)
                return code == 2


def stored(s):
    """All of accounts.db but the counts of failed log-ins, and the names of all files there."""
    db = sqlite3.connect(f"file:{s.state}/accounts.db?mode=ro", uri=True)
    with contextlib.closing(db):
        equal(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        dump = [line for line in db.iterdump() if "lockout" not in line]
    return dump, sorted(os.listdir(s.state)), sorted(os.listdir(ROOT))


class Tries:
    """Log-ins by PAP on one server: each is one more attempt on record, and nothing more."""

    def __init__(self, lab, s):
        self.lab, self.s = lab, s
        self.before = stored(s)
        self.n = len(self.rows())

    def rows(self):
        return [r for r in self.s.ctl("attempts", "--limit", "1000")["rows"] if r["ended"]]

    def one(self, name, cause, nps, password=PASSWORD.encode()):
        peer = Peer(self.lab)
        with peer.s:
            check(not peer.log_in(name, password), name, "was let in")
        self.n += 1
        wait_for(lambda: len(self.rows()) >= self.n, f"{name!r} on record")
        rows = self.rows()
        equal(len(rows), self.n, name, "attempts")
        row = rows[0]
        equal((row["cause"], row["nps_reason"], row["ras_error"], row["method"]),
              (cause, nps, 691, "pap"), name)
        return row

    def end(self):
        equal(stored(self.s), self.before, "what is stored")
        check(not self.s.sessions(), "a session")


@case()
def hostile_names(lab):
    """B01: SQL, LDAP, wildcards, paths, control characters, zeros: a name is a name."""
    s = lab.serve(conf(authentication=SETTINGS, sstp=MANY), users=["alice"])
    t = Tries(lab, s)
    for name in (b"' OR '1'='1", b"alice'--", b'alice"; DROP TABLE account; --', b"alice' /*",
                 b"*", b"%", b"al%", b"_lice", b"alic?", b"alice*", b"[a]lice", b".*",
                 b"*)(uid=*))(|(uid=*", b"(&(cn=alice))", b"cn=alice,dc=example", b"alice)(x=\\2a",
                 b"../../etc/passwd", b"/etc/passwd", b"alice/..", b"%61lice", b"%s%n%s%n",
                 b"${jndi:ldap://x}", b"$(reboot)", b"`reboot`", b"alice;reboot", b"a" * 255,
                 b"alice\0", b"\0alice", b"al\0ice", b"\0", b"alice\n", b"alice\r\nroot", b"al\tice",
                 b"\x1b[2Jalice", b"alice\x7f", b"alice\x08"):
        if b"\\" in name:       # what stands before the last backslash is a domain
            t.one(name, "account.unknown-domain", 7)
            continue
        t.one(name, "account.unknown", 8)
    for name in (b"*\\alice", b"%\\alice", b"' OR 1=1 --\\alice", b"alice@*", b"alice@example.org'--",
                 b"\0\\alice"):
        known = b"\0" in name
        t.one(name, "account.unknown" if known else "account.unknown-domain", 8 if known else 7)
    t.end()
    for shown in (s.ctl_raw("attempts", "--limit", "1000").stdout, s.log(),
                  s.ctl_raw("diagnose", "--trail").stdout):
        check(all(c >= " " or c == "\n" for c in shown) and "\x7f" not in shown, repr(shown))
    # asked for as a name, it is a name as well
    for pattern in ("%", "*", "' OR '1'='1"):
        rows = s.ctl("attempts", "--user", pattern)["rows"]
        equal({r["user"] for r in rows}, {pattern}, pattern)
    lab.connect("alice")


@case()
def hostile_names_of_accounts(lab):
    """B01: an account may be called so; it is that account and no other."""
    s = lab.serve(conf(authentication=SETTINGS), users=["alice"])
    names = ["*", "%", "' OR 1=1 --", "x'); DROP TABLE account; --", "(uid=*)", "$(reboot)"]
    for name in names:
        s.add_user(name, password="Another-456")
    check(lab.dial(names[0]).status == EXIT["credentials"], "with alice's password")
    for name in names:
        d = lab.connect(name, password="Another-456")
        equal(s.session(address=d.address)["account"], name.lower())
    for name in names:
        s.ctl("user", "del", name)
    check(lab.dial(names[0], password="Another-456").status != 0, "it is deleted")
    equal([u["name"] for u in s.ctl("user", "list")["rows"]], ["alice"])
    for name in ("a\\b", "a@b", "a/b", "a\nb", "a\x1b[2J", "a.", "a ", " a", "", "a\u200bb", "x" * 257):
        equal(s.ctl("user", "add", name, "--no-password", ok=False)["status"], 1, repr(name))
    for name in ("a\nb", "", "g\u200b"):
        check(s.ctl("group", "add", name, ok=False)["status"] != 0, repr(name))
    equal([u["name"] for u in s.ctl("user", "list")["rows"]], ["alice"])


@case()
def names_that_look_alike(lab):
    """B02: what is the same name finds its account; what only looks so does not. R24 R32."""
    s = lab.serve(conf(authentication=SETTINGS, sstp=MANY))
    s.add_user("jürgen")
    s.add_user("alice")
    same = ("ju\u0308rgen", "JU\u0308RGEN", "JÜRGEN", "OFFICE\\jürgen", "office.\\ju\u0308rgen",
            ".\\jürgen", "\\jürgen", "jürgen@example.org", "Jürgen@EXAMPLE.ORG.")
    for name in same:
        for method in ("mschapv2", "pap"):
            d = lab.connect(name, "--auth", method)
            row = s.session(address=d.address)
            equal((row["account"], row["user"]), ("jürgen", name))
    lab.hang_up_all()
    s.no_session()
    t = Tries(lab, s)
    for name in ("ali\u200bce", "alice\u200e", "\ufeffalice", "al\u00adice", "alice\u3164",
                 "alice\u00a0", "alice\u2028", "al\u202eecila", "alice.", "alice..", "alice ",
                 " alice", "alıce", "аlice", "ａlice", "alicе", "juergen", "jurgen",
                 "alice@example.org@example.org"):
        t.one(name.encode(), "account.unknown", 8)
    for name in ("OFFICE\\\\alice", "OFF\u200bICE\\alice", "ОFFICE\\alice", "OFFICE..\\alice",
                 "OFFICE\\alice@elsewhere", "alice@example.org ", "alice@", "alice@."):
        t.one(name.encode(), "account.unknown-domain", 7)
    t.end()


@case()
def bytes_of_code_pages(lab):
    """B02 R27 R28: bytes 128 to 255, where names are UTF-8 and where they are Windows-1252."""
    s = lab.serve(conf(authentication=SETTINGS, sstp=MANY), users=["jürgen"])
    t = Tries(lab, s)
    t.one(b"j\xfcrgen", "account.name-encoding", 8)
    rows = [bytes(range(at, at + 8)) for at in range(0x80, 0x100, 8)]
    for row in rows:
        t.one(b"n" + row, "account.name-encoding", 8)
    for name in (b"j\xc3", b"\xc0\xaflice", b"\xed\xa0\x80x", b"\xf4\x90\x80\x80"):
        t.one(name, "account.name-encoding", 8)     # overlong, half a pair, beyond Unicode
    t.end()
    s.stop()

    s = lab.serve(conf(authentication=SETTINGS + "identity-encoding ansi\n", sstp=MANY),
                  users=["jürgen"])
    names = {}
    for row in rows:
        # 81 8d 8f 90 9d are nothing, a0 is a blank, ad is not seen
        known = bytes(b for b in row if b not in b"\x81\x8d\x8f\x90\x9d\xa0\xad")
        names[b"n%02x" % row[0] + known] = f"n{row[0]:02x}" + known.decode("cp1252")
    for name in names.values():
        s.add_user(name)
    for sent in (b"j\xfcrgen", b"J\xdcRGEN", b"OFFICE\\j\xfcrgen", *names):
        peer = Peer(lab)
        with peer.s:
            check(peer.log_in(sent, PASSWORD.encode()), sent, "is refused")
    wait_for(lambda: all(r["ended"] for r in s.ctl("attempts", "--limit", "1000")["rows"]),
             "all have ended")
    t = Tries(lab, s)
    for byte in b"\x81\x8d\x8f\x90\x9d":
        t.one(b"x" + bytes([byte]), "account.name-encoding", 8)
    for byte in b"\xa0\xad":
        t.one(b"jurg" + bytes([byte]) + b"en", "account.unknown", 8)
    t.one("jürgen".encode(), "account.name-encoding", 8)    # a UTF-8 client, and the record says so
    t.end()


main()
