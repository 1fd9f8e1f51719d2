//! Unionids change when an Open Platform account is registered anew, or accounts are bound to another one; openids
//! stay. What the map holds under the old unionid then moves to the new one.

use std::cmp::Reverse;

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use futures::{StreamExt, TryStreamExt, stream};

use super::{CONCURRENCY, Identities, Identity, UNBOUND};
use crate::Error;
use crate::store::{Item, condition_met, from_item, is_condition_failure, number, text, to_item};

/// Somebody else's row is left alone.
const SAME_OPENID: &str = "openid = :openid";

impl Identities {
    /// The unionids under which the map has this Official Account's openid.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn unionids(&self, oa_openid: &str) -> Result<Vec<String>, Error> {
        let rows = self.by_openid(oa_openid, &self.oa_appid).await?;
        Ok(rows.into_iter().map(|row| row.unionid).collect())
    }

    /// Removes followers' rows that were confirmed before `since` and have another one, of another unionid, that was
    /// confirmed after it; what the map has of the same user in the mini-program moves there. Gives how many.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; what was removed by then stays so.
    pub async fn remove_replaced(&self, since: i64) -> Result<u64, Error> {
        let scan = self.client.scan().table_name(&self.table);
        let scan = scan.filter_expression("account = :oa AND updated_at < :since");
        let scan = scan.expression_attribute_values(":oa", text(&self.oa_appid));
        let mut pages = scan.expression_attribute_values(":since", number(since)).into_paginator().send();
        let mut removed = 0;
        while let Some(page) = pages.next().await {
            let items = page.map_err(Error::unavailable)?.items.unwrap_or_default();
            let old: Vec<Identity> = items.into_iter().map(from_item).collect::<Result<_, _>>()?;
            let removals = old.into_iter().map(|row| self.remove_if_replaced(row, since));
            let removals = stream::iter(removals).buffer_unordered(CONCURRENCY).boxed();
            removed += removals.try_fold(0, async |sum, one| Ok(sum + u64::from(one))).await?;
        }
        Ok(removed)
    }

    async fn remove_if_replaced(&self, old: Identity, since: i64) -> Result<bool, Error> {
        let rows = self.by_openid(&old.openid, &self.oa_appid).await?;
        let Some(new) = rows.into_iter().find(|row| row.unionid != old.unionid && row.updated_at >= since)
        else {
            return Ok(false);
        };
        // The index lags behind: whoever unfollowed since has no other row any more.
        let (new, mini) = tokio::try_join!(
            self.row(self.oa_key(&new.unionid)),
            self.row(self.key(&old.unionid, &self.mini_appid))
        )?;
        let Some(new) = new.filter(|row| row.openid == old.openid) else { return Ok(false) };
        if let Some(mini) = mini {
            self.move_row(mini, &new.unionid).await?;
        }
        // Last, for by this row the others are found.
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete
            .set_key(Some(self.oa_key(&old.unionid)))
            .condition_expression("updated_at < :since")
            .expression_attribute_values(":since", number(since));
        condition_met(delete.send().await)
    }

    /// A login showed this unionid: what the map has of this mini-program user under another one moves to it, the row
    /// of the Official Account, too; but for what was imported, which is no proof that that row is theirs. `true` when
    /// there was such a one.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; the next login moves what is left.
    pub async fn move_to(&self, unionid: &str, openid: &str) -> Result<bool, Error> {
        let rows = self.by_openid(openid, &self.mini_appid).await?;
        let mut old: Vec<_> = rows
            .into_iter()
            .filter(|row| row.unionid != unionid && !row.unionid.starts_with(UNBOUND))
            .collect();
        old.sort_by_key(|row| Reverse(row.updated_at));
        for row in &old {
            if !row.is_imported()
                && let Some(follower) = self.row(self.oa_key(&row.unionid)).await?
            {
                self.move_row(follower, unionid).await?;
            }
            // Last, for by this row the other is found.
            self.delete_row(row).await?;
        }
        Ok(!old.is_empty())
    }

    /// Has a row be another unionid's; what that one has already stays, for it is newer.
    async fn move_row(&self, row: Identity, unionid: &str) -> Result<(), Error> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(self.key(&row.unionid, &row.account)))
            .condition_expression(SAME_OPENID)
            .expression_attribute_values(":openid", text(&row.openid));
        let moved = Identity { unionid: unionid.to_owned(), ..row.clone() };
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(to_item(&moved)?))
            .condition_expression("attribute_not_exists(unionid)");
        let delete = TransactWriteItem::builder().delete(delete.build().map_err(Error::unavailable)?).build();
        let put = TransactWriteItem::builder().put(put.build().map_err(Error::unavailable)?).build();
        match self.client.transact_write_items().transact_items(delete).transact_items(put).send().await {
            Ok(_) => Ok(()),
            Err(error) if is_condition_failure(&error) => self.delete_row(&row).await,
            Err(error) => Err(Error::unavailable(error)),
        }
    }

    /// Deletes a row as long as it is this openid's.
    async fn delete_row(&self, row: &Identity) -> Result<(), Error> {
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete
            .set_key(Some(self.key(&row.unionid, &row.account)))
            .condition_expression(SAME_OPENID)
            .expression_attribute_values(":openid", text(&row.openid));
        condition_met(delete.send().await).map(drop)
    }

    pub(super) async fn row(&self, key: Item) -> Result<Option<Identity>, Error> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        get.send().await.map_err(Error::unavailable)?.item.map(from_item).transpose()
    }
}
