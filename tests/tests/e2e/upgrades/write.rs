//! One of everything, written by today's code: each field once with something in it and, where it may be missing, once
//! without. The golden files are what comes of it.

mod state;

use std::time::Duration;

use contract::{Channel, Data, MessageState, Reason, Recipient, Scope};
use harness::World;
use serde_json::Map;
use shared::catalog::Catalog;
use shared::event::Event;
use shared::job::{Fallback, Job, LastFailure, Message, Parked, Prefer, Progress};
use shared::queue::{self, DeliverQueue, EventsQueue, ForgetQueue, ForgetRequest, LONGEST_DELAY};
use shared::queue::{RefreshQueue, RefreshRequest};
use shared::session::{Token, User};
use shared::store::{self, Addressed, Batch, Identities, KeyRow, Keys, Messages, Record};
use shared::store::{SessionKeys, Sessions, Tokens};
use shared::wechat::token::IssuedToken;
use shared::{Account, Config};

/// When all of it is written, in Unix seconds.
pub const NOW: i64 = 1_893_981_600;

const LIFETIME: Duration = Duration::from_secs(3600);

/// One with all there is to say, and one with what there has to be.
pub const ENTRIES: &str = r#"
    [approval]
    template_id = "t1"
    page = "pages/a?id={id}"
    fields = { thing1 = "{applicant}" }
    allow = "self"
    prefer = "arrive"
    keep = "2h"
    per_day = 5

    [notice]
    template_id = "t2"
    fields = { thing1 = "{applicant}" }

    [order]
    template_id = "t3"
    too_long = "truncate"
    fields.thing1 = "{applicant}"
    fields.amount2 = { text = "{id}", format = "fen" }
    fields.thing3 = { text = "{applicant}", too_long = "reject" }
    fallback.template_id = "s1"
    fallback.page = "pages/o?id={id}"
    fallback.too_long = "reject"
    fallback.fields.date1 = { text = "{at}", format = "minute" }
    fallback.fields.thing2 = { text = "{id}", too_long = "truncate" }
    fallback.fields.thing3 = "{id}"
"#;

pub async fn everything(world: &World) {
    world.stack().clock().set(NOW);
    let config = world.stack().config();
    users(&config).await;
    tokens(&config).await;
    messages(&config).await;
    state::everything(&config).await;
    queues(&config).await;
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn data(name: &str, value: &str) -> Data {
    [(text(name), text(value))].into()
}

async fn users(config: &Config) {
    let client = store::client(config).expect("a client");
    let identities = Identities::new(config, client.clone()).expect("a table");
    identities.record_login("mini1", Some("union1")).await.expect("a write");
    identities.record_login("mini2", None).await.expect("a write");
    let followers = [(text("union1"), text("oa1"))].into();
    identities.add_followers(&followers, NOW - 60).await.expect("a write");
    identities.record_unfollow("oa2", NOW - 60).await.expect("a write");

    let sessions = Sessions::new(config, client.clone()).expect("a table");
    let user =
        User { session: Token::from_text("session1").id(), openid: text("mini1"), unionid: some("union1") };
    sessions.sign_in(user, LIFETIME).await.expect("a write");
    let user = User { session: Token::from_text("session2").id(), openid: text("mini2"), unionid: None };
    sessions.sign_in(user, LIFETIME).await.expect("a write");
    let session_keys = SessionKeys::new(config, client.clone()).expect("a table");
    session_keys.put("session1", text("session_key1").into(), LIFETIME).await.expect("a write");

    let keys = Keys::new(config, client).expect("a table");
    let key = KeyRow {
        id: Token::from_text("key1").id(),
        name: text("backend"),
        scopes: vec![Scope::Send, Scope::Read, Scope::Sync, Scope::Admin],
        created_at: NOW,
        ends_at: Some(NOW + 3600),
    };
    keys.put(&key).await.expect("a write");
    keys.put(&KeyRow { id: Token::from_text("key2").id(), ends_at: None, ..key }).await.expect("a write");
}

async fn tokens(config: &Config) {
    let tokens = Tokens::new(config, store::client(config).expect("a client")).expect("a table");
    tokens.lease("wx1", "lease1", 30).await.expect("a write");
    let mut seen = tokens.lease("wx2", "lease2", 30).await.expect("a write").expect("a lease");
    (seen.forced_at, seen.forced_count) = (NOW - 60, 3);
    let issued = IssuedToken { token: text("token1").into(), expires_in: 7200 };
    assert!(tokens.renew("wx2", "lease2", &seen, &issued).await.expect("a write"));
}

async fn messages(config: &Config) {
    let messages = Messages::new(config, store::client(config).expect("a client")).expect("a table");
    let catalog = Catalog::parse(ENTRIES).expect("a catalog");
    let entry = |name: &str| catalog.find(name).cloned();
    let nobody = |n: usize| Addressed {
        reason: Some(Reason::NeverLoggedIn),
        ..Addressed::rejected(Recipient::Openid(format!("nobody{n}")))
    };
    let reached = Addressed {
        data: data("applicant", "b"),
        oa_openid: some("oa1"),
        openid: some("mini1"),
        ..Addressed::rejected(Recipient::Unionid(text("union1")))
    };
    let unfit = Addressed {
        reason: Some(Reason::InvalidField),
        detail: some("thing1 needs data.applicant"),
        ..Addressed::rejected(Recipient::OaOpenid(text("oa3")))
    };
    let batch = Batch {
        id: text("b1"),
        sender: text("service:backend"),
        notification: text("approval"),
        entry: entry("approval"),
        data: data("id", "7"),
        page: some("pages/b"),
        // More than go into one item.
        recipients: [reached, unfit].into_iter().chain((3..=101).map(nobody)).collect(),
        created_at: NOW,
    };
    messages.put_batch(&batch).await.expect("a write");
    let (notification, notice) = (text("notice"), entry("notice"));
    let small =
        Batch { id: text("b2"), notification, entry: notice, page: None, recipients: Vec::new(), ..batch };
    messages.put_batch(&small).await.expect("a write");
    let formatted = Batch { id: text("b3"), notification: text("order"), entry: entry("order"), ..small };
    messages.put_batch(&formatted).await.expect("a write");

    let full = Record {
        n: 1,
        channel: Channel::Subscribe,
        state: MessageState::Parked,
        reason: Some(Reason::TemplateGone),
        detail: some("a detail"),
        errcode: Some(40037),
        rid: some("rid1"),
        msgid: Some(4_611_686_018_427_387_904),
        attempts: 3,
        round: 1,
        requeues: 2,
        updated_at: NOW,
    };
    assert!(messages.put_record("b1", &full).await.expect("a write"));
    let sent = Record { n: 2, ..Record::queued(2, NOW).sent(11) };
    let failed = Record { n: 3, ..Record::queued(3, NOW).sent(12) };
    for record in [&sent, &failed] {
        assert!(messages.put_record("b1", record).await.expect("a write"));
    }
    let arrived = (MessageState::Delivered, None);
    messages.apply_receipt(Channel::Template, 11, arrived, "success").await.expect("a write");
    let blocked = (MessageState::Blocked, Some(Reason::Refused));
    messages.apply_receipt(Channel::Template, 12, blocked, "failed:user block").await.expect("a write");
}

/// Nobody takes them: they are held back, and the clock stands for them.
async fn queues(config: &Config) {
    let client = queue::client(config).expect("a client");
    let deliver = DeliverQueue::new(config, client.clone()).expect("a queue");
    deliver.enqueue(&jobs(), LONGEST_DELAY).await.expect("a message");
    let refresh = RefreshQueue::new(config, client.clone()).expect("a queue");
    for (account, failed, is_due) in
        [(Account::Oa, some("fingerprint1"), false), (Account::Oa, None, true), (Account::Mini, None, false)]
    {
        let errcode = failed.as_ref().map(|_| 40001);
        let request = RefreshRequest { account, failed, errcode, is_due };
        refresh.enqueue(&request, LONGEST_DELAY).await.expect("a message");
    }
    let events = EventsQueue::new(config, client.clone()).expect("a queue");
    let (openid, status) = (text("oa1"), text("success"));
    for event in [
        Event::Followed { openid: openid.clone(), at: NOW, tries: 2 },
        Event::Unfollowed { openid: openid.clone(), at: NOW, rechecked: true },
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
            openid: some("mini1"),
            template_id: some("t1"),
            tries: 0,
        },
        Event::SubscriptionChanged {
            openid: text("mini1"),
            template_id: text("t1"),
            accepted: true,
            at: NOW,
            popup: true,
        },
    ] {
        events.enqueue(&event, LONGEST_DELAY).await.expect("a message");
    }
    let forget = ForgetQueue::new(config, client).expect("a queue");
    let request = ForgetRequest { id: text("f1"), call: text("call1") };
    forget.enqueue(&request).await.expect("a message");
}

/// One as `send` makes it, one that `deliver` puts back after much trouble, and one for who does not follow.
fn jobs() -> [Job; 3] {
    let message = Message {
        n: 1,
        oa_openid: text("oa1"),
        is_typed: false,
        page: None,
        data: data("thing1", "a"),
        fallback: None,
        progress: Progress::default(),
        newer: Map::new(),
    };
    let progress = Progress {
        round: 1,
        requeues: 2,
        attempts: 3,
        ambiguous: 1,
        ambiguous_since: Some(NOW - 60),
        fell_back: true,
        sent: Some(11),
        parked: Some(Parked { reason: Reason::QuotaExhausted, errcode: Some(45009) }),
        last: Some(LastFailure { errcode: 45009, rid: some("rid1") }),
    };
    let parked = Some(Parked { reason: Reason::WechatUnavailable, errcode: None });
    let last = Some(LastFailure { errcode: -1, rid: None });
    let messages = vec![
        Message { is_typed: true, page: some("pages/a"), progress: progress.clone(), ..message.clone() },
        Message { n: 2, progress: Progress { parked, last, ..progress }, ..message.clone() },
    ];
    let fallback = Fallback {
        openid: text("mini3"),
        template_id: text("t3"),
        page: some("pages/c"),
        data: data("thing1", "c"),
    };
    let unfollowed = Message { n: 3, oa_openid: String::new(), fallback: Some(fallback), ..message.clone() };
    let first = Job {
        batch: text("b1"),
        template_id: text("t1"),
        prefer: Prefer::Once,
        accepted_at: NOW,
        keep: 7200,
        enqueued_at: Some(NOW),
        messages: vec![message],
        newer: Map::new(),
    };
    let later = Job { prefer: Prefer::Arrive, messages, ..first.clone() };
    let fallback = Job { messages: vec![unfollowed], ..first.clone() };
    [first, later, fallback]
}
