//! Unionids change when an Open Platform account is registered anew, or accounts are bound to another one; openids
//! stay. What the map holds under the old unionid then moves to the new one.

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use futures::{StreamExt, TryStreamExt, stream};

use super::live::is_condition_failure;
use super::{CONCURRENCY, Identities, Identity, UNBOUND};
use crate::Error;
use crate::store::{Item, condition_met, from_item, number, text, to_item};

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
    /// confirmed after it; gives how many.
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
        if !rows.iter().any(|row| row.unionid != old.unionid && row.updated_at >= since) {
            return Ok(false);
        }
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete
            .set_key(Some(self.oa_key(&old.unionid)))
            .condition_expression("updated_at < :since")
            .expression_attribute_values(":since", number(since));
        condition_met(delete.send().await)
    }

    /// A login showed this unionid for the first time: what the map has of this mini-program user under another one
    /// moves to it, the row of the Official Account, too. `true` when there was such a one.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; then nothing has moved.
    pub async fn move_to(&self, unionid: &str, openid: &str) -> Result<bool, Error> {
        let rows = self.by_openid(openid, &self.mini_appid).await?;
        let old = rows.into_iter().filter(|row| row.unionid != unionid && !row.unionid.starts_with(UNBOUND));
        let Some(old) = old.max_by_key(|row| row.updated_at) else { return Ok(false) };
        let mut write = self.client.transact_write_items();
        write = write.transact_items(self.deletion(self.key(&old.unionid, &self.mini_appid), openid)?);
        let get = self.client.get_item().table_name(&self.table).set_key(Some(self.oa_key(&old.unionid)));
        if let Some(item) = get.consistent_read(true).send().await.map_err(Error::unavailable)?.item {
            let follower: Identity = from_item(item)?;
            write = write.transact_items(self.deletion(self.oa_key(&old.unionid), &follower.openid)?);
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(to_item(&Identity { unionid: unionid.to_owned(), ..follower })?))
                .condition_expression("attribute_not_exists(unionid)");
            let put = TransactWriteItem::builder().put(put.build().map_err(Error::unavailable)?);
            write = write.transact_items(put.build());
        }
        match write.send().await {
            Ok(_) => Ok(true),
            // Somebody else was faster, the sync perhaps.
            Err(error) if is_condition_failure(&error) => Ok(true),
            Err(error) => Err(Error::unavailable(error)),
        }
    }

    /// Deletes a row as long as it is this openid's.
    fn deletion(&self, key: Item, openid: &str) -> Result<TransactWriteItem, Error> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key))
            .condition_expression("openid = :openid")
            .expression_attribute_values(":openid", text(openid));
        Ok(TransactWriteItem::builder().delete(delete.build().map_err(Error::unavailable)?).build())
    }
}
