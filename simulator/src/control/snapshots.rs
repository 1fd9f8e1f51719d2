//! The world as it was: at the start, or when somebody asked for it to be kept.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::answer::{ControlError, ControlResult, bad_request};
use crate::control::request::{Body, Path};
use crate::simulator::Simulator;
use crate::world::World;

/// So many are kept at most.
const MOST: usize = 100;
/// Beside so many bytes of them no other is kept; each is as large as the world, which is about 100 MB at most.
const MOST_BYTES: usize = 1 << 30;
const LONGEST_NAME: usize = 100;

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new()
        .route("/_sim/reset", post(reset))
        .route("/_sim/snapshots", get(snapshots).post(keep))
        .route("/_sim/snapshots/{name}", post(restore).delete(forget))
}

/// POST /_sim/reset: as at the start; faults end, the clock and the access tokens go on
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
async fn keep(State(simulator): State<Simulator>, Body(Named { name }): Body<Named>) -> ControlResult<Value> {
    if !(1..=LONGEST_NAME).contains(&name.len()) {
        return Err(bad_request(format!("name has 1 to {LONGEST_NAME} bytes.")));
    }
    let mut snapshots = simulator.snapshots();
    let others = snapshots.iter().filter(|(other, _)| **other != name);
    let sizes: Vec<_> = others.map(|(_, snapshot)| snapshot.size()).collect();
    has_room_beside(&sizes).map_err(bad_request)?;
    let snapshot = simulator.lock().snapshot().map_err(lost)?;
    snapshots.insert(name.clone(), snapshot);
    Ok(Json(json!({ "name": name })))
}

/// `Err` is a sentence about why there is no room beside snapshots of these sizes.
fn has_room_beside(sizes: &[usize]) -> Result<(), String> {
    if sizes.len() < MOST && sizes.iter().sum::<usize>() < MOST_BYTES {
        return Ok(());
    }
    Err(format!("There are {} snapshots, as many as there is room for; delete one first.", sizes.len()))
}

/// POST /_sim/snapshots/{name}: the world is as it was; faults end, the clock and the access tokens go on
async fn restore(State(simulator): State<Simulator>, Path(name): Path<String>) -> ControlResult<Value> {
    let snapshots = simulator.snapshots();
    let snapshot = snapshots.get(&name).ok_or_else(|| unknown(&name))?;
    simulator.restore_from(snapshot).map_err(lost)?;
    Ok(Json(json!({ "name": name })))
}

/// DELETE /_sim/snapshots/{name}
async fn forget(State(simulator): State<Simulator>, Path(name): Path<String>) -> ControlResult<Value> {
    simulator.snapshots().remove(&name).map(|_| Json(json!({}))).ok_or_else(|| unknown(&name))
}

/// Refuses what began in the world of this number once another is in its place, to which it is nothing.
pub(super) fn unless_replaced(world: &World, number: u64) -> Result<(), ControlError> {
    if world.number == number {
        return Ok(());
    }
    let told = "There was a reset meanwhile, or a snapshot was gone back to: nothing is left of this.";
    Err(ControlError::new(StatusCode::CONFLICT, told))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_a_hundred_snapshots_that_do_not_take_up_all_memory() {
        assert_eq!(has_room_beside(&[1; MOST - 1]), Ok(()));
        assert!(has_room_beside(&[1; MOST]).is_err());
        assert_eq!(has_room_beside(&[MOST_BYTES / 10; 9]), Ok(()));
        assert!(has_room_beside(&[MOST_BYTES / 10 + 1; 10]).is_err());
    }
}
