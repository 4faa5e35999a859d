//! The record of what people did, as administrators read it.

use std::collections::VecDeque;

use uuid::Uuid;

use crate::world::ids::Kind;
use crate::world::ids::seeded;
use crate::world::time;

/// What was done, the oldest first.
#[derive(Default)]
pub struct Activities {
    events: VecDeque<Event>,
    /// Numbers the events apart from everything else, so that looking on changes no other id.
    last: u64,
}

/// One thing somebody did.
#[derive(Clone, Debug)]
pub struct Event {
    /// Id; given when it is recorded.
    pub id: Uuid,
    /// Directory it happened in.
    pub tid: String,
    /// When.
    pub at_ms: i64,
    /// `ViewReport`, `DeleteGroup` …
    pub activity: &'static str,
    /// Who.
    pub actor: Actor,
    /// To what.
    pub subject: Option<Subject>,
    /// The semantic model behind a report.
    pub model: Option<Subject>,
    /// Workspace it happened in: id and name.
    pub workspace: Option<(Uuid, String)>,
    /// Capacity the workspace was on: id and name.
    pub capacity: Option<(Uuid, String)>,
    /// Id of the request.
    pub request_id: String,
    /// Address it came from.
    pub client_ip: String,
    /// Program it came from.
    pub user_agent: String,
}

/// Whoever did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Sign-in name, or object id of a service principal.
    pub name: String,
    /// Object id.
    pub oid: String,
    /// A service principal.
    pub is_app: bool,
}

/// What something was done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What sort of thing.
    pub kind: SubjectKind,
    /// Its id.
    pub id: Uuid,
    /// Its name at that moment.
    pub name: String,
}

/// Sorts of things that events are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// A report.
    Report,
    /// A dashboard.
    Dashboard,
    /// A semantic model.
    Model,
    /// A dataflow.
    Dataflow,
    /// An app.
    App,
    /// A workspace.
    Workspace,
    /// An upload.
    Import,
    /// A deployment pipeline.
    Pipeline,
    /// A gateway.
    Gateway,
    /// A capacity.
    Capacity,
    /// An encryption key.
    Key,
    /// A scorecard.
    Scorecard,
}

impl Activities {
    /// The oldest events are forgotten beyond this many.
    const MOST: usize = 50_000;
    /// How long events are kept; what was not touched for 30 days counts as unused.
    const KEPT_MS: i64 = 35 * time::DAY_MS;

    /// Writes one down, under an id of its own.
    pub fn record(&mut self, mut event: Event) {
        self.last += 1;
        event.id = seeded(Kind::Event, self.last);
        let oldest_ms = event.at_ms - Self::KEPT_MS;
        while self
            .events
            .front()
            .is_some_and(|first| first.at_ms < oldest_ms || self.events.len() >= Self::MOST)
        {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// What happened in directory `tid` from `start_ms` to before `end_ms`.
    pub fn between(&self, tid: &str, start_ms: i64, end_ms: i64) -> impl Iterator<Item = &Event> {
        let is_in = move |event: &&Event| (start_ms..end_ms).contains(&event.at_ms);
        self.events.iter().filter(is_in).filter(move |event| event.tid == tid)
    }

    /// When something last happened in a workspace.
    pub fn last_in_ms(&self, workspace: Uuid) -> Option<i64> {
        let is_in = |event: &&Event| event.workspace.as_ref().is_some_and(|(id, _)| *id == workspace);
        self.events.iter().rev().find(is_in).map(|event| event.at_ms)
    }

    /// When a thing was last touched, itself or as the model behind a report.
    pub fn last_touched_ms(&self, id: Uuid) -> Option<i64> {
        let is_about = |event: &&Event| {
            let parts = [&event.subject, &event.model];
            parts.into_iter().flatten().any(|subject| subject.id == id)
        };
        self.events.iter().rev().find(is_about).map(|event| event.at_ms)
    }
}
