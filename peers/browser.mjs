// Debian's Chromium through the portal: sign in, enter a second registration, connect it, see the account.
//
// Needs GATEPOST_DEMO, CHROMIUM and SCREENSHOTS; `cargo xtask test --only browser` sets them.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { run } from "./tally.mjs";

const DEMO = JSON.parse(process.env.GATEPOST_DEMO);
const PORTAL = DEMO.portal_url.replace(/\/$/, "");
const SANDBOX = DEMO.sandbox_url.replace(/\/$/, "");
const SECRET = "second-registration-secret";
const ACCOUNT = { upn: "bo@contoso.test", name: "Bo Builder" };
const INTEGRATION = "Second registration";

const profile = await mkdtemp(join(tmpdir(), "gatepost-chromium-"));
await mkdir(process.env.SCREENSHOTS, { recursive: true });
const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM,
    headless: true,
    viewport: { width: 1280, height: 900 },
    args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ],
});
const page = context.pages()[0] ?? (await context.newPage());
page.setDefaultTimeout(15_000);

// What a visitor must never see: a script that fails, a style that the page's own policy blocks, a failed answer.
const troubles = [];
page.on("pageerror", (error) => troubles.push(`script: ${error.message}`));
// Chromium reports every answer that is not a success; a form that is refused on purpose is one.
page.on("console", (message) => message.type() === "error" && !/status of 4\d\d/.test(message.text()) && troubles.push(`console: ${message.text()}`));
page.on("response", (answer) => answer.status() >= 500 && troubles.push(`${answer.status()} ${answer.url()}`));

let pictures = 0;

async function picture(name) {
    pictures += 1;
    const file = `${String(pictures).padStart(2, "0")}-${name}.png`;
    await page.screenshot({ path: join(process.env.SCREENSHOTS, file), fullPage: true });
}

/** Runs an action; when it fails, leaves a picture and the page's words. */
function seen(name, action) {
    return async () => {
        try {
            await action();
            await picture(name);
        } catch (error) {
            await picture(`${name}-failed`).catch(() => {});
            const words = await page.locator("body").innerText().catch(() => "");
            error.stack = `${error.stack}\nat ${page.url()}:\n${words.slice(0, 2500)}`;
            throw error;
        }
    };
}

/** The one visible control with this label or name, whichever the page has. */
function field(label) {
    return page.getByLabel(label).locator("visible=true").first();
}

function button(name) {
    return page.getByRole("button", { name }).or(page.getByRole("link", { name })).locator("visible=true").first();
}

async function register() {
    const redirects = [`${PORTAL}/integration-callback`, `${PORTAL.replace("127.0.0.1", "localhost")}/integration-callback`];
    const body = { name: INTEGRATION, redirect_uris: { web: redirects }, secrets: [{ value: SECRET }] };
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${SANDBOX}/sandbox/apps`, { method: "POST", headers, body: JSON.stringify(body) });
    const text = await answer.text();
    assert.ok(answer.ok, text);
    return JSON.parse(text);
}

await run("browser", {
    "the administrator signs in": seen("overview", async () => {
        await page.goto(`${PORTAL}/`);
        await picture("sign-in");
        await field(/e-?mail/i).fill(DEMO.admin_email);
        await field(/password/i).fill(DEMO.admin_password);
        await button(/^sign in$/i).click();
        await page.getByRole("link", { name: /integrations/i }).first().waitFor();
    }),

    "the form shows the redirect address and refuses what cannot work": seen("refused", async () => {
        await page.getByRole("link", { name: /integrations/i }).first().click();
        await picture("integrations");
        await button(/(add|new|connect|set up).*(power bi|integration|registration)|^power bi$/i).click();
        const whole = await page.content();
        assert.match(whole, /\/integration-callback/);
        await field(/client id/i).fill("not a client id");
        await field(/client secret/i).fill(SECRET);
        await button(/save|create|add/i).click();
        await page.getByText(/client id/i).first().waitFor();
        assert.equal(await page.getByText(SECRET).count(), 0, "the secret is not shown again");
    }),

    "a second registration is saved": seen("saved", async () => {
        const registration = await register();
        const name = field(/^(display )?name/i);
        if (await name.count()) {
            await name.fill(INTEGRATION);
        }
        await field(/client id/i).fill(registration.client_id);
        await field(/client secret/i).fill(SECRET);
        await field(/^cloud/i).selectOption("sandbox");
        await button(/^save$/i).click();
        await page.getByText(INTEGRATION).first().waitFor();
        assert.ok(!(await page.content()).includes(SECRET), "the secret is write-only");
    }),

    "it is connected through Microsoft's pages and the account is named": seen("connected", async () => {
        await page.goto(`${PORTAL}/connections`);
        await page.getByRole("link", { name: /^connect$/i }).first().click();
        await page.waitForURL(/\/connections\/connect\//);
        await picture("consent");
        await button(/continue to microsoft/i).click();
        await page.waitForURL((url) => url.href.startsWith(SANDBOX));
        await picture("at-microsoft");
        assert.match(await page.locator("body").innerText(), /not Microsoft/i, "the sandbox says what it is");
        await page.locator(`button[name=account][value="${ACCOUNT.upn}"]`).click();
        await page.locator("button[name=decision][value=accept]").click();
        await page.waitForURL((url) => url.href.startsWith(PORTAL) || url.href.startsWith(PORTAL.replace("127.0.0.1", "localhost")));
        await page.getByText(new RegExp(`${ACCOUNT.name}|${ACCOUNT.upn}`)).first().waitFor();
    }),

    "the pages work in the dark, on a phone and without a mouse": seen("phone-dark", async () => {
        await page.emulateMedia({ colorScheme: "dark" });
        await page.setViewportSize({ width: 390, height: 844 });
        await page.goto(`${PORTAL}/`);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= 390, `the page is ${width} wide on a screen of 390`);
        await page.keyboard.press("Tab");
        const focused = await page.evaluate(() => document.activeElement?.tagName);
        assert.notEqual(focused, "BODY", "the first press of Tab reaches something");
    }),

    "no page had a failing script, a blocked style or a server error": async () => {
        assert.deepEqual(troubles, []);
    },
});

await context.close();
await rm(profile, { recursive: true, force: true });
