//! `queqiao catalog`: what is in force is changed without a deploy.

use std::fs;
use std::path::{Path, PathBuf};

use local::Settings;
use serde_json::{Value, json};
use shared::store::{self, State};

use super::{World, prints, queqiao, refusal, text, world};

/// A catalog of one entry, which says `thing1` in what it sends.
fn catalog(thing1: &str) -> String {
    format!(
        "# Ours.\n[approval]\ntemplate_id = \"{}\"\n[approval.fields]\n\tthing1 = \"{thing1}\"\n\
         thing2 = \"{{kind}}\"\ntime3 = \"{{submitted_at}}\"\nthing4 = \"{{content}}\"\n\
         character_string5 = \"{{id}}\"\n",
        simulator::TEMPLATE_ID
    )
}

/// Such a file, beside the stack.
fn file(folder: &Path, text: &str) -> PathBuf {
    let file = folder.join("mine.toml");
    fs::write(&file, text).expect("a catalog");
    file
}

async fn push(folder: &Path, text: &str, more: &[&str]) -> String {
    let file = file(folder, text);
    let mut arguments = vec!["catalog", "push", file.to_str().expect("a path")];
    arguments.extend(more);
    prints(folder, &arguments).await
}

/// What a user is shown as `thing1` whom a service writes to now.
async fn thing1(world: &World) -> Value {
    let to = json!([{ "oa_openid": world.user(1).await.oa_openid }]);
    let sent = world.send_as(&world.service_key, "approval", &to).await.ok(202);
    world.settled(sent["id"].as_str().expect("an id")).await;
    world.messages_of(1).await[0]["data"]["thing1"].clone()
}

#[tokio::test]
async fn what_is_pushed_is_sent_a_minute_later_and_a_rollback_takes_it_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path()).await;
    let nothing = queqiao(folder.path(), &["catalog", "show"]).await;
    assert!(
        nothing.status.success() && text(&nothing.stdout).contains("[approval_submitted]"),
        "as it was built in"
    );
    assert!(text(&nothing.stderr).contains("No catalog was ever pushed"), "{}", text(&nothing.stderr));
    let told = push(folder.path(), &catalog("one"), &[]).await;
    assert_eq!(told, "Version 1 is in force within a minute: 1 notifications.");
    assert_eq!(thing1(&world).await, "one");
    push(folder.path(), &catalog("two"), &["--onto", "1"]).await;
    assert_eq!(thing1(&world).await, "one", "it is remembered for a minute");
    world.advance(61).await;
    assert_eq!(thing1(&world).await, "two");

    let told = prints(folder.path(), &["catalog", "rollback"]).await;
    assert_eq!(told, "Version 3 is in force within a minute: it is version 1 again.");
    world.advance(61).await;
    assert_eq!(thing1(&world).await, "one");
    let shown = queqiao(folder.path(), &["catalog", "show"]).await;
    assert_eq!(text(&shown.stdout), catalog("one"), "byte by byte");
    let versions = text(&shown.stderr);
    let versions: Vec<_> = versions.lines().collect();
    assert_eq!(versions.len(), 3, "{versions:?}");
    assert!(versions[0].starts_with("version 3, pushed 2030-01-07 02:0"), "{versions:?}");
    assert!(versions[0].ends_with("version 1 again, in force"), "{versions:?}");
    assert_eq!(prints(folder.path(), &["catalog", "show", "2"]).await, catalog("two").trim_end());
}

#[tokio::test]
async fn a_check_says_when_there_was_nothing_to_compare_with_and_names_lines_in_chinese_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let _world = world(folder.path()).await;
    let good = file(folder.path(), &catalog("one"));
    let told = prints(folder.path(), &["catalog", "check", good.to_str().expect("a path")]).await;
    assert!(told.ends_with("nothing wrong in the file; not compared with templates."), "{told}");
    let bad = file(folder.path(), "[approval]\ntemplate_id = \"x\"\nkepe = \"1h\"\nfields.thing1 = \"\"\n");
    let bad = bad.to_str().expect("a path");
    let told = refusal(folder.path(), &["--lang", "zh", "catalog", "check", bad]).await;
    assert!(
        told.lines().count() > 1 && told.lines().all(|line| line.starts_with(&format!("{bad}:"))),
        "{told}"
    );
}

#[tokio::test]
async fn a_rollback_after_a_rollback_goes_further_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let _world = world(folder.path()).await;
    for text in ["one", "two", "three"] {
        push(folder.path(), &catalog(text), &[]).await;
    }
    for (version, again) in [(4, 2), (5, 1)] {
        let told = prints(folder.path(), &["catalog", "rollback"]).await;
        assert_eq!(
            told,
            format!("Version {version} is in force within a minute: it is version {again} again.")
        );
    }
    let told = refusal(folder.path(), &["catalog", "rollback"]).await;
    assert!(told.contains("Version 0 is not kept"), "{told}");
}

#[tokio::test]
async fn whoever_pushes_onto_anothers_version_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let _world = world(folder.path()).await;
    let told = refusal(folder.path(), &["catalog", "rollback"]).await;
    assert!(told.contains("never pushed") || told.contains("ever pushed"), "{told}");
    for n in 1..=12 {
        push(folder.path(), &catalog(&n.to_string()), &[]).await;
    }
    let told = push(folder.path(), &catalog("12"), &[]).await;
    assert_eq!(told, "Version 12 is in force, and is the same.");
    let mine = file(folder.path(), &catalog("mine"));
    let told =
        refusal(folder.path(), &["catalog", "push", mine.to_str().expect("a path"), "--onto", "11"]).await;
    assert!(told.contains("Version 12 is in force, not 11"), "{told}");
    for gone in ["0", "2", "13"] {
        let told = refusal(folder.path(), &["catalog", "rollback", gone]).await;
        assert!(told.contains(&format!("Version {gone} is not kept")), "{told}");
    }
    let told = refusal(folder.path(), &["catalog", "rollback", "12"]).await;
    assert!(told.contains("in force already"), "{told}");
    let shown = prints(folder.path(), &["catalog", "show", "--json"]).await;
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!((&shown["version"], &shown["text"]), (&json!(12), &json!(catalog("12"))));
    let versions = shown["versions"].as_array().expect("versions");
    assert_eq!((versions.len(), &versions[9]["version"]), (10, &json!(3)));
    prints(folder.path(), &["catalog", "rollback", "3"]).await;
}

#[tokio::test]
async fn a_file_with_mistakes_is_not_pushed_and_each_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let _world = world(folder.path()).await;
    let wrong = "[approval]\ntemplate_id = \"x\"\nkepe = \"1h\"\n[approval.fields]\nthing1 = \"\"\n[copy]\n";
    let file = file(folder.path(), wrong);
    let name = file.to_str().expect("a path");
    for verb in ["check", "push"] {
        let mut output = tokio::process::Command::new(env!("CARGO_BIN_EXE_queqiao"));
        output.args(["catalog", verb, name]).env_clear().current_dir(folder.path());
        let output = output.output().await.expect("an end");
        assert_eq!(output.status.code(), Some(1));
        let told = text(&output.stderr);
        for problem in [
            ":3: [approval] kepe is none of an entry's keys\n",
            ":5: [approval] thing1 may not be empty\n",
            ":6: [copy] has no template_id\n",
            ":6: [copy] has no fields\n",
        ] {
            assert!(told.contains(&format!("{name}{problem}")), "{told}");
        }
        assert_eq!(told.lines().count(), 4, "{told}");
    }
    fs::write(&file, format!("# {}\n{}", "x".repeat(400 * 1024), catalog("one"))).expect("a catalog");
    let told = refusal(folder.path(), &["catalog", "push", name]).await;
    assert!(told.contains("one item of DynamoDB"), "{told}");
    let shown = prints(folder.path(), &["catalog", "show", "--json"]).await;
    assert!(shown.ends_with(r#""version":0,"versions":[]}"#) && shown.contains(r#""in_force":0"#), "{shown}");
    fs::write(&file, "# all out\n").expect("a catalog");
    let told = refusal(folder.path(), &["catalog", "push", name]).await;
    assert!(told.contains("has no notification"), "{told}");
}

#[tokio::test]
async fn nothing_that_was_taken_back_comes_back_by_a_rollback() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path()).await;
    push(folder.path(), &catalog("one"), &[]).await;
    push(folder.path(), &catalog("two"), &[]).await;
    for taken_back in ["bad", "worse"] {
        push(folder.path(), &catalog(taken_back), &[]).await;
        let told = prints(folder.path(), &["catalog", "rollback"]).await;
        assert!(told.ends_with("it is version 2 again."), "{told}");
    }
    let told = prints(folder.path(), &["catalog", "rollback"]).await;
    assert!(told.ends_with("it is version 1 again."), "{told}");
    world.advance(61).await;
    assert_eq!(thing1(&world).await, "one");
}

#[tokio::test]
async fn a_rollback_to_what_this_release_cannot_read_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path()).await;
    let config = world.stack().config();
    let state = State::new(&config, store::client(&config).expect("tables")).expect("a table of states");
    assert!(state.push_catalog(0, "[approval]\ntemplate_id = 1\n", None).await.expect("pushed"));
    push(folder.path(), &catalog("one"), &[]).await;
    let told = refusal(folder.path(), &["catalog", "rollback"]).await;
    assert!(told.contains("Version 1 cannot be read by this release"), "{told}");
    assert_eq!(state.catalog_version().await.expect("a version"), 2);
}

#[tokio::test]
async fn the_largest_catalog_is_an_item_that_dynamodb_takes() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path()).await;
    let entry = catalog("one");
    let comment = "x".repeat(shared::store::LARGEST_CATALOG - entry.len() - 3);
    push(folder.path(), &format!("# {comment}\n{entry}"), &[]).await;
    assert_eq!(thing1(&world).await, "one");
}

#[tokio::test]
async fn a_stack_that_goes_by_a_file_takes_no_other_catalog() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = file(folder.path(), &catalog("one"));
    let settings =
        Settings { data: Some(folder.path().to_owned()), catalog: Some(file), ..Settings::default() };
    let world = World::with(Settings { followers: 5, ..settings }).await;
    assert_eq!(thing1(&world).await, "one");
    let told = refusal(folder.path(), &["catalog", "show"]).await;
    assert!(told.contains("started with --catalog"), "{told}");
}
