//! How often an endpoint may be called from now on.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::control::answer::ControlResult;
use crate::control::endpoint::known;
use crate::control::request::Body;
use crate::simulator::Simulator;

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new().route("/_sim/quota", get(quotas).post(quota))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Quota {
    endpoint: String,
    #[serde(default, deserialize_with = "given")]
    per_day: Option<Option<u64>>,
    #[serde(default, deserialize_with = "given")]
    per_minute: Option<Option<u64>>,
}

/// Tells `null`, which lifts a limit, from a field left out, which leaves it.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<u64>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// GET /_sim/quota: each endpoint's limits, and what each account has used of them
async fn quotas(State(simulator): State<Simulator>) -> Json<Vec<Value>> {
    let world = &simulator.lock().world;
    let used = |(path, account): (&'static str, &'static str)| {
        let limit = world.quota.limit(path);
        let (today, this_minute) = world.quota.used(path, account, world.clock.now());
        json!({
            "endpoint": path, "account": account, "per_day": limit.per_day, "per_minute": limit.per_minute,
            "used_today": today, "used_this_minute": this_minute,
        })
    };
    Json(world.quota.counted().into_iter().map(used).collect())
}

/// POST /_sim/quota
async fn quota(State(simulator): State<Simulator>, Body(quota): Body<Quota>) -> ControlResult<Value> {
    let endpoint = known(&quota.endpoint)?;
    let mut state = simulator.lock();
    let mut limit = state.world.quota.limit(endpoint.path);
    limit.per_day = quota.per_day.unwrap_or(limit.per_day);
    limit.per_minute = quota.per_minute.unwrap_or(limit.per_minute);
    state.world.quota.set(endpoint.path, limit);
    Ok(Json(json!({ "endpoint": endpoint.path, "per_day": limit.per_day, "per_minute": limit.per_minute })))
}
