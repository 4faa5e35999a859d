"""Claude Code against a demo: `agent.py` says what it must get right.

It is driven by the control messages of its stream of JSON, which reach its MCP client without a model.
`cargo xtask test --only peers` installs it, and says where the product is.
"""

import json
import os

import json_lines
import loopback_only
from agent import SERVER, WITH_A_PAGE, Agent, Refused, edited, installed
from power_bi import MODEL, TOTALS
from tally import equal

QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    # No model is asked anything; if one were, nobody would be there.
    "ANTHROPIC_BASE_URL": loopback_only.CLOSED,
}


class ClaudeCode(Agent):
    NAME, RETURNS_TO = "Claude Code", "localhost"
    DOCUMENT = "https://claude.ai/oauth/claude-code-client-metadata"

    def __init__(self, demo, home):
        self.store = os.path.join(home, "claude")
        servers = {"mcpServers": {SERVER: {"type": "http", "url": demo["mcp_url"]}}}
        streams = ["--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]
        command = [
            installed("@anthropic-ai/claude-code-linux-{machine}/claude"), "-p", *streams,
            "--strict-mcp-config", "--mcp-config", json.dumps(servers),
        ]
        super().__init__(command, home, loopback_only.surroundings(home, CLAUDE_CONFIG_DIR=self.store, **QUIET))

    def start(self):
        super().start()
        self.ask("initialize")
        json_lines.until(lambda: self.server()["status"] != "pending", "it has tried the server")

    def ask(self, subtype, **more):
        request_id = self.next_id()
        self.say({"type": "control_request", "request_id": request_id, "request": {"subtype": subtype, **more}})
        is_it = lambda it: it["type"] == "control_response" and it["response"]["request_id"] == request_id
        response = self.hear(is_it, f"answer to {subtype}")["response"]
        if response["subtype"] != "success":
            raise Refused(response["error"])
        return response.get("response") or {}

    def answer(self, message):
        if message["type"] != "control_request":
            return
        request = message["request"]
        equal((request["subtype"], request["mode"]), ("elicitation", "url"), "what it asks of the person")
        response = {"action": self.shows_a_page(request["url"])}
        answer = {"subtype": "success", "request_id": message["request_id"], "response": response}
        self.say({"type": "control_response", "response": answer})

    def server(self):
        servers = self.ask("mcp_status")["mcpServers"]
        equal([it["name"] for it in servers], [SERVER], "servers")
        return servers[0]

    def sign_in_address(self):
        return self.ask("mcp_authenticate", serverName=SERVER)["authUrl"]

    def is_signed_in(self):
        return json_lines.until(lambda: self.server()["status"] == "connected", "it is connected")

    def is_signed_out(self):
        return json_lines.until(lambda: self.server()["status"] == "needs-auth", "it asks for a sign-in")

    def tools(self):
        return {tool["name"]: tool.get("annotations", {}).get("readOnly", False) for tool in self.server()["tools"]}

    def call(self, tool, **arguments):
        content = self.ask("mcp_call", tool=f"mcp__{SERVER}__{tool}", arguments=arguments)["content"]
        # An answer with a structured form too comes as that, in JSON.
        return content if isinstance(content, str) else "\n".join(part["text"] for part in content if part["type"] == "text")

    def totals(self):
        (row,) = json.loads(self.call("run_dax", model=MODEL, query=TOTALS))["rows"]
        return int(row[0]), round(float(row[1]), 2)

    def kept(self):
        with open(os.path.join(self.store, ".credentials.json")) as file:
            (kept,) = json.load(file)["mcpOAuth"].values()
        return kept["accessToken"], kept["refreshToken"]

    def expire(self):
        def change(content):
            for kept in content["mcpOAuth"].values():
                kept["expiresAt"] = 1

        edited(os.path.join(self.store, ".credentials.json"), change)


loopback_only.run("claude-code", {"": (ClaudeCode, WITH_A_PAGE)})
