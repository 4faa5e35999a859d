"""Codex against a demo, in both eras of the protocol: `agent.py` says what it must get right.

It is driven by its app server, which reaches its MCP client without a model. `cargo xtask test --only peers` installs it,
and says where the product is.
"""

import functools
import json
import os

import loopback_only
from agent import SERVER, WITH_A_PAGE, WITHOUT_A_PAGE, Agent, Refused, edited, installed, it_acts_as_the_person_who_signed_in
from power_bi import MODEL, TOTALS, totals_in
from tally import equal

SETTINGS = """
check_for_update_on_startup = false
cli_auth_credentials_store = "file"
mcp_oauth_credentials_store = "file"
web_search = "disabled"
suppress_unstable_features_warning = true
model_provider = "nobody"

[model_providers.nobody]
name = "Nobody"
base_url = "{closed}"

[analytics]
enabled = false

[feedback]
enabled = false

[features]
plugins = false
mcp_2026_07_28 = {modern}

[mcp_servers.{server}]
url = "{url}"
"""


class Codex(Agent):
    NAME, RETURNS_TO = "Codex", "127.0.0.1"
    DOCUMENT = "https://chatgpt.com/oauth/codex/client.json"

    def __init__(self, demo, home, modern):
        self.store = os.path.join(home, "codex")
        os.mkdir(self.store)
        settings = {"closed": loopback_only.CLOSED, "server": SERVER, "url": demo["mcp_url"]}
        with open(os.path.join(self.store, "config.toml"), "w") as file:
            file.write(SETTINGS.format(modern=str(modern).lower(), **settings))
        command = [installed("@openai/codex-linux-{machine}/vendor/*/bin/codex"), "app-server"]
        super().__init__(command, home, loopback_only.surroundings(home, CODEX_HOME=self.store, RUST_LOG="warn"))

    def start(self):
        super().start()
        self.thread = None
        self.ask("initialize", clientInfo={"name": "peer", "version": "1"}, capabilities={"experimentalApi": True})
        self.say({"method": "initialized"})

    def ask(self, method, **params):
        request_id = self.next_id()
        self.say({"id": request_id, "method": method, "params": params})
        message = self.hear(lambda it: it.get("id") == request_id and "method" not in it, f"answer to {method}")
        if "error" in message:
            raise Refused(message["error"]["message"])
        return message["result"]

    def answer(self, message):
        if "id" not in message or "method" not in message:
            return
        equal(message["method"], "mcpServer/elicitation/request", "what it asks of the person")
        equal(message["params"]["mode"], "url", "how it asks")
        self.say({"id": message["id"], "result": {"action": self.shows_a_page(message["params"]["url"])}})

    def server(self):
        servers = self.ask("mcpServerStatus/list", serverName=SERVER)["data"]
        equal([it["name"] for it in servers], [SERVER], "servers")
        return servers[0]

    def sign_in_address(self, **more):
        # A thread keeps the connection that it began with.
        self.thread = None
        return self.ask("mcpServer/oauth/login", name=SERVER, **more)["authorizationUrl"]

    def is_signed_in(self):
        done = self.hear(lambda it: it.get("method") == "mcpServer/oauthLogin/completed", "end of the sign-in")
        assert done["params"]["success"], done

    def is_signed_out(self):
        equal(self.server()["authStatus"], "notLoggedIn", "state of the sign-in")
        return True

    def tools(self):
        return {name: tool["annotations"]["readOnlyHint"] for name, tool in self.server()["tools"].items()}

    def call(self, tool, **arguments):
        if self.thread is None:
            self.thread = self.ask("thread/start", cwd=self.home, sandbox="read-only")["thread"]["id"]
        result = self.ask("mcpServer/tool/call", threadId=self.thread, server=SERVER, tool=tool, arguments=arguments)
        text = "\n".join(part["text"] for part in result["content"] if part["type"] == "text")
        if result.get("isError"):
            raise Refused(text)
        return text

    def totals(self):
        return totals_in(self.call("run_dax", model=MODEL, query=TOTALS))

    def kept(self):
        with open(os.path.join(self.store, ".credentials.json")) as file:
            (kept,) = json.load(file).values()
        return kept["access_token"], kept["refresh_token"]

    def expire(self):
        def change(content):
            for kept in content.values():
                kept["expires_at"] = 1

        edited(os.path.join(self.store, ".credentials.json"), change)


class CodexRegisteringItself(Codex):
    """It has a document of its own, and registers itself where it is told to."""

    def sign_in_address(self):
        return super().sign_in_address(clientRegistration="dcr")


def it_registers_itself_where_it_is_told_to(demo, agent):
    asked, _ = agent.sign_in()
    assert asked["client_id"] != agent.DOCUMENT, asked


loopback_only.run(
    "codex",
    {
        "with the handshake": (functools.partial(Codex, modern=False), WITHOUT_A_PAGE),
        "without the handshake": (functools.partial(Codex, modern=True), WITH_A_PAGE),
        "registered": (functools.partial(CodexRegisteringItself, modern=True), [it_registers_itself_where_it_is_told_to, it_acts_as_the_person_who_signed_in]),
    },
)
