//! GET /doctor: what it finds, and what it says of it.

use std::time::Duration;

use contract::Scope;
use harness::{Proxy, World};
use local::Settings;
use serde_json::{Value, json};
use shared::session::Token;
use shared::store::{self, KeyRow, Keys};
use simulator::TEMPLATE_ID;

/// The whole answer to whoever reads this language best.
async fn diagnosis(world: &World, language: &str) -> Value {
    world.get_in(language, "/doctor", &world.service_key).await.ok(200)
}

/// Everything that is told of one check, by whom or what it is about.
pub(crate) async fn told(world: &World, check: &str) -> Vec<Value> {
    of_check(&diagnosis(world, "en").await, check)
}

fn of_check(diagnosis: &Value, check: &str) -> Vec<Value> {
    let checks = diagnosis["checks"].as_array().expect("checks");
    checks.iter().filter(|one| one["check"] == check).cloned().collect()
}

async fn told_of(world: &World, check: &str, subject: &str) -> Value {
    let told = told(world, check).await;
    told.iter().find(|one| one["subject"] == subject).unwrap_or_else(|| panic!("{told:?}")).clone()
}

/// The same thing is found in Chinese, with another sentence for what was found and for what to do.
async fn is_told_in_chinese(world: &World, check: &str, remedy: &str) {
    let is_chinese =
        |text: &Value| text.as_str().is_some_and(|text| text.chars().any(|c| ('一'..='龥').contains(&c)));
    let told = of_check(&diagnosis(world, "zh-CN,zh;q=0.9,en;q=0.8").await, check);
    let found = told.iter().find(|one| one["remedy"].as_str().is_some_and(|told| told.contains(remedy)));
    let found = found.unwrap_or_else(|| panic!("{told:?}"));
    assert!(
        found["state"] == "problem" && is_chinese(&found["detail"]) && is_chinese(&found["remedy"]),
        "{found}"
    );
}

/// A world in which WeChat tells what happens.
async fn called_back() -> World {
    World::with(Settings { followers: 20, callbacks: true, ..Settings::default() }).await
}

fn is_problem(check: &Value, detail: &str, remedy: &str) {
    let says = |name: &str, text: &str| check[name].as_str().is_some_and(|told| told.contains(text));
    assert!(check["state"] == "problem" && says("detail", detail) && says("remedy", remedy), "{check}");
}

#[tokio::test]
async fn of_a_sound_deployment_everything_is_ok() {
    let world = called_back().await;
    world.sync_until_done().await;
    world.login(1).await;
    world.user_does(2, "unfollow").await;
    let heard = async || told_of(&world, "callback", "oa").await["state"] == "ok";
    world.until(heard).await;
    let diagnosis = diagnosis(&world, "en").await;
    let checks = diagnosis["checks"].as_array().expect("checks");
    let names: Vec<_> = checks.iter().map(|one| (one["check"].as_str(), one["subject"].as_str())).collect();
    assert_eq!(
        names,
        [
            (Some("token"), Some("oa")),
            (Some("token"), Some("mini")),
            (Some("token_replaced"), Some("oa")),
            (Some("token_replaced"), Some("mini")),
            (Some("clock"), None),
            (Some("quota"), Some("oa")),
            (Some("quota"), Some("mini")),
            (Some("open_platform"), None),
            (Some("sync"), None),
            (Some("callback"), Some("oa")),
            (Some("callback"), Some("mini")),
            (Some("queues"), Some("deliver")),
            (Some("queues"), Some("events")),
            (Some("breakers"), None),
            (Some("catalog"), None),
            (Some("templates"), None),
        ]
    );
    assert!(checks.iter().all(|one| one["state"] == "ok" && one["remedy"].is_null()), "{diagnosis}");
    let token = told_of(&world, "token", "oa").await;
    let detail = token["detail"].as_str().unwrap_or_default();
    assert!(["1 h 59 min.", "2 h."].iter().any(|left| detail.ends_with(left)), "{detail}");
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
    for how_often in ["once, ", "2 × in 1 min"] {
        world.rotate("classic", 2).await;
        send().await;
        let told = told_of(&world, "token_replaced", "oa").await;
        is_problem(&told, how_often, "TokenMode=stable");
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
    let settings = Settings { followers: 20, environment, ..Settings::default() };
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

#[tokio::test]
async fn what_is_found_is_told_in_the_callers_language() {
    let world = World::start().await;
    let [english, chinese] = [diagnosis(&world, "en").await, diagnosis(&world, "zh").await];
    let words = |diagnosis: &Value| -> Vec<_> {
        let checks = diagnosis["checks"].as_array().expect("checks").iter();
        checks.map(|one| ["check", "subject", "state"].map(|name| one[name].clone())).collect()
    };
    assert_eq!(words(&english), words(&chinese), "words for programs are the same");
    let is_english = |text: &str| !text.chars().any(|c| ('一'..='龥').contains(&c));
    for (en, zh) in english["checks"]
        .as_array()
        .into_iter()
        .flatten()
        .zip(chinese["checks"].as_array().into_iter().flatten())
    {
        assert!(is_english(en["detail"].as_str().expect("a detail")), "{en}");
        assert!(!is_english(zh["detail"].as_str().expect("a detail")), "{zh}");
    }
}

#[tokio::test]
async fn a_wrong_secret_is_told_with_where_the_right_one_is() {
    let world = World::start().await;
    world.console(&json!({ "oa_secret": "another" })).await;
    world.advance(100 * 60).await;
    world.invoke("refresh", json!({ "refresh": "tick" })).await.expect("told");
    is_problem(
        &told_of(&world, "token", "oa").await,
        "(errcode 40125)",
        "the AppSecret is not this account's",
    );
    is_told_in_chinese(&world, "token", "AppSecret 不是这个账号的").await;
}

#[tokio::test]
async fn an_ip_that_waits_for_the_administrator_is_told() {
    let world = World::start().await;
    world.fault(json!({ "endpoint": "/cgi-bin/token", "errcode": 89503 })).await;
    world.advance(100 * 60).await;
    world.invoke("refresh", json!({ "refresh": "tick" })).await.expect("told");
    is_problem(&told_of(&world, "token", "oa").await, "(errcode 89503)", "administrator has to confirm");
    is_told_in_chinese(&world, "token", "请账号的管理员确认").await;
}

#[tokio::test]
async fn a_call_that_the_whitelist_refuses_is_told_before_any_message_is_sent() {
    let world = World::start().await;
    world.console(&json!({ "whitelist": "all", "whitelisted": [] })).await;
    is_problem(&told_of(&world, "quota", "oa").await, "(errcode 40164)", "add the IP 127.0.0.");
    assert_eq!(told_of(&world, "quota", "mini").await["state"], "ok");
    is_told_in_chinese(&world, "quota", "把 IP 127.0.0.").await;
}

#[tokio::test]
async fn a_quota_that_is_nearly_used_up_is_told() {
    let world = World::start().await;
    let send = async || {
        let id = world.send_to(&json!({ "oa_openid": world.user(1).await.oa_openid })).await;
        world.outcome(&id).await
    };
    world.quota("/cgi-bin/message/template/send", json!(3)).await;
    for _ in 0..2 {
        assert_eq!(send().await["state"], "sent");
        assert_eq!(told_of(&world, "quota", "oa").await["state"], "ok");
    }
    assert_eq!(send().await["state"], "sent");
    is_problem(
        &told_of(&world, "quota", "oa").await,
        "message/template/send 3 of 3",
        "midnight Beijing time",
    );
    is_told_in_chinese(&world, "quota", "北京时间零点").await;
}

#[tokio::test]
async fn a_clock_that_is_off_is_told() {
    let world = World::start().await;
    for (ahead, told) in [(300, "5 min behind"), (-7200, "2 h ahead")] {
        world.console(&json!({ "date_ahead": ahead })).await;
        is_problem(&self::told(&world, "clock").await[0], told, "NTP");
        is_told_in_chinese(&world, "clock", "NTP").await;
    }
    world.console(&json!({ "date_ahead": 59 })).await;
    assert_eq!(self::told(&world, "clock").await[0]["state"], "ok");
}

/// A world with so many followers and as many users of the mini-program, from this one on.
async fn used(change: Value, from: u32) -> World {
    let world = World::with_followers(200).await;
    world.console(&change).await;
    world.sync_until_done().await;
    for user in from..from + 200 {
        world.login(user).await;
    }
    world
}

#[tokio::test]
async fn accounts_that_are_not_bound_to_one_open_platform_account_are_told() {
    let world = used(json!({ "apart": true }), 0).await;
    is_problem(&told(&world, "open_platform").await[0], "None of 200 users", "compare the bindings");
    is_told_in_chinese(&world, "open_platform", "微信开放平台账号").await;
    let world = World::start().await;
    world.console(&json!({ "mini_bound": false })).await;
    world.sync_until_done().await;
    world.login(1).await;
    is_problem(&told(&world, "open_platform").await[0], "none of the 1 users", "compare the bindings");
    let world = World::start().await;
    world.console(&json!({ "bound": false })).await;
    world.sync().await;
    is_problem(&told(&world, "sync").await[0], "The last run stopped", "one WeChat Open Platform account");
    is_told_in_chinese(&world, "sync", "绑定到同一个微信开放平台账号").await;
    assert_eq!(told(&world, "open_platform").await[0]["state"], "unknown", "nobody logged in yet");
}

/// Of few it is no wonder that nobody is both, and among many followers the few users are found.
#[tokio::test]
async fn accounts_that_are_bound_as_they_should_be_are_no_problem() {
    let world = World::start().await;
    world.sync_until_done().await;
    for user in 100..120 {
        world.login(user).await;
    }
    assert_eq!(told(&world, "open_platform").await[0]["state"], "unknown", "nobody follows of those");
    let world = World::with_followers(3000).await;
    world.sync_until_done().await;
    world.login(7).await;
    assert_eq!(told(&world, "open_platform").await[0]["state"], "ok", "one of 3,000 has logged in");
}

#[tokio::test]
async fn a_callback_that_is_silent_is_told() {
    let world = called_back().await;
    assert_eq!(told_of(&world, "callback", "oa").await["state"], "unknown", "there was nothing to tell");
    assert_eq!(told_of(&world, "callback", "mini").await["state"], "ok", "it may be left out");
    world.user_does(2, "unfollow").await;
    world.until(async || told_of(&world, "callback", "oa").await["state"] == "ok").await;
    world.advance(4 * 24 * 3600).await;
    assert_eq!(told_of(&world, "callback", "oa").await["state"], "ok", "nobody did anything");
    world.pause_callbacks().await;
    let id = world.send_to(&json!({ "oa_openid": world.user(1).await.oa_openid })).await;
    assert_eq!(world.outcome(&id).await["state"], "sent");
    is_problem(&told_of(&world, "callback", "oa").await, "told nothing for 4 d", "output Callback");
    is_told_in_chinese(&world, "callback", "保存服务器配置").await;
    world.resume_callbacks().await;
    world.until(async || told_of(&world, "callback", "oa").await["state"] == "ok").await;
}

#[tokio::test]
async fn a_server_configuration_that_was_never_saved_is_told_once_a_message_went_out() {
    let world = World::start().await;
    let id = world.send_to(&json!({ "oa_openid": world.user(1).await.oa_openid })).await;
    assert_eq!(world.outcome(&id).await["state"], "sent");
    is_problem(&told_of(&world, "callback", "oa").await, "1 messages were sent today", "output Callback");
    // Receipts that nobody keeps are not missed.
    let environment = [("RECEIPTS".to_owned(), "false".to_owned())].into();
    let world = World::with(Settings { followers: 20, environment, ..Settings::default() }).await;
    let id = world.send_to(&json!({ "oa_openid": world.user(1).await.oa_openid })).await;
    assert_eq!(world.outcome(&id).await["state"], "sent");
    assert_eq!(told_of(&world, "callback", "oa").await["state"], "unknown");
}

#[tokio::test]
async fn what_lies_among_the_dead_letters_is_told_with_how_to_have_it_done() {
    let world = World::start().await;
    assert_eq!(told_of(&world, "queues", "deliver").await["state"], "ok");
    world.enqueue("DeliverDeadLetters", "{}").await;
    is_problem(
        &told_of(&world, "queues", "deliver").await,
        "1 were taken again and again",
        "dead-letters redrive",
    );
    is_told_in_chinese(&world, "queues", "dead-letters redrive").await;
    assert_eq!(told_of(&world, "queues", "events").await["state"], "ok");
}

#[tokio::test]
async fn a_mini_program_that_is_not_linked_and_a_page_that_is_not_published_are_told() {
    for (errcode, remedy, chinese) in [
        (40013, "is not linked to the Official Account", "没有与公众号关联"),
        (40165, "Publish the mini-program page", "发布通知目录里写的小程序页面"),
    ] {
        let world = World::start().await;
        world.fault(json!({ "endpoint": "/cgi-bin/message/template/send", "errcode": errcode })).await;
        let to = json!([{ "oa_openid": world.user(1).await.oa_openid }]);
        let sent = world.send_as(&world.service_key, "approval_submitted", &to).await.ok(202);
        world.wait_for(sent["id"].as_str().expect("an id"), |batch| batch["counts"]["parked"] == 1).await;
        is_problem(&told(&world, "breakers").await[0], &format!("(errcode {errcode})"), remedy);
        is_told_in_chinese(&world, "breakers", chinese).await;
    }
}

#[tokio::test]
async fn where_wechat_does_not_answer_the_rest_is_told_all_the_same() {
    let world = World::start().await;
    world.fault(json!({ "endpoint": "/cgi-bin/openapi/quota/get", "latency_ms": 20_000 })).await;
    let diagnosis = world.while_time_passes(diagnosis(&world, "zh")).await;
    for (check, state) in [("quota", "unknown"), ("clock", "unknown"), ("token", "ok"), ("breakers", "ok")] {
        let told = of_check(&diagnosis, check);
        assert!(!told.is_empty() && told.iter().all(|one| one["state"] == state), "{told:?}");
    }
    let told = &of_check(&diagnosis, "clock")[0]["detail"];
    assert_eq!(told, "暂时无法查询微信（wechat_unavailable），请一分钟后再试。");
}

#[tokio::test]
async fn what_is_wrong_with_the_question_is_no_problem_of_the_account() {
    for (fault, state) in [
        (json!({ "errcode": -1 }), "unknown"),
        (json!({ "errcode": 45009 }), "ok"),
        (json!({ "errcode": 76022 }), "ok"),
        (
            json!({ "http_status": 200, "body_base64": "eyJxdW90YSI6eyJkYWlseV9saW1pdCI6MCwidXNlZCI6MH19" }),
            "ok",
        ),
    ] {
        let world = World::start().await;
        let mut fault = fault;
        fault["endpoint"] = json!("/cgi-bin/openapi/quota/get");
        world.fault(fault.clone()).await;
        assert_eq!(told_of(&world, "quota", "oa").await["state"], state, "{fault}");
    }
}

/// A monitor may look each minute, also where another stack has the account's token.
#[tokio::test]
async fn looking_has_no_token_replaced() {
    let world = World::start().await;
    world.rotate("classic", 2).await;
    let before = world.calls("/cgi-bin/token").await;
    assert_eq!(told_of(&world, "quota", "oa").await["state"], "unknown");
    world.pass(Duration::from_secs(60)).await;
    assert_eq!(world.calls("/cgi-bin/token").await, before);
}

#[tokio::test]
async fn a_proxy_that_is_down_is_told_with_what_to_repair() {
    let proxy = Proxy::start(None).await;
    let environment = [("EGRESS_PROXY".to_owned(), format!("http://{}", proxy.at))].into();
    let world = World::with(Settings { followers: 20, environment, ..Settings::default() }).await;
    assert_eq!(told_of(&world, "quota", "oa").await["state"], "ok");
    proxy.refuse(Some(407));
    is_problem(&told_of(&world, "quota", "oa").await, "no way to WeChat", "check the parameter EgressProxy");
    is_told_in_chinese(&world, "clock", "检查参数 EgressProxy").await;
    world.sync().await;
    let told = of_check(&diagnosis(&world, "zh").await, "sync");
    assert!(told[0]["remedy"].as_str().is_some_and(|remedy| remedy.contains("EgressProxy")), "{told:?}");
}
