//! The pretend Power BI REST API under `/v1.0/myorg`.

mod activity;
mod admin;
mod answer;
mod apps;
mod blob_list;
mod blobs;
mod call;
mod capacities;
mod check_ins;
mod connections;
mod dashboards;
mod dataflows;
mod datasets;
mod dax_queries;
mod deployments;
mod embed;
mod expand;
mod export_file;
mod export_filter;
mod exports;
mod fields;
mod filter;
mod gateways;
mod goal_refresh;
mod goals;
mod import_items;
mod imports;
mod install_tickets;
mod native_dataflows;
mod odata;
mod onedrive_imports;
mod operations;
mod package;
mod pipelines;
mod profiles;
mod push;
mod push_models;
mod queries;
mod receive;
mod refresh;
mod refresh_detail;
mod refusal;
mod report_content;
mod reports;
mod rights;
mod route;
mod schedules;
mod scopes;
mod scorecards;
mod sharing;
mod sources;
mod status_rules;
mod storage;
mod tiles;
mod upload_places;
mod workloads;
mod workspaces;

use std::sync::PoisonError;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::extract::Request;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::any;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use http::request::Parts;

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

/// Everything under `/v1.0/myorg`, and the places where large files are uploaded.
pub fn router(sandbox: Sandbox) -> Router {
    Router::new()
        .route("/v1.0/myorg/{*rest}", any(answer))
        .route(blobs::ROUTE, any(blobs::answer))
        // Each way of reading a body has a limit of its own.
        .layer(DefaultBodyLimit::disable())
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
    let (body, file) = if operation.takes_files {
        receive::upload(&parts, body).await?
    } else {
        (receive::small(body).await?, None)
    };
    let call = Call {
        who: who(sandbox, &bearer, &parts.headers)?,
        who_name: bearer.name.clone(),
        query: query(&parts),
        now_ms: sandbox.clock().now_ms(),
        trace: Trace::of(&parts),
        sandbox: sandbox.clone(),
        params,
        body,
        file,
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

/// Who asks: the person or service principal of the token, or the profile a service principal names.
fn who(sandbox: &Sandbox, bearer: &Bearer, headers: &HeaderMap) -> Result<Who, Refusal> {
    let person = sandbox.directory().find_by_oid(&bearer.oid).cloned();
    let groups = person.map(|person| person.groups).unwrap_or_default();
    let mut who = Who {
        tid: bearer.tid.clone(),
        oid: bearer.oid.clone(),
        upn: bearer.upn.clone(),
        groups,
        app_only: bearer.app_only,
    };
    if let Some(id) = headers.get(profiles::HEADER).filter(|_| who.app_only) {
        let world = sandbox.world().lock().unwrap_or_else(PoisonError::into_inner);
        profiles::act_as(&world, &mut who, id.to_str().unwrap_or_default())?;
    }
    Ok(who)
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
    if known_path {
        let message = format!("the resource does not know the method {}", parts.method);
        return Err(Refusal::Coded {
            status: StatusCode::METHOD_NOT_ALLOWED,
            code: "MethodNotAllowed",
            message: Some(message),
        });
    }
    let message = format!("no operation of the API has the path {path}");
    Err(Refusal::Coded {
        status: StatusCode::NOT_FOUND,
        code: "ResourceNotFound",
        message: Some(message),
    })
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
