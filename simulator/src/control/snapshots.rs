//! The world as it was: at the start, or when somebody asked for it to be kept.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::answer::{ControlError, ControlResult, bad_request, body};
use crate::simulator::Simulator;

/// So many are kept; each is as large as the world.
const MOST: usize = 100;
const LONGEST_NAME: usize = 100;

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new()
        .route("/_sim/reset", post(reset))
        .route("/_sim/snapshots", get(snapshots).post(keep))
        .route("/_sim/snapshots/{name}", post(restore).delete(forget))
}

/// POST /_sim/reset: as at the start; faults end, and the clock goes on
async fn reset(State(simulator): State<Simulator>) -> Json<Value> {
    simulator.reset();
    Json(json!({}))
}

/// GET /_sim/snapshots: their names
async fn snapshots(State(simulator): State<Simulator>) -> Json<Vec<String>> {
    Json(simulator.snapshots().keys().cloned().collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

/// POST /_sim/snapshots: keeps the world as it is, in place of what was kept under this name
async fn keep(State(simulator): State<Simulator>, bytes: Bytes) -> ControlResult<Value> {
    let Named { name } = body(&bytes)?;
    if !(1..=LONGEST_NAME).contains(&name.len()) {
        return Err(bad_request(format!("name has 1 to {LONGEST_NAME} bytes.")));
    }
    let kept = simulator.to_file().map_err(lost)?;
    let mut snapshots = simulator.snapshots();
    if snapshots.len() >= MOST && !snapshots.contains_key(&name) {
        return Err(bad_request(format!("There are {MOST} snapshots; delete one first.")));
    }
    snapshots.insert(name.clone(), kept);
    Ok(Json(json!({ "name": name })))
}

/// POST /_sim/snapshots/{name}: the world is as it was; faults end, and the clock goes on
async fn restore(State(simulator): State<Simulator>, Path(name): Path<String>) -> ControlResult<Value> {
    let kept = simulator.snapshots().get(&name).cloned().ok_or_else(|| unknown(&name))?;
    simulator.go_back(&kept).map_err(lost)?;
    Ok(Json(json!({ "name": name })))
}

/// DELETE /_sim/snapshots/{name}
async fn forget(State(simulator): State<Simulator>, Path(name): Path<String>) -> ControlResult<Value> {
    simulator.snapshots().remove(&name).map(|_| Json(json!({}))).ok_or_else(|| unknown(&name))
}

fn unknown(name: &str) -> ControlError {
    ControlError::new(StatusCode::NOT_FOUND, format!("There is no snapshot {name:?}."))
}

fn lost(error: std::io::Error) -> ControlError {
    ControlError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        format!("The world cannot be written or read: {error}."),
    )
}
