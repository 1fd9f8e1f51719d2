//! The table of routes.

use http::{Method, StatusCode};

use super::{Answer, Body, BodyKind, Operation, Parameter, Place, Route, Who};
use crate::{Code, Scope};

/// The longest Idempotency-Key, in ASCII characters.
pub const LONGEST_IDEMPOTENCY_KEY: usize = 255;

/// What is enough for a body of a few short fields, and for a wx.login code.
const SMALL: usize = 1024;

/// Twenty template ids, each with what became of it.
const RESULTS: usize = 4 * 1024;

/// encryptedData has one or two kilobytes, and rawData half of that; WeChat's events have less than one.
const MEDIUM: usize = 64 * 1024;

/// 10,000 recipients with some data of their own; an event of Lambda's has 6 MB at most.
const LARGE: usize = 4 * 1024 * 1024;

/// Every route.
pub const ROUTES: [&Route; 17] = [
    &LOGIN,
    &LOGOUT,
    &DECRYPT,
    &SUBSCRIBE,
    &SEND,
    &STATUS,
    &REPLAY,
    &TEMPLATES,
    &ADVANCE_SYNC,
    &SYNC_PROGRESS,
    &FORGET,
    &FORGETTING,
    &DOCTOR,
    &VERIFY_CALLBACK,
    &CALLBACK,
    &VERIFY_MINI_CALLBACK,
    &MINI_CALLBACK,
];

/// POST /login.
pub const LOGIN: Route = Route {
    method: Method::POST,
    path: "/login",
    operation: Operation::Login,
    summary: "Exchanges a wx.login code for a session.",
    summary_zh: "用 wx.login 的 code 换一个会话。",
    who: Who::Anyone,
    parameters: &[],
    request: Some(Body { kind: BodyKind::Json("Login"), largest: SMALL, note: "" }),
    status: StatusCode::OK,
    answer: Answer::Json("LoggedIn"),
    codes: &[
        Code::InvalidRequest,
        Code::TooLarge,
        Code::InvalidCode,
        Code::LoginBlocked,
        Code::TooManyRequests,
        Code::QuotaExhausted,
        Code::Misconfigured,
        Code::WechatUnavailable,
        Code::Unavailable,
        Code::Internal,
    ],
};

/// POST /logout.
pub const LOGOUT: Route = Route {
    method: Method::POST,
    path: "/logout",
    operation: Operation::Logout,
    summary: "Ends this session, or all of the user's.",
    summary_zh: "结束这个会话，或这位用户的全部会话。",
    who: Who::Session,
    parameters: &[],
    request: Some(Body { kind: BodyKind::OptionalJson("Logout"), largest: SMALL, note: "" }),
    status: StatusCode::OK,
    answer: Answer::Json("LoggedOut"),
    codes: &[
        Code::InvalidRequest,
        Code::TooLarge,
        Code::Unauthorized,
        Code::Forbidden,
        Code::Unavailable,
        Code::Internal,
    ],
};

/// POST /decrypt.
pub const DECRYPT: Route = Route {
    method: Method::POST,
    path: "/decrypt",
    operation: Operation::Decrypt,
    summary: "Opens a user's encryptedData with the session's key.",
    summary_zh: "用会话的密钥解开用户的 encryptedData。",
    who: Who::Session,
    parameters: &[],
    request: Some(Body { kind: BodyKind::Json("Sealed"), largest: MEDIUM, note: "" }),
    status: StatusCode::OK,
    answer: Answer::Json("Opened"),
    codes: &[
        Code::InvalidRequest,
        Code::TooLarge,
        Code::DecryptFailed,
        Code::Unauthorized,
        Code::Forbidden,
        Code::TooManyRequests,
        Code::Unavailable,
        Code::Internal,
    ],
};

/// POST /subscriptions.
pub const SUBSCRIBE: Route = Route {
    method: Method::POST,
    path: "/subscriptions",
    operation: Operation::Subscribe,
    summary: "Credits the subscribe messages that a user has accepted; whoever does not follow gets them instead.",
    summary_zh: "记下用户授权了哪些订阅消息；没有关注公众号的用户，收到的就是订阅消息。",
    who: Who::Session,
    parameters: &[],
    request: Some(Body { kind: BodyKind::Json("Subscriptions"), largest: RESULTS, note: "" }),
    status: StatusCode::OK,
    answer: Answer::Json("Credited"),
    codes: &[
        Code::InvalidRequest,
        Code::TooLarge,
        Code::Unauthorized,
        Code::Forbidden,
        Code::TooManyRequests,
        Code::Unavailable,
        Code::Internal,
    ],
};

/// POST /send.
pub const SEND: Route = Route {
    method: Method::POST,
    path: "/send",
    operation: Operation::Send,
    summary: "Sends a notification of the catalog to up to 10,000 users.",
    summary_zh: "把通知目录里的一种通知发给最多 10,000 位用户。",
    who: Who::SessionOrKey(Scope::Send),
    parameters: &[
        Parameter {
            name: "Idempotency-Key",
            place: Place::Header,
            description: "The same key and body make the same batch, for 24 hours; the same key and another body are a conflict.",
            required: false,
            schema: r#"{"type": "string", "minLength": 1, "maxLength": 255}"#,
        },
        Parameter {
            name: "dry_run",
            place: Place::Query,
            description: "With `true` nothing is sent, written or counted, and the answer says who would get what; for service keys only, and at most 500 recipients.",
            required: false,
            schema: r#"{"type": "boolean"}"#,
        },
    ],
    request: Some(Body {
        kind: BodyKind::Json("SendRequest"),
        largest: LARGE,
        note: " A mini-program user's call has 64 KB at most.",
    }),
    status: StatusCode::ACCEPTED,
    answer: Answer::Either { of: "Accepted", status: StatusCode::OK, other: "DryRun" },
    codes: &[
        Code::InvalidRequest,
        Code::Unauthorized,
        Code::Forbidden,
        Code::Conflict,
        Code::TooLarge,
        Code::TooManyRequests,
        Code::Unavailable,
        Code::Internal,
    ],
};

const BATCH: Parameter = Parameter {
    name: "id",
    place: Place::Path,
    description: "A batch, as POST /send named it.",
    required: true,
    schema: r#"{"type": "string"}"#,
};

/// GET /send/{id}.
pub const STATUS: Route = Route {
    method: Method::GET,
    path: "/send/{id}",
    operation: Operation::Status,
    summary: "Tells what became of a batch, a hundred messages a page.",
    summary_zh: "查询一个批次的送达情况，每页一百条。",
    who: Who::SessionOrKey(Scope::Read),
    parameters: &[
        BATCH,
        Parameter {
            name: "after",
            place: Place::Query,
            description: "The page begins after this message number: `next` of the page before, or 0. Without it the first page \
            comes, with the counts of the whole batch.",
            required: false,
            schema: r#"{"type": "integer", "minimum": 0, "maximum": 4294967295}"#,
        },
    ],
    request: None,
    status: StatusCode::OK,
    answer: Answer::Json("BatchStatus"),
    codes: &[
        Code::InvalidRequest,
        Code::Unauthorized,
        Code::Forbidden,
        Code::NotFound,
        Code::Unavailable,
        Code::Internal,
    ],
};

/// POST /send/{id}/replay.
pub const REPLAY: Route = Route {
    method: Method::POST,
    path: "/send/{id}/replay",
    operation: Operation::Replay,
    summary: "Sends messages anew that failed or whose outcome is unknown.",
    summary_zh: "重新发送失败的或结果未知的消息。",
    who: Who::Key(Scope::Send),
    parameters: &[BATCH],
    request: Some(Body { kind: BodyKind::Json("Replay"), largest: SMALL, note: "" }),
    status: StatusCode::ACCEPTED,
    answer: Answer::Json("Replayed"),
    codes: &[
        Code::InvalidRequest,
        Code::Unauthorized,
        Code::Forbidden,
        Code::NotFound,
        Code::Conflict,
        Code::TooLarge,
        Code::Unavailable,
        Code::Internal,
    ],
};

/// GET /templates.
pub const TEMPLATES: Route = Route {
    method: Method::GET,
    path: "/templates",
    operation: Operation::Templates,
    summary: "Shows the catalog beside the templates that the accounts have, and what WeChat would refuse.",
    summary_zh: "列出通知目录，对照账号里实有的模板，指出微信会拒绝什么。",
    who: Who::Key(Scope::Read),
    parameters: &[],
    request: None,
    status: StatusCode::OK,
    answer: Answer::Json("Templates"),
    codes: &[Code::Unauthorized, Code::Forbidden, Code::Unavailable, Code::Internal],
};

/// POST /sync.
pub const ADVANCE_SYNC: Route = Route {
    method: Method::POST,
    path: "/sync",
    operation: Operation::AdvanceSync,
    summary: "Brings the map of followers up to date, for up to 20 seconds; the run goes on with the next call.",
    summary_zh: "同步粉丝的映射表，一次最多 20 秒；没有同步完的，下次调用接着来。",
    who: Who::Key(Scope::Sync),
    parameters: &[],
    request: Some(Body { kind: BodyKind::OptionalJson("Advance"), largest: SMALL, note: "" }),
    status: StatusCode::OK,
    answer: Answer::Json("SyncProgress"),
    codes: &[
        Code::InvalidRequest,
        Code::TooLarge,
        Code::Unauthorized,
        Code::Forbidden,
        Code::Unavailable,
        Code::Internal,
    ],
};

/// GET /sync.
pub const SYNC_PROGRESS: Route = Route {
    method: Method::GET,
    path: "/sync",
    operation: Operation::SyncProgress,
    summary: "Tells where the last run of the sync stands.",
    summary_zh: "查询最近一次同步的进度。",
    who: Who::Key(Scope::Sync),
    parameters: &[],
    request: None,
    status: StatusCode::OK,
    answer: Answer::Json("SyncProgress"),
    codes: &[Code::Unauthorized, Code::Forbidden, Code::Unavailable, Code::Internal],
};

/// POST /forget.
pub const FORGET: Route = Route {
    method: Method::POST,
    path: "/forget",
    operation: Operation::Forget,
    summary: "Deletes what is kept of one user: the map, the sessions and the credits at once, the messages within minutes.",
    summary_zh: "删除一位用户的全部数据：映射表、会话和授权次数当场删除，消息在几分钟内删除。",
    who: Who::Key(Scope::Admin),
    parameters: &[],
    request: Some(Body { kind: BodyKind::Json("Recipient"), largest: SMALL, note: "" }),
    status: StatusCode::ACCEPTED,
    answer: Answer::Json("Forgetting"),
    codes: &[
        Code::InvalidRequest,
        Code::TooLarge,
        Code::Unauthorized,
        Code::Forbidden,
        Code::Unavailable,
        Code::Internal,
    ],
};

/// GET /forget/{id}.
pub const FORGETTING: Route = Route {
    method: Method::GET,
    path: "/forget/{id}",
    operation: Operation::Forgetting,
    summary: "Tells how far the deletion of a user has come.",
    summary_zh: "查询删除一位用户的进度。",
    who: Who::Key(Scope::Admin),
    parameters: &[Parameter { description: "As POST /forget named it.", ..BATCH }],
    request: None,
    status: StatusCode::OK,
    answer: Answer::Json("Forgetting"),
    codes: &[Code::Unauthorized, Code::Forbidden, Code::NotFound, Code::Unavailable, Code::Internal],
};

/// GET /doctor.
pub const DOCTOR: Route = Route {
    method: Method::GET,
    path: "/doctor",
    operation: Operation::Doctor,
    summary: "Looks at the deployment: each check, whether it is as it should be, and what to do if not.",
    summary_zh: "检查部署：逐项说明是否正常，不正常的该怎么办。",
    who: Who::Key(Scope::Admin),
    parameters: &[Parameter {
        name: "Accept-Language",
        place: Place::Header,
        description: "In which language it is told: `zh` is Chinese, anything else English.",
        required: false,
        schema: r#"{"type": "string"}"#,
    }],
    request: None,
    status: StatusCode::OK,
    answer: Answer::Json("Diagnosis"),
    codes: &[Code::Unauthorized, Code::Forbidden, Code::Unavailable, Code::Internal],
};

const fn signed(name: &'static str, description: &'static str) -> Parameter {
    Parameter { name, place: Place::Query, description, required: true, schema: r#"{"type": "string"}"# }
}

const SIGNATURE: Parameter = signed("signature", "Hex of sha1 over the sorted token, timestamp and nonce.");
const TIMESTAMP: Parameter = signed("timestamp", "Unix seconds; an event's is taken for ten minutes.");
const NONCE: Parameter = signed("nonce", "Digits that WeChat makes up.");
const MSG_SIGNATURE: Parameter = Parameter {
    required: false,
    ..signed("msg_signature", "The signature over the ciphertext, too; in safe mode.")
};

/// GET /events.
pub const VERIFY_CALLBACK: Route = Route {
    method: Method::GET,
    path: "/events",
    operation: Operation::VerifyCallback,
    summary: "Answers WeChat when the address is saved in the Official Account's console.",
    summary_zh: "在公众号后台保存回调地址时，响应微信的验证。",
    who: Who::Wechat,
    parameters: &[
        SIGNATURE,
        TIMESTAMP,
        NONCE,
        Parameter {
            schema: r#"{"type": "string", "minLength": 1, "maxLength": 256, "pattern": "^[A-Za-z0-9+/=_-]+$"}"#,
            ..signed("echostr", "What is to be answered.")
        },
    ],
    request: None,
    status: StatusCode::OK,
    answer: Answer::Text("The echostr."),
    codes: &[Code::InvalidRequest, Code::Forbidden],
};

/// POST /events.
pub const CALLBACK: Route = Route {
    method: Method::POST,
    path: "/events",
    operation: Operation::Callback,
    summary: "Takes an event of the Official Account: a follow, an unfollow, a receipt. The body is WeChat's XML, encrypted in safe mode.",
    summary_zh: "接收公众号的事件：关注、取消关注、送达回执。请求体是微信的 XML，安全模式下已加密。",
    who: Who::Wechat,
    parameters: &[SIGNATURE, TIMESTAMP, NONCE, MSG_SIGNATURE],
    request: Some(Body { kind: BodyKind::Xml, largest: MEDIUM, note: "" }),
    status: StatusCode::OK,
    answer: Answer::Text(
        "`success`, once the event is on its queue; with `ForwardUrl`, what the server there answers.",
    ),
    codes: &[Code::Forbidden, Code::TooLarge, Code::Unavailable, Code::Internal],
};

/// GET /events/mini.
pub const VERIFY_MINI_CALLBACK: Route = Route {
    path: "/events/mini",
    operation: Operation::VerifyMiniCallback,
    summary: "Answers WeChat when the address is saved in the mini-program's console.",
    summary_zh: "在小程序后台保存消息推送的地址时，响应微信的验证。",
    codes: &[Code::InvalidRequest, Code::Forbidden, Code::NotFound],
    ..VERIFY_CALLBACK
};

/// POST /events/mini.
pub const MINI_CALLBACK: Route = Route {
    path: "/events/mini",
    operation: Operation::MiniCallback,
    summary: "Takes an event of the mini-program: what a user says of subscribe messages, and what became of one. The body is WeChat's XML or JSON, encrypted in safe mode. 404 where the stack has no MiniCallbackToken.",
    summary_zh: "接收小程序的事件：用户对订阅消息的授权，以及订阅消息的结果。请求体是微信的 XML 或 JSON，安全模式下已加密。堆栈没有设置 MiniCallbackToken 时返回 404。",
    request: Some(Body { kind: BodyKind::XmlOrJson, largest: MEDIUM, note: "" }),
    answer: Answer::Text("`success`, once the event is on its queue."),
    codes: &[Code::Forbidden, Code::NotFound, Code::TooLarge, Code::Unavailable, Code::Internal],
    ..CALLBACK
};
