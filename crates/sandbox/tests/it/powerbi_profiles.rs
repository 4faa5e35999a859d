//! Profiles of service principals, and tickets for template apps.

use serde_json::Value;
use serde_json::json;

use crate::powerbi_support::Service;
use crate::powerbi_support::assert_empty;
use crate::powerbi_support::id;

#[tokio::test]
async fn a_service_principal_keeps_profiles_of_its_own() {
    let service = Service::start().await;
    let job = service.job();
    assert_eq!(job.get("profiles").await.value(), Vec::<Value>::new());
    let mut ids = Vec::new();
    for name in ["Fabrikam", "Northwind", "Contoso"] {
        let made = job.post("profiles", json!({"displayName": name})).await;
        assert_eq!((made.status.as_u16(), &made.json()["displayName"]), (200, &json!(name)));
        ids.push(made.json()["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        job.get("profiles?$top=1&$skip=1").await.column("displayName"),
        ["Northwind"]
    );
    assert_eq!(
        job.get("profiles?$filter=displayName eq 'Contoso'").await.column("id"),
        [ids[2].clone()]
    );
    let place = format!("profiles/{}", ids[0]);
    let renamed = job.put(&place, json!({"displayName": "Fabrikam Ltd"})).await.json();
    assert_eq!(renamed["displayName"], "Fabrikam Ltd");
    assert_eq!(job.get(&place).await.json()["displayName"], "Fabrikam Ltd");
    assert_empty(&job.delete(&place).await);
    assert_eq!(job.get(&place).await.error(), (404, "PowerBIEntityNotFound".to_owned()));
    assert_eq!(job.delete(&place).await.status, 404);
    assert_eq!(job.get("profiles").await.value().len(), 2);
}

#[tokio::test]
async fn people_have_no_profiles_and_names_are_needed() {
    let service = Service::start().await;
    let (ada, job) = (service.person("ada"), service.job());
    for refused in [
        ada.get("profiles").await,
        ada.post("profiles", json!({"displayName": "Mine"})).await,
    ] {
        assert_eq!(refused.error(), (403, "PowerBINotAuthorizedException".to_owned()));
    }
    for wrong in [json!({}), json!({"displayName": " "}), json!({"displayName": 7})] {
        assert_eq!(
            job.post("profiles", wrong).await.error(),
            (400, "InvalidRequest".to_owned())
        );
    }
    assert_eq!(job.get("profiles/me").await.status, 400);
    assert_eq!(job.get("profiles?$filter=displayName like 'x'").await.status, 400);
}

#[tokio::test]
async fn a_ticket_installs_a_template_app_with_all_its_parameters() {
    let service = Service::start().await;
    let job = service.job();
    let ticket = |owner: &str, configuration: Value| {
        json!({"installDetails": [{
            "appId": "5a4db0c5-0025-4000-8000-000000000001", "packageKey": "contoso-starter-key",
            "ownerTenantId": owner, "config": {"configuration": configuration},
        }]})
    };
    let all = json!({"ServerName": "sql9.test", "FirstYear": "2025"});
    let given = job
        .post(
            "CreateTemplateAppInstallTicket",
            ticket(sandbox::people::CONTOSO, all.clone()),
        )
        .await;
    assert_eq!(given.status, 200, "{}", given.text());
    assert!(given.json()["ticket"].as_str().unwrap().len() > 100);
    assert_eq!(given.json()["expiration"], "2026-08-03T10:00:00Z");
    let foreign = job
        .post(
            "CreateTemplateAppInstallTicket",
            ticket(sandbox::people::FABRIKAM, all.clone()),
        )
        .await;
    assert_eq!(
        foreign.error(),
        (401, "ServiceAppApplicationOwnershipValidationFailed".to_owned())
    );
    let partial = ticket(sandbox::people::CONTOSO, json!({"ServerName": "sql9.test"}));
    assert_eq!(
        job.post("CreateTemplateAppInstallTicket", partial).await.error(),
        (400, "ServiceAppInstallTicketInvalidConfiguration".to_owned())
    );
    assert_eq!(job.post("CreateTemplateAppInstallTicket", json!({})).await.status, 400);
    let person = service.person("ada");
    let refused = person
        .post("CreateTemplateAppInstallTicket", ticket(sandbox::people::CONTOSO, all))
        .await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn a_profile_has_workspaces_of_its_own_and_none_of_its_principal() {
    let service = Service::start().await;
    let (ada, job) = (service.person("ada"), service.job());
    let made = job.post("profiles", json!({"displayName": "Fabrikam"})).await.json();
    let profile = made["id"].as_str().unwrap().to_owned();
    let customer = job.acting_as(&profile);
    assert_eq!(customer.get("groups").await.value(), Vec::<Value>::new());
    assert_eq!(
        customer.get(&format!("groups/{}/reports", id::SALES)).await.refusal(),
        (401, Some("GroupNotAccessible"))
    );
    let own = customer.post("groups", json!({"name": "For Fabrikam"})).await.json();
    assert_eq!(customer.get("groups").await.column("name"), ["For Fabrikam"]);
    assert!(
        !job.get("groups")
            .await
            .column("name")
            .contains(&"For Fabrikam".to_owned())
    );
    let members = customer
        .get(&format!("groups/{}/users", own["id"].as_str().unwrap()))
        .await
        .value();
    assert_eq!(
        (&members[0]["identifier"], &members[0]["profile"]["displayName"]),
        (&json!(sandbox::people::NIGHTLY_JOB), &json!("Fabrikam"))
    );
    let users = format!("groups/{}/users", id::SALES);
    let share = json!({"identifier": sandbox::people::NIGHTLY_JOB, "principalType": "App", "groupUserAccessRight": "Viewer", "profile": {"id": profile}});
    assert_empty(&ada.post(&users, share.clone()).await);
    assert_eq!(customer.get(&format!("groups/{}/reports", id::SALES)).await.status, 200);
    let leave = format!("{users}/{}?profileId={profile}", sandbox::people::NIGHTLY_JOB);
    assert_empty(&ada.delete(&leave).await);
    assert_eq!(customer.get(&format!("groups/{}/reports", id::SALES)).await.status, 401);
    assert_eq!(
        job.get(&format!("groups/{}/reports", id::SALES)).await.status,
        200,
        "the principal itself stays"
    );
    for other in [id::CAPACITY, "no-id"] {
        assert!(job.acting_as(other).get("groups").await.status.is_client_error());
    }
    let wrong = json!({"identifier": sandbox::people::NIGHTLY_JOB, "principalType": "App", "groupUserAccessRight": "Viewer", "profile": {"id": id::CAPACITY}});
    assert_eq!(
        ada.post(&users, wrong).await.error(),
        (400, "InvalidRequest".to_owned())
    );
    assert_empty(&job.delete(&format!("profiles/{profile}")).await);
    assert_eq!(customer.get("groups").await.status, 401);
}
