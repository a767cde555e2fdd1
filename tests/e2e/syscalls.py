#!/usr/bin/env python3
"""
A role that was broken into makes a system call that is not on its list: it is killed on the spot,
started anew, and what was on its way says why it ended. The call is put into the running role with
ptrace, where it waits for work.
"""
import ctypes
import os
import platform
import subprocess

from harness import (PASSWORD, SERVER4, case, check, equal, explained, main, wait_for)
from roles_common import back, connects, lives

ALONE = ("processes",)
PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_ATTACH, PTRACE_DETACH = 12, 13, 16, 17
SYSCALL = b"\x0f\x05"
OPEN, SOCKET, EXECVE, MMAP, PTRACE = 2, 41, 59, 9, 101
PROT_EXEC, MAP_ANONYMOUS = 4, 0x22
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_ulong, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


class Regs(ctypes.Structure):
    """user_regs_struct of x86-64"""
    _fields_ = [(n, ctypes.c_ulonglong) for n in (
        "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss "
        "fs_base gs_base ds es fs gs").split()]


def ptrace(request, pid, data=None):
    if libc.ptrace(request, pid, None, data) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request} of {pid}")


def hold(pid):
    """Stops the role where it waits for work."""
    ptrace(PTRACE_ATTACH, pid)
    os.waitpid(pid, 0)


def inject(pid, number, *args):
    """The held role makes this system call when it is let go."""
    regs = Regs()
    ptrace(PTRACE_GETREGS, pid, ctypes.byref(regs))
    with open(f"/proc/{pid}/mem", "rb") as f:
        f.seek(regs.rip - len(SYSCALL))
        check(f.read(len(SYSCALL)) == SYSCALL, "it does not stand behind a system call")
    regs.rip -= len(SYSCALL)
    regs.rax, regs.orig_rax = number, 2**64 - 1
    for name, value in zip(("rdi", "rsi", "rdx", "r10", "r8", "r9"), args):
        setattr(regs, name, value)
    ptrace(PTRACE_SETREGS, pid, ctypes.byref(regs))
    ptrace(PTRACE_DETACH, pid)


def killed_for(s, role, number, *args):
    pids, n = s.role_pids()
    at = s.n_lines()
    hold(pids[role])
    inject(pids[role], number, *args)
    name, _, index = role.partition(" ")
    s.wait_line(rf"rrasd: {name} {index or 0} ended: killed for a system call that is not on its "
                r"list \(SIGSYS\)", after=at)
    back(s, role, pids[role], n[role] + 1)


@case(placements=ALONE)
def every_role_is_killed_and_comes_back(lab):
    """socket and execve in each role; open where no file is; memory that can be executed."""
    if platform.machine() != "x86_64":
        print("    [x86-64 registers only: nothing was injected]")
        return
    s = lab.serve(users=["alice"])
    for role, call in (("aaa", (SOCKET, 2, 1, 0)), ("vault", (OPEN, 0, 0, 0)),
                       ("record", (SOCKET, 2, 1, 0)), ("net 0", (SOCKET, 2, 1, 0)),
                       ("net 1", (EXECVE, 0, 0, 0)), ("aaa", (PTRACE, 0, 0, 0)),
                       ("vault", (MMAP, 0, 4096, PROT_EXEC, MAP_ANONYMOUS, 2**64 - 1, 0)),
                       ("record", (EXECVE, 0, 0, 0))):
        killed_for(s, role, *call)
    d = connects(lab, "alice")
    lives(lab, d, "all roles were killed")


def switches(pid):
    """How often the process has gone to sleep by itself."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        return int(next(x for x in f if x.startswith("voluntary_ctxt")).split()[1])


def waits_for(lab, role, cause):
    """A log-in waits for a role that then makes a forbidden call: the trail names the reason."""
    s = lab.serve(users=["alice"])
    pids, _ = s.role_pids()
    # the vault signs TLS too: it falls behind an aaa that holds the question back
    hold(pids["aaa"])
    dialling = lab.client.start(lab.rasdial, SERVER4, "--user", "alice", "--password-file", "-",
                                "--ca", lab.ca, "--name", f"list-{role}", stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    dialling.stdin.write(PASSWORD + "\n")
    dialling.stdin.close()
    for line in dialling.stdout:
        if line.startswith("The server answered"):
            break
    if role == "aaa":
        inject(pids["aaa"], SOCKET, 2, 1, 0)
    else:
        hold(pids[role])
        before = switches(pids["aaa"])
        ptrace(PTRACE_DETACH, pids["aaa"])
        wait_for(lambda: switches(pids["aaa"]) > before, "aaa has asked and waits")
        inject(pids[role], SOCKET, 2, 1, 0)
    said = dialling.stderr.read()
    dialling.stdout.close()
    dialling.stderr.close()
    check(dialling.wait(20) != 0, "it connected")
    check("Error 691" in said, said)

    def names_the_reason():
        _, d = explained(s, cause, 1, 645, shown=691, user="alice")
        return "not on its list" in " ".join([f["text"] for f in d["facts"]] + d["evidence"])
    wait_for(names_the_reason, f"the trail names what {role} did")
    back(s, role, pids[role])
    connects(lab, "alice")


@case(placements=ALONE)
def attempt_waits_for_the_vault(lab):
    """internal.vault-down"""
    if platform.machine() == "x86_64":
        waits_for(lab, "vault", "internal.vault-down")


@case(placements=ALONE)
def attempt_waits_for_aaa(lab):
    """internal.aaa-down"""
    if platform.machine() == "x86_64":
        waits_for(lab, "aaa", "internal.aaa-down")


@case(placements=ALONE)
def session_of_a_worker(lab):
    """internal.worker-died"""
    if platform.machine() != "x86_64":
        return
    s = lab.serve(users=["alice"])
    lab.connect("alice")
    killed_for(s, f"net {s.session(account='alice')['worker']}", SOCKET, 2, 1, 0)
    _, d = explained(s, "internal.worker-died", 0, 629, user="alice")
    check("not on its list" in " ".join(d["evidence"] + [f["text"] for f in d["facts"]]), d)
    wait_for(lambda: not lab.connections(), "the client lets go")
    lab.dials.clear()
    equal(connects(lab, "alice", name="again").status, 0)


main()
