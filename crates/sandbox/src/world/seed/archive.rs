//! The seeded workspace "Archive": more reports than one screen, page or context holds.

use crate::people;
use crate::world::World;
use crate::world::access::Role;
use crate::world::seed::model;
use crate::world::seed::pages;
use crate::world::seed::person;
use crate::world::seed::report;
use crate::world::seed::workspace;

/// How many reports the archive holds.
const REPORTS: u64 = 1_200;

pub(super) fn seed(world: &mut World, now_ms: i64) {
    let members = vec![
        person(people::ADA, Role::Admin),
        person(people::BO, Role::Member),
        person(people::CY, Role::Viewer),
    ];
    let home = workspace(4, "Archive", None, members);
    let model = model(12, &home, "Archive model", "Web traffic", now_ms);
    let pages = pages::traffic();
    let numbered = (1..=REPORTS).map(|number| {
        report(
            1_000 + number,
            &home,
            &format!("Archived report {number:04}"),
            model.id,
            pages.clone(),
        )
    });
    world.reports.extend(numbered);
    world.models.push(model);
    world.workspaces.push(home);
}
