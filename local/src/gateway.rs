//! API Gateway on this machine: the template's routes, as HTTP API events of payload version 2.0.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, RawPathParams};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clock::Clock;
use serde_json::{Value, json};

use crate::host::{Function, InvokeError};
use crate::wire::ACCOUNT;

/// What API Gateway waits for a function.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The largest event Lambda takes, in bytes.
const LARGEST_EVENT: usize = 6 * 1024 * 1024;

/// A router with these routes: method, path, function.
pub fn router(routes: Vec<(String, String, Function)>, clock: &Clock) -> Router {
    let mut router = Router::new();
    for (method, path, function) in routes {
        let filter = method.parse::<Method>().ok().and_then(|method| MethodFilter::try_from(method).ok());
        let (route_key, clock) = (format!("{method} {path}"), clock.clone());
        let answer = move |ConnectInfo(peer),
                           request: Result<HttpRequest, _>,
                           body: Result<Bytes, BytesRejection>| async move {
            match (request, body) {
                (Ok(request), Ok(body)) => {
                    let event = request.event(&route_key, peer, &body, clock.now_ms());
                    // The body is the bulk of it, and escaped it is longer.
                    if body.len() > LARGEST_EVENT / 8 && event.to_string().len() > LARGEST_EVENT {
                        return too_large();
                    }
                    answer(function, event).await
                }
                (Ok(_), Err(error)) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => too_large(),
                (Ok(_), Err(_)) | (Err(_), _) => message(StatusCode::BAD_REQUEST, "Bad Request"),
            }
        };
        router = router.route(&path, on(filter.unwrap_or(MethodFilter::GET), answer));
    }
    router
        .method_not_allowed_fallback(async || message(StatusCode::NOT_FOUND, "Not Found"))
        .fallback(async || message(StatusCode::NOT_FOUND, "Not Found"))
        .layer(DefaultBodyLimit::max(LARGEST_EVENT))
}

/// The parts of a request that stand before its body.
#[derive(axum::extract::FromRequestParts)]
struct HttpRequest {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    path: RawPathParams,
}

impl HttpRequest {
    fn event(&self, route_key: &str, peer: SocketAddr, body: &Bytes, now_ms: i64) -> Value {
        let path = self.uri.path();
        let query = self.uri.query().unwrap_or_default();
        let text = std::str::from_utf8(body).ok().map(str::to_owned);
        let path_parameters: BTreeMap<_, _> = self.path.iter().collect();
        let mut event = json!({
            "version": "2.0",
            "routeKey": route_key,
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers(&self.headers),
            "queryStringParameters": query_parameters(query),
            "pathParameters": path_parameters,
            "requestContext": {
                "accountId": ACCOUNT,
                "apiId": "local",
                "domainName": "localhost",
                "domainPrefix": "localhost",
                "http": {
                    "method": self.method.as_str(),
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": peer.ip().to_string(),
                    "userAgent": self.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()),
                },
                "requestId": shared::random_id(),
                "routeKey": route_key,
                "stage": "$default",
                "timeEpoch": now_ms,
            },
            "isBase64Encoded": text.is_none(),
        });
        if !body.is_empty() {
            event["body"] = text.unwrap_or_else(|| STANDARD.encode(body)).into();
        }
        event
    }
}

/// Names in lower case, several values of one name joined by commas.
fn headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let entry = joined.entry(name.as_str().to_owned()).or_default();
        if !entry.is_empty() {
            entry.push(',');
        }
        entry.push_str(&value);
    }
    joined
}

fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let entry = joined.entry(name.into_owned()).or_default();
        if !entry.is_empty() {
            entry.push(',');
        }
        entry.push_str(&value);
    }
    joined
}

/// The function goes on when its caller has gone or the gateway waits no longer, as in Lambda.
async fn answer(function: Function, event: Value) -> Response {
    let invoked = function.clone();
    let invocation = tokio::spawn(async move { invoked.invoke(event).await });
    match tokio::time::timeout(TIMEOUT, invocation).await {
        Ok(Ok(Ok(answer))) => response(&answer),
        Ok(Ok(Err(InvokeError::Error(error)))) => {
            tracing::error!(function = function.name, error, "a function failed");
            message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        }
        Ok(Ok(Err(InvokeError::TimedOut(_))) | Err(_)) | Err(_) => {
            message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
        }
    }
}

fn response(answer: &Value) -> Response {
    let body = answer["body"].as_str().unwrap_or_default();
    let body = match answer["isBase64Encoded"].as_bool() {
        Some(true) => STANDARD.decode(body).unwrap_or_default(),
        _ => body.as_bytes().to_vec(),
    };
    let mut response = Response::new(Body::from(body));
    let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    *response.status_mut() = status
        .and_then(|status| StatusCode::from_u16(status).ok())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_str(value.as_str().unwrap_or_default());
        if let (Ok(name), Ok(value)) = (name, value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn too_large() -> Response {
    message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
}

/// API Gateway's own answers.
fn message(status: StatusCode, text: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], json!({"message": text}).to_string())
        .into_response()
}
