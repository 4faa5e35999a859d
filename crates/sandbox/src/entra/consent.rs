//! Consent: which permissions an application was granted, by a person or for a whole directory.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::entra::applications::Application;
use crate::entra::failure::Failure;
use crate::entra::scopes::Ask;
use crate::entra::scopes::Permission;
use crate::entra::scopes::Resource;
use crate::entra::scopes::Wanted;

/// Whose consent it is: a person's, by object id in that directory, or the whole directory's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grantor {
    Everyone,
    Person(String),
}

/// All consents.
#[derive(Debug, Default)]
pub(crate) struct Consents(BTreeMap<(String, String, Grantor), BTreeSet<Permission>>);

/// What the consent step of a sign-in has to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Everything asked for is granted.
    Nothing,
    /// The person must be asked for these.
    Ask(Vec<Permission>),
}

impl Consents {
    /// Adds `permissions` to what `grantor` granted the application in directory `tid`.
    pub(crate) fn grant(&mut self, client_id: &str, tid: &str, grantor: Grantor, permissions: Vec<Permission>) {
        let key = (client_id.to_owned(), tid.to_owned(), grantor);
        self.0.entry(key).or_default().extend(permissions);
    }

    /// Withdraws what a person granted; of one application, or of all.
    pub(crate) fn withdraw(&mut self, oid: &str, client_id: Option<&str>) {
        self.0.retain(|(client, _, grantor), _| {
            let is_theirs = *grantor == Grantor::Person(oid.to_owned());
            !(is_theirs && client_id.is_none_or(|wanted| wanted == client))
        });
    }

    /// Withdraws everything an application was granted in a directory, the directory's own consent included.
    pub(crate) fn withdraw_all(&mut self, client_id: &str, tid: &str) {
        self.0
            .retain(|(client, directory, _), _| !(client == client_id && directory == tid));
    }

    /// Everything granted for this person: their own consent and the directory's.
    pub(crate) fn granted(&self, client_id: &str, tid: &str, oid: &str) -> BTreeSet<Permission> {
        let of = |grantor| self.0.get(&(client_id.to_owned(), tid.to_owned(), grantor));
        let both = [of(Grantor::Everyone), of(Grantor::Person(oid.to_owned()))];
        both.into_iter().flatten().flatten().cloned().collect()
    }

    /// All consents as (client, tenant, person or none, scopes).
    pub(crate) fn list(&self) -> Vec<(String, String, Option<String>, Vec<String>)> {
        let listed = self.0.iter().map(|((client, tid, grantor), permissions)| {
            let oid = match grantor {
                Grantor::Everyone => None,
                Grantor::Person(oid) => Some(oid.clone()),
            };
            (
                client.clone(),
                tid.clone(),
                oid,
                permissions.iter().map(Permission::scope).collect(),
            )
        });
        listed.collect()
    }
}

/// What the consent step must ask for. A missing permission of the registration is an error of its own.
pub(crate) fn need(
    application: &Application,
    wanted: &Wanted,
    granted: &BTreeSet<Permission>,
    ask_again: bool,
) -> Result<Need, Failure> {
    let mut asked: BTreeSet<Permission> = BTreeSet::new();
    for (resource, ask) in &wanted.resources {
        match ask {
            Ask::Default => asked.extend(needed_by_default(application, *resource, granted, ask_again)?),
            Ask::Named(names) => asked.extend(names.iter().map(|name| permission(*resource, name))),
        }
    }
    if !ask_again {
        asked.retain(|permission| !granted.contains(permission));
        let signs_in_only = wanted.resources.is_empty() && granted.is_empty();
        if asked.is_empty() && !signs_in_only {
            return Ok(Need::Nothing);
        }
    }
    if asked.is_empty() {
        asked.insert(permission(Resource::Graph, "User.Read"));
    }
    Ok(Need::Ask(asked.into_iter().collect()))
}

/// `.default` asks only while nothing at all is granted for the resource, and then for the whole registration.
fn needed_by_default(
    application: &Application,
    resource: Resource,
    granted: &BTreeSet<Permission>,
    ask_again: bool,
) -> Result<Vec<Permission>, Failure> {
    if application.delegated_of(resource).is_empty() {
        return Err(Failure::about(650057, format!("resource '{}'", resource.uri())));
    }
    let has_any = granted.iter().any(|permission| permission.resource == resource);
    Ok(if has_any && !ask_again {
        Vec::new()
    } else {
        application.delegated()
    })
}

/// The scopes a token for `resource` carries, or the failure that consent is missing.
pub(crate) fn scopes_for_token(
    granted: &BTreeSet<Permission>,
    resource: Resource,
    ask: &Ask,
) -> Result<Vec<String>, Failure> {
    let of_resource: Vec<String> = granted
        .iter()
        .filter(|permission| permission.resource == resource)
        .map(|it| it.name.clone())
        .collect();
    let is_missing = match ask {
        Ask::Default => of_resource.is_empty(),
        Ask::Named(names) => granted.is_empty() || names.iter().any(|name| !of_resource.contains(name)),
    };
    if is_missing {
        return Err(Failure::new(65001));
    }
    Ok(of_resource)
}

fn permission(resource: Resource, name: &str) -> Permission {
    Permission {
        resource,
        name: name.to_owned(),
    }
}
