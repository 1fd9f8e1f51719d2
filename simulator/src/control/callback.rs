//! Callbacks: the server configuration, pauses and counts.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::callbacks::config::Callback;
use crate::control::answer::{ControlError, ControlResult, bad_request, body};
use crate::control::guard::leads_here;
use crate::simulator::Simulator;

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new()
        .route("/_sim/callback", post(configure).delete(switch_off))
        .route("/_sim/callback/pause", post(pause))
        .route("/_sim/callback/resume", post(resume))
        .route("/_sim/callback/stats", get(stats))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    url: String,
    token: Option<String>,
    encoding_aes_key: Option<String>,
}

impl Configuration {
    fn callback(self) -> Callback {
        let usual = Callback::to(self.url);
        Callback {
            token: self.token.unwrap_or(usual.token),
            encoding_aes_key: self.encoding_aes_key.unwrap_or(usual.encoding_aes_key),
            url: usual.url,
        }
    }
}

/// POST /_sim/callback: what saving the server configuration in WeChat's console does
async fn configure(State(simulator): State<Simulator>, bytes: Bytes) -> ControlResult<Value> {
    let callback = body::<Configuration>(&bytes)?.callback();
    callback.validate().map_err(bad_request)?;
    if !leads_here(&callback.url) {
        return Err(bad_request(
            "`url` must be on this machine: whoever can call this could have others called.",
        ));
    }
    let (callbacks, clock) = {
        let state = simulator.lock();
        (state.callbacks.clone(), state.world.clock.clone())
    };
    let verified = callback.verify(&callbacks.http, &clock).await;
    verified.map_err(|sentence| ControlError::new(StatusCode::CONFLICT, sentence))?;
    let told = json!(callback);
    callbacks.lock().switch(Some(callback));
    Ok(Json(told))
}

/// DELETE /_sim/callback: events that wait are forgotten
async fn switch_off(State(simulator): State<Simulator>) -> Json<Value> {
    simulator.lock().callbacks.lock().switch(None);
    Json(json!({}))
}

/// POST /_sim/callback/pause
async fn pause(State(simulator): State<Simulator>) -> Json<Value> {
    simulator.lock().callbacks.lock().queue.pause();
    Json(json!({}))
}

/// POST /_sim/callback/resume
async fn resume(State(simulator): State<Simulator>) -> Json<Value> {
    simulator.lock().callbacks.lock().queue.resume();
    Json(json!({}))
}

/// GET /_sim/callback/stats
async fn stats(State(simulator): State<Simulator>) -> Json<Value> {
    let state = simulator.lock();
    let outbox = state.callbacks.lock();
    let mut stats = json!(outbox.stats);
    stats["pending"] = outbox.queue.pending().into();
    Json(stats)
}
