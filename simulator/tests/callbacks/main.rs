//! The simulator's callbacks as the servers of its accounts meet them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod faults;
mod mini;
mod receipts;
mod receiver;
mod wechat;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::routing::get;
use reqwest::StatusCode;
use serde_json::{Value, json};
use simulator::{Callback, OA_ORIGINAL_ID, Simulator};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::receiver::{Answer, Receiver, signature, text};
use crate::wechat::{Wechat, settings};

#[tokio::test]
async fn saving_the_configuration_asks_the_server_for_the_echostr_and_switches_events_on() {
    let (wechat, receiver) = (Wechat::with(None).await, Receiver::start().await);
    wechat.have(200, "follow").await;
    wechat.post("/_sim/callback", json!({ "url": receiver.url })).await;
    wechat.have(200, "unfollow").await;
    assert_eq!(receiver.events(1).await, ["unsubscribe"]);
    wechat.delete("/_sim/callback").await;
    wechat.have(200, "follow").await;
    assert_eq!(wechat.settled().await["sent"], 1);
}

#[tokio::test]
async fn a_configuration_is_not_saved_unless_the_server_answers_right() {
    let (wechat, receiver) = (Wechat::with(None).await, Receiver::start().await);
    let wrong = [
        (StatusCode::CONFLICT, json!({ "url": receiver.url, "token": "another" })),
        (StatusCode::CONFLICT, json!({ "url": "http://127.0.0.1:1/" })),
        (StatusCode::BAD_REQUEST, json!({ "url": "callback" })),
        (StatusCode::BAD_REQUEST, json!({ "url": "http://169.254.169.254/latest/meta-data" })),
        (StatusCode::BAD_REQUEST, json!({ "url": receiver.url, "encoding_aes_key": "short" })),
        (StatusCode::BAD_REQUEST, json!({})),
    ];
    for (status, configuration) in wrong {
        let answer = wechat.try_post("/_sim/callback", configuration.clone()).await;
        assert_eq!(answer.0, status, "{configuration}");
        assert!(answer.1["error"].as_str().unwrap().ends_with('.'), "{}", answer.1);
    }
    wechat.have(200, "follow").await;
    assert_eq!(wechat.settled().await["tries"], 0);
}

#[tokio::test]
async fn what_a_user_does_arrives_encrypted_signed_and_in_order() {
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    wechat.post("/_sim/clock", json!({ "now": 1_900_000_000 })).await;
    for action in ["follow", "follow", "scan", "unfollow", "unfollow", "refuse"] {
        wechat.have(200, action).await;
    }
    assert_eq!(receiver.events(3).await, ["subscribe", "SCAN", "unsubscribe"]);
    assert_eq!(wechat.try_post("/_sim/users/200/scan", Value::Null).await.0, StatusCode::CONFLICT);
    let openid = wechat.oa_openid(200).await;
    for push in receiver.pushes(3).await {
        assert!(push.is_signed());
        assert_eq!((&push.query["openid"], text(&push.body, "ToUserName")), (&openid, OA_ORIGINAL_ID.into()));
        let xml = push.xml();
        assert_eq!((text(&xml, "FromUserName"), text(&xml, "MsgType")), (openid.clone(), "event".into()));
        let at: i64 = text(&xml, "CreateTime").parse().unwrap();
        assert!((1_900_000_000..1_900_000_060).contains(&at));
    }
    let stats = wechat.settled().await;
    assert_eq!((&stats["sent"], &stats["answered"], &stats["tries"]), (&json!(3), &json!(3), &json!(3)));
}

#[tokio::test]
async fn a_template_message_is_followed_by_what_became_of_it() {
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    let delivered = wechat.send(7).await;
    wechat.settled().await;
    wechat.have(7, "block").await;
    let blocked = wechat.send(7).await;
    wechat.settled().await;
    wechat.have(7, "accept").await;
    wechat.fault(json!({ "system_failed": 1.0 })).await;
    let lost = wechat.send(7).await;
    let receipts: Vec<_> = receiver.pushes(3).await.iter().map(|push| push.xml()).collect();
    assert!(receipts.iter().all(|receipt| text(receipt, "Event") == "TEMPLATESENDJOBFINISH"));
    let became: Vec<_> =
        receipts.iter().map(|receipt| (text(receipt, "MsgID"), text(receipt, "Status"))).collect();
    let expected = [
        (delivered.clone(), "success".to_owned()),
        (blocked, "failed:user block".to_owned()),
        (lost, "failed: system failed".to_owned()),
    ];
    assert_eq!(became, expected);
    let inbox = wechat.get("/_sim/messages?user=7").await;
    assert_eq!((inbox.as_array().unwrap().len(), inbox[0]["msgid"].to_string()), (1, delivered));
}

#[tokio::test]
async fn silence_is_cut_and_tried_three_times_signed_anew_without_holding_anyone_up() {
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    receiver.answer([Answer::Silence; 3]);
    wechat.have(200, "follow").await;
    wechat.have(200, "unfollow").await;
    for tries in 1..=3 {
        receiver.pushes(tries).await;
        wechat.advance(5).await;
    }
    assert_eq!(receiver.events(4).await, ["subscribe", "subscribe", "subscribe", "unsubscribe"]);
    let pushes = receiver.pushes(4).await;
    let nonces: HashSet<_> = pushes.iter().map(|push| &push.query["nonce"]).collect();
    assert!(nonces.len() == 4 && pushes.iter().all(|push| push.is_signed()));
    let stats = wechat.settled().await;
    assert_eq!((&stats["sent"], &stats["answered"]), (&json!(2), &json!(1)));
    assert_eq!((&stats["given_up"], &stats["tries"], &stats["over_5s"]), (&json!(1), &json!(4), &json!(3)));
    assert!(stats["slowest_ms"].as_u64().unwrap() >= 5_000);
}

#[tokio::test]
async fn only_200_with_success_or_nothing_ends_the_tries() {
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    receiver.answer([Answer::Text(500, "success"), Answer::Text(200, "failure"), Answer::Text(200, "")]);
    wechat.have(200, "follow").await;
    let stats = wechat.settled().await;
    assert_eq!((&stats["answered"], &stats["tries"], &stats["over_5s"]), (&json!(1), &json!(3), &json!(0)));
}

#[tokio::test]
async fn a_server_that_is_gone_is_tried_three_times() {
    let wechat = Wechat::with(Some(Callback::to("http://127.0.0.1:1/"))).await;
    wechat.have(200, "follow").await;
    let stats = wechat.settled().await;
    assert_eq!((&stats["given_up"], &stats["tries"]), (&json!(1), &json!(3)));
}

#[tokio::test]
async fn what_a_pause_held_back_comes_64_at_a_time_and_in_order_per_user() {
    const USERS: u32 = 80;
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    wechat.post("/_sim/callback/pause", Value::Null).await;
    for action in ["follow", "unfollow", "follow"] {
        for user in 0..USERS {
            wechat.have(200 + user, action).await;
        }
    }
    let stats = wechat.get("/_sim/callback/stats").await;
    assert_eq!((&stats["pending"], &stats["tries"]), (&json!(240), &json!(0)));
    receiver.open.send_replace(false);
    wechat.post("/_sim/callback/resume", Value::Null).await;
    receiver.pushes(64).await;
    let stats = wechat.get("/_sim/callback/stats").await;
    assert_eq!((&stats["sent"], &stats["pending"]), (&json!(64), &json!(240)));
    receiver.open.send_replace(true);
    let mut by_user = BTreeMap::<_, Vec<_>>::new();
    for push in receiver.pushes(240).await {
        by_user.entry(push.query["openid"].clone()).or_default().push(text(&push.xml(), "Event"));
    }
    assert_eq!(by_user.len(), USERS as usize);
    assert!(by_user.values().all(|events| *events == ["subscribe", "unsubscribe", "subscribe"]));
}

#[tokio::test]
async fn a_restart_keeps_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wechat.json");
    let receiver = Receiver::start().await;
    let before = Wechat::with(None).await;
    before.post("/_sim/callback", json!({ "url": receiver.url })).await;
    before.simulator.save(&path).unwrap();
    let after = Wechat::serve(Simulator::restore(settings(None), &path).unwrap()).await;
    after.have(200, "follow").await;
    assert_eq!(receiver.events(1).await, ["subscribe"]);
}

#[tokio::test]
async fn a_snapshot_has_its_configuration_and_a_reset_the_one_of_the_start() {
    let (first, second) = (Receiver::start().await, Receiver::start().await);
    let wechat = Wechat::telling(&first).await;
    wechat.post("/_sim/callback", json!({ "url": second.url })).await;
    wechat.post("/_sim/snapshots", json!({ "name": "second" })).await;
    wechat.delete("/_sim/callback").await;
    wechat.post("/_sim/snapshots", json!({ "name": "none" })).await;
    wechat.post("/_sim/snapshots/second", Value::Null).await;
    wechat.have(200, "follow").await;
    assert_eq!(second.events(1).await, ["subscribe"]);
    wechat.settled().await;
    wechat.post("/_sim/snapshots/none", Value::Null).await;
    wechat.have(200, "follow").await;
    assert_eq!(wechat.settled().await["sent"], 0);
    wechat.post("/_sim/reset", Value::Null).await;
    wechat.have(200, "follow").await;
    assert_eq!(first.events(1).await, ["subscribe"]);
}

#[tokio::test]
async fn a_pause_ends_when_all_is_as_it_was() {
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    wechat.post("/_sim/snapshots", json!({ "name": "one" })).await;
    for (path, pushes) in [("/_sim/snapshots/one", 1), ("/_sim/reset", 2)] {
        wechat.post("/_sim/callback/pause", Value::Null).await;
        wechat.post(path, Value::Null).await;
        wechat.have(200, "follow").await;
        receiver.pushes(pushes).await;
    }
}

#[tokio::test]
async fn a_push_of_the_world_before_is_not_counted_in_the_next() {
    let receiver = Receiver::start().await;
    let wechat = Wechat::telling(&receiver).await;
    receiver.open.send_replace(false);
    wechat.have(200, "follow").await;
    receiver.pushes(1).await;
    wechat.post("/_sim/reset", Value::Null).await;
    receiver.open.send_replace(true);
    let stats = wechat.settled().await;
    assert_eq!([&stats["sent"], &stats["tries"], &stats["answered"]], [0, 0, 0], "{stats}");
}

#[tokio::test]
async fn a_configuration_of_the_world_before_is_not_saved_in_the_next() {
    let (asked, reset) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let verified = {
        let (asked, reset) = (asked.clone(), reset.clone());
        async move |Query(mut query): Query<BTreeMap<String, String>>| {
            asked.notify_one();
            reset.notified().await;
            query.remove("echostr").unwrap()
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, Router::new().route("/", get(verified))).await.unwrap() });
    let wechat = Wechat::with(None).await;
    let ((status, told), ()) =
        tokio::join!(wechat.try_post("/_sim/callback", json!({ "url": url })), async {
            asked.notified().await;
            wechat.post("/_sim/reset", Value::Null).await;
            reset.notify_one();
        });
    assert_eq!(status, StatusCode::CONFLICT, "{told}");
    wechat.have(200, "follow").await;
    assert_eq!(wechat.settled().await["sent"], 0);
}

#[tokio::test]
async fn a_configuration_that_wechat_would_not_save_stops_the_start() {
    let wrong = Callback { encoding_aes_key: "short".into(), ..Callback::to("http://127.0.0.1:1/") };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let served = Simulator::new(settings(Some(wrong))).serve(listener, std::future::pending()).await;
    assert_eq!(served.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn a_signature_sorts_the_bytes_of_its_parts() {
    // WeChat's own vector: the page on receiving pushes.
    assert_eq!(signature(&["AAAAA", "1714036504", "1514711492"]), "f464b24fc39322e44b38aa78f5edd27bd1441696");
}
