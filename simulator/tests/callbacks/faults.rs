//! Callbacks that go wrong because a test asked for it.

use reqwest::StatusCode;
use serde_json::json;
use simulator::CALLBACK_TOKEN;

use crate::receiver::{Receiver, signature, text};
use crate::wechat::Wechat;

#[tokio::test]
async fn an_event_can_come_twice_or_not_at_all_until_the_faults_are_cleared() {
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    wechat.fault(json!({ "duplicate": 1.0 })).await;
    wechat.have(200, "follow").await;
    let pushes = receiver.pushes(2).await;
    assert_eq!(pushes[0].xml(), pushes[1].xml());
    wechat.fault(json!({ "drop": 1.0 })).await;
    wechat.have(200, "unfollow").await;
    wechat.delete("/_sim/callback/faults").await;
    wechat.have(200, "follow").await;
    assert_eq!(receiver.events(3).await, ["subscribe"; 3]);
    assert_eq!(wechat.settled().await["sent"], 3);
}

#[tokio::test]
async fn the_route_of_all_faults_takes_and_clears_those_of_callbacks() {
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    wechat.post("/_sim/faults", json!({ "kind": "callback", "drop": 1.0 })).await;
    wechat.have(200, "follow").await;
    wechat.delete("/_sim/faults?kind=callback").await;
    wechat.have(200, "unfollow").await;
    assert_eq!(receiver.events(1).await, ["unsubscribe"]);
    assert_eq!(wechat.settled().await["sent"], 1);
}

#[tokio::test]
async fn two_events_of_a_user_can_be_swapped() {
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    wechat.fault(json!({ "swap": 1.0 })).await;
    wechat.have(200, "follow").await;
    wechat.delete("/_sim/callback/faults").await;
    wechat.have(200, "unfollow").await;
    assert_eq!(receiver.events(2).await, ["unsubscribe", "subscribe"]);
}

#[tokio::test]
async fn an_event_can_be_late() {
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    wechat.fault(json!({ "delay_ms": 3_600_000 })).await;
    wechat.have(200, "follow").await;
    wechat.advance(3_599).await;
    let stats = wechat.get("/_sim/callback/stats").await;
    assert_eq!((&stats["pending"], &stats["tries"]), (&json!(1), &json!(0)));
    wechat.advance(1).await;
    receiver.pushes(1).await;
}

#[tokio::test]
async fn an_event_can_be_signed_wrong() {
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    wechat.fault(json!({ "wrong_signature": 1.0 })).await;
    wechat.have(200, "follow").await;
    assert_eq!(receiver.events(1).await, ["subscribe"]);
    assert!(!receiver.pushes(1).await[0].is_signed());
}

#[tokio::test]
async fn an_event_can_come_unencrypted_as_in_plain_mode() {
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    wechat.fault(json!({ "plaintext": 1.0 })).await;
    wechat.have(200, "follow").await;
    let push = receiver.pushes(1).await.remove(0);
    assert_eq!(text(&push.body, "Event"), "subscribe");
    let signed = signature(&[CALLBACK_TOKEN, &push.query["timestamp"], &push.query["nonce"]]);
    assert_eq!(push.query["signature"], signed);
    assert!(!push.query.contains_key("encrypt_type") && !push.query.contains_key("msg_signature"));
}

#[tokio::test]
async fn an_event_can_be_signed_for_an_hour_ago() {
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    wechat.fault(json!({ "stale": 1.0 })).await;
    wechat.have(200, "follow").await;
    let push = receiver.pushes(1).await.remove(0);
    let now = wechat.get("/_sim/clock").await["now"].as_i64().unwrap();
    let age = now - push.query["timestamp"].parse::<i64>().unwrap();
    assert!((3_600..3_660).contains(&age) && push.is_signed(), "{age}");
}

#[tokio::test]
async fn a_fault_that_makes_no_sense_is_refused_with_a_sentence() {
    let wechat = Wechat::with(None).await;
    for order in [json!({ "drop": 2 }), json!({ "delay": 0.5 }), json!({ "dorp": 1 })] {
        let (status, answer) = wechat.try_post("/_sim/callback/faults", order).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(answer["error"].as_str().unwrap().ends_with('.'), "{answer}");
    }
}
