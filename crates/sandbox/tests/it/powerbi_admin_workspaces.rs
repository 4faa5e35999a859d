//! Administrators and workspaces: lists with the deleted ones, changes, restoring, members.

use serde_json::json;

use crate::powerbi_support::Service;
use crate::powerbi_support::assert_empty;
use crate::powerbi_support::id;

const FINANCE_TEAM: &str = "5a4db0c5-0004-4000-8000-000000000002";

#[tokio::test]
async fn every_workspace_of_the_organisation_is_listed() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let reply = ada.get("admin/groups?$top=100").await;
    let names = reply.column("name");
    assert_eq!(names.len(), 13);
    assert!(names.contains(&"Sales".to_owned()) && names.contains(&"PersonalWorkspace bo@contoso.test".to_owned()));
    let body = reply.json();
    let context = "https://wabi-sandbox-redirect.analysis.windows.test/v1.0/myorg/admin/$metadata#groups";
    assert_eq!(
        (&body["@odata.context"], &body["@odata.count"]),
        (&json!(context), &json!(13))
    );
    let expected = json!({
        "id": id::FINANCE, "isReadOnly": false, "isOnDedicatedCapacity": true, "capacityId": id::CAPACITY,
        "defaultDatasetStorageFormat": "Small", "capacityMigrationStatus": "Migrated", "type": "Workspace",
        "state": "Active", "name": "Finance", "hasWorkspaceLevelSettings": false,
    });
    let mut finance = reply.value()[1].clone();
    finance.as_object_mut().unwrap().remove("dataflowStorageId");
    finance.as_object_mut().unwrap().remove("description");
    assert_eq!(finance, expected);
    // Of a private workspace no more than the frame is seen.
    let private = reply
        .value()
        .into_iter()
        .find(|item| item["type"] == "PersonalGroup")
        .unwrap();
    assert_eq!(private["state"], "Active");
}

#[tokio::test]
async fn the_list_of_workspaces_needs_a_top_and_takes_filters() {
    let service = Service::start().await;
    let ada = service.person("ada");
    for query in ["", "?$top=0", "?$top=5001", "?$top=many", "?$top=5&$expand=secrets"] {
        let reply = ada.get(&format!("admin/groups{query}")).await;
        assert_eq!(reply.error(), (400, "InvalidRequest".to_owned()), "{query}");
    }
    let page = ada.get("admin/groups?$top=2&$skip=1").await;
    assert_eq!(page.column("name"), ["Finance", "Empty desk"]);
    assert_eq!(page.json()["@odata.count"], 13);
    let filter = "isOnDedicatedCapacity eq true and contains(name,'Market') and type eq 'Workspace'";
    let found = ada.get(&format!("admin/groups?$top=10&$filter={filter}")).await;
    assert_eq!(found.column("name"), ["Marketing [Dev]", "Marketing [Test]"]);
    // The filter may ask about members that are not shown.
    let guests = "users/any(u: u/userType eq 'Guest')";
    let with_guests = ada.get(&format!("admin/groups?$top=10&$filter={guests}")).await;
    assert_eq!(with_guests.column("name"), ["Finance"]);
    assert_eq!(with_guests.value()[0].get("users"), None);
    let orphans = "(not users/any()) or (not users/any(u: u/groupUserAccessRight eq Microsoft.PowerBI.ServiceContracts.Api.GroupUserAccessRight'Admin'))";
    assert_eq!(
        ada.get(&format!("admin/groups?$top=10&$filter={orphans}"))
            .await
            .value()
            .len(),
        0
    );
}

#[tokio::test]
async fn a_workspace_is_expanded_with_its_members_and_items() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let path = format!(
        "admin/groups/{}?$expand=users,reports,dashboards,datasets,dataflows,workbooks",
        id::SALES
    );
    let sales = ada.get(&path).await.json();
    let first = json!({"displayName": "Ada Admin", "emailAddress": "ada@contoso.test", "identifier": "ada@contoso.test",
        "graphId": "5a4db0c5-0001-4000-8000-000000000001", "principalType": "User", "userType": "Member",
        "groupUserAccessRight": "Admin"});
    assert_eq!(sales["users"][0], first);
    assert_eq!(sales["reports"][0]["workspaceId"], id::SALES);
    assert_eq!(sales["reports"][0]["createdBy"], "bo@contoso.test");
    assert_eq!(sales["dashboards"][0]["displayName"], "Sales board");
    assert_eq!(sales["datasets"][0]["isInPlaceSharingEnabled"], false);
    assert_eq!(sales["dataflows"][0]["objectId"], id::STAGE_ORDERS);
    assert_eq!(sales["workbooks"], json!([]));
    let plain = ada.get(&format!("admin/groups/{}", id::SALES)).await.json();
    assert_eq!(plain.get("users"), None);
    assert!(
        plain["@odata.context"]
            .as_str()
            .unwrap()
            .ends_with("admin/$metadata#groups/$entity")
    );
}

#[tokio::test]
async fn a_deleted_workspace_comes_back_with_a_new_name_and_administrator() {
    let service = Service::start().await;
    let (ada, bo, flo) = (service.person("ada"), service.person("bo"), service.person("flo"));
    let made = bo.post("groups", json!({"name": "Planning"})).await.json();
    let gone = made["id"].as_str().unwrap();
    let admin_path = format!("admin/groups/{gone}");
    let restore = format!("{admin_path}/restore");
    let wish = json!({"name": "Planning again", "emailAddress": "flo@contoso.test"});
    assert_eq!(ada.post(&restore, wish.clone()).await.status, 400);
    assert_empty(&bo.delete(&format!("groups/{gone}")).await);
    let deleted = ada.get("admin/groups?$top=10&$filter=state eq 'Deleted'").await;
    assert_eq!(deleted.column("id"), [gone]);
    assert_eq!(ada.get(&format!("{admin_path}/users")).await.status, 404);
    assert_eq!(ada.post(&restore, json!({"name": "x"})).await.status, 400);
    let nobody = json!({"emailAddress": "nobody@contoso.test"});
    assert_eq!(ada.post(&restore, nobody).await.status, 400);
    let taken = json!({"name": "sales", "emailAddress": "flo@contoso.test"});
    assert_eq!(ada.post(&restore, taken).await.status, 409);
    assert_eq!(
        bo.post(&restore, wish.clone()).await.refusal(),
        (401, Some("PowerBINotAuthorizedException"))
    );
    assert_empty(&ada.post(&restore, wish).await);
    assert_eq!(flo.get("groups").await.column("name"), ["Planning again"]);
    assert!(
        bo.get("groups")
            .await
            .column("name")
            .contains(&"Planning again".to_owned())
    );
    assert_eq!(ada.get(&admin_path).await.json()["state"], "Active");
}

#[tokio::test]
async fn names_descriptions_and_settings_of_a_workspace_are_changed() {
    let service = Service::start().await;
    let (ada, di) = (service.person("ada"), service.person("di"));
    let finance = format!("admin/groups/{}", id::FINANCE);
    let sales = format!("admin/groups/{}", id::SALES);
    let analytics = json!({"subscriptionId": "5a4db0c5-00aa-4000-8000-000000000001", "resourceGroup": "logs", "resourceName": "traces"});
    let change = json!({"name": "Books", "description": "All of them", "defaultDatasetStorageFormat": "Large", "logAnalyticsWorkspace": analytics});
    assert_empty(&ada.patch(&finance, change).await);
    let shown = ada.get(&finance).await.json();
    assert_eq!(
        (
            &shown["name"],
            &shown["description"],
            &shown["defaultDatasetStorageFormat"]
        ),
        (&json!("Books"), &json!("All of them"), &json!("Large"))
    );
    assert_eq!(
        (&shown["logAnalyticsWorkspace"], &shown["hasWorkspaceLevelSettings"]),
        (&analytics, &json!(true))
    );
    assert!(di.get("groups").await.column("name").contains(&"Books".to_owned()));
    assert_empty(&ada.patch(&finance, json!({"logAnalyticsWorkspace": null})).await);
    assert_eq!(ada.get(&finance).await.json().get("logAnalyticsWorkspace"), None);
    // What needs a capacity is refused on shared ground, and names stay unique.
    for refused in [
        json!({"defaultDatasetStorageFormat": "Large"}),
        json!({"logAnalyticsWorkspace": analytics}),
        json!({}),
    ] {
        assert_eq!(
            ada.patch(&sales, refused).await.error(),
            (400, "InvalidRequest".to_owned())
        );
    }
    assert_eq!(ada.patch(&sales, json!({"name": "books"})).await.status, 409);
}

#[tokio::test]
async fn an_administrator_manages_members_without_being_one() {
    let service = Service::start().await;
    let (ada, bo, flo) = (service.person("ada"), service.person("bo"), service.person("flo"));
    let made = bo.post("groups", json!({"name": "Planning"})).await.json();
    let home = made["id"].as_str().unwrap();
    let users = format!("admin/groups/{home}/users");
    assert_eq!(ada.get(&format!("groups/{home}")).await.status, 401);
    assert_eq!(ada.get(&users).await.column("identifier"), ["bo@contoso.test"]);
    let wish = json!({"emailAddress": "flo@contoso.test", "groupUserAccessRight": "Viewer"});
    assert_empty(&ada.post(&users, wish.clone()).await);
    assert_eq!(
        ada.post(&users, wish).await.error(),
        (400, "AddingAlreadyExistsGroupUserNotSupportedError".to_owned())
    );
    let team = json!({"identifier": FINANCE_TEAM, "principalType": "Group", "groupUserAccessRight": "Member"});
    assert_empty(&ada.post(&users, team).await);
    assert_eq!(flo.get("groups").await.column("name"), ["Planning"]);
    let all = ada.get(&users).await;
    assert_eq!(all.column("principalType"), ["User", "User", "Group"]);
    // A group leaves only when the call says that it is one.
    assert_eq!(ada.delete(&format!("{users}/{FINANCE_TEAM}")).await.status, 404);
    assert_empty(&ada.delete(&format!("{users}/{FINANCE_TEAM}?isGroup=true")).await);
    assert_empty(&ada.delete(&format!("{users}/flo@contoso.test")).await);
    assert_eq!(flo.get("groups").await.value().len(), 0);
    assert_eq!(ada.delete(&format!("{users}/flo@contoso.test")).await.status, 404);
    assert_eq!(
        bo.delete(&format!("{users}/bo@contoso.test")).await.refusal(),
        (401, Some("PowerBINotAuthorizedException"))
    );
}
