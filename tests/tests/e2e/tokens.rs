//! Access tokens: others who fetch them, WeChat that drops them, and two who renew at once.

use std::collections::BTreeMap;

use harness::{WeChat, World};
use local::Settings;
use serde_json::{Value, json};

const SEND: &str = "/cgi-bin/message/template/send";
const TOKEN: &str = "/cgi-bin/token";
const STABLE_TOKEN: &str = "/cgi-bin/stable_token";

async fn stable() -> World {
    let environment = BTreeMap::from([("TOKEN_MODE".to_owned(), "stable".to_owned())]);
    World::with(Settings { followers: 20, environment, ..Settings::default() }).await
}

/// A message to user 1, once nothing more will be tried.
async fn sent(world: &World) -> Value {
    let id = world.send_to(&json!({ "oa_openid": world.user(1).await.oa_openid })).await;
    world.outcome(&id).await
}

fn arrived(message: &Value, attempts: u64) {
    assert_eq!((&message["state"], &message["attempts"]), (&json!("sent"), &json!(attempts)), "{message}");
}

/// The refresh queue's message that this token of the Official Account failed.
fn failed(fingerprint: &Value) -> Value {
    let request = json!({ "account": "oa", "failed": fingerprint });
    json!({ "Records": [{ "messageId": "1", "body": request.to_string() }] })
}

#[tokio::test]
async fn a_token_replaced_by_somebody_else_still_works_and_is_not_replaced() {
    let world = World::start().await;
    arrived(&sent(&world).await, 1);
    world.rotate("classic", 1).await;
    arrived(&sent(&world).await, 1);
    assert_eq!(world.calls(TOKEN).await, 2, "one for each account, at the start");
}

/// Whoever tests with the simulated WeChat resets it before each test, and keeps the stack.
#[tokio::test]
async fn a_reset_of_the_simulated_wechat_takes_no_token_from_the_stack() {
    let world = World::start().await;
    arrived(&sent(&world).await, 1);
    for _ in 0..5 {
        world.tell("/_sim/reset", &Value::Null).await;
        arrived(&sent(&world).await, 1);
        assert_eq!(world.messages_of(1).await.len(), 1);
        assert_eq!(world.calls(TOKEN).await, 0);
    }
}

#[tokio::test]
async fn a_token_killed_by_somebody_else_is_replaced_and_the_message_arrives() {
    let world = World::start().await;
    arrived(&sent(&world).await, 1);
    world.rotate("classic", 2).await;
    arrived(&sent(&world).await, 2);
    arrived(&sent(&world).await, 1);
    assert_eq!(world.messages_of(1).await.len(), 3);
    assert_eq!(world.calls(TOKEN).await, 3);
    // The try that found it dead, and the next, which may still have it from memory.
    let refused = &world.stats().await["endpoints"][SEND]["errors"]["40001"];
    assert!((1..=2).contains(&refused.as_u64().expect("a number")), "{refused}");
}

#[tokio::test]
async fn a_stable_token_killed_by_somebody_else_is_fetched_again_without_force() {
    let world = stable().await;
    arrived(&sent(&world).await, 1);
    let theirs = world.rotate("stable", 2).await;
    arrived(&sent(&world).await, 2);
    assert_eq!((world.calls(STABLE_TOKEN).await, world.calls(TOKEN).await), (3, 0));
    let after = world.rotate("stable", 1).await;
    assert_ne!(theirs["access_token_fingerprint"], after["access_token_fingerprint"]);
    arrived(&sent(&world).await, 1);
}

#[tokio::test]
async fn a_stable_token_that_wechat_refuses_and_still_hands_out_is_forced() {
    let world = stable().await;
    world.advance(60).await;
    world.fault(json!({ "endpoint": SEND, "errcode": 40001, "times": 1 })).await;
    arrived(&sent(&world).await, 2);
    assert_eq!(world.calls(STABLE_TOKEN).await, 4, "two at the start, one plain, one forced");
}

#[tokio::test]
async fn every_errcode_for_a_dead_token_replaces_it() {
    for errcode in [40014, 42001] {
        let world = World::start().await;
        world.fault(json!({ "endpoint": SEND, "errcode": errcode, "times": 1 })).await;
        arrived(&sent(&world).await, 2);
        assert_eq!(world.calls(TOKEN).await, 3);
    }
}

#[tokio::test]
async fn twenty_messages_that_meet_a_dead_token_ask_for_one_new_one() {
    let world = World::start().await;
    world.rotate("classic", 2).await;
    let to: Vec<_> = world.users(0, 20).await.iter().map(|u| json!({ "oa_openid": u.oa_openid })).collect();
    let batch = world.send(&json!(to)).await;
    let batch = world.settled(batch["id"].as_str().expect("an id")).await;
    assert_eq!(batch["counts"], json!({ "sent": 20 }));
    assert_eq!(world.calls(TOKEN).await, 3);
}

/// WeChat hands out no token while the stack starts, and from then on does so slowly.
async fn world_without_tokens() -> (World, WeChat) {
    let wechat = WeChat::with_followers(20).await;
    wechat.alone().fault(json!({ "endpoint": TOKEN, "errcode": -1 })).await;
    let world = World::with(wechat.settings()).await;
    world.clear_faults().await;
    world.fault(json!({ "endpoint": TOKEN, "latency_ms": 300 })).await;
    (world, wechat)
}

#[tokio::test]
async fn two_refreshes_at_once_make_one_call_to_wechat_for_each_account() {
    let (world, _wechat) = world_without_tokens().await;
    // The endpoint that refused is left alone for a minute.
    world.invoke("refresh", json!({ "refresh": "tick" })).await.expect("a pause");
    world.advance(60).await;
    let before = world.calls(TOKEN).await;
    let tick = || world.invoke("refresh", json!({ "refresh": "tick" }));
    let (one, other) = tokio::join!(tick(), tick());
    assert_eq!((one, other), (Ok(Value::Null), Ok(Value::Null)));
    assert_eq!(world.calls(TOKEN).await, before + 2);
    arrived(&sent(&world).await, 1);
}

#[tokio::test]
async fn a_message_sent_before_there_was_a_token_arrives() {
    let (world, _wechat) = world_without_tokens().await;
    arrived(&sent(&world).await, 1);
}

#[tokio::test]
async fn a_tick_leaves_a_fresh_token_alone() {
    let world = World::start().await;
    assert_eq!(world.invoke("refresh", json!({ "refresh": "tick" })).await, Ok(Value::Null));
    assert_eq!(world.calls(TOKEN).await, 2);
}

#[tokio::test]
async fn a_request_about_a_token_that_is_no_longer_the_current_one_does_nothing() {
    let world = World::start().await;
    for fingerprint in [json!("0123456789abcdef"), Value::Null] {
        let answer = world.invoke("refresh", failed(&fingerprint)).await;
        assert_eq!(answer, Ok(json!({ "batchItemFailures": [] })));
    }
    assert_eq!(world.calls(TOKEN).await, 2);
}

#[tokio::test]
async fn a_token_that_cannot_be_fetched_is_told_by_the_tick_with_the_remedy() {
    let (world, _wechat) = world_without_tokens().await;
    world.clear_faults().await;
    world.console(&json!({ "whitelist": "token", "whitelisted": [] })).await;
    let told = async || world.invoke("refresh", json!({ "refresh": "tick" })).await.expect("told");
    // It is asked for again by itself, and says so from then on.
    world.until(async || told().await["oa"].as_str().is_some_and(|told| told.contains("127.0.0."))).await;
}
