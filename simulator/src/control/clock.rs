//! The clock: read, moved and set.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::answer::{ControlResult, bad_request};
use crate::control::request::Body;
use crate::simulator::Simulator;

/// The year 2096: until then a msgid made of the time fits its 64 bits.
const LATEST: i64 = 4_000_000_000;

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new().route("/_sim/clock", get(clock).post(set_clock))
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Move {
    Advance(i64),
    Now(i64),
}

/// POST /_sim/clock
async fn set_clock(State(simulator): State<Simulator>, Body(to): Body<Move>) -> ControlResult<Value> {
    let clock = simulator.clock();
    // Two who move it at once do not move it too far together.
    let _alone = simulator.lock();
    let now = match to {
        Move::Advance(seconds) => clock.now().saturating_add(seconds),
        Move::Now(now) => now,
    };
    if !(0..LATEST).contains(&now) {
        return Err(bad_request("The clock goes from 1970 to 2096, in Unix seconds."));
    }
    match to {
        Move::Advance(seconds) => clock.advance(seconds),
        Move::Now(now) => clock.set(now),
    }
    Ok(Json(json!({ "now": clock.now() })))
}

/// GET /_sim/clock
async fn clock(State(simulator): State<Simulator>) -> Json<Value> {
    Json(json!({ "now": simulator.clock().now() }))
}
