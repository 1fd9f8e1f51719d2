//! A look into the map: whether users of the mini-program and followers have unionids in common.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Identities, UNBOUND};
use crate::Error;

/// So many rows are looked at: all of one unionid stand beside each other, wherever a scan begins.
const ROWS: i32 = 1000;

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
    /// Looks at some of the map.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn sample(&self) -> Result<Sample, Error> {
        let scan = self.client.scan().table_name(&self.table).limit(ROWS);
        let answer =
            scan.projection_expression("unionid, account").send().await.map_err(Error::unavailable)?;
        let mut accounts: HashMap<&str, [bool; 2]> = HashMap::new();
        for row in answer.items() {
            let (Some(AttributeValue::S(unionid)), Some(AttributeValue::S(account))) =
                (row.get("unionid"), row.get("account"))
            else {
                continue;
            };
            let has = accounts.entry(unionid).or_default();
            has[0] |= *account == self.mini_appid;
            has[1] |= *account == self.oa_appid;
        }
        let mut sample = Sample::default();
        for (unionid, [is_user, follows]) in accounts {
            let is_bound = !unionid.starts_with(UNBOUND);
            sample.users += usize::from(is_user && is_bound);
            sample.without_unionid += usize::from(is_user && !is_bound);
            sample.followers += usize::from(follows);
            sample.both += usize::from(is_user && follows);
        }
        Ok(sample)
    }
}
