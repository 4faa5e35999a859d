//! What an administrator sets for the whole environment: its name, and who may join.

use serde_json::json;

use super::{Problems, Refused, check_name, manages, sound};
use crate::app::App;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::connections::Admission;
use crate::entra::Tenant;
use crate::store::environments;

const MOST_TENANTS: usize = 100;

/// Renames the environment; the word in addresses stays.
pub async fn rename(app: &App, caller: &Caller, name: &str) -> Result<(), Refused> {
    manages(caller)?;
    let mut problems = Problems::new();
    check_name(&mut problems, "name", name);
    sound(problems)?;
    environments::rename(&app.db, &caller.environment, name).await?;
    app.audit
        .append(Entry::of("environment.renamed", caller, json!({ "name": name })))
        .await?;
    Ok(())
}

/// Changes who may join by signing in with Microsoft.
pub async fn save_admission(
    app: &App,
    caller: &Caller,
    closed: bool,
    tenants: &str,
    domains: &str,
) -> Result<(), Refused> {
    manages(caller)?;
    let mut problems = Problems::new();
    let mut listed = Vec::new();
    for typed in tenants
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|it| !it.is_empty())
    {
        match Tenant::parse(typed) {
            Ok(tenant) if tenant.guid().is_some() => listed.extend(tenant.guid().map(str::to_owned)),
            _ => {
                problems.insert(
                    "tenants",
                    format!(
                        "expected Directory (tenant) IDs, one a line; `{}` is none",
                        typed.chars().take(60).collect::<String>()
                    ),
                );
            }
        }
    }
    listed.sort();
    listed.dedup();
    if MOST_TENANTS < listed.len() {
        problems.insert("tenants", format!("expected at most {MOST_TENANTS} directories"));
    }
    let domains = listed_domains(domains, &mut problems);
    sound(problems)?;
    let admission = Admission {
        closed,
        tenants: listed,
        domains,
    };
    let stored = serde_json::to_string(&admission).expect("an admission is plain data");
    environments::save_admission(&app.db, &caller.environment, &stored).await?;
    app.audit
        .append(Entry::of(
            "environment.admission_changed",
            caller,
            json!({ "admission": admission }),
        ))
        .await?;
    Ok(())
}

/// Domains such as `contoso.com`, one a line.
fn listed_domains(typed: &str, problems: &mut Problems) -> Vec<String> {
    let words = typed
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|it| !it.is_empty());
    let mut listed: Vec<String> = words
        .map(|it| it.trim_start_matches('@').to_ascii_lowercase())
        .collect();
    let is_label =
        |it: &str| !it.is_empty() && it.len() <= 63 && it.bytes().all(|b| b == b'-' || b.is_ascii_alphanumeric());
    let is_domain = |it: &String| it.len() <= 253 && it.contains('.') && it.split('.').all(is_label);
    if let Some(odd) = listed.iter().find(|it| !is_domain(it)) {
        let shown: String = odd.chars().take(60).collect();
        problems.insert(
            "domains",
            format!("expected domains such as contoso.com, one a line; `{shown}` is none"),
        );
    }
    listed.sort();
    listed.dedup();
    if MOST_TENANTS < listed.len() {
        problems.insert("domains", format!("expected at most {MOST_TENANTS} domains"));
    }
    listed
}
