//! Who made an item and when, and who changed it last.

use serde_json::Map;
use serde_json::Value;
use uuid::Uuid;

use crate::world::World;
use crate::world::access::Principal;
use crate::world::report::Report;
use crate::world::time;

/// How long before the beginning the seeded dashboards and dataflows were made.
const SEEDED_AGO_MS: i64 = 90 * time::DAY_MS;

/// When an item was made: by a call, by an import, by a deployment, or before everything else.
pub(super) fn created_ms(world: &World, id: Uuid) -> i64 {
    let by_call = world.tenancy.origins.get(&id).and_then(|origin| origin.created_ms);
    let by_import = || {
        let import = world.imports.iter().find(|import| {
            let mut made = import.models.iter().chain(&import.reports).chain(&import.dataflows);
            made.any(|made| *made == id)
        });
        import.map(|import| import.ends_ms)
    };
    let by_deployment = || {
        let pairing = world.pairings.iter().find(|pairing| pairing.target == id);
        pairing.map(|pairing| pairing.deployed_ms)
    };
    let by_model = || world.model(id).map(|model| model.created_ms);
    let of_report = || {
        let model = world.model(world.report(id)?.model?)?;
        Some(model.created_ms + time::DAY_MS)
    };
    by_call
        .or_else(by_import)
        .or_else(by_deployment)
        .or_else(by_model)
        .or_else(of_report)
        .unwrap_or(world.tenancy.began_ms - SEEDED_AGO_MS)
}

/// The four fields of a report that say so.
pub(super) fn of_report(world: &World, tid: &str, report: &Report) -> Map<String, Value> {
    let owner = || Principal::person(tid, &report.owner).identifier().to_owned();
    let known = world.tenancy.origins.get(&report.id);
    let created_ms = created_ms(world, report.id);
    let created_by = known.and_then(|known| known.created_by.clone()).unwrap_or_else(owner);
    let (modified_ms, modified_by) = match known {
        Some(known) => (known.modified_ms, known.modified_by.clone()),
        None => (created_ms, created_by.clone()),
    };
    let fields = [
        ("createdBy", created_by),
        ("createdDateTime", time::with_ms(created_ms)),
        ("modifiedBy", modified_by),
        ("modifiedDateTime", time::with_ms(modified_ms)),
    ];
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect()
}
