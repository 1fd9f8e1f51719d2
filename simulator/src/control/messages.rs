//! The inbox: the messages that arrived on users' phones.

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::simulator::Simulator;
use crate::world::accounts::{MINI, OA};
use crate::world::inbox::Message;

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new().route("/_sim/messages", get(messages))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    user: Option<u32>,
    n: Option<usize>,
}

/// GET /_sim/messages?user=&n=
async fn messages(State(simulator): State<Simulator>, Query(which): Query<Which>) -> Json<Vec<Value>> {
    let state = simulator.lock();
    let newest = state.world.inbox.newest(which.user).take(which.n.unwrap_or(usize::MAX));
    Json(newest.map(described).collect())
}

fn described(message: &Message) -> Value {
    let mut value = json!(message);
    value["oa_openid"] = OA.openids.of(message.user).into();
    value["mini_openid"] = MINI.openids.of(message.user).into();
    value
}
