//! mini openid → unionid → Official Account openid; and who does not follow, by the mini openid alone.

use std::collections::{HashMap, HashSet};

use contract::{Reason, Recipient};
use futures::{StreamExt, TryStreamExt, stream};
use shared::Error;
use shared::store::{Addressed, Registration};

use crate::Function;

/// How many openids are looked up at a time.
const CONCURRENCY: usize = 64;

/// Where a recipient can be reached: by one of them at least.
#[derive(Clone, Debug)]
pub struct Address {
    /// The follower.
    pub oa_openid: Option<String>,
    /// The mini-program's user, where the notification has a fallback.
    pub openid: Option<String>,
}

impl Address {
    /// Of a recipient who was accepted.
    pub fn of(recipient: &Addressed) -> Self {
        Self { oa_openid: recipient.oa_openid.clone(), openid: recipient.openid.clone() }
    }

    /// The user in the account that writes first.
    pub fn user(&self) -> &str {
        self.oa_openid.as_ref().or(self.openid.as_ref()).map_or("", String::as_str)
    }

    /// `unreachable`, where there is neither.
    fn or(self, unreachable: Reason) -> Result<Self, Reason> {
        if self.oa_openid.is_some() || self.openid.is_some() { Ok(self) } else { Err(unreachable) }
    }
}

impl Function {
    /// Each recipient's address, in order, or why there is none. With the template of a fallback, users who do not follow
    /// have one, too, as long as they have accepted such a message.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(crate) async fn resolve(
        &self,
        recipients: impl Iterator<Item = Recipient>,
        fallback: Option<&str>,
    ) -> Result<Vec<Result<Address, Reason>>, Error> {
        let (recipients, has_fallback): (Vec<_>, _) = (recipients.collect(), fallback.is_some());
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
        let named: HashSet<_> =
            recipients.iter().filter(|_| has_fallback).filter_map(named_unionid).collect();
        let (followers, users) =
            tokio::try_join!(self.identities.oa_openids(&unionids), self.identities.mini_openids(&named))?;
        let user = |to: &Recipient| match to {
            Recipient::Openid(openid) => Some(openid.clone()).filter(|_| has_fallback),
            Recipient::Unionid(unionid) => users.get(unionid).cloned(),
            Recipient::OaOpenid(_) => None,
        };
        let address = |to: &Recipient| match (to, unionid(to)) {
            // The caller knows the address; WeChat says whether it is one.
            (Recipient::OaOpenid(openid), _) => Ok(Address { oa_openid: Some(openid.clone()), openid: None }),
            (_, Err(Reason::NeverLoggedIn)) => Err(Reason::NeverLoggedIn),
            (_, Err(no_unionid)) => Address { oa_openid: None, openid: user(to) }.or(no_unionid),
            (_, Ok(unionid)) => {
                let oa_openid = followers.get(&unionid).cloned();
                Address { oa_openid, openid: user(to) }.or(Reason::NotFollowing)
            }
        };
        let addresses: Vec<_> = recipients.iter().map(address).collect();
        let Some(template) = fallback else { return Ok(addresses) };
        let having = self.having_accepted(&addresses, template).await?;
        let check = |(to, address): (&Recipient, Result<Address, Reason>)| match address? {
            Address { oa_openid: None, openid }
                if openid.as_ref().is_none_or(|one| !having.contains(one)) =>
            {
                Err(unionid(to).err().unwrap_or(Reason::NotSubscribed))
            }
            address => Ok(address),
        };
        Ok(recipients.iter().zip(addresses).map(check).collect())
    }

    /// Those who do not follow and have accepted a message of this template.
    async fn having_accepted(
        &self,
        addresses: &[Result<Address, Reason>],
        template: &str,
    ) -> Result<HashSet<String>, Error> {
        let others = addresses.iter().flatten().filter(|address| address.oa_openid.is_none());
        let others: HashSet<_> = others.filter_map(|address| address.openid.clone()).collect();
        self.credits.with_credit(&others, template).await
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

fn named_unionid(to: &Recipient) -> Option<String> {
    match to {
        Recipient::Unionid(unionid) => Some(unionid.clone()),
        Recipient::Openid(_) | Recipient::OaOpenid(_) => None,
    }
}
