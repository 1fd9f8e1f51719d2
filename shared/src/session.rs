//! Who is calling: a mini-program user's session or a service key.

use std::time::Duration;

use ::http::HeaderMap;
use ::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use contract::Scope;
use contract::routes::Who;
use sha2::{Digest, Sha256};

use crate::Error;

/// How long a session lasts. WeChat names no life of a session_key; it changes with every wx.login,
/// so an older one rarely still opens anything.
pub const LIFETIME: Duration = Duration::from_secs(3 * 24 * 3600);

/// Whom a bearer token stands for.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A mini-program user.
    User(User),
    /// A backend with a service key.
    Service(ServiceKey),
}

/// A signed-in mini-program user.
#[derive(Clone, Debug)]
pub struct User {
    /// The session, as the tables know it: [`Token::id`].
    pub session: String,
    /// The mini-program's openid.
    pub openid: String,
    /// The unionid, once it is known.
    pub unionid: Option<String>,
}

/// A backend's right to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceKey {
    /// Who holds the key.
    pub name: String,
    /// What the holder may do.
    pub scopes: Vec<Scope>,
}

/// A service key begins with this, so that it is recognized: by us, and by whoever finds it in a log.
const KEY_PREFIX: &str = "qk_";

/// An opaque bearer token of 256 bits. Only its SHA-256 is ever stored.
pub struct Token(String);

impl Token {
    /// A new session's, from the operating system's randomness.
    pub fn random() -> Self {
        Self(BASE64.encode(rand::random::<[u8; 32]>()))
    }

    /// A new service key.
    pub fn random_key() -> Self {
        Self(format!("{KEY_PREFIX}{}", Self::random().0))
    }

    /// Whether a session may have this token: 43 characters of base64url, as [`Self::random`] makes them.
    /// A key that was made elsewhere may look the same.
    pub fn may_be_a_sessions(&self) -> bool {
        BASE64.decode(&self.0).is_ok_and(|bytes| bytes.len() == 32)
    }

    /// The token in an `Authorization: Bearer …` header.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] without one.
    pub fn of(headers: &HeaderMap) -> Result<Self, Error> {
        let header = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
        let (scheme, token) = header.and_then(|header| header.split_once(' ')).ok_or(Error::Unauthorized)?;
        let token = token.trim();
        if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
            return Err(Error::Unauthorized);
        }
        Ok(Self(token.to_owned()))
    }

    /// One that was handed over as text.
    pub fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// What the tables know it by.
    pub fn id(&self) -> String {
        BASE64.encode(Sha256::digest(&self.0))
    }

    /// The token itself, for the one who is to hold it.
    pub fn into_text(self) -> String {
        self.0
    }
}

impl ServiceKey {
    fn may(&self, scope: Scope) -> Result<(), Error> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(Error::Forbidden(format!(
            "This service key may not `{scope}`; `queqiao keys create NAME --scope {scope}` makes one that may."
        )))
    }
}

impl Caller {
    /// The mini-program user, where the caller is one.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a service key.
    pub fn user(self) -> Result<User, Error> {
        match self {
            Self::User(user) => Ok(user),
            Self::Service(_) => Err(not_for_keys()),
        }
    }

    /// Lets pass whom a route is for.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a mini-program user where a service key is wanted, for a key where a user is,
    /// and for a key that may do other things.
    pub fn may(&self, who: Who) -> Result<(), Error> {
        match (self, who) {
            (_, Who::Anyone | Who::Wechat) | (Self::User(_), Who::Session | Who::SessionOrKey(_)) => Ok(()),
            (Self::User(_), Who::Key(_)) => Err(Error::Forbidden("This route needs a service key.".into())),
            (Self::Service(_), Who::Session) => Err(not_for_keys()),
            (Self::Service(key), Who::Key(scope) | Who::SessionOrKey(scope)) => key.may(scope),
        }
    }

    /// What a batch is remembered to be sent by.
    pub fn sender(&self) -> String {
        match self {
            Self::User(user) => format!("user:{}", user.openid),
            Self::Service(key) => format!("service:{}", key.name),
        }
    }
}

fn not_for_keys() -> Error {
    Error::Forbidden("This route is for a mini-program user's session, not for a service key.".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_from_its_header_whatever_the_case_of_bearer() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, "bearer  abc ".parse().expect("a header"));
        assert_eq!(Token::of(&headers).expect("a token").into_text(), "abc");
        headers.insert(AUTHORIZATION, "Basic abc".parse().expect("a header"));
        assert!(Token::of(&headers).is_err());
    }

    #[test]
    fn a_key_is_told_from_a_sessions_token() {
        assert!(Token::random().may_be_a_sessions());
        assert!(!Token::random_key().may_be_a_sessions());
        assert!(!Token::from_text("secret").may_be_a_sessions());
    }
}
