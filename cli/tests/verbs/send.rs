//! `queqiao send`: to whoever is named or stands in a file, and nobody twice.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use local::RunFile;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{SEND, World, prints, queqiao, refusal, text, world};

/// What all of them have in common.
const COMMON: [&str; 8] = [
    "--set",
    "kind=年假",
    "--set",
    "submitted_at=2026-11-22 09:30",
    "--set",
    "content=回家探亲",
    "--set",
    "id=A-42",
];

/// `queqiao send approval_submitted` with the common data and more.
fn call<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["send", "approval_submitted"], &COMMON[..], more].concat()
}

fn file(folder: &Path, text: &str) -> String {
    let file = folder.join("users.csv");
    fs::write(&file, text).expect("a file");
    file.to_str().expect("a path").to_owned()
}

async fn synced(folder: &Path) -> World {
    let world = world(folder).await;
    world.sync_until_done().await;
    world
}

#[tokio::test]
async fn each_in_the_file_gets_what_is_theirs_and_who_gets_nothing_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = synced(folder.path()).await;
    let users = world.users(0, 3).await;
    let lines = [
        "\u{feff}unionid,applicant,content".to_owned(),
        format!("{},\"张三, 李四\",", users[0].unionid),
        String::new(),
        format!("{},王五,去医院", users[1].unionid),
        "uStranger,赵六,".to_owned(),
    ];
    let file = file(folder.path(), &lines.join("\r\n"));
    let by_name = format!("oa_openid:{}", users[2].oa_openid);
    let arguments = call(&["--csv", &file, "--to", &by_name, "--set", "applicant=陈七", "--json"]);
    let output = queqiao(folder.path(), &arguments).await;
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        [&told["batches"][0]["accepted"], &told["counts"]],
        [&json!(3), &json!({ "sent": 3 })],
        "{told}"
    );
    let expected = [("张三, 李四", "回家探亲"), ("王五", "去医院"), ("陈七", "回家探亲")];
    for (n, (applicant, content)) in (0..).zip(expected) {
        let card = &world.messages_of(n).await[0]["data"];
        assert_eq!([&card["thing1"], &card["thing4"]], [applicant, content]);
    }
    let told = queqiao(folder.path(), &call(&["--csv", &file, "--set", "applicant=x", "--lang", "zh"])).await;
    let printed = text(&told.stdout);
    assert!(printed.contains("受理 2 位，拒绝 1 位") && printed.contains("2 sent"), "{printed}");
    assert!(printed.contains("uStranger") && printed.contains("请用户关注公众号"), "{printed}");
}

#[tokio::test]
async fn where_a_line_is_wrong_nothing_is_sent_unless_it_is_to_be_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = synced(folder.path()).await;
    let unionid = world.user(1).await.unionid;
    let file = file(folder.path(), &format!("unionid,applicant\n{unionid},张三\n{unionid},李四\n,王五\n"));
    let told = refusal(folder.path(), &call(&["--csv", &file])).await;
    for line in
        [":3: names the recipient of line 2 again", ":4: has no unionid", "Wrong lines: 2. Nothing was sent"]
    {
        assert!(told.contains(line), "{told}");
    }
    assert_eq!(world.deliveries().await.len(), 0);
    let output = queqiao(folder.path(), &call(&["--csv", &file, "--skip-bad"])).await;
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert_eq!(world.messages_of(1).await.len(), 1);
    let told = refusal(folder.path(), &call(&["--csv", "/nowhere.csv"])).await;
    assert!(told.contains("/nowhere.csv cannot be read"), "{told}");
}

#[tokio::test]
async fn a_dry_run_shows_each_card_and_sends_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = synced(folder.path()).await;
    let users = world.users(0, 2).await;
    let to = users.iter().map(|user| format!("unionid:{}", user.unionid)).collect::<Vec<_>>();
    let dry =
        ["--to", &to[0], "--to", &to[1], "--set", "applicant=张三", "--page", "pages/mine", "--dry-run"];
    let told = prints(folder.path(), &call(&dry)).await;
    for line in [
        &format!("2. {}, template message: ", users[1].unionid),
        "  2026-11-22 09:30",
        "  回家探亲",
        "→ pages/mine",
        "2 would get it, 0 would not. Nothing was sent.",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let some = [&dry[..], &["--to", "oStranger"]].concat();
    let output = queqiao(folder.path(), &call(&some)).await;
    let told = text(&output.stdout);
    assert!(
        output.status.code() == Some(3) && told.contains("oStranger would get nothing: never_logged_in"),
        "{told}"
    );
    let told =
        refusal(folder.path(), &call(&["--to", "oStranger", "--set", "applicant=x", "--dry-run"])).await;
    assert!(told.contains("Nobody would get anything"), "{told}");
    assert_eq!(world.deliveries().await.len(), 0);
}

#[tokio::test]
async fn who_does_not_get_it_is_told_with_the_reason_and_a_run_waits_no_longer_than_it_is_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = synced(folder.path()).await;
    let users = world.users(0, 2).await;
    let to = users.iter().map(|user| format!("unionid:{}", user.unionid)).collect::<Vec<_>>();
    let both = ["--to", &to[0], "--to", &to[1], "--set", "applicant=张三"];
    world.fault(json!({ "endpoint": SEND, "errcode": 45168, "user": 1 })).await;
    let output = queqiao(folder.path(), &call(&both)).await;
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(
        told.contains("1 sent, 1 failed") && told.contains("template_restricted. errcode 45168"),
        "{told}"
    );
    world.clear_faults().await;
    // It waits for a clock that nobody moves.
    world.fault(json!({ "endpoint": SEND, "errcode": 43117, "user": 1 })).await;
    let output = queqiao(folder.path(), &call(&[&both[..], &["--wait", "2"]].concat())).await;
    let (told, noted) = (text(&output.stdout), text(&output.stderr));
    assert!(told.contains("1 retrying") && told.contains("too_frequent"), "{told}");
    assert!(output.status.code() == Some(3) && noted.contains("queqiao status"), "{noted}");
    let output = queqiao(folder.path(), &call(&[&both[..], &["--no-wait", "--json"]].concat())).await;
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(
        output.status.success() && told["counts"].is_null() && told["batches"][0]["accepted"] == 2,
        "{told}"
    );
}

#[tokio::test]
async fn where_nobody_is_accepted_it_was_not_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let _world = world(folder.path()).await;
    let told = refusal(folder.path(), &call(&["--to", "oStranger", "--set", "applicant=x"])).await;
    assert!(told.contains("Nobody was accepted"), "{told}");
    let told = refusal(folder.path(), &["send", "no_such", "--to", "o1"]).await;
    assert!(told.contains("no such `notification`"), "{told}");
}

/// Hands on what is asked, and cuts the connection once it is answered.
async fn cutting(gateway: &str) -> (String, Arc<AtomicUsize>) {
    let upstream = gateway.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let cut = Arc::new(AtomicUsize::new(0));
    let counted = cut.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (upstream, cut) = (upstream.clone(), counted.clone());
            tokio::spawn(async move {
                let mut server = TcpStream::connect(upstream).await.expect("a gateway");
                let mut asked = vec![0; 64 * 1024];
                loop {
                    let mut answer = [0; 1];
                    tokio::select! {
                        read = client.read(&mut asked) => match read {
                            Ok(0) | Err(_) => return,
                            Ok(length) => server.write_all(&asked[..length]).await.expect("handed on"),
                        },
                        _ = server.read(&mut answer) => {
                            cut.fetch_add(1, Ordering::Relaxed);
                            return;
                        }
                    }
                }
            });
        }
    });
    (address, cut)
}

#[tokio::test]
async fn a_run_that_broke_off_goes_on_by_its_key_and_sends_nobody_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = synced(folder.path()).await;
    let run = RunFile::read(folder.path()).expect("a run file");
    let (gateway, cut) = cutting(&run.gateway).await;
    let to = format!("unionid:{}", world.user(1).await.unionid);
    let own = ["--to", &to, "--set", "applicant=张三"];
    let broken = call(&[&own[..], &["--gateway", &gateway, "--key", &run.service_key]].concat());
    let output = queqiao(folder.path(), &broken).await;
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{told}");
    assert_eq!(cut.load(Ordering::Relaxed), 5, "the call is made again");
    let key = told.split("--idempotency-key ").nth(1).and_then(|rest| rest.split(' ').next());
    let key = key.expect("the key is printed").trim_end_matches(',');
    assert!(told.lines().last().is_some_and(|line| line.contains("within 24 hours")), "{told}");

    let again = call(&[&own[..], &["--idempotency-key", key]].concat());
    prints(folder.path(), &again).await;
    prints(folder.path(), &again).await;
    assert_eq!(world.messages_of(1).await.len(), 1, "five cut calls and two whole ones");
    let other = [&again[..], &["--to", "oStranger"]].concat();
    let told = refusal(folder.path(), &other).await;
    assert!(told.contains("another body"), "{told}");
    world.advance(61).await;
    prints(folder.path(), &call(&own)).await;
    assert_eq!(world.messages_of(1).await.len(), 2, "without the key it is meant anew");
}

#[tokio::test]
async fn where_nobody_is_there_it_was_not_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let to = call(&["--to", "o1", "--gateway", "http://127.0.0.1:1", "--key", "k"]);
    let told = refusal(folder.path(), &to).await;
    assert!(told.contains("http://127.0.0.1:1 does not answer"), "{told}");
}

#[tokio::test]
async fn nobody_is_named_twice_on_the_command_line_and_in_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = synced(folder.path()).await;
    let user = world.user(0).await;
    let lines = format!("oa_openid,applicant\n{},张三\n", user.oa_openid);
    let file = file(folder.path(), &lines);
    let named = format!("oa_openid:{}", user.oa_openid);
    for twice in [&["--csv", &file, "--to", &named][..], &["--to", &named, "--to", &named]] {
        let told = refusal(folder.path(), &call(&[twice, &["--set", "applicant=李四"]].concat())).await;
        assert!(told.contains("--to again") || told.contains("twice"), "{told}");
    }
    let told = refusal(folder.path(), &call(&["--to", "o1", "--set", "kind=事假"])).await;
    assert!(told.contains("--set names kind twice"), "{told}");
    assert_eq!(world.deliveries().await.len(), 0);
}

#[tokio::test]
async fn a_quote_that_swallows_lines_or_another_encoding_stops_all_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = synced(folder.path()).await;
    let users = world.users(0, 3).await;
    let [a, b, c] = [0, 1, 2].map(|n| users[n].oa_openid.clone());
    let swallowing = format!("oa_openid,note\n{a},\"vip\n{b},\n{c},\"tall\n");
    let in_gbk = [format!("oa_openid,applicant\n{a},").as_bytes(), b"\xc3\xab\n", b"o9,\xc0\xee\n"].concat();
    for bytes in [swallowing.into_bytes(), in_gbk] {
        let path = folder.path().join("users.csv");
        fs::write(&path, bytes).expect("a file");
        let file = path.to_str().expect("a path");
        let arguments = call(&["--csv", file, "--set", "applicant=x", "--skip-bad"]);
        let told = refusal(folder.path(), &arguments).await;
        assert!(told.contains("has a quote") || told.contains("is no UTF-8"), "{told}");
    }
    assert_eq!(world.deliveries().await.len(), 0);
}

#[tokio::test]
async fn a_run_that_is_continued_with_other_recipients_is_not_told_to_begin_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = synced(folder.path()).await;
    let users = world.users(0, 2).await;
    let [one, other] = [0, 1].map(|n| format!("oa_openid:{}", users[n].oa_openid));
    let first = call(&["--to", &one, "--to", &other, "--set", "applicant=x", "--idempotency-key", "k"]);
    prints(folder.path(), &first).await;
    let edited = call(&["--to", &one, "--set", "applicant=x", "--idempotency-key", "k"]);
    let told = refusal(folder.path(), &edited).await;
    assert!(told.contains("put them back as they were") && told.contains("who have it"), "{told}");
    assert_eq!(world.deliveries().await.len(), 2);
}

#[tokio::test]
async fn what_is_parked_is_not_waited_for_and_a_reader_that_has_gone_changes_no_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = synced(folder.path()).await;
    world.console(&json!({ "removed_templates": [simulator::TEMPLATE_ID] })).await;
    let to = format!("oa_openid:{}", world.user(0).await.oa_openid);
    let began = std::time::Instant::now();
    let arguments = call(&["--to", &to, "--set", "applicant=x", "--wait", "40"]);
    let output = queqiao(folder.path(), &arguments).await;
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(began.elapsed().as_secs() < 30 && text(&output.stdout).contains("1 parked"), "{output:?}");
    assert!(text(&output.stderr).contains("batch "), "its id is told when it is accepted");
    let mut command = tokio::process::Command::new("sh");
    let line = "\"$0\" \"$@\" | true; exec 3>&1; { \"$0\" \"$@\"; echo $? >&3; } | true";
    let program = env!("CARGO_BIN_EXE_queqiao");
    let arguments = call(&["--to", &to, "--set", "applicant=x", "--no-wait", "--json", "--data"]);
    command
        .args(["-c", line, program])
        .args(arguments)
        .arg(folder.path())
        .env_clear()
        .env("PATH", "/bin:/usr/bin");
    let output = command.output().await.expect("an end");
    assert_eq!(text(&output.stdout).trim(), "0", "{}", text(&output.stderr));
}
