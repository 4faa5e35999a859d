"""The published MCP client for Python against the demo: registration, sign-in through a browser, consent, tools.

Needs GATEPOST_DEMO, the line that `gatepost demo --json` prints; `cargo xtask test --only peers` sets it.
"""

import asyncio
import contextlib
import json
import os

import httpx2
import requests
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata
from mcp.types import ElicitResult

import tally
from person import Person
from power_bi import MODEL, TOTALS, direct_token, direct_totals, totals_in
from stand_in import Browser
from tally import equal

DEMO = json.loads(os.environ["GATEPOST_DEMO"])
SANDBOX = DEMO["sandbox_url"].rstrip("/")
# Nothing listens there: the stand-in browser stops where a real client's page would open.
REDIRECT = "http://127.0.0.1:33418/callback"
BO, CY = "bo@contoso.test", "cy@contoso.test"


class Memory:
    """Where the client keeps what it got."""

    def __init__(self):
        self.tokens = self.client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


class SignIn:
    """What the client's own browser window does: a person signs in and answers, then the code comes back."""

    def __init__(self, account, accepts=True):
        self.browser, self.answer = Browser(account, accepts), None
        self.walks = 0

    async def open(self, url):
        self.walks += 1
        self.answer = await asyncio.to_thread(self.browser.go, url, REDIRECT)

    async def result(self):
        assert "code" in self.answer, f"no code came back: {self.answer}"
        return AuthorizationCodeResult(**{name: self.answer.get(name) for name in ("code", "state", "iss")})


@contextlib.asynccontextmanager
async def client_of(account, mode="auto", memory=None, sign_in=None, **more):
    """A connected client whose person is `account`; `memory` keeps a grant from one connection to the next."""
    sign_in = sign_in or SignIn(account)
    about = OAuthClientMetadata(client_name="Python peer", redirect_uris=[REDIRECT], token_endpoint_auth_method="none")
    provider = OAuthClientProvider(DEMO["mcp_url"], about, memory or Memory(), sign_in.open, sign_in.result)
    async with httpx2.AsyncClient(auth=provider, timeout=60, trust_env=False) as http:
        async with Client(streamable_http_client(DEMO["mcp_url"], http_client=http), mode=mode, **more) as client:
            yield client


async def call(client, tool, **arguments):
    """Calls a tool that must succeed; returns its text."""
    result = await client.call_tool(tool, arguments)
    text = "\n".join(part.text for part in result.content if part.type == "text")
    assert not result.is_error, f"{tool} failed: {text}"
    return text


async def totals_through_the_gateway(account):
    async with client_of(account) as client:
        text = await call(client, "run_dax", model=MODEL, query=TOTALS)
    return totals_in(text)


async def a_person_signs_in_through_the_browser_and_is_known():
    async with client_of(CY) as client:
        text = await call(client, "whoami")
    assert CY in text and BO not in text, text


async def consent_was_asked_before_the_way_to_microsoft():
    sign_in = SignIn(CY)
    async with client_of(CY, sign_in=sign_in) as client:
        await call(client, "whoami")
    addresses = [page.url for page in sign_in.browser.pages]
    at_microsoft = [place for place, url in enumerate(addresses) if url.startswith(SANDBOX)]
    consent = [place for place, page in enumerate(sign_in.browser.pages) if "Python peer" in page.text]
    assert consent and at_microsoft and consent[0] < at_microsoft[0], addresses


async def a_person_who_declines_gives_no_code():
    sign_in = SignIn(CY, accepts=False)
    try:
        async with client_of(CY, sign_in=sign_in):
            pass
    except BaseException:  # The client wraps its error in groups of its own.
        pass
    equal((sign_in.answer or {}).get("error"), "access_denied", "error")
    assert "code" not in sign_in.answer, sign_in.answer


async def tools_are_listed_with_schemas_and_annotations():
    async with client_of(CY) as client:
        tools = (await client.list_tools()).tools
    names = {tool.name for tool in tools}
    assert {"whoami", "find_items", "describe_item", "describe_model", "run_dax"} <= names, names
    for tool in tools:
        assert tool.description and tool.title and len(tool.name) <= 48, tool.name
        equal(tool.input_schema["type"], "object", f"schema of {tool.name}")
        assert "$ref" not in json.dumps(tool.input_schema), tool.name
        assert tool.annotations and tool.annotations.read_only_hint is not None, tool.name


async def an_item_is_found_by_a_part_of_its_name():
    async with client_of(CY) as client:
        text = await call(client, "find_items", text="sales")
    assert MODEL in text, text


async def two_people_get_their_own_numbers_equal_to_power_bis():
    numbers = {account: await totals_through_the_gateway(account) for account in (CY, BO)}
    assert numbers[CY] != numbers[BO], f"row-level security makes a difference: {numbers}"
    for account, found in numbers.items():
        equal(found, await asyncio.to_thread(direct_totals, DEMO, account), f"totals of {account}")


async def a_query_that_is_wrong_is_an_error_the_agent_can_read():
    async with client_of(CY) as client:
        result = await client.call_tool("run_dax", {"model": MODEL, "query": "EVALUATE 'No such table'"})
    assert result.is_error, result
    assert "No such table" in result.content[0].text, result.content[0].text


async def a_grant_is_used_again_without_a_browser():
    memory, sign_in = Memory(), SignIn(CY)
    for _ in range(2):
        async with client_of(CY, memory=memory, sign_in=sign_in) as client:
            await call(client, "whoami")
    equal(sign_in.walks, 1, "walks through the browser")


async def an_expired_access_token_is_refreshed():
    memory, sign_in = Memory(), SignIn(CY)
    async with client_of(CY, memory=memory, sign_in=sign_in) as client:
        await call(client, "whoami")
    answer = refresh(memory)
    equal(answer.status_code, 200, "status of a refresh")
    renewed = answer.json()["access_token"]
    assert renewed != memory.tokens.access_token, "the access token is new"
    memory.tokens.access_token = renewed
    async with client_of(CY, memory=memory, sign_in=sign_in) as client:
        await call(client, "whoami")
    equal(sign_in.walks, 1, "walks through the browser")


def refresh(memory):
    """What any client does with a refresh token."""
    base = DEMO["mcp_url"].split("/mcp")[0]
    endpoint = requests.get(f"{base}/.well-known/oauth-authorization-server", timeout=30).json()["token_endpoint"]
    body = {
        "grant_type": "refresh_token", "refresh_token": memory.tokens.refresh_token,
        "client_id": memory.client.client_id, "resource": DEMO["mcp_url"],
    }
    return requests.post(endpoint, data=body, timeout=30)


async def the_older_handshake_works_too():
    async with client_of(CY, mode="legacy") as client:
        assert CY in await call(client, "whoami")


async def a_call_without_a_connection_offers_a_page_and_goes_on_after_it():
    person, asked = Person(DEMO, CY), []

    async def elicit(_, params):
        asked.append(params)
        await asyncio.to_thread(person.connect, params.url)
        return ElicitResult(action="accept")

    async with client_of(CY, elicitation_callback=elicit) as client:
        await call(client, "whoami")
        await asyncio.to_thread(person.disconnect)
        assert MODEL in await call(client, "find_items", text="sales")
    equal([(it.mode, it.url) for it in asked], [("url", DEMO["portal_url"] + "/connections")], "what was asked")


async def whoever_declines_the_page_gets_the_link_in_words():
    person = Person(DEMO, CY)

    async def elicit(_, params):
        return ElicitResult(action="decline")

    async with client_of(CY, elicitation_callback=elicit) as client:
        await asyncio.to_thread(person.disconnect)
        result = await client.call_tool("find_items", {"text": "sales"})
    assert result.is_error and "/connections" in result.content[0].text, result
    await asyncio.to_thread(person.connect, DEMO["portal_url"] + "/connections")


def a_token_of_microsoft_is_not_accepted():
    call_whoami = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "whoami", "arguments": {}}}
    headers = {"authorization": f"Bearer {direct_token(DEMO, CY)}", "accept": "application/json, text/event-stream"}
    answer = requests.post(DEMO["mcp_url"], json=call_whoami, headers=headers, timeout=30)
    equal(answer.status_code, 401, "status")
    assert "resource_metadata" in answer.headers["www-authenticate"], answer.headers


tally.run(
    "mcp-python",
    [
        a_person_signs_in_through_the_browser_and_is_known,
        consent_was_asked_before_the_way_to_microsoft,
        a_person_who_declines_gives_no_code,
        tools_are_listed_with_schemas_and_annotations,
        an_item_is_found_by_a_part_of_its_name,
        two_people_get_their_own_numbers_equal_to_power_bis,
        a_query_that_is_wrong_is_an_error_the_agent_can_read,
        a_grant_is_used_again_without_a_browser,
        an_expired_access_token_is_refreshed,
        the_older_handshake_works_too,
        a_call_without_a_connection_offers_a_page_and_goes_on_after_it,
        whoever_declines_the_page_gets_the_link_in_words,
        a_token_of_microsoft_is_not_accepted,
    ],
)
