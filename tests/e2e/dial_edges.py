#!/usr/bin/env python3
"""rasdial where it is given up, or lacks what it needs: each has its own cause and remedy."""
import json
import signal
import subprocess

from harness import (EXIT, PASSWORD, SERVER4, Failed, case, check, equal, main, refused,
                     wait_for)

BOTH = ("processes",)                       # the server's placement does not matter here


class Started:
    """rasdial as a process that is left running."""

    def __init__(self, lab, *options, host=SERVER4, json_=True):
        argv = [lab.rasdial, host, "--tunnel", "sstp", "--user", "alice", "--password-file", "-",
                "--ca", lab.ca, "--name", "edge", *options] + (["--json"] if json_ else [])
        self.lab = lab
        self.process = lab.client.start(*argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        lab.ends.append(lambda: self.process.kill())
        self.process.stdin.write(PASSWORD + "\n")
        self.process.stdin.flush()
        self.process.stdin.close()
        self.process.stdin = None

    def end(self, signo, seconds=5):
        self.process.send_signal(signo)
        try:
            out, err = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"rasdial does not end within {seconds} s of signal {signo}") from None
        return self.process.returncode, out, err


def cancelled(lab, started, signo, stage):
    status, out, err = started.end(signo)
    said = json.loads(out.splitlines()[-1])
    equal((said["connected"], said["cause"], said["error"]), (False, "dial.cancelled", 631), out)
    equal(status, EXIT["internal"], out, err)
    check(said["title"] and said["evidence"] and said["meaning"], out)
    check(stage in " ".join(said["evidence"]), stage, "is not in", said["evidence"])
    nothing_left(lab)


def nothing_left(lab):
    equal(lab.connections(), [], "rasdial still lists")
    check("ras0" not in lab.client.run("ip", "-br", "link").stdout, "the device stays")
    routes = lab.client.run("ip", "route").stdout
    check(not any(r.startswith(SERVER4) for r in routes.splitlines()), "the pinned route stays")


@case(BOTH)
def cancelled_in_the_handshake(lab):
    """R106: ctrl-C, and SIGTERM, while the server takes the connection and says nothing."""
    with lab.server.listen((SERVER4, 443)) as silent:
        for how in (["--foreground"], []):
            for signo in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                started = Started(lab, *how)
                c, _ = silent.accept()
                with c:
                    check(c.recv(1) == b"\x16", "no ClientHello")
                    cancelled(lab, started, signo, "ARRIVED")


@case(BOTH)
def cancelled_while_connecting(lab):
    """R106: the same before TCP is there: the packets vanish on their way."""
    lab.server.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    lab.server.run("ip", "route", "replace", "blackhole", "192.0.2.0/24")
    lab.client.run("ip", "route", "replace", "192.0.2.0/24", "via", SERVER4)
    for how in (["--foreground"], []):
        started = Started(lab, *how, host="192.0.2.1")
        wait_for(lambda: "192.0.2.1:443" in lab.client.run("ss", "-Htn", "state", "syn-sent").stdout,
                 "rasdial asks for a connection")
        cancelled(lab, started, signal.SIGINT, "ARRIVED")


@case(BOTH)
def foreground_ends_the_call(lab):
    """Ctrl-C of a call that is up is its ordinary end."""
    s = lab.serve(users=["alice"])
    started = Started(lab, "--foreground")
    row = s.session(account="alice")
    wait_for(lambda: "edge" in lab.connections(), "rasdial lists it")
    status, out, err = started.end(signal.SIGINT)
    equal(status, 0, out, err)
    events = {e["event"]: e for e in map(json.loads, out.splitlines())}
    equal(events["connected"]["address"], row["address"], out)
    equal(events["disconnected"]["cause"], "ended.by-user", out)
    equal(s.attempt(id=row["id"])["cause"], "ended.by-peer")
    nothing_left(lab)


@case(BOTH)
def no_tunnel_device(lab):
    """R106: /dev/net/tun is missing, and the remedy says so; nobody was dialled."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/dev/net"], check=True)
    try:
        with lab.server.listen((SERVER4, 443)) as nobody:
            d = lab.dial("alice")
            nobody.settimeout(0)
            try:
                check(not nobody.accept(), "the server was dialled")
            except BlockingIOError:
                pass
    finally:
        subprocess.run(["umount", "/dev/net"], check=True)
    refused(d, "dial.no-tunnel-device", 633, "internal")
    said = " ".join(d.evidence + d.fix_here)
    check("modprobe tun" in said and "/dev/net/tun is missing" in said, d.text())
    nothing_left(lab)


@case(BOTH)
def device_name_is_taken(lab):
    """R106: the name asked for belongs to another interface."""
    d = lab.dial("alice", "--device", "inet0")
    refused(d, "dial.no-tunnel-device", 633, "internal")
    check("inet0" in " ".join(d.evidence) and "ip link del" in " ".join(d.evidence), d.text())


main()
