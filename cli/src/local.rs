//! `queqiao local`, and `queqiao` alone: everything on this machine.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::pin::pin;

use clap::ValueEnum;
use console::Console;
use local::{Settings, Stack, StackError};
use reqwest::Url;
use rustix::fs::Mode;
use shared::session::Token;
use shared::telemetry::{self, Lines};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::lang::{about, pick, say};
use crate::outcome::Outcome;
use crate::{Failure, walkthrough};

/// What runs, and where.
#[derive(clap::Args)]
pub struct Arguments {
    /// The gateway's port; 0 picks a free one
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// The simulated WeChat's port; 0 picks a free one
    #[arg(long, default_value_t = 9001)]
    simulator_port: u16,
    /// The console's port; 0 picks a free one. Left out, 9002, or a free one where that is taken
    #[arg(long)]
    console_port: Option<u16>,
    /// How many users follow the simulated Official Account
    #[arg(long, default_value_t = 1000)]
    followers: u32,
    /// Where everything is kept between runs
    #[arg(long, value_name = "DIR", default_value = ".local")]
    data: PathBuf,
    /// Keep nothing
    #[arg(long, conflicts_with = "data")]
    ephemeral: bool,
    /// A WeChat to use instead of the simulated one
    #[arg(
        long,
        value_name = "URL",
        value_parser = wechat,
        help = "A WeChat to use instead of the simulated one, such as https://api.weixin.qq.com [env: WECHAT_API_BASE]"
    )]
    wechat: Option<String>,
    /// A proxy for all calls for the Official Account, for one that a whitelist knows
    #[arg(
        long,
        value_name = "URL",
        help = "A proxy for all calls for the Official Account, such as http://user:password@10.0.0.7:3128 [env: EGRESS_PROXY]"
    )]
    egress_proxy: Option<String>,
    /// The notifications to use instead of those built in
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,
    /// The service key to use instead of a random one
    #[arg(long, value_name = "KEY", value_parser = service_key)]
    service_key: Option<String>,
    /// Run the built programs in DIR (from `cargo lambda build`: target/lambda) instead of the functions
    /// in this process
    #[arg(long, value_name = "DIR")]
    bootstraps: Option<PathBuf>,
    /// How the log on stderr looks; left out, `text` at a terminal and `json` elsewhere
    #[arg(long, value_name = "FORMAT")]
    log: Option<Log>,
}

/// How the log looks.
#[derive(Clone, Copy, ValueEnum)]
enum Log {
    /// A short line, coloured, for people
    Text,
    /// A JSON object a line, for programs
    Json,
}

/// Where the page is, unless somebody else is there.
const CONSOLE_PORT: u16 = 9002;

/// The variables of this process that the functions are to see.
const PASSED_ON: [&str; 18] = [
    "MINI_APPID",
    "MINI_SECRET",
    "OA_APPID",
    "OA_SECRET",
    "CALLBACK_TOKEN",
    "CALLBACK_AES_KEY",
    "MINI_CALLBACK_TOKEN",
    "MINI_CALLBACK_AES_KEY",
    "FORWARD_URL",
    "RECEIPTS",
    "SUBSCRIPTION_SOURCE",
    "EGRESS_PROXY",
    "TOKEN_MODE",
    "SENDS_PER_SECOND",
    "LOG_LEVEL",
    "AWS_REGION",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_SQS",
];

/// Runs until it is told to end.
pub async fn run(arguments: Arguments) -> Result<Outcome, Failure> {
    telemetry::init(arguments.lines());
    // Session keys, tokens and a service key are among what is written from here on.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let mut ended = pin!(ended()?);
    // What may fail comes before there is anything to be stopped.
    let (listener, url) = arguments.listen_for_console().await.map_err(not_started)?;
    let stack = tokio::select! {
        started = Stack::start(arguments.into_settings()?) => started.map_err(not_started)?,
        () = &mut ended => {
            crate::note(pick("Ending.", "正在结束。"));
            return Ok(Outcome::Done);
        }
    };
    let (gateway, service_key) = (stack.gateway.clone(), stack.service_key.clone());
    let key = Token::random().into_text();
    let console = Console { gateway, service_key, key, simulator: stack.simulator() };
    let address = console.address(&url);
    tokio::spawn(console.serve(listener));
    let mut ready = stack.ready();
    ready["console"] = address.clone().into();
    println!("{ready}");
    crate::note(&walkthrough::text(&stack, &address));
    ended.await;
    crate::note(pick("Ending.", "正在结束。"));
    stack.stop().await.map_err(|error| about("没能完整地保存", &error))?;
    Ok(Outcome::Done)
}

fn not_started(error: StackError) -> Failure {
    match contract::Lang::En == crate::lang::chosen() {
        true => error.into(),
        false => about("启动不了", &crate::with_causes(&error)).into(),
    }
}

/// Waits until the program is told to end, from the moment that this is called.
fn ended() -> io::Result<impl Future<Output = ()>> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    // The terminal was closed.
    let mut hung_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
            _ = hung_up.recv() => {}
        }
    })
}

impl Arguments {
    /// Takes the page's port: the one that was asked for, else the usual one, or a free one where that is taken or asked
    /// for by another part.
    async fn listen_for_console(&self) -> Result<(TcpListener, String), StackError> {
        if let Some(port) = self.console_port {
            return local::loopback(port).await;
        }
        let is_anothers = [self.port, self.simulator_port].contains(&CONSOLE_PORT);
        let usual = if is_anothers { 0 } else { CONSOLE_PORT };
        match local::loopback(usual).await {
            Err(_) => local::loopback(0).await,
            listening => listening,
        }
    }

    fn lines(&self) -> Lines {
        match self.log {
            Some(Log::Text) => Lines::Text,
            Some(Log::Json) => Lines::Json,
            None if std::io::stderr().is_terminal() => Lines::Text,
            None => Lines::Json,
        }
    }

    fn into_settings(self) -> Result<Settings, Failure> {
        let exported = std::env::var("WECHAT_API_BASE").ok().map(|url| wechat(&url)).transpose();
        let exported = exported.map_err(|error| {
            say!(
                "WECHAT_API_BASE is no address of a WeChat: {error}",
                "WECHAT_API_BASE 不是微信的地址：{error}"
            )
        })?;
        let given = |name: &&str| Some(((*name).to_owned(), std::env::var(name).ok()?));
        let mut environment: BTreeMap<_, _> = PASSED_ON.iter().filter_map(given).collect();
        environment.extend(self.egress_proxy.map(|proxy| ("EGRESS_PROXY".to_owned(), proxy)));
        Ok(Settings {
            port: self.port,
            simulator_port: self.simulator_port,
            followers: self.followers,
            data: Some(self.data).filter(|_| !self.ephemeral),
            wechat: self.wechat.or(exported).filter(|url| !url.is_empty()),
            catalog: self.catalog,
            service_key: self.service_key,
            bootstraps: self.bootstraps,
            callbacks: true,
            schedules: true,
            environment,
            ..Settings::default()
        })
    }
}

/// What can stand in an `Authorization: Bearer` header.
fn service_key(text: &str) -> Result<String, &'static str> {
    let is_one = !text.is_empty() && text.bytes().all(|c| c.is_ascii_graphic());
    if is_one {
        Ok(text.to_owned())
    } else {
        let what = "a key is letters, digits and signs of ASCII, without blanks";
        Err(pick(what, "service key 只能有 ASCII 的字母、数字和符号，不能有空格"))
    }
}

/// An address to which paths can be added; empty stands for none, as an empty variable does.
fn wechat(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let url = Url::parse(text).map_err(|error| {
        say!("{error}; give it as https://api.weixin.qq.com", "{error}；写成 https://api.weixin.qq.com 这样")
    })?;
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let is_plain = is_plain && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    match is_plain && url.has_host() {
        true => Ok(url.as_str().trim_end_matches('/').to_owned()),
        false => Err(pick(
            "it has to be http or https, without a user, a query or a fragment: https://api.weixin.qq.com",
            "要用 http 或 https，不带用户名、查询参数和 #：https://api.weixin.qq.com",
        )
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::wechat;

    #[test]
    fn what_is_no_address_of_a_wechat_is_refused() {
        for url in ["https://api.weixin.qq.com", "http://127.0.0.1:9001/", ""] {
            assert_eq!(wechat(url).as_deref(), Ok(url.trim_end_matches('/')));
        }
        for text in [
            "api.weixin.qq.com",
            "localhost:9001",
            "ftp://x",
            "https://",
            "https://a?b=c",
            "https://u:p@a",
            "https://:p@a",
        ] {
            assert!(wechat(text).is_err(), "{text}");
        }
    }
}
