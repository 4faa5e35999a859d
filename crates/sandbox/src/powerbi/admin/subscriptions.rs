//! E-mail subscriptions: of a report, of a dashboard, of a person.

use serde_json::Map;
use serde_json::Value;
use uuid::Uuid;

use crate::powerbi::admin;
use crate::powerbi::admin::access;
use crate::powerbi::admin::artifacts;
use crate::powerbi::admin::pages;
use crate::powerbi::admin::pages::List;
use crate::powerbi::admin::reach;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::world::World;
use crate::world::tenancy::Subscription;
use crate::world::time;

pub(in crate::powerbi) fn of_report(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let item = artifacts::report(call, &world)?.id;
    Ok(of_item(call, &world, item))
}

pub(in crate::powerbi) fn of_dashboard(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let item = artifacts::dashboard(call, &world)?.id;
    Ok(of_item(call, &world, item))
}

fn of_item(call: &Call, world: &World, item: Uuid) -> Answer {
    let own = own(call, world).filter(|subscription| subscription.item == item);
    admin::list(
        "subscriptions",
        own.filter_map(|subscription| shape(world, subscription)),
    )
}

pub(in crate::powerbi) fn of_person(call: &Call) -> Result<Answer, Refusal> {
    let (person, _) = call.find_person(call.text("user")).ok_or_else(Refusal::not_found)?;
    let world = call.world();
    let gets = |subscription: &&Subscription| subscription.users.iter().any(|user| user.oid() == person.oid());
    let items = own(call, &world).filter(gets);
    let items = items.filter_map(|subscription| shape(&world, subscription));
    let path = format!("/admin/users/{}/subscriptions", reach::encoded(call.text("user")));
    let list = List {
        path: &path,
        field: "subscriptionEntities",
        context: Some(admin::context("subscriptionEntities")),
    };
    pages::cut(call, list, "", items.collect())
}

fn own<'w>(call: &'w Call, world: &'w World) -> impl Iterator<Item = &'w Subscription> {
    let all = world.tenancy.subscriptions.iter();
    all.filter(|subscription| subscription.tid == call.who.tid)
}

/// One subscription, unless what it sends was deleted.
fn shape(world: &World, subscription: &Subscription) -> Option<Map<String, Value>> {
    let report = world.report(subscription.item);
    let report = report.map(|report| ("Report", &report.name, report.workspace));
    let board = || {
        let found = world.dashboards.iter().find(|board| board.id == subscription.item)?;
        Some(("Dashboard", &found.name, found.workspace))
    };
    let (kind, name, home) = report.or_else(board)?;
    world.workspace(home)?;
    let users = subscription.users.iter().map(access::principal).map(Value::Object);
    Some(object([
        ("id", subscription.id.to_string().into()),
        ("title", subscription.title.clone().into()),
        ("artifactId", subscription.item.to_string().into()),
        ("artifactDisplayName", name.clone().into()),
        ("subArtifactDisplayName", subscription.page.clone().into()),
        ("artifactType", kind.into()),
        ("isEnabled", subscription.enabled.into()),
        ("frequency", subscription.frequency.into()),
        ("startDate", time::american(subscription.start_ms).into()),
        ("endDate", time::american(subscription.end_ms).into()),
        ("linkToContent", true.into()),
        ("previewImage", (kind == "Report").into()),
        ("attachmentFormat", subscription.attachment.into()),
        ("users", users.collect()),
    ]))
}
