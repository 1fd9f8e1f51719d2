//! Who there is: the ids of users, what they did and what they let be sent to them.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::answer::ControlResult;
use crate::control::request::{Path, Query};
use crate::control::user::named;
use crate::simulator::Simulator;
use crate::state;
use crate::world::accounts::{MINI, OA};

/// So many users are listed at a time at most.
const MOST_USERS: u32 = 10_000;

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new().route("/_sim/users", get(users)).route("/_sim/users/{user}", get(user))
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Range {
    from: u32,
    n: u32,
}

impl Default for Range {
    fn default() -> Self {
        Self { from: 0, n: 10 }
    }
}

/// GET /_sim/users?from=&n=
async fn users(State(simulator): State<Simulator>, Query(range): Query<Range>) -> Json<Vec<Value>> {
    let state = simulator.lock();
    let end = range.from.saturating_add(range.n.min(MOST_USERS));
    Json((range.from..end).map(|user| described(&state, user)).collect())
}

/// GET /_sim/users/{user}
async fn user(State(simulator): State<Simulator>, Path(name): Path<String>) -> ControlResult<Value> {
    let state = simulator.lock();
    Ok(Json(described(&state, named(&state.world, &name)?)))
}

/// A user as these routes show them.
pub(super) fn described(state: &state::State, user: u32) -> Value {
    let world = &state.world;
    json!({
        "user": user,
        "mini_openid": MINI.openids.of(user),
        "oa_openid": OA.openids.of(user),
        "unionid": world.console.unionids().of(user),
        "following": world.followers.is_following(user),
        "followed_at": world.followers.followed_at(user),
        "hides_unionid": world.followers.hides_unionid(user),
        "refuses": world.followers.refuses(user),
        "blocks": world.followers.blocks(user),
        "logged_in": world.logins.session_key(user).is_some(),
        "has_session": state.backend.knows(user),
        "credits": world.subscriptions.of(user),
    })
}
