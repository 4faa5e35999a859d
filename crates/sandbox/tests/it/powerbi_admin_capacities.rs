//! Capacities, encryption keys and deployment pipelines in an administrator's hands.

use serde_json::json;

use crate::powerbi_support::Service;
use crate::powerbi_support::assert_empty;
use crate::powerbi_support::id;

const PIPELINE: &str = "5a4db0c5-001a-4000-8000-000000000001";
const VAULT: &str = "https://contoso.vault.test/keys/books";

#[tokio::test]
async fn workspaces_move_onto_and_off_a_capacity_in_numbers() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let assign = |homes: &[&str]| json!({"capacityMigrationAssignments": [{"targetCapacityObjectId": id::CAPACITY, "workspacesToAssign": homes}]});
    let path = "admin/capacities/AssignWorkspaces";
    // One that is not there refuses them all.
    let misspelt = assign(&[id::SALES, "5a4db0c5-0010-4000-8000-00000000ffff"]);
    assert_eq!(ada.post(path, misspelt).await.status, 404);
    assert_eq!(
        ada.post(path, json!({})).await.error(),
        (400, "InvalidRequest".to_owned())
    );
    let status = |home: &str| format!("groups/{home}/CapacityAssignmentStatus");
    assert_eq!(ada.get(&status(id::SALES)).await.json()["status"], "Pending");
    assert_empty(&ada.post(path, assign(&[id::SALES, id::ARCHIVE])).await);
    service.advance_s(2);
    assert_eq!(ada.get(&status(id::SALES)).await.json()["status"], "InProgress");
    assert_eq!(
        ada.get(&format!("admin/groups/{}", id::SALES)).await.json()["isOnDedicatedCapacity"],
        false
    );
    service.advance_s(4);
    assert_eq!(
        ada.get(&status(id::ARCHIVE)).await.json()["status"],
        "CompletedSuccessfully"
    );
    assert_eq!(
        ada.get(&format!("admin/groups/{}", id::SALES)).await.json()["capacityId"],
        id::CAPACITY
    );
    let off = json!({"workspacesToUnassign": [id::SALES]});
    assert_empty(&ada.post("admin/capacities/UnassignWorkspaces", off).await);
    service.advance_s(6);
    assert_eq!(
        ada.get(&format!("groups/{}", id::SALES)).await.json().get("capacityId"),
        None
    );
    let bo = service.person("bo");
    assert_eq!(
        bo.post(path, assign(&[id::SALES])).await.refusal(),
        (401, Some("PowerBINotAuthorizedException"))
    );
}

#[tokio::test]
async fn capacities_tell_their_users_and_the_health_of_refreshes() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let capacity = ada.get("admin/capacities").await.value()[0].clone();
    assert_eq!(
        (&capacity["sku"], &capacity["capacityUserAccessRight"]),
        (&json!("F64"), &json!("Admin"))
    );
    let users = ada.get(&format!("admin/capacities/{}/users", id::CAPACITY)).await;
    assert_eq!(users.column("identifier"), ["ada@contoso.test", "bo@contoso.test"]);
    assert_eq!(users.column("capacityUserAccessRight"), ["Admin", "Assign"]);
    assert_eq!(
        ada.get("admin/capacities/refreshables").await.error(),
        (400, "InvalidRequest".to_owned())
    );
    assert_eq!(ada.get("admin/capacities/refreshables?$top=0").await.status, 400);
    let all = ada
        .get("admin/capacities/refreshables?$top=20&$expand=capacity,group")
        .await;
    let finance = all
        .value()
        .into_iter()
        .find(|item| item["id"] == id::FINANCE_MODEL)
        .unwrap();
    assert_eq!(
        (&finance["group"]["name"], &finance["capacity"]["sku"]),
        (&json!("Finance"), &json!("F64"))
    );
    let slow = ada
        .get("admin/capacities/refreshables?$top=20&$filter=averageDuration gt 1800")
        .await;
    assert_eq!(slow.value().len(), 0);
    let named = format!(
        "admin/capacities/{}/refreshables?$top=5&$filter=contains(name,'Finance')",
        id::CAPACITY
    );
    assert_eq!(ada.get(&named).await.column("name"), ["Finance model"]);
    let one = ada
        .get(&format!(
            "admin/capacities/{}/refreshables/{}",
            id::CAPACITY,
            id::FINANCE_MODEL
        ))
        .await;
    assert_eq!(one.column("id"), [id::FINANCE_MODEL]);
    let elsewhere = format!("admin/capacities/{}/refreshables/{}", id::CAPACITY, id::SALES_MODEL);
    assert_eq!(ada.get(&elsewhere).await.status, 404);
}

#[tokio::test]
async fn a_key_is_added_used_and_rotated() {
    let service = Service::start().await;
    let ada = service.person("ada");
    assert_eq!(ada.get("admin/tenantKeys").await.value().len(), 0);
    let encryption = format!("admin/groups/{}/datasets?$top=1&$expand=encryption", id::FINANCE);
    let state = || async { ada.get(&encryption).await.value()[0]["encryption"]["encryptionStatus"].clone() };
    assert_eq!(state().await, "NotSupported");
    let wish =
        json!({"name": "Books", "keyVaultKeyIdentifier": format!("{VAULT}/v1"), "isDefault": true, "activate": true});
    let key = ada.post("admin/tenantKeys", wish.clone()).await.json();
    assert_eq!(
        (&key["name"], &key["isDefault"], &key["createdAt"]),
        (&json!("Books"), &json!(true), &json!("2026-08-03T09:00:00.000Z"))
    );
    assert_eq!(ada.post("admin/tenantKeys", wish).await.status, 409);
    // The default key is activated on capacities that have none.
    assert_eq!(state().await, "NotInSyncWithWorkspace");
    service.advance_s(61);
    assert_eq!(state().await, "InSyncWithWorkspace");
    let capacity = ada.get("admin/capacities?$expand=tenantKey").await.value()[0].clone();
    assert_eq!(
        (&capacity["tenantKeyId"], &capacity["tenantKey"]["name"]),
        (&key["id"], &json!("Books"))
    );
    let rotate = format!("admin/tenantKeys/{}/Default.Rotate", key["id"].as_str().unwrap());
    for refused in [
        format!("{VAULT}/v1"),
        "https://contoso.vault.test/keys/other/v2".to_owned(),
        "books".to_owned(),
    ] {
        let reply = ada.post(&rotate, json!({"keyVaultKeyIdentifier": refused})).await;
        assert_eq!(reply.error(), (400, "InvalidRequest".to_owned()));
    }
    let rotated = ada
        .post(&rotate, json!({"keyVaultKeyIdentifier": format!("{VAULT}/v2")}))
        .await
        .json();
    assert_eq!(
        (&rotated["id"], &rotated["updatedAt"]),
        (&key["id"], &json!("2026-08-03T09:01:01.000Z"))
    );
    assert_eq!(state().await, "NotInSyncWithWorkspace");
    service.advance_s(61);
    assert_eq!(state().await, "InSyncWithWorkspace");
    let unknown = "admin/tenantKeys/5a4db0c5-0032-4000-8000-00000000ffff/Default.Rotate";
    assert_eq!(
        ada.post(unknown, json!({"keyVaultKeyIdentifier": format!("{VAULT}/v3")}))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_capacity_is_moved_to_another_key() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let add = |name: &str, is_default: bool| json!({"name": name, "keyVaultKeyIdentifier": format!("https://contoso.vault.test/keys/{name}/v1"), "isDefault": is_default});
    ada.post("admin/tenantKeys", add("first", true)).await.json();
    let second = ada.post("admin/tenantKeys", add("second", true)).await.json();
    let keys = ada.get("admin/tenantKeys").await.value();
    assert_eq!(
        (&keys[0]["isDefault"], &keys[1]["isDefault"]),
        (&json!(false), &json!(true))
    );
    let path = format!("admin/capacities/{}", id::CAPACITY);
    assert_eq!(ada.patch(&path, json!({})).await.status, 400);
    assert_eq!(ada.patch(&path, json!({"tenantKeyId": id::SALES})).await.status, 404);
    assert_empty(&ada.patch(&path, json!({"tenantKeyId": second["id"]})).await);
    assert_eq!(
        ada.get("admin/capacities").await.value()[0]["tenantKeyId"],
        second["id"]
    );
    assert_eq!(ada.get("admin/capacities").await.value()[0].get("tenantKey"), None);
    let bo = service.person("bo");
    for path in ["admin/tenantKeys", "admin/capacities"] {
        assert_eq!(
            bo.get(path).await.refusal(),
            (401, Some("PowerBINotAuthorizedException"))
        );
    }
}

#[tokio::test]
async fn pipelines_are_listed_and_their_people_changed() {
    let service = Service::start().await;
    let (ada, cy) = (service.person("ada"), service.person("cy"));
    let plain = ada.get("admin/pipelines").await.value()[0].clone();
    assert_eq!(
        plain,
        json!({"id": PIPELINE, "displayName": "Marketing", "description": "From draft to production"})
    );
    let full = ada.get("admin/pipelines?$expand=users,stages").await.value()[0].clone();
    assert_eq!(full["stages"][0]["workspaceName"], "Marketing [Dev]");
    assert_eq!(
        full["users"][1],
        json!({"identifier": "bo@contoso.test", "principalType": "User", "accessRight": "Admin"})
    );
    assert_eq!(
        ada.get("admin/pipelines?$filter=not users/any()").await.value().len(),
        0
    );
    assert_eq!(
        ada.get("admin/pipelines?$top=5001").await.error(),
        (400, "InvalidRequest".to_owned())
    );
    let users = format!("admin/pipelines/{PIPELINE}/users");
    assert_eq!(cy.get("pipelines").await.value().len(), 0);
    for refused in [
        json!({"identifier": "cy@contoso.test"}),
        json!({"identifier": "cy@contoso.test", "principalType": "User", "accessRight": "Viewer"}),
    ] {
        assert_eq!(
            ada.post(&users, refused).await.error(),
            (400, "InvalidRequest".to_owned())
        );
    }
    assert_empty(
        &ada.post(
            &users,
            json!({"identifier": "cy@contoso.test", "principalType": "User", "accessRight": "Admin"}),
        )
        .await,
    );
    assert_eq!(cy.get("pipelines").await.column("id"), [PIPELINE]);
    assert_eq!(
        ada.get(&users).await.column("identifier"),
        ["ada@contoso.test", "bo@contoso.test", "cy@contoso.test"]
    );
    assert_empty(&ada.delete(&format!("{users}/cy@contoso.test")).await);
    assert_eq!(ada.delete(&format!("{users}/cy@contoso.test")).await.status, 404);
    assert_eq!(
        cy.get(&users).await.refusal(),
        (401, Some("PowerBINotAuthorizedException"))
    );
}
