//! Entries of older gateways that hold a secret in clear: they cannot be changed, but they can be counted and named.

use catalogue::Catalogue;
use serde_json::Value;

use super::form::Form;
use crate::store::{self, Db, audit};

const PAGE: i64 = 1_000;
/// After so many entries in a row of the form that holds no secrets, no older gateway writes any more.
const QUIET: usize = 10_000;

/// Entries that hold a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OldSecrets {
    pub entries: usize,
    /// The sequence number of the first.
    pub first: Option<i64>,
    /// Their operations, each once.
    pub operations: Vec<String>,
}

/// Looks through the log for arguments that hold what the catalogue marks as secret, or a secret inside an address.
pub async fn old_secrets(db: &Db, catalogue: &Catalogue) -> store::Result<OldSecrets> {
    let (mut found, mut after, mut quiet) = (OldSecrets::default(), 0, 0);
    loop {
        let rows = audit::after(db, after, PAGE).await?;
        let Some(last) = rows.last().filter(|_| quiet < QUIET) else {
            return Ok(found);
        };
        after = last.seq;
        for row in &rows {
            let entry: Value = serde_json::from_str(&row.entry).unwrap_or(Value::Null);
            if matches!(Form::of(&entry), Ok(it) if Form::Third <= it) {
                quiet += 1;
                continue;
            }
            quiet = 0;
            let operation = entry["details"]["operation"]
                .as_str()
                .and_then(|it| catalogue.operation(it));
            let arguments = &entry["details"]["arguments"];
            if let Some(operation) = operation.filter(|it| it.mask(arguments) != *arguments) {
                found.entries += 1;
                found.first = found.first.or(Some(row.seq));
                if !found.operations.contains(&operation.id) {
                    found.operations.push(operation.id.clone());
                }
            }
        }
    }
}
