//! Who is calling: a mini-program user's session or a service key.

use std::time::Duration;

use lambda_http::http::HeaderMap;
use lambda_http::http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::Error;

/// How long a session lasts. WeChat names no life of a session_key; it changes with every wx.login,
/// so an older one rarely still opens anything.
pub const LIFETIME: Duration = Duration::from_secs(3 * 24 * 3600);

/// Whom a bearer token stands for; a row of the sessions table.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Caller {
    /// A mini-program user.
    User(User),
    /// A backend with a service key.
    Service {
        /// Who holds the key.
        name: String,
    },
}

/// A signed-in mini-program user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    /// The mini-program's openid.
    pub openid: String,
    /// The unionid, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unionid: Option<String>,
    /// Opens this user's encryptedData; never leaves the server.
    #[serde(serialize_with = "expose")]
    pub session_key: SecretString,
}

/// An opaque bearer token of 256 bits. Only its SHA-256 is ever stored.
pub struct Token(String);

impl Token {
    /// A new one, from the operating system's randomness.
    pub fn random() -> Self {
        use base64::Engine;
        Self(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
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

    /// What the sessions table knows it by.
    pub fn id(&self) -> String {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(&self.0))
    }

    /// The token itself, for the one who is to hold it.
    pub fn into_text(self) -> String {
        self.0
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
            Self::Service { .. } => Err(Error::Forbidden(
                "This route is for a mini-program user's session, not for a service key.".into(),
            )),
        }
    }

    /// Lets only a service key pass.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a mini-program user.
    pub fn service(self) -> Result<(), Error> {
        match self {
            Self::Service { .. } => Ok(()),
            Self::User(_) => Err(Error::Forbidden("This route needs a service key.".into())),
        }
    }

    /// What a batch is remembered to be sent by.
    pub fn sender(&self) -> String {
        match self {
            Self::User(user) => format!("user:{}", user.openid),
            Self::Service { name } => format!("service:{name}"),
        }
    }
}

fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
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
    fn a_user_printed_for_a_log_keeps_the_session_key() {
        let user = User { openid: "o1".into(), unionid: None, session_key: "c2VjcmV0".to_owned().into() };
        assert!(!format!("{user:?}").contains("c2VjcmV0"));
    }
}
