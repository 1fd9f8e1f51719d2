//! What was called how often, and what arrived.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::simulator::Simulator;

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new().route("/_sim/stats", get(stats))
}

/// GET /_sim/stats
async fn stats(State(simulator): State<Simulator>) -> Json<Value> {
    let state = simulator.lock();
    let mut stats = json!(state.world.stats);
    stats["delivered"] = state.world.inbox.delivered.into();
    stats["duplicates"] = state.world.inbox.duplicates.into();
    Json(stats)
}
