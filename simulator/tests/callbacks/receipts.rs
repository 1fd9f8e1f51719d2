//! How far the telling of a message's receipt has come, as the inbox shows it.

use serde_json::{Value, json};

use crate::receiver::{Answer, Receiver};
use crate::wechat::Wechat;

impl Wechat {
    /// Of the newest message.
    async fn receipt(&self) -> Value {
        self.get("/_sim/messages?n=1").await[0]["receipt"].clone()
    }

    /// How the telling of events went, as the log has it, the newest first.
    async fn outcomes(&self) -> Vec<Value> {
        let log = self.get("/_sim/log").await;
        let told = log.as_array().unwrap().iter().filter(|entry| entry["kind"] == "callback");
        told.map(|entry| entry["outcome"].clone()).collect()
    }
}

#[tokio::test]
async fn a_receipt_is_known_however_much_happened_since() {
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    wechat.send(7).await;
    wechat.settled().await;
    assert_eq!(wechat.receipt().await, "taken");
    for _ in 0..2_100 {
        wechat.advance(0).await;
    }
    assert_eq!(wechat.receipt().await, "taken");
}

#[tokio::test]
async fn a_receipt_waits_and_is_taken_or_given_up() {
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    wechat.post("/_sim/callback/pause", Value::Null).await;
    wechat.send(7).await;
    assert_eq!(wechat.receipt().await, "queued");
    receiver.answer([Answer::Text(500, ""); 3]);
    wechat.post("/_sim/callback/resume", Value::Null).await;
    wechat.settled().await;
    assert_eq!(wechat.receipt().await, "given_up");
}

#[tokio::test]
async fn a_receipt_that_a_fault_drops_is_lost_and_never_waits() {
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    wechat.fault(json!({ "drop": 1.0 })).await;
    wechat.send(7).await;
    assert_eq!((wechat.receipt().await, wechat.outcomes().await), (json!("lost"), vec![json!("lost")]));
}

#[tokio::test]
async fn what_waits_is_lost_when_callbacks_are_switched_off_or_all_begins_anew() {
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    wechat.post("/_sim/callback/pause", Value::Null).await;
    wechat.have(200, "follow").await;
    wechat.post("/_sim/reset", Value::Null).await;
    assert_eq!(wechat.outcomes().await, ["lost", "queued"]);
    wechat.post("/_sim/callback/pause", Value::Null).await;
    wechat.send(7).await;
    wechat.delete("/_sim/callback").await;
    assert_eq!((wechat.receipt().await, &wechat.outcomes().await[0]), (json!("lost"), &json!("lost")));
}

#[tokio::test]
async fn a_snapshot_knows_nothing_of_receipts_that_came_later() {
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    wechat.send(7).await;
    wechat.settled().await;
    wechat.post("/_sim/callback/pause", Value::Null).await;
    wechat.send(8).await;
    wechat.post("/_sim/snapshots", json!({ "name": "one" })).await;
    wechat.post("/_sim/callback/resume", Value::Null).await;
    wechat.settled().await;
    assert_eq!(wechat.receipt().await, "taken");
    wechat.post("/_sim/snapshots/one", Value::Null).await;
    let inbox = wechat.get("/_sim/messages").await;
    assert_eq!([&inbox[0]["receipt"], &inbox[1]["receipt"]], ["lost", "taken"], "what waited was not kept");
}
