//! The inbox: the messages that arrived on users' phones, and waiting for one.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout_at};

use crate::control::answer::{ControlResult, bad_request};
use crate::control::user::named;
use crate::log::{Happened, Log, Told};
use crate::simulator::Simulator;
use crate::world::accounts::{MINI, OA};
use crate::world::inbox::{Channel, Message};
use crate::world::templates::Template;

/// The longest that a message is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new().route("/_sim/messages", get(messages).delete(clear))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    /// A number, or any of a user's ids.
    user: Option<String>,
    channel: Option<Channel>,
    /// What a value, the page or the template's id has in it.
    contains: Option<String>,
    /// Arrived then or later, in Unix seconds by the simulator's clock.
    since: Option<i64>,
    /// Arrived after the message of this msgid.
    after: Option<i64>,
    n: Option<usize>,
    /// How long to wait for one, such as `10s`, by the machine's clock.
    #[serde(default, with = "humantime_serde")]
    wait: Option<Duration>,
}

impl Which {
    fn has(&self, message: &Message) -> bool {
        let is_in = |text: &str| {
            let data = message.data.values().filter_map(Value::as_str);
            data.chain(message.page.as_deref())
                .chain([message.template_id.as_str()])
                .any(|one| one.contains(text))
        };
        self.channel.is_none_or(|channel| message.channel == channel)
            && self.since.is_none_or(|since| message.at >= since)
            && self.after.is_none_or(|after| message.msgid > after)
            && self.contains.as_deref().is_none_or(is_in)
    }
}

/// GET /_sim/messages?user=&channel=&contains=&since=&after=&n=&wait=: the newest first; with `wait` as soon as there is
/// one, and none when there was none in time
async fn messages(
    State(simulator): State<Simulator>,
    Query(which): Query<Which>,
) -> ControlResult<Vec<Value>> {
    let wait = which.wait.unwrap_or_default();
    if wait > LONGEST_WAIT {
        return Err(bad_request("wait is a minute at most, such as 10s."));
    }
    let until = Instant::now() + wait;
    // From before the first look on: what arrives meanwhile is news.
    let mut news = simulator.log().watch(None).news;
    loop {
        let found = found(&simulator, &which)?;
        if !found.is_empty() || Instant::now() >= until {
            return Ok(Json(found));
        }
        loop {
            match timeout_at(until, news.recv()).await {
                Ok(Ok(entry)) if !matches!(entry.what, Happened::Message(_)) => {}
                Ok(Ok(_) | Err(RecvError::Lagged(_))) | Err(_) => break,
                Ok(Err(RecvError::Closed)) => return Ok(Json(Vec::new())),
            }
        }
    }
}

fn found(simulator: &Simulator, which: &Which) -> Result<Vec<Value>, crate::control::answer::ControlError> {
    let state = simulator.lock();
    let user = which.user.as_deref().map(|name| named(&state.world, name)).transpose()?;
    let newest = state.world.inbox.newest(user).filter(|message| which.has(message));
    let receipts = receipts(&state.log);
    let described = |message| described(message, receipts.get(&message.msgid).copied());
    Ok(newest.take(which.n.unwrap_or(usize::MAX)).map(described).collect())
}

/// How far the telling of each message's receipt has come, as far as it is remembered.
fn receipts(log: &Log) -> HashMap<i64, Told> {
    let told = log.newest(usize::MAX).into_iter().rev().filter_map(|entry| match &entry.what {
        Happened::Callback { event, outcome, .. } => Some((event.what.msgid()?, *outcome)),
        _ => None,
    });
    told.collect()
}

/// DELETE /_sim/messages: the phones are emptied
async fn clear(State(simulator): State<Simulator>) -> Json<Value> {
    Json(json!({ "deleted": simulator.lock().world.inbox.clear() }))
}

/// A message as these routes show it.
pub(super) fn described(message: &Message, receipt: Option<Told>) -> Value {
    let mut value = json!(message);
    // As a text, too: JavaScript's numbers have no room for it.
    value["id"] = message.msgid.to_string().into();
    value["oa_openid"] = OA.openids.of(message.user).into();
    value["mini_openid"] = MINI.openids.of(message.user).into();
    value["receipt"] = receipt.map(Told::word).into();
    let template = Template::by_id(&message.template_id);
    value["title"] = template.map(|template| template.title).into();
    let lines = template.into_iter().flat_map(Template::lines);
    let line =
        |(label, field)| Some(json!({ "label": label, "field": field, "value": message.data.get(field)? }));
    value["lines"] = lines.filter_map(line).collect();
    value
}
