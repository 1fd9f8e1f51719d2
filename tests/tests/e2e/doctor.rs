//! GET /doctor: what it finds, and what it says of it.

use std::time::Duration;

use contract::Scope;
use harness::World;
use serde_json::{Value, json};
use shared::session::Token;
use shared::store::{self, KeyRow, Keys};
use simulator::TEMPLATE_ID;

/// Everything that is told of one check, by whom or what it is about.
pub(crate) async fn told(world: &World, check: &str) -> Vec<Value> {
    let diagnosis = world.get("/doctor", &world.service_key).await.ok(200);
    let checks = diagnosis["checks"].as_array().expect("checks");
    checks.iter().filter(|one| one["check"] == check).cloned().collect()
}

async fn told_of(world: &World, check: &str, subject: &str) -> Value {
    let told = told(world, check).await;
    told.iter().find(|one| one["subject"] == subject).unwrap_or_else(|| panic!("{told:?}")).clone()
}

fn is_problem(check: &Value, detail: &str, remedy: &str) {
    let says = |name: &str, text: &str| check[name].as_str().is_some_and(|told| told.contains(text));
    assert!(check["state"] == "problem" && says("detail", detail) && says("remedy", remedy), "{check}");
}

#[tokio::test]
async fn of_a_sound_deployment_everything_is_ok() {
    let world = World::start().await;
    world.sync_until_done().await;
    let id = world.send_to(&json!({ "oa_openid": world.user(1).await.oa_openid })).await;
    world.outcome(&id).await;
    let diagnosis = world.get("/doctor", &world.service_key).await.ok(200);
    let checks = diagnosis["checks"].as_array().expect("checks");
    let names: Vec<_> = checks.iter().map(|one| (one["check"].as_str(), one["subject"].as_str())).collect();
    assert_eq!(
        names,
        [
            (Some("token"), Some("oa")),
            (Some("token"), Some("mini")),
            (Some("token_replaced"), Some("oa")),
            (Some("token_replaced"), Some("mini")),
            (Some("sync"), None),
            (Some("breakers"), None),
            (Some("catalog"), None),
            (Some("templates"), None),
        ]
    );
    assert!(checks.iter().all(|one| one["state"] == "ok" && one["remedy"].is_null()), "{diagnosis}");
    let token = told_of(&world, "token", "oa").await;
    let detail = token["detail"].as_str().unwrap_or_default();
    assert!(["1 h 59 min.", "2 h 0 min."].iter().any(|left| detail.ends_with(left)), "{detail}");
}

#[tokio::test]
async fn only_a_key_that_may_look_into_the_deployment_is_answered() {
    let world = World::start().await;
    let config = world.stack().config();
    let keys = Keys::new(&config, store::client(&config).expect("tables")).expect("a table of keys");
    let key = Token::random_key();
    let scopes = Scope::DEFAULT.to_vec();
    keys.put(&KeyRow { id: key.id(), name: "backend".into(), scopes, created_at: 1, ends_at: None })
        .await
        .expect("a key");
    world.get("/doctor", &key.into_text()).await.problem(403, "forbidden");
    world.get("/doctor", &world.login(1).await.token).await.problem(403, "forbidden");
    world.get("/doctor", "").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_token_that_wechat_does_not_give_is_told_with_the_ip_to_add() {
    let world = World::start().await;
    world.console(&json!({ "whitelist": "token", "whitelisted": [] })).await;
    world.advance(100 * 60).await;
    world.invoke("refresh", json!({ "refresh": "tick" })).await.expect("told");
    let token = told_of(&world, "token", "oa").await;
    is_problem(&token, "(errcode 40164)", "add the IP 127.0.0.");
    is_problem(&token, "The one there is lives for another ", "");
    world.pass(Duration::from_secs(30 * 60)).await;
    let token = told_of(&world, "token", "oa").await;
    is_problem(&token, "There is none that lives", "add the IP 127.0.0.");
    is_problem(&token, "times in a row", "");
    world.console(&json!({ "whitelist": "off" })).await;
    world.until(async || told_of(&world, "token", "oa").await["state"] == "ok").await;
}

#[tokio::test]
async fn a_token_that_is_missing_is_asked_for() {
    let world = World::start().await;
    world.advance(3 * 3600).await;
    let token = told_of(&world, "token", "mini").await;
    is_problem(&token, "There is none that lives.", "look again in a minute");
    world.until(async || told_of(&world, "token", "mini").await["state"] == "ok").await;
}

#[tokio::test]
async fn a_token_that_somebody_else_has_replaced_is_told_for_a_day() {
    let world = World::start().await;
    let send = async || {
        let id = world.send_to(&json!({ "oa_openid": world.user(1).await.oa_openid })).await;
        assert_eq!(world.outcome(&id).await["state"], "sent");
    };
    for times in 1..3 {
        world.rotate("classic", 2).await;
        send().await;
        let told = told_of(&world, "token_replaced", "oa").await;
        is_problem(&told, &format!("{times} × in"), "TokenMode=stable");
        world.pass(Duration::from_secs(60)).await;
    }
    assert_eq!(told_of(&world, "token_replaced", "mini").await["state"], "ok");
    world.advance(24 * 3600).await;
    assert_eq!(told_of(&world, "token_replaced", "oa").await["state"], "ok");
}

/// It is dead for another reason than that there is another.
#[tokio::test]
async fn a_token_that_has_expired_or_that_wechat_still_hands_out_was_not_replaced() {
    let world = World::start().await;
    world.advance(2 * 3600 + 60).await;
    let id = world.send_to(&json!({ "oa_openid": world.user(1).await.oa_openid })).await;
    assert_eq!(world.outcome(&id).await["state"], "sent");
    assert_eq!(told_of(&world, "token_replaced", "oa").await["state"], "ok");

    let environment = [("TOKEN_MODE".to_owned(), "stable".to_owned())].into();
    let settings = local::Settings { followers: 20, environment, ..local::Settings::default() };
    let world = World::with(settings).await;
    world.fault(json!({ "endpoint": "/cgi-bin/message/template/send", "errcode": 40001, "times": 1 })).await;
    let id = world.send_to(&json!({ "oa_openid": world.user(1).await.oa_openid })).await;
    assert_eq!(world.outcome(&id).await["state"], "sent");
    assert_eq!(told_of(&world, "token_replaced", "oa").await["state"], "ok");
}

#[tokio::test]
async fn a_sync_that_never_was_or_was_stopped_is_told_with_what_to_do() {
    let world = World::with_followers(100).await;
    is_problem(&told(&world, "sync").await[0], "There was none yet", "queqiao sync");
    world.sync_until_done().await;
    assert_eq!(told(&world, "sync").await[0]["state"], "ok");
    world.advance(3600).await;
    world.list_fault(json!({ "empty": true })).await;
    assert_eq!(world.sync().await["state"], "failed");
    is_problem(&told(&world, "sync").await[0], "The last run stopped", "Nothing was deleted");
}

#[tokio::test]
async fn what_has_messages_wait_is_told_with_its_reach_and_the_repair() {
    let world = World::start().await;
    let to = json!([{ "oa_openid": world.user(1).await.oa_openid }]);
    let parked = async |notification: &str| {
        let sent = world.send_as(&world.service_key, notification, &to).await.ok(202);
        let id = sent["id"].as_str().expect("an id").to_owned();
        world.wait_for(&id, |batch| batch["counts"]["parked"] == 1).await;
    };
    world.console(&json!({ "removed_templates": [TEMPLATE_ID] })).await;
    parked("approval_submitted").await;
    is_problem(&told_of(&world, "breakers", TEMPLATE_ID).await, "(errcode 40037)", "Add the template");
    world.console(&json!({ "removed_templates": [], "whitelist": "all", "whitelisted": [] })).await;
    parked("approval_copied").await;
    is_problem(&told_of(&world, "breakers", "oa").await, "(errcode 40164)", "add the IP 127.0.0.");
    world.console(&json!({ "whitelist": "off" })).await;
    world.until(async || told(&world, "breakers").await[0]["state"] == "ok").await;
}
