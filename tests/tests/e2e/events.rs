//! GET and POST /events: what WeChat's callbacks do to the map and to the messages, and who else may call.

use harness::World;
use local::{Faults, Settings};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};

const SEND: &str = "/cgi-bin/message/template/send";

fn called_back() -> Settings {
    Settings { callbacks: true, ..Settings::default() }
}

async fn to(world: &World, user: u32) -> Value {
    json!({ "openid": world.user(user).await.openid })
}

/// Why a message to this user is turned away; null when it is not.
async fn rejection(world: &World, user: u32) -> Value {
    let sent = world.send(&json!([to(world, user).await])).await;
    sent["rejected"][0]["reason"].clone()
}

/// What becomes of a message to this user once its receipt is in.
async fn receipt(world: &World, user: u32) -> Value {
    let id = world.send_to(&to(world, user).await).await;
    let batch = world.wait_for(&id, |batch| batch["counts"]["sent"].is_null() && is_settled(batch)).await;
    batch["messages"][0].clone()
}

fn is_settled(batch: &Value) -> bool {
    ["queued", "retrying", "parked"].iter().all(|state| batch["counts"][state].is_null())
}

/// Whether so many users from this number on follow, as the map knows it.
async fn known_to_follow(world: &World, from: u32, n: u32) -> Vec<bool> {
    let mut following = Vec::new();
    for user in from..from + n {
        following.push(world.login(user).await.answer["following"] == true);
    }
    following
}

#[tokio::test]
async fn a_user_is_reached_from_the_moment_they_follow_until_they_block_or_unfollow() {
    let world = World::with(called_back()).await;
    world.login(7).await;
    assert_eq!(rejection(&world, 7).await, "not_subscribed");

    world.user_does(7, "follow").await;
    world.callbacks_settled().await;
    assert_eq!(world.login(7).await.answer["following"], true);
    let message = receipt(&world, 7).await;
    assert_eq!((&message["state"], &message["reason"]), (&json!("delivered"), &Value::Null), "{message}");
    assert_eq!(world.messages_of(7).await.len(), 1);

    world.user_does(7, "block").await;
    let message = receipt(&world, 7).await;
    assert_eq!((&message["state"], &message["reason"]), (&json!("blocked"), &json!("refused")), "{message}");
    assert_eq!(world.messages_of(7).await.len(), 1);

    world.user_does(7, "unfollow").await;
    world.callbacks_settled().await;
    assert_eq!(world.login(7).await.answer["following"], false);
    assert_eq!(rejection(&world, 7).await, "not_subscribed");
    assert_eq!(world.callbacks().await["given_up"], 0);
}

#[tokio::test]
async fn a_follower_whom_wechat_does_not_know_yet_is_asked_for_again() {
    let world = World::with(Settings { followers: 20, callbacks: true, ..Settings::default() }).await;
    world.sync_until_done().await;
    world.console(&json!({ "info_lag": 30 })).await;
    world.user_does(100, "follow").await;
    world.user_does(101, "follow").await;
    world.callbacks_settled().await;
    world.user_does(101, "unfollow").await;
    world.until(async || known_to_follow(&world, 100, 1).await == [true]).await;
    // What was said of the other one last is that they left, however often WeChat is asked.
    world.callbacks_settled().await;
    assert_eq!(known_to_follow(&world, 100, 2).await, [true, false]);
}

#[tokio::test]
async fn a_message_that_wechat_loses_fails_by_its_receipt() {
    let world = World::with(Settings { followers: 5, ..called_back() }).await;
    world.sync_until_done().await;
    world.callback_fault(json!({ "system_failed": 1.0 })).await;
    world.login(1).await;
    let message = receipt(&world, 1).await;
    let end = ["state", "reason", "detail"].map(|name| message[name].clone());
    assert_eq!(end, [json!("failed"), json!("not_delivered"), json!("failed: system failed")], "{message}");
    assert_eq!(world.calls(SEND).await, 1);
}

#[tokio::test]
async fn whoever_scans_is_known_to_follow() {
    let world = World::with(Settings { followers: 5, ..called_back() }).await;
    world.user_does(3, "scan").await;
    world.callbacks_settled().await;
    assert_eq!(known_to_follow(&world, 2, 3).await, [false, true, false]);
}

/// Each round has a second of its own, as people have: WeChat's times are in seconds.
#[tokio::test]
async fn callbacks_twice_late_and_in_the_wrong_order_end_as_the_newest_says() {
    let world = World::with(called_back()).await;
    let faults = json!({ "duplicate": 0.5, "swap": 0.5, "delay": 0.3, "delay_ms": 300 });
    world.callback_fault(faults).await;
    let mut dice = StdRng::seed_from_u64(5);
    for _ in 0..8 {
        for user in 0..10 {
            let action = ["follow", "unfollow", "none"][dice.random_range(0..3)];
            if action != "none" {
                world.user_does(user, action).await;
            }
        }
        world.advance(1).await;
    }
    world.callbacks_settled().await;
    let following = world.following(0, 10).await;
    assert!(following.contains(&true) && following.contains(&false), "{following:?}");
    assert_eq!(known_to_follow(&world, 0, 10).await, following);
}

/// WeChat has read the message and its answer is lost: the receipt comes while the message still waits
/// to be sent again, and its msgid is known only from the second answer.
#[tokio::test]
async fn a_receipt_that_overtakes_its_message_is_joined_later() {
    let world = World::with(Settings { followers: 5, ..called_back() }).await;
    world.sync_until_done().await;
    world.login(1).await;
    world.fault(json!({ "endpoint": SEND, "cut": true, "delivered": 1.0, "times": 1 })).await;
    let id = world.send_to(&to(&world, 1).await).await;
    let retrying = world.wait_for(&id, |batch| batch["counts"]["retrying"] == 1).await;
    assert_eq!(retrying["messages"][0]["msgid"], Value::Null, "{retrying}");
    world.until(async || world.callbacks().await["answered"] == 1).await;
    let batch = world.wait_for(&id, |batch| batch["counts"]["delivered"] == 1).await;
    assert_eq!(batch["messages"][0]["attempts"], 2, "{batch}");
    assert_eq!(world.messages_of(1).await.len(), 1);
}

/// What WeChat counts of its callbacks.
async fn pushed(world: &World) -> [u64; 4] {
    world.until(async || world.callbacks().await["pending"] == 0).await;
    let stats = world.callbacks().await;
    ["tries", "answered", "given_up", "over_5s"].map(|name| stats[name].as_u64().expect("a count"))
}

#[tokio::test]
async fn a_callback_is_answered_whatever_the_tables_and_wechat_do() {
    let faults = Faults { dynamodb: 1.0, ..Faults::default() };
    let world = World::with(Settings { faults, ..called_back() }).await;
    world.fault(json!({ "endpoint": "/cgi-bin/user/info", "latency_ms": 7_000 })).await;
    world.user_does(7, "follow").await;
    assert_eq!(pushed(&world).await, [1, 1, 0, 0]);
    assert_eq!(world.queued("EventsQueue").await, 1, "it waits for the tables");
}

#[tokio::test]
async fn a_callback_that_the_queue_does_not_take_is_not_answered_with_success() {
    let faults = Faults { sqs: 1.0, ..Faults::default() };
    let world = World::with(Settings { faults, ..called_back() }).await;
    world.user_does(7, "follow").await;
    assert_eq!(pushed(&world).await, [3, 0, 1, 0]);
}

/// Lets somebody else's callbacks come; each has to be refused as often as it is tried.
async fn is_given_up(world: &World) {
    world.user_does(1, "follow").await;
    world.until(async || world.callbacks().await["pending"] == 0).await;
    let stats = world.callbacks().await;
    assert_eq!((&stats["given_up"], &stats["answered"], &stats["tries"]), (&json!(1), &json!(0), &json!(3)));
    assert_eq!(world.queued("EventsQueue").await, 0);
    assert_eq!(known_to_follow(world, 1, 1).await, [false]);
}

#[tokio::test]
async fn a_callback_with_somebody_elses_signature_is_refused() {
    let world = World::with(called_back()).await;
    world.callback_fault(json!({ "wrong_signature": 1.0 })).await;
    is_given_up(&world).await;
}

#[tokio::test]
async fn a_callback_in_plain_text_is_refused() {
    let world = World::with(called_back()).await;
    world.callback_fault(json!({ "plaintext": 1.0 })).await;
    is_given_up(&world).await;
}

#[tokio::test]
async fn a_callback_of_another_account_is_refused() {
    let environment = [("OA_APPID".to_owned(), "wx0000000000000000".to_owned())].into();
    let world = World::with(Settings { environment, ..called_back() }).await;
    is_given_up(&world).await;
}

#[tokio::test]
async fn a_callback_of_an_hour_ago_is_refused() {
    let world = World::with(called_back()).await;
    world.callback_fault(json!({ "stale": 1.0 })).await;
    is_given_up(&world).await;
}

#[tokio::test]
async fn what_is_larger_than_any_callback_is_refused_unread() {
    let world = World::start().await;
    world.call(Method::POST, "/events", "", vec![b'x'; 64 * 1024 + 1]).await.problem(413, "too_large");
    let largest = world.call(Method::POST, "/events", "", vec![b'x'; 64 * 1024]).await;
    largest.problem(403, "forbidden");
    assert_eq!(world.queued("EventsQueue").await, 0);
}

/// What a callback's query and body are made of, and what they are not.
const SCRAPS: [&str; 16] = [
    "<xml>",
    "</xml>",
    "<Encrypt>",
    "</Encrypt>",
    "<![CDATA[",
    "]]>",
    "<Event>",
    "subscribe",
    "AAAA",
    "&amp;",
    "&#0;",
    "<!DOCTYPE xml [",
    "%00",
    "\u{feff}",
    "鹊桥",
    "-9223372036854775808",
];
const NAMES: [&str; 7] =
    ["signature", "msg_signature", "timestamp", "nonce", "echostr", "openid", "encrypt_type"];

fn scraps(dice: &mut StdRng, most: usize) -> String {
    (0..dice.random_range(0..=most)).map(|_| SCRAPS[dice.random_range(0..SCRAPS.len())]).collect()
}

/// Anybody's text, or bytes that are none.
fn anything(dice: &mut StdRng) -> Vec<u8> {
    match dice.random_range(0..3) {
        0 => (0..dice.random_range(0..200)).map(|_| dice.random()).collect(),
        1 => scraps(dice, 12).into_bytes(),
        _ => format!("<xml><Encrypt>{}</Encrypt>{}</xml>", scraps(dice, 3), scraps(dice, 3)).into_bytes(),
    }
}

fn query(dice: &mut StdRng) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for _ in 0..dice.random_range(0..6) {
        let name = NAMES[dice.random_range(0..NAMES.len())];
        query.append_pair(name, &scraps(dice, 2));
    }
    query.finish()
}

#[tokio::test]
async fn whatever_else_is_sent_is_refused_and_leads_to_nothing() {
    let world = World::start().await;
    let mut dice = StdRng::seed_from_u64(11);
    for _ in 0..200 {
        let (query, body) = (query(&mut dice), anything(&mut dice));
        for method in [Method::GET, Method::POST] {
            let answer = world.call(method.clone(), &format!("/events?{query}"), "", body.clone()).await;
            let shown = String::from_utf8_lossy(&body);
            assert_eq!(answer.status, 403, "{method} {query} {shown}: {}", answer.body);
        }
    }
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let status = world.call(method, "/events", "", "").await.status;
        assert!([404, 405].contains(&status), "{status}");
    }
    assert_eq!(world.queued("EventsQueue").await, 0);
}
