//! Scorecards, goals, check-ins, status rules and values from semantic models.

use serde_json::Value;
use serde_json::json;

use crate::powerbi_support::Caller;
use crate::powerbi_support::Service;
use crate::powerbi_support::id;

fn scorecards() -> String {
    format!("groups/{}/scorecards", id::SALES)
}

fn goals() -> String {
    format!("{}({})/goals", scorecards(), id::SCORECARD)
}

fn goal(id: &str) -> String {
    format!("{}({id})", goals())
}

async fn made(caller: &Caller, name: &str, parent: Option<&str>) -> String {
    let body = json!({"name": name, "parentId": parent});
    let reply = caller.post(&goals(), body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["id"].as_str().unwrap().to_owned()
}

/// Name, level and rank of every goal.
async fn tree(caller: &Caller) -> Vec<(String, i64, i64)> {
    let number = |value: &Value| value.as_i64().unwrap();
    let items = caller.get(&goals()).await.value();
    let place = |item: &Value| {
        (
            item["name"].as_str().unwrap().to_owned(),
            number(&item["level"]),
            number(&item["rank"]),
        )
    };
    items.iter().map(place).collect()
}

#[tokio::test]
async fn a_scorecard_gets_its_model_and_report_a_moment_later() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let new = bo
        .post(
            &scorecards(),
            json!({"name": "Board goals", "description": "For the board"}),
        )
        .await
        .json();
    assert_eq!(
        (&new["provisioningStatus"], new.get("reportId")),
        (&json!("Initialized"), None)
    );
    let place = format!("{}({})", scorecards(), new["id"].as_str().unwrap());
    service.advance_s(3);
    let ready = bo.get(&place).await.json();
    assert_eq!(
        (&ready["provisioningStatus"], &ready["permissions"]),
        (&json!("Completed"), &json!("ReadWrite"))
    );
    assert!(ready["datasetId"].is_string());
    let by_report = format!(
        "{}/GetScorecardByReportId(reportId={})",
        scorecards(),
        ready["reportId"].as_str().unwrap()
    );
    assert_eq!(bo.get(&by_report).await.json()["id"], new["id"]);
    let columns =
        json!({"name": "Board", "columnSettings": [{"columnId": "1", "show": false}, {"columnId": 6, "show": false}]});
    let changed = bo.patch(&place, columns).await.json();
    let shown: Vec<&Value> = changed["columnSettings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["show"])
        .collect();
    assert_eq!(shown, [true, false, true, true, true, true, false]);
    assert_eq!(bo.get(&scorecards()).await.column("name"), ["Sales goals", "Board"]);
    assert_eq!(bo.delete(&place).await.status, 204);
    assert_eq!(bo.get(&place).await.status, 404);
    assert_eq!(bo.get(&by_report).await.status, 404);
}

#[tokio::test]
async fn scorecards_come_in_pages() {
    let service = Service::start().await;
    let bo = service.person("bo");
    for number in 1..=3 {
        bo.post(&scorecards(), json!({"name": format!("Card {number}")})).await;
    }
    let first = bo.get(&format!("{}?$top=3", scorecards())).await.json();
    assert_eq!(
        (&first["@odata.count"], first["value"].as_array().unwrap().len()),
        (&json!(4), 3)
    );
    let rest = bo.get(first["@odata.nextLink"].as_str().unwrap()).await;
    assert_eq!(rest.column("name"), ["Card 3"]);
    assert_eq!(rest.json().get("@odata.nextLink"), None);
    assert_eq!(bo.get(&format!("{}?$top=0", scorecards())).await.status, 400);
}

#[tokio::test]
async fn viewers_read_scorecards_and_change_nothing() {
    let service = Service::start().await;
    let cy = service.person("cy");
    let place = format!("{}({})", scorecards(), id::SCORECARD);
    assert_eq!(cy.get(&place).await.json()["permissions"], "Read");
    assert_eq!(cy.get(&goal(id::GROW_REVENUE)).await.json()["permissions"], "View");
    let no = (401, Some("PowerBINotAuthorizedException"));
    assert_eq!(cy.patch(&place, json!({"name": "Mine"})).await.refusal(), no);
    assert_eq!(cy.delete(&goal(id::GROW_REVENUE)).await.refusal(), no);
    let refresh = format!("{}/RefreshGoalCurrentValue()", goal(id::GROW_REVENUE));
    assert_eq!(cy.post(&refresh, json!({})).await.refusal(), no);
    assert_eq!(
        service.person("flo").get(&scorecards()).await.refusal(),
        (401, Some("GroupNotAccessible"))
    );
    let reader = service.with_scopes("bo@contoso.test", &["Dataset.Read.All"]);
    assert_eq!(reader.get(&place).await.status, 200);
    assert_eq!(
        reader.post(&goals(), json!({"name": "x"})).await.refusal(),
        (403, Some("InsufficientScopes"))
    );
}

#[tokio::test]
async fn goals_have_parents_and_go_with_them() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let top = made(&bo, "Top", None).await;
    let middle = made(&bo, "Middle", Some(&top)).await;
    let leaf = made(&bo, "Leaf", Some(&middle)).await;
    let shown = bo.get(&goal(&leaf)).await.json();
    assert_eq!(
        (&shown["level"], &shown["parentId"], &shown["startDate"]),
        (&json!(2), &json!(middle), &json!("2026-08-03T09:00:00Z"))
    );
    let changed = bo
        .patch(
            &goal(&leaf),
            json!({"name": "Leaf 2", "completionDate": "2026-12-31", "valuesFormatString": "0.0"}),
        )
        .await
        .json();
    assert_eq!(
        (&changed["name"], &changed["completionDate"]),
        (&json!("Leaf 2"), &json!("2026-12-31T00:00:00Z"))
    );
    for wrong in [
        json!({}),
        json!({"name": "x", "parentId": id::CAPACITY}),
        json!({"name": "x", "parentId": "nobody"}),
        json!({"name": "x", "startDate": "soon"}),
        json!({"name": "x", "startDate": "2026-08-03", "completionDate": "2026-08-02"}),
    ] {
        assert_eq!(
            bo.post(&goals(), wrong).await.error(),
            (400, "InvalidRequest".to_owned())
        );
    }
    let own_child = json!({"parentId": leaf});
    assert_eq!(bo.patch(&goal(&top), own_child).await.status, 400);
    assert_eq!(bo.delete(&goal(&top)).await.status, 204);
    for gone in [top, middle, leaf] {
        assert_eq!(bo.get(&goal(&gone)).await.status, 404);
    }
}

#[tokio::test]
async fn goals_move_under_other_parents_and_between_siblings() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let (one, two) = (made(&bo, "One", None).await, made(&bo, "Two", None).await);
    let path = format!("{}({})/MoveGoals()", scorecards(), id::SCORECARD);
    let to_north = json!({"goalToMove": {"goalId": one}, "newParent": {"goalId": id::GROW_REVENUE},
        "newNext": {"goalId": id::REVENUE_NORTH, "currentParentId": id::GROW_REVENUE}});
    assert_eq!(bo.post(&path, to_north).await.status, 204);
    let under = json!({"goalToMove": {"goalId": two}, "newParent": {"goalId": id::GROW_REVENUE},
        "newPrevious": {"goalId": one, "currentParentId": id::GROW_REVENUE}});
    assert_eq!(bo.post(&path, under).await.status, 204);
    let place = |name: &str, level, rank| (name.to_owned(), level, rank);
    let mut found = tree(&bo).await;
    found.sort();
    assert_eq!(
        found,
        [
            place("Grow revenue", 0, 0),
            place("Happy customers", 0, 1),
            place("One", 1, 0),
            place("Revenue in the north", 1, 2),
            place("Two", 1, 1),
        ]
    );
    let back = json!({"goalToMove": {"goalId": one, "currentParentId": id::GROW_REVENUE}, "newNext": {"goalId": id::GROW_REVENUE}});
    assert_eq!(bo.post(&path, back).await.status, 204);
    assert!(tree(&bo).await.contains(&place("One", 0, 0)));
    for wrong in [
        json!({}),
        json!({"goalToMove": {"goalId": id::GROW_REVENUE}, "newParent": {"goalId": two}}),
        json!({"goalToMove": {"goalId": two, "currentParentId": id::HAPPY_CUSTOMERS}}),
        json!({"goalToMove": {"goalId": two}, "newNext": {"goalId": id::REVENUE_NORTH}}),
        json!({"goalToMove": {"goalId": id::CAPACITY}}),
    ] {
        assert_eq!(bo.post(&path, wrong.clone()).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn check_ins_are_kept_by_day_with_their_notes() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let values = format!("{}/goalValues", goal(id::HAPPY_CUSTOMERS));
    let given = json!({"timestamp": "2026-08-01T15:30:00Z", "value": 82.5, "target": 80, "status": 1, "trend": 1, "forecast": 90.0});
    let new = bo.post(&values, given.clone()).await;
    assert_eq!(new.status, 200, "{}", new.text());
    assert_eq!(new.json()["timestamp"], "2026-08-01T00:00:00Z");
    assert_eq!(bo.post(&values, given).await.error().0, 409);
    let place = format!("{values}(2026-08-01T00%3A00%3A00Z)");
    assert_eq!(bo.get(&place).await.json()["value"], 82.5);
    let changed = bo.patch(&place, json!({"value": 83.25})).await.json();
    assert_eq!((&changed["value"], &changed["target"]), (&json!(83.25), &json!(80.0)));
    let note = bo
        .post(
            &format!("{values}(2026-08-01)/notes"),
            json!({"body": "Fine \"words\""}),
        )
        .await
        .json();
    let content: Value = serde_json::from_str(note["content"].as_str().unwrap()).unwrap();
    assert_eq!(
        content["general"][0]["properties"]["paragraphs"][0]["textRuns"][0]["value"],
        "Fine \"words\""
    );
    let note = format!("{place}/notes({})", note["id"].as_str().unwrap());
    service.advance_s(60);
    assert_eq!(
        bo.patch(&note, json!({"body": "Better"})).await.json()["body"],
        "Better"
    );
    let expanded = bo.get(&format!("{place}?$expand=notes")).await.json();
    assert_eq!(expanded["notes"][0]["body"], "Better");
    assert_eq!(bo.get(&goal(id::HAPPY_CUSTOMERS)).await.json()["notesCount"], 2);
    assert_eq!(bo.delete(&note).await.status, 204);
    assert_eq!(bo.delete(&note).await.status, 404);
    assert_eq!(
        bo.get(&values).await.column("timestamp").last().unwrap(),
        "2026-08-01T00:00:00Z"
    );
    assert_eq!(bo.delete(&place).await.status, 204);
    assert_eq!(bo.get(&place).await.status, 404);
    for wrong in [
        json!({"value": 1}),
        json!({"timestamp": "2026-08-02", "value": "much"}),
        json!({"timestamp": "2026-08-02", "status": -1}),
    ] {
        assert_eq!(
            bo.post(&values, wrong).await.error(),
            (400, "InvalidRequest".to_owned())
        );
    }
    assert_eq!(bo.get(&format!("{values}(whenever)")).await.status, 400);
    assert_eq!(bo.get(&format!("{values}?$expand=wishes")).await.status, 400);
}

#[tokio::test]
async fn rules_decide_the_status_of_every_check_in() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let rules = format!("{}/statusRules", goal(id::HAPPY_CUSTOMERS));
    let values = format!("{}/goalValues", goal(id::HAPPY_CUSTOMERS));
    assert_eq!(bo.get(&rules).await.status, 404);
    let condition = |field: &str, operator: &str, value: Value| json!({"fieldComparison": {"field": field, "operator": operator, "value": value}});
    let body = json!({"rules": [
        {"conditions": [condition("Timestamp", "LessThan", json!({"dateTime": "2026-07-20T00:00:00Z"}))], "output": 0},
        {"conditions": [
            condition("Value", "GreaterThanOrEqual", json!({"percentOf": {"field": "Target", "percent": 95.0}})),
            condition("Change", "GreaterThan", json!({"number": 5.0})),
        ], "output": 1},
    ], "defaultOutput": 3});
    let set = bo.post(&rules, body.clone()).await;
    assert_eq!(set.status, 200, "{}", set.text());
    assert_eq!(
        (&set.json()["rules"], &set.json()["defaultOutput"]),
        (&body["rules"], &body["defaultOutput"])
    );
    let statuses = |reply: Value| -> Vec<i64> {
        let items = reply["value"].as_array().unwrap().iter();
        items.map(|item| item["status"].as_i64().unwrap()).collect()
    };
    assert_eq!(statuses(bo.get(&values).await.json()), [0, 1]);
    // A status given by hand does not count while there are rules.
    let new = json!({"timestamp": "2026-08-02", "value": 79.0, "target": 80.0, "status": 5});
    assert_eq!(bo.post(&values, new).await.json()["status"], 3);
    let shown = bo
        .get(&format!(
            "{}?$expand=statusRules,aggregations",
            goal(id::HAPPY_CUSTOMERS)
        ))
        .await
        .json();
    assert_eq!(shown["hasStatusRules"], true);
    let text: Value = serde_json::from_str(shown["statusRules"]["rules"].as_str().unwrap()).unwrap();
    assert_eq!(text["rules"], body["rules"]);
    let kinds: Vec<&str> = shown["aggregations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["Status", "Value", "Target", "Change", "Sparkline"]);
    assert_eq!(shown["aggregations"][3]["value"], 0.5);
    assert_eq!(bo.delete(&rules).await.status, 204);
    let by_hand = format!("{values}(2026-08-02)");
    assert_eq!(bo.patch(&by_hand, json!({"status": 5})).await.json()["status"], 5);
    for wrong in [
        json!({"rules": []}),
        json!({"rules": [{"conditions": [], "output": 1}], "defaultOutput": 1}),
        json!({"rules": [{"conditions": [condition("Mood", "Equal", json!({"number": 1}))], "output": 1}], "defaultOutput": 1}),
        json!({"rules": [{"conditions": [condition("Value", "Equal", json!({}))], "output": 1}], "defaultOutput": 1}),
    ] {
        assert_eq!(bo.post(&rules, wrong.clone()).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_connected_goal_is_refreshed_with_numbers_of_its_model() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let (revenue, north) = (goal(id::GROW_REVENUE), goal(id::REVENUE_NORTH));
    for side in ["Current", "Target"] {
        let path = format!("{revenue}/RefreshGoal{side}Value()");
        assert_eq!(bo.post(&path, json!({})).await.status, 202);
    }
    bo.post(&format!("{north}/RefreshGoalCurrentValue()"), json!({})).await;
    let history = format!("{revenue}/GetRefreshHistory()");
    assert_eq!(
        bo.get(&history).await.column("status"),
        ["NotProcessed", "NotProcessed"]
    );
    assert_eq!(
        bo.get(&format!("{revenue}/goalValues")).await.value(),
        Vec::<Value>::new()
    );
    service.advance_s(3);
    assert_eq!(bo.get(&history).await.column("status"), ["Succeeded", "Succeeded"]);
    let asked = bo
        .rows(
            id::SALES_MODEL,
            "EVALUATE ROW(\"all\", [Total Sales], \"north\", CALCULATE([Total Sales], 'Region'[Region] = \"North\"))",
        )
        .await;
    let value = bo.get(&format!("{revenue}/goalValues(2026-08-03)")).await.json();
    assert_eq!(value["value"].as_f64(), asked[0]["[all]"].as_f64());
    assert!(value["target"].as_f64().unwrap() > 0.0 && value["valueDisplayString"].as_str().unwrap().contains(','));
    assert!(value["status"].is_i64(), "rules judged it");
    let value = bo.get(&format!("{north}/goalValues(2026-08-03)")).await.json();
    assert_eq!(value["value"].as_f64(), asked[0]["[north]"].as_f64());
    assert_eq!(
        bo.post(&format!("{north}/RefreshGoalTargetValue()"), json!({}))
            .await
            .status,
        400
    );
    let cut = bo
        .post(&format!("{north}/DeleteGoalCurrentValueConnection()"), json!({}))
        .await;
    assert_eq!(cut.json()["name"], "Revenue in the north");
    assert_eq!(
        bo.post(&format!("{north}/RefreshGoalCurrentValue()"), json!({}))
            .await
            .status,
        400
    );
    assert_eq!(
        bo.get(&format!("{north}/goalValues")).await.value().len(),
        1,
        "what it brought stays"
    );
    bo.delete(&format!("datasets/{}", id::SALES_MODEL)).await;
    bo.post(&format!("{revenue}/RefreshGoalCurrentValue()"), json!({}))
        .await;
    service.advance_s(3);
    assert_eq!(
        bo.get(&history).await.column("status").last().unwrap(),
        "ConnectedDatasetDeleted"
    );
}

#[tokio::test]
async fn a_scorecard_is_read_with_all_that_is_in_it() {
    let service = Service::start().await;
    let cy = service.person("cy");
    let expand = "goals($expand=goalValues($expand=notes),aggregations)";
    let card = cy
        .get(&format!("{}({})?$expand={expand}", scorecards(), id::SCORECARD))
        .await
        .json();
    let goals = card["goals"].as_array().unwrap();
    assert_eq!(goals.len(), 3);
    assert_eq!(goals[2]["goalValues"][1]["notes"][0]["body"], "The new hotline helps.");
    assert!(
        card["goals@odata.context"]
            .as_str()
            .unwrap()
            .ends_with(&format!("$metadata#scorecards({})/goals", id::SCORECARD))
    );
    let lean = cy
        .get(&format!("{}?$select=id,name&$expand=goalValues", self::goals()))
        .await
        .value();
    let mut names: Vec<&String> = lean[2].as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["goalValues", "goalValues@odata.context", "id", "name"]);
    let wrong = format!("{}({})?$expand=goals($expand=secrets)", scorecards(), id::SCORECARD);
    assert_eq!(cy.get(&wrong).await.status, 400);
}

#[tokio::test]
async fn an_administrator_connects_a_goal_and_its_refresh_says_what_went_wrong() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let goal = made(&bo, "By month", None).await;
    let connect = format!("{}/sandbox/goals/{goal}", service.sandbox.url());
    let wish = |query: &str, person: &str| json!({"side": "current", "model": id::SALES_MODEL, "query": query, "person": person});
    let place = self::goal(&goal);
    let cases = [
        ("EVALUATE ROW(\"v\", BLANK())", "bo@contoso.test", "EmptyGoalValues"),
        ("EVALUATE ROW(\"v\", \"much\")", "bo@contoso.test", "QueryResultError"),
        (
            "EVALUATE ROW(\"v\", [No such measure])",
            "bo@contoso.test",
            "QueryExecutionError",
        ),
        ("EVALUATE ROW(\"v\", 1)", "flo@contoso.test", "UserNotAuthorized"),
        (
            "EVALUATE SUMMARIZECOLUMNS('Date'[Date], \"v\", [Total Sales])",
            "bo@contoso.test",
            "Succeeded",
        ),
    ];
    for (query, person, status) in cases {
        assert_eq!(bo.post(&connect, wish(query, person)).await.status, 204);
        bo.post(&format!("{place}/RefreshGoalCurrentValue()"), json!({})).await;
        service.advance_s(3);
        let history = bo.get(&format!("{place}/GetRefreshHistory()")).await;
        assert_eq!(history.column("status").last().unwrap(), status, "{}", history.text());
    }
    assert!(
        bo.get(&format!("{place}/goalValues")).await.value().len() > 100,
        "one check-in for each day"
    );
    assert_eq!(
        bo.post(&connect, wish("EVALUATE ROW(\"v\", 1)", "nobody@contoso.test"))
            .await
            .status,
        404
    );
    let nowhere = format!("{}/sandbox/goals/{}", service.sandbox.url(), id::CAPACITY);
    assert_eq!(
        bo.post(&nowhere, wish("EVALUATE ROW(\"v\", 1)", "bo@contoso.test"))
            .await
            .status,
        404
    );
}
