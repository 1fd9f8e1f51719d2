//! Who there is: the ids of users, and whether they follow.

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Simulator;
use crate::world::users::Id;

/// So many users are listed at a time at most.
const MOST_USERS: u32 = 10_000;

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
    let described = |user| {
        json!({
            "user": user,
            "mini_openid": Id::MiniOpenid.of(user),
            "oa_openid": Id::OaOpenid.of(user),
            "unionid": Id::Unionid.of(user),
            "following": state.followers.is_following(user),
        })
    };
    Json((range.from..end).map(described).collect())
}
