//! Saying on record that entries are lost: an older copy of the database was put back, or a standby that was behind.

use serde_json::json;

use super::{Audit, Entry, GAP_ACKNOWLEDGED, Gap, Unavailable};
use crate::caller::EnvironmentId;

/// Stores in the view of each of `environments` that the entries of `gap` are lost, and why.
pub async fn acknowledge(
    audit: &Audit,
    environments: &[EnvironmentId],
    trace: &str,
    gap: Gap,
    reason: &str,
) -> Result<(), Unavailable> {
    for environment in environments {
        let entry = Entry {
            kind: GAP_ACKNOWLEDGED,
            environment: Some(environment.clone()),
            person: None,
            trace: trace.to_owned(),
            details: json!({ "after": gap.after, "until": gap.until, "reason": reason }),
        };
        audit.append(entry).await?;
    }
    Ok(())
}
