//! `queqiao doctor`: what it finds from inside and from outside, in both languages.

use serde_json::{Value, json};

use super::{alone, queqiao, text, world};

#[tokio::test]
async fn what_is_wrong_is_told_with_what_to_do_in_both_languages() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path()).await;
    world.console(&json!({ "whitelist": "all", "whitelisted": [] })).await;
    for (lang, words) in [
        ("en", ["add the IP 127.0.0.1", "The callback's URL is answered", "problems."]),
        ("zh", ["把 IP 127.0.0.1", "回调地址可以访问，函数有响应", "个问题。"]),
    ] {
        let output = queqiao(folder.path(), &["doctor", "--lang", lang]).await;
        assert_eq!(output.status.code(), Some(1));
        let told = text(&output.stdout) + &text(&output.stderr);
        // A table breaks no line where nobody watches.
        assert!(words.iter().all(|words| told.contains(words)), "{told}");
    }
    let output = queqiao(folder.path(), &["doctor", "--json"]).await;
    let told: Value = serde_json::from_str(&text(&output.stdout)).expect("one line of JSON");
    let checks: Vec<_> = told["checks"].as_array().expect("checks").iter().collect();
    let state = |name: &str| checks.iter().find(|one| one["check"] == name).map(|one| &one["state"]);
    assert_eq!(state("callback_url"), Some(&json!("ok")), "{told}");
    assert_eq!(state("quota"), Some(&json!("problem")), "{told}");
    // The simulated WeChat and its stack go by another time than this machine.
    assert!(state("local_clock").is_some(), "{told}");
}

#[tokio::test]
async fn where_nobody_answers_it_says_so() {
    let output = alone(&[], &["doctor", "--gateway", "http://127.0.0.1:1", "--key", "qk_x", "--json"]).await;
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_str(&text(&output.stdout)).expect("one line of JSON");
    let checks = told["checks"].as_array().expect("checks");
    assert!(!checks.is_empty() && checks.iter().all(|one| one["state"] == "problem"), "{told}");
}
