//! `/api/…`: a public route, called with the service key.

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Router, middleware};
use reqwest::{Client, Url};
use serde_json::json;

use crate::Console;
use crate::guard::of_the_page;

/// What of a call's headers the gateway is told.
const PASSED_ON: [HeaderName; 2] = [header::CONTENT_TYPE, HeaderName::from_static("idempotency-key")];

/// What of an answer's headers the page is told.
const PASSED_BACK: [HeaderName; 2] = [header::CONTENT_TYPE, header::RETRY_AFTER];

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

/// Every route of the gateway's, for the page alone: whoever calls, the service key is added.
pub fn router(console: &Console) -> Router {
    let (url, service_key) = (console.gateway.clone(), console.service_key.clone());
    let gateway = Gateway { url, service_key, http: client() };
    Router::new()
        .route(&format!("{AT}/{{*path}}"), any(forward))
        .layer(DefaultBodyLimit::max(LARGEST))
        .route_layer(middleware::from_fn_with_state(console.key.clone(), of_the_page))
        .with_state(gateway)
}

async fn forward(
    State(gateway): State<Gateway>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(url) = gateway.route(&uri) else {
        return refusal(StatusCode::BAD_REQUEST, "This is no path of a route.");
    };
    let mut call = gateway.http.request(method, url);
    for (name, value) in headers.iter().filter(|(name, _)| PASSED_ON.contains(name)) {
        call = call.header(name, value);
    }
    let answer = async {
        let answer = call.bearer_auth(&gateway.service_key).body(body).send().await?;
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        let told = PASSED_BACK.into_iter().filter_map(|name| Some((name.clone(), headers.remove(name)?)));
        Ok::<_, reqwest::Error>((status, told.collect::<HeaderMap>(), Body::from(answer.bytes().await?)))
    };
    let is_silent = "The gateway does not answer: look at the terminal that `queqiao local` runs in.";
    match answer.await {
        Ok(answer) => answer.into_response(),
        Err(_) => refusal(StatusCode::BAD_GATEWAY, is_silent),
    }
}

impl Gateway {
    /// The route at this path. As it came: what is escaped in it stays so. `None` where it would lead elsewhere, as
    /// `..` does, however it is written.
    fn route(&self, uri: &Uri) -> Option<Url> {
        let route = uri.path_and_query().map_or("", PathAndQuery::as_str).strip_prefix(AT)?;
        let url = Url::parse(&format!("{}{route}", self.url)).ok()?;
        (Some(url.path()) == uri.path().strip_prefix(AT)).then_some(url)
    }
}

fn refusal(status: StatusCode, detail: &str) -> Response {
    (status, axum::Json(json!({ "detail": detail }))).into_response()
}

fn client() -> Client {
    let builder = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    builder.build().expect("a client that asks for nothing special")
}
