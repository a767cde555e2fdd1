#!/usr/bin/env python3
"""Paired ratios of openrras:sstp over its peers against the goals. usage: goals.py RAW [RAW-PPS]

A raw file has lines NAME METRIC VALUE, one a round. Exit status: 0 all met, 1 not, 2 not measured.
"""
import collections
import statistics
import sys

US = "openrras:sstp"
GOALS = (("ocserv:tls", 5.0), ("softether:tls", 2.3), ("tl:tls:ossl128:v", 0.8))
METRICS = (("tcp1.gbps", "up, 1 stream"), ("tcp1r.gbps", "down, 1 stream"),
           ("tcp4.gbps", "up, 4 streams"), ("tcp4r.gbps", "down, 4 streams"))
SHOWN = (("srv_cpu_s_per_GB", "server CPU s/GB"), ("cli_cpu_s_per_GB", "client CPU s/GB"))


def read(path):
    """{name: {metric: [a value a round]}}; a round that failed counts as zero."""
    values = collections.defaultdict(lambda: collections.defaultdict(list))
    with open(path, encoding="utf-8") as f:
        for line in f:
            name, metric, value = line.split()
            values[name][metric].append(float(value))
    return values


def quartile(x):
    return statistics.quantiles(x, n=4, method="inclusive")[0] if len(x) > 1 else x[0]


def ratios(values, metric, peer):
    ours, theirs = values[US].get(metric, []), values[peer].get(metric, [])
    return [a / b for a, b in zip(ours, theirs) if b]


def show(values, metric, text, form):
    print(f"  {text:26s}" + "".join(
        f"  {name} {statistics.median(values[name][metric]):{form}}"
        for name in values if values[name].get(metric)))


def main():
    values = read(sys.argv[1])
    status = 0
    print("\nGb/s, medians")
    for metric, text in METRICS:
        show(values, metric, text, ".2f")
    print("CPU of the end in seconds a gigabyte, medians")
    for metric, text in METRICS:
        for suffix, what in SHOWN:
            show(values, metric.split(".")[0] + "." + suffix, f"{text}, {what[:6]}", ".3f")
    if len(sys.argv) > 2:
        small = read(sys.argv[2])
        print("Packets a second in thousands, medians (64 and 1200 bytes, UDP), and server us each")
        for metric in ("pps64.kpps", "pps64.srv_us_per_pkt", "udp1200.kpps",
                       "udp1200.srv_us_per_pkt"):
            show(small, metric, metric, ".2f")
    print(f"Paired ratios of {US}: median (lower quartile), goal")
    for peer, goal in GOALS:
        for metric, text in METRICS:
            r = ratios(values, metric, peer)
            if not r:
                print(f"  {peer:18s} {text:16s} goal {goal:g}  not measured")
                status = max(status, 2)
                continue
            median, low = statistics.median(r), quartile(r)
            met = median >= goal and low >= goal
            status = max(status, 0 if met else 1)
            print(f"  {peer:18s} {text:16s} {median:6.2f} ({low:.2f})  goal {goal:g}  "
                  f"{'met' if met else 'not met'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
