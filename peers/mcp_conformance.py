"""The MCP project's conformance suite against the demo: every server scenario that a revision requires, and ours as an
authorization server.

The demo runs with `--conformance`, which adds the tools, prompts and resources that the suite looks for.

Needs GATEPOST_DEMO and NODE; `cargo xtask test --only peers` sets both.
"""

import glob
import json
import os
import re
import subprocess
import tempfile
import threading
from urllib.parse import urlsplit

import requests

import adds_the_key
import tally
from stand_in import Browser

DEMO = json.loads(os.environ["GATEPOST_DEMO"])
SUITE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "node_modules/@modelcontextprotocol/conformance/dist/index.js")
CALLBACK_PORT = 33419

REVISIONS = ["2026-07-28", "2025-11-25"]

# Scenarios that no requirement counts, and that apply to us all the same. Left out: tasks that ask for input, because no
# task of ours does; and headers made from arguments, because no tool of ours has any.
UNSCORED = {
    "2026-07-28": [
        "json-schema-2020-12", "http-header-validation", "tasks-lifecycle", "tasks-capability-negotiation", "tasks-wire-fields",
        "tasks-request-state-removal", "tasks-request-headers", "tasks-dispatch-and-envelope", "tasks-required-task-error",
    ],
    "2025-11-25": ["server-session-lifecycle", "json-schema-2020-12"],
}

# What a gateway without server state does not do, and why. Each must fail: a scenario that passes leaves the list.
EXPECTED_TO_FAIL = {
    ("2025-11-25", name): "a request of the server's own needs a stream that is held open for it; the gateway keeps none, never "
    "samples, and asks for a person by an address (-32042) or in words"
    for name in ("tools-call-sampling", "tools-call-elicitation", "elicitation-sep1034-defaults", "elicitation-sep1330-enums")
}


def required(revision):
    """The server scenarios that the suite itself says a server of this revision must pass."""
    text = open(os.path.join(os.path.dirname(SUITE), "../requirements", f"{revision}.yaml")).read()
    section = re.search(r"^server:\n((?:  - .*\n|\s*#.*\n|\s*\n)+)", text, re.MULTILINE)[1]
    names = re.findall(r"^  - ([\w.-]+)\s*$", section, re.MULTILINE)
    assert len(names) >= 30, f"the requirements of {revision} could not be read: {names}"
    return names


def run_all(server, revision):
    """Runs everything that a revision requires, and what it merely knows; returns the checks by scenario."""
    url = f"http://localhost:{server.server_port}/mcp"
    with tempfile.TemporaryDirectory() as folder:
        command = [os.environ["NODE"], SUITE, "server", "--url", url, "--requirements", revision, "--output-dir", folder]
        ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        found = {}
        for file in glob.glob(f"{folder}/**/checks.json", recursive=True):
            name = re.sub(r"^server-|-\d{4}-\d{2}-\d{2}T[\d-]+Z?$", "", os.path.basename(os.path.dirname(file)))
            found[name] = json.load(open(file))
        assert found, f"the suite left no results:\n{(ran.stdout + ran.stderr)[-4000:]}"
        return found


def results(folder, said):
    files = glob.glob(f"{folder}/**/checks.json", recursive=True)
    assert files, f"the suite left no results:\n{said[-4000:]}"
    return [check for file in files for check in json.load(open(file))]


def all_succeeded(checks, but=("FAILURE", "WARNING")):
    failed = [check for check in checks if check["status"] in but]
    words = "\n".join(f"{check['id']}: {check['description']}\n  {check.get('errorMessage', '')}" for check in failed)
    assert not failed, words
    assert any(check["status"] == "SUCCESS" for check in checks), f"nothing was checked: {checks}"


def scenario(found, revision, name):
    def check():
        assert name in found, f"the suite did not run it; it ran {sorted(found)}"
        if (revision, name) in EXPECTED_TO_FAIL:
            assert any(it["status"] == "FAILURE" for it in found[name]), "it passes: take it off the list"
        else:
            all_succeeded(found[name])

    expected = "_is_expected_to_fail" if (revision, name) in EXPECTED_TO_FAIL else ""
    check.__name__ = f"{revision}_{name}{expected}".replace("-", "_")
    return check


def we_are_a_conformant_authorization_server():
    issuer = "{0.scheme}://{0.netloc}".format(urlsplit(DEMO["mcp_url"]))
    metadata = requests.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=30).json()
    callback = f"http://127.0.0.1:{CALLBACK_PORT}/callback"
    about = {"client_name": "Conformance", "redirect_uris": [callback], "token_endpoint_auth_method": "none"}
    client = requests.post(metadata["registration_endpoint"], json=about, timeout=30).json()["client_id"]
    with tempfile.TemporaryDirectory() as folder:
        command = [
            os.environ["NODE"], SUITE, "authorization", "--url", issuer, "--client-id", client, "--resource", DEMO["mcp_url"],
            "--port", str(CALLBACK_PORT), "--output-dir", folder,
        ]
        said = drive(command, callback)
        # A warning here is about what an authorization server may offer.
        all_succeeded(results(folder, said), but=("FAILURE",))


def drive(command, callback):
    """Starts the suite, walks to the address it prints as a person would, and hands it the answer."""
    suite = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    stop = threading.Timer(120, suite.kill)
    stop.start()
    said = ""
    try:
        for line in suite.stdout:
            said += line
            address = re.search(r"https?://\S+/authorize\?\S+", line)
            if address:
                answer = Browser("cy@contoso.test").go(address[0].strip(), callback)
                requests.get(callback, params=answer, timeout=30)
        suite.wait(timeout=30)
    finally:
        stop.cancel()
        suite.kill()
    return said


def main():
    server = adds_the_key.serve(DEMO)
    checks = []
    for revision in REVISIONS:
        found = run_all(server, revision)
        names = required(revision) + UNSCORED[revision]
        unknown = {name for known, name in EXPECTED_TO_FAIL if known == revision} - set(names)
        assert not unknown, f"expected to fail, and required of nobody: {unknown}"
        checks += [scenario(found, revision, name) for name in names]
    tally.run("mcp-conformance", [*checks, we_are_a_conformant_authorization_server])


main()
