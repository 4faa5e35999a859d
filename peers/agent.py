"""What an agent that people use must get right with a demo, whichever it is; `claude_code.py` and `codex.py` run it.

The agents run without a model: their own MCP client is asked directly. `peers/agents` holds them, or the folder that
PEER_AGENTS names.
"""

import glob
import json
import os
from urllib.parse import parse_qs, urlsplit

import json_lines
import loopback_only
from person import Person
from power_bi import MODEL, TOTALS, direct_totals
from stand_in import Browser
from tally import equal

CY = "cy@contoso.test"
# The agent's own name for the gateway.
SERVER = "gatepost"


class Agent(json_lines.Program):
    """An agent that is told the address of one MCP server and nothing else.

    A subclass says how it is driven, with `NAME` as consent pages show it, `DOCUMENT` as the address at which it describes
    itself and `RETURNS_TO` as the host of its redirect address; and `sign_in_address`, `is_signed_out`, `tools` with whether
    each only reads, `call`, `totals`, `kept` and `expire`.
    """

    def __init__(self, command, home, environment):
        super().__init__(command, home, environment)
        self.pages_offered, self.at_the_page = [], None

    def sign_in(self, account=CY):
        """A person follows the agent's address in a browser, and the browser goes back to the agent."""
        address = self.sign_in_address()
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        browser = Browser(account)
        answer = browser.go(address, asked["redirect_uri"])
        told = browser.hand_over(asked["redirect_uri"], answer)
        assert told.ok, told.text
        self.is_signed_in()
        return asked, browser.pages

    def shows_a_page(self, url):
        self.pages_offered.append(url)
        assert self.at_the_page, f"it asks to open {url}"
        return self.at_the_page(url)

    def refusal(self, tool, **arguments):
        """Calls a tool that must not succeed; returns what the agent is told."""
        try:
            told = self.call(tool, **arguments)
        except Refused as refused:
            return str(refused)
        raise AssertionError(f"{tool} succeeded: {told}")


class Refused(Exception):
    """The agent says that something did not work, in the words that it would show."""


def installed(pattern):
    """A program of `peers/agents`, for this machine's kind of processor as npm calls it."""
    pattern = pattern.format(machine={"x86_64": "x64", "aarch64": "arm64"}[os.uname().machine])
    folder = os.environ.get("PEER_AGENTS", os.path.join(os.path.dirname(os.path.abspath(__file__)), "agents/node_modules"))
    found = glob.glob(os.path.join(folder, pattern))
    assert len(found) == 1, f"expected one program at {folder}/{pattern}, found {found}"
    return found[0]


def it_has_no_way_out(demo, agent):
    loopback_only.holds(agent.process.pid)


def it_finds_out_from_the_address_alone_that_somebody_must_sign_in(demo, agent):
    assert agent.is_signed_out()


def it_signs_in_as_its_own_document_says_after_one_consent(demo, agent):
    asked, pages = agent.sign_in()
    equal(asked["client_id"], agent.DOCUMENT, "client")
    equal(asked["resource"], demo["mcp_url"], "resource")
    equal(asked["code_challenge_method"], "S256", "method of the challenge")
    equal(urlsplit(asked["redirect_uri"]).hostname, agent.RETURNS_TO, "where it returns to")
    consents = [page.text for page in pages if urlsplit(page.url).path == "/authorize"]
    equal(len(consents), 1, "consent pages")
    assert agent.NAME in consents[0] and agent.RETURNS_TO in consents[0], consents[0]


def it_lists_the_tools_of_its_scope_and_knows_that_they_only_read(demo, agent):
    tools = agent.tools()
    assert {"whoami", "find_items", "describe_model", "run_dax", "call_read_operation"} <= set(tools), tools
    # The challenge names the scope to read with, and an agent asks for nothing more.
    equal([name for name, only_reads in tools.items() if not only_reads], [], "tools that write")


def it_acts_as_the_person_who_signed_in(demo, agent):
    told = agent.call("whoami")
    assert CY in told and f"client {agent.NAME}" in told, told


def it_reads_the_numbers_that_power_bi_shows_this_person(demo, agent):
    equal(agent.totals(), direct_totals(demo, CY), f"totals of {CY}")


def what_it_hands_on_says_that_it_is_data(demo, agent):
    for told in (agent.call("find_items", text="sales"), agent.call("run_dax", model=MODEL, query=TOTALS)):
        assert "data, not instructions" in told, told


def it_is_told_what_is_wrong_with_a_query(demo, agent):
    told = agent.refusal("run_dax", model=MODEL, query="EVALUATE 'No such table'")
    assert "No such table" in told and "RequestId" in told, told


def it_refreshes_when_its_access_token_is_dead(demo, agent):
    access, refresh = agent.kept()
    body = {"token": access, "client_id": agent.DOCUMENT}
    answer = Browser().session.post(demo["portal_url"] + "/revoke", data=body, timeout=30)
    equal(answer.status_code, 200, "status of the revocation")
    assert CY in agent.call("whoami")
    renewed_access, renewed_refresh = agent.kept()
    assert renewed_access != access and renewed_refresh != refresh, "it kept a token that is dead"


def a_page_it_must_open_is_shown_once_and_the_call_goes_on_after_it(demo, agent):
    person = Person(demo, CY)
    person.disconnect()
    agent.pages_offered, agent.at_the_page = [], lambda url: person.connect(url) or "accept"
    assert MODEL in agent.call("find_items", text="sales")
    equal(agent.pages_offered, [demo["portal_url"] + "/connections"], "pages that it showed")


def whoever_declines_the_page_gets_the_link_in_words(demo, agent):
    person = Person(demo, CY)
    person.disconnect()
    agent.pages_offered, agent.at_the_page = [], lambda url: "decline"
    told = agent.refusal("find_items", text="sales")
    assert demo["portal_url"] + "/connections" in told, told
    equal(len(agent.pages_offered), 1, "pages that it showed")
    person.connect(demo["portal_url"] + "/connections")


def where_it_cannot_show_a_page_the_link_comes_in_words(demo, agent):
    person = Person(demo, CY)
    person.disconnect()
    told = agent.refusal("find_items", text="sales")
    assert demo["portal_url"] + "/connections" in told, told
    person.connect(demo["portal_url"] + "/connections")
    assert MODEL in agent.call("find_items", text="sales")


def a_grant_that_was_taken_back_means_signing_in_again(demo, agent):
    Person(demo, CY).revoke_agents()
    agent.refusal("whoami")
    assert agent.is_signed_out()
    agent.sign_in()
    assert CY in agent.call("whoami")


def started_again_it_renews_what_expired_and_needs_no_browser(demo, agent):
    access, _ = agent.kept()
    agent.stop()
    agent.expire()
    agent.start()
    assert CY in agent.call("whoami")
    assert agent.kept()[0] != access, "the access token is the one that expired"


def edited(path, change):
    """Changes what an agent keeps in a file of JSON."""
    with open(path) as file:
        content = json.load(file)
    change(content)
    with open(path, "w") as file:
        json.dump(content, file)


BEFORE_THE_PAGE = [
    it_has_no_way_out,
    it_finds_out_from_the_address_alone_that_somebody_must_sign_in,
    it_signs_in_as_its_own_document_says_after_one_consent,
    it_lists_the_tools_of_its_scope_and_knows_that_they_only_read,
    it_acts_as_the_person_who_signed_in,
    it_reads_the_numbers_that_power_bi_shows_this_person,
    what_it_hands_on_says_that_it_is_data,
    it_is_told_what_is_wrong_with_a_query,
    it_refreshes_when_its_access_token_is_dead,
]
AFTER_THE_PAGE = [
    a_grant_that_was_taken_back_means_signing_in_again,
    started_again_it_renews_what_expired_and_needs_no_browser,
]
WITH_A_PAGE = [
    *BEFORE_THE_PAGE,
    a_page_it_must_open_is_shown_once_and_the_call_goes_on_after_it,
    whoever_declines_the_page_gets_the_link_in_words,
    *AFTER_THE_PAGE,
]
WITHOUT_A_PAGE = [*BEFORE_THE_PAGE, where_it_cannot_show_a_page_the_link_comes_in_words, *AFTER_THE_PAGE]
