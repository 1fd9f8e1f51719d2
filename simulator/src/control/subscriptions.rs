//! What users let the mini-program send them: asked by its popup, and changed in its settings.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::control::answer::{ControlError, ControlResult, bad_request};
use crate::control::request::{Body, Path};
use crate::control::user::named;
use crate::simulator::Simulator;
use crate::state;
use crate::world::World;
use crate::world::accounts::MINI;
use crate::world::event::{Choice, What};
use crate::world::subscriptions::Reply;
use crate::world::templates::Template;

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new()
        .route("/_sim/users/{user}/subscribe", post(subscribe))
        .route("/_sim/users/{user}/subscriptions", get(subscriptions).post(change))
}

/// What there is to say of each template.
pub(super) type Replies = BTreeMap<String, Reply>;

/// POST /_sim/users/{user}/subscribe: `wx.requestSubscribeMessage`, and what the user chose in its popup
async fn subscribe(
    State(simulator): State<Simulator>,
    Path(name): Path<String>,
    Body(replies): Body<Replies>,
) -> ControlResult<Value> {
    let mut state = simulator.lock();
    let user = named(&state.world, &name)?;
    Ok(Json(request_subscribe_message(&mut state, user, &replies)?))
}

/// Has a user answer the popup of `wx.requestSubscribeMessage`, and gives what the mini-program is told.
pub(super) fn request_subscribe_message(
    state: &mut state::State,
    user: u32,
    replies: &Replies,
) -> Result<Value, ControlError> {
    let choices = choices(&state.world, replies)?;
    for choice in choices.iter().filter(|choice| choice.accepts) {
        state.world.subscriptions.accept(user, choice.template_id);
    }
    if !choices.is_empty() {
        state.emit(user, What::Popup(choices));
    }
    let mut told = json!(replies);
    told["errMsg"] = "requestSubscribeMessage:ok".into();
    Ok(told)
}

/// GET /_sim/users/{user}/subscriptions: how many messages the user still takes, by template
async fn subscriptions(State(simulator): State<Simulator>, Path(name): Path<String>) -> ControlResult<Value> {
    let world = &simulator.lock().world;
    Ok(Json(json!(world.subscriptions.of(named(world, &name)?))))
}

/// POST /_sim/users/{user}/subscriptions: what the user changes in the mini-program's settings
async fn change(
    State(simulator): State<Simulator>,
    Path(name): Path<String>,
    Body(replies): Body<Replies>,
) -> ControlResult<Value> {
    if replies.values().any(|reply| !matches!(reply, Reply::Accept | Reply::Reject)) {
        return Err(bad_request("Settings know `accept` and `reject`."));
    }
    let mut state = simulator.lock();
    let user = named(&state.world, &name)?;
    let choices = choices(&state.world, &replies)?;
    // To accept there lets nothing be sent: that takes a popup.
    for choice in choices.iter().filter(|choice| !choice.accepts) {
        state.world.subscriptions.refuse(user, choice.template_id);
    }
    state.emit(user, What::Change(choices));
    Ok(Json(json!(state.world.subscriptions.of(user))))
}

/// What the user was asked and chose, of templates that the mini-program has.
fn choices(world: &World, replies: &Replies) -> Result<Vec<Choice>, ControlError> {
    if replies.is_empty() {
        return Err(bad_request("The body names at least one template, and what is said of it."));
    }
    let mut choices = Vec::new();
    for (id, reply) in replies {
        let template = Template::of(&MINI, id).ok().filter(|template| world.console.has(template.id));
        let template =
            template.ok_or_else(|| bad_request(format!("The mini-program has no template {id:?}.")))?;
        choices.extend(reply.accepts().map(|accepts| Choice { template_id: template.id, accepts }));
    }
    Ok(choices)
}
