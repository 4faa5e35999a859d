//! Every sealed cell of the database, so that a key rotation can walk over all of them.

use super::db::on;
use super::row::row;
use super::{Db, Result};

/// One sealed column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    IntegrationSecret,
    AccessToken,
    RefreshToken,
    FlowSecrets,
    WaitingForm,
    ProviderSecret,
    ProviderFlow,
    SecondFactor,
    TaskOutcome,
    Plan,
}

impl Column {
    /// Every sealed column.
    pub const ALL: [Self; 10] = [
        Self::IntegrationSecret,
        Self::AccessToken,
        Self::RefreshToken,
        Self::FlowSecrets,
        Self::WaitingForm,
        Self::ProviderSecret,
        Self::ProviderFlow,
        Self::SecondFactor,
        Self::TaskOutcome,
        Self::Plan,
    ];

    /// Table and column, as bound into each seal.
    pub fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::IntegrationSecret => ("integrations", "secret_sealed"),
            Self::AccessToken => ("connections", "access_sealed"),
            Self::RefreshToken => ("connections", "refresh_sealed"),
            Self::FlowSecrets => ("flows", "secrets_sealed"),
            Self::WaitingForm => ("waiting_forms", "fields_sealed"),
            Self::ProviderSecret => ("openid_providers", "secret_sealed"),
            Self::ProviderFlow => ("openid_flows", "secrets_sealed"),
            Self::SecondFactor => ("second_factors", "secret_sealed"),
            Self::TaskOutcome => ("mcp_tasks", "outcome_sealed"),
            Self::Plan => ("approvals", "plan_sealed"),
        }
    }

    fn select(self) -> &'static str {
        match self {
            Self::IntegrationSecret => {
                "SELECT id, environment_id, secret_sealed FROM integrations WHERE $1 < id ORDER BY id LIMIT 500"
            }
            Self::AccessToken => {
                "SELECT id, environment_id, access_sealed FROM connections WHERE $1 < id AND access_sealed IS NOT NULL ORDER BY id LIMIT 500"
            }
            Self::RefreshToken => {
                "SELECT id, environment_id, refresh_sealed FROM connections WHERE $1 < id AND refresh_sealed IS NOT NULL ORDER BY id LIMIT 500"
            }
            Self::FlowSecrets => {
                "SELECT id, environment_id, secrets_sealed FROM flows WHERE $1 < id ORDER BY id LIMIT 500"
            }
            Self::WaitingForm => {
                "SELECT id, environment_id, fields_sealed FROM waiting_forms WHERE $1 < id ORDER BY id LIMIT 500"
            }
            Self::ProviderSecret => {
                "SELECT id, environment_id, secret_sealed FROM openid_providers WHERE $1 < id ORDER BY id LIMIT 500"
            }
            Self::ProviderFlow => {
                "SELECT id, environment_id, secrets_sealed FROM openid_flows WHERE $1 < id ORDER BY id LIMIT 500"
            }
            Self::SecondFactor => {
                "SELECT id, environment_id, secret_sealed FROM second_factors WHERE $1 < id ORDER BY id LIMIT 500"
            }
            Self::TaskOutcome => {
                "SELECT id, environment_id, outcome_sealed FROM mcp_tasks WHERE $1 < id AND outcome_sealed IS NOT NULL ORDER BY id LIMIT 500"
            }
            Self::Plan => {
                "SELECT id, environment_id, plan_sealed FROM approvals WHERE $1 < id AND length(plan_sealed) > 0 ORDER BY id LIMIT 500"
            }
        }
    }

    fn update(self) -> &'static str {
        match self {
            Self::IntegrationSecret => {
                "UPDATE integrations SET secret_sealed = $3 WHERE id = $1 AND secret_sealed = $2"
            }
            Self::AccessToken => "UPDATE connections SET access_sealed = $3 WHERE id = $1 AND access_sealed = $2",
            Self::RefreshToken => "UPDATE connections SET refresh_sealed = $3 WHERE id = $1 AND refresh_sealed = $2",
            Self::FlowSecrets => "UPDATE flows SET secrets_sealed = $3 WHERE id = $1 AND secrets_sealed = $2",
            Self::WaitingForm => "UPDATE waiting_forms SET fields_sealed = $3 WHERE id = $1 AND fields_sealed = $2",
            Self::ProviderSecret => {
                "UPDATE openid_providers SET secret_sealed = $3 WHERE id = $1 AND secret_sealed = $2"
            }
            Self::SecondFactor => "UPDATE second_factors SET secret_sealed = $3 WHERE id = $1 AND secret_sealed = $2",
            Self::ProviderFlow => "UPDATE openid_flows SET secrets_sealed = $3 WHERE id = $1 AND secrets_sealed = $2",
            Self::TaskOutcome => "UPDATE mcp_tasks SET outcome_sealed = $3 WHERE id = $1 AND outcome_sealed = $2",
            Self::Plan => "UPDATE approvals SET plan_sealed = $3 WHERE id = $1 AND plan_sealed = $2",
        }
    }
}

row! {
    /// One sealed cell.
    #[derive(Clone, Debug)]
    pub struct Cell {
        pub id: String,
        pub environment_id: String,
        pub sealed: Vec<u8>,
    }
}

/// Up to 500 cells of a column after the row `after`, by row.
pub async fn cells(db: &Db, column: Column, after: &str) -> Result<Vec<Cell>> {
    let rows: Vec<(String, String, Vec<u8>)> =
        on!(db, pool => sqlx::query_as(column.select()).bind(after).fetch_all(pool).await)?;
    Ok(rows
        .into_iter()
        .map(|(id, environment_id, sealed)| Cell {
            id,
            environment_id,
            sealed,
        })
        .collect())
}

/// Replaces a cell if it is still `old`; false when somebody changed it meanwhile.
pub async fn replace(db: &Db, column: Column, id: &str, old: &[u8], new: &[u8]) -> Result<bool> {
    let done = on!(db, pool => sqlx::query(column.update()).bind(id).bind(old).bind(new).execute(pool).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// Whether any cell is sealed with this key. Reads every sealed cell; for starts that lack a key, and for ends of rotations.
pub async fn is_named(db: &Db, key: &str) -> Result<bool> {
    // A seal begins with its version, the length of the key's id, and the id.
    let length = u8::try_from(key.len()).unwrap_or(u8::MAX);
    let begins = [&[length], key.as_bytes()].concat();
    for column in Column::ALL {
        let mut after = String::new();
        loop {
            let cells = cells(db, column, &after).await?;
            let Some(last) = cells.last() else { break };
            after.clone_from(&last.id);
            if cells
                .iter()
                .any(|it| it.sealed.get(1..=key.len() + 1) == Some(&begins[..]))
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
