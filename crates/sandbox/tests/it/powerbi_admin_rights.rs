//! Administrators' operations: who may ask, with which permission, and how often.

use reqwest::Method;
use sandbox::entra::Application;
use serde_json::json;

use crate::powerbi_support::ALL_SCOPES;
use crate::powerbi_support::Service;
use crate::powerbi_support::assert_empty;
use crate::powerbi_support::id;

const NIGHTLY_JOB: &str = "5a4db0c5-0003-4000-8000-000000000001";
const NOT_AUTHORIZED: (u16, Option<&str>) = (401, Some("PowerBINotAuthorizedException"));

/// One read of every family.
fn reads() -> Vec<String> {
    let day = "startDateTime='2026-08-03T00:00:00Z'&endDateTime='2026-08-03T23:59:59Z'";
    let mut paths: Vec<String> = [
        "admin/groups?$top=10",
        "admin/apps?$top=10",
        "admin/capacities",
        "admin/capacities/refreshables?$top=5",
        "admin/dashboards",
        "admin/dataflows",
        "admin/datasets",
        "admin/imports",
        "admin/pipelines",
        "admin/reports",
        "admin/tenantKeys",
        "admin/users/cy@contoso.test/artifactAccess",
        "admin/users/cy@contoso.test/subscriptions",
        "admin/widelySharedArtifacts/linksSharedToWholeOrganization",
        "admin/widelySharedArtifacts/publishedToWeb",
        "admin/workspaces/modified",
    ]
    .map(str::to_owned)
    .to_vec();
    paths.push(format!("admin/activityevents?{day}"));
    paths.push(format!("admin/groups/{}", id::SALES));
    paths.push(format!("admin/groups/{}/unused", id::SALES));
    paths.push(format!("admin/reports/{}/users", id::SALES_OVERVIEW));
    paths
}

#[tokio::test]
async fn only_an_administrator_of_the_organisation_reads() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let bo = service.person("bo");
    // An administrator at home is a plain guest abroad, and Fabrikam's administrator sees Fabrikam alone.
    let kim = service.with_scopes("kim@fabrikam.test", ALL_SCOPES);
    for path in reads() {
        assert_eq!(ada.get(&path).await.status, 200, "{path}");
        assert_eq!(bo.get(&path).await.refusal(), NOT_AUTHORIZED, "{path}");
    }
    assert_eq!(kim.get("admin/groups?$top=10").await.column("name"), ["Wholesale"]);
    assert_eq!(kim.get("admin/reports").await.column("name"), ["Wholesale stock"]);
    let sales = kim.get(&format!("admin/groups/{}", id::SALES)).await;
    assert_eq!(sales.error(), (404, "PowerBIEntityNotFound".to_owned()));
}

#[tokio::test]
async fn a_permission_for_the_tenant_is_needed() {
    let service = Service::start().await;
    let plain = service.with_scopes("ada@contoso.test", &["Workspace.ReadWrite.All", "Report.ReadWrite.All"]);
    let reader = service.with_scopes("ada@contoso.test", &["Tenant.Read.All"]);
    let writer = service.with_scopes("ada@contoso.test", &["Tenant.ReadWrite.All"]);
    let missing = (403, Some("InsufficientScopes"));
    for path in reads() {
        assert_eq!(plain.get(&path).await.refusal(), missing, "{path}");
        assert_eq!(reader.get(&path).await.status, 200, "{path}");
    }
    let home = format!("admin/groups/{}", id::SALES);
    let renamed = json!({"description": "Orders and returns"});
    assert_eq!(reader.patch(&home, renamed.clone()).await.refusal(), missing);
    assert_empty(&writer.patch(&home, renamed).await);
    assert_eq!(writer.get(&home).await.json()["description"], "Orders and returns");
}

#[tokio::test]
async fn a_service_principal_reads_and_changes_nothing() {
    let service = Service::start().await;
    let job = service.with_scopes(NIGHTLY_JOB, &[]);
    for path in reads() {
        assert_eq!(job.get(&path).await.status, 200, "{path}");
    }
    let unheard = (403, "PowerBINotAuthorizedException".to_owned());
    let changes = [
        (Method::PATCH, format!("admin/groups/{}", id::SALES)),
        (Method::POST, format!("admin/groups/{}/users", id::SALES)),
        (Method::POST, "admin/capacities/AssignWorkspaces".to_owned()),
        (Method::POST, "admin/tenantKeys".to_owned()),
        (Method::POST, "admin/informationprotection/setLabels".to_owned()),
        (Method::GET, format!("admin/capacities/{}/users", id::CAPACITY)),
    ];
    for (method, path) in changes {
        let body = Some(("application/json".to_owned(), b"{}".to_vec()));
        assert_eq!(job.send(method, &path, body).await.error(), unheard, "{path}");
    }
    service.sandbox.world().lock().unwrap().settings.principals_read_admin = false;
    assert_eq!(job.get("admin/capacities").await.error(), unheard);
}

#[tokio::test]
async fn a_registration_with_a_permission_that_needs_an_administrator_reads_nothing() {
    let service = Service::start().await;
    let over_equipped = service
        .sandbox
        .register(Application {
            name: "Over-equipped".to_owned(),
            permissions: vec!["Tenant.Read.All".to_owned()],
            ..Application::default()
        })
        .unwrap();
    let bare = service
        .sandbox
        .register(Application {
            name: "Bare".to_owned(),
            permissions: Vec::new(),
            ..Application::default()
        })
        .unwrap();
    let refused = service.with_scopes(&over_equipped.principal_oid, &[]);
    assert_eq!(refused.get("admin/capacities").await.refusal(), NOT_AUTHORIZED);
    let with_role = service.with_scopes(&bare.principal_oid, &["Tenant.Read.All"]);
    assert_eq!(with_role.get("admin/capacities").await.refusal(), NOT_AUTHORIZED);
    let without = service.with_scopes(&bare.principal_oid, &[]);
    assert_eq!(without.get("admin/capacities").await.status, 200);
}

#[tokio::test]
async fn lists_of_the_whole_tenant_are_limited_by_the_minute_and_by_the_hour() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let job = service.with_scopes(NIGHTLY_JOB, &[]);
    for asked in 0..5 {
        // The limit belongs to the organisation: both callers use it up.
        let caller = if asked % 2 == 0 { &ada } else { &job };
        assert_eq!(caller.get("admin/datasets").await.status, 200);
    }
    let sixth = job.get("admin/datasets").await;
    assert_eq!(sixth.status, 429);
    assert_eq!(sixth.header("retry-after"), Some("61"));
    let message = sixth.json()["message"].as_str().unwrap().to_owned();
    assert!(message.ends_with("Retry in 61 seconds."), "{message}");
    // Another list has a limit of its own.
    assert_eq!(ada.get("admin/reports").await.status, 200);
    for _ in 1..10 {
        service.advance_s(61);
        for _ in 0..5 {
            assert_eq!(ada.get("admin/datasets").await.status, 200);
        }
    }
    service.advance_s(61);
    let hourly = ada.get("admin/datasets").await;
    assert_eq!(hourly.status, 429);
    let seconds: i64 = hourly.header("retry-after").unwrap().parse().unwrap();
    assert_eq!(seconds, 3600 - 10 * 61 + 1);
    service.advance_s(seconds);
    assert_eq!(ada.get("admin/datasets").await.status, 200);
}

#[tokio::test]
async fn most_operations_are_limited_to_two_hundred_an_hour_for_each_caller() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let job = service.with_scopes(NIGHTLY_JOB, &[]);
    for _ in 0..200 {
        assert_eq!(ada.get("admin/tenantKeys").await.status, 200);
    }
    let late = ada.get("admin/tenantKeys").await;
    assert_eq!((late.status.as_u16(), late.header("retry-after")), (429, Some("3601")));
    assert_eq!(job.get("admin/tenantKeys").await.status, 200);
    assert_eq!(ada.get("admin/capacities").await.status, 200);
    // Who may not ask does not use the limit up.
    for _ in 0..3 {
        assert_eq!(
            service.person("bo").get("admin/pipelines").await.refusal(),
            NOT_AUTHORIZED
        );
    }
    service.advance_s(3601);
    assert_eq!(ada.get("admin/tenantKeys").await.status, 200);
}
