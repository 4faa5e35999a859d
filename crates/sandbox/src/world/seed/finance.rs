//! The seeded workspace "Finance": on a capacity, so that it exports, refreshes in detail and cancels.

use serde_json::Map;
use serde_json::json;

use crate::people;
use crate::world::World;
use crate::world::access::Member;
use crate::world::access::Principal;
use crate::world::access::Role;
use crate::world::content::App;
use crate::world::content::Dashboard;
use crate::world::content::Dataflow;
use crate::world::content::DataflowSource;
use crate::world::content::Tile;
use crate::world::ids::Kind;
use crate::world::ids::seeded;
use crate::world::model::Model;
use crate::world::model::RefreshBehaviour;
use crate::world::model::Source;
use crate::world::model::Storage;
use crate::world::report::ExportBehaviour;
use crate::world::report::Report;
use crate::world::seed::build_for;
use crate::world::seed::infrastructure::capacity;
use crate::world::seed::infrastructure::gateway;
use crate::world::seed::model;
use crate::world::seed::pages;
use crate::world::seed::person;
use crate::world::seed::report;
use crate::world::seed::sales::definition;
use crate::world::seed::workspace;
use crate::world::time;
use crate::world::workspace::Workspace;

/// How long the slow model takes.
const SLOW_MS: i64 = 3 * time::MINUTE_MS;

pub(super) fn seed(world: &mut World, now_ms: i64) {
    let mut home = workspace(2, "Finance", Some(capacity()), members());
    home.description = Some("Books, budgets and stock".to_owned());
    home.dataflow_storage = Some(seeded(Kind::Storage, 1));
    let models = models(&home, now_ms);
    let reports = reports(&home, &models);
    world.dashboards.push(board(&home, &models, &reports));
    world.apps.push(app(&home, &reports, now_ms));
    world.dataflows.push(stage_costs(&home));
    world.workspaces.push(home);
    world.workspaces.push(workspace(
        3,
        "Empty desk",
        None,
        vec![person(people::ADA, Role::Admin), person(people::BO, Role::Member)],
    ));
    world.models.extend(models);
    world.reports.extend(reports);
}

fn members() -> Vec<Member> {
    let team = Principal::Group {
        oid: people::FINANCE_TEAM.to_owned(),
        name: "Finance team".to_owned(),
    };
    vec![
        person(people::ADA, Role::Admin),
        person(people::BO, Role::Member),
        person(people::CY, Role::Viewer),
        Member {
            principal: team,
            role: Role::Viewer,
        },
        person(people::GUS_AS_GUEST, Role::Viewer),
    ]
}

fn models(home: &Workspace, now_ms: i64) -> Vec<Model> {
    let ledger = |database: &str, number| Source {
        id: seeded(Kind::Datasource, number),
        gateway: gateway(),
        kind: "Sql",
        details: json!({"server": "sql2.contoso.test", "database": database}),
        on_premises: true,
    };
    let mut finance = model(2, home, "Finance model", "Finance model", now_ms);
    finance.description = Some("Bookings against budget by account and month".to_owned());
    finance.sources = vec![ledger("Ledger", 2)];
    let mut big = model(3, home, "Big model", "Big model", now_ms);
    big.description = Some("More rows than one answer may hold".to_owned());
    let mut inventory = model(4, home, "Inventory", "Inventory", now_ms);
    inventory.storage = Storage::DirectQuery;
    inventory.sources = vec![ledger("Stock", 5)];
    inventory.refreshes.clear();
    let mut slow = model(6, home, "Nightly warehouse", "Web traffic", now_ms);
    slow.refresh_behaviour = RefreshBehaviour::Completes { takes_ms: SLOW_MS };
    for model in [&mut finance, &mut big, &mut inventory] {
        model.grants = build_for(people::CY);
    }
    let tickets = model(9, home, "Support tickets", "Support tickets", now_ms);
    vec![finance, big, inventory, slow, tickets]
}

fn reports(home: &Workspace, models: &[Model]) -> Vec<Report> {
    let finance = models[0].id;
    let sales_model = seeded(Kind::Model, 1);
    let mut overview = report(2, home, "Finance overview", finance, pages::finance());
    overview.description = Some("Bookings against budget".to_owned());
    let regional = report(3, home, "Regional sales", sales_model, pages::sales());
    let mut invoices = report(4, home, "Booking list", finance, pages::finance());
    invoices.kind = pages::booking_list();
    let stock = report(5, home, "Stock", models[2].id, pages::stock());
    let mut unsteady = report(6, home, "Unsteady report", finance, pages::finance());
    unsteady.exports = ExportBehaviour::FailsOnce;
    let mut custom = report(7, home, "Unsupported visuals", finance, pages::finance());
    custom.exports = ExportBehaviour::FailsAlways;
    vec![overview, regional, invoices, stock, unsteady, custom]
}

fn board(home: &Workspace, models: &[Model], reports: &[Report]) -> Dashboard {
    let tile = |number, title: &str, report: usize, model: usize| Tile {
        id: seeded(Kind::Tile, number),
        title: title.to_owned(),
        report: Some(reports[report].id),
        model: Some(models[model].id),
        row_span: 1,
        column_span: 2,
    };
    Dashboard {
        id: seeded(Kind::Dashboard, 2),
        workspace: home.id,
        name: "Finance board".to_owned(),
        tiles: vec![tile(11, "Bookings", 0, 0), tile(12, "Stock on hand", 3, 2)],
        grants: Vec::new(),
    }
}

fn app(home: &Workspace, reports: &[Report], now_ms: i64) -> App {
    App {
        id: seeded(Kind::App, 1),
        workspace: home.id,
        name: "Finance app".to_owned(),
        description: "The books for everybody".to_owned(),
        published_by: "Bo Builder".to_owned(),
        updated_ms: now_ms - 3 * time::DAY_MS,
        reports: vec![reports[0].id, reports[2].id],
        dashboards: vec![seeded(Kind::Dashboard, 2)],
        audience: vec![Principal::person(people::CONTOSO, people::EVE)],
        allows_build: true,
    }
}

fn stage_costs(home: &Workspace) -> Dataflow {
    let url = "https://files.contoso.test/costs.csv";
    Dataflow {
        id: seeded(Kind::Dataflow, 2),
        workspace: home.id,
        name: "Stage costs".to_owned(),
        description: "Cost centres of the month".to_owned(),
        configured_by: "bo@contoso.test".to_owned(),
        definition: definition("Stage costs", "Costs", url),
        source: DataflowSource {
            id: seeded(Kind::Datasource, 6),
            gateway: seeded(Kind::Gateway, 0),
            url: url.to_owned(),
        },
        schedule: json!({"days": [], "times": [], "enabled": false, "localTimeZoneId": "UTC", "notifyOption": "NoNotification"}),
        transactions: Vec::new(),
        upstream: vec![seeded(Kind::Dataflow, 1)],
        settings: Map::new(),
    }
}
