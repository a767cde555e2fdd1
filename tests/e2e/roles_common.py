"""What the tests of dying roles share."""
from harness import check, ping, wait_for


def back(s, role, old_pid, restarts=1):
    """The role runs again, as another process, and status says so."""
    def ask():
        pids, n = s.role_pids()
        return role in pids and pids[role] != old_pid and n[role] >= restarts
    wait_for(ask, f"{role} runs again", 10, 0.05)


def connects(lab, user, **more):
    """A new connection comes about within the bound, the first tries may fail."""
    return wait_for(lambda: (d := lab.dial(user, **more)).status == 0 and d,
                    f"{user} connects again", 10, 0.05)


def lives(lab, d, what):
    check(ping(lab.client, d.server_address), "the session does not live on:", what)
    check(d.name in lab.connections(), "rasdial gave up:", what)
