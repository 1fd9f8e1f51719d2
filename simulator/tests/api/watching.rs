//! The simulator in other people's tests: waiting for a message, emptying the phones, looking at what is in force.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use simulator::TEMPLATE_ID;

use crate::wechat::{SEND, Wechat, message};

#[tokio::test]
async fn a_message_is_found_by_its_user_its_text_and_its_time() {
    let wechat = Wechat::start().await;
    let token = wechat.token().await;
    for (user, id) in [(7, "b-1"), (8, "b-2")] {
        wechat.send(&token, &message(&wechat.oa_openid(user).await, id)).await;
        wechat.advance(10).await;
    }
    let now = wechat.get("/_sim/clock").await["now"].as_i64().unwrap();
    let ids = wechat.user(7).await;
    let [oa, mini, unionid] =
        ["oa_openid", "mini_openid", "unionid"].map(|id| ids[id].as_str().unwrap().to_owned());
    let first = wechat.get("/_sim/messages?user=7").await[0]["msgid"].clone();
    for (query, found) in [
        ("".to_owned(), vec![8, 7]),
        (format!("user={oa}"), vec![7]),
        (format!("user={mini}"), vec![7]),
        (format!("user={unionid}"), vec![7]),
        ("contains=年假&channel=template".to_owned(), vec![8, 7]),
        ("contains=pages/approval".to_owned(), vec![8, 7]),
        ("contains=nowhere".to_owned(), vec![]),
        ("channel=subscribe".to_owned(), vec![]),
        (format!("since={}", now - 15), vec![8]),
        (format!("after={first}"), vec![8]),
        ("n=1".to_owned(), vec![8]),
    ] {
        let messages = wechat.get(&format!("/_sim/messages?{query}")).await;
        let users: Vec<_> =
            messages.as_array().unwrap().iter().map(|one| one["user"].as_i64().unwrap()).collect();
        assert_eq!(users, found, "{query}");
    }
    wechat.is_refused(Method::GET, "/_sim/messages?user=nobody", StatusCode::NOT_FOUND).await;
    wechat.is_refused(Method::GET, "/_sim/messages?wait=61s", StatusCode::BAD_REQUEST).await;
}

#[tokio::test]
async fn a_message_is_shown_with_its_title_and_its_lines_in_their_order() {
    let wechat = Wechat::start().await;
    let token = wechat.token().await;
    wechat.send(&token, &message(&wechat.oa_openid(7).await, "b-1")).await;
    let shown = &wechat.inbox().await[0];
    assert_eq!(
        (&shown["title"], &shown["receipt"]),
        (&json!("审批提交通知"), &Value::Null),
        "nobody was to be told"
    );
    assert_eq!(shown["id"], shown["msgid"].to_string());
    assert_eq!(shown["lines"][0], json!({ "label": "申请人", "field": "thing1", "value": "王小明" }));
    let fields: Vec<_> =
        shown["lines"].as_array().unwrap().iter().map(|line| line["field"].as_str()).collect();
    assert_eq!(fields, ["thing1", "thing2", "time3", "thing4", "character_string5"].map(Some));
    let templates = wechat.get("/_sim/templates").await;
    let first = templates.as_array().unwrap().iter().find(|one| one["id"] == TEMPLATE_ID).unwrap();
    assert_eq!((&first["account"], &first["lines"][0]["label"]), (&json!("oa"), &json!("申请人")));
}

#[tokio::test]
async fn who_waits_for_a_message_is_answered_when_it_arrives() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let started = Instant::now();
    let waiting = async { wechat.get("/_sim/messages?user=7&contains=王小明&wait=30s").await };
    let sending = async {
        wechat.send(&token, &message(&wechat.oa_openid(8).await, "b-1")).await;
        wechat.send(&token, &message(&openid, "b-2")).await;
    };
    let (found, ()) = tokio::join!(waiting, sending);
    assert_eq!((found[0]["user"].as_i64(), found[1].is_null()), (Some(7), true));
    assert!(started.elapsed() < Duration::from_secs(20));
    // One that is there is answered at once, and one that does not come by none.
    assert_ne!(wechat.get("/_sim/messages?user=7&wait=30s").await, json!([]));
    assert_eq!(wechat.get("/_sim/messages?user=9&wait=50ms").await, json!([]));
    // A bare number is seconds, and of no messages none can come.
    assert_eq!(wechat.get("/_sim/messages?user=9&wait=0").await, json!([]));
    assert_eq!(wechat.get("/_sim/messages?n=0&wait=30").await, json!([]));
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn who_waits_for_a_message_is_answered_when_a_snapshot_brings_it() {
    let wechat = Wechat::start().await;
    wechat.send(&wechat.token().await, &message(&wechat.oa_openid(7).await, "b-1")).await;
    wechat.post("/_sim/snapshots", json!({ "name": "one" })).await;
    wechat.post("/_sim/reset", Value::Null).await;
    let started = Instant::now();
    let waiting = async { wechat.get("/_sim/messages?user=7&contains=王小明&wait=30s").await };
    let restoring = async {
        // Whoever is answered after the waiting has begun to wait.
        assert_eq!(wechat.get("/_sim/messages?user=7&wait=50ms").await, json!([]));
        wechat.post("/_sim/snapshots/one", Value::Null).await;
    };
    let (found, ()) = tokio::join!(waiting, restoring);
    assert_eq!(found[0]["user"], 7);
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn emptied_phones_forget_messages_and_not_what_was_sent() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let sent = wechat.send(&token, &message(&openid, "b-1")).await;
    let deleted = wechat.delete("/_sim/messages").await;
    assert_eq!((deleted, wechat.inbox().await.len()), (json!({ "deleted": 1 }), 0));
    // The same client_msg_id is still the same message.
    assert_eq!(wechat.send(&token, &message(&openid, "b-1")).await["msgid"], sent["msgid"]);
    assert_eq!(wechat.inbox().await.len(), 0);
}

#[tokio::test]
async fn a_phone_is_emptied_of_what_is_named_and_of_nothing_else() {
    let wechat = Wechat::start().await;
    let token = wechat.token().await;
    for user in [7, 8, 9] {
        wechat.send(&token, &message(&wechat.oa_openid(user).await, &format!("b-{user}"))).await;
    }
    for (query, status) in [
        ("usr=7", StatusCode::BAD_REQUEST),
        ("user=7&wait=1s", StatusCode::BAD_REQUEST),
        ("n=1", StatusCode::BAD_REQUEST),
        ("user=nobody", StatusCode::NOT_FOUND),
    ] {
        wechat.is_refused(Method::DELETE, &format!("/_sim/messages?{query}"), status).await;
    }
    assert_eq!(wechat.delete("/_sim/messages?contains=nowhere").await, json!({ "deleted": 0 }));
    assert_eq!(wechat.delete("/_sim/messages?user=7&channel=template").await, json!({ "deleted": 1 }));
    let left: Vec<_> = wechat.inbox().await.iter().map(|message| message["user"].clone()).collect();
    assert_eq!(left, [9, 8]);
}

#[tokio::test]
async fn faults_are_listed_and_end_one_by_one() {
    let wechat = Wechat::start().await;
    let slow = wechat.post("/_sim/faults", json!({ "endpoint": "*", "latency_ms": 5 })).await["id"].clone();
    wechat.fault(json!({ "endpoint": SEND, "errcode": -1, "probability": 0.5, "times": 3 })).await;
    wechat.post("/_sim/callback/faults", json!({ "duplicate": 0.25 })).await;
    let listed = wechat.get("/_sim/faults").await;
    let [first, second] = [&listed["endpoints"][0], &listed["endpoints"][1]];
    assert_eq!((&first["id"], &first["endpoint"], &first["latency_ms"]), (&slow, &json!("*"), &json!(5)));
    assert_eq!(
        (&second["errcode"], &second["probability"], &second["times"]),
        (&json!(-1), &json!(0.5), &json!(3))
    );
    assert_eq!(
        [&listed["callback"]["duplicate"], &listed["mini_callback"]["duplicate"]],
        [&json!(0.25), &json!(0.0)]
    );
    let path = format!("/_sim/faults/{slow}");
    wechat.delete(&path).await;
    assert_eq!(wechat.get("/_sim/faults").await["endpoints"].as_array().unwrap().len(), 1);
    wechat.is_refused(Method::DELETE, &path, StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn quotas_and_the_consoles_are_shown_as_they_stand() {
    let wechat = Wechat::start().await;
    wechat.token().await;
    wechat.post("/_sim/quota", json!({ "endpoint": SEND, "per_minute": 3 })).await;
    let quotas = wechat.get("/_sim/quota").await;
    let of = |endpoint: &str, account: &str| {
        let is_it = |one: &&Value| one["endpoint"] == endpoint && one["account"] == account;
        quotas.as_array().unwrap().iter().find(is_it).cloned().unwrap()
    };
    let tokens = of("/cgi-bin/token", "oa");
    assert_eq!([&tokens["per_day"], &tokens["used_today"], &tokens["used_this_minute"]], [2000, 1, 1]);
    assert_eq!((&of(SEND, "oa")["per_minute"], &of(SEND, "oa")["used_today"]), (&json!(3), &json!(0)));
    let fresh = wechat.get("/_sim/console").await;
    wechat.post("/_sim/console", json!({ "info_lag": 5, "oa_secret": "another" })).await;
    assert_eq!(wechat.get("/_sim/console").await["info_lag"], 5);
    assert_eq!(wechat.delete("/_sim/console").await, fresh);
    assert_eq!(wechat.get("/_sim/console").await, fresh);
}

#[tokio::test]
async fn the_page_and_its_parts_are_there_and_keep_to_themselves() {
    let wechat = Wechat::start().await;
    for (path, kind) in
        [("/", "text/html"), ("/_sim/ui/main.js", "text/javascript"), ("/_sim/ui/style/base.css", "text/css")]
    {
        let page = wechat.http.get(format!("{}{path}", wechat.base)).send().await.unwrap();
        let header = |name: &str| page.headers()[name].to_str().unwrap().to_owned();
        assert_eq!((page.status(), header("content-type")), (StatusCode::OK, kind.to_owned()), "{path}");
        assert!(header("content-security-policy").starts_with("default-src 'self';"));
    }
    let missing =
        wechat.http.get(format!("{}/_sim/ui/%2e%2e%2fsrc/state.rs", wechat.base)).send().await.unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    let foreign = wechat.http.get(&wechat.base).header("host", "evil.example").send().await.unwrap();
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
}
