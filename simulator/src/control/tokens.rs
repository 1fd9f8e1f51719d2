//! A third party who fetches tokens, and so replaces those that others hold.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::control::answer::{ControlResult, bad_request};
use crate::control::request::Body;
use crate::simulator::Simulator;
use crate::world::accounts::{Account, OA};
use crate::world::tokens::Mode;

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new().route("/_sim/rotate", post(rotate))
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Rotation {
    account: String,
    mode: Mode,
    times: u32,
}

impl Default for Rotation {
    fn default() -> Self {
        Self { account: OA.name.into(), mode: Mode::Classic, times: 1 }
    }
}

/// POST /_sim/rotate
async fn rotate(State(simulator): State<Simulator>, Body(rotation): Body<Rotation>) -> ControlResult<Value> {
    if !(1..=100).contains(&rotation.times) {
        return Err(bad_request("times is a number between 1 and 100."));
    }
    let unknown = || bad_request(format!("There is no account {:?} here.", rotation.account));
    let account = Account::by_name(&rotation.account).ok_or_else(unknown)?;
    let mut state = simulator.lock();
    let now = state.world.clock.now();
    let tokens = state.world.tokens.rotation(account, rotation.mode);
    let mut token = tokens.issue(now);
    for _ in 1..rotation.times {
        token = tokens.issue(now);
    }
    Ok(Json(json!({
        "account": account.name,
        "mode": rotation.mode,
        "access_token_fingerprint": fingerprint(&token.text),
    })))
}

/// The first 16 hex digits of the token's SHA-256: enough to compare, too little to use.
fn fingerprint(token: &str) -> String {
    Sha256::digest(token).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
