//! Messages to a WeChat that takes its time: as fast as that and the calls that are let in at a time allow, and what each
//! costs the worker.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use harness::World;
use local::Settings;
use serde::Serialize;
use serde_json::json;

use crate::process::cpu;

/// How much of it.
#[derive(clap::Args)]
pub struct Size {
    /// How many messages
    #[arg(long, default_value_t = 20_000)]
    messages: u32,
    /// How long WeChat takes to answer, in milliseconds
    #[arg(long, default_value_t = 50)]
    latency_ms: u64,
    /// The built programs in DIR (from `cargo lambda build`: target/lambda) instead of those built with this one
    #[arg(long, value_name = "DIR")]
    bootstraps: Option<PathBuf>,
}

/// The most recipients of one call.
const MOST_RECIPIENTS: u32 = 10_000;

const SEND: &str = "/cgi-bin/message/template/send";

/// What they took.
#[derive(Serialize)]
struct Delivered {
    job: &'static str,
    messages: u32,
    latency_ms: u64,
    seconds: f64,
    per_second: f64,
    /// The most calls that WeChat had at a time, and how many that many could make in a second.
    at_a_time: u64,
    bound_per_second: f64,
    share_of_the_bound: f64,
    /// Of the workers' processes, stored outcome included.
    cpu_ms: f64,
}

/// Sends them and prints what they took.
pub async fn measure(size: &Size, json: bool) {
    let this = std::env::current_exe().expect("this program");
    let programs = BTreeMap::from([("deliver".to_owned(), this)]);
    let world = World::with(Settings {
        followers: size.messages,
        programs: if size.bootstraps.is_some() { BTreeMap::new() } else { programs },
        bootstraps: size.bootstraps.clone(),
        environment: BTreeMap::from([
            ("LOG_LEVEL".to_owned(), "error".to_owned()),
            ("SENDS_PER_SECOND".to_owned(), "100000".to_owned()),
        ]),
        ..Settings::default()
    })
    .await;
    world.sync_until_done().await;
    let mut calls = Vec::new();
    for from in (0..size.messages).step_by(MOST_RECIPIENTS as usize) {
        let users = world.users(from, MOST_RECIPIENTS.min(size.messages - from)).await;
        calls.push(users.into_iter().map(|user| json!({ "unionid": user.unionid })).collect::<Vec<_>>());
    }
    world.send(&json!(calls[0][..1])).await;
    idle(&world).await;
    world.fault(json!({ "endpoint": SEND, "latency_ms": size.latency_ms })).await;

    let (computed, started) = (cpu(&world, "deliver"), Instant::now());
    for to in &calls {
        world.send(&json!(to)).await;
    }
    idle(&world).await;
    let (took, computed) = (started.elapsed(), cpu(&world, "deliver").saturating_sub(computed));
    let at_a_time = world.stats().await["endpoints"][SEND]["max_concurrent"].as_u64().unwrap_or_default();
    Delivered::of(size, took, computed, at_a_time).print(json);
    world.stop().await;
}

async fn idle(world: &World) {
    while world.queued("DeliverQueue").await > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl Delivered {
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    fn of(size: &Size, took: Duration, computed: Duration, at_a_time: u64) -> Self {
        let &Size { messages, latency_ms, .. } = size;
        let (seconds, count) = (took.as_secs_f64(), f64::from(messages));
        let bound_per_second = at_a_time as f64 / (latency_ms.max(1) as f64 / 1e3);
        Self {
            job: "deliver",
            messages,
            latency_ms,
            seconds,
            per_second: count / seconds,
            at_a_time,
            bound_per_second,
            share_of_the_bound: count / seconds / bound_per_second,
            cpu_ms: computed.as_secs_f64() * 1e3 / count,
        }
    }

    fn print(&self, json: bool) {
        if json {
            println!("{}", serde_json::to_string(self).expect("numbers and names"));
            return;
        }
        let Self { messages, latency_ms, seconds, per_second, at_a_time, .. } = self;
        let Self { bound_per_second, share_of_the_bound, cpu_ms, .. } = self;
        println!(
            "{messages} messages at {latency_ms} ms in {seconds:.1} s: {per_second:.0} a second, at most {at_a_time} at a time"
        );
        println!("  bound    {bound_per_second:.0} a second; {:.0} % of it", share_of_the_bound * 100.0);
        println!("  CPU      {cpu_ms:.3} ms a message");
    }
}
