//! A flood of receipts, as after a mass send.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use harness::World;
use local::Settings;
use serde_json::{Value, json};

use crate::figure::{Figure, Report};

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

/// How long WeChat waits for an answer, and how many receipts a second are to be joined.
const PATIENCE_MS: f64 = 5_000.0;
const AIM: f64 = 1_500.0;

/// Sends so many messages while WeChat's callbacks are held up, lets all receipts go at once, and tells what they took.
pub async fn measure(size: &Size, report: &mut Report) {
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
    let count = |name: &str| pushed[name].as_f64().unwrap_or_default();
    let usage = world.stack().usage("events", "MessagesTable");
    let joined = f64::from(counted(&world, &batches, "delivered").await);
    #[expect(clippy::cast_precision_loss, reason = "a count far below 2^52")]
    let written = usage.item_writes as f64;
    let slowest = Figure::of(
        "receipts",
        format!("{} at once: the slowest answer", size.receipts),
        count("slowest_ms"),
        "ms",
    );
    let slowest = slowest.against("as long as WeChat waits", PATIENCE_MS).beside("s for all", push_seconds);
    report.add(&slowest.beside("pushed again", count("tries") - count("sent")));
    let figure =
        Figure::of("receipts", format!("{joined} joined with their messages"), joined / join_seconds, "/s");
    let figure = figure.against("what a mass send asks", AIM).beside("s", join_seconds);
    report.add(&figure.beside("items written", written).beside("read units", usage.read_units));
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
async fn counted(world: &World, batches: &[String], state: &str) -> u32 {
    let mut count = 0;
    for batch in batches {
        let batch: Value = world.batch(batch).await;
        count += batch["counts"][state].as_u64().and_then(|count| count.try_into().ok()).unwrap_or(0);
    }
    count
}

/// Waits, however long it takes.
async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        tokio::time::sleep(GLANCE).await;
    }
}
