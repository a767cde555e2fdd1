#!/usr/bin/env python3
"""rasdial's comforts: phonebook, routes and DNS and their way back, reconnect, several at once."""
import json
import os
import signal
import subprocess

from harness import (EXIT, LAN_HOST, PASSWORD, SERVER4, SERVER_OTHER, Failed, case, check, conf, equal,
                     main, ping, refused, wait_for)

BOTH = ("processes",)                       # the server's placement does not matter here
DNS_SERVER = conf(pool="pool office { range 10.99.0.1 - 10.99.0.20; dns 10.80.0.2 }")
NOT_MINE = "# somebody's own\nnameserver 192.0.2.53\nsearch example.net\noptions timeout:1\n"


def routes(lab):
    """The client's routes in both families, without link-local ones, which come when they like."""
    lines = "".join(lab.client.run("ip", family, "route").stdout for family in ("-4", "-6"))
    return "\n".join(x for x in lines.splitlines() if not x.startswith("fe80:"))


def resolv(text=None):
    if text is not None:
        if os.path.islink("/etc/resolv.conf"):
            os.unlink("/etc/resolv.conf")
        with open("/etc/resolv.conf", "w", encoding="utf-8") as f:
            f.write(text)
    with open("/etc/resolv.conf", encoding="utf-8") as f:
        return f.read()


def password_file(mode=0o600):
    path = "/run/e2e/alice.pw"
    with open(path, "w", encoding="utf-8") as f:
        f.write(PASSWORD + "\n")
    os.chmod(path, mode)
    return path


def book(text, path="/etc/openrras/phonebook.conf", mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def rasdial(lab, *argv, **more):
    return lab.client.run(lab.rasdial, *argv, ok=False, **more)


def status(lab, name):
    done = rasdial(lab, "--status", name, "--json")
    return json.loads(done.stdout) if done.returncode == 0 else None


def holder(lab, d):
    return status(lab, d.name)["pid"]


def default_gateway(lab):
    lab.client.run("ip", "route", "replace", "default", "via", SERVER4)
    lab.ends.append(lambda: lab.client.run("ip", "route", "del", "default", ok=False))


@case(BOTH)
def phonebook(lab):
    """An entry is enough; the command line wins; --list and --save."""
    s = lab.serve(users=["alice"])
    book(f"""
entry office {{
    host {SERVER_OTHER}
    user alice
    ca {lab.ca}
    password-file {password_file()}
    route 10.80.0.0/24, 10.81.0.0/24
    timeout 1
}}
""")
    lab.client.run("ip", "route", "replace", SERVER_OTHER, "via", SERVER4)
    done = rasdial(lab, "office", "--json", "--name", "mine", "--route", "10.82.0.0/24")
    equal(done.returncode, 0, done.stdout, done.stderr)
    mine = status(lab, "mine")
    equal((mine["host"], mine["routes"]), (SERVER_OTHER, "10.82.0.0/24"))
    equal(rasdial(lab, "office").returncode, 0, "the entry by itself")
    equal(sorted(lab.connections()), ["mine", "office"])
    equal(status(lab, "office")["routes"], "10.80.0.0/24 10.81.0.0/24")
    s.session(account="alice")
    for name in ("mine", "office"):
        equal(rasdial(lab, name, "--disconnect").returncode, 0, name)
    equal(rasdial(lab, "office", "--disconnect").returncode, 2)
    rows = json.loads(rasdial(lab, "--list", "--json").stdout)
    equal([(r["name"], r["host"], r["user"]) for r in rows], [("office", SERVER_OTHER, "alice")])


@case(BOTH)
def phonebook_is_saved(lab):
    """--save keeps what was there, replaces its own entry, and what it wrote is read again."""
    os.environ["HOME"] = "/run/e2e/home"
    path = book("# mine\nentry a { host 192.0.2.1; user x }\nentry b { host 192.0.2.2; user y }\n",
                "/run/e2e/home/.config/openrras/phonebook.conf", 0o600)
    for user in ("dom\\al\"ice", "bob"):
        done = rasdial(lab, "--save", "a", "192.0.2.9", "--user", user, "--default-route", "--route",
                       "10.0.0.0/8", "--reconnect=7", "--auth", "mschapv2,chap")
        equal(done.returncode, 0, done.stderr)
        rows = {r["name"]: r for r in json.loads(rasdial(lab, "--list", "--json").stdout)
                if r["file"] == path}
        equal(sorted(rows), ["a", "b"])
        equal((rows["a"]["host"], rows["a"]["user"], rows["b"]["user"]), ("192.0.2.9", user, "y"))
        check(rows["a"]["default_route"], rows)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    check(text.startswith("# mine\n") and text.count("entry a") == 1, text)
    equal(os.stat(path).st_mode & 0o777, 0o600)
    os.environ["HOME"] = "/root"


@case(BOTH)
def phonebook_mistakes(lab):
    """Wrong keys and values are named with their place and the nearest spelling (U07: and owners)."""
    path = book("entry office {\n    host 192.0.2.1\n    usr alice\n    port 99999\n}\n")
    done = rasdial(lab, "office")
    equal(done.returncode, EXIT["usage"])
    for said in (f"{path}:3:5: error: an entry has no key \"usr\" (did you mean \"user\"?)",
                 f"{path}:4:10: error: port: not a port: \"99999\""):
        check(said in done.stderr, said, "is not in", done.stderr)
    book("entry office {\n    user alice\n}\n")
    check("the entry names no host" in rasdial(lab, "office").stderr)
    book("entrie office { host 192.0.2.1 }\n")
    check('did you mean "entry"?' in rasdial(lab, "office").stderr)
    book("entry office { host 192.0.2.1; user alice }\n")
    done = rasdial(lab, "ofice", "--user", "x", "--password-file", "-", "--timeout", "1",
                   stdin="x\n")
    check('did you mean "office"?' in done.stderr, done.stderr)
    book("entry office { host 192.0.2.1; user alice }\n", mode=0o666)
    done = rasdial(lab, "office")
    check(done.returncode == EXIT["usage"] and "chmod go-w" in done.stderr, done.stderr)
    os.unlink(path)


@case(BOTH)
def password_files_are_private(lab):
    """U06: a password that everybody can read is refused in entries, with the remedy."""
    path = password_file(0o644)
    book(f"entry office {{ host {SERVER4}; user alice; password-file {path}; timeout 1 }}\n")
    done = rasdial(lab, "office")
    equal(done.returncode, EXIT["usage"])
    check(f'"chmod 600 {path}"' in done.stderr, done.stderr)
    done = rasdial(lab, SERVER4, "--user", "alice", "--password-file", path, "--timeout", "1")
    equal(done.returncode, EXIT["unreachable"])
    check(f'"chmod 600 {path}"' in done.stderr, done.stderr)


@case(BOTH)
def full_tunnel_and_back(lab):
    """U09: all goes through the tunnel, the other family and DNS do not go past it; then as before."""
    lab.serve(DNS_SERVER, users=["alice"])
    default_gateway(lab)
    lab.client.run("ip", "-6", "route", "replace", "default", "via", "2001:db8:1::1")
    resolv(NOT_MINE)
    before = routes(lab)
    d = lab.connect("alice", "--default-route")
    way = lab.client.run("ip", "route", "get", "192.0.2.77").stdout
    check(" dev ras0 " in way, way)
    way = lab.client.run("ip", "route", "get", SERVER4).stdout
    check(" dev inet0 " in way, way)
    way = lab.client.run("ip", "-6", "route", "get", "2001:db8:99::1", ok=False)
    check(way.returncode != 0 or "unreachable" in way.stdout, "IPv6 leaks:", way.stdout)
    equal(resolv().splitlines()[1:], ["nameserver 10.80.0.2", "search example.net",
                                      "options timeout:1"])
    equal(d.dns_by, "resolv.conf", d.text())
    check(ping(lab.client, LAN_HOST), "no way through the tunnel")
    lab.hang_up(d)
    equal(routes(lab), before, "routes after;")
    equal(resolv(), NOT_MINE)
    d = lab.connect("alice", "--default-route", "--other-family", "leave", "--dns=no")
    way = lab.client.run("ip", "-6", "route", "get", "2001:db8:99::1").stdout
    check(" dev inet0 " in way, way)
    equal(resolv(), NOT_MINE)
    lab.hang_up(d)
    equal(routes(lab), before, "routes after;")


@case(BOTH)
def killed_and_cleaned_up(lab):
    """kill -9 leaves routes and DNS; the next run recognises and restores them, or --cleanup does."""
    lab.serve(DNS_SERVER, users=["alice"])
    default_gateway(lab)
    target = "/run/e2e/resolv.real"
    for link in (False, True):
        for how in ("cleanup", "dial"):
            with open(target, "w", encoding="utf-8") as f:
                f.write(NOT_MINE)
            if link:
                os.path.lexists("/etc/resolv.conf") and os.unlink("/etc/resolv.conf")
                os.symlink(target, "/etc/resolv.conf")
            else:
                resolv(NOT_MINE)
            before = routes(lab)
            d = lab.connect("alice", "--default-route")
            os.kill(holder(lab, d), signal.SIGKILL)
            wait_for(lambda: "ras0" not in lab.client.run("ip", "-br", "link").stdout,
                     "the device goes")
            check(routes(lab) != before and resolv() != NOT_MINE, "there is nothing to clean up")
            if how == "cleanup":
                done = rasdial(lab, "--cleanup")
                check(done.returncode == 0 and "Cleaned up after 1 connection" in done.stdout,
                      done.stdout, done.stderr)
                check("Nothing was left" in rasdial(lab, "--cleanup").stdout)
            else:
                d = lab.connect("alice")
                check(any(e["event"] == "warning" and "undone" in e["text"] for e in d.events),
                      d.events)
                lab.hang_up(d)
            equal(routes(lab), before, how)
            equal((resolv(), os.path.islink("/etc/resolv.conf")), (NOT_MINE, link), how)
    os.unlink("/etc/resolv.conf")
    resolv(NOT_MINE)


@case(BOTH)
def dns_by_others(lab):
    """systemd-resolved and resolvconf are told by their own programs, with fixed words."""
    lab.serve(DNS_SERVER, users=["alice"])
    log, folder = "/run/e2e/told", "/run/e2e/bin"
    os.makedirs(folder, exist_ok=True)
    old = os.environ["PATH"]
    os.environ["PATH"] = folder + ":" + old
    resolv(NOT_MINE)

    def fake(name):
        with open(f"{folder}/{name}", "w", encoding="utf-8") as f:
            f.write(f'#!/bin/sh\n[ "$1" = -a ] && x=$(cat)\necho "{name} $* $x" >>{log}\n')
        os.chmod(f"{folder}/{name}", 0o755)

    def told():
        with open(log, encoding="utf-8") as f:
            lines = [line.strip() for line in f if line.strip()]
        os.unlink(log)
        return lines
    try:
        fake("resolvconf")
        d = lab.connect("alice", "--dns")
        equal(d.dns_by, "resolvconf", d.text())
        lab.hang_up(d)
        lines = told()
        equal((lines[0], lines[-1]), ("resolvconf -a ras0.rasdial nameserver 10.80.0.2",
                                      "resolvconf -d ras0.rasdial"), lines)
        fake("resolvectl")
        os.makedirs("/run/systemd/resolve")
        with open("/run/systemd/resolve/io.systemd.Resolve", "w", encoding="utf-8"):
            pass
        d = lab.connect("alice", "--default-route")
        equal(d.dns_by, "resolved", d.text())
        lab.hang_up(d)
        equal(told()[:3], ["resolvectl dns ras0 10.80.0.2", "resolvectl domain ras0 ~.",
                           "resolvectl default-route ras0 yes"])
        equal(resolv(), NOT_MINE)
    finally:
        os.environ["PATH"] = old
        subprocess.run(["rm", "-rf", "/run/systemd"], check=True)


@case(BOTH)
def two_at_once(lab):
    """Two tunnels, also to the same server and for the same networks: neither breaks the other."""
    lab.serve(DNS_SERVER, users=["alice", "bob"])
    default_gateway(lab)
    resolv(NOT_MINE)
    before = routes(lab)
    for last in ("one", "two"):
        up = {name: lab.connect(user, "--default-route", "--route", "10.80.0.0/24", name=name)
              for name, user in (("one", "alice"), ("two", "bob"))}
        check(up["one"].device != up["two"].device, up["one"].device)
        way = lab.client.run("ip", "route", "get", LAN_HOST).stdout
        check(f" dev {up['two'].device} " in way, "the newest comes first:", way)
        gone = "two" if last == "one" else "one"
        lab.hang_up(up[gone])
        for to in (LAN_HOST, "192.0.2.77"):
            way = lab.client.run("ip", "route", "get", to).stdout
            check(f" dev {up[last].device} " in way, "after", gone, "ended:", way)
        way = lab.client.run("ip", "route", "get", SERVER4).stdout
        check(" dev inet0 " in way, "the way to the server went with", gone, way)
        check(ping(lab.client, LAN_HOST), "no way through", last)
        check("nameserver 10.80.0.2" in resolv(), resolv())
        lab.hang_up(up[last])
        equal((routes(lab), resolv()), (before, NOT_MINE))


@case(BOTH)
def dials_anew(lab):
    """--reconnect: the server is restarted; until it is back nothing goes past the tunnel (U09)."""
    s = lab.serve(users=["alice"])
    default_gateway(lab)
    d = lab.connect("alice", "--default-route", "--reconnect=20")
    since = status(lab, d.name)["since"]
    s.stop()
    lab.ends.remove(s.end)
    state = wait_for(lambda: (lambda x: x if x and x["state"] == "reconnecting" else None)
                     (status(lab, d.name)), "it tries again")
    check(state["cause"], state)
    way = lab.client.run("ip", "route", "get", "192.0.2.77").stdout
    check(f" dev {d.device} " in way, "packets leak while it is down:", way)
    again = lab.serve(after=s)
    os.kill(state["pid"], signal.SIGUSR1)
    wait_for(lambda: status(lab, d.name)["state"] == "up", "it is up again", 20)
    check(status(lab, d.name)["since"] >= since)
    again.session(account="alice")
    check(ping(lab.client, LAN_HOST), "no way through the new call")
    lab.hang_up(d)
    causes = [c for _, c in lab.client_history()]
    check(causes[-1] == "ended.by-user" and len(causes) >= 2, causes)


@case(BOTH)
def gives_up(lab):
    """--reconnect stops when a try makes no sense (the password is wrong), and after its tries."""
    s = lab.serve(users=["alice"])
    d = lab.connect("alice", "--reconnect=20")
    s.ctl("user", "passwd", "alice", "--password-file", "-", stdin="Another-1\n")
    os.kill(holder(lab, d), signal.SIGUSR1)
    wait_for(lambda: status(lab, d.name) is None, "it gives up", 15)
    equal(lab.client_history()[-1][1], "account.refused-by-server", lab.client_history())
    s.ctl("user", "passwd", "alice", "--password-file", "-", stdin=PASSWORD + "\n")
    d = lab.connect("alice", "--reconnect=1")
    s.stop()
    lab.ends.remove(s.end)
    wait_for(lambda: status(lab, d.name) is None, "it gives up after one try", 15)
    equal(lab.client_history()[-1][1], "dial.port-closed", lab.client_history())


@case(BOTH)
def events(lab):
    """--json: a line for each event, in order, each with its fields."""
    lab.serve(DNS_SERVER, users=["alice"])
    d = lab.connect("alice", "--route", "10.80.0.0/24")
    kinds = [e["event"] for e in d.events]
    want = ["connecting", "tls", "authenticating", "address", "connected"]
    equal([k for k in kinds if k in want], want, kinds)
    for e in d.events:
        check({"event", "time_ms", "name"} <= set(e) and e["name"] == d.name, e)
    check({"address", "server_address", "device", "routes", "dns", "dns_by", "user", "host",
           "since", "pid", "state"} <= set(d.events[-1]), d.events[-1])
    equal(d.events[-1]["routes"], "10.80.0.0/24")
    d = lab.dial("alice", password="wrong")
    last = d.events[-1]
    equal((last["event"], last["error"], last["class"]), ("disconnected", 691, "credentials"), last)
    d = lab.dial("alice", host="name.invalid")
    refused(d, "dial.name-not-resolved", 868, "unreachable")
    check("resolving" in [e["event"] for e in d.events], d.events)


@case(BOTH)
def cancelled_while_resolving(lab):
    """R106: ctrl-C while no name server answers is heard at once."""
    resolv("nameserver 192.0.2.1\n")
    lab.server.run("ip", "route", "replace", "blackhole", "192.0.2.0/24")
    lab.client.run("ip", "route", "replace", "192.0.2.0/24", "via", SERVER4)
    process = lab.client.start(lab.rasdial, "vpn.example.org", "--user", "alice", "--password-file",
                               "-", "--json", "--foreground", stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lab.ends.append(process.kill)
    process.stdin.write("x\n")
    process.stdin.close()
    process.stdin = None
    equal(json.loads(process.stdout.readline())["event"], "resolving")
    process.send_signal(signal.SIGINT)
    try:
        out, _ = process.communicate(timeout=2)
    except subprocess.TimeoutExpired:
        raise Failed("the signal is heard only after the resolver") from None
    equal(json.loads(out.splitlines()[-1])["cause"], "dial.cancelled", out)
    resolv(NOT_MINE)


@case(BOTH)
def routes_past_the_tunnel(lab):
    """U09 (TunnelVision): a route that the local network set in front of the tunnel's is named."""
    lab.serve(users=["alice"])
    default_gateway(lab)
    lab.client.run("ip", "route", "replace", "192.0.2.0/25", "via", SERVER4)
    d = lab.connect("alice", "--default-route")
    said = [e["text"] for e in d.events if e["event"] == "warning"]
    check(any("192.0.2.0/25" in t and "inet0" in t for t in said), said)
    lab.hang_up(d)
    lab.client.run("ip", "route", "del", "192.0.2.0/25")


@case(BOTH)
def proxy_library_R103(lab):
    """R103: proxychains and the like are named, and nothing is dialled through them."""
    with open("/proc/self/maps", encoding="utf-8") as f:
        some = next(line.split()[-1] for line in f if "/libc.so" in line or "/libc-" in line)
    real = os.path.join(os.path.dirname(os.path.realpath(some)), "libm.so.6")
    subprocess.run(["cp", real, "/run/e2e/libproxychains.so.4"], check=True)
    os.environ["LD_PRELOAD"] = "/run/e2e/libproxychains.so.4"
    try:
        d = lab.dial("alice")
    finally:
        del os.environ["LD_PRELOAD"]
    refused(d, "dial.proxy-library", 800, "unreachable")
    said = " ".join(d.evidence + d.fix_here)
    check("libproxychains.so.4" in said and "unset LD_PRELOAD" in said, d.text())
    check("connecting" not in [e["event"] for e in d.events], d.events)


@case(BOTH)
def redirecting_rule_R103(lab):
    """R103: a rule that takes the connection to a transparent proxy is named; R105: a variable not."""
    lab.client.run("nft", "-f", "-", stdin="""
table ip trap {
    chain out {
        type nat hook output priority -100
        ip daddr 203.0.113.0/24 tcp dport 443 redirect to :8443
    }
}
""")
    lab.ends.append(lambda: lab.client.run("nft", "delete", "table", "ip", "trap", ok=False))
    d = lab.dial("alice")
    refused(d, "dial.redirected", 800, "unreachable")
    said = " ".join(d.evidence + d.fix_here)
    check("ip trap out: redirect to :8443" in said and "dial.port-closed" in said, d.text())
    lab.client.run("nft", "delete", "table", "ip", "trap")
    os.environ["https_proxy"] = "http://user:geheim@192.0.2.1:3128"
    try:
        d = lab.dial("alice")
        refused(d, "dial.port-closed", 800, "unreachable")
        warned = [e["text"] for e in d.events if e["event"] == "warning"]
        check(any("https_proxy" in t for t in warned), d.events)
        check("geheim" not in json.dumps(d.events), "the proxy's password is shown")
        lab.serve(users=["alice"])
        lab.hang_up(lab.connect("alice"))
    finally:
        del os.environ["https_proxy"]


main()
