//! What the things are called that others name by identifier: policies name people, groups, clients and keys.

use super::list::Statement;
use super::{Db, Result};
use crate::caller::EnvironmentId;

/// What is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Person,
    Group,
    Key,
    /// Clients are known to the whole gateway.
    Client,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Person, Self::Group, Self::Key, Self::Client];

    fn table(self) -> &'static str {
        match self {
            Self::Person => "people",
            Self::Group => "groups",
            Self::Key => "api_keys",
            Self::Client => "clients",
        }
    }
}

/// The names of those of these identifiers that are of this kind in an environment: identifier and name.
pub async fn of(db: &Db, environment: &EnvironmentId, kind: Kind, ids: &[String]) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for chunk in ids.chunks(100) {
        let mut statement = Statement::default();
        statement
            .text("SELECT id, name FROM ")
            .text(kind.table())
            .text(" WHERE id IN (");
        for (at, id) in chunk.iter().enumerate() {
            statement.text(if at == 0 { "" } else { ", " }).value(id.as_str());
        }
        statement.text(")");
        if kind != Kind::Client {
            statement.text(" AND environment_id = ").value(environment.0.as_str());
        }
        statement.text(" LIMIT 100");
        let mut names: Vec<(String, String)> = statement.rows(db).await?;
        found.append(&mut names);
    }
    Ok(found)
}
