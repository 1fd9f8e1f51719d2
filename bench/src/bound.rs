//! How fast a sync can be here at best: each of its parts, measured alone.

use std::collections::HashMap;
use std::time::Instant;

use futures::{StreamExt, TryStreamExt, stream};
use harness::World;
use local::Settings;
use serde_json::json;
use shared::store::{self, Identities};
use shared::wechat::followers::{self, BATCH};
use shared::{Authorized, Config};
use sync::LOOKUPS;

use crate::process::on_one_thread;
use crate::wechat;

/// How many calls of batchget are averaged over.
const SAMPLE: u32 = 50;

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
    /// Measures them against an account of its own, or that of the WeChat that is there; on one thread, as `sync` has it.
    pub async fn measure(followers: u32, latency_ms: u64, at: Option<&str>) -> Self {
        let world = World::with(Settings { followers, ..wechat::settings(at) }).await;
        if at.is_none() {
            world.fault(json!({ "endpoint": "*", "latency_ms": latency_ms })).await;
        }
        let (config, now) = (world.stack().config(), world.stack().clock().now());
        let bound = on_one_thread(async move || Self::of(&config, followers, now).await).await;
        world.stop().await;
        bound
    }

    async fn of(config: &Config, followers: u32, as_of: i64) -> Self {
        let account = wechat::account(config).await;
        eprintln!("bounds: listing the followers");
        let started = Instant::now();
        let openids = wechat::followers(&account, followers).await;
        let list_seconds = started.elapsed().as_secs_f64();
        eprintln!("bounds: looking up {SAMPLE} times {BATCH}");
        let batchget_seconds = batchget(&account, &openids).await;
        let tables = store::client(config).expect("the stack's own tables");
        let identities = Identities::new(config, tables).expect("a map");
        eprintln!("bounds: writing {} rows", openids.len());
        // In the order they come in; unionids are in none.
        let unionid = |openid: &str| openid.chars().rev().collect::<String>();
        let rows: Vec<_> = openids.into_iter().map(|openid| (unionid(&openid), openid)).collect();
        let write_seconds = write(&identities, &rows, as_of).await;
        eprintln!("bounds: reading them");
        let started = Instant::now();
        identities.known_followers(&|_| {}).await.expect("a map that reads");
        let read_seconds = started.elapsed().as_secs_f64();
        Self { list_seconds, batchget_seconds, write_seconds, read_seconds }
    }
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

/// Seconds per call, one after the other.
async fn batchget(wechat: &Authorized, openids: &[String]) -> f64 {
    let openids = &openids[..BATCH.min(openids.len())];
    let started = Instant::now();
    for _ in 0..SAMPLE {
        wechat.call(&followers::infos(openids)).await.expect("their infos");
    }
    started.elapsed().as_secs_f64() / f64::from(SAMPLE)
}
