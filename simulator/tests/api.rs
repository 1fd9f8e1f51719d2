//! The simulator as its callers meet it: over HTTP, on a port of its own per test.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use simulator::{
    MINI_APPID, MINI_SECRET, OA_APPID, OA_SECRET, Settings, Simulator, TEMPLATE_COPIED_ID, TEMPLATE_ID,
};
use tokio::net::TcpListener;

const SEND: &str = "/cgi-bin/message/template/send";
const NEVER_FOLLOWED: u32 = 4_000_000_000;

struct Wechat {
    base: String,
    http: Client,
    simulator: Simulator,
}

impl Wechat {
    async fn start() -> Self {
        Self::serve(Simulator::new(Settings { followers: 100, seed: 1, ..Settings::default() })).await
    }

    async fn restart(path: &Path) -> Self {
        Self::serve(
            Simulator::restore(Settings { followers: 100, seed: 1, ..Settings::default() }, path).unwrap(),
        )
        .await
    }

    async fn serve(simulator: Simulator) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(simulator.clone().serve(listener, std::future::pending()));
        Self { base, http: Client::new(), simulator }
    }

    async fn try_call(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> reqwest::Result<(StatusCode, Value)> {
        let request = self.http.request(method, format!("{}{path}", self.base));
        let response = if body.is_null() { request } else { request.json(body) }.send().await?;
        let status = response.status();
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    async fn get(&self, path: &str) -> Value {
        self.try_call(Method::GET, path, &Value::Null).await.unwrap().1
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.try_call(Method::POST, path, &body).await.unwrap().1
    }

    async fn fault(&self, fault: Value) {
        assert!(self.post("/_sim/faults", fault).await["id"].is_u64());
    }

    async fn advance(&self, seconds: i64) {
        self.post("/_sim/clock", json!({ "advance": seconds })).await;
    }

    async fn user(&self, user: u32) -> Value {
        self.get(&format!("/_sim/users?from={user}&n=1")).await[0].clone()
    }

    async fn oa_openid(&self, user: u32) -> String {
        self.user(user).await["oa_openid"].as_str().unwrap().into()
    }

    async fn token_of(&self, appid: &str, secret: &str) -> String {
        let query = format!("grant_type=client_credential&appid={appid}&secret={secret}");
        self.get(&format!("/cgi-bin/token?{query}")).await["access_token"].as_str().unwrap().into()
    }

    async fn token(&self) -> String {
        self.token_of(OA_APPID, OA_SECRET).await
    }

    async fn login(&self, user: u32) -> Value {
        let code = self.post(&format!("/_sim/users/{user}/code"), Value::Null).await;
        self.redeem(code["code"].as_str().unwrap()).await
    }

    async fn redeem(&self, code: &str) -> Value {
        let account = format!("appid={MINI_APPID}&secret={MINI_SECRET}");
        let query = format!("{account}&js_code={code}&grant_type=authorization_code");
        self.get(&format!("/sns/jscode2session?{query}")).await
    }

    async fn try_send(&self, token: &str, message: &Value) -> reqwest::Result<(StatusCode, Value)> {
        self.try_call(Method::POST, &format!("{SEND}?access_token={token}"), message).await
    }

    async fn send(&self, token: &str, message: &Value) -> Value {
        self.try_send(token, message).await.unwrap().1
    }

    async fn errcode(&self, token: &str, message: &Value) -> i64 {
        self.send(token, message).await["errcode"].as_i64().unwrap()
    }

    async fn inbox(&self) -> Vec<Value> {
        self.get("/_sim/messages").await.as_array().unwrap().clone()
    }
}

fn message(openid: &str, client_msg_id: &str) -> Value {
    json!({
        "touser": openid,
        "template_id": TEMPLATE_ID,
        "client_msg_id": client_msg_id,
        "miniprogram": { "appid": MINI_APPID, "pagepath": "pages/approval?id=7" },
        "data": {
            "thing1": { "value": "王小明" },
            "thing2": { "value": "请假" },
            "time3": { "value": "2026-03-01 09:30" },
            "thing4": { "value": "年假三天" },
            "character_string5": { "value": "QJ-20260301-0007" },
        },
    })
}

#[tokio::test]
async fn a_login_gives_the_ids_of_the_user_and_a_new_session_key_each_time() {
    let wechat = Wechat::start().await;
    let (first, second) = (wechat.login(7).await, wechat.login(7).await);
    let user = wechat.user(7).await;
    assert_eq!((&first["openid"], &first["unionid"]), (&user["mini_openid"], &user["unionid"]));
    assert_eq!(first["session_key"].as_str().unwrap().len(), 24);
    assert_ne!(first["session_key"], second["session_key"]);
    assert!(first.get("errcode").is_none());
}

#[tokio::test]
async fn a_hidden_unionid_is_in_no_answer() {
    let wechat = Wechat::start().await;
    wechat.post("/_sim/users/7/hide-unionid", Value::Null).await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let info = wechat.get(&format!("/cgi-bin/user/info?access_token={token}&openid={openid}")).await;
    assert_eq!(info["subscribe"], 1);
    assert!(info.get("unionid").is_none());
    assert!(wechat.login(7).await.get("unionid").is_none());
    wechat.post("/_sim/users/7/show-unionid", Value::Null).await;
    assert!(wechat.login(7).await["unionid"].is_string());
}

#[tokio::test]
async fn data_is_sealed_only_for_a_user_who_logged_in() {
    let wechat = Wechat::start().await;
    let profile = json!({ "nickName": "微信用户" });
    let seal = || wechat.try_call(Method::POST, "/_sim/users/7/sealed", &profile);
    assert_eq!(seal().await.unwrap().0, StatusCode::CONFLICT);
    wechat.login(7).await;
    let (status, sealed) = seal().await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(sealed["rawData"], r#"{"nickName":"微信用户"}"#);
    assert_eq!(sealed["signature"].as_str().unwrap().len(), 40);
}

#[tokio::test]
async fn a_message_arrives_as_it_was_sent() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let sent = wechat.send(&token, &message(&openid, "b-1")).await;
    assert_eq!((sent["errcode"].as_i64(), sent["errmsg"].as_str()), (Some(0), Some("ok")));
    let arrived = wechat.get("/_sim/messages?user=7").await;
    assert_eq!(arrived[0]["msgid"], sent["msgid"]);
    assert_eq!(arrived[0]["oa_openid"], *openid);
    assert_eq!(arrived[0]["page"], "pages/approval?id=7");
    assert_eq!(arrived[0]["data"]["thing4"], "年假三天");
    assert_eq!(wechat.get("/_sim/messages?user=8").await, json!([]));
}

#[tokio::test]
async fn every_reason_not_to_send_has_its_errcode() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let stranger = wechat.oa_openid(NEVER_FOLLOWED).await;
    let mini_openid = wechat.user(7).await["mini_openid"].clone();
    let wrong = [
        (40003, "/touser", mini_openid),
        (43004, "/touser", stranger.into()),
        (40037, "/template_id", "x".repeat(43).into()),
        (40013, "/miniprogram/appid", OA_APPID.into()),
        (40165, "/miniprogram/pagepath", "/pages/approval".into()),
        (47003, "/data/thing1/value", "".into()),
        (47001, "/data", "text".into()),
    ];
    for (errcode, place, value) in wrong {
        let mut message = message(&openid, "b-1");
        *message.pointer_mut(place).unwrap() = value;
        assert_eq!(wechat.errcode(&token, &message).await, errcode, "{place}");
    }
    wechat.post("/_sim/users/7/refuse", Value::Null).await;
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-1")).await, 43101);
    assert_eq!(wechat.inbox().await, [] as [Value; 0]);
    wechat.post("/_sim/users/7/accept", Value::Null).await;
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-1")).await, 0);
}

#[tokio::test]
async fn a_blocking_user_gets_nothing_and_the_sender_does_not_see_it() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    wechat.post("/_sim/users/7/block", Value::Null).await;
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-1")).await, 0);
    assert_eq!(wechat.inbox().await, [] as [Value; 0]);
}

#[tokio::test]
async fn the_same_client_msg_id_is_one_message_for_ten_minutes() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let first = wechat.send(&token, &message(&openid, "b-1")).await;
    wechat.advance(599).await;
    assert_eq!(wechat.send(&token, &message(&openid, "b-1")).await, first);
    assert_eq!(wechat.get("/_sim/stats").await["delivered"], 1);
    wechat.advance(1).await;
    assert_ne!(wechat.send(&token, &message(&openid, "b-1")).await["msgid"], first["msgid"]);
    let stats = wechat.get("/_sim/stats").await;
    assert_eq!((&stats["delivered"], &stats["duplicates"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn a_token_works_only_for_its_own_account() {
    let wechat = Wechat::start().await;
    let (mini, openid) = (wechat.token_of(MINI_APPID, MINI_SECRET).await, wechat.oa_openid(7).await);
    assert_eq!(wechat.errcode(&mini, &message(&openid, "b-1")).await, 48001);
    assert_eq!(wechat.errcode("", &message(&openid, "b-1")).await, 41001);
    assert_eq!(wechat.errcode("made-up", &message(&openid, "b-1")).await, 40001);
}

#[tokio::test]
async fn a_third_party_who_rotates_twice_kills_a_classic_token_but_no_stable_one() {
    let wechat = Wechat::start().await;
    let (classic, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let credentials = json!({ "grant_type": "client_credential", "appid": OA_APPID, "secret": OA_SECRET });
    let stable = wechat.post("/cgi-bin/stable_token", credentials).await;
    let rotated = wechat.post("/_sim/rotate", json!({ "times": 2 })).await;
    assert!(rotated["access_token_fingerprint"].is_string() && rotated.get("access_token").is_none());
    assert_eq!(wechat.errcode(&classic, &message(&openid, "b-1")).await, 40001);
    assert_eq!(wechat.errcode(stable["access_token"].as_str().unwrap(), &message(&openid, "b-1")).await, 0);
}

#[tokio::test]
async fn wrong_credentials_are_told_apart() {
    let wechat = Wechat::start().await;
    for (query, errcode) in [
        (format!("appid={OA_APPID}&secret={OA_SECRET}"), 40002),
        (format!("grant_type=client_credential&secret={OA_SECRET}"), 41002),
        (format!("grant_type=client_credential&appid={OA_APPID}"), 41004),
        (format!("grant_type=client_credential&appid=wx0&secret={OA_SECRET}"), 40013),
        (format!("grant_type=client_credential&appid={OA_APPID}&secret={MINI_SECRET}"), 40125),
    ] {
        assert_eq!(wechat.get(&format!("/cgi-bin/token?{query}")).await["errcode"], errcode, "{query}");
    }
}

#[tokio::test]
async fn a_batch_has_one_to_a_hundred_openids_of_this_account() {
    let wechat = Wechat::start().await;
    let token = wechat.token().await;
    let path = format!("/cgi-bin/user/info/batchget?access_token={token}");
    let (follower, stranger) = (wechat.oa_openid(7).await, wechat.oa_openid(NEVER_FOLLOWED).await);
    let list = |openids: &[&str]| json!({ "user_list": openids.iter().map(|openid| json!({ "openid": openid })).collect::<Vec<_>>() });
    assert_eq!(wechat.post(&path, list(&[])).await["errcode"], 40032);
    assert_eq!(wechat.post(&path, list(&[follower.as_str(); 101])).await["errcode"], 40032);
    assert_eq!(wechat.post(&path, list(&[&follower, "undefined"])).await["errcode"], 40003);
    let two = wechat.post(&path, list(&[&follower, &stranger])).await;
    assert_eq!(two["user_info_list"][0]["subscribe"], 1);
    assert_eq!(two["user_info_list"][1], json!({ "subscribe": 0, "openid": stranger }));
}

#[tokio::test]
async fn the_follower_list_ends_with_an_answer_without_data() {
    let wechat = Wechat::start().await;
    let token = wechat.token().await;
    let only = wechat.get(&format!("/cgi-bin/user/get?access_token={token}")).await;
    let last = only["data"]["openid"][99].as_str().unwrap();
    assert_eq!((&only["count"], only["next_openid"].as_str()), (&json!(100), Some(last)));
    let end = wechat.get(&format!("/cgi-bin/user/get?access_token={token}&next_openid={last}")).await;
    assert_eq!(end, json!({ "total": 100, "count": 0, "next_openid": "" }));
}

#[tokio::test]
async fn a_used_up_quota_answers_45009_until_midnight_in_beijing() {
    let wechat = Wechat::start().await;
    let evening = 1_893_427_200 - 60; // 2030-01-01T00:00:00+08:00
    wechat.post("/_sim/clock", json!({ "now": evening })).await;
    wechat.post("/_sim/quota", json!({ "endpoint": SEND, "per_day": 1 })).await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-1")).await, 0);
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-2")).await, 45009);
    wechat.advance(60).await;
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-2")).await, 0);
}

#[tokio::test]
async fn two_messages_to_one_openid_at_once_are_one_too_many() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let other = wechat.oa_openid(8).await;
    wechat.fault(json!({ "endpoint": SEND, "latency_ms": 200 })).await;
    let (one, two, three) = (message(&openid, "b-1"), message(&openid, "b-2"), message(&other, "b-3"));
    let (one, two, three) = tokio::join!(
        wechat.errcode(&token, &one),
        wechat.errcode(&token, &two),
        wechat.errcode(&token, &three)
    );
    let mut same_openid = [one, two];
    same_openid.sort_unstable();
    assert_eq!((same_openid, three), ([0, 43108], 0));
    assert_eq!(wechat.get("/_sim/stats").await["endpoints"][SEND]["max_concurrent"], 3);
}

#[tokio::test]
async fn a_caller_who_hangs_up_leaves_no_call_in_flight() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    wechat.fault(json!({ "endpoint": SEND, "latency_ms": 300, "times": 1 })).await;
    let impatient = wechat.http.post(format!("{}{SEND}?access_token={token}", wechat.base));
    let first = message(&openid, "b-1");
    assert!(impatient.timeout(Duration::from_millis(100)).json(&first).send().await.is_err());
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-2")).await, 43108);
    let second = message(&openid, "b-2");
    while wechat.errcode(&token, &second).await == 43108 {
        tokio::task::yield_now().await;
    }
    assert_eq!(wechat.inbox().await.len(), 2);
}

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
    wechat.try_call(Method::DELETE, "/_sim/faults", &Value::Null).await.unwrap();
    assert_eq!(wechat.errcode(&token, &message(&other, "b-2")).await, 0);
}

#[tokio::test]
async fn a_wrong_order_is_answered_with_a_sentence() {
    let wechat = Wechat::start().await;
    for (path, body) in [
        ("/_sim/faults", json!({ "endpoint": SEND, "errcod": -1 })),
        ("/_sim/faults", json!({ "endpoint": "/cgi-bin/message/template/sent", "errcode": -1 })),
        ("/_sim/faults", json!({ "endpoint": SEND })),
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
async fn a_restart_keeps_tokens_follows_logins_messages_and_the_clock() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wechat.json");
    let before = Wechat::restart(&path).await;
    let (token, openid) = (before.token().await, before.oa_openid(7).await);
    before.login(7).await;
    before.post("/_sim/users/8/unfollow", Value::Null).await;
    before.post("/_sim/users/9/hide-unionid", Value::Null).await;
    before.advance(1_000_000).await;
    let token_after_the_jump = before.token().await;
    let sent = before.send(&token_after_the_jump, &message(&openid, "b-1")).await;
    before.simulator.save(&path).unwrap();

    let after = Wechat::restart(&path).await;
    assert_eq!(after.send(&token_after_the_jump, &message(&openid, "b-1")).await, sent);
    assert_eq!(after.errcode(&token, &message(&openid, "b-1")).await, 42001);
    assert_eq!(after.inbox().await, before.inbox().await);
    assert_eq!(after.user(8).await["following"], false);
    assert!(after.login(9).await.get("unionid").is_none());
    assert!(after.post("/_sim/users/7/sealed", json!({})).await["encryptedData"].is_string());
}

#[tokio::test]
async fn both_templates_are_listed_without_an_errcode() {
    let wechat = Wechat::start().await;
    let token = wechat.token().await;
    let list = wechat.get(&format!("/cgi-bin/template/get_all_private_template?access_token={token}")).await;
    assert!(list.get("errcode").is_none());
    let ids: Vec<_> =
        list["template_list"].as_array().unwrap().iter().map(|one| &one["template_id"]).collect();
    assert_eq!(ids, [TEMPLATE_ID, TEMPLATE_COPIED_ID]);
}
