//! The sync of a large account: a first import, and a run in which little is new.

use std::time::{Duration, Instant};

use harness::World;
use local::Settings;
use serde_json::{Value, json};
use shared::wechat::followers::BATCH;
use sync::LOOKUPS;

use crate::bound::Bound;
use crate::figure::{Figure, Report};
use crate::process::{peak_mb, restart};
use crate::wechat;

/// The account.
#[derive(clap::Args)]
pub struct Size {
    /// How many follow it
    #[arg(long, default_value_t = 1_000_000)]
    followers: u32,
    /// How long WeChat takes to answer, in milliseconds
    #[arg(long, default_value_t = 20)]
    latency_ms: u64,
}

/// Who comes and goes between the two runs.
const NEW: u32 = 1_000;
const GONE: u32 = 500;

/// How often progress is told.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// Runs both, and tells what they took.
pub async fn measure(size: &Size, at: Option<&str>, report: &mut Report) {
    let bound = Bound::measure(size.followers, size.latency_ms, at).await;
    let world = world(size, at).await;
    run("first run", &world, &bound, report).await;
    if at.is_none() {
        for user in 0..GONE.min(size.followers) {
            world.user_does(user, "unfollow").await;
        }
        for user in size.followers..size.followers + NEW {
            world.user_does(user, "follow").await;
        }
        // As on most ticks, nobody was confirmed a moment ago.
        world.advance(3_600).await;
    }
    // Nor has the process been there before.
    restart(&world, "sync").await;
    run("second run", &world, &bound, report).await;
    world.stop().await;
}

/// An account of this size, and a sync in a process of its own.
async fn world(size: &Size, at: Option<&str>) -> World {
    let this = std::env::current_exe().expect("this program");
    let world = World::with(Settings {
        followers: size.followers,
        programs: [("sync".to_owned(), this)].into(),
        meters: true,
        ..wechat::settings(at)
    })
    .await;
    if at.is_none() {
        world.fault(json!({ "endpoint": "*", "latency_ms": size.latency_ms })).await;
    }
    world
}

/// Has it run until the list is done, and tells how long that took, beside the slowest of its parts.
async fn run(name: &str, world: &World, bound: &Bound, report: &mut Report) {
    let before = world.stack().usage("sync", "IdentitiesTable");
    let started = Instant::now();
    let progress = tokio::select! {
        progress = sync_until_done(world) => progress,
        () = tell(name, world) => unreachable!("it tells until it is stopped"),
    };
    let seconds = started.elapsed().as_secs_f64();
    let usage = world.stack().usage("sync", "IdentitiesTable");
    let count = |name: &str| progress[name].as_f64().unwrap_or_default();
    let (listed, known) = (count("listed"), count("known"));
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    let (writes, at_a_time) = ((usage.item_writes - before.item_writes) as f64, LOOKUPS as f64);
    // Whoever is not known is looked up; before the first run there is nothing to read.
    let lookups = ((listed - known).max(count("new")) / BATCH as f64).ceil();
    let parts = [
        ("s listing", bound.list_seconds),
        ("s looking up", lookups / at_a_time * bound.batchget_seconds),
        ("s writing", writes * bound.write_seconds),
        ("s reading", if known == 0.0 { 0.0 } else { bound.read_seconds }),
    ];
    let slowest = parts.into_iter().map(|(_, seconds)| seconds).fold(0.0, f64::max);
    let figure = Figure::of("sync", format!("{name}: {listed} followers"), seconds, "s");
    let mut figure = figure.against("the slowest of its parts alone", slowest);
    for (part, seconds) in parts {
        figure = figure.beside(part, seconds);
    }
    let figure =
        figure.beside("items written", writes).beside("read units", usage.read_units - before.read_units);
    report.add(&figure.beside("MB at most", peak_mb(world, "sync")));
}

async fn sync_until_done(world: &World) -> Value {
    loop {
        let progress = world.invoke("sync", json!({ "sync": "now" })).await.expect("its progress");
        match progress["state"].as_str() {
            Some("done") => return progress,
            Some("running") => {}
            _ => panic!("the sync stopped: {progress}"),
        }
    }
}

async fn tell(run: &str, world: &World) {
    loop {
        tokio::time::sleep(TOLD_EVERY).await;
        let progress = world.get("/sync", &world.service_key).await.ok(200);
        eprintln!(
            "{run} run: {} listed, {} known, {} new",
            progress["listed"], progress["known"], progress["new"]
        );
    }
}
