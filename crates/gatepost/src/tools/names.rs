//! Names of what a person can reach, for lists of resources and for completion; through the gate of the tools.

use std::collections::HashSet;

use super::context::Context;
use super::items::{self, Fit, Home, Item, Kind, Wanted, fit};
use super::progress::Progress;
use super::{ALL, may_use, operations, policies_of};
use crate::app::App;
use crate::caller::Caller;

/// One item by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub id: String,
    pub name: String,
    /// Where it is, unless it is a workspace itself.
    pub workspace: String,
}

/// Where `find_items` stands among the tools.
pub(super) const FIND_ITEMS: usize = 1;

/// The items of a kind (`workspace`, `semantic_model`, `report`) whose names fit `text`, the best first.
///
/// Empty wherever the tool that finds items would be refused: this is no other way to the names.
pub async fn names(app: &App, caller: &Caller, kind: &str, text: &str) -> Vec<Named> {
    let Some(kind) = Kind::of_word(kind) else {
        return vec![];
    };
    let Ok(policies) = policies_of(app, caller).await else {
        return vec![];
    };
    let tool = &ALL[FIND_ITEMS];
    if !may_use(caller, &policies, tool) || !caller.scopes.allows(tool.scope()) {
        return vec![];
    }
    let progress = Progress::none();
    let context = Context::new(app, caller, tool, policies, &progress);
    let wanted = Wanted {
        kinds: &[kind],
        workspace: None,
        until: None,
        from_memory: true,
    };
    let Ok(walked) = items::walk(&context, &wanted).await else {
        return vec![];
    };
    let in_workspaces: HashSet<String> = (walked.items.iter())
        .filter(|it| it.home.workspace_id().is_some())
        .map(|it| it.id.clone())
        .collect();
    // An item of an app is also listed in its workspace, if the person has a role there.
    let is_again = |it: &Item| matches!(it.home, Home::App { .. }) && in_workspaces.contains(&it.id);
    let mut hits: Vec<(Fit, Named)> = walked
        .items
        .into_iter()
        .filter(|it| !is_again(it))
        .filter_map(|item| {
            let fit = if text.is_empty() {
                Some(Fit::Holds)
            } else {
                fit(text, &item.name)
            };
            let workspace = if kind == Kind::Workspace {
                String::new()
            } else {
                item.home.name()
            };
            fit.map(|fit| {
                let named = Named {
                    id: item.id,
                    name: item.name,
                    workspace,
                };
                (fit, named)
            })
        })
        .collect();
    hits.sort_by_key(|(fit, _)| *fit);
    hits.into_iter().map(|(_, named)| named).collect()
}

/// Whether the caller can use the tool `name` now.
pub async fn can_use(app: &App, caller: &Caller, name: &str) -> bool {
    let Ok(policies) = policies_of(app, caller).await else {
        return false;
    };
    let mut all = ALL.iter().filter(|it| it.name == name);
    all.any(|tool| may_use(caller, &policies, tool) && caller.scopes.allows(tool.scope()))
}

/// Ids of operations that begin with `text` or hold its words, as far as the policies may allow them.
pub async fn operations_like(app: &App, caller: &Caller, text: &str) -> Vec<String> {
    let Ok(policies) = policies_of(app, caller).await else {
        return vec![];
    };
    let progress = Progress::none();
    let context = Context::new(app, caller, &ALL[FIND_ITEMS], policies, &progress);
    let text = if text.is_empty() { "*" } else { text };
    operations::ranked(&context, text, |_| true)
        .into_iter()
        .map(|it| it.id.clone())
        .collect()
}
