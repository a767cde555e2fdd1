#!/usr/bin/env python3
"""
The account model from end to end: locked, logon hours, expired and must-change passwords, each named
at both ends. R33 R34 R35 R36 R37, B01 B02 B04 B05.
"""
from harness import EXIT, PASSWORD, case, check, conf, equal, explained, main, refused

REFUSED = ("account.refused-by-server", 691, "credentials")
EXPIRED = ("account.password-expired", 648, "account")


@case()
def states_of_an_account(lab):
    """R33 B05: locked (36), logon hours (37), each with its number; over PAP the number is 691."""
    s = lab.serve(conf(authentication="methods mschapv2 pap"))
    s.add_user("locked", "--dialin", "allow", "--locked")
    s.add_user("never", "--dialin", "allow", "--hours", "never")
    s.add_user("always", "--dialin", "allow", "--hours", "Mo-Su 00:00-24:00")
    refused(lab.dial("locked"), "account.disabled", 647, "account")
    explained(s, "account.locked", 36, 647, user="locked")
    refused(lab.dial("never"), "account.logon-hours", 646, "account")
    _, d = explained(s, "account.logon-hours", 37, 646, user="never")
    check("Its logon hours are never" in " ".join(d["evidence"]), d["evidence"])
    lab.connect("always")
    # the number that the user saw, in the list as well
    refused(lab.dial("never", "--auth", "pap"), *REFUSED)
    row, _ = explained(s, "account.logon-hours", 37, 646, shown=691, user="never", method="pap")
    equal(row["ras_error"], 691)
    rows = s.ctl("attempts", "--error", "646")["rows"]
    equal([r["method"] for r in rows], ["mschapv2"])
    # lifted and set by set, and shown
    s.ctl("user", "set", "locked", "--unlocked", "--hours", "always")
    s.ctl("user", "set", "never", "--hours", "Mo-Su", "--route", "192.0.2.0/24", "--route",
          "198.51.100.64/26")
    user = s.ctl("user", "show", "never")["user"]
    equal(user["routes"], ["192.0.2.0/24", "198.51.100.64/26"])
    equal((user["hours"], user["locked"], user["must_change"]), ("Mo-Su", False, False))
    lab.connect("locked")
    lab.connect("never")


@case()
def attributes_that_are_wrong(lab):
    """U: an attribute that makes no sense is refused with a text, and nothing is changed."""
    s = lab.serve(users=["anna"])
    for options, words in ((("--hours", "Mo 25:00-26:00"), "08:00-18:00"),
                           (("--hours", "Xx"), "Mo Tu We"),
                           (("--password-expires", "tomorrow"), "YYYY-MM-DD"),
                           (("--route", "300.0.0.0/8"), "prefix"),
                           (("--dialin", "perhaps"), "allow, deny or policy")):
        done = s.ctl_raw("user", "set", "anna", *options)
        equal(done.returncode, EXIT["usage"], options)
        check(words in done.stderr, options, done.stderr)
    # the daemon checks what a program of its own sends
    for request in ('"hours":"Xx"', '"routes":["x"]', '"routes":[' + ",".join(
            '"192.0.2.0/24"' for _ in range(9)) + "]", '"address":"1.2.3"'):
        done = lab.server.run("python3", "-c", "import socket,sys\n"
                              "s=socket.socket(socket.AF_UNIX)\n"
                              f"s.connect('{s.run_dir}/control.sock')\n"
                              "s.sendall((sys.argv[1]+'\\n').encode())\n"
                              "print(s.makefile().readline())",
                              '{"cmd":"user set","name":"anna",' + request + "}")
        check('"ok":false' in done.stdout.replace(" ", ""), request, done.stdout)
    equal(s.ctl("user", "show", "anna")["user"]["hours"], "")


@case()
def expired_without_a_way_to_change(lab):
    """R35 R36: PAP just fails with 33; an administrator's is reset by another one."""
    s = lab.serve(conf(authentication="methods mschapv2 pap"))
    s.ctl("group", "add", "Administrators")
    s.add_user("old", "--dialin", "allow", "--password-expires", "2020-02-29")
    s.add_user("chief", "--dialin", "allow", "--password-expires", "2020-02-29", "--group",
               "administrators")
    refused(lab.dial("old", "--auth", "pap"), *REFUSED)
    _, d = explained(s, "account.password-expired", 33, 648, shown=691, user="old")
    check("Only MS-CHAPv2 permits" in d["means"].replace("\n", " "), d["means"])
    check("2020-02-29" in " ".join(d["evidence"]), d["evidence"])
    refused(lab.dial("chief"), *EXPIRED)
    _, d = explained(s, "account.administrator-password-expired", 33, 648, user="chief")
    check("another administrator" in d["means"].replace("\n", " "), d["means"])
    # R36: another administrator resets it, and the date of the old password is gone with it
    s.ctl("user", "passwd", "chief", "--password-file", "-", stdin="Another-456\n")
    lab.connect("chief", password="Another-456")
    s.add_user("fresh", "--dialin", "allow", "--must-change")
    refused(lab.dial("fresh"), *EXPIRED)
    explained(s, "account.password-must-change", 33, 648, user="fresh")
    s.ctl("user", "set", "fresh", "--no-must-change")
    lab.connect("fresh", password=PASSWORD)


main()
