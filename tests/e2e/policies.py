#!/usr/bin/env python3
"""
Network policies from end to end: the four tests of R43 with their reasons, account against policy
(R90), the trace of a decision before and after a reload (R92, R44), why-accepted and why-rejected
(R44, R89, R91), and isolated clients (N10).
"""
import signal
import time

from harness import (SERVER_OTHER, case, check, conf, equal, explained, main, ping, refused,
                     wait_for)

NO_PERMISSION = ("policy.refused-by-server", 649, "policy")

# Every constraint, and one policy for each; a day that is not today for the hours.
DAYS = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]
OTHER_DAY = DAYS[(time.localtime().tm_wday + 3) % 7]
POLICIES = f"""
policy "Only here" {{ group here
    access grant
    allow-servers 192.0.2.200 }}
policy "Other days" {{ group days
    access grant
    allow-hours {OTHER_DAY} }}
policy "Only L2TP" {{ group l2tp
    access grant
    allow-tunnels l2tp }}
policy "Denies" {{ group denied
    access deny }}
policy "Ignores" {{ group ignored
    ignore-dial-in yes
    access deny }}
policy "Staff" {{ group staff
    access grant }}
"""


def rejected(lab, s, user, cause, nps, policy):
    """One refusal; what why-rejected says of it."""
    refused(lab.dial(user), *NO_PERMISSION)
    row, _ = explained(s, cause, nps, 649, user=user)
    equal(row["policy"], policy, user)
    why = s.ctl("why-rejected", row["id"])
    equal(why["request"]["cause"], cause, "why-rejected", user)
    equal(why["request"]["policy"], policy, "why-rejected", user)
    check(why["remedies"], "why-rejected says nothing to change:", why)
    trace = s.ctl("policy", "explain", row["id"])
    deciding = [p["name"] for p in trace["policies"] if p["decides"]]
    equal(deciding, [policy] if policy else [], "policy explain", user)
    return row, why, trace


@case()
def each_letter_of_r43_has_its_reason(lab):
    s = lab.serve(conf(more=POLICIES))
    for group in ("here", "days", "l2tp", "denied", "ignored", "staff"):
        s.ctl("group", "add", group)
    for user, *more in (("nobody",), ("self", "--dialin", "deny", "--group", "staff"),
                        ("denied", "--group", "denied"), ("here", "--group", "here"),
                        ("days", "--group", "days"), ("l2tp", "--group", "l2tp"),
                        ("caller", "--group", "staff", "--caller-id", "203.0.113.9"),
                        ("allowed", "--dialin", "allow", "--group", "denied"),
                        ("ignored", "--dialin", "allow", "--group", "ignored")):
        s.add_user(user, *(more if "--dialin" in more else ("--dialin", "policy", *more)))
    # (a) no policy's conditions are met: each has its own that fails
    _, why, trace = rejected(lab, s, "nobody", "policy.none-matches", 48, "")
    equal({p["name"]: p["conditions"][0]["met"] for p in trace["policies"]},
          dict.fromkeys(["Only here", "Other days", "Only L2TP", "Denies", "Ignores", "Staff"],
                        False))
    check(any("group" in o["why"] for o in why["others"]), "no failed condition named:", why)
    # (b) the account's word, then the policy's
    _, why, _ = rejected(lab, s, "self", "policy.account-denies", 65, "Staff")
    check("--dialin" in why["remedies"][0], why["remedies"])
    rejected(lab, s, "denied", "policy.denies", 65, "Denies")
    # (c) what the policy demands
    rejected(lab, s, "here", "policy.wrong-called-address", 69, "Only here")
    _, why, _ = rejected(lab, s, "days", "policy.outside-hours", 68, "Other days")
    check(OTHER_DAY in why["remedies"][0], why["remedies"])
    rejected(lab, s, "l2tp", "policy.tunnel-not-allowed", 70, "Only L2TP")
    # (d) what the account demands
    rejected(lab, s, "caller", "policy.wrong-calling-station", 67, "Staff")
    # R90: an account that allows is not denied by a policy, unless that does not look
    lab.connect("allowed")
    rejected(lab, s, "ignored", "policy.denies", 65, "Ignores")
    why = s.ctl("why-accepted", "--user", "allowed")
    equal((why["request"]["policy"], why["request"]["dialin"], why["decider"]["access"]),
          ("Denies", "allow", "deny"), "R89:")
    check(any("--dialin deny" in r for r in why["remedies"]), "R89:", why["remedies"])
    text = s.ctl_raw("why-accepted", "--user", "allowed").stdout
    check('Accepted by policy "Denies"' in text and "Permission of the account: allow" in text,
          text)


GENERATION = """
policy "Meant to reject" { %s
    access deny }
policy "Staff" { group staff
    access grant
    session-timeout %s }
"""


def reload(s, text):
    after = s.n_lines()
    s.write_conf(text)
    s.signal(signal.SIGHUP)
    s.wait_line("reloaded, generation", after=after)


@case()
def a_session_keeps_its_generation(lab):
    """R44 R89 R91 R92: the terms and the trace are those of the policies that decided."""
    s = lab.serve(conf(more=GENERATION % ("group contractors", "1h")))
    s.ctl("group", "add", "staff")
    s.add_user("alice", "--dialin", "policy", "--group", "staff")
    first = lab.connect("alice")
    row = s.session(account="alice")
    before = s.ctl("policy", "explain", row["id"])
    reload(s, conf(more=GENERATION % ("group staff", "1s")))
    wait_s = time.monotonic() + 2.5
    refused(lab.dial("alice"), *NO_PERMISSION)
    explained(s, "policy.denies", 65, 649, user="alice")
    while time.monotonic() < wait_s:
        check(ping(lab.client, first.server_address, count=1), "the session did not live on")
    equal([r["id"] for r in s.sessions()], [row["id"]], "the old terms hold:")
    after = s.ctl("policy", "explain", row["id"])
    equal(after["policies"], before["policies"], "the trace of the policies of then:")
    equal([p["name"] for p in after["policies"] if p["decides"]], ["Staff"])
    # R91: why the policy that was meant to reject did not
    why = s.ctl("why-accepted", row["id"])
    equal([o["policy"] for o in why["others"]], ["Meant to reject"])
    check("contractors" in why["others"][0]["why"], why["others"])
    now = s.ctl("policy", "explain", "--user", "alice")
    equal(now["decision"]["policy"], "Meant to reject")
    # what is asked without a connection: another group, another time
    other = s.ctl("policy", "explain", "--user", "stranger", "--group", "staff", "--at",
                  "2026-01-05 10:00")
    equal([p["name"] for p in other["policies"] if p["decides"]], ["Meant to reject"])
    equal(other["decision"]["cause"], "account.unknown")
    # and without a running server, from the history
    lab.hang_up_all()
    s.no_session()
    s.stop()
    equal(s.ctl("policy", "explain", row["id"])["policies"], before["policies"], "offline:")
    equal(s.ctl("why-accepted", "--user", "alice")["request"]["policy"], "Staff", "offline:")


ISOLATED = """
policy "Alone" { group alone
    access grant
    isolated yes
    mru 1000 }
policy "Rest" { access grant }
"""


@case()
def isolated_clients_reach_no_other(lab):
    """N10: neither way, by the policy of one of them; the server and the others are reached."""
    s = lab.serve(conf(more=ISOLATED))
    s.ctl("group", "add", "alone")
    s.add_user("alone", "--dialin", "policy", "--group", "alone")
    s.add_user("alice")
    s.add_user("bob")
    bob = lab.connect("bob", "--route", "10.99.0.0/24", at=lab.other, host=SERVER_OTHER)
    alice = lab.connect("alice", "--route", "10.99.0.0/24")
    check(ping(lab.client, bob.address, source=alice.address), "others do not reach each other")
    lab.hang_up_all()
    s.no_session()
    bob = lab.connect("bob", "--route", "10.99.0.0/24", at=lab.other, host=SERVER_OTHER)
    alone = lab.connect("alone", "--route", "10.99.0.0/24")
    check(ping(lab.client, alone.server_address, source=alone.address), "no way to the server")
    check(ping(lab.other, bob.server_address, source=bob.address), "no way to the server")
    check(not ping(lab.client, bob.address, count=1, source=alone.address, wait=1),
          "the isolated client reaches another")
    check(not ping(lab.other, alone.address, count=1, source=bob.address, wait=1),
          "another reaches the isolated client")
    wait_for(lambda: s.session(account="alone")["drops"] >= 2, "the drops are counted")


main()
