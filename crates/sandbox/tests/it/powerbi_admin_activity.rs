//! The activity log: what people do is written down, and read back by the day.

use serde_json::Value;
use serde_json::json;

use crate::powerbi_support::Caller;
use crate::powerbi_support::Service;
use crate::powerbi_support::assert_empty;
use crate::powerbi_support::id;

const TODAY: &str = "startDateTime='2026-08-03T00:00:00Z'&endDateTime='2026-08-03T23:59:59.999Z'";

/// The events of a reading, with the number of each page's events.
async fn read(caller: &Caller, query: &str) -> (Vec<Value>, Vec<usize>) {
    let (mut events, mut pages) = (Vec::new(), Vec::new());
    let mut address = format!("admin/activityevents?{query}");
    loop {
        let reply = caller.get(&address).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let page = reply.json();
        let found = page["activityEventEntities"].as_array().unwrap();
        pages.push(found.len());
        events.extend(found.clone());
        match page["continuationUri"].as_str() {
            Some(next) => address = next.to_owned(),
            None => return (events, pages),
        }
    }
}

fn activities(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["Activity"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_people_do_is_written_down_with_who_where_and_what() {
    let service = Service::start().await;
    let (ada, bo, cy) = (service.person("ada"), service.person("bo"), service.person("cy"));
    let view = cy
        .get(&format!("groups/{}/reports/{}", id::FINANCE, id::FINANCE_OVERVIEW))
        .await;
    let refresh = format!("groups/{}/datasets/{}/refreshes", id::SALES, id::SALES_MODEL);
    assert_eq!(
        bo.post(&refresh, json!({"notifyOption": "NoNotification"}))
            .await
            .status,
        202
    );
    let export = format!("groups/{}/reports/{}/ExportTo", id::FINANCE, id::FINANCE_OVERVIEW);
    assert_eq!(bo.post(&export, json!({"format": "PDF"})).await.status, 202);
    let made = bo.post("groups", json!({"name": "Planning"})).await.json();
    let home = format!("groups/{}", made["id"].as_str().unwrap());
    let member = json!({"emailAddress": "flo@contoso.test", "groupUserAccessRight": "Viewer"});
    assert_empty(&bo.post(&format!("{home}/users"), member).await);
    assert_empty(&bo.delete(&home).await);
    let card = format!("groups/{}/scorecards", id::SALES);
    assert!(bo.post(&card, json!({"name": "Quarter"})).await.status.is_success());
    // What was refused did not happen.
    assert_eq!(cy.delete(&format!("groups/{}", id::SALES)).await.status, 401);
    let (events, _) = read(&ada, TODAY).await;
    let expected = [
        "ViewReport",
        "RefreshDataset",
        "ExportReport",
        "CreateGroup",
        "AddGroupMembers",
        "DeleteGroup",
        "CreateScorecard",
    ];
    assert_eq!(activities(&events)[..7], expected);
    let seen = &events[0];
    let facts = json!({
        "Operation": "ViewReport", "RecordType": 20, "Workload": "PowerBI", "UserType": 0, "UserId": "cy@contoso.test",
        "CreationTime": "2026-08-03T09:00:00", "ClientIP": "127.0.0.1", "ItemName": "Finance overview",
        "WorkSpaceName": "Finance", "WorkspaceId": id::FINANCE, "ReportId": id::FINANCE_OVERVIEW,
        "ReportName": "Finance overview", "DatasetId": id::FINANCE_MODEL, "CapacityId": id::CAPACITY, "IsSuccess": true,
        "RequestId": view.header("requestid").unwrap(),
    });
    for (name, value) in facts.as_object().unwrap() {
        assert_eq!(seen[name], *value, "{name}");
    }
    // A workspace that is gone keeps its name in the log.
    assert_eq!(
        (&events[5]["ItemName"], &events[5]["UserId"]),
        (&json!("Planning"), &json!("bo@contoso.test"))
    );
    assert_eq!(
        (&events[6]["ItemName"], &events[6]["WorkspaceId"]),
        (&json!("Quarter"), &json!(id::SALES))
    );
    let ids: std::collections::BTreeSet<&str> = events.iter().map(|event| event["Id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), events.len());
}

#[tokio::test]
async fn a_reading_goes_on_over_pages_of_which_some_are_empty() {
    let service = Service::start().await;
    let (ada, cy) = (service.person("ada"), service.person("cy"));
    let path = format!("groups/{}/reports/{}", id::FINANCE, id::FINANCE_OVERVIEW);
    for _ in 0..120 {
        assert_eq!(cy.get(&path).await.status, 200);
    }
    let first = ada.get(&format!("admin/activityevents?{TODAY}")).await.json();
    // The night passed without anybody there, and the reading goes on.
    assert_eq!(first["activityEventEntities"], json!([]));
    assert_eq!(first.get("@odata.context"), None);
    let token = first["continuationToken"].as_str().unwrap();
    assert!(
        first["continuationUri"]
            .as_str()
            .unwrap()
            .contains(&format!("continuationToken='{token}'"))
    );
    let (events, pages) = read(&ada, TODAY).await;
    assert_eq!(pages[..2], [0, 100]);
    assert_eq!(*pages.last().unwrap(), 0);
    assert_eq!(
        activities(&events).iter().filter(|name| **name == "ViewReport").count(),
        120
    );
    let (mine, _) = read(
        &ada,
        &format!("{TODAY}&$filter=Activity eq 'viewreport' and UserId eq 'Cy@contoso.test'"),
    )
    .await;
    assert_eq!(mine.len(), 120);
    let (others, _) = read(
        &ada,
        &format!("{TODAY}&$filter=Activity eq 'ViewReport' and UserId eq 'bo@contoso.test'"),
    )
    .await;
    assert_eq!(others.len(), 0);
}

#[tokio::test]
async fn the_window_lies_in_one_day_of_the_last_four_weeks() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let refused = [
        String::new(),
        "startDateTime='2026-08-03T00:00:00Z'".to_owned(),
        TODAY.replace('\'', ""),
        TODAY.replace("'2026-08-03T00", "'2026-08-02T00"),
        "startDateTime='2026-08-03T10:00:00Z'&endDateTime='2026-08-03T09:00:00Z'".to_owned(),
        "startDateTime='2026-07-05T00:00:00Z'&endDateTime='2026-07-05T23:59:59Z'".to_owned(),
        "startDateTime='yesterday'&endDateTime='today'".to_owned(),
        format!("{TODAY}&$filter=ItemName eq 'x'"),
        format!("{TODAY}&$filter=Activity"),
        "continuationToken='bm8%3D'".to_owned(),
    ];
    for query in refused {
        let reply = ada.get(&format!("admin/activityevents?{query}")).await;
        assert_eq!(reply.error(), (400, "InvalidRequest".to_owned()), "{query}");
    }
    // Four weeks back people were at work already; on the Sunday before nobody was.
    let day = |date: &str| format!("startDateTime='{date}T00:00:00Z'&endDateTime='{date}T23:59:59Z'");
    let (monday, _) = read(&ada, &day("2026-07-06")).await;
    assert_eq!(activities(&monday).len(), 6);
    assert_eq!(read(&ada, &day("2026-08-02")).await.0.len(), 0);
}

#[tokio::test]
async fn administrators_and_principals_are_in_the_log_too_and_organisations_are_apart() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let job = service.with_scopes("5a4db0c5-0003-4000-8000-000000000001", &[]);
    let kim = service.with_scopes("kim@fabrikam.test", &["Tenant.Read.All"]);
    assert_eq!(job.get("admin/groups?$top=1").await.status, 200);
    let move_it = json!({"capacityMigrationAssignments": [{"targetCapacityObjectId": id::CAPACITY, "workspacesToAssign": [id::SALES, id::ARCHIVE]}]});
    assert_empty(&ada.post("admin/capacities/AssignWorkspaces", move_it).await);
    let off = json!({"capacityId": "00000000-0000-0000-0000-000000000000"});
    assert_empty(&ada.post(&format!("groups/{}/AssignToCapacity", id::SALES), off).await);
    assert_eq!(activities(&read(&kim, TODAY).await.0).len(), 1);
    let (events, _) = read(&ada, TODAY).await;
    assert_eq!(activities(&events)[3], "RemoveWorkspacesFromCapacity");
    assert_eq!(
        activities(&events)[..3],
        [
            "GetGroupsAsAdmin",
            "MigrateWorkspaceIntoCapacity",
            "MigrateWorkspaceIntoCapacity"
        ]
    );
    assert_eq!(
        (&events[0]["UserType"], &events[0]["UserId"]),
        (&json!(6), &json!("5a4db0c5-0003-4000-8000-000000000001"))
    );
    assert_eq!(
        (&events[1]["ItemName"], &events[2]["ItemName"]),
        (&json!("Sales"), &json!("Archive"))
    );
}
