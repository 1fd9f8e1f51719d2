//! The routes as data: method, path, who may call, what goes in, what comes out.

mod table;

pub use table::{
    ADVANCE_SYNC, CALLBACK, DECRYPT, DOCTOR, FORGET, FORGETTING, LOGIN, LOGOUT, LONGEST_IDEMPOTENCY_KEY,
    MINI_CALLBACK, REPLAY, ROUTES, SEND, STATUS, SUBSCRIBE, SYNC_PROGRESS, TEMPLATES, VERIFY_CALLBACK,
    VERIFY_MINI_CALLBACK,
};

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
    /// The same in Chinese.
    pub summary_zh: &'static str,
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
    /// What a user accepted is credited.
    Subscribe,
    /// A notification is sent.
    Send,
    /// What became of a batch.
    Status,
    /// Messages are sent anew.
    Replay,
    /// The catalog beside the accounts' templates.
    Templates,
    /// The sync goes on.
    AdvanceSync,
    /// Where the sync stands.
    SyncProgress,
    /// A user is forgotten.
    Forget,
    /// How far that has come.
    Forgetting,
    /// The deployment is looked at.
    Doctor,
    /// WeChat asks whether the callback's address is ours.
    VerifyCallback,
    /// WeChat tells what happened.
    Callback,
    /// WeChat asks whether the address of the mini-program's callbacks is ours.
    VerifyMiniCallback,
    /// WeChat tells what happened in the mini-program.
    MiniCallback,
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
    /// The same, and no body, or `null`, is an empty one.
    OptionalJson(&'static str),
    /// WeChat's XML.
    Xml,
    /// The same, or JSON of WeChat's.
    XmlOrJson,
}

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// JSON, of the type of this crate that is named.
    Json(&'static str),
    /// JSON as well; and with a status of its own JSON of another type, to a call that asks for that.
    Either {
        /// With the route's status.
        of: &'static str,
        /// The other status.
        status: StatusCode,
        /// With that one.
        other: &'static str,
    },
    /// Plain text, described here.
    Text(&'static str),
}

impl Answer {
    /// The types of JSON that it may be.
    pub fn types(self) -> impl Iterator<Item = &'static str> {
        let (of, other) = match self {
            Self::Json(of) => (Some(of), None),
            Self::Either { of, other, .. } => (Some(of), Some(other)),
            Self::Text(_) => (None, None),
        };
        [of, other].into_iter().flatten()
    }
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

    /// Whether a call that is answered with this status was taken.
    pub fn is_taken(&self, status: StatusCode) -> bool {
        let other = match self.answer {
            Answer::Either { status, .. } => Some(status),
            Answer::Json(_) | Answer::Text(_) => None,
        };
        self.status == status || other == Some(status)
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
