//! The simulator's own routes: faults on demand, wrong orders, and what outlives a restart.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use simulator::Clock;

use crate::wechat::{SEND, Wechat, message};

#[tokio::test]
async fn a_cut_connection_answers_nothing_and_may_have_delivered_all_the_same() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    wechat.fault(json!({ "endpoint": SEND, "cut": true, "times": 1 })).await;
    assert!(wechat.try_send(&token, &message(&openid, "b-1")).await.is_err());
    assert_eq!(wechat.inbox().await.len(), 0);
    wechat.fault(json!({ "endpoint": SEND, "cut": true, "delivered": 1.0, "times": 1 })).await;
    assert!(wechat.try_send(&token, &message(&openid, "b-1")).await.is_err());
    assert_eq!(wechat.inbox().await.len(), 1);
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-1")).await, 0);
    assert_eq!(wechat.inbox().await.len(), 1);
    assert_eq!(wechat.get("/_sim/stats").await["endpoints"][SEND]["errors"], json!({ "cut": 2 }));
}

#[tokio::test]
async fn faults_answer_with_their_errcode_or_status_until_they_are_cleared() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let other = wechat.oa_openid(8).await;
    wechat.fault(json!({ "endpoint": SEND, "errcode": 43117, "user": 8 })).await;
    assert_eq!(wechat.errcode(&token, &message(&other, "b-1")).await, 43117);
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-1")).await, 0);
    wechat.fault(json!({ "endpoint": "*", "http_status": 502 })).await;
    let (status, body) = wechat.try_send(&token, &message(&openid, "b-2")).await.unwrap();
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(body.as_str().unwrap().starts_with("<html>"));
    wechat.delete("/_sim/faults").await;
    assert_eq!(wechat.errcode(&token, &message(&other, "b-2")).await, 0);
}

#[tokio::test]
async fn one_route_takes_and_clears_faults_of_endpoints_and_of_followers() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    wechat.fault(json!({ "kind": "endpoint", "endpoint": SEND, "errcode": -1 })).await;
    assert_eq!(wechat.post("/_sim/faults", json!({ "kind": "followers", "empty": true })).await, json!({}));
    let followers = format!("/cgi-bin/user/get?access_token={token}");
    assert_eq!(wechat.get(&followers).await["total"], 0);
    wechat.delete("/_sim/faults?kind=followers").await;
    assert_ne!(wechat.get(&followers).await["total"], 0);
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-1")).await, -1);
    wechat.delete("/_sim/faults").await;
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-1")).await, 0);
}

#[tokio::test]
async fn a_wrong_order_is_answered_with_a_sentence() {
    let wechat = Wechat::start().await;
    for (path, body) in [
        ("/_sim/faults", json!({ "endpoint": SEND, "errcod": -1 })),
        ("/_sim/faults", json!({ "endpoint": "/cgi-bin/message/template/sent", "errcode": -1 })),
        ("/_sim/faults", json!({ "endpoint": SEND })),
        ("/_sim/faults", json!({ "kind": "weather" })),
        ("/_sim/faults", json!({ "endpoint": SEND, "location": "a\nb" })),
        ("/_sim/faults", json!({ "kind": "followers", "shift_batch": 2 })),
        ("/_sim/faults", json!({ "kind": "callback", "delay": 0.5 })),
        ("/_sim/quota", json!({ "endpoint": "/nothing", "per_day": 1 })),
        ("/_sim/clock", json!({ "advance": "1 h" })),
        ("/_sim/clock", json!({ "advance": i64::MAX })),
        ("/_sim/rotate", json!({ "account": "both" })),
    ] {
        let (status, answer) = wechat.try_call(Method::POST, path, &body).await.unwrap();
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {body}");
        assert!(answer["error"].as_str().unwrap().ends_with('.'), "{answer}");
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_a_request_is_answered_with_a_sentence() {
    let wechat = Wechat::start().await;
    let wrong = [
        (Method::GET, "/_sim/messages?wait=soon", StatusCode::BAD_REQUEST),
        (Method::GET, "/_sim/messages?since=today", StatusCode::BAD_REQUEST),
        (Method::GET, "/_sim/users?n=-1", StatusCode::BAD_REQUEST),
        (Method::GET, "/_sim/log?m=1", StatusCode::BAD_REQUEST),
        (Method::DELETE, "/_sim/faults/x", StatusCode::BAD_REQUEST),
        (Method::GET, "/_sim/users/%ff", StatusCode::BAD_REQUEST),
        (Method::GET, "/_sim/nothing", StatusCode::NOT_FOUND),
        (Method::GET, "/_sim/nothing?user=7", StatusCode::NOT_FOUND),
        (Method::GET, "/_sim/reset", StatusCode::METHOD_NOT_ALLOWED),
        (Method::POST, "/_sim/callback/stats", StatusCode::METHOD_NOT_ALLOWED),
    ];
    for (method, path, status) in wrong {
        wechat.is_refused(method, path, status).await;
    }
    let too_long = Value::from("x".repeat(3 << 20));
    for path in ["/_sim/faults", "/_sim/console", "/_sim/users/7/sealed"] {
        let (status, answer) = wechat.try_call(Method::POST, path, &too_long).await.unwrap();
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        assert!(answer["error"].as_str().unwrap().ends_with('.'), "{answer}");
    }
    let by_get = wechat.http.get(format!("{}/_sim/reset", wechat.base)).send().await.unwrap();
    assert_eq!(by_get.headers()["allow"], "POST");
}

#[tokio::test]
async fn a_route_refuses_parameters_that_it_does_not_have_before_it_does_anything() {
    let wechat = Wechat::start().await;
    wechat.fault(json!({ "endpoint": SEND, "errcode": -1 })).await;
    for (method, path) in [
        (Method::DELETE, "/_sim/faults?knd=callback"),
        (Method::DELETE, "/_sim/callback/faults?user=7"),
        (Method::GET, "/_sim/faults?kind=callback"),
        (Method::POST, "/_sim/reset?only=faults"),
        (Method::POST, "/_sim/users/7/unfollow?quietly"),
        (Method::GET, "/_sim/events?after=1"),
        (Method::GET, "/_sim/stats?endpoint=*"),
    ] {
        wechat.is_refused(method, path, StatusCode::BAD_REQUEST).await;
    }
    assert_eq!(wechat.get("/_sim/faults?").await["endpoints"].as_array().unwrap().len(), 1);
    assert_eq!(wechat.user(7).await["following"], true);
}

#[tokio::test]
async fn a_restart_keeps_tokens_follows_logins_and_messages() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wechat.json");
    let clock = Clock::movable();
    let before = Wechat::restart(&path, &clock).await;
    let (token, openid) = (before.token().await, before.oa_openid(7).await);
    before.login(7).await;
    before.post("/_sim/users/8/unfollow", Value::Null).await;
    before.post("/_sim/users/9/hide-unionid", Value::Null).await;
    before.advance(1_000_000).await;
    let token_after_the_jump = before.token().await;
    let sent = before.send(&token_after_the_jump, &message(&openid, "b-1")).await;
    before.simulator.save(&path).unwrap();

    let after = Wechat::restart(&path, &clock).await;
    assert_eq!(after.send(&token_after_the_jump, &message(&openid, "b-1")).await, sent);
    assert_eq!(after.errcode(&token, &message(&openid, "b-1")).await, 42001);
    assert_eq!(after.inbox().await, before.inbox().await);
    assert_eq!(after.user(8).await["following"], false);
    assert!(after.login(9).await.get("unionid").is_none());
    assert!(after.post("/_sim/users/7/sealed", json!({})).await["encryptedData"].is_string());
}
