//! What goes wrong behind a page, as a page.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::admin::Refused;
use crate::connections::ConnectError;
use crate::page::{self, Message, Unrendered};
use crate::store;

/// Why a page or a change did not come about.
#[derive(Debug)]
pub(super) enum Failure {
    Refused(Refused),
    Connect(Box<ConnectError>),
    Unrendered(Unrendered),
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        Self::Connect(Box::new(error))
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::Refused(Refused::Store(error))
    }
}

impl From<Unrendered> for Failure {
    fn from(error: Unrendered) -> Self {
        Self::Unrendered(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refused) => of_refusal(&refused),
            Self::Connect(error) => of_connecting(&error),
            Self::Unrendered(error) => error.into_response(),
        }
    }
}

const BACK: &[(&str, &str)] = &[("/", "To the overview")];

fn of_refusal(refused: &Refused) -> Response {
    let of = |status, title, text: &str, how| {
        page::message(
            status,
            Message {
                title,
                text,
                how,
                links: BACK,
                ..Message::default()
            },
        )
    };
    match refused {
        Refused::NotAllowed => of(
            StatusCode::FORBIDDEN,
            "Not for your role",
            "Your role does not allow this, so nothing was changed.",
            "Ask an administrator with a wider role.",
        ),
        Refused::NotFound => of(
            StatusCode::NOT_FOUND,
            "There is nothing here",
            "It may have been deleted, or the address is not complete.",
            "",
        ),
        Refused::Conflict(why) => of(StatusCode::CONFLICT, "Nothing was changed", &sentence(why), ""),
        Refused::Invalid(problems) => {
            let all: Vec<_> = problems
                .iter()
                .map(|(field, problem)| format!("{field}: {problem}"))
                .collect();
            of(
                StatusCode::UNPROCESSABLE_ENTITY,
                "Nothing was changed",
                &sentence(&all.join("; ")),
                "Go back and mend the form.",
            )
        }
        Refused::Audit(_) => of(
            StatusCode::SERVICE_UNAVAILABLE,
            "The gateway cannot keep its record",
            "The audit log cannot be written, so the outcome of this is not certain.",
            "Try again in a minute, and look at the gateway's log if it stays.",
        ),
        Refused::Store(error) => {
            tracing::error!(error = %error, "a page failed");
            of(
                StatusCode::SERVICE_UNAVAILABLE,
                "Try again in a moment",
                "The gateway's database does not answer as expected.",
                "Try again in a few seconds, and look at the gateway's log if it stays.",
            )
        }
    }
}

fn of_connecting(error: &ConnectError) -> Response {
    let told = error.told();
    let status = StatusCode::from_u16(told.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let trace = told.trace_id.unwrap_or_default();
    let facts: &[(&str, &str)] = if trace.is_empty() {
        &[]
    } else {
        &[("Microsoft's trace id", &trace)]
    };
    let links = &[("/connections", "To my connections")];
    page::message(
        status,
        Message {
            title: &told.title,
            text: &told.text,
            how: &told.how,
            facts,
            links,
            ..Message::default()
        },
    )
}

/// A message with a capital letter and a full stop.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first: String = letters.next().map(|it| it.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}
