//! Sessions and service keys, by the SHA-256 of their token.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use serde::{Deserialize, Serialize};

use super::{from_item, text, to_item};
use crate::session::{Caller, Token, User};
use crate::{Config, Error, now};

/// The sessions table.
#[derive(Clone, Debug)]
pub struct Sessions {
    client: Client,
    table: String,
}

#[derive(Serialize, Deserialize)]
struct Row {
    id: String,
    #[serde(flatten)]
    caller: Caller,
    /// The table's TTL. DynamoDB deletes late, so reading checks it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

impl Sessions {
    /// The table that `config` names.
    pub fn new(config: &Config, client: Client) -> Self {
        Self { client, table: config.sessions_table.clone() }
    }

    /// Whom the token stands for.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when it is unknown or has expired; [`Error::Unavailable`].
    pub async fn caller(&self, token: &Token) -> Result<Caller, Error> {
        let get = self.client.get_item().table_name(&self.table).key("id", text(token.id()));
        // A session is used the moment it is handed out.
        let item = get.consistent_read(true).send().await.map_err(Error::unavailable)?.item;
        let row: Option<Row> = item.map(from_item).transpose()?;
        let row = row.filter(|row| row.expires_at.is_none_or(|at| at > now()));
        row.map(|row| row.caller).ok_or(Error::Unauthorized)
    }

    /// Signs a user in.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn sign_in(&self, token: &Token, user: User, lifetime: Duration) -> Result<(), Error> {
        let expires_at = now() + i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        self.put(Row { id: token.id(), caller: Caller::User(user), expires_at: Some(expires_at) }).await
    }

    /// Lets a service key in under a name, until its row is deleted.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn admit_service(&self, token: &Token, name: &str) -> Result<(), Error> {
        let caller = Caller::Service { name: name.to_owned() };
        self.put(Row { id: token.id(), caller, expires_at: None }).await
    }

    /// Adds the unionid that came to light to a session that still exists.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn learn_unionid(&self, token: &Token, unionid: &str) -> Result<(), Error> {
        let update = self.client.update_item().table_name(&self.table).key("id", text(token.id()));
        let update = update.update_expression("SET unionid = :unionid");
        let update = update.condition_expression("attribute_exists(id)");
        let update = update.expression_attribute_values(":unionid", text(unionid));
        super::held(update.send().await)?;
        Ok(())
    }

    async fn put(&self, row: Row) -> Result<(), Error> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(to_item(&row)?));
        put.send().await.map_err(Error::unavailable)?;
        Ok(())
    }
}
