#!/usr/bin/env python3
"""
What shares the port with SSTP: load balancers in front (haproxy) that say whose a connection is, and
web sites beside it (a web server of Python's ssl, and nginx), which get theirs by the name in TLS.
"""
import http.server
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time

from harness import (BASE, ROOT, SERVER4, SERVER_OTHER, Failed, Skipped, case, check, conf, equal,
                     explained, main, tls, wait_for)

FRONT = "198.51.100.2"                      # the host "other" is the load balancer
SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")
QUICK = "handshake-pace 0"
ONE_WORKER = BASE.replace("workers 2", "workers 1")
WEB_PORT = 8443
GONE = (ConnectionError, ssl.SSLError)


def header(source="192.0.2.77", port=40000, destination=SERVER_OTHER, command=0x21):
    body = (socket.inet_aton(source) + socket.inet_aton(destination)
            + struct.pack("!HH", port, 443)) if command == 0x21 else b""
    return SIGNATURE + bytes([command, 0x11 if body else 0]) + struct.pack("!H", len(body)) + body


def closed(s, seconds=10):
    """Whether the other end closes in time, whatever it says before."""
    s.settimeout(seconds)
    try:
        while s.recv(65536):
            pass
    except GONE:
        pass
    except TimeoutError:
        return False
    return True


def counts(s):
    """What was only counted; workers tell it at the end."""
    s.stop()
    return s.counted()


def from_front(lab, first=b""):
    s = lab.other.connect((SERVER_OTHER, 443))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.sendall(first)
    return s


def certificate(lab, name, *more):
    """Certificate and key of a name, made once."""
    if not os.path.exists(f"{ROOT}/pki/{name}.pem"):
        lab.pki("issue", f"{ROOT}/pki", "--name", name, *more)


# --- load balancers -------------------------------------------------------------------------------

def haproxy(lab, text):
    """haproxy on the host of the front, until the case ends."""
    if not shutil.which("haproxy"):
        raise Skipped("haproxy is not installed")
    path = f"{ROOT}/haproxy.cfg"
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    p = lab.other.start("haproxy", "-db", "-f", path, stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end():
        p.terminate()
        p.wait(10)
    lab.ends.append(end)


def reach_front(lab):
    """Ways between client and front through the server's host."""
    lab.client.run("ip", "route", "replace", "198.51.100.0/24", "via", SERVER4)
    lab.other.run("ip", "route", "replace", "203.0.113.0/24", "via", SERVER_OTHER)


HAPROXY = f"""
defaults
    mode tcp
    timeout connect 5s
    timeout client 1m
    timeout server 1m
listen vpn
    bind {FRONT}:443
    server rras {SERVER_OTHER}:443 send-proxy-v2 %s
"""


@case()
def behind_haproxy(lab):
    """haproxy with send-proxy-v2: policy, limits, records and sessions know the real client."""
    s = lab.serve(conf(sstp=f"proxy-from {FRONT}", more="""
        policy "from afar" { client 203.0.113.0/24; access grant }"""))
    s.add_user("alice", "--dialin", "policy")
    reach_front(lab)
    haproxy(lab, HAPROXY % "check inter 100ms")
    certificate(lab, "front.example", "--san", FRONT)
    s.write_conf(conf(sstp=f"proxy-from {FRONT}", more="""
        policy "from afar" { client 203.0.113.0/24; access grant }""").replace(
            "vpn.example", "front.example"))
    before = s.n_lines()
    s.signal(1)
    s.wait_line("reloaded, generation", after=before)

    def listens():
        try:
            lab.client.connect((FRONT, 443)).close()
            return True
        except OSError:
            return False
    wait_for(listens, "haproxy listens")
    wait_for(lambda: lab.dial("alice", host=FRONT, name="first").status == 0, "a call is up")
    row = s.session(account="alice")
    check(row["peer"].startswith("203.0.113.2:"), "the session's peer:", row)
    lab.hang_up_all()
    row = s.attempt(user="alice", cause="ended.by-peer")
    check(row["peer"].startswith("203.0.113.2:"), row)
    d = s.ctl("attempts", "show", row["id"], ok=False)
    if d.get("status"):
        d = s.ctl("diagnose", row["id"])
    check(f"the front {FRONT}:" in str(d), "the front is not named:", d)
    # the wrong password of the same person is held against the client's address
    lab.dial("alice", host=FRONT, password="wrong")
    row, _ = explained(s, "account.wrong-password", 16, 691, user="alice")
    check(row["peer"].startswith("203.0.113.2:"), row)
    n = counts(s)
    check(n.get("front.health-check", 0) >= 1, "haproxy's checks:", n)
    check(not {x for x in n if x.startswith("front.") and x != "front.health-check"}, n)


@case()
def header_is_demanded(lab):
    """From a front nothing else counts; each way to do it wrong has a cause of its own. G02 G04."""
    s = lab.serve(conf(sstp=f"proxy-from {FRONT}\nnegotiation-time 5s"), users=["alice"])
    for first in (b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n\r\n",
                  b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\n",
                  SIGNATURE + b"\x21\x11\xff\xff", SIGNATURE + b"\x21\x12" + header()[14:]):
        check(closed(from_front(lab, first)), "not closed after", first)
    silent = [from_front(lab), from_front(lab, header()[:20])]
    cut = from_front(lab, header()[:20])
    cut.close()
    from_front(lab).close()                 # a check without a word
    from_front(lab, header(command=0x20)).close()
    start = time.monotonic()
    # a header a byte at a time, a TLS handshake behind it: it may take the way of all others
    c = from_front(lab)
    for b in header():
        c.sendall(bytes([b]))
    with tls(c) as t:
        t.sendall(b"GET / HTTP/1.1\r\nHost: vpn.example\r\n\r\n")
        check(t.recv(100).startswith(b"HTTP/1.1 404"), "no answer")
        closed(t)
    # LOCAL, and it goes on nevertheless: it is the front itself
    with tls(from_front(lab, header(command=0x20))) as t:
        t.sendall(b"GET / HTTP/1.1\r\nHost: vpn.example\r\n\r\n")
        check(t.recv(100).startswith(b"HTTP/1.1 404"), "no answer")
        closed(t)
    for c in silent:
        check(closed(c, 8), "a silent front is kept")
    check(4 < time.monotonic() - start < 7.5, "after", time.monotonic() - start)
    n = counts(s)
    equal({k: v for k, v in n.items() if k.startswith("front.")},
          {"front.header-missing": 2, "front.header-version-1": 1, "front.header-malformed": 3,
           "front.header-silent": 2, "front.health-check": 2}, n)
    equal(n["sstp.ordinary-http"], 2, n)


@case()
def header_of_others(lab):
    """Who is no front cannot say who he is: a header is not TLS, whatever it says."""
    s = lab.serve(conf(sstp="proxy-from 192.0.2.1", more="""
        web www { name www.example.org; forward 127.0.0.1:8443 }"""), users=["alice"])
    for first in (header(), header(command=0x20), header("203.0.113.2")):
        c = lab.client.connect()
        c.sendall(first + b"\x16\x03\x01")
        check(closed(c), "not closed")
    lab.connect("alice")
    lab.hang_up_all()
    equal(counts(s).get("tls.not-tls"), 3, s.counted())


@case()
def front_and_limits(lab):
    """X02: behind a front each client has its own half-open limit, and all have one together."""
    s = lab.serve(conf(base=ONE_WORKER, sstp=f"proxy-from {FRONT}\nhalf-open 20\n"
                       "half-open-per-source 4"), users=["alice"])
    held = [from_front(lab, header(f"192.0.2.{i // 4}")) for i in range(16)]
    over = from_front(lab, header("192.0.2.0"))
    check(closed(over, 5), "the fifth of one client is kept")
    # those without a header are counted in all: 16 and 4 are 20
    mute = [from_front(lab) for _ in range(4)]
    check(closed(from_front(lab), 5), "one too many is kept")
    mute.pop().close()
    wait_for(lambda: lab.dial("alice", name="fits").status == 0, "there is room again")
    for c in held + mute:
        c.close()
    n = counts(s)
    check(n["capacity.half-open-limit"] >= 2, n)


# --- web sites ------------------------------------------------------------------------------------

class Web:
    """A web server with TLS on the server's host: /big answers much, POST tells how much came."""

    def __init__(self, lab, name="www.example.org", port=WEB_PORT, proxy=False):
        certificate(lab, name)
        self.proxied, self.proxy = [], proxy
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{ROOT}/pki/{name}.pem", f"{ROOT}/pki/{name}.key")
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, body):
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                n = int(self.path[5:]) if self.path.startswith("/big/") else 0
                self.answer(bytes(range(256)) * (n // 256) if n else b"the site " + name.encode())

            def do_POST(self):
                left, n = int(self.headers["Content-Length"]), 0
                while left > n:
                    n += len(self.rfile.read(min(65536, left - n)))
                self.answer(str(n).encode())

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def process_request_thread(self, request, client_address):
                try:
                    request.settimeout(20)
                    if web.proxy:
                        got = b""
                        while len(got) < 28:
                            got += request.recv(28 - len(got))
                        web.proxied.append(got)
                    request = context.wrap_socket(request, server_side=True)
                except (OSError, ssl.SSLError):
                    request.close()
                    return
                super().process_request_thread(request, client_address)

        self.server = Server(("127.0.0.1", port), Handler, bind_and_activate=False)
        self.server.socket.close()
        self.server.socket = lab.server.listen(("127.0.0.1", port))
        self.server.socket.settimeout(None)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        lab.ends.append(self.end)

    def end(self):
        if self.thread:
            self.server.shutdown()
            self.server.server_close()
            self.thread.join(10)
            self.thread = None


SITE = """web www { name www.example.org *.shop.example; forward 127.0.0.1:8443; %s }"""


def get(lab, name, path="/", at=None, data=None):
    """One request over TLS with that name; (subject of the certificate, status, body)."""
    s = at or lab.client.connect()
    context = ssl.create_default_context(cafile=lab.ca)
    context.check_hostname = False
    with context.wrap_socket(s, server_hostname=name) as t:
        subject = dict(x[0] for x in t.getpeercert()["subject"])["commonName"]
        head = f"{'POST' if data else 'GET'} {path} HTTP/1.1\r\nHost: {name}\r\n"
        if data:
            head += f"Content-Length: {len(data)}\r\n"
        t.sendall((head + "Connection: close\r\n\r\n").encode() + (data or b""))
        got = b""
        try:
            while part := t.recv(65536):
                got += part
        except ssl.SSLEOFError:
            pass
    head, _, body = got.partition(b"\r\n\r\n")
    return subject, int(head.split()[1]), body


def answers(lab, name):
    """Whether the site gives a page."""
    try:
        return get(lab, name)[1] == 200
    except (OSError, ssl.SSLError):
        return False


@case()
def site_beside_the_vpn(lab):
    """One port: browsers get the site's own certificate and pages, VPN clients the VPN. S03."""
    s = lab.serve(conf(more=SITE % ""), users=["alice"])
    Web(lab)
    d = lab.connect("alice")
    equal(get(lab, "www.example.org"), ("www.example.org", 200, b"the site www.example.org"))
    equal(get(lab, "a.shop.example")[1], 200)
    big = bytes(range(256)) * 20000
    equal(get(lab, "WWW.example.ORG", f"/big/{len(big)}")[2] == big, True, "5 MB down:")
    equal(get(lab, "www.example.org", "/", data=big)[2], str(len(big)).encode(), "5 MB up:")
    # other names, and none, are the VPN's: an ordinary web answer under its own certificate
    for name in ("vpn.example", "other.example", None):
        subject, status, _ = get(lab, name)
        equal((subject, status), ("vpn.example", 404), name)
    check(s.session(address=d.address), "the session is gone")
    lines = [x for row in s.ctl("status")["rows"] for x in row["lines"]]
    check(any(x.startswith("site www ") and " taken 4 failed 0" in x for x in lines), lines)
    if shutil.which("curl"):
        done = lab.client.run("curl", "-sS", "--cacert", lab.ca, "--resolve",
                              f"www.example.org:443:{SERVER4}", "https://www.example.org/")
        equal(done.stdout, "the site www.example.org")
    lab.hang_up_all()
    n = counts(s)
    equal(n.get("web.handed-over"), 5 if shutil.which("curl") else 4, n)
    equal(n.get("sstp.ordinary-http"), 3, n)


def client_hello(name):
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    talk = ssl.create_default_context().wrap_bio(inward, outward, server_hostname=name)
    try:
        talk.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return talk, inward, outward


@case()
def hello_in_pieces(lab):
    """G04 G02 S02: a name that comes byte by byte is found, one that never comes is waited for."""
    s = lab.serve(conf(more=SITE % "", sstp="negotiation-time 5s\n" + QUICK), users=["alice"])
    Web(lab)
    _, _, outward = client_hello("www.example.org")
    hello = outward.read()
    waiting = []
    for first in (b"", hello[:1], hello[:200]):
        c = lab.client.connect()
        c.sendall(first)
        waiting.append(c)
    start = time.monotonic()
    c = lab.client.connect()
    c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for b in hello:
        c.sendall(bytes([b]))
    c.settimeout(10)
    equal(c.recv(1), b"\x16", "the site answers")
    c.close()
    cut = lab.client.connect()
    cut.sendall(hello[:100])
    cut.close()
    for junk in (b"\x16\x03\x01\xff\xff", b"\x16\x03\x01\x00\x05\x01\x00\xff\xff\xff", b"\x80\x2e\x01",
                 os.urandom(100)):
        c = lab.client.connect()
        c.sendall(junk)
        c.shutdown(socket.SHUT_WR)
        check(closed(c), junk)
    lab.connect("alice")
    lab.hang_up_all()
    for c in waiting:
        check(closed(c, 8), "kept")
    check(4 < time.monotonic() - start < 7.5, "after", time.monotonic() - start)
    n = counts(s)
    equal(n.get("web.handed-over"), 1, n)
    equal(n.get("tls.handshake-silent"), 3, n)
    check(n.get("tls.closed-in-handshake", 0) >= 1, n)


@case()
def site_is_told_the_client(lab):
    """proxy-header: the site's server learns the client, also of one that came by a front."""
    s = lab.serve(conf(more=SITE % "proxy-header yes", sstp=f"proxy-from {FRONT}"))
    web = Web(lab, proxy=True)
    equal(get(lab, "www.example.org")[1], 200)
    equal(get(lab, "www.example.org", at=from_front(lab, header("192.0.2.77", 1234)))[1], 200)
    equal(len(web.proxied), 2)
    for got, source in zip(web.proxied, ("203.0.113.2", "192.0.2.77")):
        check(got.startswith(SIGNATURE + b"\x21\x11\0\x0c" + socket.inet_aton(source)), got)
    equal(counts(s).get("web.handed-over"), 2)


@case()
def default_site(lab):
    """A site "*" gets every name that nobody else has; the VPN keeps its own, and clients without."""
    s = lab.serve(conf(server="name vpn.example", sstp="names *.vpn.example", more="""
        web rest { name *; forward 127.0.0.1:8444 }
        """ + SITE % ""), users=["alice"])
    Web(lab)
    Web(lab, "rest.example", 8444)
    for name, subject in (("www.example.org", "www.example.org"), ("x.example", "rest.example"),
                          ("vpn.example", "vpn.example"), ("a.vpn.example", "vpn.example"),
                          (None, "vpn.example")):
        equal(get(lab, name)[0], subject, name)
    lab.connect("alice")
    equal(counts(s).get("web.handed-over"), 2)


@case()
def site_without_server(lab):
    """A web server that is down, or too many connections: counted by name, and SSTP goes on. X01."""
    s = lab.serve(conf(more=SITE % "connections 3; idle-time 2s"), users=["alice"])
    check(not answers(lab, "www.example.org"), "it was served")
    web = Web(lab)
    equal(get(lab, "www.example.org")[1], 200)
    context = ssl.create_default_context(cafile=lab.ca)
    held = [context.wrap_socket(lab.client.connect(), server_hostname="www.example.org")
            for _ in range(3)]
    check(not answers(lab, "www.example.org"), "the fourth was served")
    start = time.monotonic()
    # silence ends them
    for c in held:
        check(closed(c, 6), "an idle connection is kept")
    check(time.monotonic() - start > 1, "closed too early")
    equal(get(lab, "www.example.org")[1], 200)
    # a browser that asks for much and reads nothing costs a bounded buffer
    slow = context.wrap_socket(lab.client.connect(), server_hostname="www.example.org")
    slow.sendall(b"GET /big/33554432 HTTP/1.1\r\nHost: www.example.org\r\n\r\n")
    lab.connect("alice")
    if not lab.one_process:
        pid = s.role_pids()[0]["fetch"]
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            kib = int(next(x for x in f if x.startswith("VmRSS:")).split()[1])
        check(kib < 30000, "fetch uses", kib, "KiB")
    check(closed(slow, 20), "the slow one is kept")
    web.end()
    check(not answers(lab, "www.example.org"), "it was served")
    n = counts(s)
    equal(n.get("web.server-unreachable"), 2, n)
    equal(n.get("web.connection-limit"), 1, n)


@case(("processes",))
def crowd_at_a_site(lab):
    """X01: more browsers than fetch has descriptors for: the rest is closed, nobody breaks down."""
    s = lab.serve(conf(more=SITE % "", sstp="half-open-per-source 500"), users=["alice"],
                  files=300)
    Web(lab)
    _, _, outward = client_hello("www.example.org")
    hello, held = outward.read(), []
    for _ in range(100):
        c = lab.client.connect()
        c.sendall(hello)
        held.append(c)

    def served():
        lines = [x for row in s.ctl("status")["rows"] for x in row["lines"]]
        m = [re.match(r"site www connections (\d+) taken (\d+) failed (\d+)", x) for x in lines]
        n = [int(x) for x in next(x for x in m if x).groups()]
        return n if n[1] + n[2] == 100 else None
    now, taken, failed = wait_for(served, "all have been taken or closed")
    check(taken == 86 and failed == 14 and now <= 86, now, taken, failed)
    lab.connect("alice")
    for c in held:
        c.close()
    wait_for(lambda: answers(lab, "www.example.org"), "there is room again")
    equal(set(s.role_pids()[1].values()), {0}, "restarts:")


@case(("processes",))
def fetch_dies_and_comes_back(lab):
    """X05: fetch is killed: SSTP goes on, the site is back, what came in between is counted."""
    s = lab.serve(conf(more=SITE % ""), users=["alice"])
    Web(lab)
    d = lab.connect("alice")
    equal(get(lab, "www.example.org")[1], 200)
    pids, _ = s.role_pids()
    check("fetch" in pids, pids)
    # it is confined like the others
    with open(f"/proc/{pids['fetch']}/status", encoding="utf-8") as f:
        st = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    uids = {int(x) for x in st["Uid"].split() + st["Gid"].split()}
    others = {os.stat(f"/proc/{p}").st_uid for n, p in pids.items() if n != "fetch"}
    check(0 not in uids, st["Uid"])
    check(not uids & (others - {0}), "an id is shared:", uids, others)
    equal((int(st["CapEff"], 16), int(st["CapPrm"], 16), int(st["CapBnd"], 16)), (0, 0, 0))
    equal(os.listdir(f"/proc/{pids['fetch']}/root"), [])
    os.kill(pids["fetch"], 9)
    s.wait_line(r"fetch 0 ended: .*")
    wait_for(lambda: answers(lab, "www.example.org"), "the site is back")
    check(s.session(address=d.address), "the session is gone")
    equal(s.role_pids()[1]["fetch"], 1, "restarts:")


@case()
def sites_by_reload(lab):
    """fetch is started only when a site is configured, also by a reload; its target follows."""
    s = lab.serve(users=["alice"])
    check("fetch" not in s.role_pids()[0], s.role_pids())
    Web(lab)
    Web(lab, "new.example", 8444)
    equal(get(lab, "www.example.org")[0], "vpn.example")
    d = lab.connect("alice")

    def reload(text):
        before = s.n_lines()
        s.write_conf(text)
        s.signal(1)
        s.wait_line("reloaded, generation", after=before)

    def subject_is(want):
        try:
            return get(lab, "www.example.org")[0] == want
        except (OSError, ssl.SSLError):
            return False
    reload(conf(more=SITE % ""))
    wait_for(lambda: subject_is("www.example.org"), "the site is there")
    reload(conf(more=(SITE % "").replace("8443", "8444")))
    wait_for(lambda: subject_is("new.example"), "the other server")
    reload(conf())
    wait_for(lambda: subject_is("vpn.example"), "the site is gone")
    check(s.session(address=d.address), "the session is gone")


@case()
def browsers_are_sent_on(lab):
    """S03: web-redirect: who opens the VPN's own name with a browser is sent to the web site."""
    s = lab.serve(conf(sstp="web-redirect https://www.example.org/vpn"), users=["alice"])
    with tls(lab.client.connect()) as t:
        t.sendall(b"GET / HTTP/1.1\r\nHost: vpn.example\r\n\r\n")
        answer = b""
        while part := t.recv(4096):
            answer += part
    check(answer.startswith(b"HTTP/1.1 302 Found\r\nLocation: https://www.example.org/vpn\r\n"),
          answer)
    lab.connect("alice")
    equal(counts(s).get("sstp.ordinary-http"), 1)


@case()
def nginx_beside_the_vpn(lab):
    """A real web server behind us, which is told the client's address."""
    if not shutil.which("nginx"):
        raise Skipped("nginx is not installed")
    certificate(lab, "www.example.org")
    os.makedirs(f"{ROOT}/nginx", exist_ok=True)
    with open(f"{ROOT}/nginx/nginx.conf", "w", encoding="ascii") as f:
        f.write(f"""daemon off; pid {ROOT}/nginx/pid; error_log {ROOT}/nginx/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {ROOT}/nginx/a; proxy_temp_path {ROOT}/nginx/b;
    fastcgi_temp_path {ROOT}/nginx/c; uwsgi_temp_path {ROOT}/nginx/d; scgi_temp_path {ROOT}/nginx/e;
    server {{
        listen 127.0.0.1:8443 ssl http2 proxy_protocol;
        ssl_certificate {ROOT}/pki/www.example.org.pem;
        ssl_certificate_key {ROOT}/pki/www.example.org.key;
        location / {{ return 200 "hello $proxy_protocol_addr"; }}
    }}
}}
""")
    p = lab.server.start("nginx", "-p", f"{ROOT}/nginx", "-c", f"{ROOT}/nginx/nginx.conf",
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)

    def end():
        p.terminate()
        p.wait(10)
    lab.ends.append(end)
    lab.serve(conf(more=SITE % "proxy-header yes"))

    def said():
        try:
            return get(lab, "www.example.org")[2]
        except (OSError, ssl.SSLError):
            return None
    try:
        equal(wait_for(said, "nginx answers"), b"hello 203.0.113.2")
    except Failed:
        print(open(f"{ROOT}/nginx/error.log", encoding="utf-8").read())
        raise


main()
