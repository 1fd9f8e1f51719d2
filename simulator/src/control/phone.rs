//! What users do on their phones: log in, follow, scan, hide, refuse, block.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::backend;
use crate::control::answer::{ControlError, ControlResult};
use crate::control::request::{Body, Path, Raw, parse};
use crate::control::snapshots::unless_replaced;
use crate::control::subscriptions::request_subscribe_message;
use crate::control::user::named;
use crate::control::users::described;
use crate::simulator::Simulator;
use crate::world::World;
use crate::world::accounts::MINI;
use crate::world::event::What;
use crate::world::sealed::{Sealed, with_ids};
use crate::world::subscriptions::Reply;

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new()
        .route("/_sim/users/{user}/code", post(code))
        .route("/_sim/users/{user}/sealed", post(sealed))
        .route("/_sim/users/{user}/login", post(login))
        .route("/_sim/users/{user}/accept-message", post(accept_message))
        .route("/_sim/users/{user}/{action}", post(act))
}

/// POST /_sim/users/{user}/code: `wx.login`
async fn code(State(simulator): State<Simulator>, Path(name): Path<String>) -> ControlResult<Value> {
    let world = &mut simulator.lock().world;
    let (user, now) = (named(world, &name)?, world.clock.now());
    Ok(Json(json!({ "code": world.logins.new_code(&MINI, user, now) })))
}

/// POST /_sim/users/{user}/sealed: `wx.getUserInfo` and its relatives
async fn sealed(
    State(simulator): State<Simulator>,
    Path(name): Path<String>,
    Raw(bytes): Raw,
) -> ControlResult<Sealed> {
    let object: Map<String, Value> = parse(&bytes)?;
    let raw = if bytes.is_empty() { "{}".into() } else { String::from_utf8_lossy(&bytes) };
    let world = &simulator.lock().world;
    let user = named(world, &name)?;
    let plain = with_ids(world, user, object);
    let sealed = world.logins.session_key(user).and_then(|key| Sealed::new(key, &raw, &plain));
    let never =
        || ControlError::new(StatusCode::CONFLICT, format!("User {user} has no session_key: log in first."));
    Ok(Json(sealed.ok_or_else(never)?))
}

/// POST /_sim/users/{user}/login: the user opens the mini-program, which logs them in at its server
async fn login(State(simulator): State<Simulator>, Path(name): Path<String>) -> ControlResult<Value> {
    let (user, code, call, world) = {
        let mut state = simulator.lock();
        let (user, now) = (named(&state.world, &name)?, state.world.clock.now());
        let code = state.world.logins.new_code(&MINI, user, now);
        let call = state.backend.login(&code);
        (user, code, call, state.world.number)
    };
    let mut answered = backend::call(call, &simulator.clock()).await;
    let mut state = simulator.lock();
    unless_replaced(&state.world, world)?;
    answered.iter_mut().for_each(|answered| state.backend.keep_session(user, answered));
    let mut told = described(&state, user);
    // What a server has taken is of no use to anybody else.
    told["code"] = if answered.is_some() { Value::Null } else { code.into() };
    told["backend"] = json!(answered);
    Ok(Json(told))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepted {
    template_id: String,
}

/// POST /_sim/users/{user}/accept-message: the user allows one message of a template, and the mini-program tells its server
async fn accept_message(
    State(simulator): State<Simulator>,
    Path(name): Path<String>,
    Body(Accepted { template_id }): Body<Accepted>,
) -> ControlResult<Value> {
    let (user, result, call, world) = {
        let mut state = simulator.lock();
        let user = named(&state.world, &name)?;
        let replies = [(template_id, Reply::Accept)].into();
        let result = request_subscribe_message(&mut state, user, &replies)?;
        let call = state.backend.subscriptions(user, &result);
        (user, result, call, state.world.number)
    };
    let answered = backend::call(call, &simulator.clock()).await;
    let state = simulator.lock();
    unless_replaced(&state.world, world)?;
    let mut told = described(&state, user);
    (told["result"], told["backend"]) = (result, json!(answered));
    Ok(Json(told))
}

/// POST /_sim/users/{user}/{action}
async fn act(
    State(simulator): State<Simulator>,
    Path((name, action)): Path<(String, String)>,
) -> ControlResult<Value> {
    let mut state = simulator.lock();
    let user = named(&state.world, &name)?;
    if let Some(what) = perform(&mut state.world, user, &action)? {
        state.emit(user, what);
    }
    Ok(Json(described(&state, user)))
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
