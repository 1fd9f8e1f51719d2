//! A simulator of its own per test, on a port of its own.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use simulator::{
    Callback, MINI_APPID, MINI_SECRET, OA_APPID, OA_SECRET, SUBSCRIBE_TEMPLATE_ID, Settings, Simulator,
    TEMPLATE_ID,
};
use tokio::net::TcpListener;

use crate::receiver::Receiver;

pub struct Wechat {
    base: String,
    http: Client,
    pub simulator: Simulator,
}

impl Wechat {
    /// One that pushes its events to this receiver.
    pub async fn telling(receiver: &Receiver) -> Self {
        Self::with(Some(Callback::to(&*receiver.url))).await
    }

    /// One that pushes the mini-program's events to this receiver.
    pub async fn telling_mini(receiver: &Receiver) -> Self {
        let mini_callback = Some(Callback::of_mini(&*receiver.url));
        Self::serve(Simulator::new(Settings { mini_callback, ..settings(None) })).await
    }

    pub async fn with(callback: Option<Callback>) -> Self {
        Self::serve(Simulator::new(settings(callback))).await
    }

    pub async fn serve(simulator: Simulator) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(simulator.clone().serve(listener, std::future::pending()));
        Self { base, http: Client::new(), simulator }
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = if body.is_null() { request } else { request.json(body) };
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    pub async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, &Value::Null).await.1
    }

    pub async fn try_post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(Method::POST, path, &body).await
    }

    pub async fn post(&self, path: &str, body: Value) {
        let (status, answer) = self.try_post(path, body).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
    }

    pub async fn delete(&self, path: &str) {
        self.call(Method::DELETE, path, &Value::Null).await;
    }

    /// Has a user `follow`, `unfollow`, `scan`, …
    pub async fn have(&self, user: u32, action: &str) {
        self.post(&format!("/_sim/users/{user}/{action}"), Value::Null).await;
    }

    pub async fn advance(&self, seconds: i64) {
        self.post("/_sim/clock", json!({ "advance": seconds })).await;
    }

    pub async fn fault(&self, shares: Value) {
        self.post("/_sim/callback/faults", shares).await;
    }

    pub async fn oa_openid(&self, user: u32) -> String {
        let users = self.get(&format!("/_sim/users?from={user}&n=1")).await;
        users[0]["oa_openid"].as_str().unwrap().into()
    }

    pub async fn mini_openid(&self, user: u32) -> String {
        let users = self.get(&format!("/_sim/users?from={user}&n=1")).await;
        users[0]["mini_openid"].as_str().unwrap().into()
    }

    async fn token(&self, appid: &str, secret: &str) -> String {
        let query = format!("grant_type=client_credential&appid={appid}&secret={secret}");
        self.get(&format!("/cgi-bin/token?{query}")).await["access_token"].as_str().unwrap().into()
    }

    /// Has a user answer the mini-program's popup.
    pub async fn subscribe(&self, user: u32, replies: Value) {
        self.post(&format!("/_sim/users/{user}/subscribe"), replies).await;
    }

    /// Sends a subscribe message and gives its msgid.
    pub async fn send_subscribed(&self, user: u32) -> i64 {
        let message = json!({
            "touser": self.mini_openid(user).await,
            "template_id": SUBSCRIBE_TEMPLATE_ID,
            "data": {
                "thing1": { "value": "王小明" },
                "thing2": { "value": "请假" },
                "time3": { "value": "2026-03-01 09:30" },
                "phrase4": { "value": "待审批" },
            },
        });
        let token = self.token(MINI_APPID, MINI_SECRET).await;
        let path = format!("/cgi-bin/message/subscribe/send?access_token={token}");
        let sent = self.try_post(&path, message).await.1;
        assert_eq!(sent["errcode"], 0, "{sent}");
        sent["msgid"].as_i64().unwrap()
    }

    /// Sends a template message and gives its msgid.
    pub async fn send(&self, user: u32) -> String {
        let token = self.token(OA_APPID, OA_SECRET).await;
        let message = json!({
            "touser": self.oa_openid(user).await,
            "template_id": TEMPLATE_ID,
            "data": {
                "thing1": { "value": "王小明" },
                "thing2": { "value": "请假" },
                "time3": { "value": "2026-03-01 09:30" },
                "thing4": { "value": "年假三天" },
                "character_string5": { "value": "QJ-20260301-0007" },
            },
        });
        let path = format!("/cgi-bin/message/template/send?access_token={token}");
        let sent = self.try_post(&path, message).await.1;
        assert_eq!(sent["errcode"], 0, "{sent}");
        sent["msgid"].to_string()
    }

    /// The counts once nothing waits or is on its way.
    pub async fn settled(&self) -> Value {
        self.settled_at("/_sim/callback").await
    }

    /// The counts of the mini-program's callbacks in the same way.
    pub async fn mini_settled(&self) -> Value {
        self.settled_at("/_sim/mini/callback").await
    }

    async fn settled_at(&self, callback: &str) -> Value {
        loop {
            let stats = self.get(&format!("{callback}/stats")).await;
            if stats["pending"] == 0 {
                return stats;
            }
            tokio::task::yield_now().await;
        }
    }
}

pub fn settings(callback: Option<Callback>) -> Settings {
    Settings { followers: 100, seed: 1, callback, ..Settings::default() }
}
