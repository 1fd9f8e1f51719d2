//! The routes over the gateway, one caller alone and many at a time: how long an answer takes, what the function itself
//! computes for it, and what it asks of AWS.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use futures::{StreamExt, stream};
use harness::{Answer, Session, World, approval};
use local::{Load, Settings};
use serde_json::{Value, json};

use crate::figure::{Figure, Report};
use crate::floor;
use crate::process::{cpu, ms};

/// How much of it.
#[derive(clap::Args)]
pub struct Size {
    /// How many calls of each route are measured
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=3_500))]
    calls: u32,
    /// This route alone
    #[arg(long)]
    route: Option<Route>,
    /// The built programs in DIR (from `cargo lambda build`: target/lambda) instead of those built with this one
    #[arg(long, value_name = "DIR")]
    bootstraps: Option<PathBuf>,
}

/// How many call at a time.
const CALLERS: [usize; 2] = [1, 32];

/// Calls before those that are measured: connections are open, and what is remembered is.
const WARM: u32 = 100;

/// What is called.
struct Caller<'a> {
    world: &'a World,
    sessions: Vec<Session>,
    sealed: Vec<Value>,
    openids: Vec<String>,
    /// A batch of one page, and one of many.
    batches: [String; 2],
}

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Route {
    Login,
    Decrypt,
    /// One recipient
    Send,
    /// A batch of 100
    Status,
    /// The first page of 10,000
    First,
    /// A page in the middle of 10,000
    Middle,
    /// The counts of 10,000, with the first page
    Counts,
}

/// Recipients of the batches that are looked at.
const PAGES: [u32; 2] = [100, 10_000];

/// Who calls /decrypt and is sent to.
const USERS: u32 = 64;

/// Measures them.
pub async fn measure(size: &Size, report: &mut Report) {
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
    let mut page_of_100 = None;
    for route in Route::value_variants().iter().copied() {
        if size.route.is_some_and(|wanted| wanted != route) {
            continue;
        }
        let [alone, _] = [
            caller.measure(route, CALLERS[0], size.calls, report).await,
            caller.measure(route, CALLERS[1], size.calls, report).await,
        ];
        let computed = Figure::of("routes", format!("{}: CPU", route.name()), ms(alone.computed), "ms")
            .beside("reads", alone.each(alone.load.table_reads))
            .beside("writes", alone.each(alone.load.table_writes))
            .beside("of queues", alone.each(alone.load.queue_requests))
            .beside("units read", alone.load.read_units / f64::from(alone.calls))
            .beside("units written", alone.load.write_units / f64::from(alone.calls));
        report.add(&match route {
            Route::Send => {
                let floor = floor::of_a_send(world.stack().config(), size.calls).await;
                computed.against("the SDK's five calls alone", ms(floor))
            }
            Route::First | Route::Middle => match page_of_100 {
                Some(of_100) => computed.against("a batch of 100", of_100),
                None => computed,
            },
            _ => computed,
        });
        if route == Route::Status {
            page_of_100 = Some(ms(alone.computed));
        }
    }
    world.stop().await;
}

/// A route as it was called.
struct Measured {
    calls: u32,
    /// What the function's own processes computed for a call.
    computed: Duration,
    /// Calls of AWS for all of them.
    load: Load,
}

impl Measured {
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    fn each(&self, count: u64) -> f64 {
        count as f64 / f64::from(self.calls)
    }
}

impl Route {
    /// As people know it.
    fn name(self) -> &'static str {
        match self {
            Self::Login => "POST /login",
            Self::Decrypt => "POST /decrypt",
            Self::Send => "POST /send, one recipient",
            Self::Status => "GET /send/{id} of 100",
            Self::First => "its first page of 10,000",
            Self::Middle => "a page in the middle",
            Self::Counts => "with the counts of 10,000",
        }
    }

    /// Whose it is.
    fn function(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Decrypt => "decrypt",
            Self::Send | Self::Status | Self::First | Self::Middle | Self::Counts => "send",
        }
    }
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

    /// So many at a time: tells how long answers took, and gives the rest.
    async fn measure(&self, route: Route, callers: usize, calls: u32, report: &mut Report) -> Measured {
        let (world, function) = (self.world, route.function());
        // A session opens so much an hour.
        world.advance(3600).await;
        self.call_often(route, callers, WARM).await;
        let (load, computed, started) = (world.stack().load(function), cpu(world, function), Instant::now());
        let mut times = self.call_often(route, callers, calls).await;
        let took = started.elapsed();
        let computed = cpu(world, function).saturating_sub(computed) / calls;
        let load = world.stack().load(function) - load;
        times.sort_unstable();
        let at = |percent: usize| ms(times[(times.len() - 1) * percent / 100]);
        let how = if callers == 1 { "alone".to_owned() } else { format!("{callers} at a time") };
        let figure = Figure::of("routes", format!("{}, {how}: p50", route.name()), at(50), "ms");
        report.add(&figure.beside("ms p99", at(99)).beside("/s", f64::from(calls) / took.as_secs_f64()));
        // What was sent is delivered before the next is measured.
        while world.queued("DeliverQueue").await > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Measured { calls, computed, load }
    }

    /// How long each answer took.
    async fn call_often(&self, route: Route, callers: usize, calls: u32) -> Vec<Duration> {
        // What WeChat gives before the call is not the call's.
        let mut codes = Vec::new();
        for n in 0..if route == Route::Login { calls } else { 0 } {
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

    async fn call(&self, route: Route, n: u32, codes: &[String]) {
        let Self { world, sessions, sealed, openids, .. } = self;
        let user = (n % USERS) as usize;
        let (status, answer) = match route {
            Route::Login => (200, world.post("/login", "", &json!({ "code": codes[n as usize] })).await),
            Route::Decrypt => (200, world.post("/decrypt", &sessions[user].token, &sealed[user]).await),
            Route::Send => {
                let to = json!([{ "openid": openids[user] }]);
                let call = json!({ "notification": "approval_copied", "to": to, "data": approval() });
                (202, world.post("/send", &world.service_key, &call).await)
            }
            Route::Status => (200, self.status(0, "?after=0").await),
            Route::First => (200, self.status(1, "?after=0").await),
            Route::Middle => (200, self.status(1, &format!("?after={}", PAGES[1] / 2)).await),
            Route::Counts => (200, self.status(1, "").await),
        };
        answer.ok(status);
    }

    async fn status(&self, batch: usize, query: &str) -> Answer {
        self.world.get(&format!("/send/{}{query}", self.batches[batch]), &self.world.service_key).await
    }
}
