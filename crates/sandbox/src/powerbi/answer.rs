//! What an operation answers: JSON, bytes or nothing.

use axum::body::Body;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderName;
use http::HeaderValue;
use http::StatusCode;
use http::header::CONTENT_DISPOSITION;
use http::header::CONTENT_TYPE;
use http::header::LOCATION;
use http::header::RETRY_AFTER;
use serde_json::Value;
use uuid::Uuid;

/// The content type of every JSON answer of the service.
pub(crate) const JSON: &str = "application/json; odata.metadata=minimal";

/// One good answer.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    content: Content,
    /// Id and name of the one thing it tells about.
    subject: Option<(Uuid, String)>,
}

/// What an answer carries.
#[derive(Debug)]
pub(crate) enum Content {
    /// Bytes that are there.
    Whole(Bytes),
    /// Bytes that are made while they are sent.
    Streamed(Body),
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Content {
        Content::Whole(bytes)
    }
}

impl From<String> for Content {
    fn from(text: String) -> Content {
        Content::Whole(text.into())
    }
}

impl From<Body> for Content {
    fn from(body: Body) -> Content {
        Content::Streamed(body)
    }
}

impl Answer {
    /// 200 with a JSON body.
    pub(crate) fn json(body: &Value) -> Answer {
        Answer {
            subject: subject_of(body),
            ..Answer::written(body.to_string().into())
        }
    }

    /// 200 with JSON that is already text.
    pub(crate) fn written(body: Bytes) -> Answer {
        Answer {
            status: StatusCode::OK,
            headers: vec![(CONTENT_TYPE, JSON.to_owned())],
            content: body.into(),
            subject: None,
        }
    }

    /// 200 with a body of some other type.
    pub(crate) fn bytes(body: Bytes, content_type: &str) -> Answer {
        Answer {
            status: StatusCode::OK,
            headers: vec![(CONTENT_TYPE, content_type.to_owned())],
            content: body.into(),
            subject: None,
        }
    }

    /// 200 with nothing.
    pub(crate) fn empty() -> Answer {
        Answer {
            status: StatusCode::OK,
            headers: Vec::new(),
            content: Bytes::new().into(),
            subject: None,
        }
    }

    /// 204, which has no body.
    pub(crate) fn nothing() -> Answer {
        Answer::empty().status(StatusCode::NO_CONTENT)
    }

    /// 200 with a file; `name` shows in `Content-Disposition`.
    pub(crate) fn file(bytes: impl Into<Content>, content_type: &str, name: &str) -> Answer {
        // RFC 6266 §4.3: the plain form in ASCII for old clients, the encoded one for all others.
        let plain: String = name
            .chars()
            .map(|letter| {
                if letter.is_ascii_graphic() && letter != '"' && letter != '\\' {
                    letter
                } else {
                    '_'
                }
            })
            .collect();
        let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        let disposition = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
        let headers = vec![
            (CONTENT_TYPE, content_type.to_owned()),
            (CONTENT_DISPOSITION, disposition),
        ];
        Answer {
            status: StatusCode::OK,
            headers,
            content: bytes.into(),
            subject: None,
        }
    }

    /// Id and name of the one thing it tells about, if it does.
    pub(crate) fn subject(&self) -> Option<&(Uuid, String)> {
        self.subject.as_ref()
    }

    /// The same answer with another status.
    pub(crate) fn status(mut self, status: StatusCode) -> Answer {
        self.status = status;
        self
    }

    /// The same answer with one more header.
    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Answer {
        self.headers.push((name, value.into()));
        self
    }

    /// The same answer, telling where to look next.
    pub(crate) fn location(self, url: String) -> Answer {
        self.header(LOCATION, url)
    }

    /// The same answer, telling when to ask again.
    pub(crate) fn retry_after(self, seconds: i64) -> Answer {
        self.header(RETRY_AFTER, seconds.to_string())
    }
}

fn subject_of(body: &Value) -> Option<(Uuid, String)> {
    let id = Uuid::try_parse(body["id"].as_str()?).ok()?;
    let name = ["displayName", "name"]
        .into_iter()
        .find_map(|field| body[field].as_str());
    Some((id, name.unwrap_or_default().to_owned()))
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let body = match self.content {
            Content::Whole(bytes) => bytes.into(),
            Content::Streamed(body) => body,
        };
        let mut response = (self.status, body).into_response();
        // Bytes bring a content type of their own; an empty answer has none.
        response.headers_mut().remove(CONTENT_TYPE);
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
