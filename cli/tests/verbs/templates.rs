//! `queqiao catalog check`, `push` and `pull`: a catalog beside the templates that the accounts have.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use simulator::{SUBSCRIBE_SHIPPED_ID, TEMPLATE_COPIED_ID, TEMPLATE_ID, TEMPLATE_TICKET_ID};

use super::{World, prints, queqiao, refusal, text, world};

/// Two fields are wrong, and its template is another one's.
const WRONG: &str = "fields = { thing1 = \"{a}\", thing2 = \"{b}\", time3 = \"{c}\", thing9 = \"{d}\", character_string5 = \"{e}\" }\n";

async fn listed(folder: &Path) -> World {
    let world = world(folder).await;
    world.sync_until_done().await;
    world
}

fn file(folder: &Path, text: &str) -> String {
    let file = folder.join("mine.toml");
    fs::write(&file, text).expect("a catalog");
    file.to_str().expect("a path").to_owned()
}

#[tokio::test]
async fn what_wechat_would_refuse_is_told_and_not_pushed_unless_it_is_forced() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = listed(folder.path()).await;
    let file = file(
        folder.path(),
        &format!("[a]\ntemplate_id = \"{TEMPLATE_ID}\"\n{WRONG}[b]\ntemplate_id = \"gone\"\n{WRONG}"),
    );
    for verb in ["check", "push"] {
        let told = refusal(folder.path(), &["catalog", verb, &file]).await;
        for problem in ["[a] thing9: unknown_field. ", "[a] thing4: empty_field. ", "[b] unknown_template. "]
        {
            assert!(told.contains(&format!("{file}: {problem}")), "{verb}: {told}");
        }
    }
    let shown = prints(folder.path(), &["catalog", "show", "--json"]).await;
    assert!(shown.contains(r#""in_force":0"#), "{shown}");
    let mut alone = tokio::process::Command::new(env!("CARGO_BIN_EXE_queqiao"));
    alone.args(["catalog", "check", &file]).env_clear().current_dir(folder.path());
    let alone = alone.output().await.expect("an end");
    assert!(alone.status.success(), "no place is named, none is asked: {}", text(&alone.stderr));
    let forced = queqiao(folder.path(), &["catalog", "push", &file, "--force"]).await;
    assert!(forced.status.success() && text(&forced.stderr).contains("thing9: unknown_field"), "{forced:?}");
    world.get("/doctor", &world.service_key).await.ok(200);
    let shown = prints(folder.path(), &["catalog", "show", "--json"]).await;
    assert!(shown.contains(r#""in_force":1"#), "{shown}");
}

#[tokio::test]
async fn where_nothing_was_listed_yet_nothing_is_refused_and_that_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let _world = world(folder.path()).await;
    let file = file(folder.path(), &format!("[b]\ntemplate_id = \"gone\"\n{WRONG}"));
    for verb in ["check", "push"] {
        let output = queqiao(folder.path(), &["catalog", verb, &file]).await;
        let told = text(&output.stderr);
        assert!(output.status.success() && told.contains("were not listed yet"), "{verb}: {told}");
    }
    let told = refusal(folder.path(), &["catalog", "pull", TEMPLATE_ID]).await;
    assert!(told.contains("were not listed yet") && told.contains("queqiao sync"), "{told}");
}

/// An entry for each of the account's templates passes the check, and sends when it is filled.
#[tokio::test]
async fn an_entry_that_was_pulled_passes_the_check_and_sends() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = listed(folder.path()).await;
    for (template_id, data) in [
        (TEMPLATE_TICKET_ID, json!({ "const3": "报修", "thing1": "空调漏水", "time4": "2026-03-01 09:30" })),
        (
            TEMPLATE_COPIED_ID,
            json!({ "thing1": "张三", "thing2": "请假", "time3": "09:30", "thing4": "年假", "character_string5": "A-42" }),
        ),
    ] {
        let entry = prints(folder.path(), &["catalog", "pull", template_id, "--as", "pulled"]).await;
        let file = file(folder.path(), &format!("{entry}\n"));
        prints(folder.path(), &["catalog", "check", &file]).await;
        prints(folder.path(), &["catalog", "push", &file]).await;
        world.advance(61).await;
        let to = json!([{ "oa_openid": world.user(1).await.oa_openid }]);
        let call = json!({ "notification": "pulled", "to": to, "data": data });
        let sent = world.post("/send", &world.service_key, &call).await.ok(202);
        assert_eq!(world.outcome(sent["id"].as_str().expect("an id")).await["state"], "sent");
        let card = &world.messages_of(1).await[0];
        assert_eq!((&card["template_id"], &card["data"]["thing1"]), (&json!(template_id), &data["thing1"]));
    }
    let named = prints(folder.path(), &["catalog", "pull", TEMPLATE_TICKET_ID]).await;
    assert!(
        named.contains("[\"工单提醒\"]") && named.contains("# 工单类型; one of the values approved"),
        "{named}"
    );
    let told = refusal(folder.path(), &["catalog", "pull", "gone"]).await;
    assert!(told.contains("Neither account has a template of this id"), "{told}");
}

#[tokio::test]
async fn a_template_of_the_mini_program_is_pulled_as_the_fallback_of_an_entry() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = listed(folder.path()).await;
    let entry = prints(folder.path(), &["catalog", "pull", TEMPLATE_COPIED_ID, "--as", "order"]).await;
    let fallback = prints(folder.path(), &["catalog", "pull", SUBSCRIBE_SHIPPED_ID, "--as", "order"]).await;
    assert!(fallback.contains("# 配送方式; one of: 快递, 同城配送, 自提"), "{fallback}");
    let file = file(folder.path(), &format!("{entry}\n{fallback}\n"));
    prints(folder.path(), &["catalog", "push", &file]).await;
    world.advance(61).await;
    let session = world.login(300).await;
    let results = world.accept(300, &[SUBSCRIBE_SHIPPED_ID]).await;
    world.post("/subscriptions", &session.token, &json!({ "results": results })).await.ok(200);
    let data = json!({
        "thing1": "张三", "thing2": "茶具", "time3": "09:30", "thing4": "年假", "character_string5": "A-42",
        "character_string1": "QJ-7", "enum_string4": "自提",
    });
    let to = json!([{ "openid": world.user(300).await.openid }]);
    let call = json!({ "notification": "order", "to": to, "data": data });
    let sent = world.post("/send", &world.service_key, &call).await.ok(202);
    assert_eq!(sent["rejected"], json!([]), "{sent}");
    assert_eq!(world.outcome(sent["id"].as_str().expect("an id")).await["state"], "sent");
    let cards: Vec<Value> = world.subscribe_messages_of(300).await;
    assert_eq!(cards[0]["data"]["enum_string4"], "自提");
}

#[tokio::test]
async fn the_catalog_is_shown_beside_the_templates_and_what_does_not_fit() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path()).await;
    let before = queqiao(folder.path(), &["templates"]).await;
    let told = text(&before.stdout);
    assert!(told.contains("not known") && text(&before.stderr).contains("were not listed yet"), "{told}");
    world.sync_until_done().await;
    let told = prints(folder.path(), &["templates"]).await;
    let rows: Vec<_> = told.lines().filter(|line| line.contains("approval_submitted")).collect();
    assert!(rows.len() == 2 && rows.iter().all(|row| row.contains(" yes")), "{told}");
    assert!(told.contains("工单提醒") && told.contains(TEMPLATE_TICKET_ID), "what is not used: {told}");
    let file = file(folder.path(), &format!("[a]\ntemplate_id = \"{TEMPLATE_ID}\"\n{WRONG}"));
    prints(folder.path(), &["catalog", "push", &file, "--force"]).await;
    world.advance(61).await;
    let told = prints(folder.path(), &["templates"]).await;
    assert!(told.contains("thing9: unknown_field. ") && told.contains("thing4: empty_field. "), "{told}");
    let told = prints(folder.path(), &["templates", "--lang", "zh"]).await;
    assert!(told.contains("是否相符") && told.contains("微信会悄悄丢掉它"), "{told}");
    let told = prints(folder.path(), &["templates", "--json"]).await;
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["entries"][0]["notification"], "a");
}
