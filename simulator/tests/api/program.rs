//! The program itself: how it starts and how it ends.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// One that was started, and what it says of itself once it serves; nothing if it ends instead.
async fn start(arguments: &[&str]) -> (Child, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_wechat-simulator"));
    program.args(["--port", "0"]).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.kill_on_drop(true).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    (child, line)
}

#[tokio::test]
async fn it_ends_in_order_by_whichever_signal() {
    for signal in ["-HUP", "-INT", "-TERM"] {
        let (mut child, line) = start(&[]).await;
        let told: Value = serde_json::from_str(&line).unwrap();
        let events = format!("{}/_sim/events", told["wechat"].as_str().unwrap());
        let mut watching = reqwest::get(events).await.unwrap();
        let process = child.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().await.unwrap().success());
        assert_eq!(watching.chunk().await.unwrap(), None, "{signal}");
        assert_eq!(child.wait().await.unwrap().code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn it_does_not_start_with_an_address_that_is_none() {
    for (name, url) in [("--backend", "nonsense"), ("--backend", "http://h/x?y=1"), ("--callback", "ftp://x")]
    {
        let (child, line) = start(&[name, url]).await;
        assert_eq!(line, "", "{name} {url}");
        let ended = child.wait_with_output().await.unwrap();
        assert_eq!(ended.status.code(), Some(1), "{name} {url}");
        assert!(String::from_utf8(ended.stderr).unwrap().contains("http"), "{name} {url}");
    }
}
