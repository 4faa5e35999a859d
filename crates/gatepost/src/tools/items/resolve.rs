//! From what was written for an item to the one item that is meant, or to the candidates.

use super::matching::{Fit, fit, nearest};
use super::reference::{Address, Reference, parse};
use super::walk::{Walked, Wanted, walk};
use super::{HEAD, Home, Item, Kind};
use crate::tools::context::Context;
use crate::tools::fault::Fault;
use crate::tools::text::{DATA_NOTE, short, table};

const MOST_CANDIDATES: usize = 20;

/// How sure the tool must be of what is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tools) enum Meant {
    /// Something is read.
    Read,
    /// Something is changed: a name must be found in all of what the person can reach.
    Change,
}

/// The item meant by `text`, which is one of `kinds`.
pub(in crate::tools) async fn resolve(
    context: &Context<'_>,
    text: &str,
    kinds: &[Kind],
    meant: Meant,
) -> Result<Item, Fault> {
    match parse(text).map_err(Fault::Words)? {
        Reference::Id(id) => by_id(context, &id, None, kinds).await,
        Reference::Address(address) => by_address(context, address, kinds).await,
        Reference::Name(name) => by_name(context, &name, kinds, meant).await,
    }
}

/// The semantic model meant by `text`, which may also name a report of it.
pub(in crate::tools) async fn model(context: &Context<'_>, text: &str, meant: Meant) -> Result<Item, Fault> {
    let kinds = [Kind::Model];
    let found = match parse(text).map_err(Fault::Words)? {
        Reference::Address(Address {
            item: Some((Kind::Report, _)),
            ..
        }) => resolve(context, text, &[Kind::Report], meant).await?,
        Reference::Name(_) => match resolve(context, text, &kinds, meant).await {
            // People often call a model by the name of a report on it.
            Err(Fault::NotFound(words)) => match resolve(context, text, &[Kind::Report], meant).await {
                Err(Fault::NotFound(_)) => return Err(Fault::NotFound(words)),
                other => other?,
            },
            other => other?,
        },
        Reference::Id(_) | Reference::Address(_) => resolve(context, text, &kinds, meant).await?,
    };
    if found.kind == Kind::Model {
        return Ok(found);
    }
    let Some(id) = found.model.clone() else {
        return Err(Fault::Words(format!(
            "The report {} has no semantic model that Power BI names; give the model itself.",
            short(&found.name, 100)
        )));
    };
    Ok(Item {
        kind: Kind::Model,
        name: format!("the model of {}", found.name),
        home: home_of(context, &id, &found.home).await?,
        id,
        model: None,
        is_paginated: false,
    })
}

/// A model often lives beside its report, but need not.
async fn home_of(context: &Context<'_>, id: &str, beside: &Home) -> Result<Home, Fault> {
    if matches!(beside, Home::App { .. }) {
        return Ok(Home::Unknown);
    }
    Ok(by_id(context, id, beside.workspace_id(), &[Kind::Model]).await?.home)
}

async fn by_address(context: &Context<'_>, address: Address, kinds: &[Kind]) -> Result<Item, Fault> {
    let (kind, id) = match (address.item, address.app, address.workspace.clone()) {
        (Some(item), _, _) => item,
        (None, Some(app), _) => (Kind::App, app),
        (None, None, Some(workspace)) => (Kind::Workspace, workspace),
        (None, None, None) => return Err(Fault::Words("the address names no item by id".into())),
    };
    if !kinds.contains(&kind) {
        return Err(Fault::Words(format!(
            "The address is of a {}; expected a {}.",
            kind.words(),
            listed(kinds)
        )));
    }
    let workspace = address
        .workspace
        .filter(|_| !matches!(kind, Kind::Workspace | Kind::App));
    by_id(context, &id, workspace.as_deref(), &[kind]).await
}

async fn by_id(context: &Context<'_>, id: &str, workspace: Option<&str>, kinds: &[Kind]) -> Result<Item, Fault> {
    let is_it = |item: &Item| item.id.eq_ignore_ascii_case(id);
    for place in [workspace, None] {
        let wanted = Wanted {
            kinds,
            workspace: place,
            until: Some(&is_it),
            from_memory: true,
        };
        let walked = walk(context, &wanted).await?;
        if let Some(found) = walked.items.into_iter().find(is_it) {
            return Ok(found);
        }
        if place.is_none() {
            break;
        }
    }
    let [kind] = kinds else {
        return Err(Fault::Words(format!(
            "No {} with id {id} is in any list the connected account can see. It may not exist, or not be shared with this person.",
            listed(kinds)
        )));
    };
    // No list shows it; it may have been shared alone. Power BI judges whether the person may have it.
    Ok(Item {
        kind: *kind,
        id: id.to_owned(),
        name: id.to_owned(),
        home: match workspace {
            Some(id) => Home::Workspace {
                id: id.to_owned(),
                name: id.to_owned(),
            },
            None => Home::Unknown,
        },
        model: None,
        is_paginated: false,
    })
}

async fn by_name(context: &Context<'_>, name: &str, kinds: &[Kind], meant: Meant) -> Result<Item, Fault> {
    let mut seen = Walked::default();
    let workspace = workspace_named(context, name).await?;
    for from_memory in [true, false] {
        let wanted = Wanted {
            kinds,
            workspace: workspace.as_deref(),
            until: None,
            from_memory,
        };
        seen = walk(context, &wanted).await?;
        if let Some(found) = choose(name, &seen, meant)? {
            return Ok(found);
        }
        if seen.left > 0 {
            break;
        }
    }
    Err(Fault::NotFound(not_found(name, kinds, &seen)))
}

/// The workspace that stands before a slash in a name, so that no other has to be looked through.
async fn workspace_named(context: &Context<'_>, name: &str) -> Result<Option<String>, Fault> {
    let Some((home, _)) = name.split_once('/') else {
        return Ok(None);
    };
    let wanted = Wanted {
        kinds: &[Kind::Workspace],
        workspace: None,
        until: None,
        from_memory: true,
    };
    let mut all = walk(context, &wanted).await?.items;
    all.retain(|it| fit(home, &it.name).is_some_and(|it| it <= Fit::Same));
    Ok(match &all[..] {
        [only] => Some(only.id.clone()),
        _ => None,
    })
}

/// The one item of that name; an exact name wins over a similar one.
fn choose(name: &str, seen: &Walked, meant: Meant) -> Result<Option<Item>, Fault> {
    for best in [Fit::Exact, Fit::Same] {
        let mut hits: Vec<&Item> = seen.items.iter().filter(|it| is_named(name, it, best)).collect();
        // An item of an app is also listed in its workspace, if the person has a role there.
        let homes: Vec<&str> = hits
            .iter()
            .filter(|it| it.home.workspace_id().is_some())
            .map(|it| it.id.as_str())
            .collect();
        hits.retain(|it| !matches!(it.home, Home::App { .. }) || !homes.contains(&it.id.as_str()));
        match hits[..] {
            [] => {}
            [only] if seen.left > 0 && meant == Meant::Change => {
                return Err(Fault::Words(format!(
                    "There is a {} {} in {} (id {}), but not every workspace has been looked through. Nothing was changed; give the id to be sure.",
                    only.kind.words(),
                    short(&only.name, 100),
                    short(&only.home.name(), 100),
                    only.id
                )));
            }
            [only] => return Ok(Some(only.clone())),
            _ => return Err(Fault::Words(ambiguous(name, &hits))),
        }
    }
    Ok(None)
}

/// Whether an item has this name, alone or after the name of its workspace and a slash.
fn is_named(asked: &str, item: &Item, best: Fit) -> bool {
    let fits = |asked: &str, name: &str| fit(asked, name).is_some_and(|it| it <= best);
    let with_home = || format!("{}/{}", item.home.name(), item.name);
    fits(asked, &item.name)
        || asked.split_once('/').is_some_and(|(home, name)| {
            let joined = format!("{}/{}", home.trim(), name.trim());
            fits(&joined, &with_home())
        })
}

fn ambiguous(name: &str, hits: &[&Item]) -> String {
    let lines: Vec<_> = hits.iter().take(MOST_CANDIDATES).map(|it| it.line()).collect();
    let (list, _) = table(&HEAD, &lines, 8_000);
    format!(
        "{} items are called {}. Call again with the id of the one that is meant.\n{DATA_NOTE}\n{list}",
        hits.len(),
        short(name, 100)
    )
}

fn not_found(name: &str, kinds: &[Kind], seen: &Walked) -> String {
    let mut words = format!("No {} is called {}.", listed(kinds), short(name, 100));
    let near = nearest(name, seen.items.iter().map(|it| it.name.as_str()));
    let is_near = |item: &&Item| near.contains(&item.name.as_str());
    let mut hits: Vec<&Item> = seen.items.iter().filter(is_near).take(MOST_CANDIDATES).collect();
    hits.sort_by_key(|it| near.iter().position(|name| *name == it.name));
    if hits.is_empty() {
        words.push_str(" find_items lists what there is.");
    } else {
        let lines: Vec<_> = hits.iter().map(|it| it.line()).collect();
        let (list, _) = table(&HEAD, &lines, 8_000);
        words.push_str(&format!(" Nearest:\n{DATA_NOTE}\n{list}"));
    }
    if seen.left > 0 {
        words.push_str(
            "\nNot every workspace has been looked through yet: call again to go on, or write workspace/name or an id.",
        );
    }
    for note in &seen.notes {
        words.push_str(&format!("\nNot looked into: {note}"));
    }
    words
}

fn listed(kinds: &[Kind]) -> String {
    let words: Vec<_> = kinds.iter().map(|it| it.words()).collect();
    words.join(" or ")
}
