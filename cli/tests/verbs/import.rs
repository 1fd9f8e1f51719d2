//! `queqiao import`: who was a user before Queqiao came is reached without another login.

use std::fs;
use std::path::Path;

use harness::User;
use serde_json::{Value, json};

use super::{prints, queqiao, refusal, text, world};

/// Writes the file; gives its path.
fn file(folder: &Path, text: &str) -> String {
    let file = folder.join("users");
    fs::write(&file, text).expect("a file");
    file.to_str().expect("a path").to_owned()
}

fn csv(users: &[User]) -> String {
    let lines: Vec<_> = users.iter().map(|user| format!("{},{}\n", user.openid, user.unionid)).collect();
    format!("openid,unionid\n{}", lines.concat())
}

#[tokio::test]
async fn who_is_imported_is_reached_without_a_login() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path()).await;
    world.sync_until_done().await;
    let users = world.users(0, 200).await;
    let to = json!([{ "openid": users[7].openid }]);
    assert_eq!(world.send(&to).await["rejected"][0]["reason"], "never_logged_in");

    let file = file(folder.path(), &csv(&users));
    let told = prints(folder.path(), &["import", &file, "--dry-run"]).await;
    assert_eq!(told, "200 would be written, 0 unchanged, 0 differ, 0 bad lines");
    assert_eq!(world.send(&to).await["rejected"][0]["reason"], "never_logged_in");
    let told = prints(folder.path(), &["import", &file]).await;
    assert_eq!(told, "200 written, 0 unchanged, 0 differ, 0 bad lines");
    let id = world.send_to(&to[0]).await;
    assert_eq!(world.outcome(&id).await["state"], "sent");
    let told = prints(folder.path(), &["import", &file, "--json"]).await;
    assert_eq!(told, r#"{"written":0,"corrected":0,"unchanged":200,"differs":0,"bad_lines":0}"#);
}

#[tokio::test]
async fn what_a_login_wrote_stays_and_what_differs_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path()).await;
    world.sync_until_done().await;
    let users = world.users(0, 4).await;
    world.login(0).await;
    world.login(1).await;
    // Who has no unionid for a login is not unknown, and gets one.
    world.user_does(2, "hide-unionid").await;
    world.login(2).await;
    let lines = [
        "openid,unionid".to_owned(),
        format!("{},{}", users[0].openid, users[0].unionid),
        format!("{},uAnother", users[1].openid),
        format!("oAnother,{}", users[1].unionid),
        format!("{},{}", users[2].openid, users[2].unionid),
        "oBad".to_owned(),
    ];
    let file = file(folder.path(), &lines.join("\n"));
    let output = queqiao(folder.path(), &["import", &file]).await;
    assert_eq!(output.status.code(), Some(3), "a line was left out");
    assert_eq!(text(&output.stdout), "1 written, 1 unchanged, 2 differ, 1 bad lines\n");
    let told = text(&output.stderr);
    for line in [":3: differs", ":4: differs", ":6: has 1 values"] {
        assert!(told.contains(&format!("{file}{line}")), "{told}");
    }
    for user in &users[..3] {
        let id = world.send_to(&json!({ "openid": user.openid })).await;
        assert_eq!(world.outcome(&id).await["state"], "sent");
    }
    let other = world.send(&json!([{ "openid": "oAnother" }])).await;
    assert_eq!(other["rejected"][0]["reason"], "never_logged_in");
}

#[tokio::test]
async fn a_login_outdoes_what_was_imported() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path()).await;
    world.sync_until_done().await;
    let user = world.user(3).await;
    let line = json!({ "openid": user.openid, "unionid": "uOfLongAgo" });
    let file = file(folder.path(), &line.to_string());
    prints(folder.path(), &["import", &file]).await;
    let told = world.send(&json!([{ "openid": user.openid }])).await;
    assert_eq!(told["rejected"][0]["reason"], "not_subscribed");
    assert_eq!(world.login(3).await.answer["following"], true);
    let id = world.send_to(&json!({ "openid": user.openid })).await;
    assert_eq!(world.outcome(&id).await["state"], "sent");
}

#[tokio::test]
async fn a_file_that_is_none_writes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let _world = world(folder.path()).await;
    let told = refusal(folder.path(), &["import", "/nowhere"]).await;
    assert!(told.contains("/nowhere cannot be read"), "{told}");
    let file = file(folder.path(), &"o1,u1\n".repeat(1000));
    let output = queqiao(folder.path(), &["import", &file, "--json"]).await;
    assert_eq!(output.status.code(), Some(1));
    let counts: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(counts, json!({ "written": 0, "corrected": 0, "unchanged": 0, "differs": 0, "bad_lines": 1 }));
}
