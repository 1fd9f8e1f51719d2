//! What is printed: that it leads on to the same stack, and what becomes of it where it cannot be.

use std::fs::File;
use std::path::Path;
use std::process::{Output, Stdio};

use local::RunFile;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;

use super::{SEND, World, alone, prints, queqiao, refusal, text, world};

/// The verb with a stdout that takes nothing.
async fn unprinted(folder: &Path, arguments: &[&str]) -> Output {
    let full = File::options().write(true).open("/dev/full").expect("a device that is full");
    let mut command = Command::new(env!("CARGO_BIN_EXE_queqiao"));
    command.args(arguments).arg("--data").arg(folder).env_clear().kill_on_drop(true);
    let child = command.stdout(full).stderr(Stdio::piped()).stdin(Stdio::null()).spawn().expect("started");
    child.wait_with_output().await.expect("an end")
}

/// A batch whose one message has failed.
async fn failed(world: &World) -> String {
    world.sync_until_done().await;
    world.fault(json!({ "endpoint": SEND, "errcode": 45168 })).await;
    let sent = world.send(&json!([{ "oa_openid": world.user(1).await.oa_openid }])).await;
    let id = sent["id"].as_str().expect("an id").to_owned();
    world.settled(&id).await;
    world.clear_faults().await;
    id
}

#[tokio::test]
async fn a_key_that_could_not_be_printed_is_revoked_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let _world = world(folder.path()).await;
    for more in [&[][..], &["--json"]] {
        let output = unprinted(folder.path(), &[&["keys", "create", "lost"], more].concat()).await;
        let told = text(&output.stderr);
        assert!(output.status.code() == Some(1) && told.contains("was revoked again"), "{told}");
    }
    let listed = prints(folder.path(), &["keys", "list", "--json"]).await;
    assert!(!listed.contains("lost"), "{listed}");
    let made = prints(folder.path(), &["keys", "create", "kept", "--days", "2", "--json"]).await;
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let at = |name: &str| made[name].as_i64().expect("an instant");
    assert_eq!(at("ends_at") - at("created_at"), 2 * 24 * 3600, "{made}");
    assert!(made["key"].as_str().is_some_and(|key| key.starts_with("qk_")), "{made}");
    let made = prints(folder.path(), &["keys", "create", "kept", "--json"]).await;
    let made: Value = serde_json::from_str(&made).expect("JSON");
    assert!(made["ends_at"].is_null() && made["created_at"].is_i64(), "{made}");
}

#[tokio::test]
async fn a_key_whose_table_does_not_answer_may_have_been_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let _world = world(folder.path()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let nobody = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let mut run = RunFile::read(folder.path()).expect("a run file");
    run.operator.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), nobody);
    run.write(folder.path()).expect("written");
    let output = queqiao(folder.path(), &["keys", "create", "backend"]).await;
    let told = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(4), ""), "{told}");
    let data = format!("--data {}", folder.path().display());
    assert!(told.contains("queqiao keys list") && told.contains(&data), "{told}");
}

#[tokio::test]
async fn what_was_done_stays_done_where_its_answer_cannot_be_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path()).await;
    let id = failed(&world).await;
    let user = world.user(2).await;
    for done in
        [&["replay", &id, "--json"][..], &["forget", "--openid", &user.openid, "--json"], &["sync", "--json"]]
    {
        let output = unprinted(folder.path(), done).await;
        let told = text(&output.stderr);
        assert!(output.status.success() && told.contains("could not be printed"), "{done:?}: {told}");
    }
}

#[tokio::test]
async fn what_is_suggested_leads_to_the_same_stack() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path()).await;
    let id = failed(&world).await;
    let told = prints(folder.path(), &["replay", &id]).await;
    assert!(told.contains(&format!("`queqiao status {id} --data {}`", folder.path().display())), "{told}");
}

#[tokio::test]
async fn a_verb_offers_the_options_that_it_has() {
    let folder = tempfile::tempdir().expect("a folder");
    for verb in [&["keys", "list"][..], &["catalog", "show"], &["dead-letters", "show"]] {
        let told = refusal(folder.path(), verb).await;
        assert!(told.contains("--data") && !told.contains("--gateway"), "{verb:?}: {told}");
    }
    let told = refusal(folder.path(), &["status", "x"]).await;
    assert!(told.contains("--gateway"), "{told}");
}

#[tokio::test]
async fn a_reader_that_has_gone_has_seen_enough() {
    let shell = |line: &str| {
        let mut command = Command::new("bash");
        let line = format!("set -o pipefail; {} {line}", env!("CARGO_BIN_EXE_queqiao"));
        command.args(["-c", &line]).kill_on_drop(true);
        command
    };
    let output = shell("completions bash | true").output().await.expect("an end");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let output = shell("mcp --gateway http://127.0.0.1:1 --key k </dev/null").output().await.expect("an end");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[tokio::test]
async fn help_is_a_verb_in_both_languages() {
    for (lang, usage) in [("en", "Usage: queqiao keys create"), ("zh", "用法：queqiao keys create")] {
        let output = alone(&[("QUEQIAO_LANG", lang)], &["help", "keys", "create"]).await;
        assert!(output.status.success() && text(&output.stdout).contains(usage), "{output:?}");
    }
}
