#!/usr/bin/env python3
"""
What a role that was broken into could do: nothing. Users of their own, empty roots, no capability,
no way to get one, no file, no process, no other role's memory. R59 and the guide's section 3.
"""
import os
import signal

from harness import ROOT, case, check, conf, equal, main

ALONE = ("processes",)
ROLES = ("aaa", "net 0", "net 1", "record", "vault")


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def limits_of(pid):
    with open(f"/proc/{pid}/limits", encoding="ascii") as f:
        return {line[:26].strip(): line[26:].split()[:2] for line in f}


@case(placements=ALONE)
def roles_hold_no_privilege(lab):
    """Own uid and gid, no group, no capability in any set, no new privileges, no new process."""
    s = lab.serve(users=["alice"])
    lab.connect("alice")
    pids, _ = s.role_pids()
    equal(sorted(pids), sorted(ROLES))
    users = {}
    for role, pid in pids.items():
        st = status_of(pid)
        for ids in ("Uid", "Gid"):
            values = set(st[ids].split("\t"))
            check(len(values) == 1 and values != {"0"}, role, ids, st[ids])
        users.setdefault(role.split()[0], set()).add((st["Uid"], st["Gid"]))
        equal(st["Groups"].strip(), "", role, "groups:")
        for caps in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            equal(int(st[caps], 16), 0, role, caps)
        equal(st["NoNewPrivs"], "1", role, "NoNewPrivs:")
        equal(limits_of(pid)["Max processes"], ["0", "0"], role)
        equal(limits_of(pid)["Max core file size"][0], "0", role)
    check(all(len(u) == 1 for u in users.values()), "workers differ:", users)
    equal(len({u for us in users.values() for u in us}), 4, "roles share a user:", users)
    # the monitor keeps what it needs
    check(status_of(s.process.pid)["Uid"].startswith("0"), "the monitor is not root")


@case(placements=ALONE)
def roles_see_no_file(lab):
    """An empty root, with no name on any file system; record has its state directory."""
    s = lab.serve(users=["alice"])
    pids, _ = s.role_pids()
    for role, pid in pids.items():
        seen = sorted(os.listdir(f"/proc/{pid}/root"))
        if role == "record":
            check({"accounts.db", "history.db"} <= set(seen), role, seen)
            check(not any(x in seen for x in ("etc", "proc", "dev", "bin")), role, seen)
        else:
            equal(seen, [], role, "root:")
        check(os.path.realpath(f"/proc/{pid}/root") != "/", role, "its root is the host's")
        equal(sorted(os.listdir(f"/proc/{pid}/cwd")), seen, role, "cwd:")
        for fd in os.listdir(f"/proc/{pid}/fd"):
            to = os.readlink(f"/proc/{pid}/fd/{fd}")
            allowed = ("socket:", "anon_inode:", "pipe:", "/dev/null", "/dev/net/tun", "/memfd:")
            mine = role == "record" and "/state/" in to or role == "record" and to.endswith(
                (".db", ".db-wal", ".db-shm"))
            check(to.startswith(allowed) or mine, role, "holds", to)
            check(not to.startswith("/dev/net/tun") or role.startswith("net"), role, "holds", to)
    # what was made is not for everybody, and no role can put anything beside it
    for name in ("accounts.db", "accounts.db-wal", "history.db"):
        equal(os.stat(f"{s.state}/{name}").st_mode & 0o007, 0, name, "is open to others:")
    equal(os.stat(f"{ROOT}/vault.key").st_mode & 0o777, 0o600)
    for path in (s.state, s.run_dir):
        st = os.stat(path)
        equal((st.st_uid, st.st_mode & 0o022), (0, 0), path)
    equal(os.stat(f"{s.run_dir}/control.sock").st_mode & 0o007, 0, "the control socket is:")


@case(placements=ALONE)
def secrets_stay_in_the_vault(lab):
    """No core file, no other user's look at its memory; the secret pool is locked."""
    s = lab.serve(users=["alice"])
    lab.connect("alice")
    pids, _ = s.role_pids()
    for role, pid in pids.items():
        # a process that is not dumpable belongs to root in /proc, whatever its user is
        equal(os.stat(f"/proc/{pid}/mem").st_uid, 0, role, "is dumpable: owner of its memory:")
    with open(f"/proc/{pids['vault']}/smaps", encoding="ascii", errors="replace") as f:
        maps = f.read()
    locked = [b for b in maps.split("VmFlags:")[1:] if " lo " in f" {b.splitlines()[0]} "]
    check(locked, "nothing is locked in the vault's memory")
    check(any(" dd " in f" {b.splitlines()[0]} " for b in locked), "it would be in a core file")
    # the sealed form is what is stored: neither password nor NT hash
    with open(f"{s.state}/accounts.db", "rb") as f, open(f"{s.state}/accounts.db-wal", "rb") as w:
        stored = f.read() + w.read()
    check(b"alice" in stored, "the account is not there")
    nt = bytes.fromhex(nt_hash("Secret-123"))
    for what in (b"Secret-123", "Secret-123".encode("utf-16-le"), nt, nt.hex().encode()):
        check(what not in stored, "in clear in accounts.db:", what)


def nt_hash(password):
    """MD4 of the password in UTF-16LE, by the openssl command's legacy provider."""
    import subprocess
    done = subprocess.run(["openssl", "dgst", "-md4", "-provider", "legacy", "-provider", "default",
                           "-r"], input=password.encode("utf-16-le"), capture_output=True,
                          check=True, timeout=10)
    return done.stdout.split()[0].decode()


@case(placements=ALONE)
def roles_end_with_the_monitor_and_alone(lab):
    """The terminal's signals are the monitor's affair; a role's end is not the others'."""
    s = lab.serve(users=["alice"])
    lab.connect("alice")
    pids, _ = s.role_pids()
    for pid in pids.values():
        for signo in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
            os.kill(pid, signo)
    equal(s.role_pids()[0], pids, "a role ended by a signal that is not for it:")
    s.stop()
    equal([p for p in pids.values() if os.path.exists(f"/proc/{p}/exe")], [], "they live on:")


@case(placements=ALONE)
def sandbox_can_be_switched_off(lab):
    """The setting for debugging does what it says, and nothing else changes."""
    s = lab.serve(conf(server="sandbox no"), users=["alice"])
    lab.connect("alice")
    pids, _ = s.role_pids()
    equal({status_of(p)["Uid"].split("\t")[0] for p in pids.values()}, {"0"})


main()
