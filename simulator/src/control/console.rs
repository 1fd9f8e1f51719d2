//! What a person sets in WeChat's consoles.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};

use crate::control::answer::ControlResult;
use crate::control::request::Body;
use crate::simulator::Simulator;
use crate::world::console::{Change, Console};

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new().route("/_sim/console", get(console).post(change).delete(restore))
}

/// GET /_sim/console
async fn console(State(simulator): State<Simulator>) -> Json<Console> {
    Json(simulator.lock().world.console.clone())
}

/// POST /_sim/console
async fn change(State(simulator): State<Simulator>, Body(change): Body<Change>) -> ControlResult<Console> {
    let mut state = simulator.lock();
    state.world.console.change(change);
    Ok(Json(state.world.console.clone()))
}

/// DELETE /_sim/console: as at the start
async fn restore(State(simulator): State<Simulator>) -> Json<Console> {
    let mut state = simulator.lock();
    state.world.console = Console::default();
    Json(state.world.console.clone())
}
