#!/usr/bin/env python3
"""
Peers that mean harm, over raw TCP and TLS: each is cut, counted or explained, and hinders nobody.

The good client (fine) logs in after each of them, and during those that take time.
"""
import os
import random
import socket
import ssl
import struct
import threading
import time

from harness import (BASE, SERVER_OTHER, case, check, conf, equal, explained, main,
                     refused, tls, wait_for)

PATH = "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/"
REQUEST = (f"SSTP_DUPLEX_POST {PATH} HTTP/1.1\r\nHost: vpn.example\r\n"
           "SSTPCORRELATIONID: {6A5B3C2D-0001-4000-8000-000000000001}\r\n"
           "Content-Length: 18446744073709551615\r\n\r\n").encode()
CONNECT_REQUEST = bytes.fromhex("1001000e0001000100010006" "0001")
ONE_WORKER = BASE.replace("workers 2", "workers 1")
QUICK = "handshake-pace 0"
GONE = (ConnectionError, ssl.SSLError)      # how the end of a connection shows itself


def to_end(s, seconds=10):
    """What the server says until it closes, which it has to do in time."""
    got, end = b"", time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            s.settimeout(max(0.01, end - time.monotonic()))
            part = s.recv(65536)
            if not part:
                return got
            got += part
    except GONE:
        return got
    except TimeoutError:
        pass
    raise TimeoutError(f"not closed within {seconds} s; it said {got[:200]!r}")


def take(s, n):
    """Exactly n bytes."""
    got = b""
    while len(got) < n:
        part = s.recv(n - len(got))
        check(part, "the connection ended after", got)
        got += part
    return got


def say(s, data):
    """Sends; a server that is gone already is no matter."""
    try:
        s.sendall(data)
    except GONE:
        pass


def http(lab):
    """A connection on which SSTP may be spoken: TLS, the request, and its answer."""
    s = tls(lab.client.connect())
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.sendall(REQUEST)
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += take(s, 1)
    check(answer.startswith(b"HTTP/1.1 200"), answer)
    return s


def call(lab):
    """A connection with an SSTP call: the server's acknowledgement is read."""
    s = http(lab)
    s.sendall(CONNECT_REQUEST)
    head = take(s, 4)
    check(head[:2] == b"\x10\x01", head)
    check(take(s, struct.unpack("!H", head[2:])[0] - 4)[:2] == b"\0\2", "no acknowledgement")
    return s


def reset(s):
    """Closes with RST."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(s.detach())


def fine(lab, s):
    """A good client connects, and goes again."""
    d = lab.connect("alice", name="good")
    row = s.session(address=d.address)
    lab.hang_up(d)
    wait_for(lambda: all(r["id"] != row["id"] for r in s.sessions()), "the session ends")


def counts(s):
    """The causes that were only counted, as rrasctl shows them: workers tell them at the end."""
    s.stop()
    n = {}
    for row in s.ctl("attempts", "--counted", "--limit", "1000")["rows"]:
        check(row["from"] in ("203.0.113.0/24", "198.51.100.0/24"), row)
        n[row["cause"]] = n.get(row["cause"], 0) + row["attempts"]
    equal(n, s.counted(), "rrasctl and the file differ:")
    return n


def stored(s):
    """The causes of the attempts in the history, but for those of the good client."""
    return [r["cause"] for r in s.ctl("attempts", "--limit", "1000")["rows"]
            if r["user"] != "alice"]


def client_hello():
    """The bytes of a real ClientHello."""
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    talk = context.wrap_bio(inward, outward, server_hostname="vpn.example")
    try:
        talk.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outward.read()


@case()
def web_visitor(lab):
    """S03: a browser or a scanner gets an ordinary web answer, is counted, and not stored."""
    s = lab.serve(users=["alice"])
    asked = [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"404", True),
        (b"GET /index.html?x=1 HTTP/1.0\r\n\r\n", b"404", True),
        (b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", b"404", False),
        (b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", b"404", True),
        (b"SSTP_DUPLEX_POST /elsewhere HTTP/1.1\r\nHost: a\r\n\r\n", b"404", True),
        (f"GET {PATH} HTTP/1.1\r\nHost: a\r\n\r\n".encode(), b"405", True),
    ]
    for request, status, body in asked:
        with tls(lab.client.connect()) as c:
            c.sendall(request)
            answer = to_end(c)
        check(answer.startswith(b"HTTP/1.1 " + status), request, answer)
        head, _, page = answer.partition(b"\r\n\r\n")
        equal(b"<html>" in page, body, request, answer)
        check(b"Content-Type: text/html" in head and b"OpenRRAS" not in answer, answer)
    fine(lab, s)
    equal(stored(s), [], "stored:")

    def shown():
        argv = ("attempts", "--counted", "--cause", "sstp.ordinary-http")
        return sum(r["attempts"] for r in s.ctl(*argv)["rows"]) == len(asked)
    wait_for(shown, "the running server tells how many came", 15, 0.2)
    equal(s.ctl("attempts", "--counted", "--cause", "tls.not-tls")["rows"], [])
    check("sstp.ordinary-http" in s.ctl_raw("attempts", "--counted").stdout, "no table")
    equal(counts(s), {"sstp.ordinary-http": len(asked)})


@case()
def not_tls(lab):
    """What is not TLS is closed at once; what is broken TLS has a cause of its own."""
    s = lab.serve(users=["alice"])
    other = [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"SSH-2.0-x\r\n", bytes(64), b"\xff" * 4096,
             b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0", CONNECT_REQUEST]
    broken = [b"\x16\3\1\0\x10" + b"\xff" * 16, b"\x16\3\1\xff\xff" + bytes(512),
              b"\x17\3\3\0\x20" + bytes(32), client_hello()[:60] + b"\xff" * 600]
    for data in other + broken:
        with lab.client.connect() as c:
            say(c, data)
            to_end(c)
    fine(lab, s)
    n = counts(s)
    equal(n.pop("tls.not-tls", 0), len(other), n)
    equal(sum(n.values()), len(broken), n)
    check(set(n) <= {"tls.handshake-failed", "tls.version"}, n)


@case()
def garbage_for_http(lab):
    """S01 S02: what is no HTTP head, and one that is too long, are answered and cut."""
    s = lab.serve(users=["alice"])
    line = b"SSTP_DUPLEX_POST " + PATH.encode() + b" HTTP/1.1\r\n"
    asked = [(random.Random(1).randbytes(5000), b"400"), (CONNECT_REQUEST, b"400"),
             (b"hello\r\n\r\n", b"400"), (b"\n" * 100, b"400"),
             (line + b"X: " + b"y" * 9000, b"431"), (b"GET /" + b"a" * 20000, b"431"),
             (line + b"A: b\r\n" * 1000, b"431"), (line + b" folded\r\n\r\n", b"400"),
             (line + b"Host: a\r\nContent-Length: -1\r\n\r\n", b"400")]
    for data, status in asked:
        with tls(lab.client.connect()) as c:
            say(c, data)
            answer = to_end(c)
        check(answer.startswith(b"HTTP/1.1 " + status), data[:60], answer[:200])
    fine(lab, s)
    equal(stored(s), [], "stored:")
    equal(counts(s), {"sstp.http-malformed": len(asked)})


@case()
def lengths_and_floods(lab):
    """S01 S02: each Content-Length gets the answer of HTTP; floods and a line of 1 MB are cut."""
    s = lab.serve(conf(sstp=QUICK), users=["alice"])
    line = b"SSTP_DUPLEX_POST " + PATH.encode() + b" HTTP/1.1\r\nHost: a\r\n"
    for length, status in ((None, b"200"), (b"0", b"200"), (b"18446744073709551615", b"200"),
                           (b"9223372036854775807", b"200"), (b"-1", b"400"), (b"", b"400"),
                           (b"1e9", b"400"), (b"118446744073709551615", b"400"),
                           (b"0x10", b"400"), (b"5\r\nContent-Length: x", b"400")):
        with tls(lab.client.connect()) as c:
            field = b"" if length is None else b"Content-Length: " + length + b"\r\n"
            c.sendall(line + field + b"\r\n")
            answer = take(c, 12)
        equal(answer, b"HTTP/1.1 " + status, length)
    before = burden(s)
    for flood in (b"X: " + b"y" * (1 << 20), b"A: b\r\n" * 100000, b"\r\n".join([b"\t"] * 100000)):
        with tls(lab.client.connect()) as c:
            say(c, line + flood)
            to_end(c)
    if lab.memory_is_ours("memory after floods of header fields"):
        check(burden(s)[1] < before[1] + 3000, "memory grew from", before, "to", burden(s))
    fine(lab, s)
    n = counts(s)
    equal(n["sstp.http-malformed"], 9, n)


@case()
def broken_lengths(lab):
    """S04: lengths that cannot be are the end of the stream, before a call and in one."""
    s = lab.serve(users=["alice"])
    for stage in (http, call):
        for data in ("10000000", "10010000", "10000003", "10010003", "10011004", "1001fff0",
                     "20000008", "10010007000100"):
            with stage(lab) as c:
                c.sendall(bytes.fromhex(data) + bytes(4100))
                to_end(c)
            row = s.attempt(cause="sstp.malformed", user="")
            check(row["stage"] == "TUNNEL", row)
    equal(stored(s), ["sstp.malformed"] * 16)
    explained(s, "sstp.malformed", 0, 619)
    fine(lab, s)


def abort_status(s):
    """The status of the Call Abort that the server sends next."""
    head = take(s, 4)
    packet = take(s, struct.unpack("!H", head[2:])[0] - 4)
    equal((head[:2], packet[:4]), (b"\x10\x01", b"\0\5\0\1"), "Call Abort:")
    return struct.unpack("!I", packet[12:16])[0]


@case()
def out_of_turn(lab):
    """S06 S10: data before the call, messages in the wrong state, and an Abort that is doubled."""
    s = lab.serve(users=["alice"])
    lcp = bytes.fromhex("1000000c" "ff03c0210101" "0004")
    connected = bytes.fromhex("10010070" "00040001" "00030068") + bytes(100)
    for stage, data in ((http, lcp), (http, connected), (call, CONNECT_REQUEST),
                        (http, bytes.fromhex("1001000800090000"))):
        with stage(lab) as c:
            c.sendall(data)
            if stage is call:               # the server's first LCP request may come before
                c.recv(65536)
            else:
                equal(abort_status(c), 5, data, "status:")
            c.sendall(bytes.fromhex("1001000800050000") * 2)
            to_end(c)
        explained(s, "sstp.unexpected-message", 0, 619, user="")
    equal(stored(s), ["sstp.unexpected-message"] * 4)
    fine(lab, s)


@case()
def binding_is_not_forged(lab):
    """S07: Call Connected before anybody is known opens nothing, whatever it claims."""
    s = lab.serve(users=["alice"])
    with call(lab) as c:
        c.sendall(bytes.fromhex("10010070" "00040001" "00030068" "00000002") + bytes(96))
        # data behind it, as if the call were open
        c.sendall(bytes.fromhex("1000001a" "ff030021") + bytes(18))
        to_end(c)
    row, _ = explained(s, "sstp.binding-wrong-nonce", 0, 619, user="")
    equal((row["stage"], row["in_pkts"]), ("TUNNEL", 0))
    fine(lab, s)


@case()
def resets(lab):
    """A peer that is gone by RST, in each stage: counted as long as it said nothing, then stored."""
    s = lab.serve(users=["alice"])

    def greeted():
        c = lab.client.connect()
        c.sendall(client_hello())
        take(c, 5)                          # a record of the server: it works on the handshake
        return c
    for stage in (lab.client.connect, greeted, lambda: tls(lab.client.connect()),
                  lambda: http(lab), lambda: call(lab)):
        for end in (reset, lambda c: c.close()):
            end(stage())
    s.attempt(cause="sstp.connection-lost", stage="TUNNEL")
    fine(lab, s)
    equal(sorted(stored(s)), ["sstp.closed-before-call"] * 2 + ["sstp.connection-lost"] * 2)
    equal(counts(s), {"tls.closed-in-handshake": 4, "sstp.closed-before-call": 2})


def dribble(c, data, ends, seconds):
    """A byte now and then, until the server has enough of it: after how long, and its last words."""
    start, got = time.monotonic(), b""
    c.settimeout(0.3)
    for i in range(int(seconds / 0.3)):
        try:
            c.sendall(data[i:i + 1] if i < len(data) else b"")
            part = c.recv(4096)
        except TimeoutError:
            continue
        except GONE:
            part = b""
        got += part
        if not part:
            ends.append((time.monotonic() - start, got))
            return


@case()
def slow_loris(lab):
    """S02 X02: bytes that dribble, or none at all, win no more time than the limit, in any stage."""
    s = lab.serve(conf(sstp="negotiation-time 5s"), users=["alice"])
    secure = lambda: tls(lab.client.connect())
    peers = {
        "tls dribbles": (lab.client.connect, client_hello()),
        "tls silent": (lab.client.connect, b""),
        "http dribbles": (secure, REQUEST),
        "http silent": (secure, b""),
        "fields dribble": (secure, REQUEST[:120] + b"X: y\r\n" * 100),
        "sstp dribbles": (lambda: http(lab), bytes.fromhex("10010100") + bytes(100)),
        "sstp silent": (lambda: http(lab), b""),
    }
    ends, threads = {}, []
    for name, (stage, data) in peers.items():
        for _ in range(3):
            ends.setdefault(name, [])
            t = threading.Thread(target=dribble, args=(stage(), data, ends[name], 14), daemon=True)
            t.start()
            threads.append(t)
    start = time.monotonic()
    for _ in range(2):
        fine(lab, s)
    check(any(t.is_alive() for t in threads), "the hostile peers were gone before the good ones")
    took = time.monotonic() - start
    check(took < 8, "two log-ins beside them took", took)
    for t in threads:
        t.join(20)
    for name, times in ends.items():
        equal(len(times), 3, name, "ended:", times)
        # SSTP says goodbye and waits for an answer: three seconds more
        most = 9.5 if name.startswith("sstp") else 6.5
        check(all(4.5 < t < most for t, _ in times), name, times)
    fine(lab, s)
    equal(stored(s), ["sstp.connect-silent"] * 3 + ["sstp.connect-silent"] * 3)
    explained(s, "sstp.connect-silent", 0, 800, user="")
    equal(counts(s), {"tls.handshake-silent": 6, "sstp.http-silent": 9})


@case()
def half_open_limit(lab):
    """X01 X02: a source that holds many calls open is refused; others are not."""
    s = lab.serve(conf(base=ONE_WORKER, sstp="half-open-per-source 8"), users=["alice"])
    held = [lab.client.connect() for _ in range(5)] + [tls(lab.client.connect()) for _ in range(3)]
    for _ in range(20):
        with lab.client.connect() as c:
            to_end(c, 3)
    d = lab.dial("alice")
    check(d.status != 0, "the crowded source still connects:", d.text())
    # another address of the same host is another source
    tls(lab.client.connect(source="203.0.113.3")).close()
    other_fine(lab, s)
    for c in held:
        c.close()
    wait_for(lambda: lab.dial("alice", name="again").status == 0, "the source may come again")
    # a call that is up is not on its way: eight more fit beside it
    held = [tls(lab.client.connect()) for _ in range(8)]
    for c in held:
        c.close()
    n = counts(s)
    check(n["capacity.half-open-limit"] >= 21, n)
    equal(n["tls.closed-in-handshake"], 5, n)


def other_fine(lab, s):
    """The good client, on the other host."""
    d = lab.connect("alice", at=lab.other, host=SERVER_OTHER)
    check(s.session(address=d.address)["peer"].startswith("198.51.100.2:"), s.sessions())


@case()
def half_open_in_all(lab):
    """X01: the limit for all sources together, which a crowd of sources reaches, and leaves."""
    s = lab.serve(conf(base=ONE_WORKER, sstp="half-open 6\nhalf-open-per-source 4"),
                  users=["alice"])
    d = lab.connect("alice", name="before")
    held = [lab.client.connect(source=f"203.0.113.{2 + i % 2}") for i in range(6)]
    for _ in range(3):
        with lab.other.connect((SERVER_OTHER, 443)) as c:
            to_end(c, 3)
    check(s.session(address=d.address), "the session that was up before is gone")
    for c in held:
        c.close()
    lab.hang_up(d)
    wait_for(lambda: lab.dial("alice", name="again").status == 0, "the server lets in again")
    n = counts(s)
    check(n["capacity.half-open-limit"] >= 3, n)


@case()
def worker_full(lab):
    """X01: a worker holds no more connections than it is told; the next one has a named cause."""
    s = lab.serve(conf(base=ONE_WORKER, sstp="connections-per-worker 1"), users=["alice", "bob"])
    d = lab.connect("alice", name="first")
    refused(lab.dial("bob", at=lab.other, host=SERVER_OTHER), "tls.closed-in-handshake", 800,
            "unreachable")
    equal([r["account"] for r in s.sessions()], ["alice"])
    lab.hang_up(d)
    s.no_session()
    wait_for(lambda: lab.dial("bob", name="next").status == 0, "there is room again")
    check(counts(s)["capacity.worker-full"] >= 1, s.counted())


@case()
def early_failures_push_nothing_out(lab):
    """X01: a flood of early failures takes no room from attempts of people."""
    s = lab.serve(conf(server="attempts-kept 100", sstp=QUICK), users=["alice"])
    d = lab.dial("alice", password="wrong")
    refused(d, "account.refused-by-server", 691, "credentials")
    kept = s.attempt(cause="account.wrong-password")
    fine(lab, s)
    up = s.attempt(user="alice", stage="UP")
    for i in range(500):
        if i % 2:
            reset(http(lab))
        else:
            tls(lab.client.connect()).close()
    with call(lab) as c:
        c.sendall(bytes.fromhex("10000000"))
        to_end(c)
    s.attempt(cause="sstp.malformed")
    rows = s.ctl("attempts", "--limit", "1000")["rows"]
    ids = [r["id"] for r in rows]
    check(kept["id"] in ids and up["id"] in ids, "pushed out; left are", len(ids))
    early = [r for r in rows if r["stage"] == "TUNNEL"]
    check(len(early) <= 21, "early failures kept:", len(early))
    check(len(early) >= 20 and early[0]["cause"] == "sstp.malformed", early[0])
    equal(s.ctl("diagnose", kept["id"])["cause"], "account.wrong-password")
    equal(counts(s)["sstp.closed-before-call"], 250)


def burden(s):
    """Of each process of rrasd that serves: its descriptors, and the KiB it has in memory."""
    pids = set(s.role_pids()[0].values())
    n = 0
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            n += int(next(x for x in f if x.startswith("VmRSS:")).split()[1])
    return sum(len(os.listdir(f"/proc/{p}/fd")) for p in pids), n


@case()
def nothing_stays(lab):
    """X01 X05: after a storm of all of it descriptors and memory are back where they were."""
    s = lab.serve(conf(sstp=QUICK), users=["alice"])
    chance = random.Random(7)

    def storm(n):
        held = []
        for i in range(n):
            stage = (lab.client.connect, lambda: tls(lab.client.connect()), lambda: http(lab),
                     lambda: call(lab))[i % 4]
            c = stage()
            if i % 3 == 0:
                say(c, chance.randbytes(chance.randrange(1, 3000)))
            held.append(c)
            if len(held) == 32:             # half of what one source may hold
                for c in held:
                    (reset if chance.random() < 0.5 else socket.socket.close)(c)
                held = []
        for c in held:
            c.close()

    def idle():
        rows = s.ctl("status")["rows"]
        lines = [x for row in rows for x in row["lines"]]
        return all(x.endswith(" 0") for x in lines if x.startswith(("connections ", "half-open ")))
    fine(lab, s)
    storm(200)                              # caches and pools are filled
    wait_for(idle, "no connection is left")
    fds, kib = burden(s)
    storm(600)
    wait_for(idle, "no connection is left")
    fine(lab, s)
    wait_for(lambda: burden(s)[0] == fds, "descriptors as before")
    if lab.memory_is_ours("memory after a storm"):
        check(burden(s)[1] < kib + 3000, "memory grew from", kib, "to", burden(s)[1],
              "KiB")
    equal(set(s.role_pids()[1].values()), {0}, "restarts:")


main()
