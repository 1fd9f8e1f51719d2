//! WeChat's API: its endpoints parse requests and answer from the world, a file a family.

use std::collections::HashMap;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Query};
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use axum::routing::any;

use crate::api::call::ApiCall;
use crate::api::endpoints::ENDPOINTS;
use crate::api::process::process;
use crate::simulator::Simulator;

mod answer;
mod call;
pub(crate) mod endpoints;
mod followers;
mod in_flight;
mod login;
mod messages;
pub(crate) mod process;
mod quota;
mod receiver;
mod subscribe;
mod templates;
mod tokens;

/// All endpoints, by any method: WeChat refuses a wrong one with an errcode.
pub(crate) fn router(simulator: &Simulator) -> Router {
    ENDPOINTS.iter().fold(Router::new(), |router, endpoint| {
        let simulator = simulator.clone();
        let handler = move |ConnectInfo(from): ConnectInfo<SocketAddr>,
                            method: Method,
                            Query(parameters): Query<HashMap<String, String>>,
                            body: Bytes| {
            let (path, from, is_post) = (endpoint.path, from.ip(), method == Method::POST);
            let call = ApiCall { path, from, is_post, parameters, body, overlaps: false };
            // On its own, so that a caller who hangs up does not undo what WeChat has already read.
            let response = tokio::spawn(process(simulator.clone(), endpoint, call));
            async { response.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()) }
        };
        router.route(endpoint.path, any(handler))
    })
}
