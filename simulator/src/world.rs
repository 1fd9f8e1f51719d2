//! What there is at WeChat: accounts, users, followers, tokens, templates, messages, quotas, and the time.
//! Knows nothing of HTTP.

use std::collections::HashSet;
use std::net::IpAddr;

use clock::Clock;
use serde::{Deserialize, Serialize};

use crate::world::accounts::{Account, Kind};
use crate::world::console::Console;
use crate::world::followers::Followers;
use crate::world::inbox::Inbox;
use crate::world::logins::Logins;
use crate::world::quota::Quota;
use crate::world::refusal::Refusal;
use crate::world::stats::Stats;
use crate::world::subscriptions::Subscriptions;
use crate::world::tokens::Tokens;

pub(crate) mod accounts;
pub(crate) mod beijing;
pub(crate) mod console;
pub(crate) mod event;
pub(crate) mod fields;
pub(crate) mod followers;
pub(crate) mod inbox;
pub(crate) mod logins;
pub(crate) mod quota;
pub(crate) mod refusal;
pub(crate) mod sealed;
pub(crate) mod sent;
pub(crate) mod stats;
pub(crate) mod subscriptions;
pub(crate) mod templates;
pub(crate) mod tokens;
pub(crate) mod users;

/// Everything WeChat knows; what is not skipped outlives a restart.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct World {
    /// Whoever made this world keeps the time over a restart.
    #[serde(skip)]
    pub(crate) clock: Clock,
    /// Which one it is of those that this simulator had: a reset puts another in its place.
    #[serde(skip)]
    pub(crate) number: u64,
    pub(crate) tokens: Tokens,
    pub(crate) logins: Logins,
    pub(crate) followers: Followers,
    pub(crate) inbox: Inbox,
    pub(crate) subscriptions: Subscriptions,
    #[serde(skip)]
    pub(crate) console: Console,
    #[serde(skip)]
    pub(crate) quota: Quota,
    #[serde(skip)]
    pub(crate) stats: Stats,
    /// The endpoints that are sending a message this moment, each with the user it is for.
    #[serde(skip)]
    pub(crate) receiving: HashSet<(&'static str, u32)>,
}

impl World {
    /// Adds what follows from the kept part; users 0 up to `followers` follow from the start.
    pub(crate) fn populate(&mut self, followers: u32) {
        self.followers.populate(followers);
        self.inbox.remember();
    }

    /// Takes the place of another world: nothing that was numbered there has its number here, and the tokens that others
    /// hold go on, for nobody could tell them to fetch others.
    pub(crate) fn succeed(&mut self, before: &mut Self) {
        self.number = before.number + 1;
        self.inbox.succeed(&before.inbox);
        self.tokens.succeed(&mut before.tokens);
    }

    /// The unionid that WeChat gives the mini-program for a user; `None` if it hides it, or the mini-program is not bound.
    pub(crate) fn unionid(&self, user: u32) -> Option<String> {
        let is_told = self.console.mini_bound && !self.followers.hides_unionid(user);
        is_told.then(|| self.console.unionids().of(user))
    }

    /// The same for the Official Account.
    pub(crate) fn oa_unionid(&self, user: u32) -> Option<String> {
        let is_told = self.console.bound && !self.followers.hides_unionid(user);
        is_told.then(|| self.console.oa_unionids().of(user))
    }

    /// The account a token speaks for, if it works, may be used from there, is of this kind, where it has to be of one, and
    /// has quota left for this endpoint.
    pub(crate) fn authorize(
        &mut self,
        token: &str,
        path: &'static str,
        from: IpAddr,
        kind: Option<Kind>,
    ) -> Result<&'static Account, Refusal> {
        let now = self.clock.now();
        let account = self.tokens.holder(token, now)?;
        if kind.is_some_and(|kind| account.kind != kind) {
            return Err(Refusal::new(48001));
        }
        self.console.let_in(account, from, false)?;
        self.quota.count(path, account, now)?;
        Ok(account)
    }
}
