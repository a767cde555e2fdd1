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

from harness import (BASE, PASSWORD, SERVER_OTHER, case, check, conf, equal, explained, main,
                     refused, tls, wait_for)

PATH = "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/"
REQUEST = (f"SSTP_DUPLEX_POST {PATH} HTTP/1.1\r\nHost: vpn.example\r\n"
           "SSTPCORRELATIONID: {6A5B3C2D-0001-4000-8000-000000000001}\r\n"
           "Content-Length: 18446744073709551615\r\n\r\n").encode()
CONNECT_REQUEST = bytes.fromhex("1001000e0001000100010006" "0001")
ONE_WORKER = BASE.replace("workers 2", "workers 1")
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


def http(lab, **more):
    """A connection on which SSTP may be spoken: TLS, the request, and its answer."""
    s = tls(lab.client.connect(**more))
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


def fine(lab, s, name="good", **more):
    """A good client connects, and goes again."""
    d = lab.connect("alice", name=name, **more)
    row = s.session(address=d.address)
    lab.hang_up(d)
    wait_for(lambda: all(r["id"] != row["id"] for r in s.sessions()), "the session ends")


def counts(s):
    """The causes that were only counted; the workers hand them over at the end."""
    s.stop()
    return s.counted()


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


main()
