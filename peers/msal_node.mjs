// Microsoft's own client library for Node against the sandbox: sign-in, refresh and the ways they fail.
//
// Needs SANDBOX_URL (https) and NODE_EXTRA_CA_CERTS; `cargo xtask test --only peers` sets both.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";

import { ConfidentialClientApplication, CryptoProvider } from "@azure/msal-node";

import { Browser } from "./stand_in.mjs";
import { run } from "./tally.mjs";

const SANDBOX = process.env.SANDBOX_URL.replace(/\/$/, "");
const REDIRECT = "https://gateway.test/integration-callback";
const SCOPES = ["https://analysis.windows.net/powerbi/api/.default"];
const CONTOSO = "5a4db0c5-0000-4000-8000-00000000c001";
const CY = { upn: "cy@contoso.test", oid: "5a4db0c5-0001-4000-8000-000000000003" };
const SECRET = "a secret with + / = ~ and % in it";

async function askSandbox(method, path, body) {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(SANDBOX + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
}

/** A new registration with our redirect address and one secret. */
function register(members = {}) {
    const plain = { name: "MSAL Node", redirect_uris: { web: [REDIRECT] }, secrets: [{ value: SECRET }] };
    return askSandbox("POST", "/sandbox/apps", { ...plain, ...members });
}

function client(registration, { tenant = "organizations", secret = SECRET } = {}) {
    const auth = {
        clientId: registration.client_id,
        clientSecret: secret,
        authority: `${SANDBOX}/${tenant}`,
        knownAuthorities: [new URL(SANDBOX).host],
    };
    return new ConfidentialClientApplication({ auth });
}

/** The address a person is sent to, and what is needed to redeem the code that comes back. */
async function begin(app, redirectUri = REDIRECT) {
    const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
    const nonce = randomBytes(16).toString("base64url");
    const asked = { scopes: SCOPES, redirectUri, nonce, codeChallenge: challenge, codeChallengeMethod: "S256" };
    return { url: await app.getAuthCodeUrl(asked), nonce, verifier };
}

async function signIn(app, { accepts = true, verifier } = {}) {
    const begun = await begin(app);
    const answer = await new Browser({ account: CY.upn, accepts }).go(begun.url, REDIRECT);
    if (!answer.code) {
        return answer;
    }
    const redeem = { scopes: SCOPES, redirectUri: REDIRECT, code: answer.code, nonce: begun.nonce };
    return app.acquireTokenByCode({ ...redeem, codeVerifier: verifier ?? begun.verifier });
}

function groups(token) {
    return fetch(`${SANDBOX}/v1.0/myorg/groups`, { headers: { authorization: `Bearer ${token}` } });
}

/** Expects this error with this AADSTS number. */
async function failsWith(error, number, action) {
    await assert.rejects(action, (thrown) => {
        assert.equal(thrown.errorCode, error);
        assert.match(thrown.message, new RegExp(`AADSTS${number}\\b`));
        return true;
    });
}

await run("msal-node", {
    "a person signs in and is known by tenant and object id": async () => {
        const { idTokenClaims, account } = await signIn(client(await register()));
        assert.equal(idTokenClaims.tid, CONTOSO);
        assert.equal(idTokenClaims.oid, CY.oid);
        assert.equal(account.username, CY.upn);
        assert.equal(account.homeAccountId, `${CY.oid}.${CONTOSO}`);
    },
    "the token opens Power BI": async () => {
        const answer = await groups((await signIn(client(await register()))).accessToken);
        assert.equal(answer.status, 200);
        assert.notEqual((await answer.json()).value.length, 0);
    },
    "every kind of tenant address works": async () => {
        const registration = await register();
        for (const tenant of ["common", "organizations", CONTOSO, "contoso.test"]) {
            const { idTokenClaims } = await signIn(client(registration, { tenant }));
            assert.equal(idTokenClaims.tid, CONTOSO, tenant);
        }
    },
    "a cached token is used without asking again": async () => {
        const app = client(await register());
        const first = await signIn(app);
        const again = await app.acquireTokenSilent({ scopes: SCOPES, account: first.account });
        assert.equal(again.accessToken, first.accessToken);
        assert.equal(again.fromCache, true);
    },
    "a refresh brings a new token that works": async () => {
        const app = client(await register());
        const first = await signIn(app);
        const again = await app.acquireTokenSilent({ scopes: SCOPES, account: first.account, forceRefresh: true });
        assert.notEqual(again.accessToken, first.accessToken);
        assert.equal(again.fromCache, false);
        assert.equal((await groups(again.accessToken)).status, 200);
    },
    "a wrong secret is refused": async () => {
        const app = client(await register(), { secret: "not the secret" });
        await failsWith("invalid_client", 7000215, () => signIn(app));
    },
    "an expired secret is refused": async () => {
        const app = client(await register({ secrets: [{ value: SECRET, expires: "2020-01-01T00:00:00Z" }] }));
        await failsWith("invalid_client", 7000222, () => signIn(app));
    },
    "a redirect address that is not registered stops the person on a page": async () => {
        const { url } = await begin(client(await register()), `${REDIRECT}/`);
        assert.match(await new Browser({ account: CY.upn }).stopAtPage(url, REDIRECT), /AADSTS50011\b/);
    },
    "declined consent comes back as an error": async () => {
        const answer = await signIn(client(await register()), { accepts: false });
        assert.equal(answer.error, "access_denied");
        assert.match(answer.error_description, /AADSTS65004\b/);
    },
    "a code needs its verifier": async () => {
        const app = client(await register());
        await failsWith("invalid_grant", 501481, () => signIn(app, { verifier: "b".repeat(43) }));
    },
    "a revoked grant cannot be refreshed": async () => {
        const app = client(await register());
        const { account } = await signIn(app);
        await askSandbox("PATCH", `/sandbox/people/${CY.upn}`, { revoke_sessions: true });
        const refresh = () => app.acquireTokenSilent({ scopes: SCOPES, account, forceRefresh: true });
        await failsWith("invalid_grant", 50173, refresh);
    },
});
