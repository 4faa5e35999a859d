//! The seeded workspace "Sales": shared (Pro), with row-level security, a push model and a refresh that fails.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::data::ColumnKind;
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
use crate::world::content::Transaction;
use crate::world::ids::Kind;
use crate::world::ids::seeded;
use crate::world::model::Kept;
use crate::world::model::Model;
use crate::world::model::Parameter;
use crate::world::model::RefreshBehaviour;
use crate::world::model::Schedule;
use crate::world::model::Source;
use crate::world::model::Storage;
use crate::world::push;
use crate::world::push::Arrivals;
use crate::world::push::PushColumn;
use crate::world::push::PushTable;
use crate::world::report::Report;
use crate::world::seed::build_for;
use crate::world::seed::infrastructure::gateway;
use crate::world::seed::model;
use crate::world::seed::pages;
use crate::world::seed::person;
use crate::world::seed::report;
use crate::world::seed::workspace;
use crate::world::time;
use crate::world::workspace::Workspace;

pub(super) fn seed(world: &mut World, now_ms: i64) {
    let mut home = workspace(1, "Sales", None, members());
    home.description = Some("Orders, customers and what they bring in".to_owned());
    let models = models(&home, now_ms);
    let reports = reports(&home, &models);
    world.dashboards.push(board(&home, &models, &reports));
    world.apps.push(board_pack(&home, &reports, now_ms));
    world.dataflows.push(stage_orders(&home, now_ms));
    world.workspaces.push(home);
    world.models.extend(models);
    world.reports.extend(reports);
}

fn members() -> Vec<Member> {
    let job = Principal::App {
        oid: people::NIGHTLY_JOB.to_owned(),
        name: "Nightly job".to_owned(),
    };
    vec![
        person(people::ADA, Role::Admin),
        person(people::BO, Role::Member),
        person(people::CY, Role::Viewer),
        person(people::DI, Role::Viewer),
        Member {
            principal: job,
            role: Role::Contributor,
        },
    ]
}

fn models(home: &Workspace, now_ms: i64) -> Vec<Model> {
    let shop = |number| Source {
        id: seeded(Kind::Datasource, number),
        gateway: gateway(),
        kind: "Sql",
        details: json!({"server": "sql1.contoso.test", "database": "Shop"}),
        on_premises: true,
    };
    let mut sales = model(1, home, "Sales model", "Sales model", now_ms);
    sales.description = Some("Orders by day, region, product and customer".to_owned());
    sales.grants = build_for(people::CY);
    sales.parameters = parameters();
    sales.sources = vec![shop(1)];
    sales.schedule = Schedule {
        days: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
            .map(str::to_owned)
            .to_vec(),
        times: vec!["05:00".to_owned()],
        enabled: true,
        time_zone: "W. Europe Standard Time".to_owned(),
        notify: "MailOnFailure".to_owned(),
    };
    sales.upstream_dataflows = vec![seeded(Kind::Dataflow, 1)];
    let mut payroll = model(7, home, "Payroll import", "Finance model", now_ms);
    payroll.sources = vec![shop(1)];
    payroll.refresh_behaviour = RefreshBehaviour::Fails {
        takes_ms: super::QUICK_MS,
        code: "ModelRefreshFailed_CredentialsNotSpecified",
        words: "no credentials are set for the SQL data source sql1.contoso.test;Shop",
    };
    let mut tickets = model(8, home, "Support tickets", "Support tickets", now_ms);
    tickets.grants = build_for(people::CY);
    vec![sales, live_orders(home, now_ms), payroll, tickets]
}

fn parameters() -> Vec<Parameter> {
    vec![
        Parameter {
            name: "ServerName".to_owned(),
            kind: "Text",
            required: true,
            value: "sql1.contoso.test".to_owned(),
            suggested: vec!["sql1.contoso.test".to_owned(), "sql2.contoso.test".to_owned()],
        },
        Parameter {
            name: "FirstYear".to_owned(),
            kind: "Number",
            required: false,
            value: "2024".to_owned(),
            suggested: Vec::new(),
        },
    ]
}

fn live_orders(home: &Workspace, now_ms: i64) -> Model {
    let column = |name: &str, kind| PushColumn {
        name: name.to_owned(),
        kind,
    };
    let row = |number: i64| -> Map<String, Value> {
        let minute = time::with_ms(now_ms - (12 - number) * time::MINUTE_MS);
        let region = ["North", "South", "West"][usize::try_from(number % 3).unwrap_or_default()];
        Map::from_iter([
            ("OrderId".to_owned(), json!(9_000 + number)),
            ("Region".to_owned(), json!(region)),
            ("Amount".to_owned(), json!(17.5 * number as f64)),
            ("At".to_owned(), json!(minute)),
        ])
    };
    let table = PushTable {
        name: "Orders".to_owned(),
        columns: vec![
            column("OrderId", ColumnKind::Int),
            column("Region", ColumnKind::Text),
            column("Amount", ColumnKind::Double),
            column("At", ColumnKind::DateTime),
        ],
        rows: (1..=12).map(row).collect(),
    };
    let mut live = model(5, home, "Live orders", "", now_ms);
    live.data = push::data_of(&live.name, std::slice::from_ref(&table));
    live.storage = Storage::Push {
        kept: Kept::Newest,
        tables: vec![table],
        arrivals: Arrivals::default(),
    };
    live.refreshes.clear();
    live.grants = build_for(people::CY);
    live
}

fn reports(home: &Workspace, models: &[Model]) -> Vec<Report> {
    let mut overview = report(1, home, "Sales overview", models[0].id, pages::sales());
    overview.description = Some("Revenue at a glance".to_owned());
    let mut slip = report(8, home, "Order slip", models[0].id, pages::sales());
    slip.kind = pages::order_slip();
    let tickets = report(14, home, "Support tickets", models[3].id, pages::tickets());
    vec![overview, slip, tickets]
}

fn board(home: &Workspace, models: &[Model], reports: &[Report]) -> Dashboard {
    let tile = |number, title: &str, report: usize, model: usize| Tile {
        id: seeded(Kind::Tile, number),
        title: title.to_owned(),
        report: Some(reports[report].id),
        model: Some(models[model].id),
        row_span: 2,
        column_span: 3,
    };
    let live = Tile {
        report: None,
        ..tile(4, "Orders of the last hour", 0, 1)
    };
    Dashboard {
        id: seeded(Kind::Dashboard, 1),
        workspace: home.id,
        name: "Sales board".to_owned(),
        tiles: vec![
            tile(1, "Revenue", 0, 0),
            tile(2, "Revenue by region", 0, 0),
            tile(3, "Open tickets", 2, 3),
            live,
        ],
        grants: Vec::new(),
    }
}

fn board_pack(home: &Workspace, reports: &[Report], now_ms: i64) -> App {
    App {
        id: seeded(Kind::App, 2),
        workspace: home.id,
        name: "Board pack".to_owned(),
        description: "What the board sees each month".to_owned(),
        published_by: "Bo Builder".to_owned(),
        updated_ms: now_ms - 12 * time::DAY_MS,
        reports: vec![reports[0].id],
        dashboards: vec![seeded(Kind::Dashboard, 1)],
        audience: Vec::new(),
        allows_build: false,
    }
}

fn stage_orders(home: &Workspace, now_ms: i64) -> Dataflow {
    let url = "https://files.contoso.test/orders.csv";
    let transaction = |ago: i64| {
        let started_ms = now_ms - ago * time::DAY_MS;
        let id = format!(
            "{}@{}$2",
            time::with_ticks(started_ms),
            seeded(Kind::Transaction, ago.unsigned_abs())
        );
        Transaction {
            id,
            refresh_type: "Scheduled",
            started_ms,
            ends_ms: started_ms + 47_000,
            cancelled_ms: None,
        }
    };
    Dataflow {
        id: seeded(Kind::Dataflow, 1),
        workspace: home.id,
        name: "Stage orders".to_owned(),
        description: "Cleans the nightly order file".to_owned(),
        configured_by: "bo@contoso.test".to_owned(),
        definition: definition("Stage orders", "Orders", url),
        source: DataflowSource {
            id: seeded(Kind::Datasource, 4),
            gateway: seeded(Kind::Gateway, 0),
            url: url.to_owned(),
        },
        schedule: json!({"days": ["Monday"], "times": ["04:00"], "enabled": true, "localTimeZoneId": "UTC", "notifyOption": "MailOnFailure"}),
        transactions: (1..4).map(transaction).collect(),
        upstream: Vec::new(),
        settings: Map::new(),
    }
}

/// The `model.json` of a dataflow with one table read from a web address.
pub(super) fn definition(name: &str, table: &str, url: &str) -> Value {
    json!({
        "name": name,
        "version": "1.0",
        "culture": "en-US",
        "ppdf:dataflowDependencies": [],
        "pbi:mashup": {"document": format!("section Section1;\nshared {table} = Csv.Document(Web.Contents(\"{url}\"));\n")},
        "entities": [{
            "$type": "LocalEntity",
            "name": table,
            "attributes": [
                {"name": "Id", "dataType": "int64"},
                {"name": "Name", "dataType": "string"},
                {"name": "Amount", "dataType": "double"},
            ],
            "partitions": [],
        }],
    })
}
