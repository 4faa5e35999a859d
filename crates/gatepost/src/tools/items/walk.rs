//! The walk over workspaces and apps: one list at a time, remembered, bounded, and continued by the next call.

use std::collections::HashSet;

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::{Map, json};

use super::{Home, Item, Kind};
use crate::call::{CallError, Request};
use crate::clock::Timestamp;
use crate::tools::context::Context;
use crate::tools::fault::Fault;
use crate::tools::memory::{FRESH_MS, Viewer, memory};
use crate::tools::text::short;

/// Everything the walk may call.
pub(in crate::tools) const OPERATIONS: &[&str] = &[
    "groups.list",
    "apps.list",
    "datasets.list",
    "datasets.list_in_group",
    "reports.list",
    "reports.list_in_group",
    "dashboards.list",
    "dashboards.list_in_group",
    "dataflows.list",
    "apps.list_reports",
    "apps.list_dashboards",
];

/// Power BI takes about sixty such calls a minute; some are left for what the tool is for.
const CALLS: usize = 40;
const AT_ONCE: usize = 4;
const PAGE: usize = 1000;
const PAGES: usize = 5;
/// A search that finds nothing looks again if what is known is older than this.
const STALE_MS: i64 = 15_000;
const MOST_NOTES: usize = 4;

/// What was read so far for one viewer.
#[derive(Debug, Default)]
pub(in crate::tools) struct Known {
    began: Option<Timestamp>,
    workspaces: Option<Vec<Item>>,
    apps: Option<Vec<Item>>,
    /// Lists that were read, by the id of their workspace or app; My workspace has none.
    listed: HashSet<(Option<String>, Kind)>,
    items: Vec<Item>,
    notes: Vec<String>,
}

/// What is looked for.
pub(in crate::tools) struct Wanted<'a> {
    pub kinds: &'a [Kind],
    /// Only in this workspace.
    pub workspace: Option<&'a str>,
    /// The walk stops at the first such item.
    pub until: Option<&'a (dyn Fn(&Item) -> bool + Sync)>,
    /// What is known may be older than a few seconds.
    pub from_memory: bool,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(in crate::tools) struct Walked {
    /// Items of the kinds that were wanted.
    pub items: Vec<Item>,
    /// Lists that are still to be read; the next call goes on with them.
    pub left: usize,
    /// What could not be looked into, and why.
    pub notes: Vec<String>,
}

/// One list to read.
#[derive(Clone, Debug)]
struct List {
    home: Home,
    kind: Kind,
    operation: &'static str,
    arguments: Map<String, serde_json::Value>,
}

impl List {
    fn key(&self) -> (Option<String>, Kind) {
        let id = match &self.home {
            Home::Workspace { id, .. } | Home::App { id, .. } => Some(id.clone()),
            Home::Mine | Home::Unknown => None,
        };
        (id, self.kind)
    }
}

/// Whether a walk goes on after a list could not be read.
enum After {
    GoOn(String),
    Stop(String),
}

/// Looks into what the person can reach, as far as one call may go.
pub(in crate::tools) async fn walk(context: &Context<'_>, wanted: &Wanted<'_>) -> Result<Walked, Fault> {
    let viewer = Viewer::of(context).await?;
    let known = memory().items(&viewer);
    let mut known = known.lock().await;
    let now = context.app.clock.now();
    let age_ms = known.began.map_or(i64::MAX, |began| now.since_ms(began));
    let limit_ms = if wanted.from_memory { FRESH_MS } else { STALE_MS };
    if limit_ms <= age_ms {
        *known = Known {
            began: Some(now),
            ..Known::default()
        };
    }
    known.look(context, wanted).await
}

impl Known {
    async fn look(&mut self, context: &Context<'_>, wanted: &Wanted<'_>) -> Result<Walked, Fault> {
        self.read_places(context, wanted).await?;
        let has_enough = |known: &Self| wanted.until.is_some_and(|is_it| known.of_interest(wanted).any(is_it));
        let pending = self.pending(context, wanted);
        let total = pending.len();
        let read = |list: List| async move { (context.list(list.operation, list.arguments.clone()).await, list) };
        let mut answers = stream::iter(pending.into_iter().take(CALLS).map(read)).buffer_unordered(AT_ONCE);
        let mut done = 0;
        let mut notes = Vec::new();
        while !has_enough(self) {
            let Some((answer, list)) = answers.next().await else {
                break;
            };
            done += 1;
            context
                .progress
                .say(done as f64, Some(total.min(CALLS) as f64), "looking through workspaces");
            match answer {
                Ok(entries) => self
                    .items
                    .extend(entries.iter().filter_map(|it| Item::of(list.kind, &list.home, it))),
                Err(fault) => match after(fault, &list)? {
                    After::GoOn(note) => self.notes.push(note),
                    After::Stop(note) => {
                        done -= 1;
                        notes.push(note);
                        break;
                    }
                },
            }
            self.listed.insert(list.key());
        }
        drop(answers);
        notes.extend(self.notes.iter().take(MOST_NOTES).cloned());
        Ok(Walked {
            items: self.of_interest(wanted).cloned().collect(),
            left: if has_enough(self) { 0 } else { total - done },
            notes,
        })
    }

    /// Workspaces and apps themselves, which every walk begins with.
    async fn read_places(&mut self, context: &Context<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let only_apps = wanted.kinds.iter().all(|it| *it == Kind::App);
        if self.workspaces.is_none() && !only_apps {
            self.workspaces = Some(workspaces(context).await?);
        }
        let holds_apps = |kind: &Kind| matches!(kind, Kind::App | Kind::Report | Kind::Dashboard);
        if self.apps.is_none() && wanted.workspace.is_none() && wanted.kinds.iter().any(holds_apps) {
            let mut apps = Vec::new();
            if context.may("apps.list") {
                let list = List::of(Home::Unknown, Kind::App, "apps.list", Map::new());
                match context.list(list.operation, Map::new()).await {
                    Ok(entries) => apps.extend(entries.iter().filter_map(|it| Item::of(Kind::App, &Home::Unknown, it))),
                    Err(fault) => match after(fault, &list)? {
                        After::GoOn(note) | After::Stop(note) => self.notes.push(note),
                    },
                }
            }
            self.apps = Some(apps);
        }
        Ok(())
    }

    fn of_interest<'a>(&'a self, wanted: &'a Wanted<'_>) -> impl Iterator<Item = &'a Item> {
        let places = self.workspaces.iter().chain(&self.apps).flatten();
        places.chain(&self.items).filter(|item| {
            let is_there = wanted.workspace.is_none_or(|id| match item.kind {
                Kind::Workspace => item.id == id,
                _ => item.home.workspace_id() == Some(id),
            });
            is_there && wanted.kinds.contains(&item.kind)
        })
    }

    /// The lists that are still to be read, in the order in which they are.
    fn pending(&self, context: &Context<'_>, wanted: &Wanted<'_>) -> Vec<List> {
        let mut lists = Vec::new();
        if wanted.workspace.is_none() {
            lists.extend(wanted.kinds.iter().filter_map(|kind| of_mine(*kind)));
            for app in self.apps.iter().flatten() {
                lists.extend(wanted.kinds.iter().filter_map(|kind| of_app(*kind, app)));
            }
        }
        for workspace in self.workspaces.iter().flatten() {
            if wanted.workspace.is_none_or(|id| id == workspace.id) {
                lists.extend(wanted.kinds.iter().filter_map(|kind| of_workspace(*kind, workspace)));
            }
        }
        lists.retain(|list| !self.listed.contains(&list.key()) && context.may(list.operation));
        lists
    }
}

async fn workspaces(context: &Context<'_>) -> Result<Vec<Item>, Fault> {
    let mut all = Vec::new();
    for page in 0..PAGES {
        let arguments = Request::arguments_of([("$top", json!(PAGE)), ("$skip", json!(page * PAGE))]);
        let entries = context.list("groups.list", arguments).await?;
        all.extend(
            entries
                .iter()
                .filter_map(|it| Item::of(Kind::Workspace, &Home::Unknown, it)),
        );
        if entries.len() < PAGE {
            break;
        }
    }
    Ok(all)
}

impl List {
    fn of(home: Home, kind: Kind, operation: &'static str, arguments: Map<String, serde_json::Value>) -> Self {
        Self {
            home,
            kind,
            operation,
            arguments,
        }
    }
}

fn of_mine(kind: Kind) -> Option<List> {
    let operation = match kind {
        Kind::Model => "datasets.list",
        Kind::Report => "reports.list",
        Kind::Dashboard => "dashboards.list",
        Kind::Workspace | Kind::Dataflow | Kind::App => return None,
    };
    Some(List::of(Home::Mine, kind, operation, Map::new()))
}

fn of_workspace(kind: Kind, workspace: &Item) -> Option<List> {
    let operation = match kind {
        Kind::Model => "datasets.list_in_group",
        Kind::Report => "reports.list_in_group",
        Kind::Dashboard => "dashboards.list_in_group",
        Kind::Dataflow => "dataflows.list",
        Kind::Workspace | Kind::App => return None,
    };
    let home = Home::Workspace {
        id: workspace.id.clone(),
        name: workspace.name.clone(),
    };
    let arguments = Request::arguments_of([("groupId", json!(workspace.id))]);
    Some(List::of(home, kind, operation, arguments))
}

fn of_app(kind: Kind, app: &Item) -> Option<List> {
    let operation = match kind {
        Kind::Report => "apps.list_reports",
        Kind::Dashboard => "apps.list_dashboards",
        Kind::Workspace | Kind::Model | Kind::Dataflow | Kind::App => return None,
    };
    let home = Home::App {
        id: app.id.clone(),
        name: app.name.clone(),
    };
    let arguments = Request::arguments_of([("appId", json!(app.id))]);
    Some(List::of(home, kind, operation, arguments))
}

/// One list that cannot be read does not end the walk; what would fail every list does.
fn after(fault: Fault, list: &List) -> Result<After, Fault> {
    let place = match list.kind {
        Kind::App => "apps".to_owned(),
        kind => format!("{}s of {}", kind.words(), short(&list.home.name(), 80)),
    };
    match &fault {
        Fault::Call(CallError::Denied { .. } | CallError::WorkspaceNeeded) => {
            Ok(After::GoOn(format!("{place}: {}", fault.brief())))
        }
        _ if fault.is_throttled() => Ok(After::Stop(format!(
            "{place}: Power BI asks for fewer calls; go on in a minute"
        ))),
        Fault::Refused { .. } | Fault::TooMuch { .. } | Fault::Unreadable => {
            Ok(After::GoOn(format!("{place}: {}", fault.brief())))
        }
        Fault::Call(_) | Fault::Answer(_) | Fault::Words(_) | Fault::NotFound(_) => Err(fault),
    }
}
