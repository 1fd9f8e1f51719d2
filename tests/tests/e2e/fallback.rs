//! Who does not follow gets the mini-program's subscribe message, one for each accept, and never one twice.

use std::time::Duration;

use harness::World;
use local::Settings;
use serde_json::{Value, json};
use simulator::{SUBSCRIBE_TEMPLATE_ID, TEMPLATE_ID};

use crate::catalog_pushed;

const TEMPLATE: &str = "/cgi-bin/message/template/send";
const SUBSCRIBE: &str = "/cgi-bin/message/subscribe/send";

/// Users from this one on do not follow.
const STRANGER: u32 = 100;

/// A user logs in, accepts so many messages, and the mini-program tells.
async fn accepts(world: &World, user: u32, times: u32) {
    let session = world.login(user).await;
    for _ in 0..times {
        let results = world.accept(user, &[SUBSCRIBE_TEMPLATE_ID]).await;
        world.post("/subscriptions", &session.token, &json!({ "results": results })).await.ok(200);
    }
}

async fn named(world: &World, user: u32) -> Value {
    json!({ "openid": world.user(user).await.openid })
}

/// What the batch's only message came to: channel, state, reason.
async fn came_to(world: &World, id: &str) -> (Value, Value, Value) {
    let message = world.outcome(id).await;
    (message["channel"].clone(), message["state"].clone(), message["reason"].clone())
}

fn of(channel: &str, state: &str, reason: Value) -> (Value, Value, Value) {
    (channel.into(), state.into(), reason)
}

/// How many messages of each kind are on a user's phone.
async fn on_phone(world: &World, user: u32) -> (usize, usize) {
    let subscribe = world.subscribe_messages_of(user).await.len();
    (world.messages_of(user).await.len() - subscribe, subscribe)
}

#[tokio::test]
async fn each_user_is_reached_the_way_that_is_open() {
    let world = World::start().await;
    world.sync_until_done().await;
    accepts(&world, 1, 1).await;
    accepts(&world, STRANGER, 1).await;
    accepts(&world, STRANGER + 1, 0).await;
    // Follows, and has accepted as well: the accept is kept.
    let id = world.send_to(&named(&world, 1).await).await;
    assert_eq!(came_to(&world, &id).await, of("template", "sent", Value::Null));
    assert_eq!(world.subscriptions_of(1).await[SUBSCRIBE_TEMPLATE_ID], 1);
    // Does not follow, and has accepted one; by the unionid, too.
    let unionid = json!({ "unionid": world.user(STRANGER).await.unionid });
    let id = world.send_to(&unionid).await;
    assert_eq!(came_to(&world, &id).await, of("subscribe", "sent", Value::Null));
    assert_eq!(on_phone(&world, STRANGER).await, (0, 1));
    let card = &world.subscribe_messages_of(STRANGER).await[0];
    assert_eq!(card["data"]["phrase4"], "待审批", "filled as the fallback says: {card}");
    // Has accepted none, or none any more: refused before WeChat is asked.
    let calls = world.calls(SUBSCRIBE).await;
    for user in [STRANGER, STRANGER + 1] {
        let sent = world.send(&json!([named(&world, user).await])).await;
        assert_eq!(sent["rejected"][0]["reason"], "not_subscribed", "{sent}");
    }
    assert_eq!(world.calls(SUBSCRIBE).await, calls);
    // A notification without a fallback is as it was.
    let to = json!([named(&world, STRANGER).await]);
    let sent = world.send_as(&world.service_key, "approval_copied", &to).await.ok(202);
    assert_eq!(sent["rejected"][0]["reason"], "not_following");
}

#[tokio::test]
async fn who_unfollowed_without_our_knowing_falls_back_when_wechat_says_so() {
    let world = World::start().await;
    world.sync_until_done().await;
    accepts(&world, 2, 1).await;
    world.user_does(2, "unfollow").await;
    let id = world.send_to(&named(&world, 2).await).await;
    assert_eq!(came_to(&world, &id).await, of("subscribe", "sent", Value::Null));
    assert_eq!((on_phone(&world, 2).await, world.calls(TEMPLATE).await), ((0, 1), 1));
    // Nobody else's accept is left for the next.
    world.user_does(3, "unfollow").await;
    world.login(3).await;
    let id = world.send_to(&named(&world, 3).await).await;
    assert_eq!(came_to(&world, &id).await, of("subscribe", "failed", json!("not_subscribed")));
}

#[tokio::test]
async fn who_has_no_unionid_is_reached_by_what_they_accepted() {
    let world = World::start().await;
    world.user_does(7, "hide-unionid").await;
    accepts(&world, 7, 1).await;
    let id = world.send_to(&named(&world, 7).await).await;
    assert_eq!(came_to(&world, &id).await, of("subscribe", "sent", Value::Null));
    let sent = world.send(&json!([named(&world, 7).await])).await;
    assert_eq!(sent["rejected"][0]["reason"], "no_unionid", "{sent}");
}

#[tokio::test]
async fn of_two_hundred_that_are_sent_at_once_on_one_accept_one_arrives() {
    let world = World::start().await;
    accepts(&world, STRANGER, 1).await;
    let to = json!([named(&world, STRANGER).await]);
    let sent = futures::future::join_all((0..200).map(|_| world.send(&to))).await;
    let accepted = sent.iter().filter(|sent| sent["accepted"] == 1).count();
    assert!(accepted > 1, "they meet at the worker: {accepted}");
    let mut states = std::collections::BTreeMap::new();
    for id in sent.iter().filter(|sent| sent["accepted"] == 1).filter_map(|sent| sent["id"].as_str()) {
        let (_, state, reason) = came_to(&world, id).await;
        *states.entry(format!("{state} {reason}")).or_insert(0) += 1;
    }
    assert_eq!(states.remove("\"sent\" null"), Some(1), "{states:?}");
    assert!(states.keys().all(|state| state == "\"failed\" \"not_subscribed\""), "{states:?}");
    assert_eq!((on_phone(&world, STRANGER).await, world.calls(SUBSCRIBE).await), ((0, 1), 1));
}

#[tokio::test]
async fn what_wechat_refuses_for_now_is_tried_again_with_the_accept_given_back() {
    let world = World::start().await;
    accepts(&world, STRANGER, 1).await;
    for errcode in [43108, 45011, 40001] {
        world.fault(json!({ "endpoint": SUBSCRIBE, "errcode": errcode, "times": 1 })).await;
    }
    let id = world.send_to(&named(&world, STRANGER).await).await;
    assert_eq!(came_to(&world, &id).await, of("subscribe", "sent", Value::Null));
    assert_eq!(on_phone(&world, STRANGER).await, (0, 1));
}

#[tokio::test]
async fn what_may_have_arrived_is_unknown_and_not_tried_again() {
    for (cut, arrived) in
        [(json!({ "cut": true, "delivered": 1.0 }), 1), (json!({ "errcode": -1, "delivered": 0.0 }), 0)]
    {
        let world = World::start().await;
        accepts(&world, STRANGER, 2).await;
        let mut fault = cut;
        fault["endpoint"] = SUBSCRIBE.into();
        world.fault(fault).await;
        let id = world.send_to(&named(&world, STRANGER).await).await;
        assert_eq!(came_to(&world, &id).await, of("subscribe", "unknown", json!("outcome_unknown")));
        world.clear_faults().await;
        world.pass(Duration::from_secs(3600)).await;
        assert_eq!((on_phone(&world, STRANGER).await.1, world.calls(SUBSCRIBE).await), (arrived, 1));
        // An operator who has it sent anew takes another accept.
        world.post(&format!("/send/{id}/replay"), &world.service_key, &json!({})).await.ok(202);
        world.wait_for(&id, |batch| batch["counts"] == json!({ "sent": 1 })).await;
        assert_eq!(on_phone(&world, STRANGER).await.1, arrived + 1);
    }
}

/// Its own try left it open: nobody else has it in hand, who would have to be waited for.
#[tokio::test]
async fn what_prefers_to_arrive_is_tried_again_within_seconds() {
    let world = World::start().await;
    let catalog = include_str!("../../../notifications.toml");
    let entry = "[approval_submitted]\n";
    catalog_pushed::push(&world, &catalog.replacen(entry, &format!("{entry}prefer = \"arrive\"\n"), 1)).await;
    accepts(&world, STRANGER, 2).await;
    world.fault(json!({ "endpoint": SUBSCRIBE, "errcode": -1, "delivered": 0.0, "times": 1 })).await;
    let id = world.send_to(&named(&world, STRANGER).await).await;
    world.pass(Duration::from_secs(60)).await;
    assert_eq!((on_phone(&world, STRANGER).await.1, world.calls(SUBSCRIBE).await), (1, 2));
    assert_eq!(came_to(&world, &id).await, of("subscribe", "sent", Value::Null));
    // Both tries are of one accept: the other is there.
    let next = world.send_to(&named(&world, STRANGER).await).await;
    assert_eq!(came_to(&world, &next).await, of("subscribe", "sent", Value::Null));
}

#[tokio::test]
async fn what_wechat_knows_of_accepts_outdoes_our_count() {
    let world = World::start().await;
    accepts(&world, STRANGER, 3).await;
    world.refuse_subscription(STRANGER, SUBSCRIBE_TEMPLATE_ID).await;
    let id = world.send_to(&named(&world, STRANGER).await).await;
    assert_eq!(came_to(&world, &id).await, of("subscribe", "failed", json!("not_subscribed")));
    let sent = world.send(&json!([named(&world, STRANGER).await])).await;
    assert_eq!(sent["rejected"][0]["reason"], "not_subscribed", "none is left: {sent}");
}

#[tokio::test]
async fn a_template_of_the_mini_program_that_is_gone_has_messages_wait_and_costs_no_accept() {
    let world = World::start().await;
    accepts(&world, STRANGER, 1).await;
    world.console(&json!({ "removed_templates": [SUBSCRIBE_TEMPLATE_ID] })).await;
    let id = world.send_to(&named(&world, STRANGER).await).await;
    let batch = world.wait_for(&id, |batch| batch["counts"] == json!({ "parked": 1 })).await;
    let message = &batch["messages"][0];
    assert_eq!((&message["reason"], &message["errcode"]), (&json!("template_gone"), &json!(40037)));
    // The Official Account's messages go on.
    world.sync_until_done().await;
    let other = world.send_to(&json!({ "unionid": world.user(1).await.unionid })).await;
    assert_eq!(came_to(&world, &other).await, of("template", "sent", Value::Null));
    world.console(&json!({ "removed_templates": [] })).await;
    world.wait_for(&id, |batch| batch["counts"] == json!({ "sent": 1 })).await;
    assert_eq!(on_phone(&world, STRANGER).await, (0, 1));
}

/// The queue delivers each job three times, to several workers.
#[tokio::test]
async fn copies_of_a_job_send_one_message() {
    let faults = local::Faults { extra_copies: 2, ..local::Faults::default() };
    let world = World::with(Settings { followers: 20, faults, ..Settings::default() }).await;
    for user in STRANGER..STRANGER + 10 {
        accepts(&world, user, 3).await;
        let id = world.send_to(&named(&world, user).await).await;
        let (channel, state, _) = came_to(&world, &id).await;
        assert_eq!((channel, state), (json!("subscribe"), json!("sent")));
    }
    world.until(async || world.queued("DeliverQueue").await == 0).await;
    for user in STRANGER..STRANGER + 10 {
        assert_eq!(on_phone(&world, user).await, (0, 1), "{user}");
    }
}

/// What a mini-program user is told of others must not depend on whether those follow.
#[tokio::test]
async fn data_has_to_fit_both_cards_whoever_it_is_for() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.login(1).await;
    accepts(&world, STRANGER, 1).await;
    let entry = format!(
        "[entry]\ntemplate_id = \"{TEMPLATE_ID}\"\nfields.character_string5 = \"{{id}}\"\n\
         [entry.fallback]\ntemplate_id = \"{SUBSCRIBE_TEMPLATE_ID}\"\nfields.phrase4 = \"{{id}}\"\n"
    );
    catalog_pushed::push(&world, &entry).await;
    let to = json!([named(&world, 1).await, named(&world, STRANGER).await]);
    // The first fits the fallback's card alone, the second the template's.
    for id in ["中文", "SP-1"] {
        let call = json!({ "notification": "entry", "to": to, "data": { "id": id } });
        let sent = world.post("/send", &world.service_key, &call).await.ok(202);
        let reasons: Vec<_> =
            sent["rejected"].as_array().expect("rejected").iter().map(|one| &one["reason"]).collect();
        assert_eq!(reasons, ["invalid_field", "invalid_field"], "{sent}");
    }
}

#[tokio::test]
async fn a_replay_by_a_catalog_that_has_no_fallback_any_more_sends_nothing() {
    let world = World::start().await;
    world.sync_until_done().await;
    accepts(&world, STRANGER, 1).await;
    for endpoint in [SUBSCRIBE, TEMPLATE] {
        world.fault(json!({ "endpoint": endpoint, "errcode": 45168 })).await;
    }
    let unionid = json!({ "unionid": world.user(1).await.unionid });
    let sent = world.send(&json!([named(&world, STRANGER).await, unionid])).await;
    let id = sent["id"].as_str().expect("an id");
    world.wait_for(id, |batch| batch["counts"] == json!({ "failed": 2 })).await;
    world.clear_faults().await;
    let catalog = include_str!("../../../notifications.toml");
    let (before, rest) = catalog.split_once("[approval_submitted.fallback]").expect("a fallback");
    let (_, after) = rest.split_once("[approval_copied]").expect("another entry");
    let text = format!("{before}[approval_copied]{after}");
    catalog_pushed::push(&world, &text).await;
    let calls = async || [world.calls(SUBSCRIBE).await, world.calls(TEMPLATE).await];
    let before = calls().await;
    let replay =
        async |which: Value| world.post(&format!("/send/{id}/replay"), &world.service_key, &which).await;
    replay(json!({ "n": 1 })).await.problem(400, "invalid_request");
    assert_eq!(calls().await, before);
    // Nobody else is kept from theirs.
    let told = replay(json!({})).await.ok(202);
    assert_eq!(told, json!({ "id": id, "replayed": 1, "may_arrive_twice": 0, "unfit": 1 }));
    world.wait_for(id, |batch| batch["counts"] == json!({ "failed": 1, "sent": 1 })).await;
    assert_eq!(calls().await[0], before[0]);
}

/// A job that comes again may have been worked on; that WeChat was asked for a fallback, its mark says.
#[tokio::test]
async fn a_fallback_that_waited_too_long_is_unknown_only_if_wechat_was_asked() {
    let world = World::start().await;
    let credits = crate::credits::credits(&world);
    for (was_asked, state, reason) in [(false, "failed", "expired"), (true, "unknown", "outcome_unknown")] {
        accepts(&world, STRANGER, 1).await;
        world.console(&json!({ "removed_templates": [SUBSCRIBE_TEMPLATE_ID] })).await;
        let id = world.send_to(&named(&world, STRANGER).await).await;
        world.wait_for(&id, |batch| batch["counts"] == json!({ "parked": 1 })).await;
        let openid = world.user(STRANGER).await.openid;
        if was_asked {
            let mark = format!("{id}-1");
            credits.take(&openid, SUBSCRIBE_TEMPLATE_ID, &mark).await.expect("taken");
        }
        let now = world.stack().clock().now();
        let fallback = json!({ "openid": openid, "template_id": SUBSCRIBE_TEMPLATE_ID, "data": {} });
        let job = json!({
            "batch": id, "template_id": TEMPLATE_ID, "accepted_at": now - 70, "keep": 60, "enqueued_at": now - 70,
            "messages": [{ "n": 1, "oa_openid": "", "data": {}, "fallback": fallback, "turn": 9 }],
        });
        let millis = ((now - 70) * 1000).to_string();
        let attributes = json!({
            "SentTimestamp": millis, "ApproximateFirstReceiveTimestamp": millis, "ApproximateReceiveCount": "2",
        });
        let record = json!({
            "messageId": "m", "body": job.to_string(), "attributes": attributes, "eventSource": "aws:sqs",
            "messageAttributes": {}, "awsRegion": "local", "eventSourceARN": "arn:aws:sqs:local:0:deliver",
        });
        let answer = world.invoke("deliver", json!({ "Records": [record] })).await.expect("an answer");
        assert_eq!(answer, json!({ "batchItemFailures": [] }));
        if !was_asked {
            // Another worker may be about to ask.
            assert_eq!(world.batch(&id).await["counts"], json!({ "parked": 1 }));
            world.pass(Duration::from_secs(3 * 60)).await;
        }
        let message = &world.batch(&id).await["messages"][0];
        assert_eq!([&message["state"], &message["reason"]], [state, reason], "{was_asked}");
        world.console(&json!({ "removed_templates": [] })).await;
    }
}

#[tokio::test]
async fn a_replay_reaches_who_has_followed_or_accepted_since() {
    let world = World::start().await;
    world.sync_until_done().await;
    for user in [STRANGER, STRANGER + 1] {
        accepts(&world, user, 1).await;
        world.refuse_subscription(user, SUBSCRIBE_TEMPLATE_ID).await;
    }
    let to = json!([named(&world, STRANGER).await, named(&world, STRANGER + 1).await]);
    let sent = world.send(&to).await;
    let id = sent["id"].as_str().expect("an id");
    world.wait_for(id, |batch| batch["counts"] == json!({ "failed": 2 })).await;
    world.user_does(STRANGER, "follow").await;
    world.sync_until_done().await;
    accepts(&world, STRANGER + 1, 1).await;
    world.post(&format!("/send/{id}/replay"), &world.service_key, &json!({})).await.ok(202);
    let batch = world.wait_for(id, |batch| batch["counts"] == json!({ "sent": 2 })).await;
    assert_eq!(
        [&batch["messages"][0]["channel"], &batch["messages"][1]["channel"]],
        ["template", "subscribe"]
    );
    assert_eq!((on_phone(&world, STRANGER).await, on_phone(&world, STRANGER + 1).await), ((1, 0), (0, 1)));
}

#[tokio::test]
async fn the_doctor_looks_at_the_mini_programs_breakers_too() {
    let world = World::start().await;
    accepts(&world, STRANGER, 1).await;
    world.console(&json!({ "removed_templates": [SUBSCRIBE_TEMPLATE_ID] })).await;
    let id = world.send_to(&named(&world, STRANGER).await).await;
    world.wait_for(&id, |batch| batch["counts"] == json!({ "parked": 1 })).await;
    let told = crate::doctor::told(&world, "breakers").await;
    assert_eq!(
        (&told[0]["state"], &told[0]["subject"]),
        (&json!("problem"), &json!(SUBSCRIBE_TEMPLATE_ID)),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_call_of_large_messages_is_taken_whole() {
    let world = World::start().await;
    let text = "😀".repeat(200);
    let fields: String = (1..=8).map(|n| format!("keyword{n} = \"{{text}}\"\n")).collect();
    let entry = format!("[large]\ntemplate_id = \"tLarge\"\n[large.fields]\n{fields}");
    catalog_pushed::push(&world, &entry).await;
    let to: Vec<_> = (0..400).map(|n| json!({ "oa_openid": format!("o{n}") })).collect();
    let call = json!({ "notification": "large", "to": to, "data": { "text": text } });
    let sent = world.post("/send", &world.service_key, &call).await.ok(202);
    assert_eq!(sent["accepted"], 400, "{}", sent["rejected"][0]);
}
