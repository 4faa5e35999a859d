//! First-run set-up: the one-time link makes the owner, then is closed for ever.

use std::collections::HashMap;

use axum::extract::{Query, State};
use axum::response::Response;
use http::{Extensions, HeaderMap, StatusCode};
use serde_json::json;

use super::{alone, broken, peer, too_many, unrecorded};
use crate::admin::setup::{self, FirstOwner};
use crate::admin::throttle::{self, Guess};
use crate::admin::{Problems, Refused};
use crate::app::App;
use crate::page::{self, Fields, Leaving, Message};
use crate::session::{self, Proof};

/// `GET /setup?token=…`
pub(super) async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    extensions: Extensions,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let token = query.get("token").map_or("", String::as_str);
    let counted = throttle::link(&app, peer(&extensions));
    match setup::holds(&app, &counted, token).await {
        Ok(true) => {
            counted.right(&app);
            form(&app, &headers, StatusCode::OK, token, ("", ""), &Problems::new())
        }
        Ok(false) => wrong(counted),
        Err(error) => broken(&error),
    }
}

fn form(
    app: &App,
    headers: &HeaderMap,
    status: StatusCode,
    token: &str,
    (name, email): (&str, &str),
    problems: &Problems,
) -> Response {
    let details =
        json!({ "token": token, "form": { "name": name, "email": email }, "problems": problems, "problem": null });
    alone(app, headers, status, &Leaving::Stays, "setup.html", "Set up", details)
}

fn wrong(counted: Guess) -> Response {
    counted.wrong().map_or_else(too_many, |()| closed())
}

fn closed() -> Response {
    let text = "This link is not, or no longer, valid. The set-up of a gateway works once.";
    let how = "If this gateway has no owner yet, start it again: it prints a fresh link.";
    let links = &[("/sign-in", "To the sign-in")];
    page::message(
        StatusCode::NOT_FOUND,
        Message {
            title: "There is nothing to set up",
            text,
            how,
            links,
            ..Message::default()
        },
    )
}

/// `POST /setup`
pub(super) async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    extensions: Extensions,
    fields: Fields,
) -> Response {
    let token = fields.text("token");
    let counted = throttle::link(&app, peer(&extensions));
    match setup::holds(&app, &counted, token).await {
        Ok(true) => {}
        Ok(false) => return wrong(counted),
        Err(error) => return broken(&error),
    }
    let (name, email) = (fields.text("name"), fields.text("email"));
    let owner = match FirstOwner::check(name, email, fields.exact("password"), fields.exact("again")) {
        Ok(owner) => owner,
        Err(problems) => {
            counted.right(&app);
            return form(
                &app,
                &headers,
                StatusCode::UNPROCESSABLE_ENTITY,
                token,
                (name, email),
                &problems,
            );
        }
    };
    let done = match setup::by_link(&app, &counted, token, &owner).await {
        Ok(done) => done,
        Err(Refused::Store(error)) => return broken(&error),
        Err(Refused::Audit(_)) => return unrecorded(),
        Err(_) => return closed(),
    };
    counted.right(&app);
    let begun = session::begin(
        &app.db,
        &app.clock,
        app.session_lifetime(),
        &done.owner,
        Proof::Password,
        &headers,
        peer(&extensions),
    )
    .await;
    match begun {
        Ok(cookie) => page::redirect_with("/integrations/new", cookie),
        Err(error) => broken(&error),
    }
}
