// The MCP project's clients for TypeScript, the present one and the one before, against the demo: sign-in through a
// browser, tools, resources, prompts, completion, and the page that is offered when Power BI is not connected.
//
// Needs GATEPOST_DEMO, the line that `gatepost demo --json` prints; `cargo xtask test --only peers` sets it.

import assert from "node:assert/strict";

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as OlderClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as OlderTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

import { Browser } from "./stand_in.mjs";
import { run } from "./tally.mjs";

const demo = JSON.parse(process.env.GATEPOST_DEMO);
const analyst = "cy@contoso.test";
// Nothing listens there: the stand-in browser stops where a real client's page would open.
const redirect = "http://localhost:33420/callback";
const about = { name: "TypeScript peer", version: "1" };

/** What a client keeps of its sign-in, and the browser it opens. */
class SignIn {
    #kept = {};

    constructor(account) {
        this.browser = new Browser({ account });
    }

    get redirectUrl() {
        return redirect;
    }

    get clientMetadata() {
        return {
            client_name: about.name,
            redirect_uris: [redirect],
            grant_types: ["authorization_code", "refresh_token"],
            response_types: ["code"],
            token_endpoint_auth_method: "none",
        };
    }

    clientInformation() {
        return this.#kept.client;
    }

    saveClientInformation(client) {
        this.#kept.client = client;
    }

    tokens() {
        return this.#kept.tokens;
    }

    saveTokens(tokens) {
        this.#kept.tokens = tokens;
    }

    saveCodeVerifier(verifier) {
        this.#kept.verifier = verifier;
    }

    codeVerifier() {
        return this.#kept.verifier;
    }

    discoveryState() {
        return this.#kept.discovery;
    }

    saveDiscoveryState(discovery) {
        this.#kept.discovery = discovery;
    }

    async redirectToAuthorization(url) {
        this.answer = await this.browser.go(url.href, redirect);
    }
}

/** A client whose person signs in on the way, as the library says: connect, be sent away, come back with a code. */
async function signedIn(make, Transport) {
    const authProvider = new SignIn(analyst);
    const transport = () => new Transport(new URL(demo.mcp_url), { authProvider });
    const first = transport();
    await assert.rejects(make().connect(first), /unauthorized/i);
    assert.ok(authProvider.answer.code, `no code came back: ${JSON.stringify(authProvider.answer)}`);
    await first.finishAuth(authProvider.answer.code, authProvider.answer.iss);
    const client = make();
    await client.connect(transport());
    return client;
}

/** A client with the demo's API key, whose person has a connection. */
async function withKey(make, Transport) {
    const client = make();
    const requestInit = { headers: { authorization: `Bearer ${demo.api_key}` } };
    await client.connect(new Transport(new URL(demo.mcp_url), { requestInit }));
    return client;
}

const present = (mode, capabilities = {}) => () => new Client(about, { capabilities, versionNegotiation: { mode } });
const older = () => new OlderClient(about, { capabilities: {} });

async function worksWith(client) {
    try {
        const { tools } = await client.listTools();
        assert.ok(tools.some(({ name }) => name === "find_items"));
        const told = await client.callTool({ name: "find_items", arguments: { text: "sales" } });
        assert.ok(!told.isError && told.content[0].text.includes("Sales model"), JSON.stringify(told));
        const { resources } = await client.listResources();
        const { contents } = await client.readResource({ uri: resources.at(-1).uri });
        assert.ok(contents[0].text.length > 0);
        const { resourceTemplates } = await client.listResourceTemplates();
        assert.equal(resourceTemplates.length, 4);
        const { prompts } = await client.listPrompts();
        const filled = await client.getPrompt({ name: prompts[0].name, arguments: { model: "Sales model" } });
        assert.ok(filled.messages[0].content.text.includes("Sales model"));
        const ref = { type: "ref/prompt", name: "explore_model" };
        const { completion } = await client.complete({ ref, argument: { name: "model", value: "sales" } });
        assert.ok(completion.values.includes("Sales model"), JSON.stringify(completion));
    } finally {
        await client.close();
    }
}

await run("mcp-typescript", {
    "the present client signs in through the browser and works in the modern era": async () =>
        worksWith(await signedIn(present("auto"), StreamableHTTPClientTransport)),
    "the present client works in the legacy era": async () =>
        worksWith(await withKey(present("legacy"), StreamableHTTPClientTransport)),
    "the older client signs in through the browser and works": async () => worksWith(await signedIn(older, OlderTransport)),
    "a query that is wrong is an error the agent can read": async () => {
        const client = await withKey(present("auto"), StreamableHTTPClientTransport);
        const told = await client.callTool({ name: "run_dax", arguments: { model: "Sales model", query: "EVALUATE 'No such'" } });
        assert.ok(told.isError && told.content[0].text.includes("No such"), JSON.stringify(told));
        await client.close();
    },
});
