#!/usr/bin/env python3
"""What is inside a tunnel beside IPv4 addresses: IPv6 by router advertisements, DHCPINFORM (R51)."""
from harness import (LAN_HOST, SERVER4, case, check, conf, equal, main, ping, transfer, wait_for)

LAN6, LAN6_HOST = "2001:db8:80::/64", "2001:db8:80::2"
POOL = """pool office { range 10.99.0.1 - 10.99.0.20
    prefix6 2001:db8:99::/48
    dns6 2001:db8:80::53 }"""


def lan_has_ipv6(lab):
    lab.server.run("ip", "addr", "replace", "2001:db8:80::1/64", "dev", "lan0", "nodad")
    lab.lan.run("ip", "addr", "replace", f"{LAN6_HOST}/64", "dev", "lan0", "nodad")
    lab.lan.run("ip", "-6", "route", "replace", "default", "via", "2001:db8:80::1")


def ping6(host, address):
    return host.run("ping", "-6", "-c", "2", "-W", "3", "-i", "0.2", address, ok=False).returncode == 0


@case()
def ipv4_and_ipv6(lab):
    """R51: both at once; a /64 by router advertisement; TCP over it; the packets fit."""
    lan_has_ipv6(lab)
    s = lab.serve(conf(pool=POOL), users=["alice", "bob"])
    d = lab.connect("alice", "--route", "10.80.0.0/24", "--route", LAN6,
                    "--route", "2001:db8:99::/64")
    check(d.address6.startswith("2001:db8:99:"), "no IPv6 address", d.text())
    check(f"{d.address6}/128" in lab.client.run("ip", "-6", "addr", "show", "dev",
                                                d.device).stdout, "the address is not set")
    check(ping(lab.client, LAN_HOST), "no ping by IPv4")
    check(ping6(lab.client, "2001:db8:99::1"), "no ping to the server's inner IPv6 address")
    check(ping6(lab.client, LAN6_HOST), "no ping by IPv6 to the host behind")
    check(ping6(lab.lan, d.address6), "no ping by IPv6 from the host behind")
    mss = transfer(lab.client, lab.lan, LAN6_HOST)
    check(mss <= 1400 - 60, "MSS of the client", mss)
    mss = transfer(lab.lan, lab.client, d.address6)
    check(1200 < mss <= 1400 - 60, "MSS of the host behind", mss)
    # the route to the /64 leads into the device of the session, and what is free leads nowhere
    prefix = d.address6.rsplit(":", 4)[0]
    routes = lab.server.run("ip", "-6", "route").stdout
    check(f"{prefix}::/64 dev rras" in routes, prefix, routes)
    check("unreachable 2001:db8:99::/48" in routes, routes)
    equal(s.session()["prefix6"], f"{prefix}::/64")
    lab.hang_up(d)
    s.no_session()
    equal(s.attempt(user="alice")["prefix6"], f"{prefix}::/64")
    check(f"{prefix}::/64 dev rras" not in lab.server.run("ip", "-6", "route").stdout, "stays")
    again = lab.connect("alice")
    equal(again.address6.rsplit(":", 4)[0], prefix, "the same prefix for the same account:")


@case()
def only_ipv6(lab):
    """R51: IPv4 is switched off; the call comes up with IPv6 alone."""
    lan_has_ipv6(lab)
    s = lab.serve(conf(server="ipv4 no", pool=POOL), users=["alice"])
    d = lab.connect("alice", "--route", LAN6)
    equal(d.address, "-")
    check(ping6(lab.client, LAN6_HOST), "no ping by IPv6")
    check(s.session()["address"].startswith("2001:db8:99:"), s.session())
    transfer(lab.client, lab.lan, LAN6_HOST)


@case()
def only_ipv4(lab):
    """R51: ipv6 no, or no prefix: IPV6CP is rejected, and the call is not kept waiting."""
    for text in (conf(server="ipv6 no", pool=POOL), conf()):
        s = lab.serve(text, users=["alice"])
        d = lab.connect("alice", "--route", "10.80.0.0/24")
        equal(d.address6, "-")
        check(ping(lab.client, LAN_HOST), "no ping by IPv4")
        lab.hang_up(d)
        s.stop()


@case()
def spoofed_and_advertised(lab):
    """E04 N09: another source than the session's /64 does not pass; nor does an advertisement."""
    lan_has_ipv6(lab)
    s = lab.serve(conf(pool=POOL), users=["alice"])
    d = lab.connect("alice", "--route", LAN6)
    lab.client.run("ip", "addr", "add", "2001:db8:99:ffff::7/128", "dev", d.device)
    check(lab.client.run("ping", "-6", "-c", "1", "-W", "1", "-I", "2001:db8:99:ffff::7",
                         LAN6_HOST, ok=False).returncode != 0, "a spoofed packet came back")
    check(ping6(lab.client, LAN6_HOST), "no ping by IPv6")
    # a session is found by any address of its prefix
    equal(s.ctl("disconnect", "--address", d.address6)["disconnected"], 1)
    row = s.attempt(user="alice")
    equal(row["cause"], "ended.by-administrator")


ROUTES = """
policy "Terms" { access grant
    dns-suffix office.example
    routes 10.80.0.0/24 192.0.2.0/25 }
"""


@case()
def dhcpinform(lab):
    """Routes and the DNS suffix of the policy are told to who asks by DHCPINFORM."""
    s = lab.serve(conf(more=ROUTES))
    s.add_user("alice", "--dialin", "policy")
    d = lab.connect("alice")

    def told():
        row = next((r for r in lab.list_dials() if r["name"] == d.name), {})
        return row if row.get("dns_suffix") else None
    row = wait_for(told, "what DHCP told")
    equal((row["dns_suffix"], row["server_routes"]), ("office.example", "10.80.0.0/24 192.0.2.0/25"))


main()
