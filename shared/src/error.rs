//! What can go wrong for a caller: the one list of codes.

use contract::{Code, Problem};

use crate::causes;
use crate::wechat::Failure;
use crate::wechat::crypto::Unopened;
use crate::wechat::errcode::Action;

/// Why a request was not answered. The text is for the caller; the source is only logged.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The body, a parameter or a header is not what the route takes.
    #[error("{0}")]
    InvalidRequest(String),
    /// No token, or one that is unknown or has expired.
    #[error(
        "Send a session token (from POST /login) or a service key as `Authorization: Bearer …`; this one is missing, unknown or expired."
    )]
    Unauthorized,
    /// WeChat does not take the wx.login code: wrong, used or older than five minutes.
    #[error(
        "WeChat does not accept this code; call wx.login again and send the new one. A code serves once, within five minutes; if none ever serves, compare the mini-program's appid with MINI_APPID here."
    )]
    InvalidCode(#[source] Failure),
    /// WeChat blocks this user from logging in.
    #[error("WeChat blocks this user from logging in; do not try again.")]
    LoginBlocked(#[source] Failure),
    /// `encryptedData` does not open with the session's key, or is not this session's.
    #[error(
        "{0} Call wx.login and POST /login first, then fetch the data again and send it with the new session."
    )]
    DecryptFailed(&'static str),
    /// The caller is known but may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such thing, or it is not the caller's.
    #[error("{0}")]
    NotFound(String),
    /// The Idempotency-Key stands for another body, or the message cannot be replayed.
    #[error("{0}")]
    Conflict(String),
    /// More than one call may hold.
    #[error("{0}")]
    TooLarge(String),
    /// The caller's own limit is used up.
    #[error("{0}")]
    TooManyRequests(String),
    /// WeChat's limit for the account is used up.
    #[error("WeChat's limit for this account is used up: {}", .0.remedy())]
    QuotaExhausted(#[source] Failure),
    /// WeChat refused for a reason in the account's settings.
    #[error("WeChat does not accept this account's settings: {remedy}")]
    Misconfigured {
        /// What to correct.
        remedy: String,
        /// What WeChat said.
        #[source]
        failure: Failure,
    },
    /// WeChat is busy, unreachable, or our token is being renewed.
    #[error("WeChat cannot answer at the moment; try again in a few seconds.")]
    WechatUnavailable(#[source] Failure),
    /// DynamoDB or SQS did not answer.
    #[error("The service cannot reach its tables or queues at the moment; try again in a few seconds.")]
    Unavailable(#[source] Source),
    /// DynamoDB or SQS refused a call that should not have been made.
    #[error("The service made a mistake that trying again does not mend; its operators are told.")]
    Internal(#[source] Source),
}

/// What an error came from.
type Source = Box<dyn std::error::Error + Send + Sync>;

/// What AWS calls it when the call is at fault, and would be the next time.
const FAULTS_OF_A_CALL: [&str; 7] = [
    "ValidationException",
    "AccessDenied",
    "ItemCollectionSizeLimitExceeded",
    "BatchRequestTooLong",
    "InvalidMessageContents",
    "InvalidParameterValue",
    "InvalidBatchEntryId",
];

impl Error {
    /// A failure of the AWS SDK, or of an item that cannot be parsed. One that is the call's own fault is
    /// [`Error::Internal`], and an alarm.
    pub fn unavailable(source: impl Into<Source>) -> Self {
        let source = source.into();
        let causes = causes::of(&*source).unwrap_or_default();
        if FAULTS_OF_A_CALL.iter().any(|fault| causes.contains(fault)) {
            metrics::counter!("Defect").increment(1);
            tracing::error!(cause = causes, "AWS refused a call that should not have been made");
            return Self::Internal(source);
        }
        Self::Unavailable(source)
    }

    /// What it came from, for the log: each cause's own words, never a request or a response.
    pub fn causes(&self) -> Option<String> {
        causes::of(self)
    }

    /// The stable word a program may decide on; the status goes with it.
    pub fn code(&self) -> Code {
        match self {
            Self::InvalidRequest(_) => Code::InvalidRequest,
            Self::Unauthorized => Code::Unauthorized,
            Self::InvalidCode(_) => Code::InvalidCode,
            Self::LoginBlocked(_) => Code::LoginBlocked,
            Self::DecryptFailed(_) => Code::DecryptFailed,
            Self::Forbidden(_) => Code::Forbidden,
            Self::NotFound(_) => Code::NotFound,
            Self::Conflict(_) => Code::Conflict,
            Self::TooLarge(_) => Code::TooLarge,
            Self::TooManyRequests(_) => Code::TooManyRequests,
            Self::QuotaExhausted(_) => Code::QuotaExhausted,
            Self::Misconfigured { .. } => Code::Misconfigured,
            Self::WechatUnavailable(_) => Code::WechatUnavailable,
            Self::Unavailable(_) => Code::Unavailable,
            Self::Internal(_) => Code::Internal,
        }
    }

    /// What a caller is told.
    pub fn problem(&self) -> Problem {
        let failure = self.wechat();
        Problem {
            errcode: failure.and_then(Failure::errcode),
            rid: failure.and_then(Failure::rid).map(str::to_owned),
            ..Problem::new(self.code(), self.to_string())
        }
    }

    /// What WeChat said, where WeChat is the cause.
    pub fn wechat(&self) -> Option<&Failure> {
        match self {
            Self::InvalidCode(failure)
            | Self::LoginBlocked(failure)
            | Self::Misconfigured { failure, .. }
            | Self::QuotaExhausted(failure)
            | Self::WechatUnavailable(failure) => Some(failure),
            Self::InvalidRequest(_)
            | Self::Unauthorized
            | Self::DecryptFailed(_)
            | Self::Forbidden(_)
            | Self::NotFound(_)
            | Self::Conflict(_)
            | Self::TooLarge(_)
            | Self::TooManyRequests(_)
            | Self::Unavailable(_)
            | Self::Internal(_) => None,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure.action() {
            Action::LoginAgain => Self::InvalidCode(failure),
            Action::LoginBlocked => Self::LoginBlocked(failure),
            Action::NextMinute | Action::NextDay | Action::WaitForUser => Self::QuotaExhausted(failure),
            Action::AwaitRepair
            | Action::Duplicate
            | Action::GiveUp
            | Action::DoubtFollower
            | Action::Refused => Self::Misconfigured { remedy: failure.remedy(), failure },
            Action::Retry | Action::Ambiguous | Action::RefreshToken => match failure {
                Failure::Store(source) => Self::Unavailable(source),
                failure => Self::WechatUnavailable(failure),
            },
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Store(match error {
            Error::Unavailable(source) | Error::Internal(source) => source,
            error => Box::new(error),
        })
    }
}

impl From<Unopened> for Error {
    fn from(unopened: Unopened) -> Self {
        match unopened {
            Unopened::Malformed(why) => {
                Self::InvalidRequest(format!("{why} Send it as wx gave it, unchanged."))
            }
            Unopened::Foreign(why) => Self::DecryptFailed(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::error::{ErrorMetadata, SdkError};
    use aws_sdk_dynamodb::operation::put_item::PutItemError;

    use super::*;

    #[test]
    fn what_aws_refuses_for_the_calls_own_fault_is_not_to_be_tried_again() {
        let refused = |code: &str| {
            let error = PutItemError::generic(ErrorMetadata::builder().code(code).message("no").build());
            Error::unavailable(SdkError::service_error(error, ())).code()
        };
        for fault in ["ValidationException", "AccessDeniedException"] {
            assert_eq!(refused(fault), Code::Internal, "{fault}");
        }
        for passes in ["ThrottlingException", "InternalServerError", "ProvisionedThroughputExceededException"]
        {
            assert_eq!(refused(passes), Code::Unavailable, "{passes}");
        }
        assert_eq!(Error::unavailable("a sentence").code(), Code::Unavailable);
    }

    #[test]
    fn whoever_sends_what_does_not_open_is_told_to_log_in_again() {
        let error = Error::from(Unopened::Foreign("It does not open."));
        assert_eq!(error.code(), Code::DecryptFailed);
        let told = error.to_string();
        assert!(told.starts_with("It does not open.") && told.contains("POST /login first"), "{told}");
    }

    #[test]
    fn what_was_damaged_on_its_way_needs_no_login() {
        let error = Error::from(Unopened::Malformed("`iv` is not base64."));
        assert_eq!(error.code(), Code::InvalidRequest);
        assert_eq!(error.to_string(), "`iv` is not base64. Send it as wx gave it, unchanged.");
    }
}
