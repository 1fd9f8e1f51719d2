//! POST /login: what a wx.login code becomes.

use std::collections::BTreeMap;
use std::time::Duration;

use harness::World;
use local::Settings;
use reqwest::Method;
use serde_json::{Value, json};

const JSCODE2SESSION: &str = "/sns/jscode2session";

fn names(answer: &Value) -> Vec<&str> {
    answer.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn is_rid(rid: &Value) -> bool {
    let parts: Vec<_> = rid.as_str().unwrap_or_default().split('-').collect();
    parts.len() == 3 && parts.iter().all(|part| part.len() == 8)
}

#[tokio::test]
async fn a_user_logs_in_and_gets_a_token_and_no_session_key() {
    let world = World::start().await;
    let user = world.user(7).await;
    let answer = world.login(7).await.answer;
    assert_eq!(names(&answer), ["expires_in", "following", "openid", "token", "unionid"]);
    assert_eq!((&answer["openid"], &answer["unionid"]), (&json!(user.openid), &json!(user.unionid)));
    assert_eq!(answer["token"].as_str().map(str::len), Some(43));
    assert_eq!(answer["expires_in"], 3 * 24 * 3600);
}

#[tokio::test]
async fn a_connection_that_dies_costs_one_more_call_and_not_two() {
    let world = World::start().await;
    world.fault(json!({ "endpoint": JSCODE2SESSION, "cut": true, "times": 1 })).await;
    world.login(7).await;
    assert_eq!(world.calls(JSCODE2SESSION).await, 2);
    world.fault(json!({ "endpoint": JSCODE2SESSION, "cut": true, "times": 2 })).await;
    let code = json!({ "code": world.code(7).await });
    world.post("/login", "", &code).await.problem(503, "wechat_unavailable");
    assert_eq!(world.calls(JSCODE2SESSION).await, 4);
}

#[tokio::test]
async fn a_user_whose_unionid_wechat_hides_logs_in_without_one() {
    let world = World::start().await;
    world.user_does(7, "hide-unionid").await;
    let answer = world.login(7).await.answer;
    assert_eq!(names(&answer), ["expires_in", "following", "openid", "token"]);
    assert_eq!(answer["following"], false);
}

#[tokio::test]
async fn following_is_known_once_the_sync_has_run() {
    let world = World::start().await;
    assert_eq!(world.login(7).await.answer["following"], false);
    world.sync_until_done().await;
    assert_eq!(world.login(7).await.answer["following"], true);
    assert_eq!(world.login(1_000).await.answer["following"], false);
}

#[tokio::test]
async fn every_login_gives_another_token_and_the_older_ones_go_on() {
    let world = World::start().await;
    let (first, second) = (world.login(7).await, world.login(7).await);
    assert_ne!(first.token, second.token);
    for session in [first, second] {
        world.get("/send/none", &session.token).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_code_serves_once() {
    let world = World::start().await;
    let code = json!({ "code": world.code(7).await });
    world.post("/login", "", &code).await.ok(200);
    let problem = world.post("/login", "", &code).await.problem(401, "invalid_code");
    assert_eq!(problem["errcode"], 40163);
    assert!(is_rid(&problem["rid"]), "{problem}");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("wx.login")), "{problem}");
}

#[tokio::test]
async fn a_code_that_is_made_up_or_too_old_is_refused() {
    let world = World::start().await;
    let old = world.code(7).await;
    world.advance(301).await;
    for code in ["0made-up", contract::login::MOCK_CODE, old.as_str()] {
        let problem = world.post("/login", "", &json!({ "code": code })).await.problem(401, "invalid_code");
        assert_eq!(problem["errcode"], 40029);
        assert!(is_rid(&problem["rid"]), "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|told| told.contains("appid")), "{problem}");
    }
}

#[tokio::test]
async fn a_body_without_a_code_is_refused_before_wechat_hears_of_it() {
    let world = World::start().await;
    for body in ["", "{}", "code=1", "[]", r#"{"code":""}"#, r#"{"code":" "}"#, r#"{"code":7}"#] {
        world.call(Method::POST, "/login", "", body).await.problem(400, "invalid_request");
    }
    let long = json!({ "code": "0".repeat(129) });
    world.post("/login", "", &long).await.problem(400, "invalid_request");
    assert_eq!(world.calls(JSCODE2SESSION).await, 0);
}

#[tokio::test]
async fn wechat_being_busy_is_told_as_such_and_passes() {
    let world = World::start().await;
    world.fault(json!({ "endpoint": JSCODE2SESSION, "errcode": -1 })).await;
    let code = json!({ "code": world.code(7).await });
    let problem = world.post("/login", "", &code).await.problem(503, "wechat_unavailable");
    assert_eq!(names(&problem), ["code", "detail", "status", "title", "type"]);
    world.clear_faults().await;
    world.post("/login", "", &code).await.ok(200);
}

#[tokio::test]
async fn a_wechat_that_answers_nonsense_or_nothing_is_unavailable() {
    let world = World::start().await;
    for fault in [json!({ "cut": true }), json!({ "http_status": 502 }), json!({ "http_status": 200 })] {
        let mut fault = fault;
        fault["endpoint"] = JSCODE2SESSION.into();
        world.fault(fault).await;
        let code = json!({ "code": world.code(7).await });
        let problem = world.post("/login", "", &code).await.problem(503, "wechat_unavailable");
        assert_eq!(names(&problem), ["code", "detail", "status", "title", "type"]);
        world.clear_faults().await;
    }
}

#[tokio::test]
async fn a_user_whom_wechat_blocks_is_told_not_to_try_again() {
    let world = World::start().await;
    world.fault(json!({ "endpoint": JSCODE2SESSION, "errcode": 40226, "user": 7 })).await;
    let code = json!({ "code": world.code(7).await });
    let problem = world.post("/login", "", &code).await.problem(403, "login_blocked");
    assert_eq!(problem["errcode"], 40226);
    world.login(8).await;
}

#[tokio::test]
async fn how_the_account_stands_with_wechat_is_not_for_anybody() {
    let world = World::start().await;
    world.fault(json!({ "endpoint": JSCODE2SESSION, "errcode": 40164 })).await;
    let code = json!({ "code": world.code(7).await });
    let problem = world.post("/login", "", &code).await.problem(502, "misconfigured");
    assert_eq!(names(&problem), ["code", "detail", "status", "title", "type"]);
    assert!(!problem["detail"].as_str().is_some_and(|detail| detail.contains("127.0.0.1")), "{problem}");
}

#[tokio::test]
async fn a_used_up_minute_at_wechat_is_a_429() {
    let world = World::start().await;
    world.fault(json!({ "endpoint": JSCODE2SESSION, "errcode": 45011 })).await;
    let code = json!({ "code": world.code(7).await });
    let problem = world.post("/login", "", &code).await.problem(429, "quota_exhausted");
    assert_eq!(names(&problem), ["code", "detail", "status", "title", "type"]);
}

/// Each would be a call to WeChat, which counts them for everybody.
#[tokio::test]
async fn what_no_code_can_be_is_not_asked_of_wechat() {
    let world = World::start().await;
    for code in ["a b", "\u{e9}", "'", "\0", "a/b", "../x"] {
        world.post("/login", "", &json!({ "code": code })).await.problem(400, "invalid_request");
    }
    assert_eq!(world.calls(JSCODE2SESSION).await, 0);
}

#[tokio::test]
async fn an_address_of_many_made_up_codes_is_left_alone_for_the_minute() {
    let world = World::start().await;
    for n in 0..60 {
        let answer = world.post("/login", "", &json!({ "code": format!("madeup{n}") })).await;
        assert!(answer.status == 401 || answer.status == 429, "{}", answer.status);
    }
    assert_eq!(world.calls(JSCODE2SESSION).await, 20);
    let code = json!({ "code": world.code(7).await });
    world.post("/login", "", &code).await.problem(429, "too_many_requests");
    world.pass(Duration::from_secs(60)).await;
    world.post("/login", "", &code).await.ok(200);
}

#[tokio::test]
async fn codes_that_serve_count_against_nobody() {
    let world = World::start().await;
    for _ in 0..30 {
        world.login(7).await;
    }
}

#[tokio::test]
async fn a_session_ends_with_a_logout_and_the_others_stay() {
    let world = World::start().await;
    let (one, other) = (world.login(7).await, world.login(7).await);
    let ended = world.post("/logout", &one.token, &json!({})).await.ok(200);
    assert_eq!(ended, json!({ "ended": 1 }));
    world.post("/logout", &one.token, &json!({})).await.problem(401, "unauthorized");
    world.post("/decrypt", &one.token, &json!({})).await.problem(401, "unauthorized");
    world.call(Method::POST, "/logout", &other.token, "").await.ok(200);
}

#[tokio::test]
async fn all_of_a_users_sessions_end_at_once_and_nobody_elses() {
    let world = World::start().await;
    let (one, other, theirs) = (world.login(7).await, world.login(7).await, world.login(8).await);
    let ended = world.post("/logout", &one.token, &json!({ "all": true })).await.ok(200);
    assert_eq!(ended, json!({ "ended": 2 }));
    world.post("/logout", &other.token, &json!({})).await.problem(401, "unauthorized");
    world.post("/logout", &world.service_key, &json!({})).await.problem(403, "forbidden");
    world.post("/logout", &theirs.token, &json!({ "al": 1 })).await.problem(400, "invalid_request");
    world.post("/logout", &theirs.token, &json!({})).await.ok(200);
}

#[tokio::test]
async fn a_login_ends_the_older_sessions_where_that_is_chosen() {
    let environment = BTreeMap::from([("LOGIN_ENDS_OLDER_SESSIONS".to_owned(), "true".to_owned())]);
    let world = World::with(Settings { followers: 20, environment, ..Settings::default() }).await;
    let (older, theirs, newer) = (world.login(7).await, world.login(8).await, world.login(7).await);
    world.post("/decrypt", &older.token, &json!({})).await.problem(401, "unauthorized");
    for session in [theirs, newer] {
        world.post("/logout", &session.token, &json!({})).await.ok(200);
    }
}
