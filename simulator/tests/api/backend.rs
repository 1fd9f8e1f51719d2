//! The mini-program's own server, which users' phones log in at and tell what was accepted.

use std::io::ErrorKind;
use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::routing::post;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use simulator::{SUBSCRIBE_TEMPLATE_ID, Settings, Simulator};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::wechat::Wechat;

/// A WeChat whose users' phones have a mini-program of this server.
async fn with_backend(router: Router) -> Wechat {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let backend = Some(format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    Wechat::serve(Simulator::new(Settings { backend, ..Settings::default() })).await
}

/// Takes every code, and says who told it of a subscription.
fn taking_everybody() -> Router {
    let who = async |headers: HeaderMap| headers[AUTHORIZATION].to_str().unwrap().to_owned();
    Router::new()
        .route("/login", post(async || r#"{"openid":"o","token":"a-session"}"#))
        .route("/subscriptions", post(who))
}

impl Wechat {
    async fn tap_login(&self) -> Value {
        self.post("/_sim/users/7/login", Value::Null).await
    }

    async fn accept_message(&self) -> Value {
        let accept = json!({ "template_id": SUBSCRIBE_TEMPLATE_ID });
        self.post("/_sim/users/7/accept-message", accept).await
    }
}

#[tokio::test]
async fn without_a_server_a_login_gives_a_code_and_an_accept_counts_at_wechat_alone() {
    let wechat = Wechat::start().await;
    let told = wechat.tap_login().await;
    assert_eq!(
        (&told["user"], &told["backend"], &told["has_session"]),
        (&json!(7), &Value::Null, &json!(false))
    );
    assert!(told["code"].as_str().is_some_and(|code| code.len() == 32), "{told}");
    let told = wechat.accept_message().await;
    assert_eq!(told["credits"], json!({ SUBSCRIBE_TEMPLATE_ID: 1 }));
    assert_eq!((&told["result"][SUBSCRIBE_TEMPLATE_ID], &told["backend"]), (&json!("accept"), &Value::Null));
}

#[tokio::test]
async fn a_session_is_shown_to_nobody_and_kept_in_a_snapshot() {
    let wechat = with_backend(taking_everybody()).await;
    let told = wechat.tap_login().await;
    assert_eq!((&told["backend"]["body"], &told["has_session"]), (&json!({ "openid": "o" }), &json!(true)));
    wechat.post("/_sim/snapshots", json!({ "name": "one" })).await;
    wechat.post("/_sim/reset", Value::Null).await;
    let told = wechat.accept_message().await;
    assert_eq!((&told["backend"], &told["has_session"]), (&Value::Null, &json!(false)));
    wechat.post("/_sim/snapshots/one", Value::Null).await;
    let told = wechat.accept_message().await;
    assert_eq!((&told["backend"]["body"], &told["has_session"]), (&json!("Bearer a-session"), &json!(true)));
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_waited_for_five_seconds() {
    let asked = Arc::new(Notify::new());
    let login = {
        let asked = asked.clone();
        async move || {
            asked.notify_one();
            std::future::pending::<StatusCode>().await
        }
    };
    let wechat = with_backend(Router::new().route("/login", post(login))).await;
    let (told, ()) = tokio::join!(wechat.tap_login(), async {
        asked.notified().await;
        wechat.advance(5).await;
    });
    assert_eq!(told["backend"], json!({ "status": 0, "body": "no answer within 5 s" }));
}

#[tokio::test]
async fn an_address_that_is_none_is_not_served_with() {
    for backend in ["nonsense", "ftp://x", "http://h/x?y=1"] {
        let settings = Settings { backend: Some(backend.into()), ..Settings::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let served = Simulator::new(settings).serve(listener, std::future::ready(())).await;
        assert_eq!(served.unwrap_err().kind(), ErrorKind::InvalidInput, "{backend}");
    }
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read_to_its_end() {
    let login = async || "x".repeat(1 << 20);
    let wechat = with_backend(Router::new().route("/login", post(login))).await;
    let told = wechat.tap_login().await;
    assert_eq!(told["backend"], json!({ "status": 200, "body": "more than 65536 bytes" }));
}

#[tokio::test]
async fn a_login_of_the_world_before_is_none_in_the_next() {
    let (asked, reset) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let login = {
        let (asked, reset) = (asked.clone(), reset.clone());
        async move || {
            asked.notify_one();
            reset.notified().await;
            r#"{"openid":"o","token":"a-session"}"#
        }
    };
    let wechat = with_backend(Router::new().route("/login", post(login))).await;
    let path = "/_sim/users/7/login";
    tokio::join!(wechat.is_refused(Method::POST, path, StatusCode::CONFLICT), async {
        asked.notified().await;
        wechat.post("/_sim/reset", Value::Null).await;
        reset.notify_one();
    });
    assert_eq!(wechat.user(7).await["has_session"], false);
}
