//! The accounts' real templates: when they are listed, what is told of them, and what a lost one has wait.

use std::fs;

use harness::World;
use local::Settings;
use serde_json::{Value, json};
use simulator::{SUBSCRIBE_SHIPPED_ID, SUBSCRIBE_TEMPLATE_ID, TEMPLATE_ID, TEMPLATE_TICKET_ID};

use crate::doctor;

const SEND: &str = "/cgi-bin/message/template/send";
const OA_LIST: &str = "/cgi-bin/template/get_all_private_template";
const MINI_LIST: &str = "/wxaapi/newtmpl/gettemplate";

/// What fills the template of tickets.
const TICKET: &str = "fields = { const3 = \"报修\", thing1 = \"{a}\", time4 = \"{b}\" }\n";

const AN_HOUR: i64 = 3600;

async fn tick(world: &World) {
    world.invoke("sync", json!({ "sync": "tick" })).await.expect("progress");
}

async fn templates(world: &World) -> Value {
    world.get("/templates", &world.service_key).await.ok(200)
}

/// Has both lists fetched that are a minute old.
async fn list_again(world: &World) {
    world.advance(60).await;
    world.sync_until_done().await;
}

/// How often each list was asked for.
async fn listed(world: &World) -> (u64, u64) {
    (world.calls(OA_LIST).await, world.calls(MINI_LIST).await)
}

async fn follower(world: &World, user: u32) -> Value {
    json!({ "oa_openid": world.user(user).await.oa_openid })
}

fn problems(shown: &Value) -> Vec<Value> {
    let entries = shown["entries"].as_array().expect("entries").iter();
    entries.flat_map(|entry| entry["problems"].as_array().expect("problems").clone()).collect()
}

#[tokio::test]
async fn the_catalog_is_shown_beside_the_templates_of_both_accounts() {
    let world = World::start().await;
    let shown = templates(&world).await;
    assert_eq!((&shown["fetched_at"], &shown["unused"]), (&json!({}), &json!([])), "nothing is known yet");
    assert_eq!(shown["entries"][0]["lines"][0], json!({ "field": "character_string5", "text": "{id}" }));
    tick(&world).await;
    let shown = templates(&world).await;
    let at = world.clock().await;
    for account in ["oa", "mini"] {
        assert!(shown["fetched_at"][account].as_i64().is_some_and(|fetched| at - fetched < 60), "{shown}");
    }
    let entries = shown["entries"].as_array().expect("entries");
    let named: Vec<_> =
        entries.iter().map(|one| (one["notification"].as_str(), one["channel"].as_str())).collect();
    let entry = |name, channel| (Some(name), Some(channel));
    assert_eq!(
        named,
        [
            entry("approval_copied", "template"),
            entry("approval_submitted", "template"),
            entry("approval_submitted", "subscribe"),
            entry("order_shipped", "template"),
        ]
    );
    let fallback = &entries[2];
    assert_eq!(
        (&fallback["title"], &fallback["template_id"]),
        (&json!("审批通知"), &json!(SUBSCRIBE_TEMPLATE_ID))
    );
    assert_eq!(fallback["page"], "pages/approval/detail?id={id}");
    assert_eq!(
        fallback["lines"],
        json!([
            { "label": "申请人", "field": "thing1", "text": "{applicant}" },
            { "label": "审批类型", "field": "thing2", "text": "{kind}" },
            { "label": "提交时间", "field": "time3", "text": "{submitted_at}" },
            { "label": "状态", "field": "phrase4", "text": "待审批" },
        ])
    );
    let total = json!({ "label": "订单金额", "field": "amount2", "text": "{total_fen}", "format": "fen" });
    assert!(entries[3]["lines"].as_array().expect("lines").contains(&total), "{}", entries[3]);
    assert_eq!(problems(&shown), Vec::<Value>::new());
    let unused = shown["unused"].as_array().expect("templates");
    let ids: Vec<_> = unused.iter().map(|one| one["template_id"].as_str()).collect();
    assert_eq!(ids, [Some(TEMPLATE_TICKET_ID), Some(SUBSCRIBE_SHIPPED_ID)]);
    let way = json!({ "label": "配送方式", "field": "enum_string4", "values": ["快递", "同城配送", "自提"] });
    assert_eq!(unused[1]["lines"][3], way);
    world.get("/templates", &world.login(1).await.token).await.problem(403, "forbidden");
    world.get("/templates", "").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn the_lists_are_asked_for_once_a_day_and_when_somebody_asks_for_a_sync() {
    // A second one would list them with its first tick.
    let world = World::with(Settings { single_processes: true, ..Settings::default() }).await;
    world.sync_until_done().await;
    assert_eq!(listed(&world).await, (1, 1));
    world.sync_until_done().await;
    assert_eq!(listed(&world).await, (1, 1), "a moment ago");
    list_again(&world).await;
    assert_eq!(listed(&world).await, (2, 2));
    tick(&world).await;
    world.advance(23 * AN_HOUR).await;
    tick(&world).await;
    assert_eq!(listed(&world).await, (2, 2), "not a day yet");
    world.advance(AN_HOUR).await;
    // The tokens have expired meanwhile, and are asked for.
    let day_before = templates(&world).await["fetched_at"].clone();
    world
        .until(async || {
            tick(&world).await;
            let now = &templates(&world).await["fetched_at"];
            now["oa"] != day_before["oa"] && now["mini"] != day_before["mini"]
        })
        .await;
}

/// It may have come with a release, and another catalog; but processes come and go.
#[tokio::test]
async fn a_new_process_lists_them_with_its_first_tick_if_they_are_an_hour_old() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.advance(AN_HOUR).await;
    for _ in 0..2 {
        tick(&world).await;
        assert_eq!(listed(&world).await, (2, 2));
        world.advance(AN_HOUR / 2).await;
    }
}

#[tokio::test]
async fn the_mini_programs_list_is_asked_for_where_a_notification_falls_back_or_somebody_asks() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("notifications.toml");
    fs::write(&file, format!("[a]\ntemplate_id = \"{TEMPLATE_TICKET_ID}\"\n{TICKET}")).expect("a catalog");
    let world = World::with(Settings { catalog: Some(file), followers: 5, ..Settings::default() }).await;
    tick(&world).await;
    assert_eq!(listed(&world).await, (1, 0));
    assert_eq!(templates(&world).await["fetched_at"]["mini"], Value::Null);
    assert_eq!(doctor::told(&world, "templates").await[0]["state"], "ok");
    // Whoever is about to name the first one wants to see it.
    world.sync_until_done().await;
    assert_eq!(listed(&world).await.1, 1);
    assert!(templates(&world).await["fetched_at"]["mini"].is_i64());
}

#[tokio::test]
async fn a_list_that_wechat_does_not_give_is_asked_for_again_and_stops_no_sync() {
    let world = World::start().await;
    world.fault(json!({ "endpoint": OA_LIST, "errcode": -1 })).await;
    world.sync_until_done().await;
    let shown = templates(&world).await;
    assert!(shown["fetched_at"]["oa"].is_null() && shown["fetched_at"]["mini"].is_number(), "{shown}");
    assert_eq!(problems(&shown), Vec::<Value>::new(), "of what was never listed nothing is said");
    let told = doctor::told(&world, "templates").await;
    assert_eq!((&told[0]["subject"], &told[0]["state"]), (&json!("oa"), &json!("unknown")), "{told:?}");
    world.clear_faults().await;
    tick(&world).await;
    let first = templates(&world).await;
    assert!(first["fetched_at"]["oa"].is_number(), "{first}");
    // One that fails later leaves the last one.
    world.fault(json!({ "endpoint": OA_LIST, "errcode": 45009 })).await;
    list_again(&world).await;
    assert_eq!(templates(&world).await["fetched_at"]["oa"], first["fetched_at"]["oa"]);
}

#[tokio::test]
async fn a_template_that_is_not_on_the_list_parks_before_wechat_is_asked() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.console(&json!({ "removed_templates": [TEMPLATE_ID] })).await;
    list_again(&world).await;
    let id = world.send_to(&follower(&world, 1).await).await;
    let parked = world.wait_for(&id, |batch| batch["counts"]["parked"] == 1).await;
    assert_eq!(parked["messages"][0]["reason"], "template_gone", "{parked}");
    assert_eq!(world.calls(SEND).await, 0, "nobody has asked WeChat");
    // One tries in a minute, and is refused by WeChat itself.
    world.until(async || world.calls(SEND).await == 1).await;
    assert_eq!(world.batch(&id).await["messages"][0]["errcode"], 40037);
    world.console(&json!({ "removed_templates": [] })).await;
    assert_eq!(world.outcome(&id).await["state"], "sent");
    // The list does not know yet; who has sent one does.
    let began = world.clock().await;
    let again = world.send_to(&follower(&world, 3).await).await;
    assert_eq!(world.outcome(&again).await["state"], "sent");
    assert!(world.clock().await - began < 30, "it has not waited for a try");
    // Another one is nothing to it.
    let sent = world
        .send_as(&world.service_key, "approval_copied", &json!([follower(&world, 2).await]))
        .await
        .ok(202);
    assert_eq!(world.outcome(sent["id"].as_str().expect("an id")).await["state"], "sent");
}

#[tokio::test]
async fn a_lost_template_of_the_mini_program_parks_the_fallback_alone() {
    let world = World::start().await;
    world.sync_until_done().await;
    let session = world.login(100).await;
    let results = world.accept(100, &[SUBSCRIBE_TEMPLATE_ID]).await;
    world.post("/subscriptions", &session.token, &json!({ "results": results })).await.ok(200);
    world.console(&json!({ "removed_templates": [SUBSCRIBE_TEMPLATE_ID] })).await;
    list_again(&world).await;
    let to = json!({ "openid": world.user(100).await.openid });
    let id = world.send_to(&to).await;
    world.wait_for(&id, |batch| batch["counts"]["parked"] == 1).await;
    assert_eq!(world.calls("/cgi-bin/message/subscribe/send").await, 0, "nobody has asked WeChat");
    let follower = world.send_to(&follower(&world, 1).await).await;
    assert_eq!(world.outcome(&follower).await["state"], "sent");
}

/// Somebody may have added it since: then WeChat is asked.
#[tokio::test]
async fn a_list_that_is_no_longer_fresh_holds_nothing_back() {
    let world = World::start().await;
    world.console(&json!({ "removed_templates": [TEMPLATE_ID] })).await;
    world.sync_until_done().await;
    world.console(&json!({ "removed_templates": [] })).await;
    world.advance(31 * 60).await;
    let id = world.send_to(&follower(&world, 1).await).await;
    assert_eq!(world.outcome(&id).await["state"], "sent");
    assert_eq!(world.batch(&id).await["messages"][0]["attempts"], 1);
}

#[tokio::test]
async fn a_template_that_wechat_refuses_has_the_list_fetched_anew_until_it_is_there_again() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.console(&json!({ "removed_templates": [TEMPLATE_ID] })).await;
    let id = world.send_to(&follower(&world, 1).await).await;
    world.wait_for(&id, |batch| batch["messages"][0]["errcode"] == 40037).await;
    let told = async || doctor::told(&world, "templates").await;
    assert_eq!(told().await[0]["state"], "ok", "as was listed last");
    world.advance(600).await;
    tick(&world).await;
    let gone = told().await;
    assert_eq!(
        (&gone[0]["subject"], &gone[0]["state"]),
        (&json!("approval_submitted"), &json!("problem")),
        "{gone:?}"
    );
    assert!(
        gone[0]["remedy"].as_str().is_some_and(|told| told.contains("add it in WeChat's console")),
        "{gone:?}"
    );
    let problem = &problems(&templates(&world).await)[0];
    assert_eq!((&problem["reason"], &problem["channel"]), (&json!("unknown_template"), &json!("template")));
    world.console(&json!({ "removed_templates": [] })).await;
    assert_eq!(world.outcome(&id).await["state"], "sent");
    world.advance(600).await;
    tick(&world).await;
    assert_eq!(told().await[0]["state"], "ok");
    let calls = listed(&world).await;
    world.advance(600).await;
    tick(&world).await;
    assert_eq!(listed(&world).await, calls, "all is well");
}
