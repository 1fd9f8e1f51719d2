//! The map as it changes: what the callbacks say, in whatever order they come.
//!
//! Whoever unfollows leaves a tombstone with the time of it, so that an older "follows" that is worked on
//! later does not bring them back. Tombstones are rows under one key, which no account has, and expire.

use aws_sdk_dynamodb::types::{ConditionCheck, Put, TransactWriteItem};
use serde::Deserialize;

use super::{Identities, Identity};
use crate::Error;
use crate::store::{Item, condition_met, from_item, is_condition_failure, number, text, to_item};

/// How long a tombstone stays, in seconds: longer than a callback can be late or a sync can run.
const KEPT_FOR: i64 = 7 * 24 * 3600;

/// Someone who unfollowed.
#[derive(Clone, Debug, Deserialize)]
pub struct Unfollowed {
    /// The Official Account's openid.
    #[serde(rename = "account")]
    pub openid: String,
    /// When, in Unix seconds.
    pub gone_at: i64,
}

impl Identities {
    /// A callback of time `at`, or WeChat when it was asked then, says that this user follows. `false`
    /// when a later one says otherwise.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn record_follow(&self, unionid: &str, openid: &str, at: i64) -> Result<bool, Error> {
        let row = Identity {
            unionid: unionid.to_owned(),
            account: self.oa_appid.clone(),
            openid: openid.to_owned(),
            updated_at: self.clock.now(),
            event_at: Some(at),
        };
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(to_item(&row)?))
            .condition_expression("attribute_not_exists(event_at) OR event_at <= :at")
            .expression_attribute_values(":at", number(at));
        let not_gone = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(self.gone_key(openid)))
            .condition_expression("attribute_not_exists(gone_at) OR gone_at <= :at")
            .expression_attribute_values(":at", number(at));
        let put = TransactWriteItem::builder().put(put.build().map_err(Error::unavailable)?).build();
        let not_gone = TransactWriteItem::builder()
            .condition_check(not_gone.build().map_err(Error::unavailable)?)
            .build();
        let write = self.client.transact_write_items().transact_items(not_gone).transact_items(put);
        match write.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_condition_failure(&error) => Ok(false),
            Err(error) => Err(Error::unavailable(error)),
        }
    }

    /// A callback of time `at` says that this user unfollowed. `false` when the map did not know them.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn record_unfollow(&self, openid: &str, at: i64) -> Result<bool, Error> {
        let tombstone =
            self.client.update_item().table_name(&self.table).set_key(Some(self.gone_key(openid)));
        let tombstone = tombstone
            .update_expression("SET gone_at = :at, expires_at = :expires_at")
            .condition_expression("attribute_not_exists(gone_at) OR gone_at < :at")
            .expression_attribute_values(":at", number(at))
            .expression_attribute_values(":expires_at", number(self.clock.now() + KEPT_FOR));
        condition_met(tombstone.send().await)?;
        Ok(self.remove_follower(openid, at).await?.rows > 0)
    }

    /// Whether this user is known to have unfollowed after `since`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn has_unfollowed_since(&self, openid: &str, since: i64) -> Result<bool, Error> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(self.gone_key(openid)));
        let item = get.consistent_read(true).send().await.map_err(Error::unavailable)?.item;
        Ok(item.map(from_item::<Unfollowed>).transpose()?.is_some_and(|gone| gone.gone_at > since))
    }

    /// Those who unfollowed since then.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn unfollowed_since(&self, since: i64) -> Result<Vec<Unfollowed>, Error> {
        let query = self.client.query().table_name(&self.table).key_condition_expression("unionid = :gone");
        let query = query
            .filter_expression("gone_at >= :since")
            .expression_attribute_values(":gone", text(self.gone()))
            .expression_attribute_values(":since", number(since));
        let mut pages = query.into_paginator().send();
        let mut gone = Vec::new();
        while let Some(page) = pages.next().await {
            for item in page.map_err(Error::unavailable)?.items.unwrap_or_default() {
                gone.push(from_item(item)?);
            }
        }
        Ok(gone)
    }

    fn gone(&self) -> String {
        format!("gone#{}", self.oa_appid)
    }

    pub(super) fn gone_key(&self, openid: &str) -> Item {
        [("unionid".to_owned(), text(self.gone())), ("account".to_owned(), text(openid))].into()
    }
}
