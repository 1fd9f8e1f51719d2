//! Service keys, by the SHA-256 of the key. Functions read them; only the operator writes them.

use aws_sdk_dynamodb::Client;
use contract::Scope;
use serde::{Deserialize, Serialize};

use super::table::Table;
use super::{Item, condition_met, from_item, text};
use crate::config::ConfigError;
use crate::session::{ServiceKey, Token};
use crate::{Clock, Config, Error};

/// The keys table.
#[derive(Clone, Debug)]
pub struct Keys {
    table: Table,
    clock: Clock,
}

/// A key as the table holds it; the key itself is nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    /// The SHA-256 of the key, in base64url.
    pub id: String,
    /// Who holds it.
    pub name: String,
    /// What the holder may do; a row that does not say may do the usual, and a scope that this version does
    /// not know opens nothing.
    #[serde(default = "usual", deserialize_with = "known")]
    pub scopes: Vec<Scope>,
    /// When it was made, in Unix seconds.
    #[serde(default)]
    pub created_at: i64,
    /// Until when it is taken, in Unix seconds; `None`, until it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<i64>,
}

fn known<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Scope>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    Ok(words.iter().filter_map(|word| word.parse().ok()).collect())
}

fn usual() -> Vec<Scope> {
    Scope::DEFAULT.to_vec()
}

impl Keys {
    /// The table that `config` names.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: &Config, client: Client) -> Result<Self, ConfigError> {
        let table = Table { client, name: config.keys_table()?, key: "id" };
        Ok(Self { table, clock: config.clock()? })
    }

    /// The clock by which keys end.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whose key this is; `None` when it is unknown, revoked or at its end.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn holder(&self, token: &Token) -> Result<Option<ServiceKey>, Error> {
        // A key is used the moment it is made, and must not be after it was revoked.
        let item = self.table.get::<serde_json::Value>(&token.id()).await?;
        let row = item.and_then(|item| {
            let row = serde_json::from_value::<KeyRow>(item);
            row.inspect_err(|_| {
                tracing::error!("a row of the table of keys does not read: it lets nobody in")
            })
            .ok()
        });
        let row = row.filter(|row| row.ends_at.is_none_or(|at| at > self.clock.now()));
        Ok(row.map(|KeyRow { name, scopes, .. }| ServiceKey { name, scopes }))
    }

    /// Lets a key in.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn put(&self, row: &KeyRow) -> Result<(), Error> {
        self.table.put(row)?.send().await.map_err(Error::unavailable)?;
        Ok(())
    }

    /// Every key there is, the oldest first. One that cannot be read may nothing, and can be revoked.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn all(&self) -> Result<Vec<KeyRow>, Error> {
        let scan = self.table.client.scan().table_name(&self.table.name).consistent_read(true);
        let mut pages = scan.into_paginator().send();
        let mut rows = Vec::new();
        while let Some(page) = pages.next().await {
            for item in page.map_err(Error::unavailable)?.items.unwrap_or_default() {
                rows.push(from_item::<KeyRow>(item.clone()).unwrap_or_else(|_| unreadable(&item)));
            }
        }
        rows.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(rows)
    }

    /// Ends a key at once; `false` when there is none of this id.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn revoke(&self, id: &str) -> Result<bool, Error> {
        let delete =
            self.table.client.delete_item().table_name(&self.table.name).key(self.table.key, text(id));
        condition_met(delete.condition_expression("attribute_exists(id)").send().await)
    }
}

fn unreadable(item: &Item) -> KeyRow {
    let id = item.get("id").and_then(|id| id.as_s().ok()).cloned().unwrap_or_default();
    KeyRow { id, name: "(unreadable)".to_owned(), scopes: Vec::new(), created_at: 0, ends_at: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_without_scopes_may_do_the_usual() {
        let row: KeyRow = serde_json::from_str(r#"{"id":"a","name":"backend"}"#).expect("a row");
        assert_eq!(row.scopes, [Scope::Send, Scope::Read, Scope::Sync]);
        assert_eq!(row.ends_at, None);
    }

    #[test]
    fn a_scope_that_is_not_known_yet_opens_nothing() {
        let row: KeyRow =
            serde_json::from_str(r#"{"id":"a","name":"b","scopes":["send","fly"]}"#).expect("a row");
        assert_eq!(row.scopes, [Scope::Send]);
    }
}
