#!/usr/bin/env python3
"""
What each role's process may do, as /proc has it, and who may speak to the daemon. A role that was
broken into finds users of their own, empty roots, no capability and no way to get one, no file, no
process, no other role's memory. R59, U06, U08.
"""
import os
import re
import signal
import stat
import subprocess

from harness import PASSWORD, ROOT, case, check, conf, equal, main, wait_for

PROCESSES = ("processes",)
OTHER_UID = 61234
# what a role may have open: roles, and the kinds of descriptors that are not needed by all
SOCKET_OF = {"net": {"tcp", "unix"}, "aaa": {"unix"}, "vault": {"unix"}, "record": {"unix"}}


def status(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def roles(s):
    """{"aaa": pid, "net 0": pid, ...} without monitor."""
    pids, _ = s.role_pids()
    equal(sorted(pids), ["aaa", "net 0", "net 1", "record", "vault"])
    return pids


def monitor_pid(s):
    return s.process.pid


def caps(st):
    return {k: int(st[k], 16) for k in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}


def descriptors(pid):
    """{fd: (what it is, whether it can be written)}"""
    found = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            what = os.readlink(f"/proc/{pid}/fd/{fd}")
            with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as f:
                flags = int(re.search(r"flags:\s*(\d+)", f.read())[1], 8)
        except FileNotFoundError:
            continue
        found[int(fd)] = (what, flags & os.O_ACCMODE != os.O_RDONLY)
    return found


@case(PROCESSES)
def ids_and_capabilities(lab):
    """A uid and a gid of its own for each role, no groups, no capability, no way back."""
    s = lab.serve(users=["alice"])
    lab.connect("alice")                    # while it works, not only before
    seen = {}
    for name, pid in roles(s).items():
        st = status(pid)
        uids, gids = set(st["Uid"].split()), set(st["Gid"].split())
        equal((len(uids), len(gids)), (1, 1), name, "ids differ among themselves:")
        check("0" not in uids | gids, name, "is root")
        equal(st["Groups"].split(), [], name, "groups:")
        equal(st["NoNewPrivs"], "1", name, "NoNewPrivs:")
        equal(set(caps(st).values()), {0}, name, "capabilities:", caps(st))
        seen.setdefault((uids.pop(), gids.pop()), set()).add(name.split()[0])
    check(all(len(who) == 1 for who in seen.values()), "an id is shared:", seen)
    equal(len(seen), 4, "ids:", seen)
    check(status(monitor_pid(s))["Uid"].startswith("0"), "the monitor keeps what it needs")


@case(PROCESSES)
def roots(lab):
    """An empty folder that has no name any more is the root; for record, its folder."""
    s = lab.serve()
    for name, pid in roles(s).items():
        root = os.readlink(f"/proc/{pid}/root")
        if name == "record":
            equal(root, s.state, "root of record:")
            seen = set(os.listdir(f"/proc/{pid}/root"))
            check({"accounts.db", "history.db"} <= seen, name, seen)
            check(not seen & {"etc", "proc", "dev", "bin"}, name, seen)
        else:
            check(root.endswith("(deleted)"), name, "has the root", root)
            equal(os.listdir(f"/proc/{pid}/root"), [], name, "root:")
        equal(os.path.samefile(f"/proc/{pid}/root", f"/proc/{pid}/cwd"), True, name, "cwd:")
        # nor can it reach out of it by what it has open
        for fd, (what, _) in descriptors(pid).items():
            mode = os.stat(f"/proc/{pid}/fd/{fd}").st_mode
            check(not stat.S_ISDIR(mode), name, "has a folder open:", what)
    # the roots of two roles are not one folder, where they could meet
    pids = roles(s)
    check(not os.path.samefile(f"/proc/{pids['net 0']}/root", f"/proc/{pids['vault']}/root"))


@case(PROCESSES)
def limits(lab):
    """U06: no core file, no further process, and the vault's memory is nobody's to read."""
    s = lab.serve(users=["alice"])
    for name, pid in roles(s).items():
        with open(f"/proc/{pid}/limits", encoding="ascii") as f:
            rows = f.read()
        check(re.search(r"Max core file size +0 +0 ", rows), name, rows)
        check(re.search(r"Max processes +0 +0 ", rows), name, rows)
        # what is not dumpable belongs to root in /proc, and its own user cannot look into it
        equal(os.stat(f"/proc/{pid}/environ").st_uid, 0, name, "owner in /proc:")
        own = int(status(pid)["Uid"].split()[0])
        done = subprocess.run(["head", "-c", "1", f"/proc/{pid}/environ"], capture_output=True,
                              user=own, group=own, extra_groups=[], check=False)
        check(done.returncode != 0, name, "may be read by its own user:", done.stdout)


@case(PROCESSES)
def written_descriptors(lab):
    """What a role can write to: its channels, and what its work is; nothing else."""
    s = lab.serve(users=["alice"])
    d = lab.connect("alice")
    also = {
        "net": [r"socket:", r"/dev/net/tun$"],
        "aaa": [],
        "vault": [],
        "record": [r"socket:", r"(^|/)(accounts|history)\.db(-wal|-shm|-journal)?$"],
    }
    everybody = [r"^socket:", r"^anon_inode:\[event(poll|fd)\]$", r"^pipe:", r"^/dev/null$",
                 r"^/dev/pts/"]
    for name, pid in roles(s).items():
        allowed = everybody + also[name.split()[0]]
        for fd, (what, writable) in descriptors(pid).items():
            check(not writable or any(re.search(a, what) for a in allowed), name,
                  "can write to", fd, what)
            check("vault.key" not in what and ".key" not in what, name, "keeps open", what)
        kinds = socket_kinds(lab, pid)
        expected = SOCKET_OF[name.split()[0]]
        check(kinds <= expected, name, "has sockets of", kinds)
    # monitor is the one with privileges: it holds no connection of a peer
    check("tcp established" not in tcp_states(lab, monitor_pid(s)), "monitor holds a connection")
    check(d.address, d.text())


def inodes(pid):
    return {m[1] for m in (re.match(r"socket:\[(\d+)\]", what)
                           for what, _ in descriptors(pid).values()) if m}


def table(lab, pid, name):
    """The rows of /proc/net/NAME that are this process's."""
    with open(f"/proc/{pid}/net/{name}", encoding="ascii") as f:
        rows = [line.split() for line in f][1:]
    column = 6 if name == "unix" else 9
    own = inodes(pid)
    return [r for r in rows if r[column] in own]


def socket_kinds(lab, pid):
    kinds = set()
    rest = inodes(pid)
    for name, kind in (("tcp", "tcp"), ("tcp6", "tcp"), ("udp", "udp"), ("udp6", "udp"),
                       ("raw", "raw"), ("raw6", "raw"), ("packet", "packet"), ("unix", "unix"),
                       ("netlink", "netlink")):
        with open(f"/proc/{pid}/net/{name}", encoding="ascii") as f:
            words = set(f.read().split())
        found = rest & words
        if found:
            kinds.add(kind)
        rest -= found
    check(not rest, "sockets of an unknown kind:", rest)
    return kinds


def tcp_states(lab, pid):
    return {"tcp established" for r in table(lab, pid, "tcp") if r[3] == "01"}


@case(PROCESSES)
def files_are_closed(lab):
    """Keys and databases are for their owner alone; the control socket for its group."""
    s = lab.serve(users=["alice"])
    owner = int(status(roles(s)["record"])["Uid"].split()[0])
    for path, uid in ((f"{ROOT}/vault.key", 0), (f"{s.state}/accounts.db", owner),
                      (f"{s.state}/history.db", owner)):
        st = os.stat(path)
        equal((st.st_uid, st.st_mode & 0o077), (uid, 0), path, "owner and others' rights:")
    for path in (s.state, s.run_dir):
        st = os.stat(path)
        equal((st.st_uid, st.st_mode & 0o022), (0, 0), path, "owner and others' rights:")
    equal(os.stat(f"{s.run_dir}/control.sock").st_mode & 0o007, 0, "control.sock")


@case(PROCESSES)
def control_socket_refuses_others(lab):
    """U08: a user who may not ask is told so by rrasctl, and what to do; root goes on."""
    s = lab.serve(users=["alice"])
    os.chmod(ROOT, 0o755)
    path = f"{s.run_dir}/control.sock"

    def ask(*argv, uid=OTHER_UID, gid=OTHER_UID, groups=()):
        with lab.server.inside():
            return subprocess.run([lab.rrasctl, "--socket", path, *argv], capture_output=True,
                                  text=True, user=uid, group=gid, extra_groups=list(groups),
                                  timeout=20, check=False)
    for argv in (["status"], ["sessions"], ["user", "list"], ["disconnect", "--user", "alice"],
                 ["--json", "status"]):
        done = ask(*argv)
        equal(done.returncode, 2, argv, done.stdout, done.stderr)
        check("does not let you in" in done.stderr + done.stdout and
              "root" in done.stderr + done.stdout, argv, done.stdout, done.stderr)
    # the file's mode is not all that stands between
    mode = os.stat(path).st_mode & 0o777
    os.chmod(path, 0o666)
    done = ask("user", "list")
    equal(done.returncode, 2, done.stdout, done.stderr)
    check("does not let you in" in done.stderr, done.stdout, done.stderr)
    os.chmod(path, mode)
    # its group may
    gid = os.stat(path).st_gid
    if gid:
        equal(ask("status", groups=[gid]).returncode, 0, "a member of the group")
    # root of the host is always let in, and nobody was kept out by the refused ones
    equal(s.ctl("status")["status"], 0)
    lab.connect("alice")


@case(PROCESSES)
def secrets_stay_in_the_vault(lab):
    """U06: the vault's pool is locked and in no core file; no password and no hash is stored."""
    s = lab.serve(users=["alice"])
    lab.connect("alice")
    pid = roles(s)["vault"]
    if lab.memory_is_ours("locked memory of the vault"):
        with open(f"/proc/{pid}/smaps", encoding="ascii", errors="replace") as f:
            flags = [x.splitlines()[0].split() for x in f.read().split("VmFlags:")[1:]]
        check(any("lo" in x for x in flags), "nothing is locked in the vault's memory")
        check(any("lo" in x and "dd" in x for x in flags), "it would be in a core file")
    with open(f"{s.state}/accounts.db", "rb") as f, open(f"{s.state}/accounts.db-wal", "rb") as w:
        stored = f.read() + w.read()
    check(b"alice" in stored, "the account is not there")
    nt = bytes.fromhex(nt_hash(PASSWORD))
    for what in (PASSWORD.encode(), PASSWORD.encode("utf-16-le"), nt, nt.hex().encode()):
        check(what not in stored, "in clear in accounts.db:", what)


def nt_hash(password):
    """MD4 of the password in UTF-16LE, by the openssl command's legacy provider."""
    done = subprocess.run(["openssl", "dgst", "-md4", "-provider", "legacy", "-provider", "default",
                           "-r"], input=password.encode("utf-16-le"), capture_output=True,
                          check=True, timeout=10)
    return done.stdout.split()[0].decode()


@case(PROCESSES)
def roles_end_with_the_monitor_and_alone(lab):
    """The terminal's signals are the monitor's affair; a role's end is not the others'."""
    s = lab.serve(users=["alice"])
    lab.connect("alice")
    pids = roles(s)
    for pid in pids.values():
        for signo in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
            os.kill(pid, signo)
    equal(roles(s), pids, "a role ended by a signal that is not for it:")
    s.stop()
    equal([p for p in pids.values() if os.path.exists(f"/proc/{p}/exe")], [], "they live on:")


@case(PROCESSES)
def sandbox_can_be_switched_off(lab):
    """The setting for debugging does what it says, and nothing else changes."""
    s = lab.serve(conf(server="sandbox no"), users=["alice"])
    lab.connect("alice")
    equal({status(p)["Uid"].split()[0] for p in roles(s).values()}, {"0"})


@case(PROCESSES)
def a_role_started_again_is_closed_too(lab):
    """What holds at the start holds for a role that was brought back."""
    s = lab.serve(users=["alice"])
    before = roles(s)
    os.kill(before["net 0"], 9)
    os.kill(before["vault"], 9)

    def back():
        pids, _ = s.role_pids()
        return len(pids) == 5 and all(pids[n] != before[n] for n in ("net 0", "vault")) and pids
    pids = wait_for(back, "net and vault are started again")
    for name in ("net 0", "vault"):
        st = status(pids[name])
        equal((st["NoNewPrivs"], st["Groups"].split(), set(caps(st).values())), ("1", [], {0}))
        check(st["Uid"].split()[0] == status(pids[name])["Gid"].split()[0] != "0", st["Uid"])
        equal(os.listdir(f"/proc/{pids[name]}/root"), [], name, "root:")
    lab.connect("alice")


main()
