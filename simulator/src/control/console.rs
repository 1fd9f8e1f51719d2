//! What a person sets in WeChat's consoles.

use axum::body::Bytes;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};

use crate::control::answer::{ControlResult, body};
use crate::simulator::Simulator;
use crate::world::console::{Change, Console};

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new().route("/_sim/console", get(console).post(change))
}

/// GET /_sim/console
async fn console(State(simulator): State<Simulator>) -> Json<Console> {
    Json(simulator.lock().world.console.clone())
}

/// POST /_sim/console
async fn change(State(simulator): State<Simulator>, bytes: Bytes) -> ControlResult<Console> {
    let change: Change = body(&bytes)?;
    let mut state = simulator.lock();
    state.world.console.change(change);
    Ok(Json(state.world.console.clone()))
}
