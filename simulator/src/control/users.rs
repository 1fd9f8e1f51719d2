//! Who there is: the ids of users, and whether they follow.

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::simulator::Simulator;
use crate::world::accounts::{MINI, OA};

/// So many users are listed at a time at most.
const MOST_USERS: u32 = 10_000;

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new().route("/_sim/users", get(users))
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
    let unionids = state.world.console.unionids();
    let described = |user| {
        json!({
            "user": user,
            "mini_openid": MINI.openids.of(user),
            "oa_openid": OA.openids.of(user),
            "unionid": unionids.of(user),
            "following": state.world.followers.is_following(user),
        })
    };
    Json((range.from..end).map(described).collect())
}
