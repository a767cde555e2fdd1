"""A path on which large packets get lost and small ones pass, and clocks that differ."""
from harness import *  # pylint: disable=wildcard-import,unused-wildcard-import


@case()
def black_hole_is_named(lab):
    """R5 R106: the server's certificate never arrives, what is small behind it does: path MTU."""
    lab.pki("issue", f"{ROOT}/pki", "--name", "long.example", "--rsa", "--san", SERVER4,
            *(x for i in range(12) for x in ("--san", f"a-rather-long-name-{i:02}.vpn.example")))
    s = lab.serve(conf().replace("vpn.example.pem", "long.example.pem")
                  .replace("vpn.example.key", "long.example.key"), users=["alice"])
    # segments as they are on a wire, and no word back from who drops the large ones
    lab.server.run("ip", "link", "set", "inet0", "gso_max_segs", "1")
    lab.client.run("nft", "-f", "-", stdin="table inet hole { chain in { type filter hook "
                   "prerouting priority -300; iifname inet0 meta length > 1200 drop; }; }")
    try:
        d = lab.dial("alice", seconds=60)
    finally:
        lab.client.run("nft", "delete", "table", "inet", "hole")
        lab.server.run("ip", "link", "set", "inet0", "gso_max_segs", "65535")
    check(d.status == EXIT["unreachable"], "it connected, or failed otherwise:", d.text())
    found = [f for f in d.json["findings"] if f["id"] == "path.mtu"]
    check(found and "small ones pass" in found[0]["text"] and "tcp_mtu_probing=1" in
          found[0]["remedy"] and "type 3 code 4" in found[0]["remedy"], d.text())
    # R2: the client's own history says it as well
    done = lab.client.run(lab.rrasctl, "diagnose", "--client",
                          ok=False)
    check("path MTU" in done.stdout, done.stdout)
    lab.connect("alice")                        # without the hole it comes about
    s.session(account="alice")


@case()
def clocks_that_differ_are_named(lab):
    """R86 R106: a client far ahead in time calls a good certificate expired."""
    s = lab.serve(users=["alice"])
    lab.client.run("openssl", "s_client", "-connect", f"{SERVER4}:443", "-CAfile", lab.ca,
                   "-attime", "4000000000", "-verify_return_error", stdin="\n", ok=False)
    row = s.attempt(cause="tls.certificate-refused-by-client")
    said = s.ctl("diagnose", row["id"])
    found = [f for f in said["findings"] if f["id"] == "host.clock"]
    check(found and "One of the two clocks is wrong" in found[0]["text"] and "timedatectl" in
          found[0]["remedy"], said["findings"])


main()
