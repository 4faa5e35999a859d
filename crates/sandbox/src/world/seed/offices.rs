//! The seeded odd corners: names that hurt, a person's own workspace, and the other organisation.

use crate::people;
use crate::world::World;
use crate::world::access::Member;
use crate::world::access::Principal;
use crate::world::access::Role;
use crate::world::access::Who;
use crate::world::content::Dashboard;
use crate::world::ids::Kind;
use crate::world::ids::seeded;
use crate::world::seed::model;
use crate::world::seed::pages;
use crate::world::seed::person;
use crate::world::seed::personal;
use crate::world::seed::report;
use crate::world::seed::workspace;

/// The name of a seeded model that has a space, quotes, an umlaut, an emoji and an apostrophe.
const HARD_NAME: &str = "Kunden & \"Aufträge\" 📦 O'Brien";

pub(super) fn seed(world: &mut World, now_ms: i64) {
    cologne(world, now_ms);
    own_workspaces(world, now_ms);
    fabrikam(world, now_ms);
}

fn cologne(world: &mut World, now_ms: i64) {
    let home = workspace(
        7,
        "Büro Köln 🥨",
        None,
        vec![person(people::ADA, Role::Admin), person(people::BO, Role::Admin)],
    );
    let customers = model(10, &home, HARD_NAME, HARD_NAME, now_ms);
    world.reports.push(report(
        9,
        &home,
        "Größte Kunden – \"Top 10\"",
        customers.id,
        pages::customers(),
    ));
    world.models.push(customers);
    world.workspaces.push(home);
}

fn own_workspaces(world: &mut World, now_ms: i64) {
    let everyone = [
        people::ADA,
        people::BO,
        people::CY,
        people::DI,
        people::EVE,
        people::FLO,
    ];
    for (oid, number) in everyone.into_iter().zip(101..) {
        world.workspaces.push(personal(
            seeded(Kind::Workspace, number),
            &Who::person(people::CONTOSO, oid),
        ));
    }
    let bos = world
        .workspaces
        .iter()
        .find(|home| home.personal_owner.as_deref() == Some(people::BO))
        .cloned();
    let Some(home) = bos else { return };
    let traffic = model(11, &home, "Web traffic", "Web traffic", now_ms);
    world
        .reports
        .push(report(10, &home, "Web traffic weekly", traffic.id, pages::traffic()));
    world.dashboards.push(Dashboard {
        id: seeded(Kind::Dashboard, 3),
        workspace: home.id,
        name: "My board".to_owned(),
        tiles: Vec::new(),
        grants: Vec::new(),
    });
    world.models.push(traffic);
}

fn fabrikam(world: &mut World, now_ms: i64) {
    let member = |oid, role| Member {
        principal: Principal::person(people::FABRIKAM, oid),
        role,
    };
    let mut home = workspace(
        20,
        "Wholesale",
        None,
        vec![member(people::KIM, Role::Admin), member(people::GUS, Role::Member)],
    );
    home.tid = people::FABRIKAM.to_owned();
    let mut stock = model(15, &home, "Wholesale stock", "Inventory", now_ms);
    stock.configured_by = "kim@fabrikam.test".to_owned();
    let mut shelf = report(13, &home, "Wholesale stock", stock.id, pages::stock());
    shelf.owner = people::KIM.to_owned();
    world.reports.push(shelf);
    world.models.push(stock);
    world.workspaces.push(home);
}
