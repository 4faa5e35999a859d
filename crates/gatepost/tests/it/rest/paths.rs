//! Paths (security rows PRX-01, PRX-02, PRX-05, PRX-17): what arrives at Power BI is what the client meant, or nothing.

use reqwest::Method;

use super::problem;
use super::upstream::{Upstream, text};
use crate::world::BO;

const G: &str = "5a4db0c5-0010-4000-8000-000000000001";
const D: &str = "5a4db0c5-0011-4000-8000-000000000001";

#[tokio::test(flavor = "multi_thread")]
async fn keys_actions_and_odd_ids_arrive_as_they_were_meant() {
    let upstream = Upstream::with(vec![(200, vec![], "{}")]).await;
    let (world, key) = upstream.world(BO).await;
    let same = [
        format!("/groups/{G}/scorecards({D})"),
        format!("/groups/{G}/scorecards({D})/goals({D})/goalValues(2026-11-20T00%3A00%3A00Z)"),
        format!("/groups/{G}/scorecards({D})/goals({D})/GetRefreshHistory()"),
        format!("/groups/{G}/scorecards/GetScorecardByReportId(reportId={D})"),
        "/availableFeatures(featureName='embedTrial')".to_owned(),
        format!("/datasets/{D}/Default.DiscoverGateways"),
        format!("/reports/{D}/exports/MS9CbG9i%2FVjI%2BaA%3D%3D/file"),
        format!("/groups/{G}/datasets/{D}/refreshes?$top=1"),
    ];
    for path in &same {
        assert_eq!(world.get(&key, path).await.status(), 200, "{path}");
    }
    let meant = [
        // Another spelling of the same: cases of fixed words, characters that need no escape, values with one too many.
        (
            format!("/Groups/{G}/SCORECARDS({D})"),
            format!("/groups/{G}/scorecards({D})"),
        ),
        (
            format!("/reports/{D}/exports/a=b=/file"),
            format!("/reports/{D}/exports/a%3Db%3D/file"),
        ),
        (format!("/groups/{G}/reports?%24top=5"), String::new()),
        (
            "/groups?$filter=name%20eq%20'a%26$top%3D9'&$top=3".to_owned(),
            "/groups?$filter=name%20eq%20%27a%26%24top%3D9%27&$top=3".to_owned(),
        ),
        (
            "/groups?$filter=contains(name,'x')+or+name+eq+'y'".to_owned(),
            "/groups?$filter=contains%28name%2C%27x%27%29%20or%20name%20eq%20%27y%27".to_owned(),
        ),
    ];
    let before = upstream.seen().len();
    for (path, arrived) in &meant {
        let status = world.get(&key, path).await.status().as_u16();
        assert_eq!(status, if arrived.is_empty() { 400 } else { 200 }, "{path}");
    }
    let lines: Vec<String> = upstream.seen().into_iter().map(|it| it.line).collect();
    let expected = |path: &String| format!("GET /v1.0/myorg{path}");
    assert_eq!(lines[..before], same.iter().map(expected).collect::<Vec<_>>());
    let arrived: Vec<String> = meant
        .iter()
        .map(|it| &it.1)
        .filter(|it| !it.is_empty())
        .map(expected)
        .collect();
    assert_eq!(lines[before..], arrived);
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_names_transactions_and_continuation_tokens_keep_their_characters() {
    let upstream = Upstream::with(vec![(200, vec![], "{}")]).await;
    let (world, _) = upstream.world(BO).await;
    crate::every_operation::allow_everything(&world).await;
    let bo = world.connect(BO).await;
    let key = crate::every_operation::full_key(&world, &bo.person).await;
    let cases = [
        (
            Method::DELETE,
            format!("/groups/{G}/users/gus_fabrikam.test%23EXT%23%40contoso.test"),
            format!("/groups/{G}/users/gus_fabrikam.test%23EXT%23%40contoso.test"),
        ),
        (
            Method::GET,
            "/admin/users/bo@contoso.test/artifactAccess?continuationToken='LDIwMTktMDMtMTFUMjM6MDA6MDBaLDAsLA%253D%253D'".to_owned(),
            "/admin/users/bo%40contoso.test/artifactAccess?continuationToken='LDIwMTktMDMtMTFUMjM6MDA6MDBaLDAsLA%3D%3D'".to_owned(),
        ),
        (
            Method::GET,
            "/admin/activityevents?startDateTime='2026-11-23T00:00:00Z'&endDateTime='2026-11-23T11:00:00Z'".to_owned(),
            "/admin/activityevents?startDateTime='2026-11-23T00%3A00%3A00Z'&endDateTime='2026-11-23T11%3A00%3A00Z'".to_owned(),
        ),
        (
            Method::POST,
            format!("/groups/{G}/dataflows/transactions/2026-08-27T16%3A07%3A47.2487692Z%40{D}%242/cancel"),
            format!("/groups/{G}/dataflows/transactions/2026-08-27T16%3A07%3A47.2487692Z%40{D}%242/cancel"),
        ),
        (
            Method::POST,
            format!("/groups/{G}/datasets/{D}/Default.TakeOver"),
            format!("/groups/{G}/datasets/{D}/Default.TakeOver"),
        ),
    ];
    for (method, path, arrived) in cases {
        let path = format!("/powerbi/v1.0/myorg{path}");
        let answer = world.ask(method.clone(), &key, &path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text().await.unwrap());
        let last = upstream.seen().pop().unwrap().line;
        assert_eq!(last, format!("{method} /v1.0/myorg{arrived}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_refused_is_told_what_was_expected() {
    let upstream = Upstream::start(|_| async { text(200, &[], "{}") }).await;
    let (world, key) = upstream.world(BO).await;
    let cases = [
        (
            "/groups/not-a-guid/reports",
            400,
            "path_invalid",
            "groupId: expected a GUID of 36 characters",
        ),
        ("/groups/a%2Fb%5B/reports", 400, "path_invalid", "expected no slash"),
        (
            "/availableFeatures(featureName='a%2Fb')",
            400,
            "path_invalid",
            "expected no slash",
        ),
        ("/groups?$orderby=name", 400, "arguments_invalid", "unknown; expected"),
        ("/groups?$top=many", 400, "arguments_invalid", "expected a whole number"),
        ("/dataset", 404, "operation_unknown", "GET /v1.0/myorg/datasets"),
        (
            "/datasets/5a4db0c5-0011-4000-8000-000000000001/refreshs",
            404,
            "operation_unknown",
            "/refreshes",
        ),
        (
            "/groups/5a4db0c5-0010-4000-8000-000000000001/report",
            404,
            "operation_unknown",
            "/groups/{groupId}/reports",
        ),
    ];
    for (path, status, code, words) in cases {
        let found = problem(world.get(&key, path).await).await;
        assert_eq!((found.0, found.1.as_str()), (status, code), "{path}");
        let told = format!("{} {}", found.2["detail"], found.2["hint"]);
        assert!(told.contains(words), "{path}: {told}");
    }
    assert!(upstream.seen().is_empty());
}

/// PRX-01, PRX-05: whatever stands where an id belongs, nothing arrives but the template's own segments at the one host.
#[tokio::test(flavor = "multi_thread")]
async fn no_id_leads_anywhere_else() {
    let upstream = Upstream::start(|_| async { text(200, &[], "{}") }).await;
    let (world, key) = upstream.world(BO).await;
    let long = "a".repeat(10_000);
    let ids = [
        "../../admin/groups",
        "%2e%2e%2f",
        "..;/",
        "a/b",
        "a%3Fx=1",
        "a%23b",
        ".",
        "..",
        "%00",
        "%0d%0aHost:%20evil.test",
        "%EF%BC%8E%EF%BC%8E",
        "%E2%80%A5",
        &long,
        "https:%2F%2Fevil.test%2F",
        "%5c..%5c",
        "x@evil.test",
        ";x=y",
        "%2525",
    ];
    for id in ids {
        for place in [
            "/groups/{}/reports",
            "/reports/{}/exports/x",
            "/reports/5a4db0c5-0012-4000-8000-000000000001/exports/{}",
        ] {
            let path = place.replace("{}", id);
            let status = super::raw(&world, &key, &format!("/powerbi/v1.0/myorg{path}")).await;
            assert!((400..=414).contains(&status), "{path}: {status}");
        }
    }
    let seen = upstream.seen();
    assert!(seen.is_empty(), "{seen:?}");
    // Headers that name another place are not looked at.
    let answer = world.ask(Method::GET, &key, "/powerbi/v1.0/myorg/groups");
    let answer = [
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded-host",
        "forwarded",
        "x-ms-api-base",
    ]
    .into_iter()
    .fold(answer, |it, name| {
        it.header(name, "http://evil.test/v1.0/myorg/admin/groups")
    });
    assert_eq!(answer.send().await.unwrap().status(), 200);
    assert_eq!(upstream.seen()[0].line, "GET /v1.0/myorg/groups");
    assert_eq!(
        upstream.seen()[0].headers["host"],
        upstream.url.strip_prefix("http://").unwrap()
    );
}
