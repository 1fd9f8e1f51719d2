//! The inbox: the messages that arrived on users' phones, and waiting for one.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use humantime_serde::re::humantime::parse_duration;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout_at};

use crate::control::answer::{ControlError, ControlResult, bad_request};
use crate::control::request::Query;
use crate::control::user::named;
use crate::log::{Entry, Happened};
use crate::simulator::Simulator;
use crate::world::World;
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
    /// How long to wait for one, by the machine's clock.
    #[serde(default, deserialize_with = "duration")]
    wait: Option<Duration>,
}

/// `10s`, `500ms`; a bare number is seconds.
fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let seconds = text.parse().map(Duration::from_secs);
    let duration = seconds.or_else(|_| parse_duration(&text));
    duration.map(Some).map_err(|_| D::Error::custom("it is a time such as 10s"))
}

impl Which {
    /// The user it names, of the world as it stands.
    fn user(&self, world: &World) -> Result<Option<u32>, ControlError> {
        self.user.as_deref().map(|name| named(world, name)).transpose()
    }

    /// How long there is anything to wait for.
    fn wait(&self) -> Duration {
        if self.n == Some(0) { Duration::ZERO } else { self.wait.unwrap_or_default() }
    }

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
    let wait = which.wait();
    if wait > LONGEST_WAIT {
        return Err(bad_request("wait is a minute at most, such as 10s."));
    }
    let until = Instant::now() + wait;
    let user = which.user(&simulator.lock().world)?;
    // From before the first look on: what arrives meanwhile is news.
    let mut news = simulator.log().watch(None).news;
    let mut arrived = found(&simulator, user, &which);
    while arrived.is_empty() && may_have_arrived(&mut news, user, &which, until).await {
        arrived = found(&simulator, user, &which);
    }
    Ok(Json(arrived))
}

fn found(simulator: &Simulator, user: Option<u32>, which: &Which) -> Vec<Value> {
    let state = simulator.lock();
    let newest = state.world.inbox.newest(user).filter(|message| which.has(message));
    newest.take(which.n.unwrap_or(usize::MAX)).map(described).collect()
}

/// Waits until a message may have arrived that is one of these; `false` when there was none in time.
async fn may_have_arrived(
    news: &mut Receiver<Arc<Entry>>,
    user: Option<u32>,
    which: &Which,
    until: Instant,
) -> bool {
    let may_be_one = |what: &Happened| match what {
        Happened::Message(message) => user.is_none_or(|user| message.user == user) && which.has(message),
        // A reset or a restore, which puts another inbox in place of this one.
        Happened::Control { .. } => true,
        Happened::Call { .. } | Happened::Callback { .. } => false,
    };
    loop {
        match timeout_at(until, news.recv()).await {
            Ok(Ok(entry)) if !may_be_one(&entry.what) => {}
            Ok(Ok(_) | Err(RecvError::Lagged(_))) => return true,
            Ok(Err(RecvError::Closed)) | Err(_) => return false,
        }
    }
}

/// DELETE /_sim/messages?user=&channel=&contains=&since=&after=: the phones are emptied, of these
async fn clear(State(simulator): State<Simulator>, Query(which): Query<Which>) -> ControlResult<Value> {
    if which.n.is_some() || which.wait.is_some() {
        return Err(bad_request("Deleted is all there is of these: without n, and without wait."));
    }
    let mut state = simulator.lock();
    let user = which.user(&state.world)?;
    let is_one = |message: &Message| user.is_none_or(|user| message.user == user) && which.has(message);
    Ok(Json(json!({ "deleted": state.world.inbox.remove(is_one) })))
}

/// A message as these routes show it.
pub(super) fn described(message: &Message) -> Value {
    let mut value = json!(message);
    // As a text, too: JavaScript's numbers have no room for it.
    value["id"] = message.msgid.to_string().into();
    value["oa_openid"] = OA.openids.of(message.user).into();
    value["mini_openid"] = MINI.openids.of(message.user).into();
    let template = Template::by_id(&message.template_id);
    value["title"] = template.map(|template| template.title).into();
    let lines = template.into_iter().flat_map(Template::lines);
    let line =
        |(label, field)| Some(json!({ "label": label, "field": field, "value": message.data.get(field)? }));
    value["lines"] = lines.filter_map(line).collect();
    value
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::FutureExt;
    use serde_json::json;

    use super::*;
    use crate::settings::Settings;

    fn message(user: u32) -> Message {
        let message = json!({ "user": user, "msgid": user, "template_id": "t", "client_msg_id": null, "data": {},
                              "page": null, "url": null, "at": 1 });
        serde_json::from_value(message).unwrap()
    }

    fn which(query: Value) -> Which {
        serde_json::from_value(query).unwrap()
    }

    #[tokio::test]
    async fn other_peoples_messages_do_not_have_the_inbox_looked_through() {
        let simulator = Simulator::new(Settings::default());
        let (mut news, which) = (simulator.log().watch(None).news, which(json!({ "contains": "t" })));
        let until = Instant::now() + LONGEST_WAIT;
        let mut waiting = pin!(may_have_arrived(&mut news, Some(7), &which, until));
        simulator.lock().deliver(message(8));
        assert_eq!(waiting.as_mut().now_or_never(), None);
        simulator.lock().deliver(message(7));
        assert_eq!(waiting.now_or_never(), Some(true));
    }

    #[tokio::test]
    async fn who_waits_stays_whom_they_asked_for() {
        let simulator = Simulator::new(Settings::default());
        let unionid = simulator.lock().world.console.unionids().of(7);
        let which = which(json!({ "user": unionid, "wait": "30s" }));
        let mut waiting = pin!(messages(State(simulator.clone()), Query(which)));
        assert!(waiting.as_mut().now_or_never().is_none());
        let other = serde_json::from_value(json!({ "open_platform": 1 })).unwrap();
        simulator.lock().world.console.change(other);
        simulator.lock().deliver(message(7));
        let Json(found) = waiting.await.unwrap();
        assert_eq!(found[0]["user"], 7);
    }
}
