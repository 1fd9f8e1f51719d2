//! Delivery: what becomes of an accepted message when WeChat or the user will not have it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use harness::World;
use serde_json::{Value, json};

const SEND: &str = "/cgi-bin/message/template/send";
const USER_INFO: &str = "/cgi-bin/user/info";

async fn send_to(world: &World, user: u32) -> String {
    world.send_to(&json!({ "unionid": world.user(user).await.unionid })).await
}

/// State, reason and errcode of what became of it.
fn end(message: &Value) -> [Value; 3] {
    ["state", "reason", "errcode"].map(|name| message[name].clone())
}

#[tokio::test]
async fn a_user_who_turned_the_messages_off_is_not_asked_again() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.user_does(1, "refuse").await;
    let id = send_to(&world, 1).await;
    let message = world.outcome(&id).await;
    assert_eq!(end(&message), [json!("refused"), json!("refused"), json!(43101)], "{message}");
    assert_eq!((&message["attempts"], world.calls(SEND).await), (&json!(1), 1));
    assert!(message["rid"].is_string() && message["remedy"].is_string(), "{message}");
    assert_eq!(world.batch(&id).await["counts"], json!({ "refused": 1 }));
}

#[tokio::test]
async fn a_refusal_in_bytes_that_are_no_text_is_a_refusal() {
    let world = World::start().await;
    world.sync_until_done().await;
    let refusals: [&[u8]; 3] = [
        b"{\"errcode\":43101,\"errmsg\":\"\xd3\xc3\xbb\xa7 rid: 1-2-3\"}",
        b"\xef\xbb\xbf{\"errcode\":\"43101\",\"errmsg\":null}",
        b"{\"errcode\":43101,\"errmsg\":\"cut of",
    ];
    for refusal in refusals {
        world.fault(json!({ "endpoint": SEND, "times": 1, "body_base64": STANDARD.encode(refusal) })).await;
        let message = world.outcome(&send_to(&world, 1).await).await;
        assert_eq!(end(&message), [json!("refused"), json!("refused"), json!(43101)], "{message}");
    }
}

#[tokio::test]
async fn a_success_without_a_msgid_is_a_success() {
    let world = World::start().await;
    world.sync_until_done().await;
    for success in [r#"{"errcode":0}"#, r#"{"errcode":0,"msgid":9999999999999999999}"#, r#"{"errcode":0,"ms"#]
    {
        world.fault(json!({ "endpoint": SEND, "times": 1, "body_base64": STANDARD.encode(success) })).await;
        let message = world.outcome(&send_to(&world, 1).await).await;
        assert_eq!(end(&message), [json!("sent"), json!(null), json!(null)], "{message}");
        assert_eq!(message["attempts"], 1, "{message}");
    }
}

#[tokio::test]
async fn wechat_is_not_followed_to_another_address() {
    let world = World::start().await;
    world.sync_until_done().await;
    let elsewhere = format!("{}/cgi-bin/user/get", world.wechat);
    world.fault(json!({ "endpoint": SEND, "times": 1, "location": elsewhere })).await;
    let before = world.calls("/cgi-bin/user/get").await;
    let message = world.outcome(&send_to(&world, 1).await).await;
    assert_eq!((&message["state"], &message["attempts"]), (&json!("sent"), &json!(2)), "{message}");
    assert_eq!(world.calls("/cgi-bin/user/get").await, before);
}

#[tokio::test]
async fn a_user_who_unfollowed_unseen_fails_once_and_is_rejected_from_then_on() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.user_does(1, "unfollow").await;
    let id = send_to(&world, 1).await;
    let message = world.outcome(&id).await;
    assert_eq!(end(&message), [json!("failed"), json!("not_following"), json!(43004)], "{message}");
    let sent = world.send(&json!([{ "unionid": world.user(1).await.unionid }])).await;
    assert_eq!(sent["rejected"][0]["reason"], "not_following");
    assert_eq!(world.calls(SEND).await, 1);
}

#[tokio::test]
async fn a_user_who_follows_again_is_reached_again() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.user_does(1, "unfollow").await;
    let id = send_to(&world, 1).await;
    world.outcome(&id).await;
    world.user_does(1, "follow").await;
    world.sync_until_done().await;
    let id = send_to(&world, 1).await;
    assert_eq!(world.outcome(&id).await["state"], "sent");
}

#[tokio::test]
async fn a_wechat_that_calls_every_openid_invalid_does_not_empty_the_map() {
    let world = World::start().await;
    world.sync_until_done().await;
    for endpoint in [SEND, USER_INFO] {
        world.fault(json!({ "endpoint": endpoint, "errcode": 40003 })).await;
    }
    let id = send_to(&world, 1).await;
    let message = world.outcome(&id).await;
    assert_eq!(end(&message), [json!("failed"), json!("misconfigured"), json!(40003)], "{message}");
    world.clear_faults().await;
    let id = send_to(&world, 1).await;
    assert_eq!(world.outcome(&id).await["state"], "sent");
}

#[tokio::test]
async fn wechats_no_to_one_follower_alone_does_not_take_them_off_the_map() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.fault(json!({ "endpoint": SEND, "errcode": 43004, "times": 1 })).await;
    let id = send_to(&world, 1).await;
    let message = world.outcome(&id).await;
    assert_eq!((&message["state"], &message["attempts"]), (&json!("sent"), &json!(2)), "{message}");
}

#[tokio::test]
async fn a_field_that_only_wechat_finds_wrong_is_named() {
    let world = World::start().await;
    world.sync_until_done().await;
    let errmsg = "argument invalid! data.thing4.value invalid";
    world.fault(json!({ "endpoint": SEND, "errcode": 47003, "errmsg": errmsg })).await;
    let id = send_to(&world, 1).await;
    let message = world.outcome(&id).await;
    assert_eq!(end(&message), [json!("failed"), json!("invalid_field"), json!(47003)], "{message}");
    assert!(message["detail"].as_str().is_some_and(|detail| detail.contains("thing4")), "{message}");
}

#[tokio::test]
async fn an_openid_that_the_caller_made_up_is_that_recipients_fault() {
    let world = World::start().await;
    for openid in ["o-somebody", &world.user(1).await.openid] {
        let message = world.outcome(&world.send_to(&json!({ "oa_openid": openid })).await).await;
        assert_eq!(end(&message), [json!("failed"), json!("invalid_openid"), json!(40003)], "{message}");
    }
}

#[tokio::test]
async fn the_same_content_within_a_minute_is_told_as_such() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.console(&json!({ "refuses_repeats": true })).await;
    assert_eq!(world.outcome(&send_to(&world, 1).await).await["state"], "sent");
    let message = world.outcome(&send_to(&world, 1).await).await;
    assert_eq!(end(&message), [json!("failed"), json!("duplicate_content"), json!(40241)], "{message}");
}

#[tokio::test]
async fn the_same_content_within_a_minute_of_a_lost_answer_is_the_message_itself() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.console(&json!({ "refuses_repeats": true })).await;
    world.fault(json!({ "endpoint": SEND, "cut": true, "delivered": 1.0, "times": 1 })).await;
    let message = world.outcome(&send_to(&world, 1).await).await;
    assert_eq!(end(&message), [json!("sent"), json!(null), json!(40241)], "{message}");
    assert_eq!(world.messages_of(1).await.len(), 1);
}

#[tokio::test]
async fn a_refusal_after_a_lost_answer_does_not_say_that_nothing_arrived() {
    for errcode in [43101, 47003, 45157, 43004] {
        let world = World::start().await;
        world.sync_until_done().await;
        world.fault(json!({ "endpoint": SEND, "cut": true, "delivered": 1.0, "times": 1 })).await;
        world.fault(json!({ "endpoint": SEND, "errcode": errcode })).await;
        if errcode == 43004 {
            world.fault(json!({ "endpoint": USER_INFO, "body_base64": STANDARD.encode(r#"{"openid":"o","subscribe":0}"#) })).await;
        }
        let id = send_to(&world, 1).await;
        let message = world.outcome(&id).await;
        assert_eq!(end(&message), [json!("unknown"), json!("outcome_unknown"), json!(errcode)], "{message}");
        world.clear_faults().await;
        let path = format!("/send/{id}/replay");
        let replayed = world.post(&path, &world.service_key, &json!({})).await.ok(202);
        assert_eq!(replayed, json!({ "id": id, "replayed": 1, "may_arrive_twice": 1, "unfit": 0 }));
    }
}

#[tokio::test]
async fn a_job_moved_back_from_the_dead_letters_may_have_arrived_and_is_not_sent_again() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.fault(json!({ "endpoint": SEND, "latency_ms": 5000 })).await;
    let id = send_to(&world, 1).await;
    world.until(async || world.calls(SEND).await == 1).await;
    // From here on nobody learns what became of it.
    world.stack().set_outage(true);
    while world.queued("DeliverDeadLetters").await == 0 {
        world.pass(Duration::from_secs(60)).await;
    }
    world.stack().set_outage(false);
    world.stack().redrive("DeliverDeadLetters").await.expect("a queue of dead letters");
    let message = world.outcome(&id).await;
    assert_eq!(end(&message), [json!("unknown"), json!("outcome_unknown"), json!(null)], "{message}");
    assert_eq!((world.calls(SEND).await, world.messages_of(1).await.len()), (1, 1));
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_not_sent_twice() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.fault(json!({ "endpoint": SEND, "cut": true, "delivered": 1.0, "times": 1 })).await;
    let id = send_to(&world, 1).await;
    let message = world.outcome(&id).await;
    assert_eq!((&message["state"], &message["attempts"]), (&json!("sent"), &json!(2)), "{message}");
    assert_eq!(world.messages_of(1).await.len(), 1);
    let stats = world.stats().await;
    assert_eq!((&stats["delivered"], &stats["duplicates"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn one_users_trouble_holds_up_nobody_else() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.fault(json!({ "endpoint": SEND, "errcode": 43117, "user": 3 })).await;
    let to: Vec<_> = world.users(0, 20).await.iter().map(|u| json!({ "unionid": u.unionid })).collect();
    let sent = world.send(&json!(to)).await;
    let id = sent["id"].as_str().expect("an id");
    let batch = world.wait_for(id, |batch| batch["counts"] == json!({ "retrying": 1, "sent": 19 })).await;
    let message = &batch["messages"][3];
    assert_eq!(end(message), [json!("retrying"), json!("too_frequent"), json!(43117)], "{message}");
    world.clear_faults().await;
    assert_eq!(world.settled(id).await["counts"], json!({ "sent": 20 }));
    assert_eq!(world.stats().await["duplicates"], 0);
}

#[tokio::test]
async fn two_messages_to_one_user_do_not_overlap() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.fault(json!({ "endpoint": SEND, "latency_ms": 50 })).await;
    let unionid = world.user(1).await.unionid;
    let to: Vec<_> = (0..5).map(|id| json!({ "unionid": unionid, "data": { "id": id } })).collect();
    let sent = world.send(&json!(to)).await;
    let batch = world.settled(sent["id"].as_str().expect("an id")).await;
    assert_eq!(batch["counts"], json!({ "sent": 5 }));
    assert_eq!(world.stats().await["endpoints"][SEND]["errors"], json!({}));
}
