//! Why a request was not answered: problem+json (RFC 9457).

use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::Lang;

/// A problem. Decide on `code`; show or log `detail`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Problem {
    /// `urn:queqiao:error:` and the code.
    pub r#type: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable word.
    pub code: Code,
    /// What happened and what to do, in a sentence.
    pub detail: String,
    /// WeChat's code, where WeChat is the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errcode: Option<i64>,
    /// WeChat's id of the call, for its own log (kept seven days).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rid: Option<String>,
}

impl Problem {
    /// A problem of our own; WeChat's part is added where there is one.
    pub fn new(code: Code, detail: String) -> Self {
        let status = code.status();
        Self {
            r#type: format!("urn:queqiao:error:{code}"),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            code,
            detail,
            errcode: None,
            rid: None,
        }
    }
}

/// The stable words a program may decide on.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Code {
    /// The body, a parameter or a header is not what the route takes.
    InvalidRequest,
    /// No token, or one that is unknown or has expired.
    Unauthorized,
    /// WeChat does not take the `wx.login` code.
    InvalidCode,
    /// WeChat blocks this user from logging in.
    LoginBlocked,
    /// `encryptedData` does not open with the session's key, or is not this session's.
    DecryptFailed,
    /// The caller is known but may not do this.
    Forbidden,
    /// There is no such thing, or it is not the caller's.
    NotFound,
    /// The Idempotency-Key stands for another body, or the message cannot be replayed.
    Conflict,
    /// More than one call may hold.
    TooLarge,
    /// The caller's own limit is used up.
    TooManyRequests,
    /// WeChat's limit for the account is used up.
    QuotaExhausted,
    /// WeChat refused for a reason in the account's settings.
    Misconfigured,
    /// WeChat is busy, unreachable, or our token is being renewed.
    WechatUnavailable,
    /// Our own tables or queues did not answer.
    Unavailable,
    /// A mistake of the service's own; trying again does not help.
    Internal,
}

impl Code {
    /// The HTTP status it comes with.
    pub fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest | Self::DecryptFailed => StatusCode::BAD_REQUEST,
            Self::Unauthorized | Self::InvalidCode => StatusCode::UNAUTHORIZED,
            Self::LoginBlocked | Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManyRequests | Self::QuotaExhausted => StatusCode::TOO_MANY_REQUESTS,
            Self::Misconfigured => StatusCode::BAD_GATEWAY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::WechatUnavailable | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What a caller can do about it, in a sentence or two; a problem's `detail` says more of the one call.
    pub fn remedy_in(self, lang: Lang) -> &'static str {
        let (english, chinese) = match self {
            Self::InvalidRequest => (
                "The request is not what the route takes; the detail names the place.",
                "请求不符合接口的要求；detail 说明是哪一处。",
            ),
            Self::Unauthorized => (
                "Send a session token (from POST /login) or a service key as `Authorization: Bearer …`; this one is missing, unknown or expired.",
                "用 `Authorization: Bearer …` 带上 session token（POST /login 返回的）或 service key；这次没有带，或者带的无效、过期了。",
            ),
            Self::InvalidCode => (
                "Call wx.login again and send the new code. A code serves once, within five minutes; if none ever serves, the mini-program's appid is not the one that Queqiao was set up with.",
                "再调一次 wx.login，用新的 code。code 五分钟内有效，只能用一次；如果每次都不行，就是小程序的 appid 和部署时填的不一致。",
            ),
            Self::LoginBlocked => (
                "WeChat blocks this user from logging in; do not try again.",
                "微信不让这个用户登录，不要再试。",
            ),
            Self::DecryptFailed => (
                "Call wx.login and POST /login first, then fetch the data again and send it with the new session.",
                "解不开这段加密数据：先调 wx.login 和 POST /login，再重新取数据，用新的会话发来。",
            ),
            Self::Forbidden => (
                "The caller is known and may not do this; the detail says what it lacks.",
                "身份有效，但没有这个权限；detail 说明缺什么。",
            ),
            Self::NotFound => {
                ("There is no such thing, or it is not the caller's.", "找不到，或者它不属于调用方。")
            }
            Self::Conflict => (
                "The Idempotency-Key stands for another body, or the message's state does not allow it; the detail says which.",
                "这个 Idempotency-Key 用过别的请求体，或者消息的状态不允许；见 detail。",
            ),
            Self::TooLarge => {
                ("Split the call: it holds more than one call may.", "超出了一次调用的上限，请分几次调用。")
            }
            Self::TooManyRequests => (
                "The caller's own limit is used up; the detail says until when.",
                "调用方用完了自己的限额；detail 说明何时恢复。",
            ),
            Self::QuotaExhausted => (
                "WeChat's limit for this account is used up. A minute quota comes back by itself; a daily one is reset at midnight Beijing time, or cleared in WeChat's console.",
                "这个账号在微信的额度用完了。每分钟的额度自己会恢复；每天的额度在北京时间零点恢复，也可以在微信后台清零。",
            ),
            Self::Misconfigured => (
                "WeChat does not accept this account's settings; the detail says what to correct.",
                "微信不接受这个账号的设置；detail 说明要改什么。",
            ),
            Self::WechatUnavailable => (
                "WeChat cannot answer at the moment; try again in a few seconds.",
                "微信暂时没有响应，过几秒再试。",
            ),
            Self::Unavailable => (
                "The service cannot reach its tables or queues at the moment; try again in a few seconds.",
                "鹊桥暂时无法访问自己的数据表或队列，过几秒再试。",
            ),
            Self::Internal => (
                "A mistake of the service's own that trying again does not mend; its operators are told.",
                "这是鹊桥自己的错误，再试也没有用；运维人员会收到告警。",
            ),
        };
        lang.pick(english, chinese)
    }
}
