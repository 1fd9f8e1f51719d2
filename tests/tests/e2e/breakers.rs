//! Breakers: what is wrong with the account, a template or a page costs a handful of calls, waits, and goes out by
//! itself once it is repaired.

use std::time::Duration;

use harness::World;
use serde_json::{Value, json};
use simulator::TEMPLATE_ID;

use crate::catalog;

const SEND: &str = "/cgi-bin/message/template/send";

/// Five workers of twenty calls each, and a few probes.
const IN_FLIGHT: u64 = 100;
const PROBES: u64 = 5;

async fn send(world: &World, notification: &str, users: u32) -> String {
    let to: Vec<_> =
        world.users(0, users).await.iter().map(|user| json!({ "oa_openid": user.oa_openid })).collect();
    let sent = world.send_as(&world.service_key, notification, &json!(to)).await.ok(202);
    assert_eq!(sent["accepted"], users);
    sent["id"].as_str().expect("an id").to_owned()
}

async fn all_are(world: &World, id: &str, state: &str, count: u32) -> Value {
    world.wait_for(id, |batch| batch["counts"] == json!({ state: count })).await["messages"][0].clone()
}

#[tokio::test]
async fn a_template_that_is_gone_waits_and_goes_out_when_it_is_back() {
    let world = World::with_followers(200).await;
    world.console(&json!({ "removed_templates": [TEMPLATE_ID] })).await;
    let id = send(&world, "approval_submitted", 200).await;
    let message = all_are(&world, &id, "parked", 200).await;
    assert_eq!([&message["reason"], &message["errcode"]], [&json!("template_gone"), &json!(40037)]);
    assert!(
        message["remedy"].as_str().is_some_and(|remedy| remedy.contains("Add the template")),
        "{message}"
    );
    // Another template is none of its business.
    let other = send(&world, "approval_copied", 20).await;
    assert_eq!(world.settled(&other).await["counts"], json!({ "sent": 20 }));
    world.pass(Duration::from_secs(3600)).await;
    let calls = world.calls(SEND).await - 20;
    assert!(calls <= IN_FLIGHT + 2 * PROBES, "{calls} calls of a template that is gone");
    world.console(&json!({ "removed_templates": [] })).await;
    assert_eq!(world.settled(&id).await["counts"], json!({ "sent": 200 }));
    assert_eq!(world.stats().await["duplicates"], 0);
}

#[tokio::test]
async fn a_page_that_is_not_published_holds_up_its_own_messages_alone() {
    let world = World::start().await;
    world.console(&json!({ "unpublished_pages": ["pages/new"] })).await;
    let to = json!([{ "oa_openid": world.user(1).await.oa_openid }]);
    let call = json!({ "notification": "approval_submitted", "to": to, "data": harness::approval(), "page": "pages/new?id=1" });
    let id = world.post("/send", &world.service_key, &call).await.ok(202)["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let message = all_are(&world, &id, "parked", 1).await;
    assert_eq!([&message["reason"], &message["errcode"]], [&json!("invalid_page"), &json!(40165)]);
    let other = send(&world, "approval_submitted", 20).await;
    assert_eq!(world.settled(&other).await["counts"], json!({ "sent": 20 }));
    world.console(&json!({ "unpublished_pages": [] })).await;
    assert_eq!(world.settled(&id).await["counts"], json!({ "sent": 1 }));
}

#[tokio::test]
async fn an_ip_that_is_not_on_the_whitelist_is_named_to_whoever_asks() {
    let world = World::start().await;
    world.console(&json!({ "whitelist": "all", "whitelisted": [] })).await;
    let id = send(&world, "approval_submitted", 20).await;
    let message = all_are(&world, &id, "parked", 20).await;
    assert_eq!([&message["reason"], &message["errcode"]], [&json!("misconfigured"), &json!(40164)]);
    let remedy = message["remedy"].as_str().unwrap_or_default();
    assert!(remedy.starts_with("add the IP 127.0.0."), "{remedy}");
    world.console(&json!({ "whitelist": "off" })).await;
    assert_eq!(world.settled(&id).await["counts"], json!({ "sent": 20 }));
}

#[tokio::test]
async fn those_who_refuse_do_not_keep_a_repair_from_being_found() {
    for trouble in
        [json!({ "whitelist": "all", "whitelisted": [] }), json!({ "removed_templates": [TEMPLATE_ID] })]
    {
        let world = World::with_followers(40).await;
        for user in 0..38 {
            world.user_does(user, "refuse").await;
        }
        world.console(&trouble).await;
        let id = send(&world, "approval_submitted", 40).await;
        all_are(&world, &id, "parked", 40).await;
        world.pass(Duration::from_secs(120)).await;
        world.console(&json!({ "whitelist": "off", "removed_templates": [] })).await;
        let repaired_at = world.clock().await;
        assert_eq!(world.settled(&id).await["counts"], json!({ "refused": 38, "sent": 2 }), "{trouble}");
        let waited = world.clock().await - repaired_at;
        assert!(waited < 25 * 60, "{waited} s after the repair of {trouble}");
    }
}

#[tokio::test]
async fn every_trouble_of_the_account_waits_for_its_repair() {
    for errcode in [48001, 48004, 40243, 50007, 61004, 89503] {
        let world = World::start().await;
        world.fault(json!({ "endpoint": SEND, "errcode": errcode })).await;
        let id = send(&world, "approval_submitted", 3).await;
        let message = all_are(&world, &id, "parked", 3).await;
        assert_eq!(message["errcode"], errcode, "{message}");
        world.clear_faults().await;
        assert_eq!(world.settled(&id).await["counts"], json!({ "sent": 3 }), "{errcode}");
    }
}

#[tokio::test]
async fn a_message_waits_no_longer_than_it_is_of_use_and_says_what_it_waited_for() {
    let (world, _folder) = catalog::world().await;
    world.console(&json!({ "removed_templates": [TEMPLATE_ID] })).await;
    let (id, accepted_at) = (send(&world, "closed", 2).await, world.clock().await);
    let batch = world.settled(&id).await;
    for message in batch["messages"].as_array().expect("two") {
        assert_eq!(
            [&message["state"], &message["reason"]],
            [&json!("failed"), &json!("expired")],
            "{message}"
        );
        assert_eq!(message["errcode"], 40037);
        assert!(message["detail"].as_str().is_some_and(|told| told.contains("template_gone")), "{message}");
        let waited = message["updated_at"].as_i64().expect("a time") - accepted_at;
        assert!((3590..3700).contains(&waited), "{waited} s");
    }
    world.console(&json!({ "removed_templates": [] })).await;
    let replayed = world.post(&format!("/send/{id}/replay"), &world.service_key, &json!({})).await.ok(202);
    assert_eq!(replayed["replayed"], 2);
    all_are(&world, &id, "sent", 2).await;
}

#[tokio::test]
async fn a_parked_message_is_written_once() {
    let world = World::start().await;
    world.console(&json!({ "removed_templates": [TEMPLATE_ID] })).await;
    let id = send(&world, "approval_submitted", 20).await;
    let parked_at = all_are(&world, &id, "parked", 20).await["updated_at"].clone();
    world.pass(Duration::from_secs(6 * 3600)).await;
    let batch = world.batch(&id).await;
    let rewritten = batch["messages"].as_array().expect("messages").iter().filter(|message| {
        // But for the probes, of which there was one in a quarter of an hour.
        message["updated_at"].as_i64() > parked_at.as_i64().map(|at| at + 60) && message["attempts"] == 0
    });
    assert_eq!(rewritten.count(), 0, "{batch}");
}

#[tokio::test]
async fn without_a_token_wechat_is_asked_for_one_now_and_then_and_no_message_is_tried() {
    let world = World::with_followers(200).await;
    world.console(&json!({ "whitelist": "token", "whitelisted": [] })).await;
    world.rotate("classic", 2).await;
    let before = world.calls("/cgi-bin/token").await;
    let id = send(&world, "approval_submitted", 200).await;
    let message = all_are(&world, &id, "parked", 200).await;
    assert_eq!([&message["reason"], &message["errcode"]], [&json!("misconfigured"), &json!(40164)]);
    assert!(message["remedy"].as_str().is_some_and(|remedy| remedy.contains("127.0.0.")), "{message}");
    world.pass(Duration::from_secs(600)).await;
    let asked = world.calls("/cgi-bin/token").await - before;
    assert!((1..=5).contains(&asked), "{asked} calls for a token");
    world.console(&json!({ "whitelist": "off" })).await;
    assert_eq!(world.settled(&id).await["counts"], json!({ "sent": 200 }));
}
