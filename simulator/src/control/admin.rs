//! The simulator's own routes about the whole: faults, rotations, quotas, clock and counts.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::Simulator;
use crate::api::endpoints::Endpoint;
use crate::faults::endpoints::Fault;
use crate::world::accounts::Account;
use crate::world::tokens::Mode;

/// The year 2096: until then a msgid made of the time fits its 64 bits.
const LATEST: i64 = 4_000_000_000;

/// An answer, or a sentence about what is wrong.
pub(crate) type ControlResult<T> = Result<Json<T>, ControlError>;

#[derive(Debug)]
pub(crate) struct ControlError {
    status: StatusCode,
    sentence: String,
}

impl ControlError {
    pub(crate) fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self { status, sentence: sentence.into() }
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.sentence }))).into_response()
    }
}

pub(crate) fn bad_request(sentence: impl Into<String>) -> ControlError {
    ControlError::new(StatusCode::BAD_REQUEST, sentence)
}

/// A JSON body whatever its content type; none at all is an empty object.
pub(crate) fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ControlError> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(bytes)
        .map_err(|error| bad_request(format!("The body is not as expected: {error}.")))
}

pub(crate) fn router() -> Router<Simulator> {
    Router::new()
        .route("/_sim/faults", post(add_fault).delete(clear_faults))
        .route("/_sim/rotate", post(rotate))
        .route("/_sim/quota", post(quota))
        .route("/_sim/clock", get(clock).post(set_clock))
        .route("/_sim/stats", get(stats))
}

fn known(endpoint: &str) -> Result<&'static Endpoint, ControlError> {
    Endpoint::by_path(endpoint).ok_or_else(|| bad_request(format!("There is no endpoint {endpoint:?} here.")))
}

/// POST /_sim/faults
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

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Rotation {
    account: Account,
    mode: Mode,
    times: u32,
}

impl Default for Rotation {
    fn default() -> Self {
        Self { account: Account::Oa, mode: Mode::Classic, times: 1 }
    }
}

/// POST /_sim/rotate: a third party fetches a token
async fn rotate(State(simulator): State<Simulator>, bytes: Bytes) -> ControlResult<Value> {
    let rotation: Rotation = body(&bytes)?;
    if !(1..=100).contains(&rotation.times) {
        return Err(bad_request("times is a number between 1 and 100."));
    }
    let mut state = simulator.lock();
    let now = state.clock.now();
    let tokens = state.tokens.rotation(rotation.account, rotation.mode);
    let mut token = tokens.issue(now);
    for _ in 1..rotation.times {
        token = tokens.issue(now);
    }
    Ok(Json(json!({
        "account": rotation.account,
        "mode": rotation.mode,
        "access_token_fingerprint": fingerprint(&token.text),
    })))
}

/// The first 16 hex digits of the token's SHA-256: enough to compare, too little to use.
fn fingerprint(token: &str) -> String {
    Sha256::digest(token).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
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

/// POST /_sim/quota
async fn quota(State(simulator): State<Simulator>, bytes: Bytes) -> ControlResult<Value> {
    let quota: Quota = body(&bytes)?;
    let endpoint = known(&quota.endpoint)?;
    let mut state = simulator.lock();
    let mut limit = state.quota.limit(endpoint.path);
    limit.per_day = quota.per_day.unwrap_or(limit.per_day);
    limit.per_minute = quota.per_minute.unwrap_or(limit.per_minute);
    state.quota.set(endpoint.path, limit);
    Ok(Json(json!({ "endpoint": endpoint.path, "per_day": limit.per_day, "per_minute": limit.per_minute })))
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Move {
    Advance(i64),
    Now(i64),
}

/// POST /_sim/clock
async fn set_clock(State(simulator): State<Simulator>, bytes: Bytes) -> ControlResult<Value> {
    let to: Move = body(&bytes)?;
    let mut state = simulator.lock();
    let mut clock = state.clock;
    match to {
        Move::Advance(seconds) => clock.advance(seconds),
        Move::Now(now) => clock.set(now),
    }
    if !(0..LATEST).contains(&clock.now()) {
        return Err(bad_request("The clock goes from 1970 to 2096, in Unix seconds."));
    }
    state.clock = clock;
    Ok(Json(json!({ "now": clock.now() })))
}

/// GET /_sim/clock
async fn clock(State(simulator): State<Simulator>) -> Json<Value> {
    Json(json!({ "now": simulator.lock().clock.now() }))
}

/// GET /_sim/stats
async fn stats(State(simulator): State<Simulator>) -> Json<Value> {
    let state = simulator.lock();
    let mut stats = json!(state.stats);
    stats["delivered"] = state.inbox.delivered.into();
    stats["duplicates"] = state.inbox.duplicates.into();
    Json(stats)
}
