//! The pretend Power BI's state.

pub mod access;
pub mod activity;
pub mod content;
pub mod ids;
pub mod infrastructure;
pub mod model;
pub mod onedrive;
pub mod profiles;
pub mod push;
pub mod refresh;
pub mod report;
pub mod scorecards;
mod seed;
pub mod status_rules;
pub mod template_apps;
pub mod tenancy;
pub mod time;
pub mod uploads;
pub mod workspace;

use std::collections::HashMap;
use std::collections::VecDeque;

use serde::Serialize;
use uuid::Uuid;

use crate::world::access::Rights;
use crate::world::access::Who;
use crate::world::activity::Activities;
use crate::world::content::App;
use crate::world::content::ConnectedWorkbook;
use crate::world::content::Dashboard;
use crate::world::content::Dataflow;
use crate::world::content::Import;
use crate::world::content::NativeDataflow;
use crate::world::ids::Fresh;
use crate::world::ids::Kind;
use crate::world::infrastructure::Gateway;
use crate::world::infrastructure::Pairing;
use crate::world::infrastructure::Pipeline;
use crate::world::model::Model;
use crate::world::profiles::Profile;
use crate::world::report::Export;
use crate::world::report::Report;
use crate::world::scorecards::Scorecard;
use crate::world::template_apps::TemplateApp;
use crate::world::tenancy::Tenancy;
use crate::world::uploads::UploadPlace;
use crate::world::workspace::Capacity;
use crate::world::workspace::Workspace;

/// Workspaces and what is in them.
#[derive(Default)]
pub struct World {
    /// Workspaces, the deleted ones too.
    pub workspaces: Vec<Workspace>,
    /// Semantic models.
    pub models: Vec<Model>,
    /// Reports.
    pub reports: Vec<Report>,
    /// Dashboards.
    pub dashboards: Vec<Dashboard>,
    /// Published apps.
    pub apps: Vec<App>,
    /// Dataflows of the first generation.
    pub dataflows: Vec<Dataflow>,
    /// Dataflows of the second generation, made from those of the first.
    pub native_dataflows: Vec<NativeDataflow>,
    /// Places where files too large for a request are uploaded first.
    pub upload_places: Vec<UploadPlace>,
    /// Uploads.
    pub imports: Vec<Import>,
    /// Workbooks on `OneDrive` that workspaces show.
    pub workbooks: Vec<ConnectedWorkbook>,
    /// Export jobs.
    pub exports: Vec<Export>,
    /// Scorecards with their goals.
    pub scorecards: Vec<Scorecard>,
    /// Profiles of service principals.
    pub profiles: Vec<Profile>,
    /// Template apps of tenants.
    pub template_apps: Vec<TemplateApp>,
    /// Capacities.
    pub capacities: Vec<Capacity>,
    /// On-premises gateways.
    pub gateways: Vec<Gateway>,
    /// Deployment pipelines.
    pub pipelines: Vec<Pipeline>,
    /// Which item was deployed to which.
    pub pairings: Vec<Pairing>,
    /// What an administrator may switch.
    pub settings: Settings,
    /// Ids for new things.
    pub fresh: Fresh,
    /// Moments of each caller's queries of the last minute.
    pub queries: HashMap<String, VecDeque<i64>>,
    /// Export jobs begun of each report, to know the first.
    pub exports_begun: HashMap<Uuid, u64>,
    /// When each caller last asked for their rights to be read again.
    pub rights_refreshed: HashMap<String, i64>,
    /// What administrators keep and see.
    pub tenancy: Tenancy,
    /// What people did.
    pub activities: Activities,
}

/// What a tenant administrator may switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// `INFO` functions answer over the API; some tenants report that they do not.
    pub info_functions: bool,
    /// The API for queries is on.
    pub execute_queries: bool,
    /// The least size of a downloaded pbix, in MiB; what the report lacks is made up while it is sent.
    pub download_mib: u64,
    /// Service principals may use the read-only admin API.
    pub principals_read_admin: bool,
    /// Reports can be exported as image files; off until an administrator of the tenant switches it on, as in the service.
    pub image_export: bool,
    /// Streaming semantic models can be made; some tenants report that they no longer can.
    pub streaming_models: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            info_functions: true,
            execute_queries: true,
            download_mib: 0,
            principals_read_admin: true,
            image_export: false,
            streaming_models: true,
        }
    }
}

impl World {
    /// The seeded world as it stands at `now_ms`.
    pub fn seeded(now_ms: i64, _seed: u64) -> World {
        seed::world(now_ms)
    }

    /// The workspace of that id, unless it was deleted.
    pub fn workspace(&self, id: Uuid) -> Option<&Workspace> {
        self.workspaces
            .iter()
            .find(|workspace| workspace.id == id && !workspace.deleted)
    }

    /// The same, to change it.
    pub fn workspace_mut(&mut self, id: Uuid) -> Option<&mut Workspace> {
        self.workspaces
            .iter_mut()
            .find(|workspace| workspace.id == id && !workspace.deleted)
    }

    /// The semantic model of that id.
    pub fn model(&self, id: Uuid) -> Option<&Model> {
        self.models.iter().find(|model| model.id == id)
    }

    /// The same, to change it.
    pub fn model_mut(&mut self, id: Uuid) -> Option<&mut Model> {
        self.models.iter_mut().find(|model| model.id == id)
    }

    /// The report of that id.
    pub fn report(&self, id: Uuid) -> Option<&Report> {
        self.reports.iter().find(|report| report.id == id)
    }

    /// The same, to change it.
    pub fn report_mut(&mut self, id: Uuid) -> Option<&mut Report> {
        self.reports.iter_mut().find(|report| report.id == id)
    }

    /// A person's My workspace, made at the first need.
    pub fn personal_workspace(&mut self, who: &Who) -> Uuid {
        let own =
            |workspace: &&Workspace| workspace.personal_owner.as_ref() == Some(&who.oid) && workspace.tid == who.tid;
        if let Some(found) = self.workspaces.iter().find(own) {
            return found.id;
        }
        let id = self.fresh.id(Kind::Workspace);
        self.workspaces.push(seed::personal(id, who));
        id
    }

    /// What `who` may do with a model: by role, by direct grant, by app, or by a report handed to them.
    pub fn model_rights(&self, who: &Who, model: &Model) -> Rights {
        let Some(home) = self.workspace(model.workspace).filter(|home| home.tid == who.tid) else {
            return Rights::NONE;
        };
        let by_role = home.role(who).map(access::Role::rights).unwrap_or_default();
        let by_app = self
            .apps_of(who)
            .filter(|app| app.reports.iter().any(|report| self.reads(*report, model.id)));
        let by_app = by_app.fold(Rights::NONE, |sum, app| {
            sum.and(if app.allows_build {
                Rights::READ_EXPLORE
            } else {
                Rights::READ
            })
        });
        by_role.and(access::granted(&model.grants, who)).and(by_app)
    }

    /// What `who` may do with a report: by role, by direct grant, or by app.
    pub fn report_rights(&self, who: &Who, report: &Report) -> Rights {
        let by_app = self.apps_of(who).any(|app| app.reports.contains(&report.id));
        self.item_rights(who, report.workspace, &report.grants, by_app)
    }

    /// What `who` may do with a dashboard: by role, by direct grant, or by app.
    pub fn dashboard_rights(&self, who: &Who, dashboard: &Dashboard) -> Rights {
        let by_app = self.apps_of(who).any(|app| app.dashboards.contains(&dashboard.id));
        self.item_rights(who, dashboard.workspace, &dashboard.grants, by_app)
    }

    fn item_rights(&self, who: &Who, workspace: Uuid, grants: &[access::Grant], by_app: bool) -> Rights {
        let Some(home) = self.workspace(workspace).filter(|home| home.tid == who.tid) else {
            return Rights::NONE;
        };
        let by_role = home.role(who).map(access::Role::rights).unwrap_or_default();
        by_role
            .and(access::granted(grants, who))
            .and(if by_app { Rights::READ } else { Rights::NONE })
    }

    /// The apps `who` may open.
    pub fn apps_of<'a>(&'a self, who: &'a Who) -> impl Iterator<Item = &'a App> {
        self.apps.iter().filter(|app| {
            let home = self.workspace(app.workspace).filter(|home| home.tid == who.tid);
            home.is_some_and(|home| home.role(who).is_some() || app.audience.iter().any(|principal| who.is(principal)))
        })
    }

    /// The report of that name that reads a model.
    pub fn report_of(&self, model: Uuid, name: &str) -> Option<Uuid> {
        self.reports
            .iter()
            .find(|report| report.model == Some(model) && report.name == name)
            .map(|report| report.id)
    }

    fn reads(&self, report: Uuid, model: Uuid) -> bool {
        self.report(report).is_some_and(|report| report.model == Some(model))
    }

    /// The capacity a workspace is on at `now_ms`.
    pub fn capacity_of(&self, workspace: Uuid, now_ms: i64) -> Option<&Capacity> {
        let id = self.workspace(workspace)?.capacity_at(now_ms)?;
        self.capacities.iter().find(|capacity| capacity.id == id)
    }
}
