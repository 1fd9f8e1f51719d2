//! What happened, kept and live.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use axum::routing::get;
use axum::{Json, Router};
use futures::{Stream, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::callbacks::message::{name, words};
use crate::control::messages;
use crate::log::{Entry, Happened};
use crate::simulator::Simulator;
use crate::world::event::What;

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new().route("/_sim/log", get(log)).route("/_sim/events", get(events))
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Range {
    n: usize,
}

impl Default for Range {
    fn default() -> Self {
        Self { n: 100 }
    }
}

/// GET /_sim/log?n=: the newest first
async fn log(State(simulator): State<Simulator>, Query(Range { n }): Query<Range>) -> Json<Vec<Value>> {
    let log = simulator.log();
    Json(log.newest(n).iter().map(|entry| described(entry)).collect())
}

/// GET /_sim/events: server-sent events, each named by its kind, on from the one that Last-Event-ID names
async fn events(
    State(simulator): State<Simulator>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let watch = simulator.log().watch(last);
    let missed = watch.missed.into_iter().map(|entry| live(&entry));
    let waiting = watch.is_late.then(late).into_iter().chain(missed).collect();
    Sse::new(stream::unfold((waiting, watch.news), next)).keep_alive(KeepAlive::default())
}

type Waiting = (VecDeque<Event>, Receiver<Arc<Entry>>);

async fn next((mut waiting, mut news): Waiting) -> Option<(Result<Event, Infallible>, Waiting)> {
    let event = match waiting.pop_front() {
        Some(event) => event,
        None => match news.recv().await {
            Ok(entry) => live(&entry),
            Err(RecvError::Lagged(_)) => late(),
            Err(RecvError::Closed) => return None,
        },
    };
    Some((Ok(event), (waiting, news)))
}

fn live(entry: &Entry) -> Event {
    let data = described(entry);
    let kind = data["kind"].as_str().unwrap_or_default().to_owned();
    Event::default().id(entry.id.to_string()).event(kind).data(data.to_string())
}

/// More has happened than is kept: whoever watches has to look at everything again.
fn late() -> Event {
    Event::default().event("missed").data("{}")
}

fn described(entry: &Entry) -> Value {
    let mut value = match &entry.what {
        Happened::Call { endpoint, users, answer, took_ms } => {
            json!({ "kind": "call", "endpoint": endpoint, "users": users, "answer": answer, "took_ms": took_ms })
        }
        Happened::Message(message) => {
            json!({ "kind": "message", "message": messages::described(message, None) })
        }
        Happened::Callback { account, event, outcome, tries } => {
            let mut told = json!({
                "kind": "callback", "account": account.name, "event": name(&event.what), "user": event.user,
                "outcome": outcome.word(), "tries": tries,
            });
            if let Some(msgid) = event.what.msgid() {
                told["msgid"] = msgid.to_string().into();
            }
            if let What::Receipt { status, .. } = event.what {
                told["status"] = words(status).into();
            }
            told
        }
        Happened::Control { method, path } => json!({ "kind": "control", "method": method, "path": path }),
    };
    value["id"] = entry.id.into();
    value["at"] = entry.at.into();
    value
}
