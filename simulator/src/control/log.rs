//! What happened, kept and live.

use std::convert::Infallible;
use std::mem;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use axum::routing::get;
use axum::{Json, Router};
use futures::{Stream, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use crate::callbacks::message::{name, words};
use crate::control::messages;
use crate::control::request::Query;
use crate::log::{Entry, Happened, Watch};
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
    Json(simulator.log().newest(n).iter().map(|entry| described(entry)).collect())
}

/// GET /_sim/events: server-sent events, each named by its kind, on from the one that Last-Event-ID names; before those
/// of a client that cannot have seen them all goes one named `missed`
async fn events(
    State(simulator): State<Simulator>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let last = headers.get("last-event-id").map(|id| id.to_str().unwrap_or_default());
    Sse::new(stream::unfold(simulator.log().watch(last), next)).keep_alive(KeepAlive::default())
}

/// The next event, written when there is somebody to take it: whoever reads slowly holds entries that are there anyway.
async fn next(mut watch: Watch) -> Option<(Result<Event, Infallible>, Watch)> {
    if mem::take(&mut watch.is_late) {
        return Some((Ok(late()), watch));
    }
    let event = match watch.missed.pop_front() {
        Some(entry) => live(&entry),
        None => match watch.news.recv().await {
            Ok(entry) => live(&entry),
            Err(RecvError::Lagged(_)) => late(),
            Err(RecvError::Closed) => return None,
        },
    };
    Some((Ok(event), watch))
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
        Happened::Call { endpoint, users, user_count, answer, took_ms } => json!({
            "kind": "call", "endpoint": endpoint, "users": users, "user_count": user_count, "answer": answer,
            "took_ms": took_ms,
        }),
        Happened::Message(message) => json!({ "kind": "message", "message": messages::described(message) }),
        Happened::Callback { account, event, outcome, tries } => {
            let mut told = json!({
                "kind": "callback", "account": account.name, "event": name(&event.what), "user": event.user,
                "outcome": outcome, "tries": tries,
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
    value["id"] = entry.id.to_string().into();
    value["at"] = entry.at.into();
    value
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::http::HeaderValue;

    use super::*;
    use crate::settings::Settings;

    #[tokio::test]
    async fn whoever_does_not_read_holds_the_entries_themselves_and_no_copies() {
        let simulator = Simulator::new(Settings::default());
        simulator.log().add(Happened::Control { method: "POST".into(), path: "/".into() });
        let headers =
            HeaderMap::from_iter([("last-event-id".parse().unwrap(), HeaderValue::from_static("-"))]);
        let _unread = events(State(simulator.clone()), headers).await;
        let entry = simulator.log().newest(1).remove(0);
        assert_eq!(Arc::strong_count(&entry), 3, "the log's, the stream's and this one");
    }
}
