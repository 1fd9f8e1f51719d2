//! What `queqiao local` opens on a machine that others use, too; and that it opens nothing where it cannot start, or is
//! told to end before it is ready.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use local::RunFile;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

/// The gateway, the simulated WeChat, the page, the tables, the queues.
const PORTS: usize = 5;

/// What is asked of tables and queues, and what stands in an answer.
const QUESTIONS: [(&str, &str); 2] =
    [("DynamoDB_20120810.ListTables", "TableNames"), ("AmazonSQS.ListQueues", "QueueUrls")];

fn queqiao(folder: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_queqiao"));
    command.args(["--port", "0", "--simulator-port", "0"]).args(more).arg("--data").arg(folder);
    command.env_clear().kill_on_drop(true).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The program, and its ready line.
async fn start(folder: &Path, more: &[&str]) -> (Child, Value) {
    let mut child = queqiao(folder, more).spawn().expect("started");
    let mut ready = String::new();
    let stdout = child.stdout.as_mut().expect("its stdout");
    BufReader::new(stdout).read_line(&mut ready).await.expect("a line");
    (child, serde_json::from_str(&ready).expect("the ready line"))
}

async fn terminate(child: &Child) {
    let pid = child.id().expect("it runs").to_string();
    assert!(Command::new("kill").arg(&pid).status().await.expect("kill").success());
}

/// What came of a program that is to end by itself.
async fn end(child: Child) -> Output {
    tokio::time::timeout(Duration::from_secs(10), child.wait_with_output())
        .await
        .expect("an end")
        .expect("output")
}

/// The ports that this process listens at, by Linux's own account.
fn ports_of(process: u32) -> Vec<u16> {
    let files = fs::read_dir(format!("/proc/{process}/fd")).expect("its files");
    let sockets: HashSet<_> = files
        .filter_map(|file| {
            fs::read_link(file.ok()?.path()).ok()?.to_str()?.strip_prefix("socket:[").map(str::to_owned)
        })
        .collect();
    let tables = ["tcp", "tcp6"].map(|kind| fs::read_to_string(format!("/proc/{process}/net/{kind}")));
    let rows = tables.iter().flatten().flat_map(|table| table.lines());
    // Local address, state (0A: listens) and inode.
    rows.map(|row| row.split_whitespace().collect::<Vec<_>>())
        .filter(|row| row.get(3) == Some(&"0A") && sockets.contains(&format!("{}]", row[9])))
        .map(|row| u16::from_str_radix(row[1].rsplit(':').next().expect("a port"), 16).expect("a number"))
        .collect()
}

/// What is asked, as AWS's clients ask it, with this access key.
fn ask(url: &str, question: &str, key: &str) -> RequestBuilder {
    let signed = format!("AWS4-HMAC-SHA256 Credential={key}/20261122/us-east-1/x/aws4_request, Signature=0");
    let asked = Client::new().post(url).header("authorization", signed).header("x-amz-target", question);
    asked
        .header("x-amz-date", "20261122T000000Z")
        .header("content-type", "application/x-amz-json-1.0")
        .body("{}")
}

async fn answer(asked: RequestBuilder) -> (u16, String) {
    let answer = asked.send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a text"))
}

#[tokio::test]
async fn whoever_has_no_key_of_the_run_gets_at_no_table_and_no_queue_by_any_port() {
    let folder = tempfile::tempdir().expect("a folder");
    let (child, _) = start(folder.path(), &["--console-port", "0"]).await;
    let ports = ports_of(child.id().expect("it runs"));
    assert_eq!(ports.len(), PORTS, "{ports:?}");
    let operator: BTreeMap<_, _> = RunFile::read(folder.path()).expect("a run file").operator;
    let key = operator["AWS_ACCESS_KEY_ID"].as_str();
    let made_up = "0".repeat(key.len());
    for url in ports.iter().map(|port| format!("http://127.0.0.1:{port}/")) {
        for (question, told) in QUESTIONS {
            for wrong in ["stack", "send", "local", "", "AKIAIOSFODNN7EXAMPLE", &made_up] {
                let (status, text) = answer(ask(&url, question, wrong)).await;
                assert!(
                    status >= 400 && !text.contains(told),
                    "{url} {question} by `{wrong}`: {status} {text}"
                );
            }
            let (status, text) = answer(ask(&url, question, key).header("host", "evil.example")).await;
            assert!(
                status >= 400 && !text.contains(told),
                "{url} {question} of a foreign Host: {status} {text}"
            );
        }
    }
    // So is whoever has it.
    let places = ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SQS"].map(|name| operator[name].as_str());
    for (url, (question, told)) in places.into_iter().zip(QUESTIONS) {
        let (status, text) = answer(ask(url, question, key)).await;
        assert!(status == 200 && text.contains(told), "{url} {question}: {status} {text}");
    }
}

#[tokio::test]
async fn the_pages_server_sends_for_whoever_has_the_printed_address_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_child, ready) = start(folder.path(), &["--console-port", "0"]).await;
    let address = ready["console"].as_str().expect("an address");
    let (page, key) = address.split_once("/#key=").expect("a key behind the #");
    assert!(key.len() >= 32, "{address}");
    let status = async |key: &str| {
        let sync = Client::new().post(format!("{page}/api/sync")).bearer_auth(key).body("{}");
        answer(sync).await.0
    };
    let statuses = [status(key).await, status("").await, status("stack").await];
    assert_eq!(statuses, [200, 401, 401]);
    let another = tempfile::tempdir().expect("a folder");
    let (_child, ready) = start(another.path(), &["--console-port", "0"]).await;
    let anothers = ready["console"].as_str().and_then(|address| address.split_once("/#key="));
    assert_eq!(status(anothers.expect("a key").1).await, 401);
}

#[tokio::test]
async fn a_port_of_the_page_that_is_taken_is_told_before_anything_starts() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let child = queqiao(folder.path(), &["--console-port", &port]).spawn().expect("started");
    let output = end(child).await;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), b"".as_slice()), "{told}");
    assert!(told.contains(&format!("Port {port} is taken")), "{told}");
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

#[tokio::test]
async fn told_to_end_while_it_waits_for_wechat_it_ends_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    // It takes calls and answers none.
    let wechat = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", wechat.local_addr().expect("an address"));
    let child = queqiao(folder.path(), &["--wechat", &url]).spawn().expect("started");
    let called = tokio::time::timeout(Duration::from_secs(60), wechat.accept()).await;
    let _open = called.expect("a call in time").expect("a connection");
    terminate(&child).await;
    let output = tokio::time::timeout(Duration::from_secs(3), child.wait_with_output()).await;
    let output = output.expect("an end within seconds").expect("output");
    assert!(output.status.success() && output.status.signal().is_none(), "{:?}", output.status);
    assert_eq!(output.stdout, b"", "it was never ready");
    assert!(!folder.path().join("run.json").exists());
}
