//! Exports to a file: the job's way, the file's bytes, whose rows are in it.

use std::io::Read;

use serde_json::Value;
use serde_json::json;

use crate::powerbi_support::Caller;
use crate::powerbi_support::Reply;
use crate::powerbi_support::Service;
use crate::powerbi_support::id;

fn export_path(report: &str) -> String {
    format!("groups/{}/reports/{report}/ExportTo", id::FINANCE)
}

fn job_path(report: &str, job: &Value) -> String {
    let encoded =
        percent_encoding::utf8_percent_encode(job["id"].as_str().unwrap(), percent_encoding::NON_ALPHANUMERIC)
            .to_string();
    format!("groups/{}/reports/{report}/exports/{encoded}", id::FINANCE)
}

/// Starts an export, waits for its end and fetches the file.
async fn export(service: &Service, caller: &Caller, report: &str, body: Value) -> Reply {
    let started = caller.post(&export_path(report), body).await;
    assert_eq!(started.status, 202, "{}", started.text());
    service.advance_s(60);
    let status = caller.get(&job_path(report, &started.json())).await;
    assert_eq!(
        (status.status.as_u16(), &status.json()["status"]),
        (200, &json!("Succeeded"))
    );
    caller.get(status.json()["resourceLocation"].as_str().unwrap()).await
}

/// The text of every entry of a zip, as Office files are.
fn unzipped(bytes: &[u8]) -> String {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    for place in 0..zip.len() {
        let mut entry = Vec::new();
        zip.by_index(place).unwrap().read_to_end(&mut entry).unwrap();
        text.push_str(&String::from_utf8_lossy(&entry));
    }
    text
}

#[tokio::test]
async fn an_export_goes_its_way_from_not_started_to_gone() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let started = bo
        .post(&export_path(id::FINANCE_OVERVIEW), json!({"format": "PDF"}))
        .await;
    assert_eq!(started.status, 202, "{}", started.text());
    let job = started.json();
    assert_eq!(
        (&job["status"], &job["percentComplete"]),
        (&json!("NotStarted"), &json!(0))
    );
    assert_eq!(
        (&job["reportName"], &job["expirationTime"]),
        (&json!("Finance overview"), &json!("0001-01-01T00:00:00Z"))
    );
    let id_of_it = job["id"].as_str().unwrap();
    assert!(["=", "+", "/"].iter().all(|sign| id_of_it.contains(sign)), "{id_of_it}");
    let path = job_path(id::FINANCE_OVERVIEW, &job);
    service.advance_s(2);
    let running = bo.get(&path).await;
    assert_eq!(
        (running.status.as_u16(), running.header("retry-after")),
        (202, Some("1"))
    );
    assert_eq!(
        (&running.json()["status"], &running.json()["percentComplete"]),
        (&json!("Running"), &json!(50))
    );
    assert_eq!(bo.get(&format!("{path}/file")).await.status, 400);
    service.advance_s(2);
    let done = bo.get(&path).await;
    assert_eq!(
        (done.status.as_u16(), &done.json()["status"]),
        (200, &json!("Succeeded"))
    );
    assert_eq!(done.json()["resourceFileExtension"], ".pdf");
    assert_eq!(done.json()["expirationTime"], "2026-08-04T09:00:04Z");
    let file = bo.get(done.json()["resourceLocation"].as_str().unwrap()).await;
    assert_eq!(
        (file.status.as_u16(), file.header("content-type")),
        (200, Some("application/pdf"))
    );
    assert!(file.bytes.starts_with(b"%PDF-"));
    assert_eq!(
        service.person("ada").get(&path).await.status,
        404,
        "a job belongs to whoever started it"
    );
    service.advance_s(24 * 3600);
    assert_eq!(bo.get(&path).await.status, 404);
    assert_eq!(bo.get(&format!("{path}/file")).await.status, 404);
}

#[tokio::test]
async fn a_file_holds_the_rows_its_reader_may_see() {
    let service = Service::start().await;
    let slides = json!({"format": "PPTX", "powerBIReportConfiguration": {"pages": [{"pageName": "ReportSection"}]}});
    let of_ada = unzipped(
        &export(&service, &service.person("ada"), id::REGIONAL_SALES, slides.clone())
            .await
            .bytes,
    );
    let of_cy = unzipped(
        &export(&service, &service.person("cy"), id::REGIONAL_SALES, slides)
            .await
            .bytes,
    );
    assert!(of_ada.contains("North") && of_ada.contains("Central"));
    assert!(of_cy.contains("North") && !of_cy.contains("Central"));
    let as_cy = json!({"format": "PPTX", "powerBIReportConfiguration": {"pages": [{"pageName": "ReportSection"}],
        "identities": [{"username": "cy@contoso.test", "roles": ["Region manager"], "datasets": [id::SALES_MODEL]}]}});
    let as_cy_text = unzipped(
        &export(&service, &service.person("ada"), id::REGIONAL_SALES, as_cy.clone())
            .await
            .bytes,
    );
    assert!(as_cy_text.contains("North") && !as_cy_text.contains("Central"));
    let refused = service.person("cy").post(&export_path(id::REGIONAL_SALES), as_cy).await;
    assert_eq!(refused.refusal(), (401, Some("PowerBINotAuthorizedException")));
    let filtered = json!({"format": "PPTX", "powerBIReportConfiguration": {"pages": [{"pageName": "ReportSection"}],
        "reportLevelFilters": [{"filter": "Region/Region eq 'West'"}]}});
    let west = unzipped(
        &export(&service, &service.person("ada"), id::REGIONAL_SALES, filtered)
            .await
            .bytes,
    );
    assert!(west.contains("West") && !west.contains("Central"));
}

#[tokio::test]
async fn paginated_reports_take_parameters_and_formats_of_their_own() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let csv = |values: Value| json!({"format": "CSV", "paginatedReportConfiguration": {"parameterValues": values}});
    let all = export(&service, &bo, id::BOOKING_LIST, csv(json!([]))).await;
    let costs = export(
        &service,
        &bo,
        id::BOOKING_LIST,
        csv(json!([{"name": "Kind", "value": "Cost"}, {"name": "Year", "value": "2025"}])),
    )
    .await;
    assert!(
        all.text().contains("Revenue") && all.text().contains("2026"),
        "{}",
        all.text()
    );
    assert!(
        !costs.text().contains("Revenue") && costs.text().contains("2025"),
        "{}",
        costs.text()
    );
    let workbook = export(&service, &bo, id::BOOKING_LIST, json!({"format": "XLSX"})).await;
    assert!(unzipped(&workbook.bytes).contains("Cost"));
    for wrong in [
        json!([{"name": "Kind", "value": "Gifts"}]),
        json!([{"name": "Colour", "value": "red"}]),
        json!([{"name": "Year", "value": "last"}]),
    ] {
        assert_eq!(
            bo.post(&export_path(id::BOOKING_LIST), csv(wrong.clone())).await.status,
            400,
            "{wrong}"
        );
    }
    assert_eq!(
        bo.post(&export_path(id::BOOKING_LIST), json!({"format": "PNG"}))
            .await
            .status,
        400
    );
    assert_eq!(
        bo.post(&export_path(id::FINANCE_OVERVIEW), json!({"format": "XLSX"}))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn hidden_pages_are_left_out_unless_wanted() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let body = |hidden: bool| json!({"format": "PPTX", "powerBIReportConfiguration": {"settings": {"includeHiddenPages": hidden}}});
    let without = unzipped(&export(&service, &bo, id::FINANCE_OVERVIEW, body(false)).await.bytes);
    let with = unzipped(&export(&service, &bo, id::FINANCE_OVERVIEW, body(true)).await.bytes);
    assert!(without.contains("Cost centres") && !without.contains("Working"));
    assert!(with.contains("Working"));
    let nowhere = json!({"format": "PDF", "powerBIReportConfiguration": {"pages": [{"pageName": "Nowhere"}]}});
    assert_eq!(bo.post(&export_path(id::FINANCE_OVERVIEW), nowhere).await.status, 400);
}

#[tokio::test]
async fn an_export_fails_for_now_or_for_good() {
    let service = Service::start().await;
    let bo = service.person("bo");
    for (report, retry) in [(id::UNSTEADY, Some("1")), (id::UNSUPPORTED, None)] {
        let job = bo.post(&export_path(report), json!({"format": "PDF"})).await.json();
        service.advance_s(60);
        let ended = bo.get(&job_path(report, &job)).await;
        assert_eq!(
            (&ended.json()["status"], ended.header("retry-after")),
            (&json!("Failed"), retry)
        );
        assert_eq!(bo.get(&format!("{}/file", job_path(report, &job))).await.status, 404);
    }
    assert!(
        export(&service, &bo, id::UNSTEADY, json!({"format": "PDF"}))
            .await
            .bytes
            .starts_with(b"%PDF-")
    );
}

#[tokio::test]
async fn an_export_needs_a_capacity() {
    let service = Service::start().await;
    let path = format!("groups/{}/reports/{}/ExportTo", id::SALES, id::SALES_OVERVIEW);
    assert_eq!(
        service.person("bo").post(&path, json!({"format": "PDF"})).await.error(),
        (403, "FeatureNotAvailable".to_owned())
    );
}

#[tokio::test]
async fn a_report_becomes_a_picture_only_where_the_tenant_allows_it() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let settings = format!("{}/sandbox/settings", service.sandbox.url());
    let png = json!({"format": "png"});
    let refused = bo.post(&export_path(id::FINANCE_OVERVIEW), png.clone()).await;
    assert_eq!(
        (refused.status.as_u16(), refused.json()),
        (
            403,
            json!({"error": {"code": "InvalidRequest", "message": "Export report to image is disabled on tenant level"}})
        )
    );
    let pdf = bo
        .post(&export_path(id::FINANCE_OVERVIEW), json!({"format": "PDF"}))
        .await;
    assert_eq!(pdf.status, 202, "other formats have switches of their own");
    assert_eq!(
        bo.post(&settings, json!({"image_export": true})).await.json()["image_export"],
        true
    );
    let file = export(&service, &bo, id::FINANCE_OVERVIEW, png.clone()).await;
    assert_eq!(file.status, 200, "{}", file.text());
    let home = bo.get(service.sandbox.url()).await.text();
    assert!(
        home.contains("refuses until an administrator switches on “Export reports as image files”"),
        "{home}"
    );
    bo.post(&settings, json!({"image_export": false})).await;
    assert_eq!(bo.post(&export_path(id::FINANCE_OVERVIEW), png).await.status, 403);
}
