//! Compiled policies by environment, compiled anew when the stored version has moved on.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use crate::caller::EnvironmentId;
use crate::policy::{Policies, Rule, Source};
use crate::store::{self, Db, environments, policies};

/// The compiled policies of every environment used so far.
#[derive(Default)]
pub struct Compiled(RwLock<HashMap<EnvironmentId, Arc<Policies>>>);

/// Why there are no policies to decide by.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error("the environment is not there any more")]
    NoEnvironment,
    #[error("the stored policies do not compile: {0}")]
    Invalid(String),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Compiled {
    /// The policies in force now. The version is read on every call, so a change holds at once on every replica.
    pub async fn of(&self, db: &Db, environment: &EnvironmentId) -> Result<Arc<Policies>, PolicyError> {
        let version = environments::policy_version(db, environment)
            .await?
            .ok_or(PolicyError::NoEnvironment)?;
        if let Some(known) = self.known(environment).filter(|it| it.version() == version) {
            return Ok(known);
        }
        let rules = policies::list(db, environment)
            .await?
            .into_iter()
            .map(rule)
            .collect::<Result<Vec<_>, _>>()?;
        let compiled = Policies::compile(version, &rules).map_err(|problems| {
            PolicyError::Invalid(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        })?;
        let compiled = Arc::new(compiled);
        self.0
            .write()
            .expect("no code panics while holding the policies")
            .insert(environment.clone(), compiled.clone());
        Ok(compiled)
    }

    fn known(&self, environment: &EnvironmentId) -> Option<Arc<Policies>> {
        self.0
            .read()
            .expect("no code panics while holding the policies")
            .get(environment)
            .cloned()
    }
}

/// A stored row as a rule. A row that cannot be read refuses everything rather than being passed over.
pub(super) fn rule(row: policies::Policy) -> Result<Rule, PolicyError> {
    let source: Source =
        serde_json::from_str(&row.source).map_err(|error| PolicyError::Invalid(format!("`{}`: {error}", row.name)))?;
    Ok(Rule {
        id: row.id,
        name: row.name,
        enabled: row.enabled,
        source,
    })
}
