#!/usr/bin/env python3
"""
R106: each reason for a refusal, made for real. For each: rasdial is refused with its number and
exit status, the server's record has cause and NPS reason, and rrasctl diagnose names the cause and a
fix. R32 R33 R40 R41 R43 R44 R51 R60 R107.
"""
import concurrent.futures
import os
import ssl
import subprocess
import threading
import time

from harness import (EXIT, PASSWORD, ROOT, SERVER4, case, check, conf, equal, explained, main,
                     refused)

REFUSED = ("account.refused-by-server", 691, "credentials")
NO_PERMISSION = ("policy.refused-by-server", 649, "policy")
NO_PROTOCOL = ("ppp.no-network-protocol", 720, "addresses")

POLICIES = """
policy "Only MS-CHAPv2" { group strict
    access grant
    allow-methods mschapv2 }
policy "Not at night" { group sleepers
    access deny }
policy "Staff" { group staff
    access grant }
"""


def together(calls):
    """Runs the calls, three at a time: a refusal takes a second, nearly all of it waiting."""
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(c) for c in calls]:
            done.result()


def one(lab, s, at_client, cause, nps, error, user, *options, policy=None, stage="AUTHENTICATE",
        **more):
    """One attempt, and all four things that R106 asks for. The diagnosis is returned."""
    d = lab.dial(user, *options, **more)
    refused(d, *at_client)
    row, diagnosis = explained(s, cause, nps, error, shown=d.error, user=user)
    equal(row["stage"], stage, cause, "came to:")
    check(row["peer"].startswith("203.0.113.2:"), row)
    if policy is not None:
        equal(row["policy"], policy, cause, "R44 policy:")
        equal(diagnosis["policy"], policy, cause, "R44 policy:")
    # R107: one identifier in both records, so that the two ends can be compared
    check(diagnosis["correlation"], "no correlation identifier", diagnosis)
    return diagnosis


@case()
def credentials_and_accounts_are_refused(lab):
    """R32 R33: password, name, domain, state of the account; by each method."""
    s = lab.serve(conf(authentication="methods mschapv2 chap pap\n domain OFFICE",
                       sstp="half-open-per-source 100"))
    for method in ("mschapv2", "chap", "pap"):
        s.add_user(f"wrong-{method}", "--dialin", "allow", "--reversible")
    s.add_user("off", "--dialin", "allow", "--disabled")
    s.add_user("off-pap", "--dialin", "allow", "--disabled")
    s.add_user("late", "--dialin", "allow", "--expires", "2020-02-29")
    s.add_user("hash-only", "--dialin", "allow")
    s.add_user("elsewhere", "--dialin", "allow", "--caller-id", "192.0.2.1")
    s.ctl("user", "add", "nopass", "--dialin", "allow", "--no-password")
    together([
        *[lambda m=m: one(lab, s, REFUSED, "account.wrong-password", 16, 691, f"wrong-{m}",
                          "--auth", m, password="guess") for m in ("mschapv2", "chap", "pap")],
        lambda: one(lab, s, REFUSED, "account.unknown", 8, 691, "nobody"),
        lambda: one(lab, s, REFUSED, "account.unknown", 8, 691, "nobody-pap", "--auth", "pap"),
        lambda: one(lab, s, REFUSED, "account.unknown-domain", 7, 691, "ELSEWHERE\\alice"),
        lambda: one(lab, s, ("account.disabled", 647, "account"), "account.disabled", 34, 647,
                    "off"),
        # R33: the code that the method can carry, and PAP can carry none
        lambda: one(lab, s, REFUSED, "account.disabled", 34, 647, "off-pap", "--auth", "pap"),
        lambda: one(lab, s, REFUSED, "account.expired", 35, 691, "late"),
        lambda: one(lab, s, REFUSED, "account.no-reversible-password", 19, 691, "hash-only",
                    "--auth", "chap"),
        lambda: one(lab, s, REFUSED, "account.no-password", 16, 691, "nopass"),
        lambda: one(lab, s, NO_PERMISSION, "policy.wrong-calling-station", 67, 649, "elsewhere"),
    ])
    equal(s.sessions(), [], "sessions:")


@case()
def unicode_names_that_do_not_fit(lab):
    """R27: a name in a code page where UTF-8 is agreed; the record shows it escaped."""
    s = lab.serve(conf(authentication="methods mschapv2"))
    s.add_user("jürgen")
    d = lab.client.run(lab.rasdial, SERVER4, "--user", os.fsdecode(b"j\xfcrgen"), "--password-file", "-", "--ca",
                       lab.ca, "--name", "ansi", stdin=PASSWORD + "\n", ok=False)
    check(d.returncode == EXIT["credentials"], d.returncode, d.stdout, d.stderr)
    check("Error 691" in d.stderr, d.stderr)
    row, diagnosis = explained(s, "account.name-encoding", 8, 691)
    check("rgen" in row["user"] and "ü" not in row["user"], row["user"])
    check("UTF-8" in " ".join([diagnosis["means"], *diagnosis["fix_on_server"],
                              *[f["text"] for f in diagnosis["findings"]]]), diagnosis)


@case()
def policies_refuse(lab):
    """R41 R43 R44: (a) no policy, (b) no permission, (c) constraint, (d) dial-in property."""
    s = lab.serve(conf(authentication="methods mschapv2 pap", more=POLICIES))
    for group in ("strict", "sleepers", "staff"):
        s.ctl("group", "add", group)
    s.add_user("nogroup", "--dialin", "policy")
    s.add_user("sleeper", "--dialin", "policy", "--group", "sleepers")
    s.add_user("denied", "--dialin", "deny", "--group", "staff")
    s.add_user("strict", "--dialin", "policy", "--group", "strict")
    s.add_user("strict2", "--dialin", "policy", "--group", "strict")
    s.add_user("allowed", "--dialin", "allow")
    s.add_user("staff", "--dialin", "policy", "--group", "staff")

    def method():
        d = one(lab, s, REFUSED, "policy.method-not-allowed", 66, 812, "strict", "--auth", "pap",
                policy="Only MS-CHAPv2")
        seen = " ".join(d["evidence"])
        check("Server: mschapv2, pap" in seen or "Server: mschapv2 pap" in seen, seen)
        check("Policy: mschapv2." in seen and "Client: pap." in seen, "R41 three lists:", seen)

    def none():
        d = one(lab, s, NO_PERMISSION, "policy.none-matches", 48, 649, "nogroup", policy="")
        check(any("Only MS-CHAPv2" in f["text"] for f in d["facts"]), "R44:", d["facts"])
    together([
        none, method,
        lambda: one(lab, s, NO_PERMISSION, "policy.none-matches", 48, 649, "allowed", policy=""),
        lambda: one(lab, s, NO_PERMISSION, "policy.denies", 65, 649, "sleeper",
                    policy="Not at night"),
        lambda: one(lab, s, NO_PERMISSION, "policy.account-denies", 65, 649, "denied",
                    policy="Staff"),
    ])
    # the same server lets in whom it should, by what the policy allows
    for user, options in (("staff", ("--auth", "pap")), ("strict2", ("--auth", "mschapv2"))):
        lab.connect(user, *options)
    # R92: the engine says beforehand what it will do
    for user, verdict, cause in (("nogroup", "deny", "policy.none-matches"), ("staff", "grant", ""),
                                 ("denied", "deny", "policy.account-denies")):
        e = s.ctl("policy", "explain", "--user", user)["decision"]
        equal((e["verdict"], e["cause"]), (verdict, cause), user)


@case()
def no_common_method(lab):
    """R41: error 919, reason 66, and the lists with nothing in common."""
    s = lab.serve(conf(authentication="methods mschapv2"), users=["alice"])
    refused(lab.dial("alice", "--auth", "pap,chap"), "ppp.no-common-authentication", 919, "policy")
    _, d = explained(s, "ppp.no-common-authentication", 66, 919)
    check("In common: none" in " ".join(d["evidence"]), d["evidence"])
    check("mschapv2" in " ".join(d["evidence"]), d["evidence"])


@case()
def switches_are_off(lab):
    """R40 R51: remote access as a whole, the tunnel type, IPv4."""
    s = lab.serve(conf(server="remote-access no"), users=["alice"])
    one(lab, s, NO_PERMISSION, "server.remote-access-off", 65, 649, "alice")
    checks = {c["id"]: c["result"] for c in s.ctl("check", ok=False)["checks"]}
    equal(checks.get("server.remote-access"), "fail", checks)
    s.stop()

    s = lab.serve(conf(server="ipv4 no"), users=["alice"])
    one(lab, s, NO_PROTOCOL, "server.ip-off", 0, 720, "alice", stage="LEASE")
    checks = {c["id"]: c["result"] for c in s.ctl("check", ok=False)["checks"]}
    equal(checks.get("server.ip"), "fail", checks)
    s.stop()

    s = lab.serve(conf(sstp="enabled no"))
    refused(lab.dial("alice"), "dial.port-closed", 800, "unreachable")
    answer = s.ctl("check", ok=False)
    off = [c for c in answer["checks"] if c["id"].startswith("tunnels") and c["result"] != "ok"]
    check(any("sstp" in (c["what"] + c["remedy"]).lower() for c in off), answer["checks"])


@case()
def tunnel_switched_off_while_it_listens(lab):
    """R40: enabled no by a reload: the listener is still open, and each call is refused."""
    s = lab.serve(users=["alice", "bob"])
    up = lab.connect("alice")
    at = s.n_lines()
    s.write_conf(conf(sstp="enabled no"))
    s.signal(1)
    s.wait_line("reloaded", after=at)
    d = lab.dial("bob")
    check(d.status in (EXIT["policy"], EXIT["unreachable"]) and not d.connected, d.text())
    if d.status == EXIT["policy"]:
        equal(d.error, 649)
        explained(s, "server.tunnel-type-off", 65, 649, user="bob")
    equal([r["address"] for r in s.sessions()], [up.address], "what was up stays:")


@case()
def nothing_free(lab):
    """R60: ports and pool exhausted; both are free again when somebody leaves."""
    s = lab.serve(conf(sstp="ports 1"), users=["alice", "bob"])
    up = lab.connect("alice")
    d = one(lab, s, NO_PERMISSION, "capacity.no-free-port", 0, 649, "bob")
    check("1 of 1" in " ".join(d["evidence"] + [f["text"] for f in d["facts"]]), d)
    lab.hang_up(up)
    s.no_session()
    lab.connect("bob")
    lab.hang_up_all()
    s.stop()

    s = lab.serve(conf(pool="pool tiny { range 10.99.0.1 - 10.99.0.2 }"), users=["alice", "bob"])
    up = lab.connect("alice")
    d = one(lab, s, NO_PROTOCOL, "address.pool-exhausted", 0, 720, "bob", stage="LEASE")
    seen = " ".join(d["evidence"])
    for word in ("tiny", "10.99.0.1", "10.99.0.2", "1 are leased"):
        check(word in seen, "R60:", word, "is not in", seen)
    lab.hang_up(up)
    s.no_session()
    equal(lab.connect("bob").address, "10.99.0.2")


# --- certificates: the client refuses, and the server learns of it from the alert -----------------

def openssl_cert(name, extensions, subject="/CN=vpn.example", dates=("250101000000Z",
                                                                    "20991231235959Z")):
    """A certificate of the test's own making, by the CA that clients trust."""
    key, csr, pem, ext = (f"{ROOT}/{name}.{x}" for x in ("key", "csr", "pem", "ext"))
    with open(ext, "w", encoding="ascii") as f:
        f.write("[v3]\n" + extensions)
    db = f"{ROOT}/{name}.db"
    os.makedirs(db, exist_ok=True)
    with open(f"{db}/index.txt", "w", encoding="ascii"):
        pass
    config = f"{db}/ca.conf"
    with open(config, "w", encoding="ascii") as f:
        f.write(f"[ca]\ndefault_ca=d\n[d]\ndatabase={db}/index.txt\nnew_certs_dir={db}\n"
                f"rand_serial=yes\ndefault_md=sha256\npolicy=p\nunique_subject=no\n"
                f"[p]\ncommonName=supplied\n")
    for argv in (["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                  "-subj", subject, "-keyout", key, "-out", csr],
                 ["ca", "-batch", "-notext", "-config", config, "-cert", f"{ROOT}/pki/ca.pem",
                  "-keyfile", f"{ROOT}/pki/ca.key", "-in", csr, "-out", pem, "-extfile", ext,
                  "-extensions", "v3", "-startdate", dates[0], "-enddate", dates[1]]):
        subprocess.run(["openssl", *argv], check=True, capture_output=True, timeout=30)
    return f"certificate {pem}\n key {key}"


SAN = f"subjectAltName=DNS:vpn.example,IP:{SERVER4}\n"
SERVER_AUTH = "extendedKeyUsage=serverAuth\n"
NO_CERT = """
server { vault-key @key@
    state-directory @state@
    run-directory @run@ }
sstp { %s }
"""


def certificate(lab, settings, cause, number, at_server, checked=None, ca=None, shown=None):
    """The client refuses the certificate; the server's record says so; check names what is wrong."""
    s = lab.serve(NO_CERT % settings, users=["alice"])
    d = lab.dial("alice", ca=ca)
    refused(d, cause, number, "certificate")
    check(any("certificate" in e.lower() for e in d.evidence), d.evidence)
    if at_server:
        explained(s, *at_server, shown=shown)
    if checked:
        checks = {c["id"]: c for c in s.ctl("check", "certificate", ok=False)["checks"]}
        equal(checks[checked]["result"], "fail", checked, checks[checked])
        check(checks[checked]["what"], checks[checked])
    equal(s.sessions(), [])
    s.stop()
    return d


AT_SERVER = ("tls.certificate-refused-by-client", 0, 0x800B0109)
GOOD = "certificate @pki@/vpn.example.pem\n key @pki@/vpn.example.key"


@case()
def certificate_root_not_trusted(lab):
    """R59: 0x800B0109"""
    lab.pki("init", f"{ROOT}/other-ca", "--name", "Somebody Else")
    certificate(lab, GOOD, "certificate.root-not-trusted", 0x800B0109, AT_SERVER,
                ca=f"{ROOT}/other-ca/ca.pem")


@case()
def certificate_name_differs(lab):
    """R59: 0x800B010F"""
    certificate(lab, openssl_cert("name", "subjectAltName=DNS:mail.example\n" + SERVER_AUTH),
                "certificate.name-differs", 0x800B010F, AT_SERVER)


@case()
def certificate_expired(lab):
    """R59: 0x800B0101"""
    d = certificate(lab, openssl_cert("expired", SAN + SERVER_AUTH, dates=(
        "250101000000Z", "250201000000Z")), "certificate.expired", 0x800B0101, AT_SERVER,
                    checked="certificate.dates", shown=0x800B0101)
    # the other thing that it may be: the client's clock, which is shown beside the dates
    check(any(f["id"] == "host.clock" and "2025" in f["text"] and "clock" in f["remedy"]
              for f in d.json["findings"]), d.json["findings"])


@case()
def certificate_not_yet_valid(lab):
    """R59: 0x800B0101"""
    certificate(lab, openssl_cert("early", SAN + SERVER_AUTH, dates=(
        "20980101000000Z", "20990101000000Z")), "certificate.not-yet-valid", 0x800B0101, AT_SERVER,
                checked="certificate.dates")


@case()
def certificate_wrong_usage(lab):
    """R59: 0x800B0110"""
    certificate(lab, openssl_cert("usage", SAN + "extendedKeyUsage=clientAuth\n"),
                "certificate.wrong-usage", 0x800B0110, AT_SERVER, checked="certificate.usage")


# --- the way to the server: nothing arrives, so only the client can tell --------------------------

def not_reached(lab, cause, number, class_, **more):
    start = time.monotonic()
    d = lab.dial("alice", "--timeout", "1", **more)
    refused(d, cause, number, class_)
    check(time.monotonic() - start < 6, "it took", time.monotonic() - start)
    # R2: the client's own history explains it as well
    done = lab.client.run(lab.rrasctl, "diagnose", "--client", "--json", ok=False)
    check(cause in done.stdout, done.stdout, done.stderr)


@case()
def server_is_not_reached(lab):
    """R4 R31 R106: error 800 in its kinds, and a name that does not resolve: 868."""
    lab.serve("server { vault-key @key@\n state-directory @state@\n run-directory @run@ }\n"
              f"sstp {{ listen {SERVER4}:443\n{GOOD} }}\n", users=["alice"])
    not_reached(lab, "dial.unreachable", 800, "unreachable", host="192.0.2.77")
    refused(lab.dial("alice", "--port", "8443"), "dial.port-closed", 800, "unreachable")
    lab.server.run("nft", "add table inet lab; add chain inet lab in { type filter hook input "
                   "priority 0; }; add rule inet lab in tcp dport 443 drop")
    try:
        not_reached(lab, "dial.no-answer", 800, "unreachable")
    finally:
        lab.server.run("nft", "delete", "table", "inet", "lab")
    not_reached(lab, "dial.name-not-resolved", 868, "unreachable", host="no.such.name.invalid")


@case()
def server_is_something_else(lab):
    """R13: what listens on the port is no SSTP server: plain text, silence, a web server."""
    lab.serve("server { vault-key @key@\n state-directory @state@\n run-directory @run@ }\n"
              f"sstp {{ listen {SERVER4}:443\n{GOOD} }}\n")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{ROOT}/pki/vpn.example.pem", f"{ROOT}/pki/vpn.example.key")

    def plain(s):
        s.sendall(b"220 mail.example ESMTP\r\n")
        s.recv(4096)

    def closes(s):
        s.recv(4096)

    def web(s):
        with context.wrap_socket(s, server_side=True) as t:
            t.recv(4096)
            t.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            t.recv(4096)
    for port, talk, cause, number, class_ in (
            (2501, plain, "tls.not-tls", 800, "server"),
            (2502, closes, "tls.closed-in-handshake", 800, "unreachable"),
            (2503, web, "sstp.http-refused", 800, "server")):
        with lab.server.listen((SERVER4, port)) as listener:
            def serve(listener=listener, talk=talk):
                s, _ = listener.accept()
                s.settimeout(10)
                with s:
                    try:
                        talk(s)
                    except OSError:
                        pass
            t = threading.Thread(target=serve, daemon=True)
            t.start()
            refused(lab.dial("alice", "--port", str(port)), cause, number, class_)
            t.join(12)


main()
