//! What each setting means, for the generated page, the example file and `--help`.

use super::Settings;

/// One setting with its default and its meaning.
#[derive(Debug)]
pub struct Described {
    pub name: &'static str,
    /// As it is written in `gatepost.toml`.
    pub default: String,
    pub meaning: &'static str,
}

const MEANINGS: &[(&str, &str)] = &[
    (
        "listen",
        "Address and port the gateway listens on. Put a TLS proxy in front of it for anything but your own machine.",
    ),
    (
        "public_url",
        "The gateway's address as browsers, clients and Microsoft see it. Must be https, or http on localhost. Changing it makes every client register again.",
    ),
    (
        "data",
        "Folder for the SQLite file, the key file and the audit checkpoints. Created when absent.",
    ),
    (
        "database_url",
        "Empty: SQLite in the data folder. Or postgres://user:password@host/database, which several replicas may share.",
    ),
    (
        "database_schema",
        "PostgreSQL schema for the tables. Empty: the database's own default.",
    ),
    (
        "vault_keys_file",
        "File with the vault's keys, readable by its owner only. Empty: vault.keys in the data folder, created on the first start. Keep it apart from the database.",
    ),
    (
        "vault_keys",
        "The vault's keys themselves, `id:base64` separated by commas, instead of a file. Set it in the environment only.",
    ),
    (
        "audit_checkpoint_file",
        "File to which signed audit checkpoints are appended; the newest signed head is beside it, ending in .head. Empty: audit-checkpoints.txt in the data folder. Copy both elsewhere: they prove a cut tail.",
    ),
    (
        "masked_fields",
        "Names of argument fields that the audit log shows as ***, besides passwords, secrets and tokens.",
    ),
    (
        "session_idle_minutes",
        "A portal session ends after this long without use.",
    ),
    ("session_hours", "A portal session ends after this long in any case."),
    (
        "access_token_minutes",
        "Lifetime of the access tokens that clients get.",
    ),
    (
        "refresh_token_days",
        "Lifetime of the refresh tokens that clients get; each use gives a new one.",
    ),
    ("code_seconds", "Lifetime of an authorization code."),
    (
        "registrations_per_hour",
        "How many clients may register themselves in an hour through one replica: one network half of them, and when all are taken, networks that registered hardly any still a fortieth each.",
    ),
    (
        "unused_client_days",
        "A client that registered itself and was never used is forgotten after this long.",
    ),
    (
        "approval_hours",
        "How long a request for approval stays open, and an approval stays usable.",
    ),
    (
        "keep_alive_days",
        "Connections idle for this long are refreshed, because Microsoft forgets them after 90 days. 0: let them lapse.",
    ),
    (
        "token_refreshes_per_minute",
        "Most access tokens of one integration that are renewed at Microsoft in a minute, over all replicas. Tokens are renewed up to ten minutes ahead, so leave room for a tenth of the people who work at the same time.",
    ),
    (
        "power_bi_timeout_seconds",
        "Longest wait for the first byte of an answer of Power BI.",
    ),
    (
        "request_body_bytes",
        "Largest request body that is not streamed. The operation may take less: 1 MiB, unless its reference page says more.",
    ),
    (
        "memory_mib",
        "Memory, in MiB, that requests under way may hold in all: their bodies, and answers of Power BI that are read whole. When it is taken, further requests wait a moment and are then answered 503. The process itself needs some 150 MiB beside it.",
    ),
    (
        "memory_per_person_mib",
        "How much of it the requests of one person may hold. When it is taken, their further requests wait a moment and are then answered 429.",
    ),
    (
        "upload_bytes",
        "Largest file an import may upload through the gateway; it is streamed. Power BI itself takes 1 GB this way, more through a temporary upload location.",
    ),
    (
        "download_bytes",
        "Largest file that may be downloaded through the gateway; it is streamed.",
    ),
    (
        "list_calls_per_minute",
        "Most reads without a documented limit that one Microsoft account makes in a minute through one replica; further ones wait a moment or are answered 429. 0: no such limit.",
    ),
    ("connections", "Most connections at once."),
    (
        "connections_per_address",
        "Most connections at once from one address. Those of trusted proxies are not counted.",
    ),
    (
        "sign_ins_per_minute",
        "Most sign-ins begun from one network in a minute; a network is an IPv4 address or the /64 of an IPv6 address. Further ones are answered 429.",
    ),
    (
        "known_networks",
        "Networks of your own, such as [\"203.0.113.7\", \"2001:db8::/32\"], behind whose addresses many people work. Sign-ins and registrations of clients from there are not counted by network.",
    ),
    (
        "trusted_proxies",
        "Addresses or networks of your own TLS proxies, such as [\"10.0.0.7\", \"192.168.0.0/16\"]. Their X-Forwarded-For says whose request it is; nobody else's is believed.",
    ),
    (
        "header_seconds",
        "A connection that has not sent a whole request header by then is closed.",
    ),
    (
        "idle_seconds",
        "A connection without traffic is closed after this long.",
    ),
    (
        "unready_seconds",
        "On stop, /readyz says so for this long before the port closes, so that a load balancer sends no more calls.",
    ),
    ("drain_seconds", "On stop, running requests get this long to finish."),
    (
        "log",
        "What is logged: error, warn, info, debug, or a filter such as gatepost=debug.",
    ),
    ("log_json", "Log lines as JSON."),
    (
        "clouds",
        "Clouds besides Microsoft's five, which integrations choose by name: one table each, such as [clouds.lab] with login, resource, api and portal, and where they differ from the public cloud name, power_bi_app_id and api_hosts. All addresses are https; addresses on this machine are only for a public_url of http://localhost.",
    ),
];

/// Every setting, in the order of the example file.
pub fn described() -> Vec<Described> {
    let defaults = toml::Value::try_from(Settings::default()).expect("the defaults are plain values");
    MEANINGS
        .iter()
        .map(|&(name, meaning)| {
            let default = defaults
                .get(name)
                .map_or_else(|| "(none)".to_owned(), ToString::to_string);
            Described { name, default, meaning }
        })
        .collect()
}

/// The text of a `gatepost.toml` that changes nothing: every setting in a comment with its meaning.
pub fn example_file() -> String {
    let mut text = String::from(
        "# Gatepost settings. Every line is optional; each can also be set as GATEPOST_NAME in the environment.\n",
    );
    for it in described() {
        text.push_str(&format!("\n# {}\n# {} = {}\n", it.meaning, it.name, it.default));
    }
    text
}
