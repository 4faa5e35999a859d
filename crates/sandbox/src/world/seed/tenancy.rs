//! What administrators find when the world begins: subscriptions, wide sharing, and a month of people at work.

use uuid::Uuid;

use crate::people;
use crate::world::World;
use crate::world::access::Principal;
use crate::world::activity::Actor;
use crate::world::activity::Event;
use crate::world::activity::Subject;
use crate::world::activity::SubjectKind;
use crate::world::ids::Kind;
use crate::world::ids::seeded;
use crate::world::tenancy::Reach;
use crate::world::tenancy::Shared;
use crate::world::tenancy::Subscription;
use crate::world::time;

/// Days of work before the world begins.
const DAYS: i64 = 28;
/// Address the seeded people work from; it is set aside for documentation (RFC 5737 §3).
const OFFICE: &str = "192.0.2.10";

pub(super) fn seed(world: &mut World, now_ms: i64) {
    world.tenancy.began_ms = now_ms;
    world.tenancy.subscriptions = subscriptions(now_ms);
    world.tenancy.shared = shared();
    for day in (1..=DAYS).rev() {
        work(world, (now_ms.div_euclid(time::DAY_MS) - day) * time::DAY_MS);
    }
}

fn person(oid: &str) -> Principal {
    Principal::person(people::CONTOSO, oid)
}

fn subscriptions(now_ms: i64) -> Vec<Subscription> {
    let begun_ms = (now_ms.div_euclid(time::DAY_MS) - 60) * time::DAY_MS;
    let mail = |number, title: &str, item: Uuid, frequency, users: &[&str]| Subscription {
        id: seeded(Kind::Subscription, number),
        tid: people::CONTOSO.to_owned(),
        title: title.to_owned(),
        item,
        page: None,
        enabled: true,
        frequency,
        start_ms: begun_ms,
        end_ms: begun_ms + 365 * time::DAY_MS,
        attachment: None,
        users: users.iter().map(|oid| person(oid)).collect(),
    };
    let mut morning = mail(
        1,
        "Sales every morning",
        seeded(Kind::Report, 1),
        "Daily",
        &[people::BO, people::DI],
    );
    morning.page = Some("Overview".to_owned());
    morning.attachment = Some("PDF");
    let monday = mail(
        2,
        "The books on Monday",
        seeded(Kind::Report, 2),
        "Weekly",
        &[people::CY],
    );
    let mut board = mail(3, "Sales board", seeded(Kind::Dashboard, 1), "Weekly", &[people::BO]);
    board.enabled = false;
    vec![morning, monday, board]
}

fn shared() -> Vec<Shared> {
    let share = |number, reach, right| Shared {
        report: seeded(Kind::Report, number),
        reach,
        right,
        sharer: person(people::BO),
    };
    vec![
        share(14, Reach::Organisation, "Read"),
        share(9, Reach::Organisation, "ReadReshare"),
        share(1_001, Reach::Web, "None"),
    ]
}

/// Who opens which report or dashboard on a working day, and at what hour.
const VISITS: [(&str, SubjectKind, u64, i64); 6] = [
    (people::BO, SubjectKind::Report, 1, 8),
    (people::CY, SubjectKind::Report, 1, 9),
    (people::DI, SubjectKind::Report, 1, 9),
    (people::CY, SubjectKind::Dashboard, 1, 10),
    (people::CY, SubjectKind::Report, 2, 11),
    (people::EVE, SubjectKind::Report, 2, 14),
];

/// One day's visits; nobody works on weekends.
fn work(world: &mut World, midnight_ms: i64) {
    // The first of January 1970 was a Thursday.
    let weekday = (midnight_ms.div_euclid(time::DAY_MS) + 3).rem_euclid(7);
    if weekday >= 5 {
        return;
    }
    for (number, (oid, kind, item, hour)) in VISITS.into_iter().enumerate() {
        let minute = (weekday * 7 + i64::try_from(number).unwrap_or_default() * 11) % 60;
        let at_ms = midnight_ms + hour * time::HOUR_MS + minute * time::MINUTE_MS;
        if let Some(event) = visit(world, oid, kind, item, at_ms) {
            world.activities.record(event);
        }
    }
}

fn visit(world: &World, oid: &str, kind: SubjectKind, number: u64, at_ms: i64) -> Option<Event> {
    let (id, name, home, model, activity) = match kind {
        SubjectKind::Report => {
            let report = world.report(seeded(Kind::Report, number))?;
            (report.id, &report.name, report.workspace, report.model, "ViewReport")
        }
        _ => {
            let id = seeded(Kind::Dashboard, number);
            let board = world.dashboards.iter().find(|board| board.id == id)?;
            (board.id, &board.name, board.workspace, None, "ViewDashboard")
        }
    };
    let model = model.and_then(|id| world.model(id)).map(|model| Subject {
        kind: SubjectKind::Model,
        id: model.id,
        name: model.name.clone(),
    });
    let capacity = world.capacity_of(home, at_ms);
    Some(Event {
        id: Uuid::nil(),
        tid: people::CONTOSO.to_owned(),
        at_ms,
        activity,
        actor: Actor {
            name: person(oid).identifier().to_owned(),
            oid: oid.to_owned(),
            is_app: false,
        },
        subject: Some(Subject {
            kind,
            id,
            name: name.clone(),
        }),
        model,
        workspace: Some((home, world.workspace(home)?.name.clone())),
        capacity: capacity.map(|capacity| (capacity.id, capacity.name.clone())),
        request_id: seeded(Kind::Event, at_ms.unsigned_abs()).to_string(),
        client_ip: OFFICE.to_owned(),
        user_agent: "Mozilla/5.0 (sandbox)".to_owned(),
    })
}
