//! Security headers on every answer, and the content security policy of pages.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use tower::Service;

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// Seconds after which a 503 that says nothing itself is worth another try.
const COME_BACK_S: &str = "5";

/// What is not a page of ours runs nothing and is shown nowhere, even when it is HTML from Power BI.
const CONTENT_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox";

/// Where a client's sign-in passes in a window that the client's page opened and waits for: consent, the sign-in pages on
/// the way, and the ways back. Every answer there, errors and redirects too: one alone would cut the window off.
const CLIENTS_WAY: &[&str] = &["/authorize", "/sign-in", "/integration-callback"];

fn is_on_clients_way(path: &str) -> bool {
    CLIENTS_WAY.iter().any(|it| {
        path.strip_prefix(it)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// A service whose every answer has security headers.
#[derive(Clone, Debug)]
pub struct SecurityHeaders<S> {
    inner: S,
    is_https: bool,
}

impl<S> SecurityHeaders<S> {
    /// Puts headers on the answers of `inner`; `is_https` when the public URL is.
    pub fn new(inner: S, is_https: bool) -> Self {
        Self { inner, is_https }
    }
}

impl<S, B, A> Service<Request<B>> for SecurityHeaders<S>
where
    S: Service<Request<B>, Response = Response<A>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<A>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<A>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let is_https = self.is_https;
        let is_popup = is_on_clients_way(request.uri().path());
        let answering = self.inner.call(request);
        Box::pin(async move {
            let mut answer = answering.await?;
            // RFC 9110 §10.2.3: whoever is told to come back is told when.
            if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
                let soon = HeaderValue::from_static(COME_BACK_S);
                answer.headers_mut().entry(RETRY_AFTER).or_insert(soon);
            }
            secure(answer.headers_mut(), is_popup, is_https);
            Ok(answer)
        })
    }
}

/// Adds what is missing; a face may state its own content policy and caching.
fn secure(headers: &mut HeaderMap, is_popup: bool, is_https: bool) {
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, policy_of(headers));
    }
    let fixed = |text| HeaderValue::from_static(text);
    headers.entry(CACHE_CONTROL).or_insert(fixed("no-store"));
    headers.entry(REFERRER_POLICY).or_insert(fixed("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    headers.insert(X_FRAME_OPTIONS, fixed("DENY"));
    headers.insert(RESOURCE_POLICY, fixed("same-origin"));
    headers.insert(
        PERMISSIONS_POLICY,
        fixed("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    );
    // `same-origin` would cut a sign-in window off from the client's page that opened it and waits for it.
    let opener = if is_popup { "unsafe-none" } else { "same-origin" };
    headers.insert(OPENER_POLICY, fixed(opener));
    if is_https {
        headers.insert(STRICT_TRANSPORT_SECURITY, fixed("max-age=31536000"));
    }
}

fn policy_of(headers: &HeaderMap) -> HeaderValue {
    // Scripts and styles of ours carry no policy of their own: a worker would inherit it, a page ignores it.
    let is_asset = headers.get(CONTENT_TYPE).is_some_and(|it| {
        [&b"text/css"[..], b"text/javascript"]
            .iter()
            .any(|kind| it.as_bytes().starts_with(kind))
    });
    match is_asset {
        true => HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        false => HeaderValue::from_static(CONTENT_POLICY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secured(is_popup: bool, given: &[(&'static str, &'static str)], is_https: bool) -> HeaderMap {
        let mut headers: HeaderMap = given
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        secure(&mut headers, is_popup, is_https);
        headers
    }

    #[test]
    fn an_answer_that_is_no_page_of_ours_runs_nothing() {
        let headers = secured(false, &[("content-type", "text/html")], true);
        assert_eq!(headers[CONTENT_SECURITY_POLICY], CONTENT_POLICY);
        assert_eq!(
            (&headers[CACHE_CONTROL], &headers[X_CONTENT_TYPE_OPTIONS]),
            (
                &HeaderValue::from_static("no-store"),
                &HeaderValue::from_static("nosniff")
            )
        );
        assert!(headers.contains_key(STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn a_face_may_state_its_caching_and_http_gets_no_transport_security() {
        let headers = secured(
            false,
            &[("cache-control", "public, max-age=60"), ("x-frame-options", "ALLOW")],
            false,
        );
        assert_eq!(headers[CACHE_CONTROL], "public, max-age=60");
        assert_eq!(headers[X_FRAME_OPTIONS], "DENY");
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY));
        assert_eq!(headers[OPENER_POLICY], "same-origin");
        assert_eq!(secured(true, &[], false)[OPENER_POLICY], "unsafe-none");
    }

    #[test]
    fn a_clients_way_is_whole_and_nothing_else() {
        for path in [
            "/authorize",
            "/authorize/resume",
            "/sign-in",
            "/sign-in/code",
            "/integration-callback",
        ] {
            assert!(is_on_clients_way(path), "{path}");
        }
        for path in [
            "/",
            "/keys",
            "/authorized",
            "/sign-in-page",
            "/step-up",
            "/account",
            "/mcp",
        ] {
            assert!(!is_on_clients_way(path), "{path}");
        }
    }
}
