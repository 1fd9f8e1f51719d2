//! The simulator as its callers meet it.

use std::path::Path;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use simulator::{Clock, MINI_APPID, MINI_SECRET, OA_APPID, OA_SECRET, Settings, Simulator, TEMPLATE_ID};
use tokio::net::TcpListener;

/// Sends template messages.
pub const SEND: &str = "/cgi-bin/message/template/send";
/// A user who never followed.
pub const NEVER_FOLLOWED: u32 = 4_000_000_000;

/// A WeChat of its own.
pub struct Wechat {
    pub base: String,
    pub http: Client,
    pub simulator: Simulator,
}

impl Wechat {
    pub async fn start() -> Self {
        Self::serve(Simulator::new(Settings { followers: 100, seed: 1, ..Settings::default() })).await
    }

    pub async fn restart(path: &Path, clock: &Clock) -> Self {
        let settings = Settings { followers: 100, seed: 1, clock: clock.clone(), ..Settings::default() };
        Self::serve(Simulator::restore(settings, path).unwrap()).await
    }

    pub async fn serve(simulator: Simulator) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(simulator.clone().serve(listener, std::future::pending()));
        Self { base, http: Client::new(), simulator }
    }

    pub async fn try_call(
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

    pub async fn get(&self, path: &str) -> Value {
        self.try_call(Method::GET, path, &Value::Null).await.unwrap().1
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.try_call(Method::POST, path, &body).await.unwrap().1
    }

    pub async fn delete(&self, path: &str) -> Value {
        self.try_call(Method::DELETE, path, &Value::Null).await.unwrap().1
    }

    /// `path` is refused with this status, and a sentence.
    pub async fn is_refused(&self, method: Method, path: &str, status: StatusCode) {
        let (refused, answer) = self.try_call(method, path, &Value::Null).await.unwrap();
        assert_eq!(refused, status, "{path}");
        assert!(answer["error"].as_str().unwrap().ends_with('.'), "{answer}");
    }

    pub async fn fault(&self, fault: Value) {
        assert!(self.post("/_sim/faults", fault).await["id"].is_u64());
    }

    pub async fn advance(&self, seconds: i64) {
        self.post("/_sim/clock", json!({ "advance": seconds })).await;
    }

    pub async fn user(&self, user: u32) -> Value {
        self.get(&format!("/_sim/users?from={user}&n=1")).await[0].clone()
    }

    pub async fn oa_openid(&self, user: u32) -> String {
        self.user(user).await["oa_openid"].as_str().unwrap().into()
    }

    pub async fn token_of(&self, appid: &str, secret: &str) -> String {
        let query = format!("grant_type=client_credential&appid={appid}&secret={secret}");
        self.get(&format!("/cgi-bin/token?{query}")).await["access_token"].as_str().unwrap().into()
    }

    pub async fn token(&self) -> String {
        self.token_of(OA_APPID, OA_SECRET).await
    }

    /// The mini-program's.
    pub async fn mini_token(&self) -> String {
        self.token_of(MINI_APPID, MINI_SECRET).await
    }

    pub async fn login(&self, user: u32) -> Value {
        let code = self.post(&format!("/_sim/users/{user}/code"), Value::Null).await;
        self.redeem(code["code"].as_str().unwrap()).await
    }

    async fn redeem(&self, code: &str) -> Value {
        let account = format!("appid={MINI_APPID}&secret={MINI_SECRET}");
        let query = format!("{account}&js_code={code}&grant_type=authorization_code");
        self.get(&format!("/sns/jscode2session?{query}")).await
    }

    pub async fn try_send(&self, token: &str, message: &Value) -> reqwest::Result<(StatusCode, Value)> {
        self.try_call(Method::POST, &format!("{SEND}?access_token={token}"), message).await
    }

    pub async fn send(&self, token: &str, message: &Value) -> Value {
        self.try_send(token, message).await.unwrap().1
    }

    pub async fn errcode(&self, token: &str, message: &Value) -> i64 {
        self.send(token, message).await["errcode"].as_i64().unwrap()
    }

    pub async fn msgid(&self, token: &str, message: &Value) -> i64 {
        self.send(token, message).await["msgid"].as_i64().unwrap()
    }

    pub async fn inbox(&self) -> Vec<Value> {
        self.get("/_sim/messages").await.as_array().unwrap().clone()
    }
}

/// A message that WeChat takes.
pub fn message(openid: &str, client_msg_id: &str) -> Value {
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
