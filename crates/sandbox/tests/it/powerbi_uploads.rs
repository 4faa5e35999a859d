//! Large files: uploads by way of a signed address, uploads streamed, downloads made up while they are sent.

use reqwest::Method;
use reqwest::StatusCode;
use serde_json::Value;
use serde_json::json;

use crate::powerbi_support::Caller;
use crate::powerbi_support::Reply;
use crate::powerbi_support::Service;
use crate::powerbi_support::id;

async fn place(caller: &Caller) -> String {
    let path = format!("groups/{}/imports/createTemporaryUploadLocation", id::SALES);
    let made = caller.send(Method::POST, &path, None).await;
    assert_eq!(made.status, 200, "{}", made.text());
    assert_eq!(made.json()["expirationTime"], "2026-08-03T10:00:00Z");
    made.json()["url"].as_str().unwrap().to_owned()
}

async fn put(url: &str, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> (StatusCode, String, String) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = http.put(url).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let reply = request.send().await.unwrap();
    let code = reply.headers().get("x-ms-error-code");
    let code = code.map(|code| code.to_str().unwrap().to_owned()).unwrap_or_default();
    (reply.status(), code, reply.text().await.unwrap())
}

async fn import(service: &Service, caller: &Caller, url: &str, name: &str) -> Value {
    let path = format!("groups/{}/imports", id::SALES);
    let started = caller
        .post(&format!("{path}?datasetDisplayName={name}"), json!({"fileUrl": url}))
        .await;
    assert_eq!(started.status, 202, "{}", started.text());
    service.advance_s(5);
    caller
        .get(&format!("{path}/{}", started.json()["id"].as_str().unwrap()))
        .await
        .json()
}

async fn pbix(caller: &Caller) -> Vec<u8> {
    caller
        .get(&format!("reports/{}/Export", id::SALES_OVERVIEW))
        .await
        .bytes
}

const BLOB: &[(&str, &str)] = &[("x-ms-blob-type", "BlockBlob")];

#[tokio::test]
async fn a_file_put_at_a_signed_address_is_imported_from_there() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let (url, file) = (place(&bo).await, pbix(&bo).await);
    assert!(url.starts_with(service.sandbox.url()));
    assert_eq!(put(&url, BLOB, file.clone()).await.0, 201);
    let done = import(&service, &bo, &url, "Large.pbix").await;
    assert_eq!(done["importState"], "Succeeded", "{done}");
    let report = done["reports"][0]["id"].as_str().unwrap();
    assert_eq!(bo.get(&format!("reports/{report}/pages")).await.value().len(), 5);
    assert_eq!(bo.get(&format!("reports/{report}/Export")).await.bytes, file);
    let ledger = service.sandbox.ledger().entries(&Default::default());
    let blob = ledger.iter().find(|entry| entry.path.starts_with("/blob/")).unwrap();
    assert!(!blob.query.contains("sig="), "{}", blob.query);
}

#[tokio::test]
async fn blocks_are_put_together_in_the_order_of_the_list() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let (url, file) = (place(&bo).await, pbix(&bo).await);
    let (front, back) = file.split_at(file.len() / 2);
    for (id, part) in [("Qg%3D%3D", back), ("QQ%3D%3D", b"superseded"), ("QQ%3D%3D", front)] {
        let block = format!("{url}&comp=block&blockid={id}");
        assert_eq!(put(&block, &[], part.to_vec()).await.0, 201);
    }
    let list = |ids: &[&str]| {
        let ids: String = ids.iter().map(|id| format!("<Latest>{id}</Latest>")).collect();
        format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>{ids}</BlockList>")
    };
    let commit = format!("{url}&comp=blocklist");
    let (status, code, body) = put(&commit, &[], list(&["QQ==", "Qw=="])).await;
    assert_eq!((status.as_u16(), code.as_str()), (400, "InvalidBlockList"));
    assert!(body.contains("<Code>InvalidBlockList</Code>"));
    assert_eq!(put(&commit, &[], "no list").await.1, "InvalidXmlDocument");
    let early = bo
        .post("imports?datasetDisplayName=x.pbix", json!({"fileUrl": url}))
        .await;
    assert_eq!(early.status, 400, "nothing is there before the list");
    assert_eq!(put(&commit, &[], list(&["QQ==", "Qg=="])).await.0, 201);
    let done = import(&service, &bo, &url, "Blocks.pbix").await;
    let report = done["reports"][0]["id"].as_str().unwrap();
    assert_eq!(bo.get(&format!("reports/{report}/Export")).await.bytes, file);
}

#[tokio::test]
async fn a_signed_address_is_all_it_takes_and_all_that_counts() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let url = place(&bo).await;
    let with_token = [("x-ms-blob-type", "BlockBlob"), ("authorization", "Bearer abc")];
    let (status, code, _) = put(&url, &with_token, "x").await;
    assert_eq!((status.as_u16(), code.as_str()), (403, "AuthenticationFailed"));
    let unsigned = url.split('?').next().unwrap();
    assert_eq!(put(unsigned, BLOB, "x").await.0, 403);
    assert_eq!(put(&url.replace("sig=", "sig=A"), BLOB, "x").await.0, 403);
    assert_eq!(put(&url, &[], "x").await.1, "MissingRequiredHeader");
    assert_eq!(
        put(&url, &[("x-ms-blob-type", "PageBlob")], "x").await.1,
        "InvalidHeaderValue"
    );
    assert_eq!(
        put(&format!("{url}&comp=block&blockid=!"), &[], "x").await.1,
        "InvalidQueryParameterValue"
    );
    assert_eq!(
        put(&format!("{url}&comp=lease"), BLOB, "x").await.1,
        "InvalidQueryParameterValue"
    );
    let nobody = service.with_token(None).send(Method::GET, &url, None).await;
    assert_eq!(nobody.header("x-ms-error-code"), Some("UnsupportedHttpVerb"));
    assert_eq!(put(&url, BLOB, "not a zip").await.0, 201);
    let failed = import(&service, &bo, &url, "Text.pbix").await;
    assert_eq!(failed["importState"], "Failed");
    service.advance_s(3600);
    assert_eq!(put(&url, BLOB, "x").await.0, 403, "its time is over");
    let imports = format!("groups/{}/imports?datasetDisplayName=x.pbix", id::SALES);
    for wrong in [
        json!({}),
        json!({"fileUrl": "https://elsewhere.test/x.pbix"}),
        json!({"fileUrl": url}),
    ] {
        assert_eq!(
            bo.post(&imports, wrong).await.error(),
            (400, "InvalidRequest".to_owned())
        );
    }
    let path = format!("groups/{}/imports/createTemporaryUploadLocation", id::SALES);
    assert_eq!(
        service.person("cy").post(&path, json!({})).await.refusal(),
        (401, Some("PowerBINotAuthorizedException"))
    );
    assert_eq!(
        bo.post("imports/createTemporaryUploadLocation", json!({})).await.status,
        200
    );
}

/// The memory this process holds, in MiB.
fn resident_mib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4096 / 1024 / 1024
}

async fn upload_padded(caller: &Caller, file: Vec<u8>, padding_mib: usize) -> Reply {
    let head = b"--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n".to_vec();
    let zeros = bytes::Bytes::from(vec![0_u8; 1024 * 1024]);
    let pieces = [bytes::Bytes::from(head), file.into()]
        .into_iter()
        .chain(std::iter::repeat_n(zeros, padding_mib))
        .chain([bytes::Bytes::from_static(b"\r\n--cut--\r\n")]);
    let stream = futures_util::stream::iter(pieces.map(Ok::<_, std::io::Error>).collect::<Vec<_>>());
    let path = format!("groups/{}/imports?datasetDisplayName=Padded.pbix", id::SALES);
    caller
        .send_stream(
            &path,
            "multipart/form-data; boundary=cut",
            reqwest::Body::wrap_stream(stream),
        )
        .await
}

#[tokio::test]
async fn a_large_upload_and_a_large_download_leave_the_memory_flat() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let file = pbix(&bo).await;
    let before = resident_mib();
    let started = upload_padded(&bo, file, 300).await;
    assert_eq!(started.status, 202, "{}", started.text());
    assert!(resident_mib() < before + 150, "{} MiB after {before}", resident_mib());
    service.advance_s(5);
    let done = bo
        .get(&format!(
            "groups/{}/imports/{}",
            id::SALES,
            started.json()["id"].as_str().unwrap()
        ))
        .await
        .json();
    let report = done["reports"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(bo.get(&format!("reports/{report}/pages")).await.value().len(), 5);
    let (bytes, head) = bo.read_away(&format!("reports/{report}/Export")).await;
    assert!(bytes > 300 * 1024 * 1024, "{bytes}");
    assert_eq!(&head[..4], b"PK\x03\x04");
    assert!(resident_mib() < before + 150, "{} MiB after {before}", resident_mib());
}

#[tokio::test]
async fn an_administrator_makes_downloads_as_large_as_wished() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let settings = format!("{}/sandbox/settings", service.sandbox.url());
    let set = bo.post(&settings, json!({"download_mib": 3})).await;
    assert_eq!(set.json()["download_mib"], 3, "{}", set.text());
    let file = pbix(&bo).await;
    assert!(
        (3 * 1024 * 1024..4 * 1024 * 1024).contains(&file.len()),
        "{}",
        file.len()
    );
    let path = format!("groups/{}/imports?datasetDisplayName=Again.pbix", id::SALES);
    let started = bo.upload(&path, &file).await;
    service.advance_s(5);
    let done = bo
        .get(&format!(
            "groups/{}/imports/{}",
            id::SALES,
            started.json()["id"].as_str().unwrap()
        ))
        .await
        .json();
    assert_eq!(done["importState"], "Succeeded", "the file is a whole zip");
    assert_eq!(bo.post(&settings, json!({"download_mib": -1})).await.status, 400);
    bo.post(&settings, json!({"download_mib": 0})).await;
    assert!(pbix(&bo).await.len() < 100_000);
}
