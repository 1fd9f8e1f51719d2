//! Sessions, by the SHA-256 of their token.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use super::{from_item, text, to_item};
use crate::config::ConfigError;
use crate::session::{Token, User};
use crate::{Clock, Config, Error};

/// The sessions table.
#[derive(Clone, Debug)]
pub struct Sessions {
    client: Client,
    table: String,
    clock: Clock,
}

#[derive(Serialize, Deserialize)]
struct Row {
    id: String,
    #[serde(flatten)]
    holder: Holder,
    /// The table's TTL. DynamoDB deletes late, so reading checks it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

/// Who may hold a row.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Holder {
    User {
        openid: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unionid: Option<String>,
        #[serde(serialize_with = "expose")]
        session_key: SecretString,
    },
    /// What this version does not know, such as the service keys that were rows of this table once.
    #[serde(other)]
    Other,
}

impl Sessions {
    /// The table that `config` names.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: &Config, client: Client) -> Result<Self, ConfigError> {
        Ok(Self { client, table: config.sessions_table()?, clock: config.clock()? })
    }

    /// Whose session the token is; `None` when it is unknown or has expired.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn user(&self, token: &Token) -> Result<Option<User>, Error> {
        let get = self.client.get_item().table_name(&self.table).key("id", text(token.id()));
        // A session is used the moment it is handed out.
        let item = get.consistent_read(true).send().await.map_err(Error::unavailable)?.item;
        let row: Option<Row> = item.map(from_item).transpose()?;
        let row = row.filter(|row| row.expires_at.is_none_or(|at| at > self.clock.now()));
        Ok(row.and_then(|row| match row.holder {
            Holder::User { openid, unionid, session_key } => Some(User { openid, unionid, session_key }),
            Holder::Other => None,
        }))
    }

    /// Signs a user in.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn sign_in(&self, token: &Token, user: User, lifetime: Duration) -> Result<(), Error> {
        let expires_at = self.clock.now() + i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        let User { openid, unionid, session_key } = user;
        let holder = Holder::User { openid, unionid, session_key };
        let row = Row { id: token.id(), holder, expires_at: Some(expires_at) };
        let put = self.client.put_item().table_name(&self.table).set_item(Some(to_item(&row)?));
        put.send().await.map_err(Error::unavailable)?;
        Ok(())
    }

    /// Adds the unionid that came to light to a session that still exists.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn set_unionid(&self, token: &Token, unionid: &str) -> Result<(), Error> {
        let update = self.client.update_item().table_name(&self.table).key("id", text(token.id()));
        let update = update.update_expression("SET unionid = :unionid");
        let update = update.condition_expression("attribute_exists(id)");
        let update = update.expression_attribute_values(":unionid", text(unionid));
        super::condition_met(update.send().await)?;
        Ok(())
    }
}

fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn row(row: Value) -> Holder {
        serde_json::from_value::<Row>(row).expect("a row").holder
    }

    #[test]
    fn a_row_of_another_kind_is_nobodys_session() {
        let user = json!({"id": "a", "kind": "user", "openid": "o", "session_key": "k", "expires_at": 1});
        assert!(matches!(row(user), Holder::User { unionid: None, .. }));
        assert!(matches!(row(json!({"id": "a", "kind": "service", "name": "backend"})), Holder::Other));
    }
}
