//! `/api/…`: a public route, called with the service key.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use reqwest::Client;
use serde_json::json;

/// What of a call's headers the gateway is told.
const PASSED_ON: [HeaderName; 2] = [header::CONTENT_TYPE, HeaderName::from_static("idempotency-key")];

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
        .route("/api/{*path}", any(forward))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(gateway)
}

async fn forward(
    State(gateway): State<Gateway>,
    method: Method,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let mut call = gateway.http.request(method, format!("{}/{path}{query}", gateway.url));
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
