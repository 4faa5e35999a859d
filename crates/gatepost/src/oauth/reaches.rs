//! What a scope reaches, in the words of the catalogue's groups.

use catalogue::{Catalogue, Effect};
use serde::Serialize;

use crate::caller::{Scope, ScopeSet};

/// One line of the consent page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Reach {
    pub text: &'static str,
    /// Titles of the groups in which the scope reaches an operation, by name.
    pub groups: Vec<String>,
}

/// What `scopes` reach, a wide scope with the narrower ones it includes.
pub(super) fn of(catalogue: &Catalogue, scopes: &ScopeSet) -> Vec<Reach> {
    let all = Scope::ALL.into_iter().filter(|it| scopes.allows(*it));
    all.map(|scope| Reach {
        text: in_words(scope),
        groups: groups(catalogue, scope),
    })
    .collect()
}

fn in_words(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read what you can read, query data and export reports",
        Scope::Write => "refresh, create, change, share and delete, as far as the policies here allow it",
        Scope::Admin => "call administrator operations of the tenant, as far as the policies here allow it",
        Scope::OfflineAccess => "stay connected until you take it back",
    }
}

fn groups(catalogue: &Catalogue, scope: Scope) -> Vec<String> {
    if scope == Scope::OfflineAccess {
        return Vec::new();
    }
    let needs = |effect: Effect| Scope::needed_for(effect) == scope;
    let mut titles: Vec<String> = catalogue
        .groups()
        .iter()
        .filter(|group| {
            let of_group = |id: &str| id.split_once('.').is_some_and(|(first, _)| first == group.id);
            catalogue
                .operations()
                .iter()
                .any(|it| of_group(&it.id) && needs(it.effect))
        })
        .map(|group| group.title.clone())
        .collect();
    titles.sort_by_key(|it| it.to_lowercase());
    titles
}
