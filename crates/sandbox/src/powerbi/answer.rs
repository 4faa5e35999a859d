//! What an operation answers: JSON, bytes or nothing.

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

/// The content type of every JSON answer of the service.
pub(crate) const JSON: &str = "application/json; odata.metadata=minimal";

/// One good answer.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    body: Bytes,
}

impl Answer {
    /// 200 with a JSON body.
    pub(crate) fn json(body: &Value) -> Answer {
        Answer::written(body.to_string().into())
    }

    /// 200 with JSON that is already text.
    pub(crate) fn written(body: Bytes) -> Answer {
        Answer {
            status: StatusCode::OK,
            headers: vec![(CONTENT_TYPE, JSON.to_owned())],
            body,
        }
    }

    /// 200 with nothing.
    pub(crate) fn empty() -> Answer {
        Answer {
            status: StatusCode::OK,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// 200 with a file; `name` shows in `Content-Disposition`.
    pub(crate) fn file(bytes: Bytes, content_type: &str, name: &str) -> Answer {
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
            body: bytes,
        }
    }

    /// What is in the body.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
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

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
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
