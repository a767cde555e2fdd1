#!/usr/bin/env python3
"""Super-packets over the TUN devices: the same bytes with them and without, both ways at once, and a
client that stops reading while others go on (S11)."""
import hashlib
import os
import signal
import socket
import struct
import subprocess
import threading
import time

from harness import (LAN_HOST, SERVER_OTHER, case, check, conf, equal, main, ping, transfer,
                     wait_for)

LAN = ("--route", "10.80.0.0/24")
UDP_SEGMENT = 103


def offload_of(s):
    """What the workers say of their devices, in `rrasctl status`."""
    lines = [x for row in s.ctl("status")["rows"] for x in row["lines"]]
    found = {x.split(" ", 1)[1] for x in lines if x.startswith("offload ")}
    equal(len(found), 1, "workers differ in their offload:", found)
    return found.pop()


def datagrams(sender, receiver, address):
    """UDP trains: 1200 bytes each, 40 in a call of the sender. All that come are what was sent."""
    r = receiver.socket(socket.AF_INET, socket.SOCK_DGRAM)
    r.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)        # SO_RCVBUFFORCE
    r.bind((address, 0))
    s = sender.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(r.getsockname())
    with r, s:
        n = 0
        for k in range(20):
            block = b"".join(struct.pack(">II", k, i) + hashlib.sha256(
                struct.pack(">II", k, i)).digest() * 37 + b"=" * 8 for i in range(40))
            s.sendmsg([block], [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("=H", 1200))])
            for _ in range(40):
                got = r.recv(65536)
                equal(len(got), 1200, "bytes of a datagram;")
                equal(got[8:-8], hashlib.sha256(got[:8]).digest() * 37, "a datagram;")
                n += 1
        equal(n, 800, "datagrams;")


def both_ways(lab, d, n_bytes):
    """Two streams at once, one each way, each compared by its digest."""
    problems = []

    def stream(sender, receiver, address):
        try:
            with receiver.listen((address, 0)) as listener:
                out = sender.connect(listener.getsockname())
                into, _ = listener.accept()
            block = os.urandom(1 << 20)
            want, got = hashlib.sha256(), hashlib.sha256()

            def pump():
                with out:
                    for _ in range(n_bytes >> 20):
                        want.update(block)
                        out.sendall(block)
            t = threading.Thread(target=pump, daemon=True)
            t.start()
            with into:
                into.settimeout(30)
                while part := into.recv(1 << 18):
                    got.update(part)
            t.join(30)
            equal(got.hexdigest(), want.hexdigest(), "digest;")
        except Exception as e:              # pylint: disable=broad-except
            problems.append(e)
    threads = [threading.Thread(target=stream, args=a, daemon=True) for a in (
        (lab.client, lab.lan, LAN_HOST), (lab.lan, lab.client, d.address))]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    check(not any(t.is_alive() for t in threads), "the two streams wait for each other")
    if problems:
        raise problems[0]


@case()
def offload_on_and_off_carry_the_same(lab):
    """Each end with and without: TCP and UDP, small and large, arrive as they were sent."""
    for setting, want in (("auto", "TCP and UDP"), ("off", "off")):
        s = lab.serve(conf(server=f"offload {setting}"), users=["alice"])
        if setting == "auto":
            said = s.wait_line("tunnel offload: ")
            check("trusted" in said or want in said, said)
        equal(offload_of(s), want)
        for options in ((), ("--no-offload",)):
            d = lab.connect("alice", *LAN, *options)
            check(ping(lab.client, LAN_HOST), "no ping")
            transfer(lab.client, lab.lan, LAN_HOST, 4 << 20)
            datagrams(lab.client, lab.lan, LAN_HOST)
            datagrams(lab.lan, lab.client, d.address)
            lab.hang_up(d)
            s.no_session()
        s.stop()


@case()
def both_directions_at_once(lab):
    """S11: two ends that both have much to send do not stop reading each other."""
    s = lab.serve(conf(), users=["alice"])
    d = lab.connect("alice", *LAN)
    both_ways(lab, d, 64 << 20)
    row = s.session(account="alice")
    equal(row["stage"], "UP")


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(x.split()[1]) for x in f if x.startswith("VmRSS:"))


@case(placements=("processes",))
def client_that_stops_reading(lab):
    """S11: its queue is bounded and its drops are counted; another client goes on meanwhile."""
    s = lab.serve(conf().replace("workers 2", "workers 1"), users=["alice", "bob"])
    slow = lab.connect("alice", *LAN, host=SERVER_OTHER, at=lab.other)
    d = lab.connect("bob", *LAN)
    pids, _ = s.role_pids()
    before = rss_kib(pids["net 0"])
    stopped = [int(x) for x in subprocess.run(
        ["ip", "netns", "pids", lab.other.name], check=True, capture_output=True,
        text=True).stdout.split()]
    check(stopped, "no process of rasdial there")
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        flood = lab.lan.socket(socket.AF_INET, socket.SOCK_DGRAM)
        flood.connect((slow.address, 9))
        end = time.monotonic() + 20
        while not s.session(account="alice")["drops"]:
            check(time.monotonic() < end, "nothing is dropped for a client that reads nothing")
            for _ in range(200):
                flood.sendmsg([b"x" * 48000],
                              [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("=H", 1200))])
            transfer(lab.client, lab.lan, LAN_HOST)
        flood.close()
        transfer(lab.client, lab.lan, LAN_HOST, 4 << 20)
        transfer(lab.lan, lab.client, d.address, 4 << 20)
        grown = rss_kib(pids["net 0"]) - before
        check(grown < 8192, "the worker grew by KiB:", grown)
        equal(s.session(account="bob")["drops"], 0, "drops of the one that reads;")
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    wait_for(lambda: ping(lab.other, LAN_HOST, count=1, wait=2), "a ping after it reads again", 20)


if __name__ == "__main__":
    main()
