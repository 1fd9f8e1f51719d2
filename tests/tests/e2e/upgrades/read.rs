//! What earlier versions have stored and queued, read by today's code: it means what it meant. What is said here of a
//! version that is released stays as it is, but for names of Rust.

use std::collections::HashSet;

use contract::{Data, MessageState, Reason, Recipient, Scope, SyncState};
use harness::shapes::Version;
use serde_json::json;
use shared::Account;
use shared::event::Event;
use shared::job::{Job, NO_MSGID, Parked, Prefer, Progress};
use shared::queue::{ForgetRequest, RefreshRequest};
use shared::session::Token;
use shared::store::{
    self, Claim, Credits, Identities, Keys, Messages, Registration, SessionKeys, Sessions, State, Take,
    Tokens,
};

use super::write::{ENTRIES, NOW};
use super::{BEFORE_THE_FIRST, after, queued};

const FIRST: Version = [0, 1, 0];

/// The table of that type, of this stack.
macro_rules! table {
    ($table:ident, $config:expr) => {
        $table::new($config, store::client($config).expect("a client")).expect("a table")
    };
}

#[tokio::test]
async fn users_of_0_1_0() {
    let world = after(FIRST).await;
    let config = &world.stack().config();
    let identities = table!(Identities, config);
    assert_eq!(identities.registration("mini1").await.expect("a row"), Registration::Bound("union1".into()));
    assert_eq!(identities.registration("mini2").await.expect("a row"), Registration::Unbound);
    assert_eq!(identities.oa_openid("union1").await.expect("a row").as_deref(), Some("oa1"));
    // It was confirmed as of a minute before.
    assert!(!identities.record_follow("union1", "oa1", NOW - 61).await.expect("an answer"));
    let gone = identities.unfollowed_since(NOW - 60).await.expect("rows");
    assert_eq!(
        gone.iter().map(|gone| (gone.openid.as_str(), gone.gone_at)).collect::<Vec<_>>(),
        [("oa2", NOW - 60)]
    );

    let sessions = table!(Sessions, config);
    let user =
        async |token: &str| sessions.user(&Token::from_text(token)).await.expect("a row").expect("a user");
    let (one, other) = (user("session1").await, user("session2").await);
    assert_eq!((one.openid.as_str(), one.unionid.as_deref()), ("mini1", Some("union1")));
    assert_eq!((other.openid.as_str(), other.unionid), ("mini2", None));
    assert!(table!(SessionKeys, config).find("session1").await.expect("a row").is_some());

    let keys = table!(Keys, config);
    let key = keys.holder(&Token::from_text("key1")).await.expect("a row").expect("a key");
    assert_eq!(key.name, "backend");
    assert_eq!(key.scopes, [Scope::Send, Scope::Read, Scope::Sync, Scope::Admin]);
    let rows = keys.all().await.expect("rows");
    let ends: HashSet<_> = rows.iter().filter(|row| row.name == "backend").map(|row| row.ends_at).collect();
    assert_eq!(ends, [Some(NOW + 3600), None].into());

    let tokens = table!(Tokens, config);
    let token = tokens.find("wx2").await.expect("a row").expect("a token");
    assert_eq!(token.access_token().expect("a token").expose(), "token1");
    assert_eq!((token.version, token.expires_at), (1, NOW + 7200));
    assert_eq!((token.forced_at, token.forced_count), (NOW - 60, 3));
    assert!(tokens.lease("wx1", "another", 30).await.expect("an answer").is_none(), "somebody has it");
}

#[tokio::test]
async fn messages_of_0_1_0() {
    let world = after(FIRST).await;
    let messages = table!(Messages, &world.stack().config());
    let (batch, mut records) = messages.find("b1").await.expect("rows").expect("a batch");
    assert_eq!((batch.sender.as_str(), batch.notification.as_str()), ("service:backend", "approval"));
    assert_eq!((batch.page.as_deref(), batch.created_at), (Some("pages/b"), NOW));
    assert_eq!(batch.data, [("id".to_owned(), "7".to_owned())].into());
    let entry = json!({
        "template_id": "t1", "page": "pages/a?id={id}", "fields": {"thing1": "{applicant}"}, "allow": "self",
        "prefer": "arrive", "keep": "2h", "per_day": 5,
    });
    assert_eq!(serde_json::to_value(&batch.entry).expect("JSON"), entry);
    assert_eq!(batch.recipients.len(), 101);
    let [reached, unfit, .., last] = &batch.recipients[..] else { panic!("recipients") };
    assert_eq!((&reached.to, reached.reason), (&Recipient::Unionid("union1".into()), None));
    assert_eq!(reached.oa_openid.as_deref(), Some("oa1"));
    assert_eq!(reached.data, [("applicant".to_owned(), "b".to_owned())].into());
    assert_eq!((&unfit.to, unfit.reason), (&Recipient::OaOpenid("oa3".into()), Some(Reason::InvalidField)));
    assert_eq!(unfit.detail.as_deref(), Some("thing1 needs data.applicant"));
    assert_eq!(
        (&last.to, last.reason),
        (&Recipient::Openid("nobody101".into()), Some(Reason::NeverLoggedIn))
    );
    let (small, _) = messages.find("b2").await.expect("rows").expect("a batch");
    assert!(small.page.is_none() && small.recipients.is_empty());
    let entry = json!({
        "template_id": "t2", "page": null, "fields": {"thing1": "{applicant}"}, "allow": "service", "prefer": "once",
        "keep": "1day", "per_day": small.entry.as_ref().map(|entry| entry.per_day),
    });
    assert_eq!(serde_json::to_value(&small.entry).expect("JSON"), entry);
    let (formatted, _) = messages.find("b3").await.expect("rows").expect("a batch");
    let entry = formatted.entry.expect("an entry");
    let data = json!({ "applicant": "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何", "id": "1250", "at": "1795867380" });
    let data = serde_json::from_value(data).expect("data");
    let refused = entry.render(&data, &Data::new(), None);
    assert_eq!(
        refused,
        Err(shared::catalog::Unfit(vec!["thing3 takes at most 20 characters, not 21".to_owned()]))
    );
    let fallback = entry.fallback().expect("a fallback");
    let rendered = fallback.render(&data, &Data::new(), None).expect("rendered");
    assert_eq!((fallback.template_id, rendered.page.as_deref()), ("s1", Some("pages/o?id=1250")));
    assert_eq!(rendered.data["date1"], "2026-11-28 20:03");
    let written = serde_json::to_value(&entry).expect("JSON");
    let amount = json!({ "text": "{id}", "format": "fen" });
    assert_eq!((&written["too_long"], &written["fields"]["amount2"]), (&json!("truncate"), &amount));

    records.sort_by_key(|record| record.n);
    let [parked, delivered, blocked] = &records[..] else { panic!("{records:?}") };
    assert_eq!((parked.state, parked.reason), (MessageState::Parked, Some(Reason::TemplateGone)));
    assert_eq!((parked.errcode, parked.rid.as_deref()), (Some(40037), Some("rid1")));
    assert_eq!((parked.msgid, parked.detail.as_deref()), (Some(4_611_686_018_427_387_904), Some("a detail")));
    assert_eq!((parked.attempts, parked.round, parked.requeues, parked.updated_at), (3, 1, 2, NOW));
    assert_eq!(
        (delivered.state, delivered.reason, delivered.msgid),
        (MessageState::Delivered, None, Some(11))
    );
    assert_eq!((blocked.state, blocked.reason), (MessageState::Blocked, Some(Reason::Refused)));
}

#[tokio::test]
async fn state_of_0_1_0() {
    let world = after(FIRST).await;
    let state = table!(State, &world.stack().config());
    assert_eq!(state.heard_at("wx1").await.expect("a row"), Some(NOW));
    assert_eq!(state.heard_at("wx2").await.expect("a row"), None);
    let run = state.sync_run("wx1").await.expect("a row");
    let progress = json!({
        "state": "running", "run": "run1", "total": 1000, "listed": 600, "known": 500, "new": 90, "removed": 4,
        "without_unionid": 7, "not_looked_up": 3, "calls": {"/cgi-bin/user/get": 2}, "started_at": NOW - 60,
        "updated_at": NOW, "ends_at": NOW + 60, "repairs": {"split": 1}, "error": "errcode 45009",
    });
    assert_eq!(serde_json::to_value(contract::SyncProgress::from(run.progress)).expect("JSON"), progress);
    let checkpoint = run.checkpoint.expect("a checkpoint");
    assert_eq!((checkpoint.after.as_deref(), checkpoint.anew, run.failures), (Some("oa600"), true, 2));
    assert_eq!((checkpoint.listed, checkpoint.known), (600, 500));
    assert_eq!((checkpoint.without_unionid, checkpoint.not_looked_up), (7, 3));
    assert_eq!(run.done_at, NOW - 3600);
    assert_eq!(checkpoint.waiting, ["oa599"]);
    assert!(state.lease_sync("wx1", "another", 30).await.expect("an answer").is_none(), "somebody has it");
    assert_eq!(state.sync_run("wx2").await.expect("a row").checkpoint, Some(store::Checkpoint::default()));
    let ended = state.sync_run("wx3").await.expect("a row");
    assert_eq!((ended.progress.state, ended.checkpoint), (SyncState::Idle, None));

    let breakers = ["breaker#wx1", "breaker#wx1#t1", "breaker#wx5"].map(str::to_owned);
    let breakers = state.breakers(&breakers).await.expect("rows");
    assert_eq!(breakers["breaker#wx5"].closed_at, Some(NOW));
    let outage = breakers["breaker#wx1#t1"].outage.as_ref().expect("an outage");
    assert_eq!((outage.opened_at, outage.until), (NOW - 60, Some(NOW + 600)));
    assert_eq!((outage.probe_at, outage.probes), (NOW + 60, 2));
    assert_eq!((outage.cause.reason, outage.cause.errcode), (Reason::Misconfigured, Some(40164)));
    assert_eq!(outage.cause.ip.as_deref(), Some("203.0.113.7"));
    let account = breakers["breaker#wx1"].outage.as_ref().expect("an outage");
    assert_eq!((account.until, account.cause.errcode, &account.cause.ip), (None, None, &None));
    let failure = state.token_failure("wx1").await.expect("a row").expect("a failure");
    assert_eq!((failure.failed_at, failure.no_token_from), (NOW - 60, NOW + 600));
    assert_eq!((failure.retry_at, failure.times, failure.cause.errcode), (NOW + 300, 2, Some(40164)));
    assert_eq!(state.token_failure("wx3").await.expect("a row"), None);
    let replacement = state.account_breaker("wx4").await.expect("a row").token_replacement.expect("one");
    assert_eq!((replacement.times, replacement.since, replacement.last_at), (2, NOW - 6000, NOW - 60));

    let claim = async |key: &str| state.claim("service:backend", key, b"{}", 60).await.expect("a row");
    assert_eq!([claim("key1").await, claim("key2").await], [Claim::Done("b1".into()), Claim::InProgress]);
    let other = state.claim("service:backend", "key1", b"{ }", 60).await.expect("a row");
    assert_eq!(other, Claim::Conflict);
    assert!(!state.count("user:mini1", 3, 2).await.expect("a row"), "2 are used");
    assert_eq!(state.refused_codes("203.0.113.7").await.expect("a row"), 1);

    assert_eq!(state.catalog_version().await.expect("a row"), 2);
    let pushed = async |version| state.catalog(version).await.expect("a row").expect("a catalog");
    let (first, again) = (pushed(1).await, pushed(2).await);
    assert_eq!((first.version, first.rollback_to, again.version, again.rollback_to), (1, None, 2, Some(1)));
    assert_eq!((again.text.as_str(), again.pushed_at), (ENTRIES, NOW));

    let listed = state.templates("wx1").await.expect("a row").expect("a list");
    assert_eq!((listed.fetched_at, listed.has("t1"), listed.has("t3")), (NOW, true, false));
    assert_eq!(listed.templates[0].lines[1].values, ["value1", "value2"]);
    assert_eq!(state.templates("wx2").await.expect("a row").map(|listed| listed.templates.len()), Some(0));

    let begun = state.forgetting("f1").await.expect("a row").expect("a deletion");
    let forgetting = json!({
        "id": "f1", "call": "call1", "after": {"batch": "b1", "n": -1}, "done": false, "identities": 2, "sessions": 1, "credits": 3,
        "ids": {"unionids": ["union1"], "openids": ["mini1"], "oa_openids": ["oa1"]}, "messages": 3, "scanned": 500,
        "started_at": NOW - 60, "updated_at": NOW,
    });
    assert_eq!(serde_json::to_value(&begun).expect("JSON"), forgetting);
    let done = state.forgetting("f2").await.expect("a row").expect("a deletion");
    assert!(done.done && done.after.is_none() && done.ids == store::UserIds::default());
}

#[tokio::test]
async fn credits_of_0_1_0() {
    let world = after(FIRST).await;
    world.stack().clock().set(NOW);
    let credits = table!(Credits, &world.stack().config());
    assert_eq!(
        credits.of("mini1").await.expect("a row"),
        [("t1".to_owned(), 0), ("t2".to_owned(), 2)].into()
    );
    assert!(!credits.add_told("mini1", "t2", NOW).await.expect("a row"), "it was told then");
    let take = async |template: &str, mark: &str| credits.take("mini1", template, mark).await.expect("a row");
    assert_eq!(take("t1", "b1-1").await, Take::AlreadyTaken { at: NOW });
    assert_eq!([take("t1", "b1-2").await, take("t2", "b1-2").await], [Take::NoCredit, Take::Taken]);
    assert!(credits.give_back("mini1", "t1", "b1-1").await.expect("a row"));
    // It is kept for a year.
    world.stack().clock().set(NOW + 366 * 24 * 3600);
    assert!(credits.of("mini1").await.expect("a row").is_empty());
}

#[test]
fn queues_of_0_1_0() {
    let [first, later, unfollowed] = &queued::<Job>(FIRST, "DeliverQueue")[..] else { panic!("three jobs") };
    let unfollowed = &unfollowed.messages[0];
    let card = unfollowed.by_fallback().expect("a fallback");
    assert_eq!((unfollowed.oa_openid.as_str(), card.openid.as_str()), ("", "mini3"));
    assert_eq!((card.template_id.as_str(), card.page.as_deref()), ("t3", Some("pages/c")));
    assert_eq!(card.data, [("thing1".to_owned(), "c".to_owned())].into());
    assert_eq!((first.batch.as_str(), first.template_id.as_str()), ("b1", "t1"));
    assert_eq!((first.accepted_at, first.keep, first.enqueued_at), (NOW, 7200, Some(NOW)));
    assert_eq!((first.prefer, later.prefer), (Prefer::Once, Prefer::Arrive));
    let fresh = &first.messages[0];
    assert_eq!((fresh.n, fresh.oa_openid.as_str(), fresh.is_typed, &fresh.page), (1, "oa1", false, &None));
    assert_eq!(fresh.data, [("thing1".to_owned(), "a".to_owned())].into());
    assert_eq!(fresh.progress, Progress::default());
    let [quota, busy] = &later.messages[..] else { panic!("two messages") };
    assert_eq!((quota.is_typed, quota.page.as_deref()), (true, Some("pages/a")));
    let progress = &quota.progress;
    assert_eq!((progress.round, progress.requeues, progress.attempts, progress.ambiguous), (1, 2, 3, 1));
    assert_eq!(
        (progress.ambiguous_since, progress.sent, progress.fell_back),
        (Some(NOW - 60), Some(11), true)
    );
    assert_eq!(progress.parked, Some(Parked { reason: Reason::QuotaExhausted, errcode: Some(45009) }));
    let last =
        |message: &shared::job::Message| message.progress.last.clone().map(|last| (last.errcode, last.rid));
    assert_eq!([last(quota), last(busy)], [Some((45009, Some("rid1".into()))), Some((-1, None))]);
    assert!(first.newer.is_empty() && quota.newer.is_empty(), "all of it has a name");
    assert_eq!(NO_MSGID, 0, "this is what it was called on queues");

    let requests = queued::<RefreshRequest>(FIRST, "RefreshQueue").into_iter();
    let requests: Vec<_> = requests.map(|one| (one.account, one.failed, one.errcode, one.is_due)).collect();
    let failed = (Account::Oa, Some("fingerprint1".to_owned()), Some(40001), false);
    assert_eq!(requests, [failed, (Account::Oa, None, None, true), (Account::Mini, None, None, false)]);
    let (openid, status) = ("oa1".to_owned(), "success".to_owned());
    let followed = Event::Followed { openid: openid.clone(), at: NOW, tries: 2 };
    assert_eq!(queued::<Event>(FIRST, "EventsQueue.follows"), [followed]);
    let unfollowed = Event::Unfollowed { openid: openid.clone(), at: NOW, rechecked: true };
    assert_eq!(queued::<Event>(FIRST, "EventsQueue.unfollowed"), [unfollowed]);
    let receipts = [
        Event::Receipt {
            msgid: 11,
            status: status.clone(),
            errcode: None,
            openid: Some(openid),
            template_id: None,
            tries: 2,
        },
        Event::Receipt {
            msgid: 12,
            status: status.clone(),
            errcode: None,
            openid: None,
            template_id: None,
            tries: 0,
        },
        Event::Receipt {
            msgid: 13,
            status,
            errcode: Some(0),
            openid: Some("mini1".into()),
            template_id: Some("t1".into()),
            tries: 0,
        },
    ];
    assert_eq!(queued::<Event>(FIRST, "EventsQueue.receipt"), receipts);
    let (openid, template_id) = ("mini1".to_owned(), "t1".to_owned());
    let said = Event::SubscriptionChanged { openid, template_id, accepted: true, at: NOW, popup: true };
    assert_eq!(queued::<Event>(FIRST, "EventsQueue.subscription"), [said]);
    let request = &queued::<ForgetRequest>(FIRST, "ForgetQueue")[0];
    assert_eq!((request.id.as_str(), request.call.as_str()), ("f1", "call1"));
}

#[tokio::test]
async fn what_was_there_before_the_first_release() {
    let world = after(BEFORE_THE_FIRST).await;
    let config = &world.stack().config();
    let key = table!(Keys, config).holder(&Token::from_text("key3")).await.expect("a row").expect("a key");
    assert_eq!(key.scopes, Scope::DEFAULT, "a key that does not say may do the usual");
    let sessions = table!(Sessions, config);
    let user = sessions.user(&Token::from_text("session3")).await.expect("a row").expect("a user");
    assert_eq!((user.openid.as_str(), user.unionid.as_deref()), ("mini1", Some("union1")));
    let key = sessions.user(&Token::from_text("key3")).await.expect("a row");
    assert!(key.is_none(), "a key in the table of sessions is nobody's session");
    let (batch, _) = table!(Messages, config).find("b3").await.expect("rows").expect("a batch");
    assert!(batch.entry.is_none() && batch.recipients.len() == 2, "all items there are");
    let run = table!(State, config).sync_run("wx4").await.expect("a row");
    assert_eq!((run.progress.not_looked_up, run.failures, run.done_at), (0, 0, 0));
    assert_eq!(run.progress.repairs, [("split".to_owned(), 1)].into());

    let job = &queued::<Job>(BEFORE_THE_FIRST, "DeliverQueue")[0];
    assert_eq!((job.accepted_at, job.keep, job.enqueued_at), (NOW, Job::default_keep(), None));
    assert_eq!((job.prefer, job.messages[0].progress.requeues), (Prefer::Once, 2));
    assert!(job.messages[0].newer.is_empty() && job.newer.is_empty(), "all of it has a name");
}
