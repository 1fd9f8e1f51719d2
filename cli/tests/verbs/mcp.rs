//! `queqiao mcp`: what an assistant is offered over stdin and stdout, and what it gets.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::world;

/// An assistant that speaks to the program as the protocol wants it.
struct Assistant {
    _program: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    calls: u64,
}

impl Assistant {
    async fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_queqiao"));
        command.args(["mcp", "--data"]).arg(folder).env_clear().kill_on_drop(true);
        let mut program = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("started");
        let stdin = program.stdin.take().expect("its stdin");
        let stdout = BufReader::new(program.stdout.take().expect("its stdout")).lines();
        let mut assistant = Self { _program: program, stdin, stdout, calls: 0 };
        let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let server = assistant.ask("initialize", &hello).await;
        assert_eq!(server["serverInfo"]["name"], "queqiao", "{server}");
        assistant.write(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
        assistant
    }

    async fn write(&mut self, message: &Value) {
        self.stdin.write_all(format!("{message}\n").as_bytes()).await.expect("a line");
    }

    async fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await;
        loop {
            let line = self.stdout.next_line().await.expect("text").expect("an answer");
            let answer: Value = serde_json::from_str(&line).expect("nothing but JSON on stdout");
            if answer["id"] == id {
                assert!(answer["error"].is_null(), "{answer}");
                return answer["result"].clone();
            }
        }
    }

    async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", &json!({ "name": tool, "arguments": arguments })).await
    }
}

#[tokio::test]
async fn an_assistant_looks_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path()).await;
    world.sync_until_done().await;
    world.login(1).await;
    let id = world.send_to(&json!({ "openid": world.user(1).await.openid })).await;
    world.outcome(&id).await;

    let mut assistant = Assistant::start(folder.path()).await;
    let offered = assistant.ask("tools/list", &json!({})).await;
    let tools = offered["tools"].as_array().expect("tools");
    let mut names: Vec<_> = tools.iter().filter_map(|tool| tool["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["doctor", "preview", "status", "sync_progress", "templates"]);
    assert!(tools.iter().all(|tool| tool["annotations"]["readOnlyHint"] == true), "{offered}");

    let status = assistant.call("status", json!({ "id": id })).await;
    assert_eq!(status["structuredContent"]["counts"], json!({ "sent": 1 }), "{status}");
    let told = assistant.call("doctor", json!({})).await;
    assert!(told["structuredContent"]["checks"].as_array().is_some_and(|checks| checks.len() > 10), "{told}");
    let told = assistant.call("templates", json!({})).await;
    assert!(told["structuredContent"]["entries"].is_array(), "{told}");
    let told = assistant.call("sync_progress", json!({})).await;
    assert_eq!(told["structuredContent"]["state"], "done", "{told}");

    let users = [world.user(1).await.openid, "oStranger".to_owned()];
    let preview =
        json!({ "notification": "approval_submitted", "openids": users, "data": harness::approval() });
    let told = assistant.call("preview", preview).await;
    assert_eq!(told["structuredContent"]["rejected"][0]["reason"], "never_logged_in", "{told}");
    assert_eq!(world.deliveries().await.len(), 1, "nothing more was sent");
}

#[tokio::test]
async fn what_cannot_be_answered_is_told_to_the_assistant_as_that() {
    let folder = tempfile::tempdir().expect("a folder");
    let _world = world(folder.path()).await;
    let mut assistant = Assistant::start(folder.path()).await;
    for (tool, arguments) in [
        ("status", json!({ "id": "../sync" })),
        ("status", json!({ "id": "nothing" })),
        ("preview", json!({ "notification": "none", "openids": ["o1"] })),
        ("preview", json!({ "notification": "approval_submitted", "openids": vec!["o1"; 501] })),
        ("preview", json!({ "notification": "approval_submitted", "openids": ["o1"], "data": { "a": [] } })),
    ] {
        let told = assistant.call(tool, arguments.clone()).await;
        let is_said = told["content"][0]["text"].as_str().is_some_and(|text| !text.is_empty());
        assert!(told["isError"] == true && is_said, "{tool} {arguments}: {told}");
    }
}
