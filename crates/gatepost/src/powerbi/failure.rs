//! What a refusal by Power BI means: one reading of its six forms of error body and of its headers.

use std::collections::BTreeSet;

use catalogue::powerbi_errors::{PowerBiError, explain, explain_sentence};
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::{challenge, headers};
use crate::clock::Timestamp;
use crate::unseen::on_one_line;

const LONGEST_PAUSE_S: u64 = 24 * 3600;
const MOST_TEXTS: usize = 8;
const LONGEST_TEXT: usize = 1000;
/// All that the query engine says when it keeps the reason to itself.
const MASKED: &str = "Failed to execute the DAX query.";
const NUMBER: &str = "AnalysisServicesErrorCode";

/// A refusal, read.
#[derive(Clone, Debug)]
pub struct PowerBiFailure {
    pub status: u16,
    pub code: Option<String>,
    /// The number that tells errors of the query engine apart, also where their words are masked.
    pub number: Option<String>,
    /// What the service says, the most useful sentence often last. Data, never instructions.
    pub texts: Vec<String>,
    pub retry_after_s: Option<u64>,
    pub request_id: Option<String>,
    pub kind: Kind,
    /// What the catalogue knows of the code.
    pub explanation: Option<&'static PowerBiError>,
    /// Microsoft's permissions that the operation asks for and the connection was not granted: the likely cause, filled
    /// in by whoever knows the connection.
    pub lacks: Vec<&'static str>,
}

/// What to do about a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Refresh the token and try once more.
    TokenExpired,
    /// The person may not do this, whatever the token.
    Rights,
    NotFound,
    /// Too many calls; `retry_after_s` says for how long.
    Throttled,
    /// The person must sign in again and satisfy these claims (JSON).
    ClaimsChallenge {
        claims: String,
    },
    BadRequest,
    Server,
    Other,
}

impl PowerBiFailure {
    /// Which permissions are missing and who gives them, in words; nothing when none is.
    pub fn lacks_in_words(&self) -> Option<String> {
        let names = self.lacks.join(" and ");
        let is_asked_for = self.is_cured_by_connecting();
        (!names.is_empty()).then(|| {
            let who = if is_asked_for {
                "An administrator of the organisation consents to it in Microsoft Entra"
            } else {
                "An administrator adds it to the application's registration in Microsoft Entra and consents to it"
            };
            format!("The connection was not granted Microsoft's permission {names}, which this call asks for. {who}; then the person connects again")
        })
    }

    /// Whether the missing permissions are among those that every connection asks for.
    pub fn is_cured_by_connecting(&self) -> bool {
        let wanted = catalogue::scopes::wanted();
        !self.lacks.is_empty() && self.lacks.iter().all(|it| wanted.contains(it))
    }

    /// A 403 that says nothing: with a token near its end it is worth one refresh.
    pub fn may_be_a_stale_token(&self) -> bool {
        self.status == 403 && self.code.is_none() && self.texts.is_empty()
    }
}

/// Reads a refusal.
pub fn parse_error(status: StatusCode, answer: &HeaderMap, body: &[u8], now: Timestamp) -> PowerBiFailure {
    let mut reading = Reading::default();
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => reading.walk(&value),
        Err(_) => reading.plain(body),
    }
    let info = headers::error_info(answer);
    let codes: Vec<String> = reading.codes.into_iter().chain(info).collect();
    let number = reading.number;
    PowerBiFailure {
        status: status.as_u16(),
        kind: kind(status, &codes, challenge::claims(answer)),
        retry_after_s: pause_s(answer, &reading.texts, now),
        request_id: headers::request_id(answer),
        explanation: explained(number.as_ref(), &codes, &reading.texts),
        code: codes.into_iter().next(),
        number,
        texts: reading.texts,
        lacks: Vec::new(),
    }
}

/// Where the words are masked, only the number says anything. Else a sentence says more than the general code beside it, and
/// of codes the first that is known, for one deeper down is more exact.
fn explained(number: Option<&String>, codes: &[String], texts: &[String]) -> Option<&'static PowerBiError> {
    let is_masked = texts.iter().all(|it| it == MASKED);
    let by_sentence = |code: &String| texts.iter().find_map(|it| explain_sentence(code, it));
    number
        .filter(|_| is_masked)
        .and_then(|it| explain(it))
        .or_else(|| codes.iter().find_map(by_sentence))
        .or_else(|| texts.iter().chain(codes).find_map(|it| explain(it)))
}

fn kind(status: StatusCode, codes: &[String], claims: Option<String>) -> Kind {
    let is_about_token = codes.iter().any(|it| {
        ["TokenExpired", "InvalidToken"]
            .iter()
            .any(|known| it.eq_ignore_ascii_case(known))
    });
    match (status.as_u16(), claims) {
        (401 | 403, Some(claims)) => Kind::ClaimsChallenge { claims },
        // Power BI answers an old token with 403, and missing rights with 401: the reverse of what one expects.
        (401 | 403, None) if is_about_token => Kind::TokenExpired,
        (401 | 403, None) => Kind::Rights,
        (404 | 410, _) => Kind::NotFound,
        (429, _) => Kind::Throttled,
        (500..=599, _) => Kind::Server,
        (400..=499, _) => Kind::BadRequest,
        _ => Kind::Other,
    }
}

/// Seconds to wait: from the header, as a number or a date, else from the sentence some administrator calls answer.
fn pause_s(answer: &HeaderMap, texts: &[String], now: Timestamp) -> Option<u64> {
    let header = answer.get(RETRY_AFTER).and_then(|it| it.to_str().ok()).map(str::trim);
    let by_number = header.and_then(|it| it.parse::<u64>().ok());
    let by_date = || {
        let at = jiff::fmt::rfc2822::parse(header?).ok()?.timestamp().as_second();
        u64::try_from(at - now.unix_seconds()).ok()
    };
    let by_text = || {
        texts
            .iter()
            .find_map(|it| it.split_once("Retry in ")?.1.split(' ').next()?.parse::<u64>().ok())
    };
    by_number
        .or_else(by_date)
        .or_else(by_text)
        .map(|it| it.min(LONGEST_PAUSE_S))
}

/// Codes and sentences, in the order they are met.
#[derive(Default)]
struct Reading {
    codes: Vec<String>,
    texts: Vec<String>,
    number: Option<String>,
    seen: BTreeSet<String>,
}

impl Reading {
    fn walk(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                if members.get("code").and_then(Value::as_str) == Some(NUMBER) {
                    self.number(&value["detail"]["value"]);
                }
                for (name, member) in members {
                    match member {
                        Value::String(text) => self.take(name, text),
                        other => self.walk(other),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|it| match it {
                Value::String(text) => self.text(text),
                other => self.walk(other),
            }),
            _ => {}
        }
    }

    fn take(&mut self, name: &str, text: &str) {
        match name.to_ascii_lowercase().as_str() {
            "code" | "errorcode" => self.code(text),
            "message" | "value" | "detail" | "details" | "errordescription" | "error_description" | "errormessage" => {
                self.text(text)
            }
            "error" => self.code(text),
            _ => {}
        }
    }

    fn code(&mut self, text: &str) {
        let is_plain =
            (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.:".contains(&b));
        // Names of parts, not of errors.
        let is_label = matches!(text, "DetailsMessage" | NUMBER);
        if is_plain && !is_label && !self.codes.iter().any(|it| it == text) {
            self.codes.push(text.to_owned());
        }
    }

    fn number(&mut self, value: &Value) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let is_number = (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        self.number = self.number.take().or_else(|| is_number.then_some(text));
    }

    /// Keeps a sentence; a bare number or a flag tells nobody anything.
    fn text(&mut self, text: &str) {
        let text: String = on_one_line(text).take(LONGEST_TEXT).collect();
        let text = text.trim();
        let says_something = text.chars().any(char::is_alphabetic) && !matches!(text, "true" | "false" | "null");
        if says_something && self.texts.len() < MOST_TEXTS && self.seen.insert(text.to_owned()) {
            self.texts.push(text.to_owned());
        }
    }

    /// A body that is not JSON: a short sentence is kept, a web page is not.
    fn plain(&mut self, body: &[u8]) {
        if let Ok(text) = std::str::from_utf8(body)
            && !text.trim_start().starts_with(['<', '{', '['])
        {
            self.text(text);
        }
    }
}
