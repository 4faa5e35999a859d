"""The MCP project's conformance suite against the demo: the server scenarios that need no test tools, and ours as an
authorization server.

Needs GATEPOST_DEMO and NODE; `cargo xtask test --only peers` sets both.
"""

import glob
import http.client
import http.server
import json
import os
import re
import subprocess
import tempfile
import threading
from urllib.parse import urlsplit

import requests

import tally
from stand_in import Browser

DEMO = json.loads(os.environ["GATEPOST_DEMO"])
SUITE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "node_modules/@modelcontextprotocol/conformance/dist/index.js")
CALLBACK_PORT = 33419

# What the suite can only see with a tool, prompt or resource of its own on the server, which a gateway to Power BI has not.
NEEDS_A_TEST_TOOL = {
    "sep-2575-server-rejects-undeclared-capability",
    "sep-2575-missing-capability-http-400",
    "sep-2575-http-server-no-independent-requests-on-stream",
    "sep-2575-server-no-log-without-loglevel",
}

SCENARIOS = [
    ("2026-07-28", "tools-list"),
    ("2026-07-28", "server-stateless"),
    ("2026-07-28", "http-header-validation"),
    ("2026-07-28", "dns-rebinding-protection"),
    ("2025-11-25", "server-initialize"),
    ("2025-11-25", "server-session-lifecycle"),
    ("2025-11-25", "ping"),
    ("2025-11-25", "tools-list"),
    ("2025-11-25", "dns-rebinding-protection"),
]


class AddsTheKey(http.server.BaseHTTPRequestHandler):
    """Passes everything on as it came, with the demo's API key: the suite cannot send one."""

    protocol_version = "HTTP/1.1"

    def pass_on(self):
        target = urlsplit(DEMO["mcp_url"])
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        onward = http.client.HTTPConnection(target.hostname, target.port, timeout=30)
        onward.putrequest(self.command, target.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            # On loopback the suite asks `localhost:port`; the gateway answers under its own name only.
            onward.putheader(name, self.own_name(value, target) if name.lower() in ("host", "origin") else value)
        onward.putheader("authorization", f"Bearer {DEMO['api_key']}")
        onward.endheaders(body)
        answer = onward.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                self.send_header(name, value)
        # The length is not known before a stream ends, so its end is the connection's.
        self.send_header("connection", "close")
        self.end_headers()
        while part := answer.read1(65536):
            self.wfile.write(part)
            self.wfile.flush()
        onward.close()
        self.close_connection = True

    do_GET = do_POST = do_DELETE = do_OPTIONS = pass_on

    def own_name(self, value, target):
        here = f"localhost:{self.server.server_port}"
        return value.replace(here, target.netloc)

    def log_message(self, *_):
        pass


def suite(*arguments):
    """Runs the suite once and returns its checks."""
    with tempfile.TemporaryDirectory() as folder:
        command = [os.environ["NODE"], SUITE, *arguments, "--output-dir", folder]
        ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        return results(folder, ran.stdout + ran.stderr)


def results(folder, said):
    files = glob.glob(f"{folder}/**/checks.json", recursive=True)
    assert files, f"the suite left no results:\n{said[-4000:]}"
    return [check for file in files for check in json.load(open(file))]


def all_succeeded(checks):
    failed = [check for check in checks if check["status"] == "FAILURE" and check["id"] not in NEEDS_A_TEST_TOOL]
    words = "\n".join(f"{check['id']}: {check['description']}\n  {check.get('errorMessage', '')}" for check in failed)
    assert not failed, words
    assert any(check["status"] == "SUCCESS" for check in checks), f"nothing was checked: {checks}"


def scenario(server, revision, name):
    def check():
        url = f"http://localhost:{server.server_port}/mcp"
        all_succeeded(suite("server", "--url", url, "--scenario", name, "--spec-version", revision))

    check.__name__ = f"{revision}_{name}".replace("-", "_")
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
        all_succeeded(results(folder, said))


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
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), AddsTheKey)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    checks = [scenario(server, *which) for which in SCENARIOS]
    tally.run("mcp-conformance", [*checks, we_are_a_conformant_authorization_server])


main()
