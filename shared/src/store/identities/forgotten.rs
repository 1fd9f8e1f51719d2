//! All the map has of one user, found by any of their names, and deleted.

use std::collections::BTreeSet;

use contract::Recipient;
use serde::{Deserialize, Serialize};

use super::{Identities, Identity, UNBOUND};
use crate::Error;
use crate::store::{from_item, text};

/// Every name that one user is known by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserIds {
    /// Across both accounts; more than one, if it has changed.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub unionids: BTreeSet<String>,
    /// In the mini-program.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub openids: BTreeSet<String>,
    /// In the Official Account.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub oa_openids: BTreeSet<String>,
}

impl UserIds {
    /// Those of a user of whom this name is known.
    pub fn of(name: &Recipient) -> Self {
        let mut ids = Self::default();
        match name {
            Recipient::Unionid(unionid) => ids.unionids.insert(unionid.clone()),
            Recipient::Openid(openid) => ids.openids.insert(openid.clone()),
            Recipient::OaOpenid(openid) => ids.oa_openids.insert(openid.clone()),
        };
        ids
    }

    /// Whether a caller's name for a recipient is one of them.
    pub fn has(&self, name: &Recipient) -> bool {
        match name {
            Recipient::Unionid(unionid) => self.unionids.contains(unionid),
            Recipient::Openid(openid) => self.openids.contains(openid),
            Recipient::OaOpenid(openid) => self.oa_openids.contains(openid),
        }
    }

    /// Each of them.
    pub fn names(&self) -> impl Iterator<Item = Recipient> {
        let unionids = self.unionids.iter().cloned().map(Recipient::Unionid);
        let openids = self.openids.iter().cloned().map(Recipient::Openid);
        unionids.chain(openids).chain(self.oa_openids.iter().cloned().map(Recipient::OaOpenid))
    }

    /// These and those.
    #[must_use]
    pub fn and(mut self, mut other: Self) -> Self {
        self.unionids.append(&mut other.unionids);
        self.openids.append(&mut other.openids);
        self.oa_openids.append(&mut other.oa_openids);
        self
    }
}

impl Identities {
    /// Every name of the user who has this one.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn ids_of(&self, name: &Recipient) -> Result<UserIds, Error> {
        let mut ids = UserIds::of(name);
        let found = match name {
            Recipient::Unionid(_) => Vec::new(),
            Recipient::Openid(openid) => self.by_openid(openid, &self.mini_appid).await?,
            Recipient::OaOpenid(openid) => self.by_openid(openid, &self.oa_appid).await?,
        };
        let bound = found.iter().filter(|row| !row.unionid.starts_with(UNBOUND));
        // A wrong import names somebody else, until WeChat says who it is.
        let is_confirmed = bound.clone().any(|row| !row.is_imported());
        let theirs = bound.filter(|row| !(is_confirmed && row.is_imported()));
        ids.unionids.extend(theirs.map(|row| row.unionid.clone()));
        for unionid in ids.unionids.clone() {
            for row in self.rows(&unionid).await? {
                if row.is_imported() && self.is_confirmed_elsewhere(&row).await? {
                    continue;
                }
                let is_mini = row.account == self.mini_appid;
                let openids = if is_mini { &mut ids.openids } else { &mut ids.oa_openids };
                openids.insert(row.openid);
            }
        }
        Ok(ids)
    }

    /// Whether WeChat says of an imported row's user that they have another unionid.
    async fn is_confirmed_elsewhere(&self, imported: &Identity) -> Result<bool, Error> {
        let bound = self.bound(&imported.openid).await?;
        Ok(bound.is_some_and(|bound| bound.unionid != imported.unionid && !bound.is_imported()))
    }

    /// Deletes all there is of this user, the mark of whoever unfollowed, too; gives how many rows.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; what was deleted by then stays so.
    pub async fn forget(&self, ids: &UserIds) -> Result<u64, Error> {
        let mut keys = Vec::new();
        for unionid in &ids.unionids {
            keys.extend(self.rows(unionid).await?.iter().map(|row| self.key(unionid, &row.account)));
        }
        keys.extend(
            ids.openids.iter().map(|openid| self.key(&format!("{UNBOUND}{openid}"), &self.mini_appid)),
        );
        keys.extend(ids.oa_openids.iter().map(|openid| self.gone_key(openid)));
        let mut deleted = 0;
        for key in keys {
            let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key));
            let delete = delete.return_values(aws_sdk_dynamodb::types::ReturnValue::AllOld);
            let old = delete.send().await.map_err(Error::unavailable)?.attributes;
            deleted += u64::from(old.is_some());
        }
        Ok(deleted)
    }

    /// The rows of a unionid, read consistently.
    async fn rows(&self, unionid: &str) -> Result<Vec<Identity>, Error> {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let query = query.key_condition_expression("unionid = :unionid");
        let mut pages = query.expression_attribute_values(":unionid", text(unionid)).into_paginator().send();
        let mut rows = Vec::new();
        while let Some(page) = pages.next().await {
            for item in page.map_err(Error::unavailable)?.items.unwrap_or_default() {
                rows.push(from_item(item)?);
            }
        }
        Ok(rows)
    }
}
