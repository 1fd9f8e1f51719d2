//! Faults on demand: of calls, of the list of followers, and of callbacks.

use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::control::answer::{ControlResult, bad_request, body};
use crate::control::endpoint::known;
use crate::faults::callbacks::Shares;
use crate::faults::endpoints::Fault;
use crate::faults::followers::Order;
use crate::simulator::Simulator;

pub(crate) fn router() -> Router<Simulator> {
    Router::new()
        .route("/_sim/faults", post(add_fault).delete(clear_faults))
        .route("/_sim/followers/faults", post(set_follower_faults).delete(clear_follower_faults))
        .route("/_sim/callback/faults", post(set_callback_faults).delete(clear_callback_faults))
}

/// POST /_sim/faults: beside those before
async fn add_fault(State(simulator): State<Simulator>, bytes: Bytes) -> ControlResult<Value> {
    let fault: Fault = body(&bytes)?;
    fault.validate().map_err(bad_request)?;
    if fault.endpoint != "*" {
        known(&fault.endpoint)?;
    }
    Ok(Json(json!({ "id": simulator.lock().faults.add(fault) })))
}

/// DELETE /_sim/faults
async fn clear_faults(State(simulator): State<Simulator>) -> Json<Value> {
    simulator.lock().faults.clear();
    Json(json!({}))
}

/// POST /_sim/followers/faults: in place of those before
async fn set_follower_faults(State(simulator): State<Simulator>, bytes: Bytes) -> ControlResult<Value> {
    let order: Order = body(&bytes)?;
    order.validate().map_err(bad_request)?;
    simulator.lock().follower_faults.set(order);
    Ok(Json(json!({})))
}

/// DELETE /_sim/followers/faults
async fn clear_follower_faults(State(simulator): State<Simulator>) -> Json<Value> {
    simulator.lock().follower_faults.set(Order::default());
    Json(json!({}))
}

/// POST /_sim/callback/faults: in place of those before
async fn set_callback_faults(State(simulator): State<Simulator>, bytes: Bytes) -> ControlResult<Value> {
    let shares: Shares = body(&bytes)?;
    shares.validate().map_err(bad_request)?;
    simulator.lock().callbacks.lock().faults.set(shares);
    Ok(Json(json!({})))
}

/// DELETE /_sim/callback/faults
async fn clear_callback_faults(State(simulator): State<Simulator>) -> Json<Value> {
    simulator.lock().callbacks.lock().faults.set(Shares::default());
    Json(json!({}))
}
