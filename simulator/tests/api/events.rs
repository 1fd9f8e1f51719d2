//! Watching what happens, as it happens.

use reqwest::Response;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use simulator::{Settings, Simulator};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::wechat::{SEND, Wechat, message};

/// An event: its id, its kind and its data.
type Event = (String, String, Value);

/// Server-sent events as they come.
struct Events {
    response: Response,
    bytes: Vec<u8>,
}

impl Events {
    /// Whoever has the head of the answer is told of all that happens from then on.
    async fn open(wechat: &Wechat, last: Option<&str>) -> Self {
        let request = wechat.http.get(format!("{}/_sim/events", wechat.base));
        let request = match last {
            Some(last) => request.header("last-event-id", HeaderValue::from_str(last).unwrap()),
            None => request,
        };
        Self { response: request.send().await.unwrap(), bytes: Vec::new() }
    }

    async fn next(&mut self, n: usize) -> Vec<Event> {
        let mut events = Vec::new();
        while events.len() < n {
            let Some(end) = self.bytes.windows(2).position(|two| two == b"\n\n") else {
                self.bytes.extend(self.response.chunk().await.unwrap().unwrap());
                continue;
            };
            let block = String::from_utf8(self.bytes.drain(..end + 2).collect()).unwrap();
            events.extend(event(&block));
        }
        events
    }
}

/// `None` if it is a comment, which keeps the connection alive.
fn event(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let data = serde_json::from_str(field("data")?).unwrap();
    Some((field("id").unwrap_or_default().to_owned(), field("event").unwrap().to_owned(), data))
}

async fn events(wechat: &Wechat, last: &str, n: usize) -> Vec<Event> {
    Events::open(wechat, Some(last)).await.next(n).await
}

fn kinds(events: &[Event]) -> Vec<&str> {
    events.iter().map(|(_, kind, _)| kind.as_str()).collect()
}

#[tokio::test]
async fn what_happened_is_gone_on_with_after_a_pause() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let calls = wechat.get("/_sim/log?n=1").await;
    assert_eq!(calls[0]["endpoint"], "/cgi-bin/token");
    let last = calls[0]["id"].as_str().unwrap();
    let sent = wechat.send(&token, &message(&openid, "b-1")).await;
    wechat.send(&token, &message("nobody", "b-2")).await;
    wechat.post("/_sim/users/7/unfollow", Value::Null).await;
    let watched = events(&wechat, last, 4).await;
    assert_eq!(kinds(&watched), ["message", "call", "call", "control"]);
    let [message, taken, refused, control] = [0, 1, 2, 3].map(|n| &watched[n].2);
    assert_eq!(message["message"]["id"], sent["msgid"].to_string());
    assert_eq!(message["message"]["lines"][0]["value"], "王小明");
    assert_eq!(
        (&taken["endpoint"], &taken["users"], &taken["answer"]),
        (&json!(SEND), &json!([7]), &json!("0"))
    );
    assert_eq!(refused["answer"], "40003");
    assert_eq!((&control["method"], &control["path"]), (&json!("POST"), &json!("/_sim/users/7/unfollow")));
    assert_eq!(events(&wechat, &watched[2].0, 1).await[0], watched[3]);
}

#[tokio::test]
async fn whoever_watches_is_told_of_what_happens_next() {
    let wechat = Wechat::start().await;
    wechat.token().await;
    let mut watching = Events::open(&wechat, None).await;
    wechat.advance(1).await;
    let (id, kind, told) = watching.next(1).await.remove(0);
    assert_eq!((kind.as_str(), &told["path"], &told["id"]), ("control", &json!("/_sim/clock"), &json!(id)));
}

#[tokio::test]
async fn whoever_saw_another_simulators_events_is_told_so_and_all_there_is() {
    let (before, wechat) = (Wechat::start().await, Wechat::start().await);
    before.advance(1).await;
    let last = before.get("/_sim/log?n=1").await[0]["id"].as_str().unwrap().to_owned();
    assert!(last.ends_with("-1"), "{last}");
    wechat.advance(1).await;
    wechat.token().await;
    for strange in [&*last, "1", "rubbish", "0-1"] {
        assert_eq!(kinds(&events(&wechat, strange, 3).await), ["missed", "control", "call"], "{strange}");
    }
}

#[tokio::test]
async fn a_call_about_many_names_some_and_counts_all() {
    let wechat = Wechat::start().await;
    let token = wechat.token().await;
    let mut list = Vec::new();
    for user in 1..=5 {
        list.push(json!({ "openid": wechat.oa_openid(user).await }));
    }
    let path = format!("/cgi-bin/user/info/batchget?access_token={token}");
    wechat.post(&path, json!({ "user_list": list })).await;
    let call = wechat.get("/_sim/log?n=1").await[0].clone();
    assert_eq!((&call["users"], &call["user_count"]), (&json!([1, 2, 3]), &json!(5)));
}

#[tokio::test]
async fn a_page_that_watches_does_not_hold_up_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let simulator = Simulator::new(Settings::default());
    let serving = tokio::spawn(simulator.clone().serve(listener, async { drop(stopped.await) }));
    let wechat = Wechat { base, http: reqwest::Client::new(), simulator };
    let mut watching = Events::open(&wechat, None).await;
    stop.send(()).unwrap();
    assert_eq!(watching.response.chunk().await.unwrap(), None);
    serving.await.unwrap().unwrap();
}
