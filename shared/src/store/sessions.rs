//! Sessions, by the SHA-256 of their token.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use serde::{Deserialize, Serialize};

use super::table::Table;
use super::{condition_met, text};
use crate::config::ConfigError;
use crate::session::{Token, User};
use crate::{Clock, Config, Error};

/// The sessions table.
#[derive(Clone, Debug)]
pub struct Sessions {
    table: Table,
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
        let table = Table { client, name: config.sessions_table()?, key: "id" };
        Ok(Self { table, clock: config.clock()? })
    }

    /// Whose session the token is; `None` when it is unknown or has expired.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn user(&self, token: &Token) -> Result<Option<User>, Error> {
        // A session is used the moment it is handed out, and must not be after it was ended.
        let row = self.table.get::<Row>(&token.id()).await?;
        let row = row.filter(|row| row.expires_at.is_none_or(|at| at > self.clock.now()));
        Ok(row.and_then(|row| match row.holder {
            Holder::User { openid, unionid } => Some(User { session: row.id, openid, unionid }),
            Holder::Other => None,
        }))
    }

    /// Signs a user in.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn sign_in(&self, user: User, lifetime: Duration) -> Result<(), Error> {
        let User { session, openid, unionid } = user;
        let expires_at = Some(self.clock.now() + lifetime.as_secs().cast_signed());
        let row = Row { id: session, holder: Holder::User { openid, unionid }, expires_at };
        self.table.put(&row)?.send().await.map_err(Error::unavailable)?;
        Ok(())
    }

    /// Gives the unionid that came to light to a session that still exists and has none, or the one it was read with.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn set_unionid(&self, user: &User, unionid: &str) -> Result<(), Error> {
        let update = self.table.update(&user.session).update_expression("SET unionid = :unionid");
        let update = update.expression_attribute_values(":unionid", text(unionid));
        let update = match &user.unionid {
            None => update.condition_expression("attribute_exists(id) AND attribute_not_exists(unionid)"),
            Some(read) => update
                .condition_expression("attribute_exists(id) AND unionid = :read")
                .expression_attribute_values(":read", text(read)),
        };
        condition_met(update.send().await)?;
        Ok(())
    }

    /// The sessions of a mini-program user; one that was begun this very second may be missing.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn of(&self, openid: &str) -> Result<Vec<String>, Error> {
        #[derive(Deserialize)]
        struct Id {
            id: String,
        }
        let query = self.table.client.query().table_name(&self.table.name).index_name("by_openid");
        let query = query.key_condition_expression("openid = :openid");
        let mut pages = query.expression_attribute_values(":openid", text(openid)).into_paginator().send();
        let mut sessions = Vec::new();
        while let Some(page) = pages.next().await {
            for item in page.map_err(Error::unavailable)?.items.unwrap_or_default() {
                sessions.push(super::from_item::<Id>(item)?.id);
            }
        }
        Ok(sessions)
    }

    /// Ends sessions.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; what was ended by then stays so.
    pub async fn end(&self, sessions: &[String]) -> Result<(), Error> {
        self.table.delete(sessions).await
    }
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
