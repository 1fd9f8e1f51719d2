//! POST /send?dry_run=true: who would get what, and nothing done.

use harness::World;
use local::{Load, Settings};
use reqwest::Method;
use serde_json::{Value, json};
use simulator::{SUBSCRIBE_SHIPPED_ID, SUBSCRIBE_TEMPLATE_ID, TEMPLATE_ID};

use crate::catalog;

const DRY: &str = "/send?dry_run=true";

async fn dry_run(world: &World, notification: &str, to: &Value) -> Value {
    let call = json!({ "notification": notification, "to": to, "data": harness::approval() });
    world.post(DRY, &world.service_key, &call).await.ok(200)
}

/// A world on whose map are users 0 to 19, where user 100 does not follow and has accepted one message, and 101 none.
async fn world() -> World {
    let settings = Settings { followers: 20, meters: true, single_processes: true, ..Settings::default() };
    let world = World::with(settings).await;
    world.sync_until_done().await;
    for user in [1, 100, 101] {
        let session = world.login(user).await;
        if user == 100 {
            let results = world.accept(user, &[SUBSCRIBE_TEMPLATE_ID]).await;
            world.post("/subscriptions", &session.token, &json!({ "results": results })).await.ok(200);
        }
    }
    world
}

async fn openid(world: &World, user: u32) -> Value {
    json!({ "openid": world.user(user).await.openid })
}

#[tokio::test]
async fn each_recipient_is_shown_with_their_channel_and_the_lines_of_their_card() {
    let world = world().await;
    let (follower, accepted, stranger) =
        (openid(&world, 1).await, openid(&world, 100).await, openid(&world, 101).await);
    let mut own = follower.clone();
    own["data"] = json!({ "applicant": "李四", "id": "7" });
    let to = json!([own, accepted, stranger, { "openid": "nobody" }, own]);
    let told = dry_run(&world, "approval_submitted", &to).await;
    let messages = told["messages"].as_array().expect("messages");
    assert_eq!(messages.len(), 2, "{told}");
    assert_eq!(
        messages[0],
        json!({
            "n": 1, "to": follower, "channel": "template",
            "card": {
                "template_id": TEMPLATE_ID, "title": "审批提交通知", "page": "pages/approval/detail?id=7",
                "lines": [
                    { "label": "申请人", "field": "thing1", "value": "李四" },
                    { "label": "审批类型", "field": "thing2", "value": "年假" },
                    { "label": "提交时间", "field": "time3", "value": "2026-11-22 09:30" },
                    { "label": "申请内容", "field": "thing4", "value": "回家探亲" },
                    { "label": "单号", "field": "character_string5", "value": "7" },
                ],
            },
        })
    );
    let card = &messages[1]["card"];
    assert_eq!((&messages[1]["n"], &messages[1]["channel"]), (&json!(2), &json!("subscribe")));
    assert_eq!((&card["template_id"], &card["title"]), (&json!(SUBSCRIBE_TEMPLATE_ID), &json!("审批通知")));
    assert_eq!(card["lines"][3], json!({ "label": "状态", "field": "phrase4", "value": "待审批" }));
    let rejected: Vec<_> =
        told["rejected"].as_array().expect("a list").iter().map(|one| &one["reason"]).collect();
    assert_eq!(rejected, ["not_subscribed", "never_logged_in", "duplicate_recipient"]);
    assert_eq!(told["problems"], json!([]));
    // It is what then happens.
    let call = json!({ "notification": "approval_submitted", "to": to, "data": harness::approval() });
    let sent = world.post("/send", &world.service_key, &call).await.ok(202);
    assert_eq!(sent["rejected"], told["rejected"]);
    world.settled(sent["id"].as_str().expect("an id")).await;
    for (user, preview) in [(1, &messages[0]), (100, &messages[1])] {
        let card = &world.messages_of(user).await[0];
        for line in preview["card"]["lines"].as_array().expect("lines") {
            assert_eq!(card["data"][line["field"].as_str().expect("a field")], line["value"], "{card}");
        }
        assert_eq!(card["page"], preview["card"]["page"]);
    }
}

#[tokio::test]
async fn nothing_is_written_counted_or_sent() {
    let world = world().await;
    let to = json!([openid(&world, 1).await, openid(&world, 100).await]);
    let (before, credit) = (world.stack().load("send"), world.subscriptions_of(100).await);
    let call = json!({ "notification": "approval_submitted", "to": to, "data": harness::approval() });
    for _ in 0..3 {
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        let request = http.post(format!("{}{DRY}", world.gateway)).bearer_auth(&world.service_key);
        // A key stands for no batch afterwards.
        let request = request.header("idempotency-key", "k").body(call.to_string());
        assert_eq!(world.exchange(request).await.ok(200)["messages"].as_array().map(Vec::len), Some(2));
    }
    let Load { queue_requests, write_units, invocations, .. } = world.stack().load("send") - before;
    assert_eq!((queue_requests, write_units, invocations), (0, 0.0, 3));
    assert_eq!(world.deliveries().await, Vec::<Value>::new());
    assert_eq!(world.subscriptions_of(100).await, credit);
    let other = json!({ "notification": "approval_copied", "to": to, "data": harness::approval() });
    world.send_once(&world.service_key, "k", &other).await.ok(202);
}

#[tokio::test]
async fn a_value_that_does_not_fit_and_a_template_that_is_gone_are_told() {
    let world = world().await;
    world.console(&json!({ "removed_templates": [TEMPLATE_ID] })).await;
    world.advance(60).await;
    world.sync_until_done().await;
    let mut long = openid(&world, 1).await;
    long["data"] = json!({ "applicant": "x".repeat(21) });
    let told = dry_run(&world, "approval_submitted", &json!([long, openid(&world, 100).await])).await;
    assert_eq!(told["rejected"][0]["reason"], "invalid_field", "{told}");
    assert!(
        told["rejected"][0]["detail"].as_str().is_some_and(|detail| detail.contains("thing1 takes")),
        "{told}"
    );
    let problem = &told["problems"][0];
    assert_eq!((&problem["reason"], &problem["channel"]), (&json!("unknown_template"), &json!("template")));
    assert_eq!(told["messages"][0]["channel"], "subscribe");
}

#[tokio::test]
async fn everything_that_does_not_fit_is_told_of_both_cards() {
    let world = world().await;
    let mut bare = openid(&world, 1).await;
    bare["data"] = json!({ "applicant": "x".repeat(21), "kind": "y".repeat(21) });
    let told = dry_run(&world, "approval_submitted", &json!([bare])).await;
    let detail = told["rejected"][0]["detail"].as_str().expect("a detail");
    for what in ["thing1 takes", "thing2 takes", "fallback: thing1 takes", "fallback: thing2 takes"] {
        assert!(detail.split("; ").any(|one| one.starts_with(what)), "{what}: {detail}");
    }
    // A call that is meant has room for the first.
    let call = json!({ "notification": "approval_submitted", "to": [bare], "data": harness::approval() });
    let sent = world.post("/send", &world.service_key, &call).await.ok(202);
    assert!(detail.starts_with(sent["rejected"][0]["detail"].as_str().expect("a detail")), "{sent}");
    assert!(!sent["rejected"][0]["detail"].as_str().expect("a detail").contains(';'), "{sent}");
}

/// The shipped entry names its way of delivery in the data; the template has three.
#[tokio::test]
async fn a_value_that_is_none_of_those_approved_is_told_with_its_message() {
    let world = world().await;
    let entry = format!(
        "[entry]\ntemplate_id = \"{TEMPLATE_ID}\"\nfields.thing1 = \"{{way}}\"\n\
         [entry.fallback]\ntemplate_id = \"{SUBSCRIBE_SHIPPED_ID}\"\nfields.enum_string4 = \"{{way}}\"\n\
         fields.thing2 = \"{{way}}\"\n"
    );
    crate::catalog_pushed::push(&world, &entry).await;
    world.advance(60).await;
    world.sync_until_done().await;
    let session = world.login(102).await;
    let results = world.accept(102, &[SUBSCRIBE_SHIPPED_ID]).await;
    world.post("/subscriptions", &session.token, &json!({ "results": results })).await.ok(200);
    // Who follows may turn out not to.
    let to = json!([openid(&world, 1).await, openid(&world, 102).await]);
    for (way, problems) in [("自提", 0), ("空投", 1)] {
        let call = json!({ "notification": "entry", "to": to, "data": { "way": way } });
        let told = world.post(DRY, &world.service_key, &call).await.ok(200);
        let of = |n: usize| told["messages"][n]["problems"].as_array().map_or(0, Vec::len);
        assert_eq!((of(0), of(1)), (problems, problems), "{told}");
        if problems > 0 {
            let problem = &told["messages"][1]["problems"][0];
            assert_eq!(
                [&problem["notification"], &problem["channel"], &problem["field"], &problem["reason"]],
                ["entry", "subscribe", "enum_string4", "not_approved"]
            );
            assert!(
                problem["remedy"].as_str().expect("a remedy").contains("快递, 同城配送, 自提"),
                "{problem}"
            );
        }
    }
}

#[tokio::test]
async fn it_is_for_service_keys_and_takes_what_a_call_takes() {
    let (world, _folder) = catalog::world().await;
    let session = world.login(1).await;
    let own = json!([openid(&world, 1).await]);
    let call = json!({ "notification": "to_anyone", "to": own, "data": harness::approval() });
    world.post(DRY, &session.token, &call).await.problem(403, "forbidden");
    world.post(DRY, "", &call).await.problem(401, "unauthorized");
    world.post("/send?dry_run=yes", &world.service_key, &call).await.problem(400, "invalid_request");
    let unknown = json!({ "notification": "none", "to": own });
    world.post(DRY, &world.service_key, &unknown).await.problem(400, "invalid_request");
    world.call(Method::POST, DRY, &world.service_key, "{").await.problem(400, "invalid_request");
    let many = vec![json!({ "openid": "o" }); contract::dry_run::MOST_PREVIEWS + 1];
    let many = json!({ "notification": "to_anyone", "to": many, "data": harness::approval() });
    let refused = world.post(DRY, &world.service_key, &many).await.problem(413, "too_large");
    assert!(refused.to_string().contains("at most 500 recipients"), "{refused:?}");
    world.post("/send?dry_run=false", &session.token, &call).await.ok(202);
}
