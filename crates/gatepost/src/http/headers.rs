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

/// Marks an answer as a page of ours; put it into the answer's extensions.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Addresses a form of the page may end up at besides our own: Chromium checks every redirect after a POST.
    pub form_targets: Vec<String>,
    /// The page may be shown in a window that a client's page opened and waits for, as in a sign-in.
    pub is_popup: bool,
}

/// The content security policy of a page of ours.
pub fn page_policy(form_targets: &[String]) -> String {
    let mut targets: Vec<String> = form_targets.iter().filter_map(|it| source_of(it)).collect();
    targets.sort();
    targets.dedup();
    let targets: String = targets.iter().map(|it| format!(" {it}")).collect();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
         form-action 'self'{targets}; frame-ancestors 'none'; base-uri 'none'"
    )
}

/// The origin of a web address, or the scheme of an application's; nothing that could break out of the policy.
fn source_of(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let source = match url.scheme() {
        "http" | "https" => url.origin().ascii_serialization(),
        "javascript" | "data" | "blob" | "about" | "file" => return None,
        scheme => format!("{scheme}:"),
    };
    let is_plain = source
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b".-+:/[]".contains(&b));
    is_plain.then_some(source)
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
        let answering = self.inner.call(request);
        Box::pin(async move {
            let mut answer = answering.await?;
            let page = answer.extensions_mut().remove::<Page>();
            // RFC 9110 §10.2.3: whoever is told to come back is told when.
            if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
                let soon = HeaderValue::from_static(COME_BACK_S);
                answer.headers_mut().entry(RETRY_AFTER).or_insert(soon);
            }
            secure(answer.headers_mut(), page.as_ref(), is_https);
            Ok(answer)
        })
    }
}

/// Adds what is missing; a face may state its own content policy and caching.
fn secure(headers: &mut HeaderMap, page: Option<&Page>, is_https: bool) {
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, policy_of(headers, page));
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
    let opener = if page.is_some_and(|it| it.is_popup) {
        "unsafe-none"
    } else {
        "same-origin"
    };
    headers.insert(OPENER_POLICY, fixed(opener));
    if is_https {
        headers.insert(STRICT_TRANSPORT_SECURITY, fixed("max-age=31536000"));
    }
}

fn policy_of(headers: &HeaderMap, page: Option<&Page>) -> HeaderValue {
    // Scripts and styles of ours carry no policy of their own: a worker would inherit it, a page ignores it.
    let is_asset = headers.get(CONTENT_TYPE).is_some_and(|it| {
        [&b"text/css"[..], b"text/javascript"]
            .iter()
            .any(|kind| it.as_bytes().starts_with(kind))
    });
    match page {
        Some(page) => {
            HeaderValue::from_str(&page_policy(&page.form_targets)).expect("the policy is made of plain ASCII")
        }
        None if is_asset => HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        None => HeaderValue::from_static(CONTENT_POLICY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_takes_origins_and_schemes_and_nothing_that_breaks_out() {
        let targets = [
            "https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize?x=1; script-src *",
            "http://127.0.0.1:33418/callback",
            "cursor://anysphere.cursor-deeplink/callback",
            "javascript:alert(1)",
            "not an address; script-src *",
            "https://login.microsoftonline.com/again",
        ];
        insta::assert_snapshot!(page_policy(&targets.map(str::to_owned)), @"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self' cursor: http://127.0.0.1:33418 https://login.microsoftonline.com; frame-ancestors 'none'; base-uri 'none'");
    }

    fn secured(page: Option<&Page>, given: &[(&'static str, &'static str)], is_https: bool) -> HeaderMap {
        let mut headers: HeaderMap = given
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        secure(&mut headers, page, is_https);
        headers
    }

    #[test]
    fn an_answer_that_is_no_page_of_ours_runs_nothing() {
        let headers = secured(None, &[("content-type", "text/html")], true);
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
            Some(&Page::default()),
            &[("cache-control", "public, max-age=60"), ("x-frame-options", "ALLOW")],
            false,
        );
        assert_eq!(headers[CACHE_CONTROL], "public, max-age=60");
        assert_eq!(headers[X_FRAME_OPTIONS], "DENY");
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY));
        assert_eq!(headers[OPENER_POLICY], "same-origin");
        let popup = Page {
            is_popup: true,
            ..Page::default()
        };
        assert_eq!(secured(Some(&popup), &[], false)[OPENER_POLICY], "unsafe-none");
    }
}
