//! The simulator's own routes, under `/_sim`: whatever WeChat has no API for, for tests and the curious.

use axum::{Router, middleware};

use crate::simulator::Simulator;

mod answer;
mod callback;
mod clock;
mod console;
mod endpoint;
mod faults;
mod guard;
mod messages;
mod phone;
mod quota;
mod stats;
mod subscriptions;
mod tokens;
mod users;

/// All of them.
pub(crate) fn router() -> Router<Simulator> {
    Router::new()
        .merge(callback::router())
        .merge(clock::router())
        .merge(console::router())
        .merge(faults::router())
        .merge(messages::router())
        .merge(phone::router())
        .merge(quota::router())
        .merge(stats::router())
        .merge(subscriptions::router())
        .merge(tokens::router())
        .merge(users::router())
        .layer(middleware::from_fn(guard::of_this_machine))
}
