"""A door on loopback that adds the demo's API key, for published tools that cannot send one."""

import http.client
import http.server
import threading
import time
from urllib.parse import urlsplit


def serve(demo):
    """Starts the door; `seen` of what is returned holds (status, seconds, beginning of the body) of every request."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), AddsTheKey)
    server.demo, server.seen = demo, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class AddsTheKey(http.server.BaseHTTPRequestHandler):
    """Passes everything on as it came, with the demo's API key, and notes each status."""

    protocol_version = "HTTP/1.1"

    def pass_on(self):
        target = urlsplit(self.server.demo["mcp_url"])
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        onward = http.client.HTTPConnection(target.hostname, target.port, timeout=60)
        onward.putrequest(self.command, target.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            # A tool on loopback asks `localhost:port`; the gateway answers under its own name only.
            onward.putheader(name, self.own_name(value, target) if name.lower() in ("host", "origin") else value)
        onward.putheader("authorization", f"Bearer {self.server.demo['api_key']}")
        onward.endheaders(body)
        began = time.monotonic()
        answer = onward.getresponse()
        self.server.seen.append((answer.status, time.monotonic() - began, body[:300]))
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
