//! The simulator by itself: prints where WeChat is and how to sign in, then serves until it is told to stop.

use std::future::Future;
use std::io;
use std::process::ExitCode;

use clap::Parser;
use serde_json::json;
use simulator::{
    CALLBACK_TOKEN, Callback, ENCODING_AES_KEY, MINI_APPID, MINI_CALLBACK_TOKEN, MINI_ENCODING_AES_KEY,
    MINI_SECRET, OA_APPID, OA_SECRET, SUBSCRIBE_TEMPLATE_ID, Settings, Simulator, TEMPLATE_ID,
};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// WeChat on localhost.
#[derive(Parser)]
#[command(name = "wechat-simulator", version)]
struct Arguments {
    /// Port to listen on; 0 picks a free one
    #[arg(long, default_value_t = 9001)]
    port: u16,
    /// How many users follow the Official Account at the start
    #[arg(long, default_value_t = 1000)]
    followers: u32,
    /// Where the Official Account's events are pushed to, encrypted; nowhere if left out
    #[arg(long, value_name = "URL")]
    callback: Option<String>,
    /// Where the mini-program's events are pushed to, encrypted and in JSON; nowhere if left out
    #[arg(long, value_name = "URL")]
    mini_callback: Option<String>,
    /// The mini-program's own server: the page logs users in there (POST URL/login) and tells it what they accepted
    /// (POST URL/subscriptions)
    #[arg(long, value_name = "URL")]
    backend: Option<String>,
}

impl Arguments {
    fn into_settings(self) -> Settings {
        Settings {
            followers: self.followers,
            callback: self.callback.map(Callback::to),
            mini_callback: self.mini_callback.map(Callback::of_mini),
            backend: self.backend,
            ..Settings::default()
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let (port, followers) = (arguments.port, arguments.followers);
    let settings = arguments.into_settings();
    settings.validate()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
        format!("Cannot listen on 127.0.0.1:{port}: {error}. Choose another with --port.")
    })?;
    let address = listener.local_addr().map_err(|error| format!("Lost the listening socket: {error}."))?;
    let stopped = stopped().map_err(|error| format!("Cannot listen for signals: {error}."))?;
    let simulator = Simulator::new(settings);
    println!(
        "{}",
        json!({
            "wechat": format!("http://{address}"),
            "oa_appid": OA_APPID,
            "oa_secret": OA_SECRET,
            "mini_appid": MINI_APPID,
            "mini_secret": MINI_SECRET,
            "template_id": TEMPLATE_ID,
            "callback_token": CALLBACK_TOKEN,
            "encoding_aes_key": ENCODING_AES_KEY,
            "subscribe_template_id": SUBSCRIBE_TEMPLATE_ID,
            "mini_callback_token": MINI_CALLBACK_TOKEN,
            "mini_encoding_aes_key": MINI_ENCODING_AES_KEY,
        })
    );
    eprintln!(
        "Open http://{address} to see what arrives: WeChat with {followers} followers. Ctrl-C ends it."
    );
    simulator.serve(listener, stopped).await.map_err(|error| format!("The server failed: {error}."))
}

/// Completes when somebody wants it to end: by Ctrl-C, by a signal, or by closing the terminal.
fn stopped() -> io::Result<impl Future<Output = ()>> {
    let [mut interrupted, mut terminated, mut hung_up] =
        [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?];
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
            _ = hung_up.recv() => {}
        }
    })
}
