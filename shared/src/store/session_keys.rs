//! The session_keys, by their session, in a table apart: who may know a session need not be able to open what WeChat
//! sealed.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use super::table::Table;
use crate::config::ConfigError;
use crate::{Clock, Config, Error};

/// The session_keys table.
#[derive(Clone, Debug)]
pub struct SessionKeys {
    table: Table,
    clock: Clock,
}

#[derive(Serialize, Deserialize)]
struct Row {
    id: String,
    #[serde(serialize_with = "expose")]
    session_key: SecretString,
    expires_at: i64,
}

impl SessionKeys {
    /// The table that `config` names.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: &Config, client: Client) -> Result<Self, ConfigError> {
        let table = Table { client, name: config.session_keys_table()?, key: "id" };
        Ok(Self { table, clock: config.clock()? })
    }

    /// Keeps what opens a session's encryptedData.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn put(&self, session: &str, key: SecretString, lifetime: Duration) -> Result<(), Error> {
        let row = Row {
            id: session.to_owned(),
            session_key: key,
            expires_at: self.clock.now() + lifetime.as_secs().cast_signed(),
        };
        self.table.put(&row)?.send().await.map_err(Error::unavailable)?;
        Ok(())
    }

    /// What opens a session's encryptedData; `None` when it is not there any more.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn find(&self, session: &str) -> Result<Option<SecretString>, Error> {
        let row = self.table.get::<Row>(session).await?;
        Ok(row.filter(|row| row.expires_at > self.clock.now()).map(|row| row.session_key))
    }

    /// Forgets them.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; what was deleted by then stays so.
    pub async fn delete(&self, sessions: &[String]) -> Result<(), Error> {
        self.table.delete(sessions).await
    }
}

fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}
