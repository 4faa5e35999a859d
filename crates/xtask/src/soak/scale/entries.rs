//! Entries of a year, made by the rule of the log's second form (docs/audit.md): one JSON object with sorted keys, and a SHA-256
//! over the hash before it and that text.

use anyhow::Context;
use anyhow::Result;
use sha2::Digest;
use sha2::Sha256;

use crate::soak::scale::database::Database;
use crate::soak::scale::house;
use crate::soak::scale::house::House;

const YEAR_MS: u64 = 365 * 24 * 3_600_000;
/// Rows of one statement on SQLite.
const AT_ONCE: usize = 50;

/// Adds so many entries to the log of a gateway that is stopped, spread over the year that ends `now`.
///
/// The head is left unsigned: the gateway signs it with its next entry. It also counts the new ones by itself.
pub(super) fn add(database: &Database, house: &House, entries: u64, now: u64) -> Result<()> {
    let mut chain = Chain::of(database)?;
    let first = chain.seq + 1;
    let indexes = database.take_indexes("audit_entries")?;
    let words = Words::of(database);
    database.pipe(|to| {
        to.write_all(words.begin.as_bytes())?;
        for from in (0..entries).step_by(AT_ONCE) {
            to.write_all(words.before.as_bytes())?;
            for at in from..entries.min(from + AT_ONCE as u64) {
                let between = if at == from { "" } else { words.between };
                let time = now - YEAR_MS + at * YEAR_MS / entries;
                let row = chain.add(&Entry::of(at, first), &house.environment, time);
                to.write_all(format!("{between}{}", words.row(&row)).as_bytes())?;
            }
            to.write_all(words.after.as_bytes())?;
        }
        Ok(to.write_all(words.end.as_bytes())?)
    })?;
    let hash = words.bytes(&hex(&chain.hash));
    let head = format!(
        "UPDATE audit_head SET seq = {}, hash = {hash}, signed_at = NULL, signature = NULL WHERE id = 1;\n",
        chain.seq
    );
    database.run(&format!("{head}{}{}", words.for_indexes, indexes.concat()))?;
    Ok(())
}

/// How each database is told many rows.
struct Words {
    begin: &'static str,
    before: &'static str,
    between: &'static str,
    after: &'static str,
    end: &'static str,
    for_indexes: &'static str,
    is_sqlite: bool,
}

impl Words {
    fn of(database: &Database) -> Self {
        match database {
            Database::Sqlite(_) => Self {
                // Nothing has to survive a power cut here, and nobody else reads meanwhile.
                begin: "PRAGMA journal_mode = OFF;\nPRAGMA synchronous = OFF;\nBEGIN;\n",
                before: "INSERT INTO audit_entries (seq, time, environment_id, person_id, kind, trace, entry, hash) VALUES ",
                between: ",",
                after: ";\n",
                end: "COMMIT;\nPRAGMA journal_mode = WAL;\n",
                for_indexes: "PRAGMA cache_size = -400000;\nPRAGMA synchronous = OFF;\n",
                is_sqlite: true,
            },
            Database::Postgres(_) => Self {
                begin: "COPY audit_entries (seq, time, environment_id, person_id, kind, trace, entry, hash) FROM STDIN;\n",
                before: "",
                between: "",
                after: "",
                end: "\\.\n",
                for_indexes: "SET maintenance_work_mem = '512MB';\n",
                is_sqlite: false,
            },
        }
    }

    /// A row. No text of an entry has a quote or a backslash, so that none has to be escaped.
    fn row(&self, it: &Row<'_>) -> String {
        let Row {
            seq,
            time,
            environment,
            person,
            kind,
            trace,
            text,
            hash,
        } = it;
        if self.is_sqlite {
            format!("({seq},{time},'{environment}','{person}','{kind}','{trace}','{text}',x'{hash}')")
        } else {
            format!("{seq}\t{time}\t{environment}\t{person}\t{kind}\t{trace}\t{text}\t\\\\x{hash}\n")
        }
    }

    fn bytes(&self, hash: &str) -> String {
        if self.is_sqlite {
            format!("x'{hash}'")
        } else {
            format!("'\\x{hash}'::bytea")
        }
    }
}

/// One row of the table.
struct Row<'a> {
    seq: u64,
    time: u64,
    environment: &'a str,
    person: String,
    kind: &'static str,
    trace: String,
    text: String,
    hash: String,
}

/// Where the chain stands.
struct Chain {
    seq: u64,
    hash: [u8; 32],
}

impl Chain {
    fn of(database: &Database) -> Result<Self> {
        let hash = match database {
            Database::Sqlite(_) => "hex(hash)",
            Database::Postgres(_) => "encode(hash, 'hex')",
        };
        let head = database.run(&format!("SELECT seq || ' ' || {hash} FROM audit_head WHERE id = 1;"))?;
        let (seq, hash) = head.split_once(' ').context("the log has no head")?;
        Ok(Self {
            seq: seq.parse()?,
            hash: unhex(hash).context("the head's hash has not 32 bytes")?,
        })
    }

    /// Puts an entry behind the end.
    fn add<'a>(&mut self, entry: &Entry, environment: &'a str, time: u64) -> Row<'a> {
        self.seq += 1;
        let Entry {
            kind,
            person,
            trace,
            details,
        } = entry;
        let (seq, person) = (self.seq, house::id(house::PEOPLE, *person));
        let text = format!(
            r#"{{"details":{details},"environment":"{environment}","form":2,"kind":"{kind}","person":"{person}","seq":{seq},"time":{time},"trace":"{trace}"}}"#
        );
        self.hash = Sha256::new()
            .chain_update(self.hash)
            .chain_update(&text)
            .finalize()
            .into();
        Row {
            seq,
            time,
            environment,
            person,
            kind,
            trace: trace.clone(),
            text,
            hash: hex(&self.hash),
        }
    }
}

/// One entry, apart from its place in the chain.
struct Entry {
    kind: &'static str,
    /// A number of the house.
    person: u64,
    trace: String,
    details: String,
}

impl Entry {
    /// The entry at this place, the same in every run: of a thousand 960 are calls, in pairs, and some kinds are rare.
    /// `first` is the number of the first one.
    fn of(at: u64, first: u64) -> Self {
        // A call's two entries share person and trace.
        let pair = at / 2;
        let person = pair.wrapping_mul(7_919) % house::PEOPLE_COUNT + 1;
        let who = format!(r#""person_name":"Person {person:05}""#);
        let client = person % house::CLIENTS_COUNT + 1;
        let through = format!(
            r#""through":{{"client":"{}","grant":"{}","kind":"client","name":"Client {client:05}"}}"#,
            house::id(house::CLIENTS, client),
            house::id(house::GRANTS, person),
        );
        let (kind, details) = match at % 1000 {
            place @ 0..960 if place % 2 == 0 => ("call.opened", opened(pair, person, &who, &through)),
            0..960 => ("call.closed", closed(pair, at - 1 + first, &who, &through)),
            960..980 => ("call.refused", refused(&who, &through)),
            980..990 => ("sign_in", format!(r#"{{"method":"microsoft",{who},{through}}}"#)),
            990..995 => (
                "connection.connected",
                named("account", "account@contoso.test", &who, &through),
            ),
            995..998 => ("client.registered", named("name", "Client", &who, &through)),
            998 => (
                "approval.approved",
                format!(r#"{{{who},"summary":"Refresh a model",{through}}}"#),
            ),
            _ if at % 500_000 == 999 => ("integration.changed", named("name", "Power BI", &who, &through)),
            _ if at % 20_000 == 999 => ("policy.changed", named("name", "Policy 00017", &who, &through)),
            _ => ("person.joined", format!(r#"{{{who},{through}}}"#)),
        };
        Self {
            kind,
            person,
            trace: trace(pair),
            details,
        }
    }
}

/// The trace of the pair of entries with this number.
pub(super) fn trace(pair: u64) -> String {
    house::id("7001", pair)
}

fn opened(pair: u64, person: u64, who: &str, through: &str) -> String {
    let workspace = house::id("a001", pair % 300);
    let dataset = house::id("a002", pair % 3000);
    let connection = house::id(house::CONNECTIONS, person);
    let object = house::id("a003", person);
    let replica = house::id("a004", 1);
    let hash = format!("{:064x}", pair.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let (high, low) = (person / 256, person % 256);
    format!(
        r#"{{"account":{{"name":"account{person:05}@contoso.test","oid":"{object}","tid":"5a4db0c5-0000-4000-8000-00000000c001"}},"address":"10.0.{high}.{low}","arguments":{{"body":{{"queries":[{{"query":"EVALUATE SUMMARIZECOLUMNS(Date[Month], Sales[Total])"}}]}},"datasetId":"{dataset}","groupId":"{workspace}"}},"arguments_sha256":"{hash}","basis":{{"policies":["Reading is allowed"],"version":17}},"connection":"{connection}","destructive":false,"effect":"read","item":"{dataset}","method":"POST","objects":[{{"id":"{workspace}","kind":"workspace","place":"path"}},{{"id":"{dataset}","kind":"dataset","place":"path"}}],"operation":"datasets.execute_queries_in_group",{who},"replica":"{replica}",{through},"tool":"run_dax","workspace":"{workspace}"}}"#
    )
}

fn closed(pair: u64, opened: u64, who: &str, through: &str) -> String {
    let request = house::id("a005", pair);
    let (bytes, duration, rows) = (800 + pair % 9000, 60 + pair % 900, pair % 120);
    format!(
        r#"{{"bytes":{bytes},"duration_ms":{duration},"error":null,"opened":{opened},"operation":"datasets.execute_queries_in_group","outcome":"answered",{who},"request_id":"{request}","rows":{rows},"status":200,{through}}}"#
    )
}

fn refused(who: &str, through: &str) -> String {
    format!(r#"{{"decision":"denied","operation":"datasets.delete",{who},"reason":"A policy refuses it.",{through}}}"#)
}

/// Details whose one member stands before all others.
fn named(member: &str, value: &str, who: &str, through: &str) -> String {
    format!(r#"{{"{member}":"{value}",{who},{through}}}"#)
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|it| [it >> 4, it & 15]);
    digits.map(|it| char::from(DIGITS[usize::from(it)])).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let pairs = text.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// The text with the keys of every object in order, as the log writes it.
    fn sorted(value: &Value) -> String {
        match value {
            Value::Object(object) => {
                let mut keys: Vec<_> = object.keys().collect();
                keys.sort();
                let members = keys.iter().map(|key| format!("{key:?}:{}", sorted(&object[*key])));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }
            Value::Array(items) => format!("[{}]", items.iter().map(sorted).collect::<Vec<_>>().join(",")),
            plain => plain.to_string(),
        }
    }

    #[test]
    fn entries_have_the_form_of_the_log() {
        let mut chain = Chain { seq: 9, hash: [0; 32] };
        let mut kinds = BTreeSet::new();
        for at in 0..21_000 {
            let entry = Entry::of(at, 10);
            let row = chain.add(&entry, "environment", 5);
            if kinds.insert(entry.kind) || at < 4 {
                let value: Value = serde_json::from_str(&row.text).unwrap();
                assert_eq!(sorted(&value), row.text);
                assert_eq!(
                    (value["seq"].as_u64(), value["form"].as_u64()),
                    (Some(row.seq), Some(2))
                );
                assert_eq!(
                    (&value["kind"], &value["trace"]),
                    (&row.kind.into(), &row.trace.clone().into())
                );
            }
            assert!(!row.text.contains(['\'', '\\', '\t']), "{}", row.text);
        }
        assert_eq!(kinds.len(), 10, "{kinds:?}");
    }

    #[test]
    fn a_hash_covers_the_one_before_it_and_the_text() {
        let mut chain = Chain { seq: 0, hash: [7; 32] };
        let row = chain.add(&Entry::of(0, 1), "environment", 5);
        let whole = [&[7_u8; 32][..], row.text.as_bytes()].concat();
        assert_eq!(row.hash, hex(&Sha256::digest(whole)));
        assert_eq!(unhex(&row.hash), Some(chain.hash));
        assert_eq!(unhex("00"), None);
    }
}
