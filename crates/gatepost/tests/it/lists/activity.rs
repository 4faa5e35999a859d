//! Looking through a log: every filter finds what is there, in order, page by page; hours are kept and agree with it.

use gatepost::caller::EnvironmentId;
use gatepost::clock::Timestamp;
use gatepost::store::activity::{self, Direction, Wanted};
use gatepost::store::{Db, audit, audit_hours};

use super::many::{numbers, run};
use crate::portal::NOW;
use crate::portal::sample::sample;

/// Entries that a release which counted nothing has left, twelve to the hour.
const OLD: i64 = 12_000;
const HOUR_MS: i64 = 3_600_000;

async fn old_log(db: &Db, environment: &EnvironmentId) {
    let head = audit::head(db).await.unwrap().map_or(0, |it| it.seq);
    let blob = match db {
        Db::Sqlite(_) => "X'00'",
        Db::Postgres(_) => "'\\x00'::bytea",
    };
    let start = NOW.0 - 1_000 * HOUR_MS;
    let n = numbers(OLD);
    let entry = r#"'{"details":{"number":' || i || '}}'"#;
    run(
        db,
        &format!(
            "INSERT INTO audit_entries (seq, time, environment_id, person_id, kind, trace, entry, hash)
             {n} SELECT {head} + i, {start} + CAST(i AS BIGINT) * 300000, '{environment}', 'p' || (i % 7), CASE i % 5 WHEN 0 THEN 'call.refused' WHEN 1 THEN 'call.closed' ELSE 'call.opened' END, 't' || (i / 2), {entry}, {blob} FROM n"
        ),
    )
    .await;
    // The head moves as it does when another release writes: what is counted stays behind.
    run(db, &format!("UPDATE audit_head SET seq = {} WHERE id = 1", head + OLD)).await;
}

/// Every wanted entry, by pages of 50 as the portal turns them.
async fn all(db: &Db, environment: &EnvironmentId, wanted: &Wanted<'_>) -> Vec<i64> {
    let (mut found, mut before) = (Vec::new(), i64::MAX);
    loop {
        let rows = activity::search(db, environment, wanted, Direction::Back(before), 50)
            .await
            .unwrap();
        let Some(last) = rows.last() else { return found };
        before = last.seq;
        found.extend(rows.iter().map(|it| it.seq));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_of_activity_finds_what_is_there_page_by_page() {
    let it = sample().await;
    let (db, environment) = (&it.gateway.app.db, &it.owner.environment);
    old_log(db, environment).await;
    let everything = audit::after(db, 0, 100_000).await.unwrap();
    for counted in [false, true] {
        if counted {
            while audit_hours::catch_up(db, NOW).await.unwrap() {}
            assert_eq!(audit_hours::left(db).await.unwrap(), 0);
        }
        let day = |hours: i64| Some(Timestamp((NOW.0 / HOUR_MS - hours) * HOUR_MS));
        let kinds: [&[&str]; 4] = [&[], &["call.refused"], &["call.opened", "call.closed"], &["nothing"]];
        for person in [None, Some("p3"), Some("nobody")] {
            for kinds in kinds {
                for (since, until) in [
                    (None, None),
                    (day(500), None),
                    (None, day(700)),
                    (day(800), day(790)),
                    (day(2), day(5)),
                ] {
                    for trace in [None, Some("t4000")] {
                        let wanted = Wanted {
                            person,
                            kinds,
                            trace,
                            since,
                            until,
                        };
                        let right = |it: &&audit::Row| {
                            it.environment_id.as_deref() == Some(environment.0.as_str())
                                && person.is_none_or(|person| it.person_id.as_deref() == Some(person))
                                && (kinds.is_empty() || kinds.contains(&it.kind.as_str()))
                                && trace.is_none_or(|trace| it.trace == trace)
                                && since.is_none_or(|since| since <= it.time)
                                && until.is_none_or(|until| it.time < until)
                        };
                        let expected: Vec<i64> = everything.iter().rev().filter(right).map(|it| it.seq).collect();
                        assert_eq!(
                            all(db, environment, &wanted).await,
                            expected,
                            "{wanted:?}, counted: {counted}"
                        );
                    }
                }
            }
        }
    }
}

/// What the writer counts, and what is counted later of entries that an earlier release wrote, is what the log holds.
#[tokio::test(flavor = "multi_thread")]
async fn the_hours_agree_with_the_log_after_an_upgrade_too() {
    let it = sample().await;
    let (db, environment) = (&it.gateway.app.db, &it.owner.environment);
    old_log(db, environment).await;
    assert_eq!(audit_hours::left(db).await.unwrap(), OLD);
    // Somebody works meanwhile; the step takes what comes then, too.
    gatepost::admin::create_group(&it.gateway.app, &it.owner, "Meanwhile")
        .await
        .unwrap();
    assert_eq!(audit_hours::left(db).await.unwrap(), OLD + 1);
    let mut steps = 0;
    while audit_hours::catch_up(db, NOW).await.unwrap() {
        steps += 1;
    }
    assert!((2..10).contains(&steps), "{steps} bounded steps");
    gatepost::admin::create_group(&it.gateway.app, &it.owner, "Afterwards")
        .await
        .unwrap();
    assert_eq!(
        audit_hours::left(db).await.unwrap(),
        0,
        "the writer counts by itself again"
    );
    let everything = audit::after(db, 0, 100_000).await.unwrap();
    // Of one person, what the sweep would take away again is not counted at all: of a long log it would be millions of hours.
    let lately = Timestamp((NOW.0 / HOUR_MS - 48) * HOUR_MS);
    for person in [None, Some("p3")] {
        for kind in ["call.opened", "call.refused", "group.created"] {
            if person.is_some() && kind == "group.created" {
                continue;
            }
            let hours = audit_hours::by_hour(db, environment, person, &[kind], Timestamp(0))
                .await
                .unwrap();
            let kept: i64 = hours.iter().map(|it| it.2).sum();
            let there = everything.iter().filter(|it| {
                it.environment_id.as_deref() == Some(environment.0.as_str())
                    && it.kind == kind
                    && person.is_none_or(|person| it.person_id.as_deref() == Some(person) && lately <= it.time)
            });
            assert_eq!(kept, i64::try_from(there.count()).unwrap(), "{kind} of {person:?}");
        }
    }
    assert_eq!(audit_hours::delete_old(db, NOW).await.unwrap(), 0, "nothing is old");
    assert!(0 < audit_hours::delete_old(db, NOW.plus_seconds(49 * 3600)).await.unwrap());
    let kept = audit_hours::by_hour(db, environment, None, &["call.opened"], Timestamp(0))
        .await
        .unwrap();
    assert!(900 < kept.len(), "the environment's hours stay");
}

/// The person filter is a name to type, not a list of everybody.
#[tokio::test(flavor = "multi_thread")]
async fn activity_is_narrowed_to_a_person_by_name() {
    let it = sample().await;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    let one = ada.get("/activity?who=bob").await.body;
    assert!(
        one.contains("value=\"Bob Reader\"") && !one.contains(">Ada Byron</td>"),
        "{one}"
    );
    for (number, name) in [(1, "Bob Builder"), (2, "Bob Marsh")] {
        let statement = format!(
            "INSERT INTO people (id, environment_id, name, role, created_at) VALUES ('bob{number}', '{}', '{name}', 'person', 0)",
            it.owner.environment
        );
        run(&it.gateway.app.db, &statement).await;
    }
    let several = ada.get("/activity?who=bob&kind=call.").await.body;
    assert!(
        several.contains("Who is meant?") && several.contains("3 people match"),
        "{several}"
    );
    assert!(several.contains("activity?kind=call.&amp;person=bob2"), "{several}");
    let none = ada.get("/activity?who=nobody%20at%20all").await.body;
    assert!(none.contains("Nobody of this name"), "{none}");
}

/// ISO-12: an export holds entries of the environment it was asked in, whoever asks.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_the_entries_of_its_own_environment_only() {
    let it = sample().await;
    let stranger = crate::portal::sample::stranger(&it.gateway).await;
    let elsewhere = crate::portal::sample::caller(
        &stranger.id,
        &stranger.environment_id.0,
        gatepost::caller::Role::Owner,
        "Eve Elsewhere",
    );
    gatepost::admin::create_group(&it.gateway.app, &elsewhere, "Their secret group")
        .await
        .unwrap();
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    let person = &stranger.id;
    for query in [
        "",
        "kind=group.",
        &format!("person={person}"),
        "who=Eve",
        &format!("kind=group.&person={person}"),
    ] {
        for format in ["jsonl", "csv"] {
            let export = ada.get(&format!("/activity/export/{format}?{query}")).await;
            assert_eq!(export.status, http::StatusCode::OK, "{}", export.body);
            assert!(
                !export.body.contains("Their secret group") && !export.body.contains(&stranger.environment_id.0),
                "{query}: {}",
                export.body
            );
        }
        let page = ada.get(&format!("/activity?{query}")).await.body;
        assert!(!page.contains("Their secret group"), "{query}");
    }
}

/// Each step of an export reads on from where the one before ended, and nothing is left out or said twice.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_every_entry_once() {
    let it = sample().await;
    let (db, environment) = (&it.gateway.app.db, &it.owner.environment);
    old_log(db, environment).await;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    let there = audit::after(db, 0, 100_000).await.unwrap();
    let is_here = |it: &&audit::Row| it.environment_id.as_deref() == Some(environment.0.as_str());
    let there = there
        .iter()
        .filter(is_here)
        .filter(|it| it.kind.starts_with("call."))
        .count();
    let export = ada.get("/activity/export/jsonl?kind=call.").await;
    let lines: Vec<&str> = export.body.lines().collect();
    let apart: std::collections::BTreeSet<&&str> = lines.iter().collect();
    assert_eq!((lines.len(), apart.len()), (there, there));
}
