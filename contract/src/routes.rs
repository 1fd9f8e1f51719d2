//! The routes as data: method, path, who may call, what goes in, what comes out.

use http::{Method, StatusCode};

use crate::{Code, Scope};

/// One route.
#[derive(Clone, Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// What it is for.
    pub operation: Operation,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Who may call it.
    pub who: Who,
    /// What stands in the path, the query and the headers.
    pub parameters: &'static [Parameter],
    /// The body it takes.
    pub request: Option<Body>,
    /// The status of an answer.
    pub status: StatusCode,
    /// What it answers.
    pub answer: Answer,
    /// The problems it answers instead.
    pub codes: &'static [Code],
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody; what they send speaks for them.
    Anyone,
    /// A signed-in mini-program user.
    Session,
    /// A service key with this scope.
    Key(Scope),
    /// Either of the two; the catalog says what a user may send.
    SessionOrKey(Scope),
    /// WeChat, by its signature over the query.
    Wechat,
}

/// What each route is for; its name in programs made from the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::Display)]
#[strum(serialize_all = "camelCase")]
pub enum Operation {
    /// A code becomes a session.
    Login,
    /// Sessions end.
    Logout,
    /// A user's data is opened.
    Decrypt,
    /// A notification is sent.
    Send,
    /// What became of a batch.
    Status,
    /// Messages are sent anew.
    Replay,
    /// The sync goes on.
    AdvanceSync,
    /// Where the sync stands.
    SyncProgress,
    /// A user is forgotten.
    Forget,
    /// How far that has come.
    Forgetting,
    /// WeChat asks whether the callback's address is ours.
    VerifyCallback,
    /// WeChat tells what happened.
    Callback,
}

/// A body.
#[derive(Clone, Copy, Debug)]
pub struct Body {
    /// What it is.
    pub kind: BodyKind,
    /// The most bytes that are read of it, as it stands in a function's event: there a quote, a backslash and
    /// a line's end take two.
    pub largest: usize,
    /// What else there is to say of it; a sentence behind a blank, or nothing.
    pub note: &'static str,
}

/// What a body is.
#[derive(Clone, Copy, Debug)]
pub enum BodyKind {
    /// JSON, of the type of this crate that is named; without it a call is refused.
    Json(&'static str),
    /// The same, and no body is an empty one.
    OptionalJson(&'static str),
    /// WeChat's XML.
    Xml,
}

/// The longest Idempotency-Key, in ASCII characters.
pub const LONGEST_IDEMPOTENCY_KEY: usize = 255;

/// What is enough for a body of a few short fields, and for a wx.login code.
const SMALL: usize = 1024;

/// encryptedData has one or two kilobytes, and rawData half of that; WeChat's events have less than one.
const MEDIUM: usize = 64 * 1024;

/// 10,000 recipients with some data of their own; an event of Lambda's has 6 MB at most.
const LARGE: usize = 4 * 1024 * 1024;

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// JSON, of the type of this crate that is named.
    Json(&'static str),
    /// Plain text, described here.
    Text(&'static str),
}

/// Something beside the body.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub description: &'static str,
    /// Whether a call without it is refused.
    pub required: bool,
    /// A JSON Schema of it.
    pub schema: &'static str,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum Place {
    /// In the path, always.
    Path,
    /// In the query.
    Query,
    /// Among the headers.
    Header,
}

/// Every route.
pub const ROUTES: [&Route; 12] = [
    &LOGIN,
    &LOGOUT,
    &DECRYPT,
    &SEND,
    &STATUS,
    &REPLAY,
    &ADVANCE_SYNC,
    &SYNC_PROGRESS,
    &FORGET,
    &FORGETTING,
    &VERIFY_CALLBACK,
    &CALLBACK,
];

/// POST /login.
pub const LOGIN: Route = Route {
    method: Method::POST,
    path: "/login",
    operation: Operation::Login,
    summary: "Exchanges a wx.login code for a session.",
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

/// POST /send.
pub const SEND: Route = Route {
    method: Method::POST,
    path: "/send",
    operation: Operation::Send,
    summary: "Sends a notification of the catalog to up to 10,000 users.",
    who: Who::SessionOrKey(Scope::Send),
    parameters: &[Parameter {
        name: "Idempotency-Key",
        place: Place::Header,
        description: "The same key and body make the same batch, for 24 hours; the same key and another body are a conflict.",
        required: false,
        schema: r#"{"type": "string", "minLength": 1, "maxLength": 255}"#,
    }],
    request: Some(Body {
        kind: BodyKind::Json("SendRequest"),
        largest: LARGE,
        note: " A mini-program user's call has 64 KB at most.",
    }),
    status: StatusCode::ACCEPTED,
    answer: Answer::Json("Accepted"),
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
    who: Who::SessionOrKey(Scope::Read),
    parameters: &[
        BATCH,
        Parameter {
            name: "after",
            place: Place::Query,
            description: "The page begins after this message number: `next` of the page before.",
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

/// POST /sync.
pub const ADVANCE_SYNC: Route = Route {
    method: Method::POST,
    path: "/sync",
    operation: Operation::AdvanceSync,
    summary: "Brings the map of followers up to date, for up to 20 seconds; the run goes on with the next call.",
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
    summary: "Deletes what is kept of one user: the map and the sessions at once, the messages within minutes.",
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
    who: Who::Key(Scope::Admin),
    parameters: &[Parameter { description: "As POST /forget named it.", ..BATCH }],
    request: None,
    status: StatusCode::OK,
    answer: Answer::Json("Forgetting"),
    codes: &[Code::Unauthorized, Code::Forbidden, Code::NotFound, Code::Unavailable, Code::Internal],
};

const fn signed(name: &'static str, description: &'static str) -> Parameter {
    Parameter { name, place: Place::Query, description, required: true, schema: r#"{"type": "string"}"# }
}

const SIGNATURE: Parameter = signed("signature", "Hex of sha1 over the sorted token, timestamp and nonce.");
const TIMESTAMP: Parameter = signed("timestamp", "Unix seconds; an event's is taken for ten minutes.");
const NONCE: Parameter = signed("nonce", "Digits that WeChat makes up.");

/// GET /events.
pub const VERIFY_CALLBACK: Route = Route {
    method: Method::GET,
    path: "/events",
    operation: Operation::VerifyCallback,
    summary: "Answers WeChat when the address is saved in the Official Account's console.",
    who: Who::Wechat,
    parameters: &[SIGNATURE, TIMESTAMP, NONCE, signed("echostr", "What is to be answered.")],
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
    who: Who::Wechat,
    parameters: &[
        SIGNATURE,
        TIMESTAMP,
        NONCE,
        Parameter {
            required: false,
            ..signed("msg_signature", "The signature over the ciphertext, too; in safe mode.")
        },
    ],
    request: Some(Body { kind: BodyKind::Xml, largest: MEDIUM, note: "" }),
    status: StatusCode::OK,
    answer: Answer::Text("`success`, once the event is on its queue."),
    codes: &[Code::Forbidden, Code::TooLarge, Code::Unavailable, Code::Internal],
};

impl Route {
    /// The route of an API Gateway's route key: `GET /send/{id}`.
    pub fn of_key(key: &str) -> Option<&'static Self> {
        let (method, path) = key.split_once(' ')?;
        ROUTES.into_iter().find(|route| route.method == method && route.path == path)
    }

    /// The route that a request of this method and path is for.
    pub fn of(method: &Method, path: &str) -> Option<&'static Self> {
        ROUTES.into_iter().find(|route| route.method == *method && route.is_at(path))
    }

    /// The path with its parameter filled, for a caller.
    pub fn at(&self, id: &str) -> String {
        self.path.replace("{id}", id)
    }

    /// The most bytes of a body that are read; none where the route takes no body.
    pub fn largest(&self) -> usize {
        self.request.map_or(0, |body| body.largest)
    }

    fn is_at(&self, path: &str) -> bool {
        let (own, given) = (self.path.split('/'), path.split('/'));
        let fits = |(own, given): (&str, &str)| own == given || own.starts_with('{') && !given.is_empty();
        own.clone().count() == given.clone().count() && own.zip(given).all(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::IntoEnumIterator;

    #[test]
    fn a_path_is_found_with_its_parameters() {
        let operation = |method, path| Route::of(&method, path).map(|route| route.operation);
        assert_eq!(Route::of_key("GET /send/{id}").map(|route| route.operation), Some(Operation::Status));
        assert_eq!(operation(Method::POST, "/send"), Some(Operation::Send));
        assert_eq!(operation(Method::GET, "/send/abc"), Some(Operation::Status));
        assert_eq!(operation(Method::POST, "/send/abc/replay"), Some(Operation::Replay));
        assert_eq!(operation(Method::GET, "/send/"), None);
        assert_eq!(operation(Method::GET, "/send/a/b"), None);
        assert_eq!(REPLAY.at("abc"), "/send/abc/replay");
    }

    #[test]
    fn every_code_is_some_routes() {
        for code in Code::iter() {
            assert!(ROUTES.iter().any(|route| route.codes.contains(&code)), "{code} is no route's");
        }
    }
}
