//! One's own second factor: setting it up, its recovery codes, removing it.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use super::failure::Failure;
use super::visitor::{Place, Visitor};
use crate::admin::second_factor::{self, Beginning};
use crate::admin::{Problems, Refused};
use crate::app::App;
use crate::page::{self, Fields, Leaving};

const PAGE: Place<'static> = Place {
    template: "second_factor.html",
    title: "Second factor",
    section: "account",
};

/// `POST /account/second-factor`: a fresh secret, not in force yet.
pub(super) async fn begin(State(app): State<App>, visitor: Visitor) -> Result<Response, Failure> {
    let beginning = second_factor::begin(&app, &visitor.caller).await?;
    shown(&app, &visitor, StatusCode::OK, &beginning, &Problems::new())
}

fn shown(
    app: &App,
    visitor: &Visitor,
    status: StatusCode,
    beginning: &Beginning,
    problems: &Problems,
) -> Result<Response, Failure> {
    let details =
        json!({ "codes": null, "secret": beginning.secret, "address": beginning.address, "problems": problems });
    visitor.show_as(app, status, &Leaving::Stays, PAGE, details)
}

/// `POST /account/second-factor/confirm`: answers with the recovery codes, this once.
pub(super) async fn confirm(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    match second_factor::confirm(&app, &visitor.caller, fields.text("code")).await {
        Ok(codes) => visitor.show(&app, PAGE, json!({ "codes": codes })),
        Err(Refused::Invalid(problems)) => {
            let beginning = second_factor::begun(&app, &visitor.caller).await?;
            shown(&app, &visitor, StatusCode::UNPROCESSABLE_ENTITY, &beginning, &problems)
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /account/second-factor/remove`
pub(super) async fn remove(State(app): State<App>, visitor: Visitor) -> Result<Response, Failure> {
    second_factor::remove(&app, &visitor.caller).await?;
    Ok(page::redirect("/account?done=saved"))
}
