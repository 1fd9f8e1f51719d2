//! The operator's verbs, as programs, against a stack that runs in this process.

mod answers;
mod catalog;
mod dead_letters;
mod doctor;
mod import;
mod lang;
mod mcp;
mod send;
mod templates;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use harness::World;
use local::Settings;
use serde_json::{Value, json};
use tokio::process::Command;

const SEND: &str = "/cgi-bin/message/template/send";

/// A stack that is found by its folder.
async fn world(folder: &Path) -> World {
    World::with(Settings { followers: 250, data: Some(folder.to_owned()), ..Settings::default() }).await
}

async fn queqiao(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_queqiao"));
    command.args(arguments).env_clear().kill_on_drop(true);
    if !arguments.contains(&"--gateway") {
        command.arg("--data").arg(folder);
    }
    command.output().await.expect("an end")
}

/// The same without a stack, and with these variables.
async fn alone(variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_queqiao"));
    command.args(arguments).env_clear().envs(variables.iter().copied()).kill_on_drop(true);
    command.output().await.expect("an end")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a verb prints that does what it is to do.
async fn prints(folder: &Path, arguments: &[&str]) -> String {
    let output = queqiao(folder, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout).trim_end().to_owned()
}

/// What a verb tells that does not.
async fn refusal(folder: &Path, arguments: &[&str]) -> String {
    let output = queqiao(folder, arguments).await;
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", text(&output.stdout));
    text(&output.stderr)
}

#[tokio::test]
async fn a_key_may_what_its_scopes_say_until_it_is_revoked() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path()).await;
    let key = prints(folder.path(), &["keys", "create", "auditor", "--scope", "read"]).await;
    assert!(key.starts_with("qk_"), "{key}");
    world.get("/send/none", &key).await.problem(404, "not_found");
    world.send_as(&key, "approval_submitted", &json!([{ "openid": "o1" }])).await.problem(403, "forbidden");
    world.post("/sync", &key, &Value::Null).await.problem(403, "forbidden");
    let listed = prints(folder.path(), &["keys", "list", "--json"]).await;
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let mut names: Vec<_> = listed.as_array().expect("keys").iter().map(|key| key["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, [Some("auditor"), Some("local")]);
    assert!(!listed.to_string().contains(&key), "the key itself is nowhere");
    prints(folder.path(), &["keys", "revoke", "auditor"]).await;
    world.get("/send/none", &key).await.problem(401, "unauthorized");
    let told = refusal(folder.path(), &["keys", "revoke", "auditor"]).await;
    assert!(told.contains("no such key"), "{told}");
}

#[tokio::test]
async fn sync_status_and_replay_do_what_the_routes_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path()).await;
    let synced = prints(folder.path(), &["sync"]).await;
    assert_eq!(synced, "done: 250 listed, 0 known, 250 new, 0 removed, 0 without a unionid, 0 not looked up");

    world.fault(json!({ "endpoint": SEND, "errcode": 45168, "user": 1 })).await;
    let to: Vec<_> = world.users(0, 150).await.iter().map(|u| json!({ "unionid": u.unionid })).collect();
    let sent = world.send(&json!(to)).await;
    let id = sent["id"].as_str().expect("an id");
    world.settled(id).await;
    let told = prints(folder.path(), &["status", id]).await;
    assert!(told.starts_with(&format!("{id} (approval_submitted): 149 sent, 1 failed")), "{told}");
    assert!(told.contains("template_restricted. errcode 45168"), "{told}");
    let pages = prints(folder.path(), &["status", id, "--all", "--json"]).await;
    let pages: Vec<Value> = pages.lines().map(|page| serde_json::from_str(page).expect("JSON")).collect();
    let shown: usize = pages.iter().map(|page| page["messages"].as_array().expect("messages").len()).sum();
    assert_eq!((pages.len(), shown), (2, 150));

    world.clear_faults().await;
    let replayed = prints(folder.path(), &["replay", id, "--n", "2", "--json"]).await;
    let replayed: Value = serde_json::from_str(&replayed).expect("JSON");
    assert_eq!(replayed, json!({ "id": id, "replayed": 1, "may_arrive_twice": 0, "unfit": 0 }));
    world.wait_for(id, |batch| batch["counts"] == json!({ "sent": 150 })).await;
    let told = refusal(folder.path(), &["replay", id, "--n", "2"]).await;
    assert!(told.contains("cannot be replayed"), "{told}");
}

#[tokio::test]
async fn a_user_is_forgotten_by_any_of_their_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path()).await;
    world.sync_until_done().await;
    let user = world.user(7).await;
    let told = prints(folder.path(), &["forget", "--oa-openid", &user.oa_openid]).await;
    assert!(told.starts_with("done: 1 rows of the map, 0 sessions, 0 accepts, 0 messages"), "{told}");
    let told = prints(folder.path(), &["forget", "--unionid", &user.unionid, "--json"]).await;
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!([&told["state"], &told["deleted"]["identities"]], [&json!("done"), &json!(0)]);
    let nobody = queqiao(folder.path(), &["forget"]).await;
    assert_eq!(nobody.status.code(), Some(2), "{}", text(&nobody.stdout));
}

#[tokio::test]
async fn a_doctor_that_finds_a_problem_says_what_to_do_and_is_no_success() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = Some(folder.path().to_owned());
    let world = World::with(Settings { followers: 250, callbacks: true, data, ..Settings::default() }).await;
    // WeChat has told something.
    world.user_does(300, "follow").await;
    world.callbacks_settled().await;
    let output = queqiao(folder.path(), &["doctor"]).await;
    let (told, why) = (text(&output.stdout), text(&output.stderr));
    assert_eq!((output.status.code(), why.trim()), (Some(1), "There is a problem."), "{told}");
    let lines: Vec<_> = told.lines().filter(|line| line.contains(" problem ")).collect();
    assert!(lines.len() == 1 && lines[0].trim_start().starts_with("sync"), "{told}");
    assert!(told.contains("`queqiao sync` brings the map up to date at once"), "{told}");
    world.sync_until_done().await;
    world.login(1).await;
    let told = prints(folder.path(), &["doctor", "--json"]).await;
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert!(told["checks"].as_array().expect("checks").iter().all(|check| check["state"] == "ok"), "{told}");
}

#[tokio::test]
async fn a_sync_that_is_stopped_is_told_and_is_no_success() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path()).await;
    world.fault(json!({ "endpoint": "/cgi-bin/user/get", "errcode": 48001 })).await;
    let told = refusal(folder.path(), &["sync"]).await;
    assert!(told.contains("errcode 48001"), "{told}");
}

#[tokio::test]
async fn where_a_stack_was_killed_its_address_is_believed_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path()).await;
    let run = folder.path().join("run.json");
    let mode = std::fs::metadata(&run).expect("a run file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let left_behind = std::fs::read(&run).expect("a run file");
    world.stop().await;
    assert!(!run.exists());
    std::fs::write(&run, left_behind).expect("written");
    let told = refusal(folder.path(), &["status", "x"]).await;
    assert!(told.contains("No local stack is running"), "{told}");
}

#[tokio::test]
async fn keys_are_never_anothers_than_those_of_the_place_that_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let _world = world(folder.path()).await;
    let output = queqiao(folder.path(), &["keys", "list", "--gateway", "http://127.0.0.1:1"]).await;
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
}

#[tokio::test]
async fn a_verb_without_a_stack_says_how_to_get_one() {
    let folder = tempfile::tempdir().expect("a folder");
    for verb in [["status", "x"], ["keys", "list"], ["replay", "x"], ["catalog", "show"]] {
        let told = refusal(folder.path(), &verb).await;
        assert!(told.contains("No local stack is running") && told.contains("queqiao local"), "{told}");
    }
    let told =
        refusal(folder.path(), &["status", "x", "--gateway", "http://127.0.0.1:1", "--key", "k"]).await;
    assert!(told.contains("http://127.0.0.1:1 does not answer"), "{told}");
}
