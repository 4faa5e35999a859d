//! The activity log: what people do is written down, and read back by the day.

use reqwest::Method;
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

/// One call that changes something: method, path, body, and the word it leaves.
type Step = (Method, String, Value, &'static str);

/// Makes the calls one after another, each of which must go well, and reads the words of the log.
async fn words_of(service: &Service, caller: &Caller, steps: &[Step]) -> Vec<String> {
    let ada = service.person("ada");
    let before = read(&ada, TODAY).await.0.len();
    for (method, path, body, word) in steps {
        let body = Some(("application/json".to_owned(), body.to_string().into_bytes()));
        let reply = caller.send(method.clone(), path, body).await;
        assert!(reply.status.is_success(), "{word} {path}: {}", reply.text());
    }
    let (events, _) = read(&ada, TODAY).await;
    // The readings are in the log as well.
    let of_steps = events[before..]
        .iter()
        .filter(|event| event["Activity"] != "ExportActivityEvents");
    of_steps
        .map(|event| event["Activity"].as_str().unwrap().to_owned())
        .collect()
}

async fn assert_words(service: &Service, caller: &Caller, steps: &[Step]) {
    let expected: Vec<&str> = steps.iter().map(|step| step.3).collect();
    assert_eq!(words_of(service, caller, steps).await, expected);
}

#[tokio::test]
async fn the_life_of_goals_is_written_down_step_by_step() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let card = format!("groups/{}/scorecards({})", id::SALES, id::SCORECARD);
    let made = bo.post(&format!("{card}/goals"), json!({"name": "Calm"})).await.json();
    let goal = format!("{card}/goals({})", made["id"].as_str().unwrap());
    let day = format!("{goal}/goalValues(2026-08-01)");
    let rule = json!({"fieldComparison": {"field": "Value", "operator": "GreaterThan", "value": {"number": 5.0}}});
    let rules = json!({"rules": [{"conditions": [rule], "output": 1}], "defaultOutput": 3});
    let steps = [
        (
            Method::PATCH,
            card.clone(),
            json!({"name": "Targets"}),
            "PatchScorecard",
        ),
        (Method::PATCH, goal.clone(), json!({"name": "Calmer"}), "PatchGoal"),
        (
            Method::POST,
            format!("{goal}/goalValues"),
            json!({"timestamp": "2026-08-01", "value": 7.0}),
            "CreateGoalValue",
        ),
        (Method::PATCH, day.clone(), json!({"value": 8.0}), "PatchGoalValue"),
        (
            Method::POST,
            format!("{day}/notes"),
            json!({"body": "Fine"}),
            "InsertNote",
        ),
        (
            Method::POST,
            format!("{goal}/statusRules"),
            rules,
            "UpsertGoalStatusRules",
        ),
        (
            Method::GET,
            format!("{goal}/statusRules"),
            json!({}),
            "GetGoalStatusRules",
        ),
        (
            Method::DELETE,
            format!("{goal}/statusRules"),
            json!({}),
            "DeleteGoalStatusRules",
        ),
        (
            Method::POST,
            format!("{card}/MoveGoals()"),
            json!({"goalToMove": {"goalId": made["id"]}, "newParent": {"goalId": id::GROW_REVENUE}}),
            "MoveGoals",
        ),
        (Method::DELETE, day, json!({}), "DeleteGoalValue"),
        (Method::DELETE, goal, json!({}), "DeleteGoal"),
    ];
    assert_words(&service, &bo, &steps).await;
    let (events, _) = read(&service.person("ada"), TODAY).await;
    let moved = events.iter().find(|event| event["Activity"] == "MoveGoals").unwrap();
    assert_eq!(
        (&moved["ScorecardId"], &moved["WorkspaceId"], &moved["UserId"]),
        (&json!(id::SCORECARD), &json!(id::SALES), &json!("bo@contoso.test"))
    );
}

#[tokio::test]
async fn profiles_are_written_down_from_making_to_deleting() {
    let service = Service::start().await;
    let job = service.job();
    let made = job.post("profiles", json!({"displayName": "Fabrikam"})).await.json();
    let place = format!("profiles/{}", made["id"].as_str().unwrap());
    let steps = [
        (
            Method::GET,
            "profiles".to_owned(),
            json!({}),
            "GetServicePrincipalProfiles",
        ),
        (Method::GET, place.clone(), json!({}), "GetServicePrincipalProfile"),
        (
            Method::PUT,
            place.clone(),
            json!({"displayName": "Northwind"}),
            "UpdateServicePrincipalProfile",
        ),
        (Method::DELETE, place, json!({}), "DeleteServicePrincipalProfile"),
    ];
    assert_words(&service, &job, &steps).await;
    let (events, _) = read(&service.person("ada"), TODAY).await;
    assert_eq!(events[0]["Activity"], "CreateServicePrincipalProfile");
}

#[tokio::test]
async fn tokens_bindings_uploads_and_workloads_are_written_down() {
    let service = Service::start().await;
    let (ada, bo) = (service.person("ada"), service.person("bo"));
    let finance = format!("groups/{}", id::FINANCE);
    let tiles = format!("{finance}/dashboards/{}/tiles", id::FINANCE_BOARD);
    let tile = bo.get(&tiles).await.column("id")[0].clone();
    let bind = json!({"gatewayObjectId": id::GATEWAY, "bindDetails": [
        {"dataSourceName": "DataSource1", "dataSourceObjectId": "5a4db0c5-001b-4000-8000-000000000001"}]});
    let content = json!({"sourceType": "ExistingReport",
        "sourceReport": {"sourceReportId": id::SALES_OVERVIEW, "sourceWorkspaceId": id::SALES}});
    let steps = [
        (
            Method::POST,
            format!("{tiles}/{tile}/GenerateToken"),
            json!({"accessLevel": "View"}),
            "GenerateEmbedToken",
        ),
        (
            Method::POST,
            format!("{finance}/reports/GenerateToken"),
            json!({"accessLevel": "Create", "datasetId": id::FINANCE_MODEL}),
            "GenerateEmbedToken",
        ),
        (
            Method::POST,
            "GenerateToken".to_owned(),
            json!({"datasets": [{"id": id::FINANCE_MODEL}]}),
            "GenerateMultiResourceEmbedToken",
        ),
        (
            Method::POST,
            format!("reports/{}/Default.BindToGateway", id::BOOKING_LIST),
            bind,
            "BindToGateway",
        ),
        (
            Method::POST,
            format!("reports/{}/UpdateReportContent", id::FINANCE_OVERVIEW),
            content,
            "UpdateReportContent",
        ),
        (
            Method::POST,
            format!("{finance}/imports/createTemporaryUploadLocation"),
            json!({}),
            "CreateTemporaryUploadLocation",
        ),
        (
            Method::POST,
            format!(
                "groups/{}/dataflows/{}/saveAsNativeArtifact",
                id::SALES,
                id::STAGE_ORDERS
            ),
            json!({"displayName": "Orders 2", "targetWorkspaceId": id::FINANCE}),
            "CreateArtifact",
        ),
    ];
    assert_words(&service, &bo, &steps).await;
    let workload = (
        Method::PATCH,
        format!("capacities/{}/Workloads/PaginatedReports", id::CAPACITY),
        json!({"state": "Enabled", "maxMemoryPercentageSetByUser": 40}),
        "UpdateCapacityResourceGovernanceSettings",
    );
    assert_words(&service, &ada, &[workload]).await;
}
