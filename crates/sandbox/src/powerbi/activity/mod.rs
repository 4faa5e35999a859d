//! Writes down what callers do, as Power BI does for its activity log.

mod names;

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use http::header::USER_AGENT;
use http::request::Parts;
use uuid::Uuid;

use crate::powerbi::activity::names::About;
use crate::powerbi::activity::names::Named;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::operations::Operation;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::server::RequestId;
use crate::world::World;
use crate::world::activity::Actor;
use crate::world::activity::Event;
use crate::world::activity::Subject;
use crate::world::activity::SubjectKind;
use crate::world::tenancy::Origin;

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    request_id: String,
    client_ip: String,
    user_agent: String,
}

impl Trace {
    /// Reads it off a request.
    pub(super) fn of(parts: &Parts) -> Trace {
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let user_agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        Trace {
            request_id: request_id.unwrap_or_default(),
            client_ip: peer.map(|peer| peer.0.ip().to_string()).unwrap_or_default(),
            user_agent: user_agent.unwrap_or_default().to_owned(),
        }
    }

    /// The request's id, which its answer and the activity log name too.
    pub(super) fn request_id(&self) -> Option<Uuid> {
        Uuid::try_parse(&self.request_id).ok()
    }
}

/// Does the work of an operation and, if it went well, writes it down where Power BI would.
pub(super) fn perform(operation: &Operation, call: &Call) -> Result<Answer, Refusal> {
    let named = names::find(operation.method, operation.path);
    let Some(named) = named.filter(|named| !matches!(named.about, About::Each)) else {
        return (operation.run)(call);
    };
    // What is deleted can only be named before.
    let before = Facts::gather(call, &call.world(), named);
    let answer = (operation.run)(call)?;
    let mut world = call.world();
    let facts = match named.about {
        About::Made(kind) => Facts::of_made(&world, kind, &answer),
        About::Path(_) | About::Nothing | About::Each => before,
    };
    if named.changes {
        remember_change(call, &mut world, &facts, matches!(named.about, About::Made(_)));
    }
    let activity = word(&world, named, &facts);
    record(call, &mut world, activity, facts);
    Ok(answer)
}

/// One operation moves workspaces onto capacities and off them, and the log has a word for each.
fn word(world: &World, named: &Named, facts: &Facts) -> &'static str {
    let home = facts.workspace.and_then(|home| world.workspace(home));
    let moved = home.and_then(|home| home.capacity_move.as_ref());
    match named.activity {
        "MigrateWorkspaceIntoCapacity" if moved.is_some_and(|moved| moved.to.is_none()) => {
            "RemoveWorkspacesFromCapacity"
        }
        activity => activity,
    }
}

/// Writes down a change of one of many things that an operation changed.
pub(super) fn note(call: &Call, world: &mut World, activity: &'static str, kind: SubjectKind, id: Uuid) {
    let facts = Facts::of(world, kind, id);
    remember_change(call, world, &facts, false);
    record(call, world, activity, facts);
}

/// What an event is about.
#[derive(Default)]
struct Facts {
    subject: Option<Subject>,
    model: Option<Subject>,
    workspace: Option<Uuid>,
    workspace_name: String,
}

impl Facts {
    fn gather(call: &Call, world: &World, named: &Named) -> Facts {
        let About::Path(kind) = named.about else {
            return Facts::default();
        };
        let id = Uuid::try_parse(call.text(names::parameter(kind))).ok();
        // An admin operation calls a workspace by another word than all others.
        let id = match kind {
            SubjectKind::Workspace => id.or_else(|| Uuid::try_parse(call.text("workspace")).ok()),
            _ => id,
        };
        id.map(|id| Facts::of(world, kind, id)).unwrap_or_default()
    }

    /// A new thing is named by the answer.
    fn of_made(world: &World, kind: SubjectKind, answer: &Answer) -> Facts {
        let Some((id, name)) = answer.subject().cloned() else {
            return Facts::default();
        };
        let mut facts = Facts::of(world, kind, id);
        facts.subject.get_or_insert(Subject { kind, id, name });
        facts
    }

    fn of(world: &World, kind: SubjectKind, id: Uuid) -> Facts {
        let Some((name, workspace)) = named(world, kind, id) else {
            return Facts::default();
        };
        let behind = (kind == SubjectKind::Report).then(|| world.report(id)?.model).flatten();
        let model = behind.and_then(|id| world.model(id)).map(|model| Subject {
            kind: SubjectKind::Model,
            id: model.id,
            name: model.name.clone(),
        });
        let home = world.workspaces.iter().find(|known| Some(known.id) == workspace);
        Facts {
            subject: Some(Subject { kind, id, name }),
            model,
            workspace,
            workspace_name: home.map(|home| home.name.clone()).unwrap_or_default(),
        }
    }
}

/// Name and workspace of a thing.
fn named(world: &World, kind: SubjectKind, id: Uuid) -> Option<(String, Option<Uuid>)> {
    match kind {
        SubjectKind::Report => world
            .report(id)
            .map(|report| (report.name.clone(), Some(report.workspace))),
        SubjectKind::Model => world.model(id).map(|model| (model.name.clone(), Some(model.workspace))),
        SubjectKind::Dashboard => {
            let board = world.dashboards.iter().find(|board| board.id == id)?;
            Some((board.name.clone(), Some(board.workspace)))
        }
        SubjectKind::Dataflow => {
            let flow = world.dataflows.iter().find(|flow| flow.id == id)?;
            Some((flow.name.clone(), Some(flow.workspace)))
        }
        SubjectKind::App => {
            let app = world.apps.iter().find(|app| app.id == id)?;
            Some((app.name.clone(), Some(app.workspace)))
        }
        SubjectKind::Workspace => {
            let home = world.workspaces.iter().find(|home| home.id == id)?;
            Some((home.name.clone(), Some(home.id)))
        }
        SubjectKind::Import => {
            let import = world.imports.iter().find(|import| import.id == id)?;
            Some((import.name.clone(), Some(import.workspace)))
        }
        SubjectKind::Pipeline => {
            let pipeline = world.pipelines.iter().find(|pipeline| pipeline.id == id)?;
            Some((pipeline.name.clone(), None))
        }
        SubjectKind::Gateway => {
            let gateway = world.gateways.iter().find(|gateway| gateway.id == id)?;
            Some((gateway.name.clone(), None))
        }
        SubjectKind::Capacity => {
            let capacity = world.capacities.iter().find(|capacity| capacity.id == id)?;
            Some((capacity.name.clone(), None))
        }
        SubjectKind::Scorecard => {
            let card = world.scorecards.iter().find(|card| card.id == id)?;
            Some((card.name.clone(), Some(card.workspace)))
        }
        SubjectKind::Key => {
            let key = world.tenancy.keys.iter().find(|key| key.id == id)?;
            Some((key.name.clone(), None))
        }
    }
}

fn actor(call: &Call) -> Actor {
    Actor {
        name: rights::owner_name(call),
        oid: call.who.oid.clone(),
        is_app: call.who.app_only,
    }
}

fn record(call: &Call, world: &mut World, activity: &'static str, facts: Facts) {
    let capacity = facts.workspace.and_then(|home| world.capacity_of(home, call.now_ms));
    let event = Event {
        id: Uuid::nil(),
        tid: call.who.tid.clone(),
        at_ms: call.now_ms,
        activity,
        actor: actor(call),
        capacity: capacity.map(|capacity| (capacity.id, capacity.name.clone())),
        workspace: facts.workspace.map(|home| (home, facts.workspace_name)),
        subject: facts.subject,
        model: facts.model,
        request_id: call.trace.request_id.clone(),
        client_ip: call.trace.client_ip.clone(),
        user_agent: call.trace.user_agent.clone(),
    };
    world.activities.record(event);
}

fn remember_change(call: &Call, world: &mut World, facts: &Facts, is_new: bool) {
    if let Some(home) = facts.workspace {
        world.tenancy.changed.insert(home, call.now_ms);
    }
    let Some(subject) = &facts.subject else { return };
    let by = rights::owner_name(call);
    let known = world.tenancy.origins.get(&subject.id);
    let (created_by, created_ms) = match known {
        _ if is_new => (Some(by.clone()), Some(call.now_ms)),
        Some(known) => (known.created_by.clone(), known.created_ms),
        None => (None, None),
    };
    let origin = Origin {
        created_by,
        created_ms,
        modified_by: by,
        modified_ms: call.now_ms,
    };
    world.tenancy.origins.insert(subject.id, origin);
}
