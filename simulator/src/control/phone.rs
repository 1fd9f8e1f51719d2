//! What users do on their phones: log in, follow, scan, hide, refuse, block.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use crate::control::answer::{ControlError, ControlResult, body};
use crate::simulator::Simulator;
use crate::world::World;
use crate::world::accounts::MINI;
use crate::world::event::What;
use crate::world::sealed::{Sealed, with_ids};

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new()
        .route("/_sim/users/{user}/code", post(code))
        .route("/_sim/users/{user}/sealed", post(sealed))
        .route("/_sim/users/{user}/{action}", post(act))
}

/// POST /_sim/users/{user}/code: `wx.login`
async fn code(State(simulator): State<Simulator>, Path(user): Path<u32>) -> Json<Value> {
    let world = &mut simulator.lock().world;
    let now = world.clock.now();
    Json(json!({ "code": world.logins.new_code(&MINI, user, now) }))
}

/// POST /_sim/users/{user}/sealed: `wx.getUserInfo` and its relatives
async fn sealed(
    State(simulator): State<Simulator>,
    Path(user): Path<u32>,
    bytes: Bytes,
) -> ControlResult<Sealed> {
    let object: Map<String, Value> = body(&bytes)?;
    let raw = if bytes.is_empty() { "{}".into() } else { String::from_utf8_lossy(&bytes) };
    let world = &simulator.lock().world;
    let plain = with_ids(world, user, object);
    let sealed = world.logins.session_key(user).and_then(|key| Sealed::new(key, &raw, &plain));
    let never =
        || ControlError::new(StatusCode::CONFLICT, format!("User {user} has no session_key: log in first."));
    Ok(Json(sealed.ok_or_else(never)?))
}

/// POST /_sim/users/{user}/{action}
async fn act(
    State(simulator): State<Simulator>,
    Path((user, action)): Path<(u32, String)>,
) -> ControlResult<Value> {
    let mut state = simulator.lock();
    if let Some(what) = perform(&mut state.world, user, &action)? {
        state.emit(user, what);
    }
    Ok(Json(json!({ "user": user, "following": state.world.followers.is_following(user) })))
}

/// Does it and gives what the Official Account hears of it.
fn perform(world: &mut World, user: u32, action: &str) -> Result<Option<What>, ControlError> {
    let now = world.clock.now();
    let followers = &mut world.followers;
    match action {
        "follow" => return Ok(followers.follow(user, now).then_some(What::Subscribe)),
        "unfollow" => return Ok(followers.unfollow(user).then_some(What::Unsubscribe)),
        "scan" if followers.is_following(user) => return Ok(Some(What::Scan)),
        "scan" => {
            let sentence = format!("User {user} does not follow, and WeChat reports only followers' scans.");
            return Err(ControlError::new(StatusCode::CONFLICT, sentence));
        }
        "hide-unionid" => followers.hide_unionid(user, true),
        "show-unionid" => followers.hide_unionid(user, false),
        "refuse" => followers.refuse(user, true),
        "block" => followers.block(user, true),
        "accept" => {
            followers.refuse(user, false);
            followers.block(user, false);
        }
        _ => return Err(ControlError::new(StatusCode::NOT_FOUND, format!("Users cannot {action}."))),
    }
    Ok(None)
}
