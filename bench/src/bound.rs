//! How fast a sync can be here at best: each of its parts, measured alone.

use std::collections::HashMap;
use std::time::Instant;

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use shared::now;
use shared::store::{self, Identities};
use shared::wechat::followers::BATCH;
use sync::LOOKUPS;
use tests::World;

/// How many calls of batchget are averaged over.
const SAMPLE: u32 = 50;

/// How many users the simulator names at a time.
const USERS: u32 = 10_000;

/// The parts.
#[derive(Debug)]
pub struct Bound {
    /// The whole list, page after page.
    pub list_seconds: f64,
    /// One batchget.
    pub batchget_seconds: f64,
    /// One row of the map written, so many at a time as the sync writes.
    pub write_seconds: f64,
    /// The whole map read.
    pub read_seconds: f64,
}

impl Bound {
    /// Measures them against an account of its own.
    pub async fn measure(followers: u32, latency_ms: u64) -> Self {
        let world = World::with_followers(followers).await;
        world.fault(json!({ "endpoint": "*", "latency_ms": latency_ms })).await;
        let wechat = Wechat::of(&world).await;
        eprintln!("bounds: listing {followers} followers");
        let (list_seconds, openids) = wechat.list().await;
        eprintln!("bounds: looking up {SAMPLE} times {BATCH}");
        let batchget_seconds = wechat.batchget(&openids).await;
        let config = world.stack().config().expect("the stack's own configuration");
        let identities = Identities::new(&config, store::client(&config));
        eprintln!("bounds: writing {followers} rows");
        let rows = in_order(&world, openids, followers).await;
        let write_seconds = write(&identities, &rows).await;
        eprintln!("bounds: reading them");
        let started = Instant::now();
        identities.known_followers(&|_| {}).await.expect("a map that reads");
        let read_seconds = started.elapsed().as_secs_f64();
        world.stop().await;
        Self { list_seconds, batchget_seconds, write_seconds, read_seconds }
    }
}

/// The rows of the map (unionid and openid) in the list's order, which is the order they come in.
async fn in_order(world: &World, openids: Vec<String>, followers: u32) -> Vec<(String, String)> {
    let mut unionids = HashMap::new();
    for from in (0..followers).step_by(USERS as usize) {
        let users = world.users(from, USERS.min(followers - from)).await;
        unionids.extend(users.into_iter().map(|user| (user.oa_openid, user.unionid)));
    }
    openids.into_iter().filter_map(|openid| Some((unionids.remove(&openid)?, openid))).collect()
}

/// Seconds per row.
#[expect(clippy::cast_precision_loss, reason = "a count far below 2^52")]
async fn write(identities: &Identities, rows: &[(String, String)]) -> f64 {
    let started = Instant::now();
    let batches =
        rows.chunks(BATCH).map(|batch| identities.add_followers(batch.iter().cloned().collect(), now()));
    let written = stream::iter(batches).buffer_unordered(LOOKUPS).try_collect::<()>().await;
    written.expect("a table that takes rows");
    started.elapsed().as_secs_f64() / rows.len() as f64
}

/// The simulated WeChat, called as anybody may.
struct Wechat {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Wechat {
    /// With a stable token, which leaves the stack's own token alone.
    async fn of(world: &World) -> Self {
        let mut wechat =
            Self { http: reqwest::Client::new(), base: world.wechat.clone(), token: String::new() };
        let secret = json!({
            "grant_type": "client_credential", "appid": simulator::OA_APPID, "secret": simulator::OA_SECRET,
        });
        let answer = wechat.post("/cgi-bin/stable_token", &secret).await;
        wechat.token = answer["access_token"].as_str().expect("a token").to_owned();
        wechat
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.base)).query(&[("access_token", &self.token)]);
        request.json(body).send().await.expect("WeChat answers").json().await.expect("JSON")
    }

    /// The seconds it takes, and the openids.
    async fn list(&self) -> (f64, Vec<String>) {
        let started = Instant::now();
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let query = [("access_token", &self.token), ("next_openid", &after)];
            let query = if after.is_empty() { &query[..1] } else { &query };
            let request = self.http.get(format!("{}/cgi-bin/user/get", self.base)).query(query);
            let page: Value = request.send().await.expect("WeChat answers").json().await.expect("JSON");
            let Some(openids) = page["data"]["openid"].as_array() else { break };
            all.extend(openids.iter().filter_map(|openid| Some(openid.as_str()?.to_owned())));
            after = page["next_openid"].as_str().unwrap_or_default().to_owned();
        }
        (started.elapsed().as_secs_f64(), all)
    }

    /// Seconds per call, one after the other.
    async fn batchget(&self, openids: &[String]) -> f64 {
        let users: Vec<_> = openids.iter().take(BATCH).map(|openid| json!({ "openid": openid })).collect();
        let body = json!({ "user_list": users });
        let started = Instant::now();
        for _ in 0..SAMPLE {
            self.post("/cgi-bin/user/info/batchget", &body).await;
        }
        started.elapsed().as_secs_f64() / f64::from(SAMPLE)
    }
}
