//! One call on its way to an operation: who asks, for what, with what.

use std::sync::MutexGuard;
use std::sync::PoisonError;

use bytes::Bytes;
use uuid::Uuid;

use crate::Sandbox;
use crate::powerbi::activity::Trace;
use crate::powerbi::deployments;
use crate::powerbi::fields::Fields;
use crate::powerbi::imports;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::scorecards;
use crate::powerbi::upload_places;
use crate::spool::Spool;
use crate::world::World;
use crate::world::access::Principal;
use crate::world::access::Role;
use crate::world::access::Who;

/// One call.
pub(crate) struct Call {
    /// The sandbox called.
    pub(crate) sandbox: Sandbox,
    /// Who asks.
    pub(crate) who: Who,
    /// Display name of whoever asks.
    pub(crate) who_name: String,
    /// What stood in the path.
    pub(crate) params: Vec<(&'static str, String)>,
    /// What stood behind the question mark.
    pub(crate) query: Vec<(String, String)>,
    /// Request body.
    pub(crate) body: Bytes,
    /// The file that came instead, where an operation takes files.
    pub(crate) file: Option<Spool>,
    /// When it came.
    pub(crate) now_ms: i64,
    /// Where it came from.
    pub(crate) trace: Trace,
}

impl Call {
    /// The state of the pretend service, with what was under way brought up to now.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        // A panic in one request must not end all later ones.
        let mut world = self.sandbox.world().lock().unwrap_or_else(PoisonError::into_inner);
        imports::settle(&mut world, self.now_ms);
        deployments::settle(&mut world, self.now_ms);
        scorecards::settle(&mut world, self.now_ms);
        upload_places::settle(&mut world, self.now_ms);
        world
    }

    /// A text out of the path; empty where the template has none of that name.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.params
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.as_str())
            .unwrap_or_default()
    }

    /// An id out of the path.
    pub(crate) fn id(&self, name: &str) -> Result<Uuid, Refusal> {
        let text = self.text(name);
        Uuid::try_parse(text).map_err(|_| Refusal::bad(format!("{name} must be a GUID, not {text:?}")))
    }

    /// A parameter from behind the question mark.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// A whole number from behind the question mark.
    pub(crate) fn query_number(&self, name: &str) -> Result<Option<usize>, Refusal> {
        let number = |text: &str| {
            text.trim()
                .parse()
                .map_err(|_| Refusal::bad(format!("{name} must be a whole number that is not negative")))
        };
        self.query(name).map(number).transpose()
    }

    /// The body as JSON.
    pub(crate) fn fields(&self) -> Result<Fields, Refusal> {
        Fields::read(&self.body)
    }

    /// Somebody of the caller's directory, by sign-in name or object id.
    pub(crate) fn find_person(&self, name: &str) -> Option<(Principal, Who)> {
        let directory = self.sandbox.directory();
        let principal = Principal::find_person(directory.people(), &self.who.tid, name)?;
        let groups = directory
            .find_by_oid(principal.oid())
            .map(|person| person.groups.clone())
            .unwrap_or_default();
        let (oid, upn) = (principal.oid().to_owned(), principal.identifier().to_owned());
        Some((
            principal,
            Who {
                tid: self.who.tid.clone(),
                oid,
                upn,
                groups,
                app_only: false,
            },
        ))
    }

    /// The workspace in the path, where there is one: its id and the role there.
    pub(crate) fn group(&self, world: &World) -> Result<Option<(Uuid, Role)>, Refusal> {
        if self.text("group").is_empty() {
            return Ok(None);
        }
        let id = self.id("group")?;
        let role = world.workspace(id).and_then(|workspace| workspace.role(&self.who));
        role.map(|role| Some((id, role))).ok_or_else(Refusal::no_workspace)
    }

    /// The workspace meant: the one in the path, or My workspace.
    pub(crate) fn home(&self, world: &mut World) -> Result<(Uuid, Role), Refusal> {
        match self.group(world)? {
            Some(found) => Ok(found),
            None if self.who.app_only => Err(Refusal::no_application()),
            None => Ok((world.personal_workspace(&self.who), Role::Admin)),
        }
    }

    /// The workspace meant, if the role there is at least `least`.
    pub(crate) fn home_as(&self, world: &mut World, least: Role) -> Result<Uuid, Refusal> {
        match self.home(world)? {
            (id, role) if role >= least => Ok(id),
            _ => Err(Refusal::no_right()),
        }
    }

    /// The path of the workspace in addresses: `/groups/{id}`, or nothing for My workspace.
    pub(crate) fn group_path(&self) -> String {
        match self.text("group") {
            "" => String::new(),
            group => format!("/groups/{}", group.to_lowercase()),
        }
    }

    /// An address of this API on the sandbox's own host.
    pub(crate) fn own_url(&self, path: &str) -> String {
        format!("{}/v1.0/myorg{path}", self.sandbox.url())
    }

    /// An address of the portal, on the sandbox's own host.
    pub(crate) fn portal_url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.url())
    }
}
