"""mcp-fuzzer against the demo, with fixed seeds: nothing it sends makes the gateway fail, hang, or let anybody in.

Needs GATEPOST_DEMO; `cargo xtask test --only peers` sets it.
"""

import json
import os
import subprocess
import sys
import tempfile

import requests

import adds_the_key
import tally

DEMO = json.loads(os.environ["GATEPOST_DEMO"])
FUZZER = os.path.join(os.path.dirname(sys.executable), "mcp-fuzzer")
# The longest a tool may wait for Power BI, and a margin for a slow machine.
LONGEST_S = 75


def fuzz(seed, *arguments):
    """Runs the fuzzer; returns what it sent and what came back."""
    door = adds_the_key.serve(DEMO)
    with tempfile.TemporaryDirectory() as folder:
        command = [
            FUZZER, "--protocol", "streamablehttp", "--endpoint", f"http://localhost:{door.server_port}/mcp", "--no-network",
            "--allow-host", "localhost", "--allow-host", "127.0.0.1", "--no-corpus", "--seed", str(seed), "--timeout", "60",
            "--output-dir", folder, "--fs-root", folder, "--log-level", "ERROR", *arguments,
        ]
        environment = {**os.environ, "HOME": folder}
        ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=420, env=environment)
    door.shutdown()
    assert len(door.seen) > 20, f"the fuzzer hardly sent anything:\n{(ran.stdout + ran.stderr)[-3000:]}"
    return door.seen


def withstood(seen):
    failed = [it for it in seen if it[0] >= 500]
    assert not failed, f"{len(failed)} of {len(seen)} requests made the gateway fail, such as {failed[:3]}"
    slow = [it for it in seen if it[1] > LONGEST_S]
    assert not slow, f"slow answers: {slow[:3]}"
    alive = requests.get(DEMO["portal_url"] + "/readyz", timeout=30)
    tally.equal(alive.status_code, 200, "readiness")


def tools_withstand_arguments_of_every_kind():
    withstood(fuzz(1, "--mode", "tools", "--phase", "both", "--runs", "4"))


def the_protocol_withstands_messages_of_every_kind():
    withstood(fuzz(2, "--mode", "protocol", "--protocol-phase", "aggressive", "--runs-per-type", "4"))


def resources_and_prompts_withstand_it_too():
    withstood(fuzz(3, "--mode", "resources") + fuzz(4, "--mode", "prompts"))


tally.run(
    "mcp-fuzzer",
    [
        tools_withstand_arguments_of_every_kind,
        the_protocol_withstands_messages_of_every_kind,
        resources_and_prompts_withstand_it_too,
    ],
)
