//! One request to Entra as its handlers see it: parameters, trace ids, and what a fault demands.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::HeaderName;
use http::request::Parts;

use crate::Sandbox;
use crate::entra::asked::Asked;
use crate::entra::failure::Failure;
use crate::entra::failure::Trace;
use crate::server::RequestId;

/// The request as the handlers see it.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) asked: Asked,
    pub(crate) headers: HeaderMap,
    pub(crate) trace: Trace,
    pub(crate) demand: Demand,
}

/// What an armed fault demands of the handler itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Demand {
    /// Fail with this instead of answering.
    pub(crate) failure: Option<Failure>,
    /// Put this person into the id token instead of the one who signed in.
    pub(crate) id_token_of: Option<String>,
}

/// What a handler tells the ledger about the exchange; travels in the response's extensions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Note {
    pub(crate) identity: Option<String>,
    pub(crate) issued: Vec<(&'static str, String)>,
}

impl FromRequestParts<Sandbox> for Exchange {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, sandbox: &Sandbox) -> Result<Exchange, Infallible> {
        const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
        let asked = parts.extensions.get::<Asked>().cloned().unwrap_or_default();
        let request_id = parts
            .extensions
            .get::<RequestId>()
            .map(|id| id.0.clone())
            .unwrap_or_default();
        let header = parts
            .headers
            .get(CLIENT_REQUEST_ID)
            .and_then(|value| value.to_str().ok());
        let trace = Trace::new(sandbox, &request_id, header.or_else(|| asked.any("client-request-id")));
        let demand = parts.extensions.get::<Demand>().cloned().unwrap_or_default();
        Ok(Exchange {
            asked,
            headers: parts.headers.clone(),
            trace,
            demand,
        })
    }
}
