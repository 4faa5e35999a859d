// A stand-in for a person with a browser, for the Node peers: keeps cookies, follows redirects, presses buttons.

const MOST_PAGES = 25;

/** One person's browser at Microsoft's pages: `account` is who they are, `accepts` whether they consent. */
export class Browser {
    #cookies = new Map();

    constructor({ account, accepts = true }) {
        this.account = account;
        this.accepts = accepts;
    }

    /** Walks from `url` until an address that begins with `until`; returns its parameters. */
    async go(url, until) {
        let request = { url, method: "GET" };
        for (let page = 0; page < MOST_PAGES; page += 1) {
            if (request.url.startsWith(until)) {
                return Object.fromEntries(new URL(request.url).searchParams);
            }
            const answer = await this.#fetch(request);
            const location = answer.headers.get("location");
            request = location
                ? { url: new URL(location, request.url).href, method: "GET" }
                : this.#press(request.url, await answer.text());
        }
        throw new Error(`still not at ${until} after ${MOST_PAGES} pages; the last was ${request.url}`);
    }

    /** Walks until a page on which there is nothing to press; returns its text. */
    async stopAtPage(url, until) {
        try {
            await this.go(url, until);
        } catch (error) {
            if (error instanceof NothingToPress) {
                return error.text;
            }
            throw error;
        }
        throw new Error("arrived instead of being stopped");
    }

    async #fetch({ url, method, body }) {
        const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
        // What a browser says with a form: which site's page it was on.
        const origin = method === "POST" ? { origin: new URL(url).origin } : {};
        const headers = { ...origin, ...(cookie ? { cookie } : {}) };
        const answer = await fetch(url, { method, body, headers, redirect: "manual" });
        for (const line of answer.headers.getSetCookie()) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
            this.#cookies.set(name.trim(), value);
        }
        return answer;
    }

    #press(url, text) {
        const wanted = [
            `account=${this.account}`,
            `decision=${this.accepts ? "accept" : "cancel"}`,
            `answer=${this.accepts ? "approve" : "cancel"}`,
        ];
        for (const [, attributes, inside] of text.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)) {
            const buttons = [...inside.matchAll(/<button\b([^>]*)>/g)].map(([, tag]) => control(tag));
            const button = buttons.find(({ name, value }) => wanted.includes(`${name}=${value}`));
            if (button) {
                const inputs = [...inside.matchAll(/<input\b([^>]*)>/g)].map(([, tag]) => control(tag));
                const hidden = inputs.filter(({ type }) => type === "hidden");
                const body = new URLSearchParams([...hidden, button].map(({ name, value }) => [name, value]));
                return { url: new URL(attribute(attributes, "action") || url, url).href, method: "POST", body };
            }
        }
        throw new NothingToPress(url, text);
    }
}

class NothingToPress extends Error {
    constructor(url, text) {
        super(`nothing to press on ${url}:\n${text.slice(0, 3000)}`);
        this.text = text;
    }
}

function control(tag) {
    return { type: attribute(tag, "type"), name: attribute(tag, "name"), value: attribute(tag, "value") };
}

function attribute(tag, name) {
    const found = new RegExp(`\\b${name}="([^"]*)"`).exec(tag);
    const plain = { "&amp;": "&", "&quot;": '"', "&#x27;": "'", "&#x2f;": "/", "&lt;": "<", "&gt;": ">" };
    return found ? found[1].replace(/&(?:amp|quot|lt|gt|#x27|#x2f);/gi, (entity) => plain[entity.toLowerCase()]) : "";
}
