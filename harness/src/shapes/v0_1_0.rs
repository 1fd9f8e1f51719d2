//! How 0.1.0 reads what is stored and queued. Frozen: it stays as it is as long as a 0.1.0 may run beside a newer
//! version, and imports nothing of ours, which moves on. A field is here if 0.1.0 reads it or has a condition on it. It is one file,
//! however long, for the next version begins with a copy.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Error, Value};

/// What 0.1.0 sees there; `None` for a shape that it does not have.
pub fn read(shape: &str, body: &Value) -> Option<Result<Value, Error>> {
    Some(match shape {
        "IdentitiesTable" | "IdentitiesTable.unbound" => seen::<Identity>(body),
        "IdentitiesTable.gone" => seen::<Unfollowed>(body),
        "SessionsTable" => seen::<Session>(body),
        "SessionKeysTable" => seen::<SessionKey>(body),
        "KeysTable" => seen::<Key>(body),
        "TokensTable" => seen::<Token>(body),
        "MessagesTable.batch" => seen::<Batch>(body),
        "MessagesTable.message" => seen::<Record>(body),
        "StateTable.sync" => seen::<Sync>(body),
        "StateTable.breaker" => seen::<Breaker>(body),
        "StateTable.send" => seen::<Claim>(body),
        "StateTable.rate" => seen::<Counter>(body),
        "StateTable.catalog" => seen::<Catalog>(body),
        "StateTable.credit" => seen::<Credits>(body),
        "StateTable.templates" => seen::<Templates>(body),
        "StateTable.forget" => seen::<Forgetting>(body),
        "StateTable.heard" => seen::<Heard>(body),
        "DeliverQueue" => seen::<Job>(body),
        "RefreshQueue" => seen::<RefreshRequest>(body),
        "EventsQueue.follows"
        | "EventsQueue.unfollowed"
        | "EventsQueue.receipt"
        | "EventsQueue.subscription" => seen::<Event>(body),
        "ForgetQueue" => seen::<ForgetRequest>(body),
        _ => return None,
    })
}

fn seen<T: DeserializeOwned + Serialize>(body: &Value) -> Result<Value, Error> {
    serde_json::to_value(T::deserialize(body)?)
}

#[derive(Deserialize, Serialize)]
struct Identity {
    unionid: String,
    account: String,
    openid: String,
    updated_at: i64,
    event_at: Option<i64>,
}

#[derive(Deserialize, Serialize)]
struct Unfollowed {
    unionid: String,
    account: String,
    gone_at: i64,
    expires_at: i64,
}

#[derive(Deserialize, Serialize)]
struct Session {
    id: String,
    #[serde(flatten)]
    holder: Holder,
    expires_at: Option<i64>,
}

#[derive(Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Holder {
    User {
        openid: String,
        unionid: Option<String>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize, Serialize)]
struct SessionKey {
    id: String,
    session_key: String,
    expires_at: i64,
}

#[derive(Deserialize, Serialize)]
struct Key {
    id: String,
    name: String,
    scopes: Option<Vec<String>>,
    #[serde(default)]
    created_at: i64,
    ends_at: Option<i64>,
}

#[derive(Deserialize, Serialize)]
struct Token {
    appid: String,
    token: Option<String>,
    #[serde(default)]
    version: i64,
    #[serde(default)]
    expires_at: i64,
    #[serde(default)]
    forced_at: i64,
    #[serde(default)]
    forced_count: i64,
    lease: Option<String>,
    lease_until: Option<i64>,
}

#[derive(Deserialize, Serialize)]
struct Batch {
    batch: String,
    n: i64,
    sender: String,
    notification: String,
    entry: Option<Entry>,
    data: BTreeMap<String, String>,
    page: Option<String>,
    recipients: Vec<Addressed>,
    created_at: i64,
    expires_at: i64,
    parts: Option<usize>,
}

#[derive(Deserialize, Serialize)]
struct Entry {
    template_id: String,
    page: Option<String>,
    fields: BTreeMap<String, Text>,
    #[serde(default)]
    too_long: TooLong,
    #[serde(default)]
    allow: Allow,
    #[serde(default)]
    prefer: Prefer,
    keep: Option<String>,
    per_day: Option<u32>,
    fallback: Option<Fallback>,
}

#[derive(Deserialize, Serialize)]
struct Fallback {
    #[serde(default)]
    template_id: String,
    page: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, Text>,
    too_long: Option<TooLong>,
}

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    With { text: String, format: Option<Format>, too_long: Option<TooLong> },
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Fen,
    Day,
    Minute,
    Second,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum TooLong {
    #[default]
    Reject,
    Truncate,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Allow {
    #[default]
    Service,
    #[serde(rename = "self")]
    Oneself,
    Anyone,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Prefer {
    #[default]
    Once,
    Arrive,
}

#[derive(Deserialize, Serialize)]
struct Addressed {
    to: Recipient,
    #[serde(default)]
    data: BTreeMap<String, String>,
    oa_openid: Option<String>,
    openid: Option<String>,
    /// It takes any word.
    reason: Option<String>,
    detail: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Recipient {
    Openid(String),
    Unionid(String),
    OaOpenid(String),
}

#[derive(Deserialize, Serialize)]
struct Record {
    batch: String,
    n: u32,
    #[serde(default)]
    channel: Channel,
    state: MessageState,
    reason: Option<String>,
    detail: Option<String>,
    errcode: Option<i64>,
    rid: Option<String>,
    msgid: Option<i64>,
    attempts: u32,
    #[serde(default)]
    replay: u32,
    #[serde(default)]
    turn: u32,
    updated_at: i64,
    expires_at: i64,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Channel {
    #[default]
    Template,
    Subscribe,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum MessageState {
    Queued,
    Retrying,
    Parked,
    Sent,
    Delivered,
    Blocked,
    Refused,
    Failed,
    Unknown,
}

#[derive(Deserialize, Serialize)]
struct Sync {
    key: String,
    run: Option<SyncRun>,
    lease: Option<String>,
    lease_until: Option<i64>,
}

#[derive(Deserialize, Serialize)]
struct SyncRun {
    progress: SyncProgress,
    checkpoint: Option<Checkpoint>,
    #[serde(default)]
    failures: u32,
    #[serde(default)]
    done_at: i64,
}

#[derive(Deserialize, Serialize)]
struct SyncProgress {
    state: SyncState,
    run: Option<String>,
    total: Option<u64>,
    listed: u64,
    known: u64,
    new: u64,
    removed: u64,
    without_unionid: u64,
    #[serde(default)]
    not_looked_up: u64,
    calls: BTreeMap<String, u64>,
    started_at: i64,
    updated_at: i64,
    ends_at: Option<i64>,
    #[serde(default)]
    repairs: BTreeMap<String, u64>,
    error: Option<String>,
    cause: Option<Cause>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum SyncState {
    Idle,
    Running,
    Done,
    Failed,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Checkpoint {
    after: Option<String>,
    listed: u64,
    known: u64,
    without_unionid: u64,
    not_looked_up: u64,
    anew: bool,
    waiting: Vec<String>,
}

#[derive(Deserialize, Serialize)]
struct Breaker {
    key: String,
    outage: Option<Outage>,
    token_failure: Option<TokenFailure>,
    token_replacement: Option<TokenReplacement>,
    closed_at: Option<i64>,
}

#[derive(Deserialize, Serialize)]
struct Outage {
    cause: Cause,
    opened_at: i64,
    until: Option<i64>,
    probe_at: i64,
    probes: u32,
}

#[derive(Deserialize, Serialize)]
struct Cause {
    reason: String,
    errcode: Option<i64>,
    ip: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct TokenFailure {
    cause: Cause,
    failed_at: i64,
    no_token_from: i64,
    retry_at: i64,
    times: u32,
}

#[derive(Deserialize, Serialize)]
struct TokenReplacement {
    times: u32,
    since: i64,
    last_at: i64,
}

#[derive(Deserialize, Serialize)]
struct Claim {
    key: String,
    id: String,
    body: String,
    lease: String,
    lease_until: i64,
    #[serde(default)]
    done: bool,
    expires_at: i64,
}

#[derive(Deserialize, Serialize)]
struct Heard {
    key: String,
    heard_at: i64,
}

#[derive(Deserialize, Serialize)]
struct Counter {
    key: String,
    used: u32,
    expires_at: i64,
}

/// The row `catalog` says which version is in force, and has no text.
#[derive(Deserialize, Serialize)]
struct Catalog {
    key: String,
    version: u64,
    text: Option<String>,
    #[serde(default)]
    pushed_at: i64,
    rollback_to: Option<u64>,
}

#[derive(Deserialize, Serialize)]
struct Credits {
    key: String,
    #[serde(default)]
    counts: BTreeMap<String, u32>,
    #[serde(default)]
    taken: BTreeMap<String, Mark>,
    #[serde(default)]
    told: BTreeMap<String, i64>,
    expires_at: i64,
}

#[derive(Deserialize, Serialize)]
struct Mark {
    at: i64,
    by: String,
}

#[derive(Deserialize, Serialize)]
struct Forgetting {
    id: String,
    call: String,
    #[serde(default)]
    ids: UserIds,
    after: Option<Place>,
    #[serde(default)]
    done: bool,
    identities: u64,
    sessions: u64,
    #[serde(default)]
    credits: u64,
    messages: u64,
    scanned: u64,
    started_at: i64,
    updated_at: i64,
    expires_at: i64,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct UserIds {
    unionids: Vec<String>,
    openids: Vec<String>,
    oa_openids: Vec<String>,
}

#[derive(Deserialize, Serialize)]
struct Place {
    batch: String,
    n: i64,
}

#[derive(Deserialize, Serialize)]
struct Templates {
    fetched_at: i64,
    templates: Vec<Template>,
}

#[derive(Deserialize, Serialize)]
struct Template {
    id: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    lines: Vec<Line>,
}

#[derive(Deserialize, Serialize)]
struct Line {
    label: String,
    field: String,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Deserialize, Serialize)]
struct Job {
    batch: String,
    template_id: String,
    #[serde(default)]
    prefer: Prefer,
    #[serde(alias = "queued_at")]
    accepted_at: i64,
    keep: Option<i64>,
    enqueued_at: Option<i64>,
    messages: Vec<Message>,
}

#[derive(Deserialize, Serialize)]
struct Message {
    n: u32,
    #[serde(default)]
    oa_openid: String,
    fallback: Option<FallbackMessage>,
    #[serde(default)]
    is_typed: bool,
    page: Option<String>,
    data: BTreeMap<String, String>,
    #[serde(default)]
    replay: u32,
    #[serde(default)]
    turn: u32,
    #[serde(default)]
    attempts: u32,
    #[serde(default)]
    ambiguous: u32,
    ambiguous_since: Option<i64>,
    #[serde(default)]
    fell_back: bool,
    sent: Option<i64>,
    parked: Option<Parked>,
    last: Option<LastFailure>,
}

#[derive(Deserialize, Serialize)]
struct FallbackMessage {
    openid: String,
    template_id: String,
    page: Option<String>,
    data: BTreeMap<String, String>,
}

#[derive(Deserialize, Serialize)]
struct Parked {
    reason: String,
    errcode: Option<i64>,
}

#[derive(Deserialize, Serialize)]
struct LastFailure {
    errcode: i64,
    rid: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct RefreshRequest {
    account: Account,
    failed: Option<String>,
    errcode: Option<i64>,
    #[serde(default)]
    is_due: bool,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Account {
    Mini,
    Oa,
}

#[derive(Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Event {
    Follows {
        openid: String,
        at: i64,
        #[serde(default)]
        tries: u32,
    },
    Unfollowed {
        openid: String,
        at: i64,
        #[serde(default)]
        again: bool,
    },
    Receipt {
        msgid: i64,
        status: String,
        #[serde(default)]
        errcode: Option<i64>,
        openid: Option<String>,
        #[serde(default)]
        tries: u32,
    },
    Subscription {
        openid: String,
        template_id: String,
        accepted: bool,
        at: i64,
        popup: bool,
    },
}

#[derive(Deserialize, Serialize)]
struct ForgetRequest {
    id: String,
    call: String,
}
