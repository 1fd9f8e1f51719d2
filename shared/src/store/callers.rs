//! Who is calling: the two tables that know.

use ::http::HeaderMap;
use aws_sdk_dynamodb::Client;

use super::{Keys, Sessions};
use crate::config::ConfigError;
use crate::session::{Caller, Token};
use crate::{Config, Error};

/// Sessions and service keys.
#[derive(Clone, Debug)]
pub struct Callers {
    sessions: Sessions,
    keys: Keys,
}

impl Callers {
    /// The tables that `config` names.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: &Config, client: Client) -> Result<Self, ConfigError> {
        Ok(Self { sessions: Sessions::new(config, client.clone())?, keys: Keys::new(config, client)? })
    }

    /// Whom the bearer token of a request stands for. One read of one table, but for what looks like a
    /// session's token and is none.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when there is none, or it is unknown or has expired; [`Error::Unavailable`].
    pub async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Error> {
        let token = Token::of(headers)?;
        if token.may_be_a_sessions()
            && let Some(user) = self.sessions.user(&token).await?
        {
            return Ok(Caller::User(user));
        }
        self.keys.holder(&token).await?.map(Caller::Service).ok_or(Error::Unauthorized)
    }
}
