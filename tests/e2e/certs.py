"""Certificates of the server on the wire: chosen by name and kind, exchanged while sessions live,
sessions that are resumed, and handshakes that cannot be. The peer is OpenSSL's s_client."""
import hashlib
import os
import re
import signal
import ssl
import subprocess

from harness import ROOT, SERVER4, case, check, equal, main, ping, wait_for

DIR = f"{ROOT}/certs"
ALONE = ("processes",)


def openssl(*argv, stdin=None, ok=True):
    done = subprocess.run(["openssl", *argv], capture_output=True, text=True, timeout=30,
                          input=stdin)
    check(not ok or done.returncode == 0, argv, done.stdout, done.stderr)
    return done.stdout + done.stderr


def make(lab, name, *names, rsa=False, days="30"):
    """A certificate of the lab's CA with its key: DIR/name.pem and .key."""
    os.makedirs(DIR, exist_ok=True)
    base = f"{DIR}/{name}"
    kind = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    openssl("req", "-new", "-newkey", *kind, "-nodes", "-keyout", f"{base}.key", "-out",
            f"{base}.csr", "-subj", f"/CN={name}")
    with open(f"{base}.ext", "w", encoding="utf-8") as f:
        f.write("extendedKeyUsage=serverAuth\nsubjectAltName=" +
                ",".join(f"IP:{n}" if n[0].isdigit() else f"DNS:{n}" for n in names))
    openssl("x509", "-req", "-in", f"{base}.csr", "-CA", lab.ca, "-CAkey",
            lab.ca.replace("ca.pem", "ca.key"), "-CAcreateserial", "-days", days, "-out",
            f"{base}.pem", "-extfile", f"{base}.ext")
    return base


def print_of(base):
    with open(f"{base}.pem", encoding="ascii") as f:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(f.read())).hexdigest()


def ask(lab, *argv, stdin="\n"):
    """s_client's words and the SHA-256 of the certificate that it was shown."""
    done = lab.client.run("openssl", "s_client", "-connect", f"{SERVER4}:443", "-CAfile", lab.ca,
                          *argv, stdin=stdin, ok=False)
    said = done.stdout + done.stderr
    pem = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", said, re.S)
    return said, pem and hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem[0])).hexdigest()


def blocks(first, *more):
    """The configuration with these certificates; the first is the default."""
    text = [f"sstp {{ certificate {first}.pem; key {first}.key; handshake-pace 0 }}"]
    for base in more:
        text.append(f'certificate "{os.path.basename(base)}" '
                    f"{{ chain {base}.pem; key {base}.key }}")
    return "\n".join(text)


def serve(lab, certificates, **more):
    return lab.serve(f"""
server {{ vault-key @key@
    run-directory @run@
    state-directory @state@
    device-prefix t
    workers 2
}}
pool p {{ range 10.99.0.1 - 10.99.0.20 }}
{certificates}
""", **more)


def reload(s, want, after=None):
    """SIGHUP, and the line that must come of it."""
    n = len(s.lines)
    s.signal(signal.SIGHUP)
    return s.wait_line(want, after=n)


@case()
def name_and_kind_choose(lab):
    """SNI, and RSA beside ECDSA by what the client can check, in both versions."""
    a, a_rsa = make(lab, "a", "a.example.org"), make(lab, "a-rsa", "a.example.org", rsa=True)
    wild, first = make(lab, "wild", "*.example.org"), make(lab, "first", SERVER4)
    s = serve(lab, blocks(first, a, a_rsa, wild), users=["alice"])
    for version in ("-tls1_3", "-tls1_2"):
        for argv, base in ((["-servername", "a.example.org"], a),
                           (["-servername", "a.example.org", "-sigalgs", "ECDSA+SHA256"], a),
                           (["-servername", "a.example.org", "-sigalgs",
                             "RSA-PSS+SHA256:RSA+SHA256"], a_rsa),
                           (["-servername", "b.example.org"], wild),
                           (["-servername", "other.test"], first),
                           (["-noservername"], first)):
            said, shown = ask(lab, version, *argv)
            equal(shown, print_of(base), version, argv, said)
            check("Verify return code: 0" in said, said)
    d = lab.connect("alice")  # the crypto binding is over the certificate that was shown (S07)
    row = s.session(account="alice")
    lab.hang_up(d)
    facts = s.ctl("attempts", row["id"])
    check(print_of(first) in str(facts), "the trail does not name the certificate:", facts)


@case()
def certificate_is_exchanged(lab):
    """A reload takes new files for new connections; sessions live; what is bad is not taken."""
    first = make(lab, "first", SERVER4)
    s = serve(lab, blocks(first), users=["alice", "bob"])
    old = print_of(first)
    d = lab.connect("alice")
    equal(ask(lab)[1], old)
    make(lab, "first", SERVER4)  # another key, the same paths
    new = print_of(first)
    equal(ask(lab)[1], old, "before the reload")
    reload(s, "reloaded")
    wait_for(lambda: ask(lab)[1] == new, "the new certificate")
    check(ping(lab.client, d.server_address), "the session died")
    s.session(account="alice")

    good = {e: open(f"{first}.{e}", "rb").read() for e in ("pem", "key")}
    other = make(lab, "other", SERVER4)
    for content, said in (
            ({"key": open(f"{other}.key", "rb").read()}, "private key does not belong"),
            ({"pem": b"junk"}, r"no certificate|cannot be read|-----BEGIN"),
            ({"key": b""}, "private key file is empty"),
            ({"pem": None}, "No such file")):
        for end, data in content.items():
            if data is None:
                os.unlink(f"{first}.{end}")
            else:
                with open(f"{first}.{end}", "wb") as f:
                    f.write(data)
        n = len(s.lines)
        s.signal(signal.SIGHUP)
        s.wait_line("the old one stays in force", after=n)
        line = "\n".join(x for x in s.lines[n:] if x)
        check(re.search(said, line) and f"{DIR}/first" in line, said, "not in", line)
        equal(ask(lab)[1], new, "after", said)
        for end, data in good.items():
            with open(f"{first}.{end}", "wb") as f:
                f.write(data)
    s.session(account="alice")
    lab.connect("bob")
    equal(len(s.sessions()), 2)


@case(placements=ALONE)
def bad_file_and_a_new_role(lab):
    """A role that is started anew gets the files as they were when they were good."""
    first = make(lab, "first", SERVER4)
    s = serve(lab, blocks(first), users=["alice"])
    good = print_of(first)
    with open(f"{first}.key", "w", encoding="ascii") as f:
        f.write("junk")
    pids, _ = s.role_pids()
    for role in ("vault", "net 0", "net 1"):
        os.kill(pids[role], signal.SIGKILL)
    wait_for(lambda: ask(lab)[1] == good, "handshakes work again")
    lab.connect("alice")


@case()
def sessions_are_resumed(lab):
    """S08: by a ticket, in both versions, with any worker; never at another name."""
    first, a = make(lab, "first", SERVER4), make(lab, "a", "a.example.org")
    serve(lab, blocks(first, a))
    for version in ("-tls1_3", "-tls1_2"):
        keep = f"{DIR}/session{version}"
        request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

        def go(name, *argv):
            return ask(lab, version, "-servername", name, "-ign_eof", *argv, stdin=request)[0]

        wait_for(lambda: "New, TLS" in go("a.example.org", "-sess_out", keep) and
                 os.path.exists(keep), "a ticket")
        for _ in range(6):  # two workers: the keys are the same
            said = go("a.example.org", "-sess_in", keep)
            check("Reused, TLS" in said, said)
            check("HTTP/1.1" in said, said)
        said = go("b.example.org", "-sess_in", keep)
        check("New, TLS" in said and "Reused" not in said, "at another name:", said)
        check("Max Early Data: 0" in said or version == "-tls1_2", said)


@case()
def renegotiation_is_refused(lab):
    """S08: a client that asks for a new handshake gets none, and harms nobody."""
    s = serve(lab, blocks(make(lab, "first", SERVER4)), users=["alice"])
    said, _ = ask(lab, "-tls1_2", stdin="R\n")
    check("RENEGOTIATING" in said and "no renegotiation" in said.lower(), said)
    lab.connect("alice")
    s.session(account="alice")


def ends_counted(s, cause):
    s.stop()
    equal(s.counted().get(cause), 1, s.counted(), cause)


@case(placements=ALONE)
def too_old_a_client(lab):
    """tls.version"""
    s = serve(lab, blocks(make(lab, "first", SERVER4)))
    said, shown = ask(lab, "-tls1", "-cipher", "DEFAULT@SECLEVEL=0")
    check(shown is None and "protocol version" in said, said)
    ends_counted(s, "tls.version")


@case(placements=ALONE)
def nothing_in_common(lab):
    """tls.no-common-cipher tls.no-common-signature tls.no-common-group"""
    s = serve(lab, blocks(make(lab, "first", SERVER4)))
    for argv in (("-tls1_2", "-cipher", "AES128-SHA"), ("-tls1_3", "-sigalgs", "RSA-PSS+SHA256"),
                 ("-tls1_3", "-groups", "ffdhe2048")):
        check(ask(lab, *argv)[1] is None, argv)
    s.stop()
    n = s.counted()
    for cause in ("tls.no-common-cipher", "tls.no-common-signature", "tls.no-common-group"):
        equal(n.get(cause), 1, n, cause)


@case(placements=ALONE)
def vault_dies_in_a_handshake(lab):
    """internal.vault-down: what waits for a signature ends at once; then all is well again."""
    s = serve(lab, blocks(make(lab, "first", SERVER4)), users=["alice", "bob"])
    up = lab.connect("alice")
    pids, _ = s.role_pids()
    os.kill(pids["vault"], signal.SIGSTOP)
    waits = lab.client.start("openssl", "s_client", "-connect", f"{SERVER4}:443",
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True)
    wait_for(lambda: len(lab.server.run("ss", "-Htn", "state", "established",
                                        "( sport = :443 )").stdout.splitlines()) == 2,
             "a handshake waits")
    os.kill(pids["vault"], signal.SIGKILL)
    said = waits.communicate(timeout=10)[0]
    check("internal error" in said, said)
    wait_for(lambda: lab.dial("bob").status == 0, "handshakes work again")
    s.session(account="alice")
    check(ping(lab.client, up.server_address), "alice lost her session")
    s.stop()
    check(s.counted().get("internal.vault-down", 0) >= 1, s.counted())


main()
