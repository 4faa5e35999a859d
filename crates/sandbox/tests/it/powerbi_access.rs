//! Tokens, scopes and rights: who is let in, and the form of each no.

use serde_json::json;

use crate::powerbi_support::ALL_SCOPES;
use crate::powerbi_support::Service;
use crate::powerbi_support::assert_empty;
use crate::powerbi_support::id;

#[tokio::test]
async fn a_bad_token_is_a_403_without_a_body() {
    let service = Service::start().await;
    assert_eq!(service.with_token(None).get("groups").await.refusal(), (403, None));
    let nonsense = service.with_token(Some("nonsense".to_owned()));
    assert_eq!(nonsense.get("groups").await.refusal(), (403, Some("InvalidToken")));
    let short = service.sandbox.access_token_for("ada@contoso.test", ALL_SCOPES, 60);
    let short = service.with_token(short);
    assert_eq!(short.get("groups").await.status, 200);
    service.advance_s(61);
    let late = short.get("groups").await;
    assert_eq!(late.refusal(), (403, Some("TokenExpired")));
    assert!(late.header("requestid").is_some());
}

#[tokio::test]
async fn a_missing_scope_is_a_403() {
    let service = Service::start().await;
    let reader = service.with_scopes("ada@contoso.test", &["Workspace.Read.All", "Report.Read.All"]);
    assert_eq!(reader.get("groups").await.status, 200);
    assert_eq!(
        reader.get("datasets").await.refusal(),
        (403, Some("InsufficientScopes"))
    );
    assert_eq!(
        reader.post("groups", json!({"name": "x"})).await.refusal(),
        (403, Some("InsufficientScopes"))
    );
    // An export reads the model too.
    let export = format!("groups/{}/reports/{}/ExportTo", id::FINANCE, id::FINANCE_OVERVIEW);
    assert_eq!(
        reader.post(&export, json!({"format": "PDF"})).await.refusal(),
        (403, Some("InsufficientScopes"))
    );
}

#[tokio::test]
async fn hidden_items_and_workspaces_are_not_there() {
    let service = Service::start().await;
    let flo = service.person("flo");
    let nowhere = "5a4db0c5-0011-4000-8000-00000000ffff";
    assert_eq!(
        flo.get(&format!("groups/{}/datasets", id::SALES)).await.refusal(),
        (401, Some("GroupNotAccessible"))
    );
    for model in [id::SALES_MODEL, nowhere] {
        let reply = flo.get(&format!("datasets/{model}")).await;
        assert_eq!(reply.error(), (404, "PowerBIEntityNotFound".to_owned()));
        let inner = json!({"code": "PowerBIEntityNotFound", "parameters": {}, "details": [], "exceptionCulprit": 1});
        assert_eq!(reply.json()["error"]["pbi.error"], inner);
    }
    // A model must live in the workspace it is named under.
    let ada = service.person("ada");
    let misplaced = ada
        .get(&format!("groups/{}/datasets/{}", id::FINANCE, id::SALES_MODEL))
        .await;
    assert_eq!(misplaced.error(), (404, "PowerBIEntityNotFound".to_owned()));
    assert_eq!(ada.get("datasets/not-a-guid").await.status, 400);
    assert_eq!(
        service
            .with_scopes("kim@fabrikam.test", ALL_SCOPES)
            .get(&format!("datasets/{}", id::SALES_MODEL))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn readers_see_no_more_than_id_and_name() {
    let service = Service::start().await;
    let path = format!("groups/{}/datasets", id::SALES);
    let seen = service.person("cy").get(&path).await.value();
    assert_eq!(seen[0], json!({"id": id::SALES_MODEL, "name": "Sales model"}));
    let own = service.person("bo").get(&path).await.value();
    assert_eq!(own[0]["configuredBy"], "bo@contoso.test");
    assert_eq!(own[0]["isEffectiveIdentityRequired"], true);
    assert!(own[0]["createReportEmbedURL"].as_str().unwrap().contains("config="));
    let refreshes = service
        .person("cy")
        .get(&format!("{path}/{}/refreshes", id::SALES_MODEL))
        .await;
    assert_eq!(refreshes.refusal(), (401, Some("PowerBINotAuthorizedException")));
}

#[tokio::test]
async fn a_query_needs_the_build_right() {
    let service = Service::start().await;
    let query = "EVALUATE ROW(\"n\", 1)";
    let (cy, di, eve) = (service.person("cy"), service.person("di"), service.person("eve"));
    assert_eq!(cy.query(id::SALES_MODEL, query).await.status, 200);
    assert_eq!(
        di.query(id::SALES_MODEL, query).await.error(),
        (404, "PowerBIEntityNotFound".to_owned())
    );
    // The app gives Eve Build on the finance model, though the workspace is closed to her.
    assert_eq!(eve.query(id::FINANCE_MODEL, query).await.status, 200);
    let grouped = format!("groups/{}/datasets/{}/executeQueries", id::FINANCE, id::FINANCE_MODEL);
    assert_eq!(
        eve.post(&grouped, json!({"queries": [{"query": query}]}))
            .await
            .refusal(),
        (401, Some("GroupNotAccessible"))
    );
    let grant =
        json!({"identifier": "di@contoso.test", "principalType": "User", "datasetUserAccessRight": "ReadExplore"});
    assert_empty(
        &service
            .person("bo")
            .post(&format!("datasets/{}/users", id::SALES_MODEL), grant)
            .await,
    );
    assert_eq!(di.query(id::SALES_MODEL, query).await.status, 200);
}

#[tokio::test]
async fn rights_on_a_model_are_given_and_taken() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let users = format!("groups/{}/datasets/{}/users", id::SALES, id::SALES_MODEL);
    let named = |reply: &crate::powerbi_support::Reply, who: &str| {
        reply
            .value()
            .into_iter()
            .find(|user| user["identifier"] == who)
            .map(|user| user["datasetUserAccessRight"].clone())
    };
    let before = bo.get(&users).await;
    assert_eq!(
        named(&before, "ada@contoso.test"),
        Some(json!("ReadWriteReshareExplore"))
    );
    assert_eq!(named(&before, "cy@contoso.test"), Some(json!("ReadExplore")));
    let write =
        json!({"identifier": "eve@contoso.test", "principalType": "User", "datasetUserAccessRight": "ReadWrite"});
    assert_eq!(bo.post(&users, write).await.status, 400);
    let read = json!({"identifier": "eve@contoso.test", "principalType": "User", "datasetUserAccessRight": "Read"});
    assert_empty(&bo.post(&users, read).await);
    assert_eq!(
        service
            .person("eve")
            .get(&format!("datasets/{}", id::SALES_MODEL))
            .await
            .status,
        200
    );
    let none = json!({"identifier": "eve@contoso.test", "principalType": "User", "datasetUserAccessRight": "None"});
    assert_empty(&bo.put(&users, none).await);
    assert_eq!(
        service
            .person("eve")
            .get(&format!("datasets/{}", id::SALES_MODEL))
            .await
            .status,
        404
    );
    assert_eq!(
        service.person("cy").get(&users).await.refusal(),
        (401, Some("PowerBINotAuthorizedException"))
    );
}

#[tokio::test]
async fn an_app_reader_reads_the_app_and_nothing_else() {
    let service = Service::start().await;
    let eve = service.person("eve");
    let apps = eve.get("apps").await;
    assert_eq!(apps.column("name"), ["Finance app"]);
    let reports = eve.get(&format!("apps/{}/reports", id::FINANCE_APP)).await;
    assert_eq!(reports.column("name"), ["Finance overview", "Booking list"]);
    assert_eq!(reports.value()[0]["appId"], id::FINANCE_APP);
    assert_eq!(eve.get(&format!("reports/{}", id::FINANCE_OVERVIEW)).await.status, 200);
    assert_eq!(eve.get(&format!("reports/{}", id::REGIONAL_SALES)).await.status, 404);
    let tiles = eve
        .get(&format!(
            "apps/{}/dashboards/{}/tiles",
            id::FINANCE_APP,
            id::FINANCE_BOARD
        ))
        .await;
    assert_eq!(tiles.column("title"), ["Bookings", "Stock on hand"]);
    assert_eq!(service.person("flo").get("apps").await.value().len(), 0);
    let job = service.with_scopes("5a4db0c5-0003-4000-8000-000000000001", &[]);
    assert_eq!(job.get("apps").await.status, 403);
}

#[tokio::test]
async fn a_service_principal_works_by_its_role() {
    let service = Service::start().await;
    let job = service.with_scopes("5a4db0c5-0003-4000-8000-000000000001", &[]);
    assert_eq!(job.get("groups").await.column("name"), ["Sales"]);
    assert_eq!(
        job.post(&format!("datasets/{}/refreshes", id::PAYROLL), json!({}))
            .await
            .status,
        202
    );
    assert_eq!(job.get("datasets").await.status, 403);
    let rls = job.query(id::SALES_MODEL, "EVALUATE ROW(\"n\", 1)").await;
    assert_eq!(rls.error(), (400, "DatasetExecuteQueriesError".to_owned()));
}

#[tokio::test]
async fn what_is_no_operation_or_too_large_is_refused() {
    let service = Service::start().await;
    let ada = service.person("ada");
    assert_eq!(
        ada.get("no/such/thing").await.error(),
        (404, "ResourceNotFound".to_owned())
    );
    assert_eq!(
        ada.put("groups", json!({})).await.error(),
        (405, "MethodNotAllowed".to_owned())
    );
    let large = ada.post("groups", json!({"name": "x".repeat(9 * 1024 * 1024)})).await;
    assert_eq!(large.error(), (413, "RequestEntityTooLarge".to_owned()));
    // The case of a path does not matter to the service.
    assert_eq!(
        ada.get(&format!("Groups/{}/DataSets", id::SALES.to_uppercase()))
            .await
            .status,
        200
    );
}
