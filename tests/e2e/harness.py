"""The harness of the end-to-end tests: hosts, the server, the client, and what tests ask of them.

A case file registers functions with @case and calls main(). It runs as

    FILE BUILD-FOLDER processes|one-process [CASE...]

in mount, process and network namespaces of its own, so that nothing is left behind however it ends,
and prints cmocka's kind of report. Exit status 77: skipped, with the reason. Waiting is always for
an event or for a state that is asked for again, with a bound; never for a time.

The hosts (each a network namespace):

    client 203.0.113.2, .3 ---+
                              +-- server 203.0.113.1, 198.51.100.1 -- lan 10.80.0.2 (server .1)
    other  198.51.100.2 ------+   2001:db8:1::1 towards client 2001:db8:1::2
"""
import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
import traceback

FILE_SECONDS = 110
ROOT = "/run/e2e"
SERVER4, SERVER6, SERVER_OTHER = "203.0.113.1", "2001:db8:1::1", "198.51.100.1"
LAN_HOST = "10.80.0.2"
PASSWORD = "Secret-123"
EXIT = {"ok": 0, "usage": 1, "unreachable": 10, "credentials": 20, "account": 30, "policy": 40,
        "certificate": 50, "encryption": 60, "addresses": 70, "server": 80, "internal": 90}

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


class Failed(Exception):
    """A test that did not come out as it should; the text says what was seen."""


class Skipped(Exception):
    """A case that cannot run here; the text says why."""


class OutOfTime(BaseException):
    """The file as a whole takes too long."""


def check(condition, *seen):
    if not condition:
        raise Failed(" ".join(str(s) for s in seen))


def equal(got, want, *what):
    check(got == want, *what, f"got {got!r}, want {want!r}")


def wait_for(ask, what, seconds=10.0, every=0.02):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Failed(f"within {seconds} s not seen: {what}")
        time.sleep(every)


BUG = re.compile(r"openrras: bug|runtime error:|ERROR: \w+Sanitizer|SUMMARY: \w+Sanitizer")


def no_bug(text, who):
    """Neither a broken invariant nor a report of a sanitizer is in what a program said."""
    m = BUG.search(text)
    check(not m, who, "has a bug:", text[max(0, m.start() - 200):][:4000] if m else "")


# --- hosts ----------------------------------------------------------------------------------------

class Host:
    """A network namespace."""

    def __init__(self, name):
        self.name = name
        subprocess.run(["ip", "netns", "add", name], check=True)
        self.fd = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)

    @contextlib.contextmanager
    def inside(self):
        """This thread is on the host: sockets made and processes started here are the host's."""
        back = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net",
                       os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(self.fd)
            yield self
        finally:
            _setns(back)
            os.close(back)

    def run(self, *argv, seconds=30, stdin=None, ok=True):
        """Runs a command here. Its output; a status other than 0 fails unless ok is False."""
        with self.inside():
            done = subprocess.run([str(a) for a in argv], input=stdin, capture_output=True,
                                  text=True, timeout=seconds)
        if ok:
            check(done.returncode == 0, argv, "ended with", done.returncode, done.stdout,
                  done.stderr)
        return done

    def start(self, *argv, **more):
        with self.inside():
            return subprocess.Popen([str(a) for a in argv], **more)

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM):
        with self.inside():
            s = socket.socket(family, kind)
        s.settimeout(15)
        return s

    def connect(self, address=(SERVER4, 443), source=None):
        s = self.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        if source:
            s.bind((source, 0))
        s.connect(address)
        return s

    def listen(self, address):
        s = self.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(address)
        s.listen(16)
        return s


def _setns(fd):
    if _libc.setns(fd, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _network(lab):
    for name in ("server", "client", "other", "lan"):
        setattr(lab, name, Host(name))
    for a, b, link, of_a, of_b in (
            ("server", "client", "inet0", ["203.0.113.1/24", "2001:db8:1::1/64"],
             ["203.0.113.2/24", "203.0.113.3/24", "2001:db8:1::2/64"]),
            ("server", "other", "inet1", ["198.51.100.1/24"], ["198.51.100.2/24"]),
            ("server", "lan", "lan0", ["10.80.0.1/24"], ["10.80.0.2/24"])):
        subprocess.run(["ip", "link", "add", link, "netns", a, "type", "veth", "peer", "name", link,
                        "netns", b], check=True)
        for host, addresses in ((a, of_a), (b, of_b)):
            batch = "link set lo up\n" + "".join(
                f"addr add {x} dev {link}{' nodad' if ':' in x else ''}\n" for x in addresses)
            subprocess.run(["ip", "-n", host, "-batch", "-"], check=True, text=True,
                           input=batch + f"link set {link} up\n")
    lab.lan.run("ip", "route", "add", "default", "via", "10.80.0.1")


# --- the server -----------------------------------------------------------------------------------

class Server:
    """One run of rrasd with a configuration and a state directory."""

    def __init__(self, lab, conf, name="main", wait=True, path=None, files=None):
        self.lab, self.name, self.lines = lab, name, []
        self.run_dir = f"{ROOT}/{name}/run"
        self.state = f"{ROOT}/{name}/state"
        self.conf_path = path or f"{ROOT}/{name}/rrasd.conf"
        self.changed = threading.Condition()
        self.end_is_seen = False
        os.makedirs(f"{ROOT}/{name}", exist_ok=True)
        self.write_conf(conf)
        argv = [lab.rrasd, "--config", self.conf_path]
        if files:
            argv = ["prlimit", f"--nofile={files}:{files}", *argv]
        if lab.one_process:
            argv.append("--one-process")
        self.process = lab.server.start(*argv, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        lab.ends.append(self.end)
        if wait:
            self.wait_line("rrasd: ready")

    def write_conf(self, conf):
        if conf is None:
            return
        text = conf.replace("@run@", self.run_dir).replace("@state@", self.state)
        text = text.replace("@pki@", f"{ROOT}/pki").replace("@key@", f"{ROOT}/vault.key")
        with open(self.conf_path, "w", encoding="utf-8") as f:
            f.write(text)

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.lines.append(None)
            self.changed.notify_all()

    def wait_line(self, pattern, seconds=20.0, after=0):
        """Waits for a line of the log from number `after` on; returns it."""
        end = time.monotonic() + seconds
        with self.changed:
            at = after
            while True:
                for line in self.lines[at:]:
                    at += 1
                    if line is None:
                        raise Failed(f"rrasd ended without saying {pattern!r}:\n{self.log()}")
                    if re.search(pattern, line):
                        return line
                if not self.changed.wait(max(0, end - time.monotonic())):
                    raise Failed(f"rrasd did not say {pattern!r}:\n{self.log()}")

    def log(self):
        return "\n".join(x for x in self.lines if x is not None)

    def n_lines(self):
        with self.changed:
            return len(self.lines)

    def ctl(self, *argv, stdin=None, ok=True, seconds=20):
        """rrasctl on the server's host. The JSON it prints."""
        done = self.ctl_raw("--json", *argv, stdin=stdin, seconds=seconds)
        check(not ok or done.returncode == 0, "rrasctl", argv, "ended with", done.returncode,
              done.stdout, done.stderr)
        try:
            answer = json.loads(done.stdout) if done.stdout else {}
        except ValueError:
            raise Failed(f"rrasctl {argv}: not JSON: {done.stdout}{done.stderr}") from None
        if isinstance(answer, dict):
            answer["status"] = done.returncode
            answer["stderr"] = done.stderr
        return answer

    def ctl_raw(self, *argv, stdin=None, seconds=20):
        return self.lab.server.run(
            self.lab.rrasctl, "--socket", f"{self.run_dir}/control.sock", "--state", self.state,
            "--config", self.conf_path, *argv, stdin=stdin, ok=False, seconds=seconds)

    def add_user(self, name, *options, password=PASSWORD):
        return self.ctl("user", "add", name, "--password-file", "-",
                        *(options or ("--dialin", "allow")), stdin=password + "\n")

    def role_pids(self):
        """{"aaa": pid, ... "net 0": pid} as `rrasctl status` says, and the restarts of each."""
        pids, restarts = {}, {}
        for row in self.ctl("status", ok=False).get("rows", []):
            for line in row["lines"]:
                m = re.match(r"role (\w+) (\d+) pid (\d+) state (\w+) restarts (\d+)", line)
                if m:
                    name = m[1] if m[1] != "net" else f"net {m[2]}"
                    restarts[name] = int(m[5])
                    if m[4] == "running":
                        pids[name] = int(m[3])
        return pids, restarts

    def attempt(self, seconds=8.0, ended=True, **want):
        """The newest stored attempt whose fields are as wanted."""
        def ask():
            for row in self.ctl("attempts", "--limit", "400", ok=False).get("rows", []):
                if row["ended"] == ended and all(row.get(k) == v for k, v in want.items()):
                    return row
            return None
        try:
            return wait_for(ask, want, seconds, 0.05)
        except Failed:
            raise Failed(f"no attempt {want} is recorded, only:\n" + json.dumps(
                [{k: r[k] for k in ("user", "cause", "stage", "ended", "peer")}
                 for r in self.ctl("attempts", ok=False).get("rows", [])], indent=1)) from None

    def sessions(self):
        return self.ctl("sessions")["rows"]

    def session(self, **want):
        """The session whose fields are as wanted."""
        return wait_for(lambda: next((r for r in self.sessions() if all(
            r.get(k) == v for k, v in want.items())), None), f"a session {want}")

    def no_session(self):
        wait_for(lambda: not self.sessions(), "no session")

    def counted(self):
        """{cause: attempts} of the ends that are only counted, as history.db has them."""
        rows = self.lab.read_causes(f"{self.state}/history.db",
                                    "SELECT SUM(n), cause FROM counted GROUP BY cause")
        return {cause: n for n, cause in rows}

    def signal(self, signo):
        self.process.send_signal(signo)

    def wait_end(self, seconds=12):
        self.end_is_seen = True             # who asks judges the status
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"rrasd does not end:\n{self.log()}") from None
        self.reader.join(5)
        return status

    def stop(self):
        """SIGTERM; rrasd has to end well."""
        self.signal(signal.SIGTERM)
        equal(self.wait_end(), 0, "exit status of rrasd at SIGTERM;", self.log(), "\n")

    def end(self):
        """At the end of each case: it ends in order, with status 0, and reported no bug of ours."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
                raise Failed("rrasd did not end at SIGTERM") from None
        self.reader.join(5)
        self.process.stdout.close()
        no_bug(self.log(), "rrasd")
        check(self.end_is_seen or self.process.returncode == 0, "rrasd ended with",
              self.process.returncode)


# --- the client -----------------------------------------------------------------------------------

class Dial:
    """What one run of rasdial said."""

    def __init__(self, done, name):
        self.status, self.name, self.stderr = done.returncode, name, done.stderr
        no_bug(done.stderr, "rasdial")
        try:
            self.events = [json.loads(line) for line in done.stdout.splitlines()]
        except ValueError:
            raise Failed(f"rasdial: not JSON: {done.stdout}{done.stderr}") from None
        told = [e for e in self.events if e["event"] in ("connected", "disconnected")]
        self.json = told[-1] if told else {}

    def __getattr__(self, key):
        return self.__dict__["json"].get(key)

    def text(self):
        return f"status {self.status} {json.dumps(self.json)} {self.stderr}"


class Load:
    """A running bench/sstpload: many clients in one process that takes orders."""

    def __init__(self, lab, count, *options, user="alice", parallel=48, at=None, host=SERVER4):
        with open(f"{ROOT}/password", "w", encoding="ascii") as f:
            f.write(PASSWORD + "\n")
        self.process = (at or lab.client).start(
            f"{lab.build}/bench/sstpload", "--server", f"{host}:443", "--ca", lab.ca, "--user",
            user, "--password-file", f"{ROOT}/password", "--count", count, "--parallel", parallel,
            "--hold", *options, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        lab.ends.append(self.end)
        self.report = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        check(line, "sstpload ended with", self.process.poll())
        return json.loads(line)

    def order(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.answer()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self.process.stdin.close()
        self.process.stdout.close()


# --- the lab --------------------------------------------------------------------------------------

BASE = """
server {
    enable-forwarding yes
    vault-key @key@
    state-directory @state@
    run-directory @run@
    workers 2
    %(server)s
}
authentication { %(authentication)s }
sstp {
    certificate @pki@/vpn.example.pem
    key @pki@/vpn.example.key
    %(sstp)s
}
ppp { %(ppp)s }
%(pool)s
%(more)s
"""


def conf(server="", authentication="", sstp="", ppp="", more="",
         pool="pool office { range 10.99.0.1 - 10.99.0.20 }", base=BASE):
    return base % {"server": server, "authentication": authentication, "sstp": sstp, "ppp": ppp,
                   "more": more, "pool": pool}


class Lab:
    def __init__(self, build, placement):
        self.build = build
        self.one_process = placement == "one-process"
        self.rrasd, self.rrasctl, self.rasdial = (
            f"{build}/src/cmd/{name}" for name in ("rrasd", "rrasctl", "rasdial"))
        with open(self.rrasd, "rb") as f:
            self.sanitized = b"__asan_init" in f.read()
        if self.sanitized:                  # leaks are looked for by a tracer, which no role allows
            os.environ["ASAN_OPTIONS"] = "detect_leaks=0:abort_on_error=1"
            os.environ["UBSAN_OPTIONS"] = "halt_on_error=1:print_stacktrace=1"
        self.source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        self.ends, self.dials = [], []      # of the case: servers to end, what is up
        self.n_servers = self.n_dials = 0
        _network(self)
        self.ca = f"{ROOT}/pki/ca.pem"
        self.pki("init", f"{ROOT}/pki", "--name", "Example CA")
        self.pki("issue", f"{ROOT}/pki", "--name", "vpn.example", "--san", SERVER4, "--san",
                 SERVER6, "--san", SERVER_OTHER)

    def pki(self, *argv):
        subprocess.run([self.rrasctl, "pki", *argv], check=True, capture_output=True, timeout=30)

    def serve(self, text=None, users=(), after=None, **more):
        """Starts rrasd with empty directories of its own, or those of a server before it."""
        self.n_servers += 1
        server = Server(self, conf() if text is None else text,
                        name=after.name if after else f"s{self.n_servers}", **more)
        for name in users:
            server.add_user(name)
        return server

    def dial(self, user, *options, password=PASSWORD, host=SERVER4, ca=None, at=None, name=None,
             seconds=25):
        """rasdial to the server; returns a Dial. What is up at the case's end is ended."""
        self.n_dials += 1
        name = name or f"d{self.n_dials}"
        argv = [self.rasdial, host, "--tunnel", "sstp", "--user", user, "--password-file", "-",
                "--ca", ca or self.ca, "--name", name, "--json", *options]
        done = (at or self.client).run(*argv, stdin=password + "\n", ok=False, seconds=seconds)
        d = Dial(done, name)
        if d.status == 0:
            d.at = at or self.client
            self.dials.append(d)
        return d

    def connect(self, *argv, **more):
        """As dial, and it has to come about."""
        d = self.dial(*argv, **more)
        check(d.status == 0 and d.connected, "not connected:", d.text())
        return d

    def hang_up(self, d, ok=True):
        done = self.client.run(self.rasdial, "--disconnect", d.name, "--json", ok=False)
        check(not ok or done.returncode == 0, "rasdial --disconnect", done.stdout, done.stderr)

    def hang_up_all(self):
        """Ends what is up, all at once: a goodbye takes a second."""
        threads = [threading.Thread(target=self.hang_up, args=(d, False)) for d in self.dials]
        self.dials.clear()
        for t in threads:
            t.start()
        for t in threads:
            t.join(20)

    def connections(self):
        """The names that rasdial holds."""
        return [c["name"] for c in self.list_dials()]

    def list_dials(self):
        """What rasdial says of the connections that it holds."""
        return json.loads(self.client.run(self.rasdial, "--json").stdout)

    def read_causes(self, path, query):
        """Rows of two columns from a history; the last is a cause, given by its name."""
        names = {0: ""}
        for line in open(f"{self.source}/src/attempt/causes.def", encoding="utf-8"):
            m = re.match(r'CAUSE\((0x[0-9a-f]+), \w+, "([^"]+)"', line)
            if m:
                names[int(m[1], 16)] = m[2]
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        with contextlib.closing(db):
            return [(a, names[c]) for a, c in db.execute(query)]

    def client_history(self):
        """(user, cause) of all that rasdial has kept, in order."""
        return self.read_causes("/var/lib/openrras/dial-history.db",
                                "SELECT user, cause FROM attempt ORDER BY began_us")

    def memory_is_ours(self, what):
        """Whether a check of memory means something: under ASan its shadow is most of it."""
        if self.sanitized:
            print(f"skipped with sanitizers: {what}", flush=True)
        return not self.sanitized

    def finish_case(self):
        errors = []
        self.hang_up_all()
        while self.ends:
            try:
                self.ends.pop()()
            except Exception as e:          # pylint: disable=broad-except
                errors.append(e)
        shutil.rmtree("/run/openrras", ignore_errors=True)
        if errors:
            raise errors[0]


# --- what the cases ask ---------------------------------------------------------------------------

def ping(host, to, count=2, source=None, size=None, wait=5):
    argv = ["ping", "-n", "-q", "-c", count, "-i", "0.05", "-W", wait]
    if source:
        argv += ["-I", source]
    if size:
        argv += ["-M", "do", "-s", size]
    return host.run(*argv, to, ok=False).returncode == 0


def transfer(sender, receiver, address, n_bytes=1 << 20):
    """Moves random bytes over TCP from sender to receiver, who listens at address, and back."""
    data = os.urandom(n_bytes)
    problem = []
    listener = receiver.listen((address, 0))

    def echo():
        try:
            s, _ = listener.accept()
            s.settimeout(20)
            with s:
                got = bytearray()
                while len(got) < n_bytes:
                    part = s.recv(65536)
                    check(part, "the connection ended after", len(got))
                    got += part
                check(got == data, "the bytes differ on their way there")
                s.sendall(bytes(reversed(got)))
        except Exception as e:              # pylint: disable=broad-except
            problem.append(e)
    thread = threading.Thread(target=echo, daemon=True)
    thread.start()
    with listener, sender.connect(listener.getsockname()) as s:
        s.settimeout(20)
        s.sendall(data)
        got = bytearray()
        while len(got) < n_bytes and not problem:
            part = s.recv(65536)
            if not part:
                break
            got += part
        mss = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
    thread.join(20)
    if problem:
        raise problem[0]
    check(got == data[::-1], "the bytes differ on their way back")
    return mss


def explained(server, cause, nps, error, shown=None, **want):
    """
    R106 (3) and (4), R107: the attempt is recorded with its cause and numbers, and rrasctl diagnose
    names the cause, the evidence and a fix. shown: the number that the user saw, where the method or
    the alert carried another one than the cause's. Returns the record and the diagnosis.
    """
    row = server.attempt(cause=cause, **want)
    equal(row["nps_reason"], nps, cause, "NPS reason:")
    told = shown if shown and row["method"] != "none" else error
    equal(row["ras_error"], told, cause, "RAS error:")
    check(row["began_unix_us"] and row["peer"] and row["tunnel"] == "sstp", row)
    d = server.ctl("diagnose", row["id"])
    equal(d["cause"], cause, "diagnose:")
    equal(d["error"], shown or error, "diagnose:")
    check(d["title"] and d["means"], "diagnose says too little:", d)
    check(d["evidence"], "diagnose has no evidence:", d)
    check(d["fix_on_server"] or d["fix_on_client"], "diagnose has no fix:", d)
    return row, d


def refused(d, cause, error, class_):
    """R106 (1) and (2): rasdial did not connect and says which number and why."""
    check(d.status != 0 and d.connected is False, "it connected, or said nothing:", d.text())
    equal(d.cause, cause, "rasdial:", d.text(), "\n")
    equal(d.error, error, "rasdial:")
    equal(d.status, EXIT[class_], "exit status of rasdial:")
    check(d.title and d.evidence and (d.fix_here or d.fix_on_server), "rasdial says too little:",
          d.text())


def tls(sock, hello="vpn.example", **more):
    """TLS over a connected socket, trusting anybody: the hostile peer does not care."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(sock, server_hostname=hello, **more)


# --- running --------------------------------------------------------------------------------------

_cases = []


def case(placements=("processes", "one-process")):
    """Registers a case; its docstring names the requirements."""
    def register(fn):
        _cases.append((fn, placements))
        return fn
    return register


def _skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def _enter():
    """Again, in namespaces of our own; ours alone is what is mounted, started and made there."""
    if os.geteuid() != 0:
        _skip("needs root: it makes network namespaces")
    if not os.path.exists("/dev/net/tun"):
        _skip("/dev/net/tun is missing (modprobe tun)")
    for tool in ("unshare", "ip", "ping"):
        if not shutil.which(tool):
            _skip(f"the command {tool} is missing")
    again = ["unshare", "--mount", "--propagation", "private", "--pid", "--net", "--fork",
             "--kill-child", "--mount-proc"]
    if subprocess.run(again + ["true"], capture_output=True, check=False).returncode != 0:
        _skip("namespaces cannot be made here")
    os.environ["OPENRRAS_E2E"] = "inside"
    sys.stdout.flush()
    os.execvp(again[0], again + [sys.executable, "-B", os.path.abspath(sys.argv[0]), *sys.argv[1:]])


def _prepare():
    for at in ("/run", "/var/lib"):
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", at], check=True)
    # the journal is looked for, and would find the host's; rasdial sets /etc/resolv.conf
    etc = "/run/etc"
    subprocess.run(["cp", "-a", "/etc", etc], check=True, capture_output=True)
    subprocess.run(["mount", "--bind", etc, "/etc"], check=True)
    os.makedirs("/run/netns")
    os.makedirs(ROOT)
    os.chdir(ROOT)
    os.environ["LC_ALL"] = "C.UTF-8"


def _out_of_time(*_):
    for thread, frame in sys._current_frames().items():
        print(f"thread {thread}:", *traceback.format_stack(frame), sep="\n", file=sys.stderr)
    raise OutOfTime(f"out of time: {FILE_SECONDS} s")


def _run(lab, fn):
    """True when it passed."""
    start = time.monotonic()
    print(f"[ RUN      ] {fn.__name__}", flush=True)
    try:
        try:
            fn(lab)
        finally:
            servers = [e.__self__ for e in lab.ends if isinstance(getattr(e, "__self__", None),
                                                                  Server)]
            lab.finish_case()
    except Skipped as e:
        print(f"{e}\n[  SKIPPED ] {fn.__name__}", flush=True)
        return True
    except (Exception, OutOfTime) as e:     # pylint: disable=broad-except
        traceback.print_exc(file=sys.stdout)
        for s in servers:
            print(f"--- log of rrasd {s.name}", s.log(), sep="\n")
        print(f"[  FAILED  ] {fn.__name__}", flush=True)
        if isinstance(e, OutOfTime):
            os._exit(1)
        return False
    print(f"[       OK ] {fn.__name__} ({time.monotonic() - start:.2f} s)", flush=True)
    return True


def main():
    if len(sys.argv) < 3 or sys.argv[2] not in ("processes", "one-process"):
        sys.exit(f"usage: {sys.argv[0]} BUILD-FOLDER processes|one-process [CASE...]")
    if os.environ.get("OPENRRAS_E2E") != "inside":
        sys.argv[1] = os.path.realpath(sys.argv[1])
        _enter()
    build, placement, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))    # the namespaces end with us
    signal.alarm(FILE_SECONDS)
    _prepare()
    lab = Lab(build, placement)
    chosen = [f for f, placements in _cases
              if placement in placements and (not names or f.__name__ in names)]
    print(f"[==========] Running {len(chosen)} test(s).", flush=True)
    failed = [fn.__name__ for fn in chosen if not _run(lab, fn)]
    print(f"[==========] {len(chosen)} test(s) run.")
    print(f"[  PASSED  ] {len(chosen) - len(failed)} test(s).", flush=True)
    sys.exit(1 if failed or not chosen else 0)
