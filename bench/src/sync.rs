//! The sync of a large account: a first import, and a run in which little is new.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use harness::World;
use local::Settings;
use serde::Serialize;
use serde_json::{Value, json};
use sync::LOOKUPS;

use crate::bound::Bound;
use crate::process::{peak_mb, restart};

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

const USER_GET: &str = "/cgi-bin/user/get";
const BATCHGET: &str = "/cgi-bin/user/info/batchget";

/// What a run took.
#[derive(Serialize)]
struct Run {
    job: &'static str,
    run: &'static str,
    followers: u64,
    seconds: f64,
    /// The slowest of its parts, each measured alone.
    bound_seconds: f64,
    list_seconds: f64,
    lookup_seconds: f64,
    write_seconds: f64,
    read_seconds: f64,
    list_calls: u64,
    batchget_calls: u64,
    /// Of the map; the record of the run is written once a second besides.
    item_writes: u64,
    read_units: f64,
    peak_mb: f64,
}

/// Runs both and prints what they took.
pub async fn measure(size: &Size, json: bool) {
    let bound = Bound::measure(size.followers, size.latency_ms).await;
    let world = world(size).await;
    let first = Run::of("first", &world, &bound).await;
    first.print(json);
    for user in 0..GONE.min(size.followers) {
        world.user_does(user, "unfollow").await;
    }
    for user in size.followers..size.followers + NEW {
        world.user_does(user, "follow").await;
    }
    // As on most ticks, the second run begins in a fresh process.
    restart(&world, "sync").await;
    Run::of("second", &world, &bound).await.print(json);
    world.stop().await;
}

/// An account of this size, and a sync in a process of its own.
async fn world(size: &Size) -> World {
    let this = std::env::current_exe().expect("this program");
    let world = World::with(Settings {
        followers: size.followers,
        programs: [("sync".to_owned(), this)].into(),
        meters: true,
        environment: BTreeMap::from([("LOG_LEVEL".to_owned(), "error".to_owned())]),
        ..Settings::default()
    })
    .await;
    world.fault(json!({ "endpoint": "*", "latency_ms": size.latency_ms })).await;
    world
}

impl Run {
    /// Has it run until the list is done.
    async fn of(run: &'static str, world: &World, bound: &Bound) -> Self {
        let calls_before = (world.calls(USER_GET).await, world.calls(BATCHGET).await);
        let before = world.stack().usage("sync", "IdentitiesTable");
        let started = Instant::now();
        let progress = tokio::select! {
            progress = sync_until_done(world) => progress,
            () = tell(run, world) => unreachable!("it tells until it is stopped"),
        };
        let seconds = started.elapsed().as_secs_f64();
        let usage = world.stack().usage("sync", "IdentitiesTable");
        let list_calls = world.calls(USER_GET).await - calls_before.0;
        let batchget_calls = world.calls(BATCHGET).await - calls_before.1;
        let item_writes = usage.item_writes - before.item_writes;
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
        let (lookups, writes) = (batchget_calls as f64 / LOOKUPS as f64, item_writes as f64);
        let (lookup_seconds, write_seconds) =
            (lookups * bound.batchget_seconds, writes * bound.write_seconds);
        // Before the first run there is nothing to read.
        let read_seconds = if progress["known"] == 0 { 0.0 } else { bound.read_seconds };
        let list_seconds = bound.list_seconds;
        let parts = [list_seconds, lookup_seconds, write_seconds, read_seconds];
        Self {
            job: "sync",
            run,
            followers: progress["listed"].as_u64().unwrap_or_default(),
            seconds,
            bound_seconds: parts.into_iter().fold(0.0, f64::max),
            list_seconds,
            lookup_seconds,
            write_seconds,
            read_seconds,
            list_calls,
            batchget_calls,
            item_writes,
            read_units: usage.read_units - before.read_units,
            peak_mb: peak_mb(world, "sync"),
        }
    }

    fn print(&self, json: bool) {
        if json {
            println!("{}", serde_json::to_string(self).expect("numbers and names"));
            return;
        }
        let Self { run, followers, seconds, bound_seconds, .. } = self;
        let ratio = seconds / bound_seconds;
        println!(
            "{run} run: {followers} followers in {seconds:.1} s, {ratio:.2} times the bound of {bound_seconds:.1} s"
        );
        let Self { list_seconds, lookup_seconds, write_seconds, read_seconds, .. } = self;
        println!(
            "  bounds   list {list_seconds:.1} s, lookups {lookup_seconds:.1} s, writes {write_seconds:.1} s, reads {read_seconds:.1} s"
        );
        let Self { list_calls, batchget_calls, item_writes, read_units, peak_mb, .. } = self;
        println!("  WeChat   {list_calls} user/get, {batchget_calls} user/info/batchget");
        println!("  tables   {item_writes} items written, {read_units:.0} read units");
        println!("  memory   {peak_mb:.0} MB at most");
    }
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
