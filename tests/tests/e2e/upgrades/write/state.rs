//! Of the table of state: a row of each kind.

use contract::{Reason, SyncState};
use serde_json::json;
use shared::Config;
use shared::store::{self, Cause, Checkpoint, Credits, Outage, RunProgress, State, SyncRun, Take};
use shared::store::{TokenFailure, TokenReplacement};
use shared::wechat::templates::{Line, Template};

use super::{ENTRIES, NOW, some, text};

pub async fn everything(config: &Config) {
    let state = State::new(config, store::client(config).expect("a client")).expect("a table");
    sync(&state).await;
    breakers(&state).await;
    claims_and_counters(&state).await;
    catalogs(&state).await;
    templates(&state).await;
    forgetting(&state).await;
    credits(config).await;
    state.note_heard("wx1").await.expect("a write");
}

async fn sync(state: &State) {
    let progress = RunProgress {
        state: SyncState::Running,
        run: some("run1"),
        total: Some(1000),
        listed: 600,
        known: 500,
        new: 90,
        removed: 4,
        without_unionid: 7,
        not_looked_up: 3,
        calls: [(text("/cgi-bin/user/get"), 2)].into(),
        started_at: NOW - 60,
        updated_at: NOW,
        ends_at: Some(NOW + 60),
        repairs: [(text("split"), 1)].into(),
        error: some("errcode 45009"),
        cause: Some(Cause { reason: Reason::QuotaExhausted, errcode: Some(45009), ip: some("203.0.113.7") }),
    };
    let checkpoint = Checkpoint {
        after: some("oa600"),
        listed: 600,
        known: 500,
        without_unionid: 7,
        not_looked_up: 3,
        anew: true,
        waiting: vec![text("oa599")],
    };
    let run = SyncRun { progress, checkpoint: Some(checkpoint), failures: 2, done_at: NOW - 3600 };
    state.lease_sync("wx1", "lease1", 30).await.expect("a write").expect("a lease");
    assert!(state.save_sync("wx1", "lease1", 30, &run).await.expect("a write"));
    let begun = SyncRun { checkpoint: Some(Checkpoint::default()), ..SyncRun::default() };
    let ended = SyncRun::default();
    for (appid, run) in [("wx2", begun), ("wx3", ended)] {
        state.lease_sync(appid, "lease1", 30).await.expect("a write").expect("a lease");
        assert!(state.end_sync(appid, "lease1", &run).await.expect("a write"));
    }
}

async fn breakers(state: &State) {
    let cause = Cause { reason: Reason::Misconfigured, errcode: Some(40164), ip: some("203.0.113.7") };
    let outage = Outage {
        cause: cause.clone(),
        opened_at: NOW - 60,
        until: Some(NOW + 600),
        probe_at: NOW + 60,
        probes: 2,
    };
    assert!(state.open_breaker("breaker#wx1#t1", &outage).await.expect("a write"));
    let bare = Cause { errcode: None, ip: None, ..cause.clone() };
    let outage = Outage { cause: bare.clone(), until: None, ..outage };
    assert!(state.open_breaker("breaker#wx1", &outage).await.expect("a write"));
    state.close_breaker("breaker#wx5").await.expect("a write");
    let failure =
        TokenFailure { cause, failed_at: NOW - 60, no_token_from: NOW + 600, retry_at: NOW + 300, times: 2 };
    state.put_token_failure("wx1", Some(&failure)).await.expect("a write");
    state.put_token_failure("wx2", Some(&TokenFailure { cause: bare, ..failure })).await.expect("a write");
    state.put_token_failure("wx3", None).await.expect("a write");
    let replacement = TokenReplacement { times: 2, since: NOW - 6000, last_at: NOW - 60 };
    state.put_token_replacement("wx4", &replacement).await.expect("a write");
}

async fn claims_and_counters(state: &State) {
    for (key, is_done) in [("key1", true), ("key2", false)] {
        let claimed = state.claim("service:backend", key, b"{}", 60).await.expect("a write");
        let store::Claim::Acquired(lease) = claimed else { panic!("{claimed:?}") };
        if is_done {
            state.complete(&lease).await.expect("a write");
        }
    }
    state.count("user:mini1", 10, 2).await.expect("a write");
    state.take_tokens(NOW, 10, 2).await.expect("a write");
    state.count_refused_code("203.0.113.7").await.expect("a write");
    state.count_in_hour("clear_quota", 10).await.expect("a write");
}

async fn catalogs(state: &State) {
    assert!(state.push_catalog(0, ENTRIES, None).await.expect("a write"));
    assert!(state.push_catalog(1, ENTRIES, Some(1)).await.expect("a write"));
}

async fn templates(state: &State) {
    let bare = Template { id: text("t2"), ..Template::default() };
    let line = Line { label: text("label1"), field: text("thing1"), values: Vec::new() };
    let values = vec![text("value1"), text("value2")];
    let lines = vec![line.clone(), Line { field: text("enum_string2"), values, ..line }];
    let full = Template { id: text("t1"), title: text("title1"), lines };
    state.put_templates("wx1", &[full, bare]).await.expect("a write");
    state.put_templates("wx2", &[]).await.expect("a write");
}

async fn forgetting(state: &State) {
    let forgetting = json!({
        "id": "f1",
        "call": "call1",
        "ids": { "unionids": ["union1"], "openids": ["mini1"], "oa_openids": ["oa1"] },
        "after": { "batch": "b1", "n": -1 },
        "done": false,
        "identities": 2,
        "sessions": 1,
        "credits": 3,
        "messages": 3,
        "scanned": 500,
        "started_at": NOW - 60,
        "updated_at": NOW,
    });
    let forgetting: store::Forgetting = serde_json::from_value(forgetting).expect("a deletion");
    state.begin_forgetting(&forgetting).await.expect("a write");
    let done = store::Forgetting {
        id: text("f2"),
        ids: store::UserIds::default(),
        after: None,
        done: true,
        ..forgetting
    };
    state.begin_forgetting(&done).await.expect("a write");
}

/// A row as it begins, as accepts fill it, and with a message on its way.
async fn credits(config: &Config) {
    let credits = Credits::new(config, store::client(config).expect("a client")).expect("a table");
    credits.add("mini1", &["t1", "t2"]).await.expect("a write");
    assert!(credits.add_told("mini1", "t2", NOW + 1).await.expect("a write"));
    assert_eq!(credits.take("mini1", "t1", "b1-1").await.expect("a write"), Take::Taken);
}
