//! The routes over the gateway, one caller alone and many at a time: how long an answer takes, what the function itself
//! computes for it, and what it asks of AWS.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use harness::{Session, World, approval};
use local::{Load, Settings};
use serde::Serialize;
use serde_json::{Value, json};

use crate::process::cpu;

/// How much of it.
#[derive(clap::Args)]
pub struct Size {
    /// How many calls of each route are measured
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=3_500))]
    calls: u32,
    /// This route alone
    #[arg(long)]
    route: Option<String>,
    /// The built programs in DIR (from `cargo lambda build`: target/lambda) instead of those built with this one
    #[arg(long, value_name = "DIR")]
    bootstraps: Option<PathBuf>,
}

/// How many call at a time.
const CALLERS: [usize; 2] = [1, 32];

/// Calls before those that are measured: connections are open, and what is remembered is.
const WARM: u32 = 100;

/// A route as it was called.
#[derive(Serialize)]
struct Measured {
    job: &'static str,
    route: &'static str,
    callers: usize,
    calls: u32,
    /// Of the answer, gateway, tables and queues of this machine included.
    p50_ms: f64,
    p99_ms: f64,
    per_second: f64,
    /// What the function's own processes computed for a call.
    cpu_ms: f64,
    /// Calls of AWS for one of the route.
    table_reads: f64,
    table_writes: f64,
    queue_requests: f64,
}

/// What is called.
struct Caller<'a> {
    world: &'a World,
    sessions: Vec<Session>,
    sealed: Vec<Value>,
    openids: Vec<String>,
    /// A batch of one page, and one of many.
    batches: [String; 2],
}

const ROUTES: [(&str, &str); 6] = [
    ("login", "login"),
    ("decrypt", "decrypt"),
    ("send", "send"),
    ("status", "send"),
    ("a page of 10,000", "send"),
    ("first of 10,000", "send"),
];

/// Recipients of the batches that are looked at.
const PAGES: [u32; 2] = [100, 10_000];

/// Who calls /decrypt and is sent to.
const USERS: u32 = 64;

/// Measures them, and prints a line for each.
pub async fn measure(size: &Size, json: bool) {
    let this = std::env::current_exe().expect("this program");
    let programs = ["login", "decrypt", "send"].map(|name| (name.to_owned(), this.clone()));
    let world = World::with(Settings {
        followers: PAGES[1],
        programs: if size.bootstraps.is_some() { BTreeMap::new() } else { programs.into() },
        bootstraps: size.bootstraps.clone(),
        meters: true,
        environment: BTreeMap::from([("LOG_LEVEL".to_owned(), "error".to_owned())]),
        ..Settings::default()
    })
    .await;
    let caller = Caller::prepare(&world).await;
    let wanted = |(route, _): &(&str, &str)| size.route.as_deref().is_none_or(|wanted| wanted == *route);
    for (route, function) in ROUTES.into_iter().filter(wanted) {
        for callers in CALLERS {
            // A session opens so much an hour.
            world.advance(3600).await;
            caller.call_often(route, callers, WARM).await;
            let (load, computed, started) =
                (world.stack().load(function), cpu(&world, function), Instant::now());
            let times = caller.call_often(route, callers, size.calls).await;
            let took = started.elapsed();
            let computed = cpu(&world, function).saturating_sub(computed);
            let load = world.stack().load(function) - load;
            Measured::of((route, callers), times, (took, computed), load).print(json);
            // What was sent is delivered before the next is measured.
            while world.queued("DeliverQueue").await > 0 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    world.stop().await;
}

impl<'a> Caller<'a> {
    async fn prepare(world: &'a World) -> Self {
        world.sync_until_done().await;
        let (mut sessions, mut sealed, mut openids) = (Vec::new(), Vec::new(), Vec::new());
        for user in 0..USERS {
            sessions.push(world.login(user).await);
            sealed.push(world.sealed(user, &json!({ "phoneNumber": "13800000000" })).await);
            openids.push(world.user(user).await.openid);
        }
        let mut batches = [String::new(), String::new()];
        for (batch, recipients) in batches.iter_mut().zip(PAGES) {
            let users = world.users(0, recipients).await;
            let to: Vec<_> = users.into_iter().map(|user| json!({ "unionid": user.unionid })).collect();
            let sent = world.send(&json!(to)).await;
            sent["id"].as_str().expect("an id").clone_into(batch);
            while world.queued("DeliverQueue").await > 0 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Self { world, sessions, sealed, openids, batches }
    }

    /// How long each answer took.
    async fn call_often(&self, route: &str, callers: usize, calls: u32) -> Vec<Duration> {
        // What WeChat gives before the call is not the call's.
        let mut codes = Vec::new();
        for n in 0..if route == "login" { calls } else { 0 } {
            codes.push(self.world.code(n % USERS).await);
        }
        let codes = &codes;
        let call = |n: u32| async move {
            let started = Instant::now();
            self.call(route, n, codes).await;
            started.elapsed()
        };
        stream::iter((0..calls).map(call)).buffer_unordered(callers).collect().await
    }

    async fn call(&self, route: &str, n: u32, codes: &[String]) {
        let Self { world, sessions, sealed, openids, batches } = self;
        let user = (n % USERS) as usize;
        let (status, answer) = match route {
            "login" => (200, world.post("/login", "", &json!({ "code": codes[n as usize] })).await),
            "decrypt" => (200, world.post("/decrypt", &sessions[user].token, &sealed[user]).await),
            "send" => {
                let to = json!([{ "openid": openids[user] }]);
                let call = json!({ "notification": "approval_copied", "to": to, "data": approval() });
                (202, world.post("/send", &world.service_key, &call).await)
            }
            _ => {
                let batch = &batches[usize::from(route != "status")];
                // From the middle.
                let after = if route.starts_with("a page") { PAGES[1] / 2 } else { 0 };
                (200, world.get(&format!("/send/{batch}?after={after}"), &world.service_key).await)
            }
        };
        answer.ok(status);
    }
}

impl Measured {
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    fn of(
        (route, callers): (&'static str, usize),
        mut times: Vec<Duration>,
        (took, computed): (Duration, Duration),
        load: Load,
    ) -> Self {
        times.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        let each = |count: f64| count / times.len() as f64;
        Self {
            job: "routes",
            route,
            callers,
            calls: u32::try_from(times.len()).unwrap_or(u32::MAX),
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            per_second: times.len() as f64 / took.as_secs_f64(),
            cpu_ms: each(computed.as_secs_f64() * 1e3),
            table_reads: each(load.table_reads as f64),
            table_writes: each(load.table_writes as f64),
            queue_requests: each(load.queue_requests as f64),
        }
    }

    fn print(&self, json: bool) {
        if json {
            println!("{}", serde_json::to_string(self).expect("numbers and names"));
            return;
        }
        let Self { route, callers, p50_ms, p99_ms, per_second, cpu_ms, .. } = self;
        let Self { table_reads, table_writes, queue_requests, .. } = self;
        println!(
            "{route:<17} {callers:>2} at a time: p50 {p50_ms:.2} ms, p99 {p99_ms:.2} ms, {per_second:.0} a second; {cpu_ms:.3} ms CPU, \
             {table_reads:.2} reads, {table_writes:.2} writes, {queue_requests:.2} of queues"
        );
    }
}
