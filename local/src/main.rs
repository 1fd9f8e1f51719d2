//! `cargo run`: the whole of Queqiao on this machine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use local::{Settings, Stack, StackError};
use tokio::signal::unix::{SignalKind, signal};

/// Queqiao on this machine: a simulated WeChat, the tables, the queues, every function and the gateway.
///
/// Once ready, it prints one line of JSON to stdout; everything else goes to stderr.
/// Accounts of your own are taken from MINI_APPID, MINI_SECRET, OA_APPID, OA_SECRET and TOKEN_MODE.
#[derive(Parser)]
#[command(name = "queqiao", version)]
struct Arguments {
    /// The gateway's port; 0 picks a free one
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// The simulated WeChat's port; 0 picks a free one
    #[arg(long, default_value_t = 9001)]
    simulator_port: u16,
    /// How many users follow the simulated Official Account
    #[arg(long, default_value_t = 1000)]
    followers: u32,
    /// Where everything is kept between runs
    #[arg(long, value_name = "DIR", default_value = ".local")]
    data: PathBuf,
    /// Keep nothing
    #[arg(long, conflicts_with = "data")]
    ephemeral: bool,
    /// A WeChat to use instead of the simulated one, such as https://api.weixin.qq.com
    #[arg(long, value_name = "URL", env = "WECHAT_API_BASE")]
    wechat: Option<String>,
    /// The notifications to use instead of those built in
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,
    /// The service key to use instead of a made-up one
    #[arg(long, value_name = "KEY")]
    service_key: Option<String>,
    /// Run the built programs in DIR (from `cargo lambda build`: target/lambda) instead of the functions
    /// in this process
    #[arg(long, value_name = "DIR")]
    bootstraps: Option<PathBuf>,
}

/// The variables of this process that the functions are to see.
const PASSED_ON: [&str; 12] = [
    "MINI_APPID",
    "MINI_SECRET",
    "OA_APPID",
    "OA_SECRET",
    "CALLBACK_TOKEN",
    "CALLBACK_AES_KEY",
    "TOKEN_MODE",
    "SENDS_PER_SECOND",
    "LOG_LEVEL",
    "AWS_REGION",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_SQS",
];

#[tokio::main]
async fn main() -> ExitCode {
    shared::telemetry::init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), StackError> {
    let mut terminated = signal(SignalKind::terminate()).expect("this process may handle its signals");
    let stack = Stack::start(settings(arguments)).await?;
    println!("{}", stack.ready());
    eprintln!("{}", walk(&stack));
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
    eprintln!("Ending.");
    stack.stop().await
}

fn settings(arguments: Arguments) -> Settings {
    let environment: BTreeMap<_, _> =
        PASSED_ON.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect();
    Settings {
        port: arguments.port,
        simulator_port: arguments.simulator_port,
        followers: arguments.followers,
        data: Some(arguments.data).filter(|_| !arguments.ephemeral),
        wechat: arguments.wechat.filter(|url| !url.is_empty()),
        catalog: arguments.catalog,
        service_key: arguments.service_key,
        bootstraps: arguments.bootstraps,
        callbacks: true,
        environment,
        ..Settings::default()
    }
}

/// What to paste next.
fn walk(stack: &Stack) -> String {
    let Stack { gateway, wechat, service_key, .. } = stack;
    format!(
        r#"
Queqiao is ready; Ctrl-C ends it.
  gateway  {gateway}
  WeChat   {wechat}

Paste these, one after the other:

# 1. A user of the mini-program logs in (wx.login gives the code)
CODE=$(curl -s -X POST {wechat}/_sim/users/0/code | cut -d'"' -f4)
curl -sw '\n' {gateway}/login -d "{{\"code\":\"$CODE\"}}"

# 2. The Official Account's followers come into the map
curl -sw '\n' -X POST {gateway}/sync -H 'Authorization: Bearer {service_key}'

# 3. Tell that user about an approval
OPENID=$(curl -s '{wechat}/_sim/users?from=0&n=1' | cut -d'"' -f6)
curl -sw '\n' {gateway}/send -H 'Authorization: Bearer {service_key}' -d "{{\"notification\":\"approval_submitted\",
  \"to\":[{{\"openid\":\"$OPENID\"}}],\"data\":{{\"applicant\":\"张三\",\"kind\":\"年假\",
  \"submitted_at\":\"2026-11-22 09:30\",\"content\":\"回家探亲\",\"id\":\"A-42\"}}}}" | tee /tmp/queqiao-batch

# 4. What became of it, and what the user sees
sleep 1; curl -sw '\n' {gateway}/send/$(cut -d'"' -f4 /tmp/queqiao-batch) -H 'Authorization: Bearer {service_key}'
curl -sw '\n' '{wechat}/_sim/messages?user=0'
"#
    )
}
