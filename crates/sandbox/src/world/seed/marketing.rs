//! The seeded workspaces of a deployment pipeline: development and test are filled, production is not attached.

use crate::people;
use crate::world::World;
use crate::world::access::Principal;
use crate::world::access::Role;
use crate::world::ids::Kind;
use crate::world::ids::seeded;
use crate::world::infrastructure::Pairing;
use crate::world::infrastructure::Pipeline;
use crate::world::seed::infrastructure::capacity;
use crate::world::seed::model;
use crate::world::seed::pages;
use crate::world::seed::person;
use crate::world::seed::report;
use crate::world::seed::workspace;
use crate::world::time::DAY_MS;

pub(super) fn seed(world: &mut World, now_ms: i64) {
    let members = || vec![person(people::ADA, Role::Admin), person(people::BO, Role::Admin)];
    let development = workspace(5, "Marketing [Dev]", Some(capacity()), members());
    let test = workspace(6, "Marketing [Test]", Some(capacity()), members());
    let draft = model(13, &development, "Campaigns", "Web traffic", now_ms);
    let tested = model(14, &test, "Campaigns", "Web traffic", now_ms);
    let reports = [
        report(11, &development, "Campaign results", draft.id, pages::traffic()),
        report(12, &test, "Campaign results", tested.id, pages::traffic()),
        report(15, &development, "Campaign ideas", draft.id, pages::traffic()),
    ];
    let deployed_ms = now_ms - 8 * DAY_MS;
    world.pairings.push(Pairing {
        source: draft.id,
        target: tested.id,
        deployed_ms,
    });
    world.pairings.push(Pairing {
        source: reports[0].id,
        target: reports[1].id,
        deployed_ms,
    });
    world.pipelines.push(Pipeline {
        id: seeded(Kind::Pipeline, 1),
        tid: people::CONTOSO.to_owned(),
        name: "Marketing".to_owned(),
        description: "From draft to production".to_owned(),
        admins: vec![
            Principal::person(people::CONTOSO, people::ADA),
            Principal::person(people::CONTOSO, people::BO),
        ],
        stages: [Some(development.id), Some(test.id), None],
        deployments: Vec::new(),
    });
    world.workspaces.extend([development, test]);
    world.models.extend([draft, tested]);
    world.reports.extend(reports);
}
