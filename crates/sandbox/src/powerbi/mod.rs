//! The pretend Power BI REST API under `/v1.0/myorg`.

mod activity;
mod admin;
mod answer;
mod apps;
mod call;
mod capacities;
mod dashboards;
mod dataflows;
mod datasets;
mod deployments;
mod embed;
mod export_file;
mod export_filter;
mod exports;
mod fields;
mod filter;
mod gateways;
mod import_items;
mod imports;
mod not_done;
mod odata;
mod operations;
mod package;
mod pipelines;
mod push;
mod queries;
mod refresh;
mod refresh_detail;
mod refusal;
mod report_content;
mod reports;
mod rights;
mod route;
mod schedules;
mod scopes;
mod sharing;
mod sources;
mod storage;
mod tiles;
mod workspaces;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use http::HeaderName;
use http::HeaderValue;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use http::request::Parts;
use http_body_util::BodyExt;
use http_body_util::LengthLimitError;
use http_body_util::Limited;

use crate::Sandbox;
use crate::entra;
use crate::entra::Bearer;
use crate::powerbi::activity::Trace;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::operations::Operation;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::route::Params;
use crate::world::access::Who;

/// Where the API lives.
const BASE: &str = "/v1.0/myorg";
/// The largest JSON body taken.
const JSON_BYTES: usize = 8 * 1024 * 1024;
/// The largest upload taken; the service itself takes 1 GB.
const UPLOAD_BYTES: usize = 256 * 1024 * 1024;

/// Everything under `/v1.0/myorg`.
pub fn router(sandbox: Sandbox) -> Router {
    Router::new()
        .route("/v1.0/myorg/{*rest}", any(answer))
        .with_state(sandbox)
}

async fn answer(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut response = match serve(&sandbox, parts, body).await {
        Ok(answer) => answer.into_response(),
        Err(refusal) => refusal.into_response(),
    };
    dress(&mut response);
    response
}

/// One call as the service takes it: token, operation, scope, body, then the work itself.
async fn serve(sandbox: &Sandbox, parts: Parts, body: Body) -> Result<Answer, Refusal> {
    let bearer = entra::check(sandbox, &parts.headers)?;
    let (operation, params) = operation_of(&parts)?;
    if !bearer.app_only && !scopes::satisfied(operation.scopes, &bearer.scopes) {
        return Err(Refusal::no_scope());
    }
    let limit = if operation.takes_files {
        UPLOAD_BYTES
    } else {
        JSON_BYTES
    };
    let body = read(body, limit).await?;
    let call = Call {
        who: who(sandbox, &bearer),
        who_name: bearer.name.clone(),
        query: query(&parts),
        now_ms: sandbox.clock().now_ms(),
        trace: Trace::of(&parts),
        sandbox: sandbox.clone(),
        headers: parts.headers,
        params,
        body,
    };
    if let Some(gate) = &operation.gate {
        admin::admit(&call, &bearer, operation, gate)?;
    }
    if !operation.is_heavy {
        return activity::perform(operation, &call);
    }
    let work = tokio::task::spawn_blocking(move || activity::perform(operation, &call)).await;
    work.unwrap_or_else(|panic| {
        Err(Refusal::Coded {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "InternalServerError",
            message: Some(panic.to_string()),
        })
    })
}

fn who(sandbox: &Sandbox, bearer: &Bearer) -> Who {
    let person = sandbox.directory().find_by_oid(&bearer.oid).cloned();
    let groups = person.map(|person| person.groups).unwrap_or_default();
    Who {
        tid: bearer.tid.clone(),
        oid: bearer.oid.clone(),
        upn: bearer.upn.clone(),
        groups,
        app_only: bearer.app_only,
    }
}

fn query(parts: &Parts) -> Vec<(String, String)> {
    let text = parts.uri.query().unwrap_or_default();
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

/// The operation a request means, and what its path holds.
fn operation_of(parts: &Parts) -> Result<(&'static Operation, Params), Refusal> {
    let path = parts.uri.path().strip_prefix(BASE).unwrap_or_default();
    let segments = route::segments(path).ok_or_else(|| Refusal::bad("the path is not UTF-8"))?;
    let mut known_path = false;
    for operation in operations::all() {
        if let Some(params) = route::matches(operation.path, &segments) {
            if parts.method.as_str() == operation.method {
                return Ok((operation, params));
            }
            known_path = true;
        }
    }
    let undone = not_done::OPERATIONS
        .iter()
        .find(|(method, path)| *method == parts.method.as_str() && route::matches(path, &segments).is_some());
    match undone {
        Some((method, path)) => Err(Refusal::NotDone {
            what: format!("{method} {BASE}/{}", path.trim_start_matches("~/")),
        }),
        None if known_path => {
            let message = format!("the resource does not know the method {}", parts.method);
            Err(Refusal::Coded {
                status: StatusCode::METHOD_NOT_ALLOWED,
                code: "MethodNotAllowed",
                message: Some(message),
            })
        }
        None => {
            let message = format!("no operation of the API has the path {path}");
            Err(Refusal::Coded {
                status: StatusCode::NOT_FOUND,
                code: "ResourceNotFound",
                message: Some(message),
            })
        }
    }
}

async fn read(body: Body, limit: usize) -> Result<Bytes, Refusal> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let message = format!("the body is larger than the {limit} bytes the sandbox takes");
            Err(Refusal::Coded {
                status: StatusCode::PAYLOAD_TOO_LARGE,
                code: "RequestEntityTooLarge",
                message: Some(message),
            })
        }
        Err(error) => Err(Refusal::bad(format!("the body could not be read: {error}"))),
    }
}

/// The headers every answer of the service carries besides `RequestId`, which all of the sandbox's answers have.
fn dress(response: &mut Response) {
    let headers = response.headers_mut();
    let fixed = [
        (HeaderName::from_static("access-control-expose-headers"), "RequestId"),
        (HeaderName::from_static("request-redirected"), "true"),
        (
            HeaderName::from_static("home-cluster-uri"),
            "https://wabi-sandbox-redirect.analysis.windows.test/",
        ),
        (CACHE_CONTROL, "no-store, must-revalidate, no-cache"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
