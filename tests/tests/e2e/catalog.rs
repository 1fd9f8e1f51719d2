//! The catalog: what a user of the mini-program may send, to whom, and how often.

use std::fs;

use harness::{Session, World};
use local::Settings;
use serde_json::{Value, json};
use simulator::SUBSCRIBE_TEMPLATE_ID;
use tempfile::TempDir;

const FIELDS: &str = r#"
fields.thing1 = "{applicant}"
fields.thing2 = "{kind}"
fields.time3 = "{submitted_at}"
fields.thing4 = "{content}"
fields.character_string5 = "{id}"
"#;

/// Four notifications: `closed` (kept for an hour), `to_self` (2 a day), `to_anyone` (3 a day), and one that falls back.
pub(crate) async fn world() -> (World, TempDir) {
    world_with(Settings { followers: 20, ..Settings::default() }).await
}

/// The same, with these settings beside.
pub(crate) async fn world_with(settings: Settings) -> (World, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let entry = |name: &str, opened: &str| {
        format!("[{name}]\ntemplate_id = \"{}\"\n{opened}{FIELDS}", simulator::TEMPLATE_ID)
    };
    let catalog = [
        entry("closed", "keep = \"1h\"\n"),
        entry("to_self", "allow = \"self\"\nper_day = 2\n"),
        entry("to_anyone", "allow = \"anyone\"\nper_day = 3\n"),
        entry(
            "falls_back",
            &format!(
                "fallback.template_id = \"{SUBSCRIBE_TEMPLATE_ID}\"\nfallback.fields.thing1 = \"{{kind}}\"\n"
            ),
        ),
    ];
    let file = folder.path().join("notifications.toml");
    fs::write(&file, catalog.concat()).expect("a catalog");
    let world = World::with(Settings { catalog: Some(file), ..settings }).await;
    world.sync_until_done().await;
    (world, folder)
}

async fn own(world: &World, user: u32) -> (Session, Value) {
    (world.login(user).await, json!([{ "openid": world.user(user).await.openid }]))
}

#[tokio::test]
async fn what_the_catalog_does_not_open_is_for_services_only() {
    let (world, _folder) = world().await;
    let (session, to) = own(&world, 1).await;
    world.send_as(&session.token, "closed", &to).await.problem(403, "forbidden");
    world.send_as(&world.service_key, "closed", &to).await.ok(202);
}

#[tokio::test]
async fn the_shipped_catalog_opens_nothing_to_users() {
    let world = World::start().await;
    let (session, to) = own(&world, 1).await;
    for notification in ["approval_submitted", "approval_copied", "order_shipped"] {
        world.send_as(&session.token, notification, &to).await.problem(403, "forbidden");
    }
}

#[tokio::test]
async fn a_user_may_send_to_themselves_where_it_says_self() {
    let (world, _folder) = world().await;
    let (session, by_openid) = own(&world, 1).await;
    let (me, other) = (world.user(1).await, world.user(2).await);
    let sent = world.send_as(&session.token, "to_self", &by_openid).await.ok(202);
    world.settled(sent["id"].as_str().expect("an id")).await;
    assert_eq!(world.messages_of(1).await.len(), 1);
    for to in [
        json!([{ "unionid": me.unionid }]),
        json!([{ "unionid": other.unionid }]),
        json!([{ "openid": other.openid }]),
        json!([{ "openid": me.openid }, { "unionid": other.unionid }]),
        json!([{ "oa_openid": other.oa_openid }]),
    ] {
        world.send_as(&session.token, "to_self", &to).await.problem(403, "forbidden");
    }
    assert_eq!(world.messages_of(2).await.len(), 0);
}

#[tokio::test]
async fn a_user_may_send_to_others_where_it_says_anyone() {
    let (world, _folder) = world().await;
    let (session, _) = (world.login(1).await, world.login(2).await);
    let other = world.user(2).await;
    let to = json!([{ "openid": other.openid }]);
    let sent = world.send_as(&session.token, "to_anyone", &to).await.ok(202);
    world.settled(sent["id"].as_str().expect("an id")).await;
    assert_eq!(world.messages_of(2).await.len(), 1);
    for to in [json!([{ "unionid": other.unionid }]), json!([{ "oa_openid": other.oa_openid }])] {
        world.send_as(&session.token, "to_anyone", &to).await.problem(403, "forbidden");
    }
}

/// Who logged in, who follows, who blocks the account: that is each user's own affair.
#[tokio::test]
async fn a_user_does_not_learn_why_another_cannot_be_reached() {
    let (world, _folder) = world().await;
    let (session, stranger) = (world.login(1).await, world.user(30).await);
    for user in [2, 3, 40] {
        world.login(user).await;
    }
    world.fault(json!({ "endpoint": "/cgi-bin/message/template/send", "errcode": 43101 })).await;
    let openid = async |user| json!({ "openid": world.user(user).await.openid });
    let to = json!([openid(2).await, json!({ "openid": stranger.openid }), openid(40).await]);
    let sent = world.send_as(&session.token, "to_anyone", &to).await.ok(202);
    for rejected in sent["rejected"].as_array().expect("a list") {
        assert_eq!(rejected["reason"], "unreachable", "{sent}");
    }
    let id = sent["id"].as_str().expect("an id");
    world.settled(id).await;
    let seen = world.get(&format!("/send/{id}"), &session.token).await.ok(200);
    assert_eq!(seen["counts"], json!({ "failed": 1 }), "{seen}");
    let message = &seen["messages"][0];
    assert_eq!((&message["state"], &message["reason"]), (&json!("failed"), &json!("unreachable")));
    assert_eq!((&message["errcode"], &message["rid"]), (&Value::Null, &Value::Null), "{message}");
    assert_eq!(world.batch(id).await["messages"][0]["state"], "refused");
}

/// What a call may not do leaves nothing behind.
#[tokio::test]
async fn a_call_that_is_forbidden_claims_no_key() {
    let (world, _folder) = world().await;
    let (session, to) = own(&world, 1).await;
    let forbidden = json!({ "notification": "closed", "to": to, "data": {} });
    world.send_once(&session.token, "k", &forbidden).await.problem(403, "forbidden");
    let call = json!({ "notification": "to_self", "to": to, "data": harness::approval() });
    world.send_once(&session.token, "k", &call).await.ok(202);
}

#[tokio::test]
async fn a_user_sends_no_more_a_day_than_the_catalog_says_and_others_still_may() {
    let (world, _folder) = world().await;
    let (session, to) = own(&world, 1).await;
    for _ in 0..2 {
        world.send_as(&session.token, "to_self", &to).await.ok(202);
    }
    let problem = world.send_as(&session.token, "to_self", &to).await.problem(429, "too_many_requests");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("2 times a day")), "{problem}");
    world.send_as(&session.token, "to_anyone", &to).await.ok(202);
    let (other, to) = own(&world, 2).await;
    world.send_as(&other.token, "to_self", &to).await.ok(202);
}

#[tokio::test]
async fn the_limit_counts_recipients_and_another_login_does_not_reset_it() {
    let (world, _folder) = world().await;
    let to: Vec<_> = world.users(1, 4).await.iter().map(|user| json!({ "openid": user.openid })).collect();
    let session = world.login(1).await;
    world.send_as(&session.token, "to_anyone", &json!(to)).await.problem(429, "too_many_requests");
    world.send_as(&session.token, "to_anyone", &json!(to[..2])).await.ok(202);
    let again = world.login(1).await;
    world.send_as(&again.token, "to_anyone", &json!(to[..2])).await.problem(429, "too_many_requests");
    world.send_as(&again.token, "to_anyone", &json!(to[..1])).await.ok(202);
}

#[tokio::test]
async fn ten_calls_at_once_do_not_get_past_the_limit() {
    let (world, _folder) = world().await;
    let session = world.login(1).await;
    let to = json!([{ "openid": world.user(2).await.openid }]);
    let calls = (0..10).map(|_| world.send_as(&session.token, "to_anyone", &to));
    let answers = futures::future::join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 202).count(), 3);
    assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 7);
}
