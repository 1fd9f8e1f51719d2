//! How fast a sync can be here at best: each of its parts, measured alone.

use std::collections::HashMap;
use std::time::Instant;

use futures::{StreamExt, TryStreamExt, stream};
use harness::World;
use serde_json::json;
use shared::store::{self, Identities};
use shared::wechat::followers::{self, BATCH};
use shared::{Account, Authorized, queue};
use sync::LOOKUPS;

/// How many calls of batchget are averaged over.
const SAMPLE: u32 = 50;

/// How many users the simulator names at a time.
const USERS: u32 = 10_000;

/// The parts.
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
        let config = world.stack().config();
        let tables = store::client(&config).expect("the stack's own tables");
        let queues = queue::client(&config).expect("the stack's own queues");
        let wechat = Authorized::new(Account::Oa, &config, tables.clone(), queues).await.expect("an account");
        eprintln!("bounds: listing {followers} followers");
        let (list_seconds, openids) = list(&wechat).await;
        eprintln!("bounds: looking up {SAMPLE} times {BATCH}");
        let batchget_seconds = batchget(&wechat, &openids).await;
        let identities = Identities::new(&config, tables).expect("a map");
        eprintln!("bounds: writing {followers} rows");
        let rows = in_order(&world, openids, followers).await;
        let write_seconds = write(&identities, &rows, world.clock().await).await;
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
async fn write(identities: &Identities, rows: &[(String, String)], as_of: i64) -> f64 {
    let started = Instant::now();
    let batches: Vec<HashMap<_, _>> =
        rows.chunks(BATCH).map(|batch| batch.iter().cloned().collect()).collect();
    let batches = batches.iter().map(|batch| identities.add_followers(batch, as_of));
    let written = stream::iter(batches).buffer_unordered(LOOKUPS).try_collect::<()>().await;
    written.expect("a table that takes rows");
    started.elapsed().as_secs_f64() / rows.len() as f64
}

/// The seconds it takes, and the openids.
async fn list(wechat: &Authorized) -> (f64, Vec<String>) {
    let started = Instant::now();
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let (openids, next) =
            wechat.call(&followers::page(after.as_deref())).await.expect("a page").into_parts();
        all.extend(openids);
        after = next;
        if after.is_none() {
            return (started.elapsed().as_secs_f64(), all);
        }
    }
}

/// Seconds per call, one after the other.
async fn batchget(wechat: &Authorized, openids: &[String]) -> f64 {
    let openids = &openids[..BATCH.min(openids.len())];
    let started = Instant::now();
    for _ in 0..SAMPLE {
        wechat.call(&followers::infos(openids)).await.expect("their infos");
    }
    started.elapsed().as_secs_f64() / f64::from(SAMPLE)
}
