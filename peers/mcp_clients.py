"""Clients that people use, against the demo: fastmcp and mcp-remote with a sign-in through the browser, and the Inspector.

Needs GATEPOST_DEMO and NODE; `cargo xtask test --only peers` sets both.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

import tally

DEMO = json.loads(os.environ["GATEPOST_DEMO"])
HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = os.path.join(HERE, "node_modules")
CY = "cy@contoso.test"
INSPECTOR = os.path.join(MODULES, "@modelcontextprotocol/inspector/clients/launcher/build/index.js")
REMOTE = os.path.join(MODULES, "mcp-remote/dist/proxy.js")


def surroundings(home):
    """The environment of a client: a home of its own, and a browser in which a person signs in."""
    browser = os.path.join(HERE, "browser.sh")
    programs = os.path.join(home, "bin")
    os.makedirs(programs, exist_ok=True)
    opener = os.path.join(programs, "browse")
    with open(opener, "w") as file:
        file.write(f'#!/bin/sh\nexec {browser} "$@"\n')
    os.chmod(opener, 0o755)
    # Whatever opens a browser on Linux opens this one.
    for name in ("xdg-open", "sensible-browser", "x-www-browser"):
        if not os.path.exists(os.path.join(programs, name)):
            os.symlink(opener, os.path.join(programs, name))
    return {
        **os.environ,
        "HOME": home,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "BROWSER": opener,
        "PYTHON": sys.executable,
        "WALKER": CY,
        "WALK_LOG": os.path.join(home, "walk.log"),
        "DISPLAY": ":0",
    }


def walk_log(home):
    path = os.path.join(home, "walk.log")
    return open(path).read() if os.path.exists(path) else "no browser was opened"


async def fastmcp_signs_in_and_calls_a_tool():
    with tempfile.TemporaryDirectory() as home:
        os.environ.update({key: value for key, value in surroundings(home).items() if key != "HOME"})
        from fastmcp import Client

        try:
            async with asyncio.timeout(120):
                async with Client(DEMO["mcp_url"], auth="oauth") as client:
                    tools = await client.list_tools()
                    assert "find_items" in [tool.name for tool in tools]
                    told = await client.call_tool("whoami", {})
                    assert CY in told.content[0].text, told
                    prompts = await client.list_prompts()
                    assert "explore_model" in [prompt.name for prompt in prompts]
        except TimeoutError as late:
            raise AssertionError(walk_log(home)) from late


async def mcp_remote_signs_in_and_carries_a_call():
    from mcp import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client

    with tempfile.TemporaryDirectory() as home:
        environment = {**surroundings(home), "MCP_REMOTE_CONFIG_DIR": os.path.join(home, "auth")}
        said = os.path.join(home, "said.log")
        person = threading.Thread(target=follow_what_is_printed, args=(said, environment), daemon=True)
        person.start()
        command = StdioServerParameters(
            command=os.environ["NODE"], args=[REMOTE, DEMO["mcp_url"], "33425", "--allow-http"], env=environment
        )
        try:
            async with asyncio.timeout(150):
                with open(said, "w") as errlog:
                    async with Client(stdio_client(command, errlog=errlog), mode="legacy") as client:
                        told = await client.call_tool("find_items", {"text": "sales"})
                        assert not told.is_error and "Sales model" in told.content[0].text, told
        except TimeoutError as late:
            raise AssertionError(open(said).read() + walk_log(home)) from late


def follow_what_is_printed(said, environment):
    """It knows browsers by their fixed places only; where there is none it prints the address for the person to open."""
    for _ in range(600):
        printed = re.search(r"^https?://\S+/authorize\?\S+$", open(said).read() if os.path.exists(said) else "", re.MULTILINE)
        if printed:
            subprocess.run([environment["BROWSER"], printed[0]], env=environment, check=True)
            return
        time.sleep(0.2)


def inspect(*arguments, home=None, key=True):
    header = ["--header", f"Authorization: Bearer {DEMO['api_key']}"] if key else []
    command = [os.environ["NODE"], INSPECTOR, "--cli", DEMO["mcp_url"], "--format", "json", "-q", *arguments, *header]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**surroundings(home or folder), "MCP_AUTO_OPEN_ENABLED": "true"}
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=150, env=environment
        )


def the_inspector_finds_no_fault_with_the_schemas_in_either_era():
    for era in ("modern", "legacy"):
        ran = inspect("--method", "tools/list", "--protocol-era", era, "--strict")
        assert ran.returncode == 0, f"{era}: {ran.returncode}\n{ran.stderr[-3000:]}"
        assert len(json.loads(ran.stdout)["result"]["tools"]) >= 12


def the_inspector_calls_reads_and_completes():
    call = ("--method", "tools/call", "--tool-name", "find_items", "--tool-args-json", '{"text": "sales"}')
    for era in ("modern", "legacy"):
        ran = inspect(*call, "--protocol-era", era)
        assert ran.returncode == 0 and "Sales model" in ran.stdout, f"{era}: {ran.stdout[-2000:]}{ran.stderr[-2000:]}"
    for method in ("resources/list", "resources/templates/list", "prompts/list"):
        ran = inspect("--method", method, "--protocol-era", "modern")
        assert ran.returncode == 0, f"{method}: {ran.stderr[-2000:]}"


tally.run(
    "mcp-clients",
    [
        fastmcp_signs_in_and_calls_a_tool,
        mcp_remote_signs_in_and_carries_a_call,
        the_inspector_finds_no_fault_with_the_schemas_in_either_era,
        the_inspector_calls_reads_and_completes,
    ],
)
