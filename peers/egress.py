"""Nobody is asked but those who were configured (LOG-07): a demo works for a while in a network of loopback alone, and the kernel
counts what wanted out of it. No other address is tried and no name is asked for, so there is no telemetry.
"""

import json
import socket
import urllib.request

import loopback_only
import tally

NAME = "egress"
# Reserved for documentation (RFC 5737, RFC 3849): nobody answers there, wherever this runs.
ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def wanted_out():
    """How many packets and connections the kernel had no way for, of both versions of IP, since the network was made."""
    with open("/proc/net/snmp") as file:
        names, values = [line.split()[1:] for line in file if line.startswith("Ip:")]
    found = int(dict(zip(names, values))["OutNoRoutes"])
    with open("/proc/net/snmp6") as file:
        lines = dict(line.split() for line in file)
    return found + int(lines["Ip6OutNoRoutes"])


def a_connection_to_elsewhere_is_counted():
    for family, address in ELSEWHERE:
        before = wanted_out()
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(family, kind) as door:
                assert door.connect_ex((address, 53)) != 0, f"{address} was reached"
        assert before < wanted_out(), f"the attempt to reach {address} was not counted"


def a_gateway_at_work_asks_nobody_else():
    before = wanted_out()
    with loopback_only.demo() as demo:
        root = demo["mcp_url"].rsplit("/", 1)[0]
        ask(root + "/powerbi/v1.0/myorg/groups", demo["api_key"])
        ask(demo["mcp_url"], demo["api_key"], {
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": "find_items", "arguments": {"text": "*"}},
        })
        for page in ("/", "/sign-in", "/healthz", "/readyz", "/.well-known/oauth-authorization-server"):
            ask(root + page, None)
    tally.equal(wanted_out(), before, "packets that wanted out")


def ask(url, key, message=None):
    """Asks and reads the whole answer, which must be a good one."""
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    body = json.dumps(message).encode() if message else None
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(urllib.request.Request(url, data=body, headers=headers), timeout=60) as answer:
        answer.read()
        tally.equal(answer.status, 200, url)


CHECKS = [a_connection_to_elsewhere_is_counted, a_gateway_at_work_asks_nobody_else]

if __name__ == "__main__":
    why_not = loopback_only.enter()
    if why_not:
        tally.skip(NAME, [check.__name__.replace("_", " ") for check in CHECKS], why_not)
    tally.run(NAME, CHECKS)
