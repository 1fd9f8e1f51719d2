//! Why a request was not answered: problem+json (RFC 9457).

use http::StatusCode;
use serde::{Deserialize, Serialize};

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
}
