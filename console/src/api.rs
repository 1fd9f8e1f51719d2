//! `/api/…`: a public route, called with the service key.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use reqwest::Client;
use serde_json::json;

/// What of a call's headers the gateway is told.
const PASSED_ON: [HeaderName; 2] = [header::CONTENT_TYPE, HeaderName::from_static("idempotency-key")];

/// Where the routes are.
const AT: &str = "/api";

/// The largest call that a route takes.
const LARGEST: usize = 6 * 1024 * 1024;

#[derive(Clone)]
struct Gateway {
    url: String,
    service_key: String,
    http: Client,
}

/// Every route of the gateway's.
pub fn router(url: String, service_key: String, http: Client) -> Router {
    let gateway = Gateway { url, service_key, http };
    Router::new()
        .route(&format!("{AT}/{{*path}}"), any(forward))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(gateway)
}

/// Whether no other page has made the call, be it one of this machine: the key is added whoever calls.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let (origin, host) = (text(header::ORIGIN), text(header::HOST).unwrap_or_default());
    origin.is_none_or(|origin| origin.strip_prefix("http://") == Some(host))
}

async fn forward(
    State(gateway): State<Gateway>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !is_own(&headers) {
        let detail = "Only the page itself calls with its key: call the gateway, with a key of your own.";
        return (StatusCode::FORBIDDEN, axum::Json(json!({ "detail": detail }))).into_response();
    }
    // As it came: what is escaped in it stays so.
    let route = uri.path_and_query().map_or("", PathAndQuery::as_str);
    let mut call = gateway.http.request(method, format!("{}{}", gateway.url, &route[AT.len()..]));
    for (name, value) in headers.iter().filter(|(name, _)| PASSED_ON.contains(name)) {
        call = call.header(name, value);
    }
    let answer = async {
        let answer = call.bearer_auth(&gateway.service_key).body(body).send().await?;
        let (status, kind) = (answer.status(), answer.headers().get(header::CONTENT_TYPE).cloned());
        Ok::<_, reqwest::Error>((status, kind, answer.bytes().await?))
    };
    match answer.await {
        Ok((status, kind, body)) => {
            let mut response = (status, Body::from(body)).into_response();
            if let Some(kind) = kind {
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
            }
            response
        }
        Err(_) => {
            let detail = "The gateway does not answer: look at the terminal that `queqiao local` runs in.";
            (StatusCode::BAD_GATEWAY, axum::Json(json!({ "detail": detail }))).into_response()
        }
    }
}
