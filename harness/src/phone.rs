//! WeChat's side of a test: what users do on their phones, and what goes wrong at WeChat.

use serde_json::{Value, json};

use crate::World;

/// A user under every name there is.
#[derive(Clone, Debug)]
pub struct User {
    /// In the mini-program.
    pub openid: String,
    /// In the Official Account.
    pub oa_openid: String,
    /// Across both.
    pub unionid: String,
}

impl World {
    /// One user.
    pub async fn user(&self, user: u32) -> User {
        self.users(user, 1).await.remove(0)
    }

    /// So many users from this number on.
    pub async fn users(&self, from: u32, n: u32) -> Vec<User> {
        let users = self.ask(&format!("/_sim/users?from={from}&n={n}")).await;
        let text = |user: &Value, name: &str| user[name].as_str().expect("an id").to_owned();
        let user = |user: &Value| User {
            openid: text(user, "mini_openid"),
            oa_openid: text(user, "oa_openid"),
            unionid: text(user, "unionid"),
        };
        users.as_array().expect("users").iter().map(user).collect()
    }

    /// What `wx.login` gives this user.
    pub async fn code(&self, user: u32) -> String {
        let given = self.tell(&format!("/_sim/users/{user}/code"), &Value::Null).await;
        given["code"].as_str().expect("a code").to_owned()
    }

    /// What `wx.getUserInfo` gives this user; `object` supersedes what WeChat would put into it.
    pub async fn sealed(&self, user: u32, object: &Value) -> Value {
        self.tell(&format!("/_sim/users/{user}/sealed"), object).await
    }

    /// Has a user `follow`, `unfollow`, `refuse`, `hide-unionid`, …
    pub async fn user_does(&self, user: u32, action: &str) {
        self.tell(&format!("/_sim/users/{user}/{action}"), &Value::Null).await;
    }

    /// The messages of either way on a user's phone, the newest first.
    pub async fn messages_of(&self, user: u32) -> Vec<Value> {
        self.ask(&format!("/_sim/messages?user={user}")).await.as_array().expect("messages").clone()
    }

    /// All messages on all phones, the newest first.
    pub async fn deliveries(&self) -> Vec<Value> {
        self.ask("/_sim/messages").await.as_array().expect("messages").clone()
    }

    /// Changes how often an endpoint may be called: `per_day`, `per_minute`; null is no limit.
    pub async fn limit(&self, endpoint: &str, limits: &Value) {
        let mut quota = limits.clone();
        quota["endpoint"] = endpoint.into();
        self.tell("/_sim/quota", &quota).await;
    }

    /// Sets in WeChat's consoles what `change` names: the whitelist, templates, pages, unionids.
    pub async fn console(&self, change: &Value) {
        self.tell("/_sim/console", change).await;
    }

    /// Lets something go wrong at WeChat.
    pub async fn fault(&self, fault: Value) {
        self.tell("/_sim/faults", &fault).await;
    }

    /// Nothing goes wrong at WeChat any more.
    pub async fn clear_faults(&self) {
        let cleared = self.http.delete(format!("{}/_sim/faults", self.wechat)).send().await;
        assert!(cleared.expect("WeChat answers").status().is_success());
    }

    /// Lets something go wrong with the list of followers, in place of what did before.
    pub async fn list_fault(&self, fault: Value) {
        self.tell("/_sim/followers/faults", &fault).await;
    }

    /// Lets such shares of the callbacks go wrong, in place of those before.
    pub async fn callback_fault(&self, shares: Value) {
        self.tell("/_sim/callback/faults", &shares).await;
    }

    /// Limits an endpoint to so many calls a day; `null` lifts it.
    pub async fn quota(&self, endpoint: &str, per_day: Value) {
        self.tell("/_sim/quota", &json!({ "endpoint": endpoint, "per_day": per_day })).await;
    }

    /// Whether so many users from this number on follow, as WeChat knows it.
    pub async fn following(&self, from: u32, n: u32) -> Vec<bool> {
        let users = self.ask(&format!("/_sim/users?from={from}&n={n}")).await;
        let following = |user: &Value| user["following"].as_bool().expect("a bool");
        users.as_array().expect("users").iter().map(following).collect()
    }

    /// How pushing the callbacks went.
    pub async fn callbacks(&self) -> Value {
        self.ask("/_sim/callback/stats").await
    }

    /// WeChat keeps its callbacks for later.
    pub async fn pause_callbacks(&self) {
        self.tell("/_sim/callback/pause", &Value::Null).await;
    }

    /// WeChat pushes what it kept.
    pub async fn resume_callbacks(&self) {
        self.tell("/_sim/callback/resume", &Value::Null).await;
    }

    /// Waits until every callback of either account was pushed and worked on.
    pub async fn callbacks_settled(&self) {
        self.until(async || self.are_callbacks_settled().await).await;
    }

    /// Whether every callback of either account was pushed and worked on.
    pub async fn are_callbacks_settled(&self) -> bool {
        let pending =
            [self.callbacks().await["pending"].clone(), self.mini_callbacks().await["pending"].clone()];
        pending == [0, 0] && self.queued("EventsQueue").await == 0
    }

    /// Somebody else fetches tokens of the Official Account: the older ones die.
    pub async fn rotate(&self, mode: &str, times: u32) -> Value {
        self.tell("/_sim/rotate", &json!({ "mode": mode, "times": times })).await
    }

    /// How often an endpoint was called.
    pub async fn calls(&self, endpoint: &str) -> u64 {
        self.stats().await["endpoints"][endpoint]["calls"].as_u64().unwrap_or_default()
    }

    /// Calls, errors and what was delivered, as WeChat saw it.
    pub async fn stats(&self) -> Value {
        self.ask("/_sim/stats").await
    }

    pub(crate) async fn ask(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}{path}", self.wechat)).send().await.expect("WeChat answers");
        answer.json().await.expect("JSON")
    }

    /// Has the simulator do something by one of its own routes; gives its answer.
    pub async fn tell(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.wechat));
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        let answer = request.send().await.expect("WeChat answers");
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap_or_default();
        assert!(status.is_success(), "{path} {body}: {answer}");
        answer
    }
}
