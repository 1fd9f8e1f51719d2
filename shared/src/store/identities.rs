//! The map: this unionid has this openid in this account.

mod forgotten;
mod imported;
mod live;
mod moved;
mod sample;

pub use forgotten::UserIds;
pub use imported::Imported;
pub use sample::Sample;

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, ReturnValue, WriteRequest};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use super::{Item, READ_BATCH, WRITE_BATCH, condition_met, from_item, number, text, to_item};
use crate::config::ConfigError;
use crate::{Account, Clock, Config, Error};

/// The key prefix of a user WeChat gave no unionid for. Such a row is what tells `no_unionid` from
/// `never_logged_in`; it is outdone by a real one as soon as there is one.
const UNBOUND: &str = "unbound#";

/// When WeChat confirmed what another system said.
const NEVER: i64 = 0;

/// In how many parts the table is scanned at a time.
const SEGMENTS: i32 = 4;

/// How many calls run at a time, where there are many of a kind.
const CONCURRENCY: usize = 8;

/// One row of the map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The user, across all accounts of one Open Platform account.
    pub unionid: String,
    /// The account's appid.
    pub account: String,
    /// The user, in this account.
    pub openid: String,
    /// When WeChat confirmed it last, in Unix seconds; 0, it was imported.
    pub updated_at: i64,
    /// As of when a follower is known to follow, in Unix seconds: the CreateTime of a callback, or when
    /// WeChat was asked. An older callback changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_at: Option<i64>,
}

/// What deleting rows came to.
#[derive(Clone, Debug, Default)]
pub struct Removed {
    /// Rows that are gone.
    pub rows: u64,
    /// Openids whose row was confirmed later, and stayed.
    pub kept: Vec<String>,
}

/// What the map knows of a mini-program's openid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registration {
    /// The user logged in and has this unionid.
    Bound(String),
    /// The user logged in and WeChat gave no unionid.
    Unbound,
    /// Nobody with this openid logged in.
    Never,
}

/// The identities table.
#[derive(Clone, Debug)]
pub struct Identities {
    client: Client,
    table: String,
    clock: Clock,
    mini_appid: String,
    oa_appid: String,
}

impl Identity {
    /// Whether another system said it, and WeChat has not yet: that proves nothing.
    fn is_imported(&self) -> bool {
        self.updated_at == NEVER
    }
}

fn newest_bound(rows: Vec<Identity>) -> Option<Identity> {
    rows.into_iter().filter(|row| !row.unionid.starts_with(UNBOUND)).max_by_key(|row| row.updated_at)
}

impl Identities {
    /// The table that `config` names.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: &Config, client: Client) -> Result<Self, ConfigError> {
        Ok(Self {
            client,
            table: config.identities_table()?,
            clock: config.clock()?,
            mini_appid: config.appid(Account::Mini)?,
            oa_appid: config.appid(Account::Oa)?,
        })
    }

    /// Remembers a mini-program user; without a unionid, that there is none.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn record_login(&self, openid: &str, unionid: Option<&str>) -> Result<(), Error> {
        let unionid = unionid.map_or_else(|| format!("{UNBOUND}{openid}"), str::to_owned);
        let identity = self.login(openid, unionid);
        let put = self.client.put_item().table_name(&self.table).set_item(Some(to_item(&identity)?));
        put.send().await.map_err(Error::unavailable)?;
        Ok(())
    }

    /// Remembers the unionid of a mini-program user of whom none was known. `false` when the map has another one for
    /// them, or has this one for somebody else: then nothing has changed.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn learn_unionid(&self, openid: &str, unionid: &str) -> Result<bool, Error> {
        // An imported one is outdone by what is written now, and goes when WeChat tells a login their unionid.
        if self.bound(openid).await?.is_some_and(|known| known.unionid != unionid && !known.is_imported()) {
            return Ok(false);
        }
        let put = self.client.put_item().table_name(&self.table);
        let put = put.set_item(Some(to_item(&self.login(openid, unionid.to_owned()))?));
        let put = put.condition_expression("attribute_not_exists(unionid) OR openid = :openid");
        condition_met(put.expression_attribute_values(":openid", text(openid)).send().await)
    }

    /// Whether it is an import alone that says this unionid of this mini-program user.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn is_imported(&self, openid: &str, unionid: &str) -> Result<bool, Error> {
        let row = self.row(self.key(unionid, &self.mini_appid)).await?;
        Ok(row.is_some_and(|row| row.openid == openid && row.is_imported()))
    }

    fn login(&self, openid: &str, unionid: String) -> Identity {
        Identity {
            unionid,
            account: self.mini_appid.clone(),
            openid: openid.to_owned(),
            updated_at: self.clock.now(),
            event_at: None,
        }
    }

    /// What is known of this mini-program openid.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn registration(&self, openid: &str) -> Result<Registration, Error> {
        let rows = self.by_openid(openid, &self.mini_appid).await?;
        let is_known = !rows.is_empty();
        Ok(match newest_bound(rows) {
            Some(row) => Registration::Bound(row.unionid),
            None if is_known => Registration::Unbound,
            None => Registration::Never,
        })
    }

    /// The row that says which unionid this mini-program openid has.
    async fn bound(&self, openid: &str) -> Result<Option<Identity>, Error> {
        Ok(newest_bound(self.by_openid(openid, &self.mini_appid).await?))
    }

    /// The Official Account's openid of this unionid; `None` while the user does not follow.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn oa_openid(&self, unionid: &str) -> Result<Option<String>, Error> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(self.oa_key(unionid)));
        let item = get.send().await.map_err(Error::unavailable)?.item;
        Ok(item.map(from_item::<Identity>).transpose()?.map(|row| row.openid))
    }

    /// The Official Account's openids of many unionids; those who do not follow are not in it.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn oa_openids(&self, unionids: &HashSet<String>) -> Result<HashMap<String, String>, Error> {
        self.openids(unionids, &self.oa_appid).await
    }

    /// The mini-program's openids of many unionids; those who never logged in are not in it.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn mini_openids(&self, unionids: &HashSet<String>) -> Result<HashMap<String, String>, Error> {
        self.openids(unionids, &self.mini_appid).await
    }

    async fn openids(
        &self,
        unionids: &HashSet<String>,
        appid: &str,
    ) -> Result<HashMap<String, String>, Error> {
        let unionids: Vec<_> = unionids.iter().collect();
        let batches = unionids.chunks(READ_BATCH).map(<[_]>::to_vec);
        let found: Vec<_> = stream::iter(batches)
            .map(|batch| {
                let keys = batch.into_iter().map(|unionid| self.key(unionid, appid)).collect();
                super::read_batch::<Identity>(&self.client, &self.table, keys, false)
            })
            .buffer_unordered(CONCURRENCY)
            .boxed()
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().map(|row| (row.unionid, row.openid)).collect())
    }

    /// Writes followers (unionid → openid), 25 a call, as WeChat knew them `as_of` then.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; what was written by then stays.
    pub async fn add_followers(&self, followers: &HashMap<String, String>, as_of: i64) -> Result<(), Error> {
        let (updated_at, event_at) = (self.clock.now(), Some(as_of));
        let mut writes = Vec::with_capacity(followers.len());
        for (unionid, openid) in followers {
            let (unionid, openid) = (unionid.clone(), openid.clone());
            let row = Identity { unionid, account: self.oa_appid.clone(), openid, updated_at, event_at };
            let put =
                PutRequest::builder().set_item(Some(to_item(&row)?)).build().map_err(Error::unavailable)?;
            writes.push(WriteRequest::builder().put_request(put).build());
        }
        stream::iter(writes.chunks(WRITE_BATCH).map(<[_]>::to_vec))
            .map(|batch| super::write_batch(&self.client, &self.table, batch))
            .buffer_unordered(CONCURRENCY)
            .boxed()
            .try_collect()
            .await
    }

    /// Deletes the rows of followers who were none any more `as_of` then; openids that have no row are
    /// passed over.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; what was deleted by then stays so.
    pub async fn remove_followers(&self, openids: Vec<String>, as_of: i64) -> Result<Removed, Error> {
        stream::iter(openids)
            .map(|openid| async move { self.remove_follower(&openid, as_of).await })
            .buffer_unordered(CONCURRENCY)
            .boxed()
            .try_fold(Removed::default(), async |mut sum, one| {
                sum.rows += one.rows;
                sum.kept.extend(one.kept);
                Ok(sum)
            })
            .await
    }

    /// One by one, for BatchWriteItem knows no conditions: who follows again this very moment stays.
    async fn remove_follower(&self, openid: &str, as_of: i64) -> Result<Removed, Error> {
        let mut removed = Removed::default();
        for row in self.by_openid(openid, &self.oa_appid).await? {
            let delete = self.client.delete_item().table_name(&self.table);
            let delete = delete
                .set_key(Some(self.oa_key(&row.unionid)))
                .condition_expression("attribute_not_exists(event_at) OR event_at <= :as_of")
                .expression_attribute_values(":as_of", number(as_of))
                .return_values(ReturnValue::AllOld);
            match delete.send().await {
                Ok(deleted) => removed.rows += u64::from(deleted.attributes.is_some()),
                Err(error) => {
                    condition_met::<(), _, _>(Err(error))?;
                    removed.kept.push(row.openid);
                }
            }
        }
        Ok(removed)
    }

    /// Hands every openid of the Official Account that the map knows to `take`, in no order, by a
    /// scan in four parts.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn known_followers(&self, take: &(dyn Fn(&str) + Send + Sync)) -> Result<(), Error> {
        let segments = (0..SEGMENTS).map(|segment| self.known_in(segment, take));
        futures::future::try_join_all(segments).await?;
        Ok(())
    }

    async fn known_in(&self, segment: i32, take: &(dyn Fn(&str) + Send + Sync)) -> Result<(), Error> {
        let scan = self.client.scan().table_name(&self.table).segment(segment).total_segments(SEGMENTS);
        let scan = scan.filter_expression("account = :oa").projection_expression("openid");
        let mut pages = scan.expression_attribute_values(":oa", text(&self.oa_appid)).into_paginator().send();
        while let Some(page) = pages.next().await {
            for item in page.map_err(Error::unavailable)?.items.unwrap_or_default() {
                if let Some(AttributeValue::S(openid)) = item.get("openid") {
                    take(openid);
                }
            }
        }
        Ok(())
    }

    async fn by_openid(&self, openid: &str, appid: &str) -> Result<Vec<Identity>, Error> {
        let query = self.client.query().table_name(&self.table).index_name("by_openid");
        let query = query.key_condition_expression("openid = :openid AND account = :account");
        let query = query.expression_attribute_values(":openid", text(openid));
        let answer = query.expression_attribute_values(":account", text(appid)).send().await;
        let items = answer.map_err(Error::unavailable)?.items.unwrap_or_default();
        items.into_iter().map(from_item).collect()
    }

    fn oa_key(&self, unionid: &str) -> Item {
        self.key(unionid, &self.oa_appid)
    }

    fn key(&self, unionid: &str, appid: &str) -> Item {
        [("unionid".to_owned(), text(unionid)), ("account".to_owned(), text(appid))].into()
    }
}
