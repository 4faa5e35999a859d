//! Workspaces: what each person sees, pages, filters, members.

use serde_json::json;

use crate::powerbi_support::Service;
use crate::powerbi_support::assert_empty;
use crate::powerbi_support::id;

#[tokio::test]
async fn each_person_sees_their_own_workspaces() {
    let service = Service::start().await;
    let ada = service.person("ada").get("groups").await;
    let expected = [
        "Sales",
        "Finance",
        "Empty desk",
        "Marketing [Dev]",
        "Marketing [Test]",
        "Archive",
        "Büro Köln 🥨",
    ];
    assert_eq!(ada.column("name"), expected);
    assert_eq!(ada.json()["@odata.count"], 7);
    assert_eq!(
        service.person("cy").get("groups").await.column("name"),
        ["Sales", "Finance", "Archive"]
    );
    assert_eq!(
        service.person("di").get("groups").await.column("name"),
        ["Sales", "Finance"]
    );
    assert_eq!(
        service.person("flo").get("groups").await.column("name"),
        Vec::<String>::new()
    );
    let guest = service.with_scopes("5a4db0c5-0001-4000-8000-0000000000a7", &["Workspace.Read.All"]);
    assert_eq!(guest.get("groups").await.column("name"), ["Finance"]);
    let at_home = service.with_scopes("gus@fabrikam.test", &["Workspace.Read.All"]);
    assert_eq!(at_home.get("groups").await.column("name"), ["Wholesale"]);
}

#[tokio::test]
async fn answers_are_dressed_like_those_of_the_service() {
    let service = Service::start().await;
    let reply = service.person("ada").get("groups").await;
    assert_eq!(
        reply.header("content-type"),
        Some("application/json; odata.metadata=minimal")
    );
    assert_eq!(
        reply.header("cache-control"),
        Some("no-store, must-revalidate, no-cache")
    );
    assert_eq!(reply.header("access-control-expose-headers"), Some("RequestId"));
    assert_eq!(reply.headers.get_all("requestid").iter().count(), 1);
    let context = "https://wabi-sandbox-redirect.analysis.windows.test/v1.0/myorg/$metadata#groups";
    assert_eq!(reply.json()["@odata.context"], context);
    let sales = json!({"id": id::SALES, "isReadOnly": false, "isOnDedicatedCapacity": false, "type": "Workspace", "name": "Sales"});
    assert_eq!(reply.value()[0], sales);
    assert_eq!(
        service.person("ada").get(&format!("groups/{}", id::SALES)).await.json(),
        sales
    );
    let finance = &reply.value()[1];
    assert_eq!(
        (&finance["capacityId"], &finance["defaultDatasetStorageFormat"]),
        (&json!(id::CAPACITY), &json!("Small"))
    );
}

#[tokio::test]
async fn lists_are_paged_and_filtered() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let page = ada.get("groups?$top=2&$skip=1").await;
    assert_eq!(page.column("name"), ["Finance", "Empty desk"]);
    assert_eq!(page.json()["@odata.count"], 7);
    let filtered = ada
        .get("groups?%24filter=contains(name%2C'Market')%20and%20isOnDedicatedCapacity%20eq%20true")
        .await;
    assert_eq!(filtered.column("name"), ["Marketing [Dev]", "Marketing [Test]"]);
    assert_eq!(filtered.json()["@odata.count"], 2);
    assert_eq!(
        ada.get("groups?$filter=name%20resembles%20'x'").await.error(),
        (400, "InvalidRequest".to_owned())
    );
    assert_eq!(ada.get("groups?$top=many").await.status, 400);
    let archive = ada.get(&format!("groups/{}/reports", id::ARCHIVE)).await;
    assert_eq!(archive.value().len(), 1200);
    assert!(archive.bytes.len() > 500_000);
}

#[tokio::test]
async fn a_workspace_lives_from_creation_to_deletion() {
    let service = Service::start().await;
    let flo = service.person("flo");
    let made = flo.post("groups?workspaceV2=True", json!({"name": "Planning"})).await;
    assert_eq!(made.status, 200);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(flo.post("groups", json!({"name": "planning"})).await.status, 409);
    assert_empty(&flo.patch(&format!("groups/{id}"), json!({"name": "Plans"})).await);
    assert_eq!(flo.get("groups").await.column("name"), ["Plans"]);
    assert_eq!(
        service.person("ada").get(&format!("groups/{id}")).await.refusal(),
        (401, Some("GroupNotAccessible"))
    );
    assert_empty(&flo.delete(&format!("groups/{id}")).await);
    assert_eq!(
        flo.get(&format!("groups/{id}")).await.refusal(),
        (401, Some("GroupNotAccessible"))
    );
}

#[tokio::test]
async fn members_come_change_and_go() {
    let service = Service::start().await;
    let (ada, cy, flo) = (service.person("ada"), service.person("cy"), service.person("flo"));
    let users = format!("groups/{}/users", id::SALES);
    let first = ada.get(&users).await.value();
    let expected = json!({"groupUserAccessRight": "Admin", "emailAddress": "ada@contoso.test", "displayName": "Ada Admin",
        "identifier": "ada@contoso.test", "principalType": "User"});
    assert_eq!(first[0], expected);
    let application = json!({"groupUserAccessRight": "Contributor", "displayName": "Nightly job",
        "identifier": "5a4db0c5-0003-4000-8000-000000000001", "principalType": "App"});
    assert_eq!(first[4], application);
    assert_empty(
        &ada.post(
            &users,
            json!({"emailAddress": "flo@contoso.test", "groupUserAccessRight": "Viewer"}),
        )
        .await,
    );
    assert_eq!(flo.get("groups").await.column("name"), ["Sales"]);
    let again = ada
        .post(
            &users,
            json!({"identifier": "flo@contoso.test", "principalType": "User", "groupUserAccessRight": "Admin"}),
        )
        .await;
    assert_eq!(
        again.error(),
        (400, "AddingAlreadyExistsGroupUserNotSupportedError".to_owned())
    );
    assert_eq!(
        flo.get(&users).await.refusal(),
        (401, Some("PowerBINotAuthorizedException"))
    );
    assert_empty(
        &ada.put(
            &users,
            json!({"emailAddress": "flo@contoso.test", "groupUserAccessRight": "Member"}),
        )
        .await,
    );
    // A Member manages members, but does not make an Admin.
    let promote = json!({"emailAddress": "cy@contoso.test", "groupUserAccessRight": "Admin"});
    assert_eq!(
        flo.put(&users, promote).await.refusal(),
        (401, Some("PowerBINotAuthorizedException"))
    );
    assert_empty(&flo.delete(&format!("{users}/cy@contoso.test")).await);
    assert_eq!(
        cy.get(&format!("groups/{}", id::SALES)).await.refusal(),
        (401, Some("GroupNotAccessible"))
    );
    // The last Admin stays.
    assert_eq!(ada.delete(&format!("{users}/ada@contoso.test")).await.status, 400);
    let unknown = json!({"emailAddress": "nobody@contoso.test", "groupUserAccessRight": "Viewer"});
    assert_eq!(ada.post(&users, unknown).await.status, 400);
}

#[tokio::test]
async fn a_workspace_moves_onto_a_capacity_in_steps() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let move_it = format!("groups/{}/AssignToCapacity", id::SALES);
    let status = format!("groups/{}/CapacityAssignmentStatus", id::SALES);
    assert_empty(&ada.post(&move_it, json!({"capacityId": id::CAPACITY})).await);
    assert_eq!(ada.get(&status).await.json()["status"], "Pending");
    service.advance_s(2);
    assert_eq!(ada.get(&status).await.json()["status"], "InProgress");
    service.advance_s(4);
    assert_eq!(ada.get(&status).await.json()["status"], "CompletedSuccessfully");
    assert_eq!(
        ada.get(&format!("groups/{}", id::SALES)).await.json()["capacityId"],
        id::CAPACITY
    );
    assert_eq!(
        service
            .person("cy")
            .post(&move_it, json!({"capacityId": id::CAPACITY}))
            .await
            .refusal(),
        (401, Some("PowerBINotAuthorizedException"))
    );
}
