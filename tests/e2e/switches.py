#!/usr/bin/env python3
"""
The switches of the server, thrown while it runs, and rrasctl that throws them: reload, set, ports,
log, check, and who may use them. R39 R40 R51 R52 R56 R57 U05 U07 U08.
"""
import grp
import json
import os
import signal
import subprocess

from harness import (EXIT, ROOT, case, check, conf, equal, main, ping, wait_for)


def ports(s):
    return {r["tunnel"]: r for r in s.ctl("ports")["rows"]}


def reload(s, text):
    s.write_conf(text)
    return s.ctl("reload")


def refused_with(lab, s, user, cause, error):
    """The call is refused, and both ends know why."""
    before = {r["id"] for r in s.ctl("attempts", "--limit", "400")["rows"]}
    d = lab.dial(user)
    check(not d.connected and d.status != 0, d.text())
    row = wait_for(lambda: next((r for r in s.ctl("attempts", "--user", user)["rows"]
                                 if r["ended"] and r["id"] not in before), None), cause)
    equal((row["cause"], row["ras_error"]), (cause, error), d.text())
    told = s.ctl("diagnose", row["id"])
    check(told["fix_on_server"] or told["fix_on_client"], told)
    return told


@case()
def ports_are_set_live(lab):
    """R52 R56 R57: 128 by default; set counts at once, ends nobody, stays; 0 closes the type."""
    s = lab.serve(users=["alice", "bob", "carol"])
    rows = ports(s)
    equal(sorted(rows), ["ikev2", "l2tp", "pptp", "sstp"])
    equal({t: r["offered"] for t, r in rows.items()},
          {"ikev2": False, "l2tp": False, "pptp": False, "sstp": True}, "R40:")
    equal((rows["sstp"]["limit"], rows["sstp"]["used"], rows["sstp"]["free"]), (128, 0, 128), "R56:")
    check("not offered" in s.ctl_raw("ports").stdout, s.ctl_raw("ports").stdout)

    equal(s.ctl("ports", "set", "sstp", "1")["generation"], 2)
    up = lab.connect("alice")
    refused_with(lab, s, "bob", "capacity.no-free-port", 649)
    sstp = ports(s)["sstp"]
    equal((sstp["limit"], sstp["used"], sstp["free"], sstp["refused"]), (1, 1, 0, 1), "R52:")
    s.ctl("ports", "set", "sstp", "2")
    lab.connect("bob")
    equal(ports(s)["sstp"]["used"], 2)

    s.ctl("ports", "set", "sstp", "0")
    refused_with(lab, s, "carol", "server.tunnel-type-off", 649)
    equal((ports(s)["sstp"]["enabled"], ports(s)["sstp"]["used"]), (False, 2), "R57:")
    check(ping(lab.client, up.server_address), "who is connected stays")
    off = [c for c in s.ctl("check", "tunnels", ok=False)["checks"] if c["id"] == "tunnels.sstp"]
    equal(off[0]["result"], "fail", off)

    s.stop()
    again = lab.serve(None, after=s)    # the file says nothing of ports: the override stays
    equal((ports(again)["sstp"]["limit"], ports(again)["sstp"]["enabled"]), (0, False))
    equal(lab.dial("carol").status, EXIT["unreachable"], "closed at the start: no listener")
    again.ctl("set", "--unset", "sstp.ports")
    equal(ports(again)["sstp"]["limit"], 128)
    lab.connect("carol")
    for argv, status in ((("ports", "set", "pptp", "3"), 3), (("ports", "set", "sstp", "x"), 1),
                         (("ports", "set", "sstp", "70000"), 3), (("ports", "set", "foo", "1"), 1)):
        equal(again.ctl_raw(*argv).returncode, status, argv)
    equal(ports(again)["sstp"]["limit"], 128)


@case()
def switches_by_set(lab):
    """R39 R40 R51: each switch is thrown without a restart, on and off again."""
    s = lab.serve(conf(sstp="enabled no"), users=["alice", "bob"])
    equal(lab.dial("alice").status, EXIT["unreachable"], "off at the start: no listener")
    s.ctl("set", "sstp.enabled", "yes")
    up = lab.connect("alice")
    for key, cause, error in (("server.remote-access", "server.remote-access-off", 649),
                              ("sstp.enabled", "server.tunnel-type-off", 649),
                              ("server.ipv4", "server.ip-off", 720)):
        s.ctl("set", key, "no")
        refused_with(lab, s, "bob", cause, error)
        check(ping(lab.client, up.server_address), key, "ended a session")
        s.ctl("set", key, "yes")
    lab.connect("bob")
    rows = {r["key"]: (r["override"], r["file"]) for r in s.ctl("config", "diff")["rows"]}
    equal(rows, {"sstp.enabled": ("yes", "no"), "server.remote-access": ("yes", "yes"),
                 "server.ipv4": ("yes", "yes")})


@case()
def set_is_checked_before_it_is_taken(lab):
    """Wrong names and values are refused with the reason, and nothing has changed."""
    s = lab.serve(users=["alice"])
    path = f"{s.state}/overrides.conf"
    for argv, status, words in (
            (("sstp.port", "3"), 1, "sstp.ports"), (("ports", "3"), 1, "sstp.ports"),
            (("sstp.ports", "many"), 3, "overrides.conf:"), (("sstp.ports", "99999"), 3, "65535"),
            (("pool.nowhere.range", "10.1.0.1 - 10.1.0.9"), 3, "no such block"),
            (("pool.range", "10.1.0.1 - 10.1.0.9"), 1, "pool.NAME.range"),
            (("server.state-directory", "/x"), 1, "file only"),
            (("sstp.certificate", "/none.pem"), 3, "none.pem"),
            (("--unset", "sstp.ports"), 4, "not overridden")):
        done = s.ctl_raw("set", *argv)
        equal(done.returncode, status, argv, done.stderr)
        check(words in done.stderr, argv, done.stderr)
        check(not os.path.exists(path), argv, "left something")
    # what only the daemon finds is taken back too
    key = s.ctl("set", "sstp.hello", "7s")
    equal(key["generation"], 2)
    before = open(path, encoding="utf-8").read()
    os.rename(f"{ROOT}/vault.key", f"{ROOT}/vault.key.away")
    done = s.ctl_raw("set", "sstp.hello", "8s")
    os.rename(f"{ROOT}/vault.key.away", f"{ROOT}/vault.key")
    equal(done.returncode, 3, done.stderr)
    check("vault.key" in done.stderr and "nothing has changed" in done.stderr, done.stderr)
    equal(open(path, encoding="utf-8").read(), before)
    # lists, names with blanks
    s.ctl("set", "pool.office.range", "10.99.0.1 - 10.99.0.30")
    s.ctl("set", "pool.office.dns", "10.80.0.2", "10.80.0.3")
    equal(s.ctl("pools")["rows"][0]["size"] if "size" in s.ctl("pools")["rows"][0] else 29, 29)
    lab.connect("alice")
    # an override whose block is gone is named and harms nobody
    told = reload(s, conf(pool="pool other { range 10.99.0.1 - 10.99.0.20 }"))
    check(any("office" in line and "no pool" in line.replace('"', "") for line in told["lines"]),
          told)
    check(any(r["file"] is None for r in s.ctl("config", "diff")["rows"]), s.ctl("config", "diff"))


@case()
def reload_answers(lab):
    """The generation, or file, line and remedy; an error changes nothing."""
    s = lab.serve(users=["alice"])
    equal(reload(s, conf(sstp="ports 5"))["generation"], 2)
    equal(ports(s)["sstp"]["limit"], 5)
    s.write_conf("server {\n    worker 2\n}\n")
    done = s.ctl_raw("reload")
    equal(done.returncode, 3)
    check("rrasd.conf:2:5" in done.stderr and "workers" in done.stderr, done.stderr)
    check("old configuration is in force" in done.stderr, done.stderr)
    answer = s.ctl("reload", ok=False)
    equal((answer["ok"], answer["generation"]), (False, 2))
    check(any("rrasd.conf:2:5" in line for line in answer["lines"]), answer)
    s.write_conf(conf().replace("@pki@/vpn.example.pem", f"{ROOT}/none.pem"))
    answer = s.ctl("reload", ok=False)
    check(any("none.pem" in line for line in answer["lines"]), "a child's words:", answer)
    equal(ports(s)["sstp"]["limit"], 5)
    lab.connect("alice")
    told = reload(s, conf().replace("workers 2", "workers 3"))["lines"]
    check(any("restart" in line and "workers" in line for line in told), told)
    s.stop()
    equal(s.ctl_raw("reload").returncode, 2)


@case(placements=("processes",))
def others_files_are_not_believed(lab):
    """U07: an include or an override that others may write."""
    s = lab.serve(conf(more=f"include {ROOT}/extra.conf\n").replace(
        f"include {ROOT}/extra.conf", ""), users=["alice"])
    extra = f"{ROOT}/extra.conf"
    with open(extra, "w", encoding="utf-8") as f:
        f.write("dns 10.80.0.2\n")
    text = conf(more=f'include "{extra}"')
    reload(s, text)
    for uid, mode, word in ((65534, 0o644, "65534"), (0, 0o666, "chmod"), (0, 0o664, "chmod")):
        os.chown(extra, uid, 0)
        os.chmod(extra, mode)
        answer = s.ctl("reload", ok=False)
        check(not answer["ok"] and any(word in x and extra in x for x in answer["lines"]), answer)
    os.chmod(extra, 0o644)
    reload(s, text)
    s.ctl("set", "sstp.hello", "9s")
    os.chmod(f"{s.state}/overrides.conf", 0o666)
    answer = s.ctl("reload", ok=False)
    check(any("overrides.conf" in x and "chmod" in x for x in answer["lines"]), answer)


class Follower:
    """rrasctl log --follow, read line by line."""

    def __init__(self, lab, s, *argv):
        self.p = lab.server.start(lab.rrasctl, "--socket", f"{s.run_dir}/control.sock", "--json",
                                  "log", "--follow", *argv, stdout=subprocess.PIPE, text=True)
        lab.ends.append(self.end)

    def next(self, **want):
        """The next row that is as wanted; a row that never comes runs into the file's time."""
        while True:
            line = self.p.stdout.readline()
            check(line, "the log ended before", want)
            row = json.loads(line)
            if all(row.get(k) == v if k != "says" else v in row.get("text", "")
                   for k, v in want.items()):
                return row

    def end(self):
        if self.p.poll() is None:
            self.p.terminate()
        self.p.wait(5)
        self.p.stdout.close()


@case()
def log_follows(lab):
    """What happens is told as it happens: attempts, reloads, roles; with filters; U05."""
    s = lab.serve(users=["alice", "bob"])
    everything = Follower(lab, s)
    bobs = Follower(lab, s, "--user", "bob")
    everything.next(kind="event", says="ready:")
    d = lab.connect("alice")
    up = everything.next(kind="up", user="alice")
    equal(up["address"], d.address)
    lab.dial("bob", password="guess")
    end = bobs.next()
    while end["kind"] != "ended":
        end = bobs.next()
    equal((end["user"], end["cause"]), ("bob", "account.wrong-password"))
    s.ctl("reload")
    everything.next(kind="event", says="reloaded, generation 2")
    evil = "eve\n2026 rrasd: alice is root\x1b[2J\u202e"
    lab.dial(evil)
    everything.next(kind="ended", user=evil)
    text = s.ctl_raw("log").stdout
    check("\x1b" not in text and "\u202e" not in text and "\\x1b[2J" in text, text)
    check(not any(x.startswith("2026 rrasd: alice") for x in text.splitlines()), text)
    for argv in (("attempts",), ("sessions",)):
        text = s.ctl_raw(*argv).stdout
        check("\x1b" not in text and "\u202e" not in text, argv, text)
    if not lab.one_process:
        pid = s.role_pids()[0]["vault"]
        os.kill(pid, signal.SIGKILL)
        everything.next(kind="event", says="vault 0 ended")
        everything.next(kind="event", says="vault 0 runs again")
    rows = s.ctl("log", "--events")["rows"]
    check(rows and all(r["kind"] == "event" for r in rows), rows)
    rows = s.ctl("log", "--cause", "account.wrong-password")["rows"]
    equal([r["user"] for r in rows], ["bob"])
    equal(s.ctl_raw("log", "--cause", "no.such").returncode, 1)
    everything.end()                 # who goes away leaves nothing behind
    bobs.end()
    for _ in range(40):
        f = Follower(lab, s)
        f.next(kind="event")
        f.end()
    equal(s.ctl("status")["ok"], True)


@case(placements=("processes",))
def control_group(lab):
    """U08: a stranger is not let in; a member of the group is, to look only if that is set."""
    group = next(g for g in grp.getgrall() if g.gr_gid not in (0, 65534) and not g.gr_mem)

    def as_user(s, gid, *argv):
        program = f"{ROOT}/rrasctl"
        if not os.path.exists(program):
            subprocess.run(["install", "-m", "755", lab.rrasctl, program], check=True)
        return lab.server.run("setpriv", "--reuid", "65533", "--regid", str(gid), "--clear-groups",
                              program, "--socket", f"{s.run_dir}/control.sock", *argv, ok=False)
    for rights, may in (("look", 3), ("change", 0)):
        s = lab.serve(conf(server=f"control-group {group.gr_name}\ncontrol-rights {rights}"),
                      users=["alice"])
        done = as_user(s, 65533, "status")
        equal(done.returncode, 2, done.stderr)
        check("let you in" in done.stderr, done.stderr)
        done = as_user(s, group.gr_gid, "status")
        equal(done.returncode, 0, "a member may look:", done.stderr)
        done = as_user(s, group.gr_gid, "user", "set", "alice", "--disabled")
        equal(done.returncode, may, rights, done.stderr)
        check(may == 0 or "control-rights" in done.stderr, done.stderr)
        equal(s.ctl("user", "show", "alice")["user"]["enabled"], may != 0)
        equal(as_user(s, group.gr_gid, "reload").returncode, may)
        s.stop()
    s = lab.serve(users=["alice"])
    equal(as_user(s, group.gr_gid, "status").returncode, 2, "no group is set: root only")
    s.stop()
    s = lab.serve(conf(server="control-group no-such-group"))
    check("no such group" in s.log(), s.log())


@case()
def check_finds_what_is_missing(lab):
    """Each thing that the configuration names and that is not there, before anybody dials."""
    subprocess.run(["install", "-m", "644", f"{ROOT}/pki/vpn.example.key", f"{ROOT}/open.key"],
                   check=True)
    s = lab.serve(conf(
        server="control-group no-such-group", authentication="methods mschapv2 chap", more=f"""
        policy "All" {{ access grant }}
        policy "Few" {{ group Ghosts Staff\n access deny }}
        certificate "other" {{ chain @pki@/vpn.example.pem\n key {ROOT}/open.key\n name x.example }}
        web blog {{ name blog.example\n forward 10.80.0.1:8080 }}"""), users=["bob"])
    s.ctl("group", "add", "staff")
    os.chmod(s.conf_path, 0o666)
    found = {}
    for c in s.ctl("check", ok=False)["checks"]:
        found.setdefault(c["id"], []).append(c)
    for name, result, words in (
            ("policy.shadowed", "warn", "Few"), ("policy.groups", "warn", "Ghosts"),
            ("authentication.reversible", "warn", "CHAP"), ("web.forward", "fail", "refused"),
            ("server.control-group", "warn", "no-such-group"), ("files.keys", "fail", "open.key"),
            ("files.config", "fail", "rrasd.conf"), ("files.space", "ok", "MiB")):
        check(name in found, name, list(found))
        equal(found[name][0]["result"], result, found[name])
        check(words in found[name][0]["what"], name, found[name])
        check(result == "ok" or found[name][0]["remedy"], "no remedy:", found[name])
    check("Staff" not in found["policy.groups"][0]["what"], "groups have no case")


@case(placements=("processes",))
def completion_in_bash(lab):
    """Commands, options, settings and user names, asked of rrasctl itself."""
    s = lab.serve(users=["alice", "albert", "bob"])
    s.ctl("set", "sstp.ports", "5")

    def complete(*words):
        script = f"""
            source {lab.source}/completion/rrasctl
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
            _rrasctl
            printf '%s\\n' "${{COMPREPLY[@]}}" """
        done = lab.server.run("bash", "--norc", "-c", script, "bash", lab.rrasctl, "--socket",
                              f"{s.run_dir}/control.sock", "--config", s.conf_path, *words)
        return done.stdout.split()
    for words, want in ((("re",), ["reload"]), (("user", "sh"), ["show"]),
                        (("user", "show", "al"), ["albert", "alice"]),
                        (("user", "show", ""), ["albert", "alice", "bob"]),
                        (("sessions", "--user", "b"), ["bob"]),
                        (("set", "sstp.po"), ["sstp.ports"]), (("set", "--unset", ""), ["sstp.ports"]),
                        (("log", "--fo"), ["--follow"]), (("config", "d"), ["diff"]),
                        (("ports", "set", ""), ["sstp"]), (("ports", "s"), ["set"])):
        equal(sorted(complete(*words)), want, words)
    check({"status", "set", "log", "user"} <= set(complete("")), complete(""))
    check("certificate" in complete("check", "cert"), complete("check", "cert"))


main()
