//! A Queqiao of its own for each end-to-end test, and the words the tests speak to it in.

mod answer;
pub mod chaos;
mod contract;
mod mini;
mod phone;
mod proxy;
pub mod shapes;
mod time;
mod wechat;

use clock::Clock;
use local::{Settings, Stack};
use reqwest::{Body, Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

pub use answer::Answer;
pub use phone::User;
pub use proxy::{ADDRESS as PROXY_ADDRESS, Proxy};
pub use wechat::WeChat;

/// Queqiao with its WeChat, met over HTTP like by anybody else.
pub struct World {
    /// The gateway's URL.
    pub gateway: String,
    /// WeChat's URL.
    pub wechat: String,
    /// A key that services call with.
    pub service_key: String,
    http: Client,
    stack: Option<Stack>,
    /// What its functions call the Official Account's WeChat by, where that is this test run's way.
    _proxy: Option<Proxy>,
    /// Where the clock is kept.
    _folder: Option<TempDir>,
}

/// A signed-in user of the mini-program.
#[derive(Debug)]
pub struct Session {
    /// The bearer token.
    pub token: String,
    /// All of the answer to POST /login.
    pub answer: Value,
}

impl World {
    /// A world in which users 0 to 19 follow the Official Account.
    pub async fn start() -> Self {
        Self::with_followers(20).await
    }

    /// A world in which so many users, from 0 on, follow the Official Account.
    pub async fn with_followers(followers: u32) -> Self {
        Self::with(Settings { followers, ..Settings::default() }).await
    }

    /// A world of these settings; the ports are free ones where they are 0. Where they have no clock it is
    /// ten o'clock in the morning. With the variable `BOOTSTRAPS` its functions are the programs in that folder, and
    /// go to a WeChat of its own by a proxy, the one address on the account's whitelist, unless the settings know a way.
    pub async fn with(mut settings: Settings) -> Self {
        let bootstraps = std::env::var_os("BOOTSTRAPS");
        let is_told = settings.environment.keys().any(|name| name.starts_with("EGRESS"));
        let proxy = match &bootstraps {
            Some(_) if !is_told && settings.wechat.is_none() => Some(Proxy::start(None).await),
            _ => None,
        };
        if let Some(proxy) = &proxy {
            settings.environment.insert("EGRESS_PROXY".to_owned(), format!("http://{}", proxy.at));
        }
        settings.bootstraps = settings.bootstraps.or_else(|| Some(bootstraps?.into()));
        let folder = tempfile::tempdir().expect("a folder");
        // Another WeChat goes by its own time, which is the machine's.
        if settings.clock.is_none() && settings.wechat.is_none() {
            let clock = Clock::kept_in(&folder.path().join("clock")).expect("a clock");
            clock.set(time::MORNING);
            settings.clock = Some(clock);
        }
        // A measurement is made without it.
        settings.records = cfg!(debug_assertions);
        let stack = Stack::start(settings).await.expect("a stack that starts");
        let world = Self { _folder: Some(folder), ..Self::at(&stack.ready()) };
        let world = Self { stack: Some(stack), ..world };
        if proxy.is_some() {
            world.console(&json!({ "whitelist": "all", "whitelisted": [PROXY_ADDRESS] })).await;
        }
        Self { _proxy: proxy, ..world }
    }

    /// A world that runs elsewhere, from the line it printed when it was ready.
    pub fn at(ready: &Value) -> Self {
        let text = |name: &str| ready[name].as_str().unwrap_or_default().to_owned();
        Self {
            gateway: text("gateway"),
            wechat: text("wechat"),
            service_key: text("service_key"),
            http: Client::builder().no_proxy().build().expect("an HTTP client"),
            stack: None,
            _proxy: None,
            _folder: None,
        }
    }

    /// Ends it in good order, so that what it keeps is on the disk.
    pub async fn stop(self) {
        self.stack.expect("a world of this process").stop().await.expect("a stack that stops");
    }

    /// The stack behind it.
    pub fn stack(&self) -> &Stack {
        self.stack.as_ref().expect("a world of this process")
    }

    /// Hands a function an event, past the gateway. Time passes as far as it is waited for.
    ///
    /// # Errors
    /// What the function failed with.
    pub async fn invoke(&self, function: &str, event: Value) -> Result<Value, String> {
        self.while_time_passes(self.stack().invoke(function, event)).await
    }

    /// Puts a message on a queue of the template.
    pub async fn enqueue(&self, queue: &str, body: &str) {
        self.stack().enqueue(queue, body).await.expect("a queue that takes it");
    }

    /// How many messages a queue of the template holds: waiting, held back and in hand.
    pub async fn queued(&self, queue: &str) -> usize {
        self.stack().queued(queue).await.expect("a queue that says so")
    }

    /// Calls a route with a body as it is; `bearer` is a token, a service key, or empty for neither.
    pub async fn call(&self, method: Method, path: &str, bearer: &str, body: impl Into<Body>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.gateway)).body(body);
        if !bearer.is_empty() {
            request = request.bearer_auth(bearer);
        }
        self.exchange(request).await
    }

    /// Makes a request of the gateway, and holds what comes of it against the contract, and what was written until
    /// then against the golden files.
    pub async fn exchange(&self, request: RequestBuilder) -> Answer {
        let request = request.build().expect("a request");
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let sent = request.body().and_then(Body::as_bytes).map(<[u8]>::to_vec).unwrap_or_default();
        let answer = Answer::read(self.http.execute(request).await.expect("the gateway answers")).await;
        contract::hold(&method, &path, &sent, &answer);
        self.stack.iter().for_each(|stack| shapes::hold(&stack.take_written()));
        answer
    }

    /// POSTs JSON.
    pub async fn post(&self, path: &str, bearer: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, bearer, body.to_string()).await
    }

    /// GETs.
    pub async fn get(&self, path: &str, bearer: &str) -> Answer {
        self.call(Method::GET, path, bearer, "").await
    }

    /// GETs what is told best in this language.
    pub async fn get_in(&self, language: &str, path: &str, bearer: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.gateway)).bearer_auth(bearer);
        self.exchange(request.header("accept-language", language)).await
    }

    /// Logs a user of the mini-program in.
    pub async fn login(&self, user: u32) -> Session {
        let code = self.code(user).await;
        let answer = self.post("/login", "", &json!({ "code": code })).await.ok(200);
        Session { token: answer["token"].as_str().expect("a token").to_owned(), answer }
    }

    /// POST /sync, once. Time passes as far as it is waited for.
    pub async fn sync(&self) -> Value {
        self.while_time_passes(self.sync_now()).await
    }

    /// POST /sync, once, while time does not pass.
    pub async fn sync_now(&self) -> Value {
        self.post("/sync", &self.service_key, &Value::Null).await.ok(200)
    }

    /// A sync by the operator, which has many minutes where a request has seconds.
    pub async fn sync_at_length(&self) -> Value {
        self.invoke("sync", json!({ "sync": "now" })).await.expect("progress")
    }

    /// Syncs until the whole list was seen.
    pub async fn sync_until_done(&self) -> Value {
        let mut progress = self.sync().await;
        while progress["state"] == "running" {
            progress = self.sync().await;
        }
        assert_eq!(progress["state"], "done", "{progress}");
        progress
    }

    /// POST /send of an approval, by whoever has this bearer.
    pub async fn send_as(&self, bearer: &str, notification: &str, to: &Value) -> Answer {
        let call = json!({ "notification": notification, "to": to, "data": approval() });
        self.post("/send", bearer, &call).await
    }

    /// POST /send with an Idempotency-Key. Time passes while a call with the same key is waited for.
    pub async fn send_once(&self, bearer: &str, key: &str, call: &Value) -> Answer {
        let request = self.http.post(format!("{}/send", self.gateway)).bearer_auth(bearer);
        let request = request.header("idempotency-key", key).body(call.to_string());
        self.while_time_passes(self.exchange(request)).await
    }

    /// A service sends an approval; gives the answer to it.
    pub async fn send(&self, to: &Value) -> Value {
        self.send_as(&self.service_key, "approval_submitted", to).await.ok(202)
    }

    /// A service sends an approval to one recipient, who is accepted; gives the batch's id.
    pub async fn send_to(&self, to: &Value) -> String {
        let sent = self.send(&json!([to])).await;
        assert_eq!((&sent["accepted"], &sent["rejected"]), (&json!(1), &json!([])), "{sent}");
        sent["id"].as_str().expect("an id").to_owned()
    }

    /// GET /send/{id}, by the service.
    pub async fn batch(&self, id: &str) -> Value {
        self.get(&format!("/send/{id}"), &self.service_key).await.ok(200)
    }

    /// Looks at a batch until it is as it should be.
    pub async fn wait_for(&self, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        self.wait(async || {
            let batch = self.batch(id).await;
            if is_so(&batch) { Ok(batch) } else { Err(batch.to_string()) }
        })
        .await
    }

    /// Waits until nothing more will be tried; gives the batch.
    pub async fn settled(&self, id: &str) -> Value {
        let unsettled = ["queued", "retrying", "parked"];
        self.wait_for(id, |batch| unsettled.iter().all(|state| batch["counts"][state].is_null())).await
    }

    /// Waits until nothing more will be tried of a batch of one; gives its message.
    pub async fn outcome(&self, id: &str) -> Value {
        self.settled(id).await["messages"][0].clone()
    }
}

/// What fills both of the shipped approvals.
pub fn approval() -> Value {
    json!({
        "applicant": "张三",
        "kind": "年假",
        "submitted_at": "2026-11-22 09:30",
        "content": "回家探亲",
        "id": "A 42&x=1",
    })
}

/// Every place in a value, by the JSON Pointer that leads there.
pub fn places(value: &Value) -> Vec<String> {
    let below = |name: String, value: &Value| {
        places(value).into_iter().map(|place| format!("/{name}{place}")).collect::<Vec<_>>()
    };
    let members =
        value.as_object().into_iter().flatten().flat_map(|(name, value)| below(name.clone(), value));
    let items = value.as_array().into_iter().flatten().enumerate();
    let items = items.flat_map(|(index, value)| below(index.to_string(), value));
    [String::new()].into_iter().chain(members).chain(items).collect()
}
