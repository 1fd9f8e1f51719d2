//! A flood of receipts, as after a mass send.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use harness::World;
use local::Settings;
use serde::Serialize;
use serde_json::{Value, json};

/// The flood.
#[derive(clap::Args)]
pub struct Size {
    /// How many receipts; one account was seen to get 73,028 in five minutes
    #[arg(long, default_value_t = 73_000)]
    receipts: u32,
}

/// The most recipients of one call.
const MOST_RECIPIENTS: u32 = 10_000;

/// Between two looks at what waits.
const GLANCE: Duration = Duration::from_millis(200);

/// What it took.
#[derive(Serialize)]
struct Flood {
    job: &'static str,
    receipts: u32,
    /// From the first push to the last answer.
    push_seconds: f64,
    /// The slowest answer; WeChat waits 5,000 ms.
    slowest_ms: u64,
    /// Receipts that WeChat had to push again.
    pushed_again: u64,
    /// Messages whose state is the receipt's word.
    joined: u64,
    /// From the first push to the last receipt worked off.
    join_seconds: f64,
    /// Of the messages table, by `events`.
    item_writes: u64,
    read_units: f64,
}

/// Sends so many messages while WeChat's callbacks are held up, lets all receipts go at once, and prints
/// what they took.
pub async fn measure(size: &Size, json: bool) {
    let world = World::with(Settings {
        followers: size.receipts,
        callbacks: true,
        meters: true,
        environment: BTreeMap::from([("LOG_LEVEL".to_owned(), "error".to_owned())]),
        ..Settings::default()
    })
    .await;
    world.sync_until_done().await;
    world.pause_callbacks().await;
    let batches = send(&world, size.receipts).await;

    eprintln!("pushing {} receipts", size.receipts);
    let started = Instant::now();
    world.resume_callbacks().await;
    until(async || world.callbacks().await["pending"] == 0).await;
    let push_seconds = started.elapsed().as_secs_f64();
    until(async || world.queued("EventsQueue").await == 0).await;
    let join_seconds = started.elapsed().as_secs_f64();

    let pushed = world.callbacks().await;
    let count = |name: &str| pushed[name].as_u64().unwrap_or_default();
    let usage = world.stack().usage("events", "MessagesTable");
    let flood = Flood {
        job: "receipts",
        receipts: size.receipts,
        push_seconds,
        slowest_ms: count("slowest_ms"),
        pushed_again: count("tries") - count("sent"),
        joined: counted(&world, &batches, "delivered").await,
        join_seconds,
        item_writes: usage.item_writes,
        read_units: usage.read_units,
    };
    flood.print(json);
    world.stop().await;
}

/// Sends everybody a message; gives the batches when WeChat has all of them.
async fn send(world: &World, messages: u32) -> Vec<String> {
    let mut batches = Vec::new();
    for from in (0..messages).step_by(MOST_RECIPIENTS as usize) {
        let users = world.users(from, MOST_RECIPIENTS.min(messages - from)).await;
        let to: Vec<_> = users.into_iter().map(|user| json!({ "unionid": user.unionid })).collect();
        let sent = world.send(&json!(to)).await;
        batches.push(sent["id"].as_str().expect("an id").to_owned());
        until(async || world.queued("DeliverQueue").await == 0).await;
        eprintln!("sent {} of {messages}", from + u32::try_from(to.len()).unwrap_or_default());
    }
    batches
}

/// How many messages of these batches are in this state.
async fn counted(world: &World, batches: &[String], state: &str) -> u64 {
    let mut count = 0;
    for batch in batches {
        let batch: Value = world.batch(batch).await;
        count += batch["counts"][state].as_u64().unwrap_or_default();
    }
    count
}

/// Waits, however long it takes.
async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        tokio::time::sleep(GLANCE).await;
    }
}

impl Flood {
    fn print(&self, json: bool) {
        if json {
            println!("{}", serde_json::to_string(self).expect("numbers and names"));
            return;
        }
        let Self { receipts, push_seconds, slowest_ms, pushed_again, .. } = self;
        println!("{receipts} receipts pushed in {push_seconds:.1} s");
        println!("  answers  the slowest after {slowest_ms} ms; {pushed_again} had to be pushed again");
        let Self { joined, join_seconds, item_writes, read_units, .. } = self;
        println!("  joined   {joined} after {join_seconds:.1} s");
        println!("  tables   {item_writes} items written, {read_units:.0} read units");
    }
}
