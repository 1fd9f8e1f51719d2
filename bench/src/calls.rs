//! What WeChat is called for while something is wrong: a handful of calls, however many messages or followers wait.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use futures::future::join_all;
use harness::{World, approval};
use local::Settings;
use serde_json::json;
use simulator::TEMPLATE_ID;

use crate::figure::{Figure, Report};

/// How much of it.
#[derive(clap::Args)]
pub struct Size {
    /// How many messages wait
    #[arg(long, default_value_t = 10_000)]
    messages: u32,
    /// How many follow the account without unionids
    #[arg(long, default_value_t = 100_000)]
    followers: u32,
}

/// The most recipients of one call, and how many users the simulator names at a time.
const MOST_RECIPIENTS: u32 = 1_000;

const SEND: &str = "/cgi-bin/message/template/send";
const TOKEN: &str = "/cgi-bin/token";
const USER_GET: &str = "/cgi-bin/user/get";
const BATCHGET: &str = "/cgi-bin/user/info/batchget";
const USER_INFO: &str = "/cgi-bin/user/info";

/// Five workers of twenty calls each.
const IN_FLIGHT: u64 = 100;
/// After 1, 5, then every 15 minutes: six in an hour.
const PROBES: u64 = 6;
const AN_HOUR: Duration = Duration::from_secs(3600);
const TEN_MINUTES: Duration = Duration::from_secs(600);

/// One trouble, and the calls of one endpoint.
struct Calls {
    trouble: &'static str,
    of: u32,
    endpoint: &'static str,
    calls: u64,
    most: u64,
}

/// Makes each trouble and tells the calls; fails when there are more than there may be.
pub async fn count(size: &Size, report: &mut Report) -> ExitCode {
    let mut counted = vec![template_gone(size.messages).await, no_token(size.messages).await];
    counted.extend(without_unionids(size.followers).await);
    for Calls { trouble, of, endpoint, calls, most } in &counted {
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
        let [calls, most] = [calls, most].map(|count| *count as f64);
        let figure = Figure::of("calls", format!("{trouble} ({of}): {endpoint}"), calls, "calls");
        report.add(&figure.against("at most", most));
    }
    if counted.iter().all(|calls| calls.calls <= calls.most) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn template_gone(messages: u32) -> Calls {
    let world = world(messages).await;
    world.console(&json!({ "removed_templates": [TEMPLATE_ID] })).await;
    send(&world, messages).await;
    world.pass(AN_HOUR).await;
    let calls = world.calls(SEND).await;
    world.stop().await;
    Calls {
        trouble: "a template that is gone, for an hour",
        of: messages,
        endpoint: SEND,
        calls,
        most: IN_FLIGHT + PROBES,
    }
}

async fn no_token(messages: u32) -> Calls {
    let world = world(messages).await;
    world.console(&json!({ "whitelist": "token" })).await;
    world.rotate("classic", 2).await;
    let before = world.calls(TOKEN).await;
    send(&world, messages).await;
    world.pass(TEN_MINUTES).await;
    let calls = world.calls(TOKEN).await - before;
    world.stop().await;
    Calls { trouble: "no token is to be had, for ten minutes", of: messages, endpoint: TOKEN, calls, most: 5 }
}

async fn without_unionids(followers: u32) -> Vec<Calls> {
    let world = world(followers).await;
    world.console(&json!({ "bound": false })).await;
    world.sync_at_length().await;
    let most = [(USER_GET, 2), (BATCHGET, 1), (USER_INFO, 10)];
    let counted = join_all(most.map(async |(endpoint, most)| Calls {
        trouble: "a sync of an account without unionids",
        of: followers,
        endpoint,
        calls: world.calls(endpoint).await,
        most,
    }))
    .await;
    world.stop().await;
    counted
}

async fn world(followers: u32) -> World {
    let environment = BTreeMap::from([("LOG_LEVEL".to_owned(), "off".to_owned())]);
    World::with(Settings { followers, environment, ..Settings::default() }).await
}

async fn send(world: &World, messages: u32) {
    for from in (0..messages).step_by(MOST_RECIPIENTS as usize) {
        let users = world.users(from, MOST_RECIPIENTS.min(messages - from)).await;
        let to: Vec<_> = users.iter().map(|user| json!({ "oa_openid": user.oa_openid })).collect();
        let body = json!({ "notification": "approval_submitted", "to": to, "data": approval() });
        world.post("/send", &world.service_key, &body).await.ok(202);
    }
}
