//! Plans of approvals: kept sealed, with their secrets hidden before that.

use catalogue::{Catalogue, hide_in_text};

use super::App;
use crate::caller::{ApprovalId, EnvironmentId};
use crate::policy::{CanonicalJson, Plan};
use crate::store::approvals::Approval;
use crate::store::plans::{self, Kept};
use crate::store::{self, Db};
use crate::vault::{Place, Vault};

const AT_ONCE: i64 = 200;
/// What a gateway of the release before shows in the body's place.
const ELSEWHERE: &str = "\"sealed: open this approval at a gateway of the newer version\"";

/// A plan sealed for its row, and what stays in clear beside it: the call without its body.
pub fn kept(vault: &Vault, catalogue: &Catalogue, environment: &EnvironmentId, id: &ApprovalId, plan: &Plan) -> Kept {
    let text = |plan: &Plan| serde_json::to_string(plan).expect("a plan is written as JSON");
    let shown = hidden(catalogue, plan);
    let left = Plan {
        body: plan.body.as_ref().and_then(|_| CanonicalJson::parse(ELSEWHERE).ok()),
        ..shown.clone()
    };
    Kept {
        id: id.clone(),
        sealed: vault.seal_text(place(environment, id), &text(&shown)),
        left: text(&left),
    }
}

fn place<'a>(environment: &'a EnvironmentId, id: &'a ApprovalId) -> Place<'a> {
    Place {
        table: "approvals",
        column: "plan_sealed",
        row: &id.0,
        environment: &environment.0,
    }
}

/// The plan with its secrets hidden.
fn hidden(catalogue: &Catalogue, plan: &Plan) -> Plan {
    let path_and_query = hide_in_text(&plan.path_and_query).unwrap_or_else(|| plan.path_and_query.clone());
    let Some(operation) = catalogue.operation(&plan.operation) else {
        // Nobody knows any more what in it is secret.
        return Plan {
            path_and_query,
            body: None,
            ..plan.clone()
        };
    };
    let body = plan.body.as_ref().and_then(|body| {
        let value = serde_json::from_str(body.as_str()).ok()?;
        let masked = operation.mask_body(&value);
        // Untouched, numbers stay as they were written.
        if masked == value {
            Some(body.clone())
        } else {
            CanonicalJson::of(&masked).ok()
        }
    });
    Plan {
        path_and_query,
        body,
        ..plan.clone()
    }
}

impl App {
    /// The plan of an approval as people may see it; none if it does not open.
    pub fn plan_of(&self, it: &Approval) -> Option<Plan> {
        let plan: Plan = match &it.plan_sealed {
            // The request ended without being sent.
            Some(sealed) if sealed == plans::ERASED => Plan {
                body: None,
                ..serde_json::from_str(&it.plan).ok()?
            },
            Some(sealed) => {
                let text = self.vault.open_text(place(&it.environment_id, &it.id), sealed).ok()?;
                serde_json::from_str(secrecy::ExposeSecret::expose_secret(&text)).ok()?
            }
            None => serde_json::from_str(&it.plan).ok()?,
        };
        // An older gateway sealed it with secrets that were not known as such.
        Some(hidden(self.catalogue, &plan))
    }

    /// Seals what older gateways left in clear, and erases what they kept of requests that ended.
    pub async fn seal_plans(&self) -> store::Result<()> {
        seal(&self.db, &self.vault, self.catalogue).await
    }
}

pub(super) async fn seal(db: &Db, vault: &Vault, catalogue: &Catalogue) -> store::Result<()> {
    loop {
        let found = plans::in_clear(db, AT_ONCE).await?;
        if found.is_empty() {
            plans::erase_ended(db).await?;
            return Ok(());
        }
        let sealed: Vec<Kept> = found
            .iter()
            .map(|it| match serde_json::from_str::<Plan>(&it.plan) {
                Ok(plan) => kept(vault, catalogue, &it.environment_id, &it.id, &plan),
                // What cannot be read cannot be masked.
                Err(_) => Kept {
                    id: it.id.clone(),
                    sealed: vault.seal_text(place(&it.environment_id, &it.id), ""),
                    left: String::new(),
                },
            })
            .collect();
        plans::seal(db, &sealed).await?;
    }
}
