//! Every operation there is, asked once.

use catalogue::Catalogue;
use reqwest::Method;

use crate::powerbi_support::Service;
use crate::powerbi_support::id;

/// A path of the catalogue with something in place of each name.
fn filled(template: &str) -> String {
    let mut path = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').unwrap();
        path.push_str(before);
        path.push_str(if name == "timestamp" {
            "2026-08-03"
        } else {
            id::CAPACITY
        });
        rest = behind;
    }
    path + rest
}

#[tokio::test]
async fn every_operation_of_the_catalogue_is_answered() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let operations = Catalogue::builtin().operations();
    assert_eq!(operations.len(), 289);
    let mut missing = Vec::new();
    for operation in operations {
        let method = Method::from_bytes(operation.method.as_str().as_bytes()).unwrap();
        let body = (method != Method::GET).then(|| ("application/json".to_owned(), b"{}".to_vec()));
        let url = format!("{}{}", service.sandbox.url(), filled(operation.path.as_str()));
        let reply = ada.send(method, &url, body).await;
        let unknown = ["ResourceNotFound", "MethodNotAllowed", "InternalServerError"];
        if reply.status == 501 || unknown.iter().any(|code| reply.text().contains(code)) {
            missing.push(format!("{} {}", operation.id, reply.text()));
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}
