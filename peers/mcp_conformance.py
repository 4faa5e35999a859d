"""MCP-19: the MCP project's conformance suite against the demo: every server scenario that a revision requires, and ours as an
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
from tally import equal

DEMO = json.loads(os.environ["GATEPOST_DEMO"])
SUITE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "node_modules/@modelcontextprotocol/conformance/dist/index.js")
CALLBACK_PORT = 33419

# That we publish metadata, that clients may describe themselves by a document, and that a code brings a token.
AUTHORIZATION = ["authorization-server-metadata", "authorization-server-metadata-cimd", "authorization-code-grant"]
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

# Checks that the suite leaves out for a server such as ours, and why. Whatever else does not succeed is a failure: a
# warning, or a check that is left out without being named here.
NO_NEWS = "the gateway announces no changes of lists: nobody has anything to subscribe to"
NO_SESSION = "a session is a sealed value of the client's, with nothing behind it that could be ended"
LEFT_OUT = {
    "sep-2575-server-sends-subscription-ack": NO_NEWS,
    "sep-2575-server-tags-subscription-id": NO_NEWS,
    "sep-2575-server-honors-notification-filter": NO_NEWS,
    "sep-2575-server-sends-prompts-list-changed-on-subscription": NO_NEWS,
    "sep-2575-server-sends-tools-list-changed-on-subscription": NO_NEWS,
    "server-session-delete-accepted": NO_SESSION,
    "server-session-terminated-returns-404": NO_SESSION,
}
# What a check may say when it found nothing wrong; INFO is the suite's word for what it merely saw.
FINE = ("SUCCESS", "INFO")


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


def all_succeeded(checks):
    left_out = lambda check: check["status"] == "SKIPPED" and check["id"] in LEFT_OUT
    wrong = [check for check in checks if check["status"] not in FINE and not left_out(check)]
    words = [f"{it['status']} {it['id']}: {it['description']}\n  {it.get('errorMessage', '')}" for it in wrong]
    assert not wrong, "\n".join(words)
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
        checks = results(folder, drive(command, callback))
    all_succeeded(checks)
    equal(sorted(check["id"] for check in checks), sorted(AUTHORIZATION), "checks of an authorization server")


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
                browser = Browser("cy@contoso.test")
                browser.hand_over(callback, browser.go(address[0].strip(), callback))
        suite.wait(timeout=30)
    finally:
        stop.cancel()
        suite.kill()
    return said


def main():
    server = adds_the_key.serve(DEMO)
    checks, counted = [], []
    for revision in REVISIONS:
        found = run_all(server, revision)
        names = required(revision) + UNSCORED[revision]
        unknown = {name for known, name in EXPECTED_TO_FAIL if known == revision} - set(names)
        assert not unknown, f"expected to fail, and required of nobody: {unknown}"
        checks += [scenario(found, revision, name) for name in names]
        counted += [found[name] for name in names if name in found]

    def the_list_of_what_is_left_out_is_true():
        skipped = {check["id"] for checks in counted for check in checks if check["status"] == "SKIPPED"}
        equal(sorted(set(LEFT_OUT) - skipped), [], "no longer left out: take it off the list")

    tally.run("mcp-conformance", [*checks, the_list_of_what_is_left_out_is_true, we_are_a_conformant_authorization_server])


main()
