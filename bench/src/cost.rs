//! What messages cost: what AWS bills of them is counted on the local stack, and reckoned by prices.

use std::time::Duration;

use cost::{Counts, PARTS, PRICES, sums};
use futures::{StreamExt, stream};
use harness::World;
use local::{Load, Settings};
use serde_json::{Value, json};

use crate::figure::{Figure, Report};

/// How much of it.
#[derive(clap::Args)]
pub struct Size {
    /// How many messages one by one, each with nobody else about
    #[arg(long, default_value_t = 50)]
    alone: u32,
    /// How many messages one by one, all at the same time, with a BatchWindowSeconds of 1
    #[arg(long, default_value_t = 500)]
    crowded: u32,
    /// How many calls of 1,000 messages
    #[arg(long, default_value_t = 3)]
    calls: u32,
    /// Take no receipts: the parameter Receipts
    #[arg(long)]
    without_receipts: bool,
    /// Print every part of it, as tables
    #[arg(long)]
    tables: bool,
}

/// The recipients of a large call.
const THOUSAND: u32 = 1_000;

/// How many call at a time, where many do.
const CALLERS: usize = 8;

/// Between two looks at what waits.
const GLANCE: Duration = Duration::from_millis(20);

/// What CloudWatch adds to each line that it bills, in bytes.
const LINE: f64 = 26.0;

/// A line of the gateway's access log, as template.yaml has it written: it stands in no log here.
const ACCESS_LINE: f64 = 120.0;

/// The template's `MemorySize`, in GB.
const MEMORY: f64 = 0.25;

/// A function's part of it.
struct Step {
    function: &'static str,
    /// Whether it is called through the gateway.
    is_route: bool,
    /// How long an invocation takes, in milliseconds: assumed, for WeChat and AWS are farther away than anything
    /// here. Alone, and with a thousand messages or a hundred events.
    assumed_ms: [f64; 2],
}

const STEPS: [Step; 4] = [
    Step { function: "send", is_route: true, assumed_ms: [35.0, 300.0] },
    Step { function: "deliver", is_route: false, assumed_ms: [120.0, 800.0] },
    Step { function: "callback", is_route: true, assumed_ms: [20.0, 20.0] },
    Step { function: "events", is_route: false, assumed_ms: [20.0, 100.0] },
];

/// Sends them, counts, and tells what a million would cost.
pub async fn count(size: &Size, report: &mut Report) {
    let alone = alone(size).await;
    tell(size, "one by one, each alone", 0, (alone, size.alone), report);
    let crowded = crowded(size).await;
    tell(size, "one by one, many at a time", 0, (crowded, size.crowded), report);
    let together = together(size).await;
    tell(size, "in calls of 1,000", 1, (together, size.calls * THOUSAND), report);
}

async fn alone(size: &Size) -> [Load; 4] {
    let world = world(1, "0", size).await;
    // The first one finds cold processes.
    send(&world, 1).await;
    let before = loads(&world);
    for _ in 0..size.alone {
        send(&world, 1).await;
    }
    since(&world, before).await
}

async fn crowded(size: &Size) -> [Load; 4] {
    let world = world(size.crowded, "1", size).await;
    let users = world.users(0, size.crowded).await;
    world.pause_callbacks().await;
    let world = &world;
    let before = loads(world);
    let calls =
        users.into_iter().map(async |user| accepted(world, &json!([{ "unionid": user.unionid }])).await);
    stream::iter(calls).buffer_unordered(CALLERS).collect::<Vec<_>>().await;
    settle(world).await;
    since(world, before).await
}

async fn together(size: &Size) -> [Load; 4] {
    let world = world(THOUSAND, "0", size).await;
    let before = loads(&world);
    for _ in 0..size.calls {
        send(&world, THOUSAND).await;
    }
    since(&world, before).await
}

/// Functions in processes of their own, whose logs are counted.
async fn world(followers: u32, window: &str, size: &Size) -> World {
    let this = std::env::current_exe().expect("this program");
    let receipts = (!size.without_receipts).to_string();
    let environment = [("RECEIPTS", receipts.as_str()), ("BATCH_WINDOW_SECONDS", window)];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let world = World::with(Settings {
        followers,
        callbacks: true,
        meters: true,
        programs: STEPS.map(|step| (step.function.to_owned(), this.clone())).into(),
        environment,
        windows: true,
        ..Settings::default()
    })
    .await;
    world.sync_until_done().await;
    world
}

/// Sends so many users a message each, then lets all receipts come.
async fn send(world: &World, messages: u32) {
    let users = world.users(0, messages).await;
    let to: Vec<_> = users.into_iter().map(|user| json!({ "unionid": user.unionid })).collect();
    world.pause_callbacks().await;
    accepted(world, &json!(to)).await;
    settle(world).await;
}

/// POST /send, of a notification without a fallback.
async fn accepted(world: &World, to: &Value) {
    world.send_as(&world.service_key, "approval_copied", to).await.ok(202);
}

/// Waits until WeChat has all messages, then lets the receipts come.
async fn settle(world: &World) {
    until(async || world.queued("DeliverQueue").await == 0).await;
    world.resume_callbacks().await;
    until(async || world.callbacks().await["pending"] == 0).await;
    until(async || world.queued("EventsQueue").await == 0).await;
}

fn loads(world: &World) -> [Load; 4] {
    STEPS.map(|step| world.stack().load(step.function))
}

async fn since(world: &World, before: [Load; 4]) -> [Load; 4] {
    // The last lines of the logs are on their way.
    tokio::time::sleep(GLANCE * 10).await;
    let mut loads = loads(world);
    for (load, before) in loads.iter_mut().zip(before) {
        *load = *load - before;
    }
    loads
}

/// Waits, however long it takes.
async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        tokio::time::sleep(GLANCE).await;
    }
}

/// Of one message, where a step took all this for so many.
fn counts((load, step): (Load, &Step), assumed: usize, of: u32) -> Counts {
    let per_message = |count: f64| count / f64::from(of);
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    let [invocations, queue_requests, lines, bytes] =
        [load.invocations, load.queue_requests, load.log_lines, load.log_bytes].map(|count| count as f64);
    let http_requests = if step.is_route { invocations } else { 0.0 };
    let log_bytes = bytes + lines * LINE + http_requests * (ACCESS_LINE + LINE);
    Counts {
        function: step.function.to_owned(),
        http_requests: per_message(http_requests),
        invocations: per_message(invocations),
        gb_seconds: per_message(invocations * step.assumed_ms[assumed] / 1000.0 * MEMORY),
        queue_requests: per_message(queue_requests),
        read_units: per_message(load.read_units),
        write_units: per_message(load.write_units),
        log_bytes: per_message(log_bytes),
    }
}

fn tell(
    size: &Size,
    messages: &'static str,
    assumed: usize,
    (loads, of): ([Load; 4], u32),
    report: &mut Report,
) {
    let steps = loads.into_iter().zip(&STEPS);
    let counts: Vec<_> = steps.map(|one| counts(one, assumed, of)).collect();
    if size.tables {
        return print(messages, &counts);
    }
    let prices = &PRICES[0];
    let sums = sums(&counts, prices);
    let sum = sums.into_iter().flatten().sum();
    let what = format!("a million messages {messages}, {}", prices.region);
    let figure = Figure::of("cost", what, sum, prices.currency);
    let parts = PARTS.into_iter().zip(sums);
    report.add(&parts.fold(figure, |figure, (part, sum)| figure.beside(part, sum.unwrap_or_default())));
}

fn print(messages: &str, counts: &[Counts]) {
    println!("\n| {messages} | requests | invocations | GB-s | queues | read | written | log, bytes |");
    println!("|---|---|---|---|---|---|---|---|");
    for one in counts {
        println!(
            "| `{}` | {:.3} | {:.3} | {:.4} | {:.3} | {:.3} | {:.3} | {:.0} |",
            one.function,
            one.http_requests,
            one.invocations,
            one.gb_seconds,
            one.queue_requests,
            one.read_units,
            one.write_units,
            one.log_bytes,
        );
    }
    println!("\n| a million {messages} | {} | sum |", PARTS.join(" | "));
    println!("|---|---|---|---|---|---|---|---|---|");
    for one in counts {
        row(&format!("`{}`", one.function), one.parts(&PRICES[0]));
    }
    for prices in &PRICES {
        row(&format!("**{}, {}**", prices.region, prices.currency), sums(counts, prices));
    }
}

/// One line of the table; what is not known is not known in the sum either.
fn row(name: &str, parts: [Option<f64>; 7]) {
    let sum = parts.into_iter().try_fold(0.0, |sum, part| Some(sum + part?));
    let cells = parts.into_iter().chain([sum]);
    let cells: Vec<_> =
        cells.map(|part| part.map_or("not known".into(), |part| format!("{part:.2}"))).collect();
    println!("| {name} | {} |", cells.join(" | "));
}
