//! Exports of reports: rendered, linked, fetched by the person who asked and by nobody else.

use serde_json::{Value, json};

use super::{in_time, power_bi_calls, refused, signed_in};
use crate::world::{BO, CY, World};

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_file_opens_for_the_person_who_asked_and_for_nobody_else() {
    let world = World::new().await;
    let (cy, bo) = (signed_in(&world, CY).await, signed_in(&world, BO).await);
    let report = json!({"report": "Finance overview", "format": "PDF"});
    let outcome = in_time(&world, &cy, "export_report", report.clone()).await;
    assert!(!outcome.is_error, "{}", outcome.text);
    let link = outcome
        .text
        .split_whitespace()
        .find(|it| it.starts_with("http"))
        .unwrap()
        .to_owned();
    let (own, other) = (world.key(&cy.person).await, world.key(&bo.person).await);
    let fetch = |key: &str, link: &str| world.http.get(link).bearer_auth(key).send();
    let file = fetch(&own, &link).await.unwrap();
    assert_eq!(file.status(), 200);
    assert_eq!(file.headers()["content-type"], "application/pdf");
    assert_eq!(
        file.headers()["content-disposition"],
        "attachment; filename=\"Finance overview.pdf\"; filename*=UTF-8''Finance%20overview.pdf"
    );
    assert!(file.bytes().await.unwrap().starts_with(b"%PDF-"));

    let before = power_bi_calls(&world).await;
    let mut answers = Vec::new();
    for (key, link) in [
        (other.as_str(), link.clone()),
        (&own, format!("{link}x")),
        (&own, format!("{}/download/AAAA", world.url)),
    ] {
        let answer = fetch(key, &link).await.unwrap();
        assert_eq!(answer.status(), 404);
        let mut body: Value = answer.json().await.unwrap();
        body["trace"].take();
        answers.push(body);
    }
    assert!(answers.windows(2).all(|it| it[0] == it[1]), "{answers:?}");
    assert_eq!(power_bi_calls(&world).await, before);

    let stranger = world
        .http
        .get(&link)
        .header("accept", "text/html")
        .send()
        .await
        .unwrap();
    assert_eq!(stranger.status(), 303);
    assert!(
        stranger.headers()["location"]
            .to_str()
            .unwrap()
            .starts_with("/sign-in?return_to=")
    );
    world.advance_seconds(25 * 3600);
    assert_eq!(fetch(&own, &link).await.unwrap().status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_format_or_page_a_report_does_not_have_is_told_before_the_export() {
    let world = World::new().await;
    let cy = signed_in(&world, CY).await;
    let text = refused(
        &world,
        &cy,
        "export_report",
        json!({"report": "Finance overview", "format": "XLSX"}),
    )
    .await;
    assert!(text.ends_with("it can be exported as PDF, PPTX, PNG."), "{text}");
    let arguments = json!({"report": "Finance overview", "format": "PDF", "pages": ["No such page"]});
    let text = refused(&world, &cy, "export_report", arguments).await;
    assert!(
        text.starts_with("The report has no page No such page; its pages are: "),
        "{text}"
    );
    let text = refused(
        &world,
        &cy,
        "export_report",
        json!({"report": "Sales overview", "format": "PDF"}),
    )
    .await;
    assert!(text.contains("FeatureNotAvailable"), "{text}");
    let job = json!({"report": "x", "format": "PDF", "job": "AAAA"});
    assert!(
        refused(&world, &cy, "export_report", job)
            .await
            .starts_with("This job is unknown or too old.")
    );
}

/// As it is with every tenant at first: the service's own words, what they mean, and who can mend it.
#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_the_tenant_does_not_allow_is_told_with_the_switch_and_who_turns_it() {
    let world = World::new().await;
    let cy = signed_in(&world, CY).await;
    let arguments = json!({"report": "Finance overview", "format": "PNG"});
    let text = refused(&world, &cy, "export_report", arguments.clone()).await;
    for said in [
        "Export report to image is disabled on tenant level",
        "“Export reports as image files”",
        "an administrator of Power BI in your organisation can mend this",
        "PDF and PPTX",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let key = world.key(&cy.person).await;
    let path = "/powerbi/v1.0/myorg/groups/5a4db0c5-0010-4000-8000-000000000002/reports";
    let reports = world
        .http
        .get(format!("{}{path}", world.url))
        .bearer_auth(&key)
        .send()
        .await
        .unwrap();
    let reports: Value = reports.json().await.unwrap();
    let reports = reports["value"].as_array().unwrap();
    let report = reports.iter().find(|it| it["name"] == "Finance overview").unwrap()["id"]
        .as_str()
        .unwrap();
    let export = world
        .http
        .post(format!("{}{path}/{report}/ExportTo", world.url))
        .bearer_auth(&key);
    let answer = export.json(&json!({"format": "PNG"})).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let hint = answer.headers()["gatepost-hint"].to_str().unwrap().to_owned();
    assert!(
        hint.contains("Export reports as image files") && hint.contains("administrator"),
        "{hint}"
    );

    let settings = world.http.post(format!("{}/sandbox/settings", world.sandbox_url));
    settings.json(&json!({"image_export": true})).send().await.unwrap();
    let outcome = in_time(&world, &cy, "export_report", arguments).await;
    assert!(!outcome.is_error, "{}", outcome.text);
}
