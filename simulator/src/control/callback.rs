//! Callbacks of either account: the server configuration, pauses and counts.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::callbacks::config::{Callback, CallbackFormat, CallbackMode};
use crate::control::answer::{ControlError, ControlResult, bad_request};
use crate::control::guard::leads_here;
use crate::control::request::Body;
use crate::control::snapshots::unless_replaced;
use crate::simulator::Simulator;
use crate::world::accounts::{Account, Kind, MINI, OA};

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    routes("/_sim/callback", &OA).merge(routes("/_sim/mini/callback", &MINI))
}

fn routes(at: &str, account: Whose) -> Router<Simulator> {
    Router::new()
        .route(at, post(configure).delete(switch_off))
        .route(&format!("{at}/pause"), post(pause))
        .route(&format!("{at}/resume"), post(resume))
        .route(&format!("{at}/stats"), get(stats))
        .layer(Extension(account))
}

/// The account that a route is about.
type Whose = &'static Account;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    url: String,
    token: Option<String>,
    encoding_aes_key: Option<String>,
    mode: Option<CallbackMode>,
    format: Option<CallbackFormat>,
}

impl Configuration {
    fn callback(self, account: Whose) -> Callback {
        let usual = match account.kind {
            Kind::OfficialAccount => Callback::to(self.url),
            Kind::MiniProgram => Callback::of_mini(self.url),
        };
        Callback {
            mode: self.mode.unwrap_or(usual.mode),
            format: self.format.unwrap_or(usual.format),
            token: self.token.unwrap_or(usual.token),
            encoding_aes_key: self.encoding_aes_key.unwrap_or(usual.encoding_aes_key),
            url: usual.url,
        }
    }
}

/// POST /_sim/callback: what saving the server configuration in WeChat's console does
async fn configure(
    State(simulator): State<Simulator>,
    Extension(account): Extension<Whose>,
    Body(configuration): Body<Configuration>,
) -> ControlResult<Value> {
    let callback = configuration.callback(account);
    let (callbacks, world) = {
        let state = simulator.lock();
        (state.callbacks_of(account).clone(), state.world.number)
    };
    callbacks.takes(&callback).map_err(bad_request)?;
    if !leads_here(&callback.url) {
        return Err(bad_request(
            "`url` must be on this machine: whoever can call this could have others called.",
        ));
    }
    let verified = callback.verify(&callbacks.http, &callbacks.clock).await;
    verified.map_err(|sentence| ControlError::new(StatusCode::CONFLICT, sentence))?;
    let told = json!(callback);
    let state = simulator.lock();
    unless_replaced(&state.world, world)?;
    callbacks.lock().configure(callback);
    Ok(Json(told))
}

/// DELETE /_sim/callback: events that wait are forgotten
async fn switch_off(State(simulator): State<Simulator>, Extension(account): Extension<Whose>) -> Json<Value> {
    simulator.lock().switch_callbacks_off(account);
    Json(json!({}))
}

/// POST /_sim/callback/pause
async fn pause(State(simulator): State<Simulator>, Extension(account): Extension<Whose>) -> Json<Value> {
    simulator.lock().callbacks_of(account).lock().queue.pause();
    Json(json!({}))
}

/// POST /_sim/callback/resume
async fn resume(State(simulator): State<Simulator>, Extension(account): Extension<Whose>) -> Json<Value> {
    simulator.lock().callbacks_of(account).lock().queue.resume();
    Json(json!({}))
}

/// GET /_sim/callback/stats
async fn stats(State(simulator): State<Simulator>, Extension(account): Extension<Whose>) -> Json<Value> {
    let state = simulator.lock();
    let outbox = state.callbacks_of(account).lock();
    let mut stats = json!(*outbox.stats);
    stats["pending"] = outbox.queue.pending().into();
    Json(stats)
}
