//! A look into the map: whether users of the mini-program and followers have unionids in common.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::Select;

use super::{Identities, UNBOUND};
use crate::Error;
use crate::store::Item;

/// So many rows a call; all of one unionid stand beside each other.
const ROWS: i32 = 1000;

/// And so many calls, unless enough users of the mini-program were seen before: among many followers they are rare.
const CALLS: usize = 10;

/// Who was among the rows that were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Users of the mini-program who have a unionid.
    pub users: usize,
    /// Users of whom WeChat told none.
    pub without_unionid: usize,
    /// Followers of the Official Account.
    pub followers: usize,
    /// Users who are followers, too.
    pub both: usize,
}

impl Identities {
    /// Looks at some of the map, until so many users of the mini-program were seen.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn sample(&self, users: usize) -> Result<Sample, Error> {
        let scan = self.client.scan().table_name(&self.table).limit(ROWS).select(Select::SpecificAttributes);
        let mut pages = scan.projection_expression("unionid, account").into_paginator().send();
        let mut accounts = HashMap::new();
        for _ in 0..CALLS {
            let Some(page) = pages.next().await else { break };
            for row in page.map_err(Error::unavailable)?.items() {
                self.note(row, &mut accounts);
            }
            if accounts.values().filter(|[is_user, _]| *is_user).count() >= users {
                break;
            }
        }
        Ok(Sample::of(accounts))
    }

    /// Notes of whom a row is: a user, a follower.
    fn note(&self, row: &Item, accounts: &mut HashMap<String, [bool; 2]>) {
        let text = |name: &str| row.get(name).and_then(|value| value.as_s().ok());
        let (Some(unionid), Some(account)) = (text("unionid"), text("account")) else { return };
        let has = accounts.entry(unionid.clone()).or_default();
        has[0] |= *account == self.mini_appid;
        has[1] |= *account == self.oa_appid;
    }
}

impl Sample {
    fn of(accounts: HashMap<String, [bool; 2]>) -> Self {
        let mut sample = Self::default();
        for (unionid, [is_user, follows]) in accounts {
            let is_bound = !unionid.starts_with(UNBOUND);
            sample.users += usize::from(is_user && is_bound);
            sample.without_unionid += usize::from(is_user && !is_bound);
            sample.followers += usize::from(follows);
            sample.both += usize::from(is_user && follows);
        }
        sample
    }
}
