//! mini openid → unionid → Official Account openid.

use std::collections::{HashMap, HashSet};

use contract::{Reason, Recipient};
use futures::{StreamExt, TryStreamExt, stream};
use shared::Error;
use shared::store::Registration;

use crate::Function;

/// How many openids are looked up at a time.
const CONCURRENCY: usize = 64;

impl Function {
    /// Each recipient's Official Account openid, in order, or why there is none.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(crate) async fn resolve(
        &self,
        recipients: impl Iterator<Item = Recipient>,
    ) -> Result<Vec<Result<String, Reason>>, Error> {
        let recipients: Vec<_> = recipients.collect();
        let logins = self.logins(&recipients).await?;
        let unionid = |to: &Recipient| match to {
            Recipient::Openid(openid) => match logins.get(openid) {
                Some(Registration::Bound(unionid)) => Ok(unionid.clone()),
                Some(Registration::Unbound) => Err(Reason::NoUnionid),
                Some(Registration::Never) | None => Err(Reason::NeverLoggedIn),
            },
            Recipient::Unionid(unionid) => Ok(unionid.clone()),
            Recipient::OaOpenid(_) => Err(Reason::NotFollowing),
        };
        let unionids: HashSet<_> = recipients.iter().filter_map(|to| unionid(to).ok()).collect();
        let followers = self.identities.oa_openids(&unionids).await?;
        let address = |to: &Recipient| match to {
            // The caller knows the address; WeChat says whether it is one.
            Recipient::OaOpenid(openid) => Ok(openid.clone()),
            named => followers.get(&unionid(named)?).cloned().ok_or(Reason::NotFollowing),
        };
        Ok(recipients.iter().map(address).collect())
    }

    async fn logins(&self, recipients: &[Recipient]) -> Result<HashMap<String, Registration>, Error> {
        let openids: HashSet<_> = recipients.iter().filter_map(mini_openid).collect();
        stream::iter(openids)
            .map(|openid| async move {
                let login = self.identities.registration(&openid).await?;
                Ok((openid, login))
            })
            .buffer_unordered(CONCURRENCY)
            .boxed()
            .try_collect()
            .await
    }
}

fn mini_openid(to: &Recipient) -> Option<String> {
    match to {
        Recipient::Openid(openid) => Some(openid.clone()),
        Recipient::Unionid(_) | Recipient::OaOpenid(_) => None,
    }
}
