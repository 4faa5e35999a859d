//! Administrators and people: what somebody reaches, subscriptions, wide sharing, profiles.

use serde_json::Value;
use serde_json::json;

use crate::powerbi_support::ALL_SCOPES;
use crate::powerbi_support::Caller;
use crate::powerbi_support::Service;
use crate::powerbi_support::assert_empty;
use crate::powerbi_support::id;

const NIGHTLY_JOB: &str = "5a4db0c5-0003-4000-8000-000000000001";

/// Every entry of a list that goes on by continuation.
async fn all(caller: &Caller, path: &str, field: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut address = path.to_owned();
    loop {
        let reply = caller.get(&address).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let page = reply.json();
        found.extend(page[field].as_array().unwrap().clone());
        match page["continuationUri"].as_str() {
            Some(next) => address = next.to_owned(),
            None => return found,
        }
    }
}

fn names(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["displayName"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn everything_a_person_reaches_is_listed_in_pages() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let cy = "admin/users/cy@contoso.test/artifactAccess";
    let first = ada.get(cy).await.json();
    assert_eq!(first["artifactAccessEntities"].as_array().unwrap().len(), 100);
    let token = first["continuationToken"].as_str().unwrap();
    assert!(
        first["continuationUri"]
            .as_str()
            .unwrap()
            .ends_with(&format!("?continuationToken='{token}'"))
    );
    let everything = all(&ada, cy, "artifactAccessEntities").await;
    assert!(everything.len() > 1_200);
    let sales = everything.iter().find(|item| item["artifactId"] == id::SALES).unwrap();
    let expected =
        json!({"artifactId": id::SALES, "displayName": "Sales", "artifactType": "Workspace", "accessRight": "Viewer"});
    assert_eq!(*sales, expected);
    let model = everything
        .iter()
        .find(|item| item["artifactId"] == id::SALES_MODEL)
        .unwrap();
    assert_eq!(
        (&model["artifactType"], &model["accessRight"]),
        (&json!("Dataset"), &json!("ReadExplore"))
    );
    // The person may be named by object id too, and the token may come back encoded once more.
    let by_id = "admin/users/5a4db0c5-0001-4000-8000-000000000003/artifactAccess";
    assert_eq!(all(&ada, by_id, "artifactAccessEntities").await.len(), everything.len());
    let twice = token.replace('%', "%25");
    let second = ada.get(&format!("{cy}?continuationToken='{twice}'")).await.json();
    assert_eq!(second["artifactAccessEntities"][0], everything[100]);
    assert_eq!(
        ada.get("admin/users/nobody@contoso.test/artifactAccess").await.status,
        404
    );
}

#[tokio::test]
async fn the_sorts_asked_for_stay_asked_for_on_later_pages() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let path = "admin/users/cy@contoso.test/artifactAccess?artifactTypes=Report,Workspace";
    let items = all(&ada, path, "artifactAccessEntities").await;
    assert!(items.len() > 1_200);
    assert!(
        items
            .iter()
            .all(|item| ["Report", "Workspace"].contains(&item["artifactType"].as_str().unwrap()))
    );
    let eve = all(
        &ada,
        "admin/users/eve@contoso.test/artifactAccess?artifactTypes=App,Report,PaginatedReport",
        "artifactAccessEntities",
    )
    .await;
    assert_eq!(names(&eve), ["Finance app", "Finance overview", "Booking list"]);
    let unknown = ada
        .get("admin/users/eve@contoso.test/artifactAccess?artifactTypes=Spreadsheet")
        .await;
    assert_eq!(unknown.error(), (400, "InvalidRequest".to_owned()));
}

#[tokio::test]
async fn subscriptions_are_found_by_item_and_by_person() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let report = ada
        .get(&format!("admin/reports/{}/subscriptions", id::SALES_OVERVIEW))
        .await;
    let morning = report.value()[0].clone();
    assert_eq!(
        (&morning["title"], &morning["artifactType"]),
        (&json!("Sales every morning"), &json!("Report"))
    );
    assert_eq!(
        (&morning["frequency"], &morning["attachmentFormat"]),
        (&json!("Daily"), &json!("PDF"))
    );
    assert_eq!(morning["startDate"], "6/4/2026 12:00:00 AM");
    assert_eq!(morning["users"][1]["emailAddress"], "di@contoso.test");
    let board = ada
        .get(&format!("admin/dashboards/{}/subscriptions", id::SALES_BOARD))
        .await;
    assert_eq!(board.value()[0]["isEnabled"], false);
    let bos = "admin/users/bo@contoso.test/subscriptions";
    let titles = |items: Vec<Value>| -> Vec<String> {
        items
            .iter()
            .map(|item| item["title"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        titles(all(&ada, bos, "subscriptionEntities").await),
        ["Sales every morning", "Sales board"]
    );
    // With the report its subscription goes.
    assert_empty(
        &ada.delete(&format!("groups/{}/reports/{}", id::SALES, id::SALES_OVERVIEW))
            .await,
    );
    assert_eq!(titles(all(&ada, bos, "subscriptionEntities").await), ["Sales board"]);
}

#[tokio::test]
async fn what_is_shared_widely_is_listed_with_who_shared_it() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let links = "admin/widelySharedArtifacts/linksSharedToWholeOrganization";
    let items = all(&ada, links, "artifactAccessEntities").await;
    assert_eq!(names(&items), ["Support tickets", "Größte Kunden – \"Top 10\""]);
    assert_eq!(
        (&items[0]["shareType"], &items[0]["accessRight"]),
        (&json!("Link"), &json!("Read"))
    );
    assert_eq!(items[0]["sharer"]["emailAddress"], "bo@contoso.test");
    let web = all(
        &ada,
        "admin/widelySharedArtifacts/publishedToWeb",
        "artifactAccessEntities",
    )
    .await;
    assert_eq!(names(&web), ["Archived report 0001"]);
    assert_eq!(web[0]["shareType"], "PublishToWeb");
    let tickets = items[0]["artifactId"].as_str().unwrap();
    assert_empty(&ada.delete(&format!("groups/{}/reports/{tickets}", id::SALES)).await);
    assert_eq!(all(&ada, links, "artifactAccessEntities").await.len(), 1);
}

#[tokio::test]
async fn profiles_of_service_principals_are_listed_and_deleted() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let job = service.with_scopes(NIGHTLY_JOB, &[]);
    let blue = job.post("profiles", json!({"displayName": "Blue"})).await.json();
    job.post("profiles", json!({"displayName": "Green"})).await.json();
    let listed = ada.get("admin/profiles?$filter=displayName eq 'Blue'").await.value();
    let expected = json!([{"id": blue["id"], "displayName": "Blue", "servicePrincipalId": NIGHTLY_JOB}]);
    assert_eq!(json!(listed), expected);
    assert_eq!(
        ada.get("admin/profiles?$top=1&$skip=1").await.column("displayName"),
        ["Green"]
    );
    assert_eq!(
        ada.get("admin/profiles?$top=5001").await.error(),
        (400, "InvalidRequest".to_owned())
    );
    let path = format!("admin/profiles/{}", blue["id"].as_str().unwrap());
    let kim = service.with_scopes("kim@fabrikam.test", ALL_SCOPES);
    assert_eq!(kim.get("admin/profiles").await.value().len(), 0);
    assert_eq!(kim.delete(&path).await.status, 404);
    assert_eq!(
        service.person("bo").delete(&path).await.refusal(),
        (401, Some("PowerBINotAuthorizedException"))
    );
    // Deleting is for people.
    assert_eq!(
        job.delete(&path).await.error(),
        (403, "PowerBINotAuthorizedException".to_owned())
    );
    assert_empty(&ada.delete(&path).await);
    assert_eq!(job.get("profiles").await.column("displayName"), ["Green"]);
    assert_eq!(ada.delete(&path).await.status, 404);
}
