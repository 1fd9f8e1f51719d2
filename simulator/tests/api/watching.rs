//! The simulator in other people's tests: waiting for a message, emptying the phones, watching what happens, going back.

use std::time::{Duration, Instant};

use futures::StreamExt;
use reqwest::header::HeaderValue;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use simulator::{SUBSCRIBE_TEMPLATE_ID, TEMPLATE_ID};

use crate::wechat::{SEND, Wechat, message};

/// `path` is refused with this status, and a sentence.
async fn is_refused(wechat: &Wechat, method: Method, path: &str, status: StatusCode) {
    let (refused, answer) = wechat.try_call(method, path, &Value::Null).await.unwrap();
    assert_eq!(refused, status, "{path}");
    assert!(answer["error"].as_str().unwrap().ends_with('.'), "{answer}");
}

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
    is_refused(&wechat, Method::GET, "/_sim/messages?user=nobody", StatusCode::NOT_FOUND).await;
    is_refused(&wechat, Method::GET, "/_sim/messages?wait=61s", StatusCode::BAD_REQUEST).await;
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
}

#[tokio::test]
async fn emptied_phones_forget_messages_and_not_what_was_sent() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let sent = wechat.send(&token, &message(&openid, "b-1")).await;
    let (_, deleted) = wechat.try_call(Method::DELETE, "/_sim/messages", &Value::Null).await.unwrap();
    assert_eq!((deleted, wechat.inbox().await.len()), (json!({ "deleted": 1 }), 0));
    // The same client_msg_id is still the same message.
    assert_eq!(wechat.send(&token, &message(&openid, "b-1")).await["msgid"], sent["msgid"]);
    assert_eq!(wechat.inbox().await.len(), 0);
}

#[tokio::test]
async fn a_snapshot_is_gone_back_to_and_a_reset_to_the_start() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    wechat.send(&token, &message(&openid, "b-1")).await;
    wechat.post("/_sim/users/5/unfollow", Value::Null).await;
    assert_eq!(wechat.post("/_sim/snapshots", json!({ "name": "one" })).await, json!({ "name": "one" }));
    wechat.send(&token, &message(&openid, "b-2")).await;
    wechat.post("/_sim/users/5/follow", Value::Null).await;
    wechat.fault(json!({ "endpoint": SEND, "errcode": -1 })).await;
    wechat.advance(3600).await;
    let now = wechat.get("/_sim/clock").await["now"].as_i64().unwrap();
    assert_eq!(wechat.get("/_sim/snapshots").await, json!(["one"]));
    wechat.post("/_sim/snapshots/one", Value::Null).await;
    assert_eq!((wechat.inbox().await.len(), &wechat.user(5).await["following"]), (1, &json!(false)));
    assert_eq!(
        wechat.errcode(&token, &message(&openid, "b-3")).await,
        0,
        "the fault is over, the token is known"
    );
    assert!(wechat.get("/_sim/clock").await["now"].as_i64().unwrap() >= now, "time goes on");
    wechat.post("/_sim/reset", Value::Null).await;
    assert_eq!((wechat.inbox().await.len(), &wechat.user(5).await["following"]), (0, &json!(true)));
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-4")).await, 40001, "nobody has fetched a token");
    assert_eq!(wechat.get("/_sim/snapshots").await, json!(["one"]), "snapshots outlive it");
    wechat.try_call(Method::DELETE, "/_sim/snapshots/one", &Value::Null).await.unwrap();
    is_refused(&wechat, Method::POST, "/_sim/snapshots/one", StatusCode::NOT_FOUND).await;
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
    wechat.try_call(Method::DELETE, &path, &Value::Null).await.unwrap();
    assert_eq!(wechat.get("/_sim/faults").await["endpoints"].as_array().unwrap().len(), 1);
    is_refused(&wechat, Method::DELETE, &path, StatusCode::NOT_FOUND).await;
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
    wechat.post("/_sim/console", json!({ "info_lag": 5 })).await;
    assert_eq!(wechat.get("/_sim/console").await["info_lag"], 5);
}

/// Reads server-sent events as they come: their id, kind and data.
async fn events(wechat: &Wechat, last: Option<&str>, n: usize) -> Vec<(String, String, Value)> {
    let request = wechat.http.get(format!("{}/_sim/events", wechat.base));
    let request = match last {
        Some(last) => request.header("last-event-id", HeaderValue::from_str(last).unwrap()),
        None => request,
    };
    let mut stream = request.send().await.unwrap().bytes_stream();
    let mut text = String::new();
    while text.matches("\n\n").count() < n {
        text += std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap();
    }
    let field = |event: &str, name: &str| {
        let line =
            event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned));
        line.unwrap_or_default()
    };
    let event = |event: &str| {
        let data = serde_json::from_str(&field(event, "data")).unwrap();
        (field(event, "id"), field(event, "event"), data)
    };
    text.split_terminator("\n\n").map(event).collect()
}

#[tokio::test]
async fn what_happens_is_watched_live_and_gone_on_with_after_a_pause() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let calls = wechat.get("/_sim/log?n=1").await;
    assert_eq!(calls[0]["endpoint"], "/cgi-bin/token");
    let last = calls[0]["id"].to_string();
    let sent = wechat.send(&token, &message(&openid, "b-1")).await;
    wechat.send(&token, &message("nobody", "b-2")).await;
    wechat.post("/_sim/users/7/unfollow", Value::Null).await;
    let watched = events(&wechat, Some(&last), 4).await;
    let kinds: Vec<_> = watched.iter().map(|(_, kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["message", "call", "call", "control"]);
    let [message, taken, refused, control] = [0, 1, 2, 3].map(|n| &watched[n].2);
    assert_eq!(message["message"]["id"], sent["msgid"].to_string());
    assert_eq!(message["message"]["lines"][0]["value"], "王小明");
    assert_eq!(
        (&taken["endpoint"], &taken["users"], &taken["answer"]),
        (&json!(SEND), &json!([7]), &json!("0"))
    );
    assert_eq!(refused["answer"], "40003");
    assert_eq!((&control["method"], &control["path"]), (&json!("POST"), &json!("/_sim/users/7/unfollow")));
    let rest = events(&wechat, Some(&watched[2].0), 1).await;
    assert_eq!(rest[0], watched[3]);
    // Live: whoever watches from now on is told of the next.
    let (live, _) = tokio::join!(events(&wechat, None, 1), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        wechat.advance(1).await;
    });
    assert_eq!(live[0].2["path"], "/_sim/clock");
    // Of another simulator's entries nothing is known.
    assert_eq!(events(&wechat, Some("1000000"), 1).await[0].1, "missed");
}

#[tokio::test]
async fn without_a_server_a_login_gives_a_code_and_an_accept_counts_at_wechat_alone() {
    let wechat = Wechat::start().await;
    let told = wechat.post("/_sim/users/7/login", Value::Null).await;
    assert_eq!(
        (&told["user"], &told["backend"], &told["has_session"]),
        (&json!(7), &Value::Null, &json!(false))
    );
    assert!(told["code"].as_str().is_some_and(|code| code.len() == 32), "{told}");
    let accept = json!({ "template_id": SUBSCRIBE_TEMPLATE_ID });
    let told = wechat.post("/_sim/users/7/accept-message", accept).await;
    assert_eq!(told["credits"], json!({ SUBSCRIBE_TEMPLATE_ID: 1 }));
    assert_eq!((&told["result"][SUBSCRIBE_TEMPLATE_ID], &told["backend"]), (&json!("accept"), &Value::Null));
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
