//! The seeded capacity and gateway.

use serde_json::json;
use uuid::Uuid;

use crate::people;
use crate::world::World;
use crate::world::access::Principal;
use crate::world::ids::Kind;
use crate::world::ids::seeded;
use crate::world::infrastructure::Gateway;
use crate::world::infrastructure::GatewaySource;
use crate::world::template_apps::TemplateApp;
use crate::world::workspace::Capacity;
use crate::world::workspace::Workload;
use crate::world::workspace::WorkloadState;

/// The capacity Finance and Marketing are on.
pub(super) fn capacity() -> Uuid {
    seeded(Kind::Capacity, 1)
}

/// The gateway at headquarters.
pub(super) fn gateway() -> Uuid {
    seeded(Kind::Gateway, 1)
}

fn workloads() -> Vec<Workload> {
    let workload = |name, state, memory_percentage| Workload {
        name,
        state,
        memory_percentage,
    };
    vec![
        workload("Dataflows", WorkloadState::Enabled, Some(20)),
        workload("PaginatedReports", WorkloadState::Disabled, Some(20)),
        workload("AI", WorkloadState::Unsupported, None),
    ]
}

pub(super) fn seed(world: &mut World) {
    world.capacities.push(Capacity {
        id: capacity(),
        tid: people::CONTOSO.to_owned(),
        name: "F64 west".to_owned(),
        sku: "F64".to_owned(),
        region: "West Europe".to_owned(),
        admins: vec![people::ADA.to_owned()],
        workloads: workloads(),
    });
    world.template_apps.push(TemplateApp {
        id: seeded(Kind::TemplateApp, 1),
        tid: people::CONTOSO.to_owned(),
        package_key: "contoso-starter-key".to_owned(),
        parameters: vec!["ServerName".to_owned(), "FirstYear".to_owned()],
    });
    let bo = Principal::person(people::CONTOSO, people::BO);
    let source = |number, name: &str, kind: &str, details, users| GatewaySource {
        id: seeded(Kind::Datasource, number),
        name: name.to_owned(),
        kind: kind.to_owned(),
        details,
        credential_type: "Windows".to_owned(),
        users,
    };
    world.gateways.push(Gateway {
        id: gateway(),
        tid: people::CONTOSO.to_owned(),
        name: "HQ gateway".to_owned(),
        admins: vec![people::ADA.to_owned()],
        online: true,
        sources: vec![
            source(
                1,
                "Shop",
                "Sql",
                json!({"server": "sql1.contoso.test", "database": "Shop"}),
                vec![(bo, "Read".to_owned())],
            ),
            source(
                2,
                "Ledger",
                "Sql",
                json!({"server": "sql2.contoso.test", "database": "Ledger"}),
                Vec::new(),
            ),
        ],
    });
    world.gateways.push(Gateway {
        id: seeded(Kind::Gateway, 2),
        tid: people::CONTOSO.to_owned(),
        name: "Old gateway".to_owned(),
        admins: vec![people::ADA.to_owned()],
        online: false,
        sources: vec![source(
            3,
            "Attic",
            "File",
            json!({"path": "\\\\attic\\files"}),
            Vec::new(),
        )],
    });
}
