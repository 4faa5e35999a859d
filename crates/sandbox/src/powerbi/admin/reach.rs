//! Everything one person can reach.

use serde_json::Map;
use serde_json::Value;
use uuid::Uuid;

use crate::powerbi::admin;
use crate::powerbi::admin::access;
use crate::powerbi::admin::pages;
use crate::powerbi::admin::pages::List;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::world::World;
use crate::world::access::Role;
use crate::world::access::Who;
use crate::world::report::ReportKind;

const TYPES: [&str; 10] = [
    "Report",
    "PaginatedReport",
    "Dashboard",
    "Dataset",
    "Dataflow",
    "PersonalGroup",
    "Group",
    "Workspace",
    "Capacity",
    "App",
];

pub(in crate::powerbi) fn list(call: &Call) -> Result<Answer, Refusal> {
    let path = format!("/admin/users/{}/artifactAccess", encoded(call.text("user")));
    let asked = match pages::place(call, &path)? {
        Some((_, asked)) => asked,
        None => call.query("artifactTypes").unwrap_or_default().to_owned(),
    };
    let types = types(&asked)?;
    let (_, who) = call.find_person(call.text("user")).ok_or_else(Refusal::not_found)?;
    let world = call.world();
    let found = Found {
        world: &world,
        who: &who,
    };
    let mut items = found.places(call.now_ms);
    items.extend(found.content());
    items.retain(|item| {
        let kind = item["artifactType"].as_str().unwrap_or_default();
        types.is_empty() || types.contains(&kind)
    });
    let list = List {
        path: &path,
        field: "artifactAccessEntities",
        context: Some(admin::context("artifactAccessEntities")),
    };
    pages::cut(call, list, &asked, items)
}

/// A person's name as part of an address.
pub(super) fn encoded(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The sorts asked for; none means all.
fn types(text: &str) -> Result<Vec<&'static str>, Refusal> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    let known = |word: &str| {
        let found = TYPES.into_iter().find(|known| known.eq_ignore_ascii_case(word));
        found.ok_or_else(|| Refusal::bad(format!("artifactTypes knows {}, not {word}", TYPES.join(", "))))
    };
    words.map(known).collect()
}

/// One thing somebody can reach.
pub(super) fn entry(id: Uuid, name: &str, kind: &str, right: &str) -> Map<String, Value> {
    object([
        ("artifactId", id.to_string().into()),
        ("displayName", name.into()),
        ("artifactType", kind.into()),
        ("accessRight", right.into()),
    ])
}

struct Found<'f> {
    world: &'f World,
    who: &'f Who,
}

impl Found<'_> {
    fn role(&self, home: Uuid) -> Option<Role> {
        self.world.workspace(home)?.role(self.who)
    }

    fn is_admin(&self, home: Uuid) -> bool {
        self.role(home) == Some(Role::Admin)
    }

    /// Capacities, workspaces and apps.
    fn places(&self, now_ms: i64) -> Vec<Map<String, Value>> {
        let (world, who) = (self.world, self.who);
        let own = world.capacities.iter().filter(|capacity| capacity.tid == who.tid);
        let capacities = own.filter_map(|capacity| {
            let assigns = world
                .workspaces
                .iter()
                .any(|home| home.capacity_at(now_ms) == Some(capacity.id) && home.role(who) >= Some(Role::Member));
            let right = match (capacity.admins.contains(&who.oid), assigns) {
                (true, _) => "Admin",
                (false, true) => "Assign",
                (false, false) => return None,
            };
            Some(entry(capacity.id, &capacity.name, "Capacity", right))
        });
        let homes = world.workspaces.iter().filter_map(|home| {
            let kind = match home.personal_owner {
                Some(_) => "PersonalGroup",
                None => "Workspace",
            };
            Some(entry(home.id, &home.name, kind, home.role(who)?.name()))
        });
        let apps = world.apps_of(who).map(|app| {
            let may_write = self.role(app.workspace) >= Some(Role::Contributor);
            let right = match (may_write, app.allows_build) {
                (true, _) => "ReadWrite",
                (false, true) => "ReadExplore",
                (false, false) => "Read",
            };
            entry(app.id, &app.name, "App", right)
        });
        capacities.chain(homes).chain(apps).collect()
    }

    /// Reports, dashboards, models and dataflows.
    fn content(&self) -> Vec<Map<String, Value>> {
        let (world, who) = (self.world, self.who);
        let reports = world.reports.iter().filter_map(|report| {
            let rights = world.report_rights(who, report);
            let owns = self.is_admin(report.workspace) || report.owner == who.oid && rights.write;
            let kind = match report.kind {
                ReportKind::Interactive { .. } => "Report",
                ReportKind::Paginated { .. } => "PaginatedReport",
            };
            rights
                .read
                .then(|| entry(report.id, &report.name, kind, access::word(rights, owns)))
        });
        let boards = world.dashboards.iter().filter_map(|board| {
            let rights = world.dashboard_rights(who, board);
            let word = access::word(rights, self.is_admin(board.workspace));
            rights.read.then(|| entry(board.id, &board.name, "Dashboard", word))
        });
        let models = world.models.iter().filter_map(|model| {
            let rights = world.model_rights(who, model);
            rights
                .read
                .then(|| entry(model.id, &model.name, "Dataset", &rights.name()))
        });
        let flows = world.dataflows.iter().filter_map(|flow| {
            let role = self.role(flow.workspace)?;
            let word = access::word(role.rights(), role == Role::Admin);
            Some(entry(flow.id, &flow.name, "Dataflow", word))
        });
        reports.chain(boards).chain(models).chain(flows).collect()
    }
}
