"""Findings: each case makes one thing wrong on a host, and the diagnosis names it and its cure."""
from harness import *  # pylint: disable=wildcard-import,unused-wildcard-import


def checks_of(server, *topics):
    """{id: [(result, what, remedy)]} of `rrasctl diagnose CLASS` or of `rrasctl check`."""
    answer = server.ctl(*topics, ok=False)
    found = {}
    for c in answer["checks"]:
        found.setdefault(c["id"], []).append((c["result"], c["what"], c["remedy"]))
    return found


def named(server, problem, check_id, result, what, remedy):
    """The class of problems names it: the check came out so, and says this and this cure."""
    rows = checks_of(server, "diagnose", problem).get(check_id, [])
    for got, text, cure in rows:
        if got == result and what in text and remedy in cure:
            return text
    raise Failed(f"diagnose {problem} does not name {check_id} {result} {what!r} {remedy!r}: {rows}")


def sysctl(host, name, value):
    with host.inside():
        # /proc/sys/net is that of the network namespace of who opens it
        with open(f"/proc/sys/net/{name}", "r+", encoding="ascii") as f:
            old = f.read().strip()
            f.seek(0)
            f.write(str(value))
    return old


@contextlib.contextmanager
def switched(host, name, value):
    old = sysctl(host, name, value)
    try:
        yield
    finally:
        sysctl(host, name, old)


@contextlib.contextmanager
def nft(host, table, rules):
    host.run("nft", "-f", "-", stdin=f"table {table} {{\n{rules}\n}}\n")
    try:
        yield
    finally:
        host.run("nft", "delete", "table", *table.split())


@case()
def forwarding_off_is_named(lab):
    """R93 R106: with forwarding off, clients reach the server and nothing behind it."""
    s = lab.serve(conf(server="ipv6 yes", pool="pool office { range 10.99.0.1 - 10.99.0.20\n"
                       "prefix6 2001:db8:99::/56 }").replace("enable-forwarding yes", ""),
                  users=["alice"])
    with switched(lab.server, "ipv4/ip_forward", 0), \
            switched(lab.server, "ipv6/conf/all/forwarding", 0):
        d = lab.connect("alice", "--route", "10.80.0.0/24")
        check(ping(lab.client, "10.99.0.1"), "the server itself does not answer")
        check(not ping(lab.client, LAN_HOST, wait=1), "it is forwarded")
        named(s, "beyond-server", "forwarding.ipv4", "fail", "does not forward IPv4",
              "net.ipv4.ip_forward=1")
        named(s, "beyond-server", "forwarding.ipv6", "fail", "does not forward IPv6",
              "net.ipv6.conf.all.forwarding=1")
        lab.hang_up(d)
    with switched(lab.server, "ipv4/ip_forward", 1):
        named(s, "beyond-server", "forwarding.ipv4", "ok", "forwards IPv4", "")


@case()
def no_route_back_is_named(lab):
    """R94 R95 R106: the host behind has no route to the pool; with the route it answers."""
    s = lab.serve(users=["alice"])
    lab.lan.run("ip", "route", "del", "default")
    try:
        lab.connect("alice", "--route", "10.80.0.0/24")
        check(not ping(lab.client, LAN_HOST, count=12, wait=1), "it answers without a route")
        wait_for(lambda: s.session(account="alice")["in_pkts"] >= 12, "the packets are counted")
        named(s, "beyond-server", "forwarding.return-traffic", "fail", "alice (10.99.0.2) sent 12",
              "via 10.80.0.1 on lan0")
        probe = s.ctl("diagnose", "--reach", f"{LAN_HOST}:9", ok=False)["checks"][0]
        check(probe["result"] == "fail" and "no route back" in probe["what"] and
              "via 10.80.0.1 on lan0" in probe["remedy"], probe)
        text = named(s, "beyond-server", "forwarding.return-routes", "ok", "via 10.80.0.1 on lan0",
                     "")
        route = re.search(r"a route to (\S+) ", text)[1]
        for net in re.findall(r"10\.99\.0\.\d+/\d+", text):     # the cure, as it was printed
            lab.lan.run("ip", "route", "add", net, "via", "10.80.0.1")
        check(route and ping(lab.client, LAN_HOST), "the route that was named does not help:", text)
        probe = s.ctl("diagnose", "--reach", LAN_HOST)["checks"][0]
        equal(probe["result"], "ok", probe)
        wait_for(lambda: s.session(account="alice")["out_pkts"] > 0, "the answers are counted")
        named(s, "beyond-server", "forwarding.return-traffic", "ok", "None of the 1", "")
    finally:
        lab.lan.run("ip", "route", "flush", "10.99.0.0/24", ok=False)
        lab.lan.run("ip", "route", "flush", "root", "10.99.0.0/24", ok=False)
        lab.lan.run("ip", "route", "add", "default", "via", "10.80.0.1")


@case()
def strict_reverse_path_is_named(lab):
    """R5 R106: a client beyond a second way in, whose answer would leave by the first."""
    s = lab.serve(users=["alice"])
    far = "192.0.2.9"
    lab.server.run("ip", "route", "add", "default", "via", "203.0.113.2")
    lab.server.run("ip", "route", "add", far, "via", "203.0.113.2")
    lab.other.run("ip", "addr", "add", f"{far}/32", "dev", "lo")
    try:
        with switched(lab.server, "ipv4/conf/inet1/rp_filter", 1), \
                switched(lab.server, "ipv4/conf/all/rp_filter", 0):
            # the neighbour is known: the filter would drop a question by ARP without counting it
            check(ping(lab.other, SERVER_OTHER), "the attached network is filtered as well")
            x = lab.other.socket()
            x.settimeout(1.5)
            with x:
                x.bind((far, 0))
                try:
                    x.connect((SERVER_OTHER, 443))
                    raise Failed("the strict filter let it in")
                except TimeoutError:
                    pass
            text = named(s, "error-800", "forwarding.reverse-path", "warn", "filter of inet1",
                         "net.ipv4.conf.inet1.rp_filter=2")
            check(re.search(r"dropped \d+ packets", text), "without the count:", text)
        with switched(lab.server, "ipv4/conf/inet1/rp_filter", 2), \
                switched(lab.server, "ipv4/conf/all/rp_filter", 0):
            check("inet1" not in str(checks_of(s, "diagnose", "error-800")[
                "forwarding.reverse-path"]), "still named")
    finally:
        lab.server.run("ip", "route", "del", "default")
        lab.server.run("ip", "route", "del", far)
        lab.other.run("ip", "addr", "del", f"{far}/32", "dev", "lo")


@case()
def dropping_rules_are_named(lab):
    """R7 R102 R106: table, chain and handle of the rule that drops, in the input and on the way."""
    s = lab.serve(users=["alice"])
    with nft(lab.server, "inet lab", "chain in { type filter hook input priority 0; "
             "tcp dport 22 accept; tcp dport 443 counter drop; }"):
        d = lab.dial("alice", "--timeout", "1")
        refused(d, "dial.no-answer", 800, "unreachable")
        rules = lab.server.run("nft", "-a", "list", "table", "inet", "lab").stdout
        handle = re.search(r"dport 443.*# handle (\d+)", rules)[1]
        text = named(s, "error-800", "filter.tunnels", "fail", "table inet lab, chain in",
                     "Let TCP 443")
        check(f"handle {handle} has the verdict drop" in text, text, rules)
    with nft(lab.server, "inet lab", 'chain onward { type filter hook forward priority 0;\n '
             'iifname "rras*" counter drop\n }'):
        lab.connect("alice", "--route", "10.80.0.0/24")
        check(not ping(lab.client, LAN_HOST, count=10, wait=1), "the rule lets it through")
        named(s, "beyond-server", "filter.tunnels", "fail", "table inet lab, chain onward",
              "packets of rras* be forwarded")
        wait_for(lambda: s.session(account="alice")["in_pkts"] >= 10, "the packets are counted")
        named(s, "beyond-server", "forwarding.return-traffic", "fail", "alice", "filter.tunnels")
        named(s, "beyond-server", "filter.own", "ok", "no packet", "")
    check(ping(lab.client, LAN_HOST), "without the rule it is not forwarded")


@case()
def own_filter_is_named(lab):
    """R102 R106: the other place that drops, rrasd itself; the host's filter is not blamed."""
    s = lab.serve(conf(more='policy "Alone" { group alone\naccess grant\n'
                       'isolated yes }\npolicy "Rest" { access grant }'))
    s.ctl("group", "add", "alone")
    s.add_user("alice", "--dialin", "policy", "--group", "alone")
    s.add_user("bob")
    bob = lab.connect("bob", at=lab.other, host=SERVER_OTHER)
    alice = lab.connect("alice", "--route", "10.99.0.0/24")
    check(not ping(lab.client, bob.address, count=5, source=alice.address, wait=1), "it passed")
    wait_for(lambda: s.session(account="alice")["drops"] >= 5, "the drops are counted")
    named(s, "beyond-server", "filter.own", "warn", "of alice", "isolated from each other")
    rows = checks_of(s, "diagnose", "beyond-server")["filter.tunnels"]
    check(all(r[0] != "fail" for r in rows), rows)


CA_EXT = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n"
SERVER_EXT = "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:vpn.example\n"


def issue(name, ext, by=None, key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
    """DIR/name.pem and .key by openssl, signed by another of these or by the lab's CA."""
    folder = f"{ROOT}/defects"
    os.makedirs(folder, exist_ok=True)
    base, signer = f"{folder}/{name}", f"{folder}/{by}" if by else f"{ROOT}/pki/ca"
    with open(f"{base}.ext", "w", encoding="ascii") as f:
        f.write(ext)
    for argv in (["req", "-new", "-newkey", *key, "-nodes", "-keyout", f"{base}.key", "-out",
                  f"{base}.csr", "-subj", f"/CN={name}"],
                 ["x509", "-req", "-in", f"{base}.csr", "-CA", f"{signer}.pem", "-CAkey",
                  f"{signer}.key", "-CAcreateserial", "-days", "90", "-out", f"{base}.pem",
                  "-extfile", f"{base}.ext"]):
        subprocess.run(["openssl", *argv], check=True, capture_output=True, timeout=30)
    return base


def chain(leaf, *more):
    """Appends certificates to the file of the first; its path without .pem."""
    with open(f"{leaf}.pem", "a", encoding="ascii") as f:
        for m in more:
            with open(f"{m}.pem", encoding="ascii") as g:
                f.write(g.read())
    return leaf


@case(placements=("processes",))
def defects_of_certificates_are_named(lab):
    """R59 R88 R106: each defect of a certificate, of a further one too, with its fix."""
    good = issue("good", SERVER_EXT)
    chain(good, f"{ROOT}/pki/ca")
    middle = issue("middle", CA_EXT)
    no_ca = issue("no-ca", "basicConstraints=CA:FALSE\n")
    rows = (
        (issue("usage", "extendedKeyUsage=clientAuth\n"), "certificate.usage", "fail",
         "Server Authentication"),
        (issue("critical", SERVER_EXT + "1.2.3.4.5=critical,ASN1:UTF8String:x\n"),
         "certificate.usage", "fail", "critical extension"),
        (issue("gap", SERVER_EXT, by="middle"), "certificate.chain", "fail",
         "append the missing intermediate"),
        (chain(issue("issuer", SERVER_EXT, by="no-ca"), no_ca, f"{ROOT}/pki/ca"),
         "certificate.chain", "fail", "may not sign others"),
        (issue("weak", SERVER_EXT, key=("rsa:1024",)), "certificate.strength", "warn",
         "at least 2048 bits"),
    )
    check(middle and no_ca, "made")
    path = f"{ROOT}/defects/rrasd.conf"
    for base, check_id, result, says in rows:
        for first, second in ((base, None), (good, base)):
            with open(path, "w", encoding="ascii") as f:
                f.write(f"server {{ name vpn.example }}\nsstp {{ certificate {first}.pem\n"
                        f"key {first}.key }}\n")
                if second:
                    f.write(f'certificate "b" {{ chain {second}.pem\nkey {second}.key }}\n')
            done = lab.server.run(lab.rrasctl, "--json", "--config", path, "--state", ROOT, "check",
                                  "certificate", ok=False)
            found = [c for c in json.loads(done.stdout)["checks"]
                     if c["id"] == check_id and c["result"] == result]
            check(any(f"{base}.pem" in c["what"] and says in c["what"] for c in found),
                  base, second, done.stdout)
    with open(path, "w", encoding="ascii") as f:
        f.write(f"sstp {{ certificate {good}.pem\nkey {middle}.key }}\n")
    done = lab.server.run(lab.rrasctl, "--json", "--config", path, "--state", ROOT, "check",
                          "certificate.key", ok=False)
    check("not the certificate's" in done.stdout, done.stdout)


METHODS = ("mschapv2", "chap", "pap")
NAME = "j\u00f6rg.m\u00fcller"


def encoded(lab, server, refused_by, taken_by):
    """The client's encoding that is refused and named, at both ends, and the one that connects."""
    for method in METHODS:
        d = lab.dial(NAME, "--auth", method, "--name-encoding", refused_by)
        refused(d, "account.refused-by-server", 691, "credentials")
        other = "unicode" if taken_by == "unicode" else "ansi"
        check(any(f["id"] == "name.encoding" and f"--name-encoding {other}" in f["remedy"]
                  for f in d.json["findings"]), "rasdial does not say it:", d.text())
        row = server.attempt(cause="account.name-encoding", method=method)
        equal((row["nps_reason"], row["ras_error"]), (8, 691), row)
        said = server.ctl("diagnose", row["id"])
        check("character encoding" in said["title"], said["title"])
        found = [f for f in said["findings"] if f["id"] == "name.encoding"]
        check(found and found[0]["remedy"], said["findings"])
        d = lab.connect(NAME, "--auth", method, "--name-encoding", taken_by)
        server.session(account=NAME, method=method)
        lab.hang_up(d)
        server.no_session()
    return found[0]


@case()
def names_in_a_code_page_are_named(lab):
    """R24 R25 R26 R27 R29 R106: the server reads Unicode, a client of Windows' ways writes ANSI."""
    s = lab.serve(conf(authentication="methods mschapv2 chap pap"))
    s.add_user(NAME, "--dialin", "allow", "--reversible")
    for windows in ("ansi", "windows"):         # before 7, and since: no method here is EAP
        found = encoded(lab, s, windows, "unicode")
        check("not UTF-8" in found["text"] and "identity-encoding ansi" in found["remedy"] and
              "all clients" in found["remedy"], found)
    done = lab.client.run(lab.rasdial, SERVER4, "--user", "\u0141ukasz", "--name-encoding", "ansi",
                          "--password-file", "-", stdin="x\n", ok=False)
    equal(done.returncode, EXIT["usage"], "a letter that the code page lacks:")


@case(placements=("processes",))
def registry_of_windows_is_translated(lab):
    """R30: IdentityEncodingFormat, as regedit writes it, becomes a setting that rrasd takes."""
    path = f"{ROOT}/eaphost.reg"
    with open(path, "w", encoding="utf-16") as f:
        f.write("Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SYSTEM\\"
                "CurrentControlSet\\Services\\EapHost\\Configuration]\r\n"
                '"IdentityEncodingFormat"=dword:00000001\r\n')
    block = lab.server.run(lab.rrasctl, "config", "import", path).stdout
    with open(f"{ROOT}/imported.conf", "w", encoding="ascii") as f:
        f.write(block)
    lab.server.run(lab.rrasctl, "config", "check", f"{ROOT}/imported.conf")
    check("identity-encoding ansi" in block, block)


@case()
def names_in_unicode_are_named(lab):
    """R28 R106: identity-encoding ansi: Unicode is refused; the same switch on the client helps."""
    s = lab.serve(conf(authentication="methods mschapv2 chap pap\nidentity-encoding ansi"))
    s.add_user(NAME, "--dialin", "allow", "--reversible")
    found = encoded(lab, s, "unicode", "ansi")
    check("arrived as UTF-8" in found["text"] and "identity-encoding unicode" in found["remedy"],
          found)


@case(placements=("processes",))
def taken_port_is_named(lab):
    """R15 R106: another program has TCP 443: rrasd does not start, and who has it is said."""
    script = ("import socket, sys; s = socket.create_server(('0.0.0.0', 443)); "
              "print('up', flush=True); sys.stdin.read()")
    rival = lab.server.start(sys.executable, "-c", script, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
    try:
        equal(rival.stdout.readline(), "up\n")
        s = lab.serve(wait=False)
        check(s.wait_end() != 0, "it runs beside another program on its port")
        name = os.path.basename(os.path.realpath(sys.executable))[:15]
        rows = checks_of(s, "diagnose", "error-800")["ports.sstp"]
        check(any(r[0] == "fail" and f"process {rival.pid}" in r[1] and "Stop that program" in r[2]
                  for r in rows), name, rows)
    finally:
        rival.stdin.close()
        rival.wait(5)
        rival.stdout.close()


main()
