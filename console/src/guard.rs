//! Who may call by the page's server: the page itself, as whoever started this run opens it.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use subtle::ConstantTimeEq;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the page is told that calls with no key, or with one of another run; it says it in its own words.
const WRONG_KEY: &str = "wrong_console_key";

/// Lets pass who has the key of this run, and is no other page. Nothing of a call's body is read before.
pub async fn of_the_page(State(key): State<String>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let mut answer = if !is_own(headers) {
        let detail = "Only the page itself calls with its key: call the gateway, with a key of your own.";
        (StatusCode::FORBIDDEN, axum::Json(json!({ "detail": detail }))).into_response()
    } else if !has_key(headers, &key) {
        let detail = "Open the address that `queqiao local` printed.";
        let problem = json!({ "code": WRONG_KEY, "detail": detail });
        (StatusCode::UNAUTHORIZED, axum::Json(problem)).into_response()
    } else {
        next.run(request).await
    };
    let headers = answer.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Whether no other page has made the call, be it one of this machine.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let (origin, host) = (text(header::ORIGIN), text(header::HOST).unwrap_or_default());
    origin.is_none_or(|origin| origin.strip_prefix("http://") == Some(host))
        && text(SEC_FETCH_SITE).is_none_or(|site| ["same-origin", "none"].contains(&site))
}

fn has_key(headers: &HeaderMap, key: &str) -> bool {
    let given =
        headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    given.is_some_and(|given| given.ct_eq(key.as_bytes()).into())
}
