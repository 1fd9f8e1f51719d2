//! Faults on demand: of endpoints, of the list of followers, and of callbacks.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::answer::{ControlError, ControlResult, bad_request};
use crate::control::endpoint::known;
use crate::control::request::{Body, Path, Query, Raw, parse, unexpected};
use crate::faults::callbacks::Shares;
use crate::faults::endpoints::Fault;
use crate::faults::followers::Order;
use crate::simulator::Simulator;
use crate::world::accounts::{Account, MINI, OA};

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new()
        .route("/_sim/faults", get(in_force).post(order).delete(clear))
        .route("/_sim/faults/{id}", delete(remove))
        .route("/_sim/followers/faults", post(order_of_followers).delete(clear_of_followers))
        .route("/_sim/callback/faults", post(order_of_callbacks).delete(clear_of_callbacks))
        .route("/_sim/mini/callback/faults", post(order_of_mini_callbacks).delete(clear_of_mini_callbacks))
}

/// GET /_sim/faults: those in force, of every kind
async fn in_force(State(simulator): State<Simulator>) -> Json<Value> {
    let state = simulator.lock();
    let (callbacks, mini_callbacks) = (state.callbacks.lock(), state.mini_callbacks.lock());
    Json(json!({
        "endpoints": state.faults.in_force(),
        "followers": state.follower_faults.order(),
        "callback": callbacks.faults.shares(),
        "mini_callback": mini_callbacks.faults.shares(),
    }))
}

/// DELETE /_sim/faults/{id}: one of an endpoint
async fn remove(State(simulator): State<Simulator>, Path(id): Path<u64>) -> ControlResult<Value> {
    if simulator.lock().faults.remove(id) {
        return Ok(Json(json!({})));
    }
    Err(ControlError::new(StatusCode::NOT_FOUND, format!("There is no fault {id} in force.")))
}

/// What a fault befalls; an endpoint, unless something else is said.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Endpoint,
    Followers,
    Callback,
    MiniCallback,
}

/// POST /_sim/faults: an endpoint's fault beside those before, the other kinds in place of them
async fn order(State(simulator): State<Simulator>, Raw(bytes): Raw) -> ControlResult<Value> {
    let Some((kind, fields)) = without_kind(&bytes)? else {
        return add(&simulator, parse(&bytes)?);
    };
    match kind {
        Kind::Endpoint => add(&simulator, serde_json::from_value(fields).map_err(unexpected)?),
        Kind::Followers => set_followers(&simulator, serde_json::from_value(fields).map_err(unexpected)?),
        Kind::Callback => set_callbacks(&simulator, &OA, serde_json::from_value(fields).map_err(unexpected)?),
        Kind::MiniCallback => {
            set_callbacks(&simulator, &MINI, serde_json::from_value(fields).map_err(unexpected)?)
        }
    }
}

/// The kind that an order names, and its other fields; `None` if it names none.
fn without_kind(bytes: &[u8]) -> Result<Option<(Kind, Value)>, ControlError> {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(bytes) else { return Ok(None) };
    let Some(kind) = fields.remove("kind") else { return Ok(None) };
    let kind = serde_json::from_value(kind).map_err(unexpected)?;
    Ok(Some((kind, Value::Object(fields))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    #[serde(default)]
    kind: Kind,
}

/// DELETE /_sim/faults?kind=
async fn clear(State(simulator): State<Simulator>, Query(which): Query<Which>) -> ControlResult<Value> {
    match which.kind {
        Kind::Endpoint => simulator.lock().faults.clear(),
        Kind::Followers => simulator.lock().follower_faults.set(Order::default()),
        Kind::Callback => simulator.lock().callbacks.lock().faults.set(Shares::default()),
        Kind::MiniCallback => simulator.lock().mini_callbacks.lock().faults.set(Shares::default()),
    }
    Ok(Json(json!({})))
}

/// POST /_sim/followers/faults: in place of those before
async fn order_of_followers(
    State(simulator): State<Simulator>,
    Body(order): Body<Order>,
) -> ControlResult<Value> {
    set_followers(&simulator, order)
}

/// DELETE /_sim/followers/faults
async fn clear_of_followers(simulator: State<Simulator>) -> ControlResult<Value> {
    clear(simulator, Query(Which { kind: Kind::Followers })).await
}

/// POST /_sim/callback/faults: in place of those before
async fn order_of_callbacks(
    State(simulator): State<Simulator>,
    Body(shares): Body<Shares>,
) -> ControlResult<Value> {
    set_callbacks(&simulator, &OA, shares)
}

/// POST /_sim/mini/callback/faults: in place of those before
async fn order_of_mini_callbacks(
    State(simulator): State<Simulator>,
    Body(shares): Body<Shares>,
) -> ControlResult<Value> {
    set_callbacks(&simulator, &MINI, shares)
}

/// DELETE /_sim/mini/callback/faults
async fn clear_of_mini_callbacks(simulator: State<Simulator>) -> ControlResult<Value> {
    clear(simulator, Query(Which { kind: Kind::MiniCallback })).await
}

/// DELETE /_sim/callback/faults
async fn clear_of_callbacks(simulator: State<Simulator>) -> ControlResult<Value> {
    clear(simulator, Query(Which { kind: Kind::Callback })).await
}

fn add(simulator: &Simulator, fault: Fault) -> ControlResult<Value> {
    fault.validate().map_err(bad_request)?;
    if fault.endpoint != "*" {
        known(&fault.endpoint)?;
    }
    Ok(Json(json!({ "id": simulator.lock().faults.add(fault) })))
}

fn set_followers(simulator: &Simulator, order: Order) -> ControlResult<Value> {
    order.validate().map_err(bad_request)?;
    simulator.lock().follower_faults.set(order);
    Ok(Json(json!({})))
}

fn set_callbacks(simulator: &Simulator, account: &Account, shares: Shares) -> ControlResult<Value> {
    shares.validate().map_err(bad_request)?;
    simulator.lock().callbacks_of(account).lock().faults.set(shares);
    Ok(Json(json!({})))
}
