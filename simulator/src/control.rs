//! The simulator's own routes, under `/_sim`: whatever WeChat has no API for, for tests and the curious.

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::any;
use axum::{Router, middleware};

use crate::control::request::{no_route, no_such_method, without_query};
use crate::log::Happened;
use crate::simulator::Simulator;

mod answer;
mod callback;
mod clock;
mod console;
mod endpoint;
mod faults;
mod foreign;
mod guard;
mod log;
mod messages;
mod phone;
mod quota;
mod request;
mod snapshots;
mod stats;
mod subscriptions;
mod templates;
mod tokens;
mod user;
mod users;

pub(crate) use foreign::of_no_foreign_page;
pub use guard::of_this_machine;

/// All of them.
pub(crate) fn router(simulator: &Simulator) -> Router {
    Router::new()
        .merge(callback::router())
        .merge(clock::router())
        .merge(console::router())
        .merge(faults::router())
        .merge(log::router())
        .merge(messages::router())
        .merge(phone::router())
        .merge(quota::router())
        .merge(snapshots::router())
        .merge(stats::router())
        .merge(subscriptions::router())
        .merge(templates::router())
        .merge(tokens::router())
        .merge(users::router())
        .route_layer(middleware::from_fn(without_query))
        .method_not_allowed_fallback(no_such_method)
        .route("/_sim/{*path}", any(no_route))
        .layer(middleware::from_fn_with_state(simulator.clone(), noted))
        .layer(middleware::from_fn(of_this_machine))
        .with_state(simulator.clone())
}

/// Notes who changed something, for pages that show it.
async fn noted(State(simulator): State<Simulator>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    if method != Method::GET && response.status().is_success() {
        simulator.log().add(Happened::Control { method: method.to_string(), path });
    }
    response
}
