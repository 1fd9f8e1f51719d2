//! Messages to a WeChat that takes its time: as fast as that and the calls that are let in at a time allow, and what each
//! costs the worker.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use harness::World;
use local::Settings;
use serde_json::json;

use crate::figure::{Figure, Report};
use crate::process::{cpu, ms};
use crate::{floor, wechat};

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
const MOST_RECIPIENTS: usize = 10_000;

const SEND: &str = "/cgi-bin/message/template/send";

/// How many calls at a time the bound is for.
const AT_A_TIME: u32 = 64;

/// Sends them, and tells what they took.
pub async fn measure(size: &Size, at: Option<&str>, report: &mut Report) {
    let this = std::env::current_exe().expect("this program");
    let programs = BTreeMap::from([("deliver".to_owned(), this)]);
    let world = World::with(Settings {
        followers: size.messages,
        programs: if size.bootstraps.is_some() { BTreeMap::new() } else { programs },
        bootstraps: size.bootstraps.clone(),
        meters: true,
        ..wechat::settings(at)
    })
    .await;
    world.sync_until_done().await;
    let openids = wechat::followers(&wechat::account(&world.stack().config()).await, size.messages).await;
    let named = |openid: &String| json!({ "oa_openid": openid });
    let calls: Vec<Vec<_>> =
        openids.chunks(MOST_RECIPIENTS).map(|some| some.iter().map(named).collect()).collect();
    world.send(&json!(calls[0][..1])).await;
    idle(&world).await;
    if at.is_none() {
        world.fault(json!({ "endpoint": SEND, "latency_ms": size.latency_ms })).await;
    }

    let (computed, started) = (cpu(&world, "deliver"), Instant::now());
    for to in &calls {
        world.send(&json!(to)).await;
    }
    idle(&world).await;
    let (took, computed) = (started.elapsed(), cpu(&world, "deliver").saturating_sub(computed));

    let count = u32::try_from(openids.len()).unwrap_or(u32::MAX);
    let per_second = f64::from(count) / took.as_secs_f64();
    let what = format!("{count} messages");
    let figure = Figure::of("deliver", what, per_second, "/s").beside("s", took.as_secs_f64());
    report.add(&match at {
        Some(_) => figure,
        None => {
            let stats = world.stats().await;
            let most = stats["endpoints"][SEND]["max_concurrent"].as_f64().unwrap_or_default();
            let bound = f64::from(AT_A_TIME) / (size.latency_ms.max(1) as f64 / 1e3);
            figure
                .against(format!("{AT_A_TIME} at a time of {} ms each", size.latency_ms), bound)
                .beside("at a time, at most", most)
        }
    });
    if at.is_none() {
        world.clear_faults().await;
    }
    let (config, url) = (world.stack().config(), format!("{}{SEND}", world.wechat));
    let floor = floor::of_a_message(config, url, count, AT_A_TIME as usize).await;
    let each =
        Figure::of("deliver", "a message, its stored outcome included: CPU", ms(computed / count), "ms");
    report.add(&each.against("a call of WeChat and a write alone", ms(floor)));
    world.stop().await;
}

async fn idle(world: &World) {
    while world.queued("DeliverQueue").await > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
