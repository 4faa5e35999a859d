//! `/sign-in/code`: the second factor, after whatever came first in this browser a moment ago: a password, Microsoft, or the
//! house's provider.

use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{RETRY_AFTER, SET_COOKIE};
use http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::local::{Attempt, enter};
use super::{alone, broken, peer, unrecorded};
use crate::admin::throttle::{Held, Secret, attempt};
use crate::admin::{Refused, second_factor};
use crate::app::App;
use crate::caller::PersonId;
use crate::clock::Timestamp;
use crate::page::{self, Fields, Leaving};
use crate::session::{self, Proof};
use crate::store::people;
use crate::vault::Place;

const PENDING_S: i64 = 300;

/// A first proof that was right; sealed for the browser it was given in.
#[derive(Serialize, Deserialize)]
struct Pending {
    person: PersonId,
    by: Proof,
    until: Timestamp,
}

/// The form's token stands for the browser: the guard has checked it.
fn place(csrf: &str) -> Place<'_> {
    Place {
        table: "sign_in",
        column: "pending",
        row: csrf,
        environment: "",
    }
}

/// The page that asks for the code.
pub(super) fn ask(app: &App, headers: &HeaderMap, person: &PersonId, by: Proof, return_to: &str) -> Response {
    let (csrf, _) = page::csrf(app, headers);
    let pending = Pending {
        person: person.clone(),
        by,
        until: app.clock.now().plus_seconds(PENDING_S),
    };
    let text = serde_json::to_string(&pending).expect("a pending sign-in is plain data");
    let sealed = URL_SAFE_NO_PAD.encode(app.vault.seal_text(place(&csrf), &text));
    form(app, headers, StatusCode::OK, &sealed, return_to, None)
}

fn form(
    app: &App,
    headers: &HeaderMap,
    status: StatusCode,
    pending: &str,
    return_to: &str,
    problem: Option<&str>,
) -> Response {
    let details = json!({ "pending": pending, "return_to": return_to, "problem": problem });
    alone(
        app,
        headers,
        status,
        &Leaving::Stays,
        "sign_in_code.html",
        "Second factor",
        details,
    )
}

fn opened(app: &App, fields: &Fields) -> Option<Pending> {
    let sealed = URL_SAFE_NO_PAD.decode(fields.text("pending")).ok()?;
    let text = app.vault.open_text(place(fields.text("csrf")), &sealed).ok()?;
    let pending: Pending = serde_json::from_str(text.expose_secret()).ok()?;
    (app.clock.now() < pending.until).then_some(pending)
}

/// `GET /sign-in/code`: for whoever came by Microsoft or by the house's provider.
pub(super) async fn show(State(app): State<App>, headers: HeaderMap) -> Response {
    match second_factor::half::of(&app, &headers) {
        Some(it) => ask(&app, &headers, &it.person, it.by, &it.return_to),
        None => page::redirect("/sign-in"),
    }
}

/// `POST /sign-in/code`
pub(super) async fn check(
    State(app): State<App>,
    headers: HeaderMap,
    extensions: Extensions,
    fields: Fields,
) -> Response {
    let Some(pending) = opened(&app, &fields) else {
        return page::redirect("/sign-in");
    };
    let return_to = page::return_path(fields.text("return_to")).unwrap_or("/");
    let person = match people::find(&app.db, &pending.person).await {
        Ok(Some(person)) if person.locked_at.is_none() => person,
        Ok(_) => return page::redirect("/sign-in"),
        Err(error) => return broken(&error),
    };
    let email = person.email.clone().unwrap_or_default();
    let sign_in = Attempt {
        email: &email,
        password: "",
        by: pending.by,
        address: peer(&extensions),
    };
    let again = |status, problem: &str| form(&app, &headers, status, fields.text("pending"), return_to, Some(problem));
    let counted = match attempt(&app, Secret::Code(&person.id), sign_in.address).await {
        Ok(counted) => counted,
        Err(Held::Wait(seconds)) => {
            let text = format!("Too many attempts. Wait {seconds} seconds, then try again.");
            let mut answer = again(StatusCode::TOO_MANY_REQUESTS, &text);
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            return answer;
        }
        Err(Held::Store(error)) => return broken(&error),
    };
    match second_factor::takes(&app, &counted, &person.id, fields.text("code")).await {
        Ok(true) => match counted.right(&app).await {
            Ok(()) => {
                let mut answer = enter(&app, &headers, &sign_in, &person, return_to).await;
                answer
                    .headers_mut()
                    .append(SET_COOKIE, session::clear_cookie(session::HALF));
                answer
            }
            Err(error) => broken(&error),
        },
        Ok(false) => {
            if sign_in.record(&app, "sign_in.failed", Some(&person)).await.is_err() {
                return unrecorded();
            }
            again(
                StatusCode::UNAUTHORIZED,
                "That is not the present code, or it was used before.",
            )
        }
        Err(Refused::Store(error)) => broken(&error),
        Err(_) => again(
            StatusCode::CONFLICT,
            "The second factor cannot be read; an administrator can reset it under People.",
        ),
    }
}
