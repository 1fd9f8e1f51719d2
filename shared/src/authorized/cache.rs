//! An account's access token as its readers see it: the table behind a short memory.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use crate::queue::{RefreshQueue, RefreshRequest};
use crate::store::Tokens;
use crate::wechat::{AccessToken, Failure};
use crate::{Account, Clock, Error};

/// How long a token is taken from memory. WeChat keeps a replaced token alive for five minutes, so
/// one this old is never dead by rotation.
const CACHED_FOR: Duration = Duration::from_secs(60);

/// How long a token that WeChat refused is left alone, and how long after `refresh` was asked for a new one it is
/// not asked again.
const ASKED_FOR: Duration = Duration::from_secs(30);

/// How long it is believed that there is no token: a thousand messages that need one ask the table once.
const NONE_FOR: Duration = Duration::from_secs(1);

/// One account's token. Cheap to clone; clones share the memory.
#[derive(Clone, Debug)]
pub struct TokenCache {
    account: Account,
    appid: String,
    table: Tokens,
    refresh: RefreshQueue,
    clock: Clock,
    cached: Arc<Mutex<Cached>>,
    /// One reads for all who wait.
    reading: Arc<tokio::sync::Mutex<()>>,
}

/// What is remembered of the token.
#[derive(Debug, Default)]
struct Cached {
    /// The token and when it was read.
    token: Option<(AccessToken, SystemTime)>,
    /// When there was none.
    none_at: Option<SystemTime>,
    /// The token that WeChat refused, and when.
    dead: Option<(AccessToken, SystemTime)>,
    /// When `refresh` was asked for a new one.
    asked_at: Option<SystemTime>,
}

impl Cached {
    /// The token, if it was read a moment ago, or that there was none.
    fn fresh(&self, now: SystemTime) -> Option<Result<AccessToken, Failure>> {
        let fresh = self.token.as_ref().filter(|(_, read_at)| now < *read_at + CACHED_FOR);
        match fresh {
            Some((token, _)) => Some(Ok(token.clone())),
            None => self.none_at.filter(|at| now < *at + NONE_FOR).map(|_| Err(Failure::NoToken)),
        }
    }

    /// Takes what the table holds, unless it is what WeChat refused.
    fn take(&mut self, token: Option<AccessToken>, now: SystemTime) -> Result<AccessToken, Failure> {
        let dead = self.dead.as_ref().filter(|(_, refused_at)| now < *refused_at + ASKED_FOR);
        let living = token.filter(|token| dead.is_none_or(|(dead, _)| dead.expose() != token.expose()));
        self.none_at = living.is_none().then_some(now);
        self.token = living.clone().map(|token| (token, now));
        living.ok_or(Failure::NoToken)
    }
}

impl TokenCache {
    /// Reads from this table, asks through this queue.
    pub fn new(account: Account, appid: String, table: Tokens, refresh: RefreshQueue, clock: Clock) -> Self {
        let (cached, reading) = (Arc::default(), Arc::default());
        Self { account, appid, table, refresh, clock, cached, reading }
    }

    /// Another account's, from the same table.
    pub fn of(&self, account: Account, appid: String) -> Self {
        Self::new(account, appid, self.table.clone(), self.refresh.clone(), self.clock.clone())
    }

    /// The token, from memory or from the table.
    ///
    /// # Errors
    /// [`Failure::NoToken`] when there is none, or none but the one that WeChat refused; `refresh` has
    /// been asked for one then. [`Failure::Store`].
    pub async fn current(&self) -> Result<AccessToken, Failure> {
        if let Some(fresh) = self.remember(|cached, now| cached.fresh(now)) {
            return fresh;
        }
        let _one = self.reading.lock().await;
        if let Some(fresh) = self.remember(|cached, now| cached.fresh(now)) {
            return fresh;
        }
        let found = self.read().await?;
        let is_there = found.is_some();
        let token = self.remember(|cached, now| cached.take(found, now));
        if !is_there {
            self.ask(None, None).await?;
        }
        token
    }

    /// The token, for somebody who only looks: where there is none, none is asked for.
    ///
    /// # Errors
    /// [`Failure::NoToken`], [`Failure::Store`].
    pub async fn stored(&self) -> Result<AccessToken, Failure> {
        if let Some(fresh) = self.remember(|cached, now| cached.fresh(now)) {
            return fresh;
        }
        let found = self.read().await?;
        self.remember(|cached, now| cached.take(found, now))
    }

    /// What the table holds instead of a token that WeChat refused; `None` when that is still the
    /// current one.
    ///
    /// # Errors
    /// [`Failure::Store`].
    pub async fn newer_than(&self, failed: &AccessToken) -> Result<Option<AccessToken>, Failure> {
        let _one = self.reading.lock().await;
        let is_newer = |token: &AccessToken| token.expose() != failed.expose();
        if let Some(Ok(token)) =
            self.remember(|cached, now| cached.fresh(now)).filter(|fresh| fresh.as_ref().is_ok_and(is_newer))
        {
            return Ok(Some(token));
        }
        let newer = self.read().await?.filter(is_newer);
        self.remember(|cached, now| cached.token = newer.clone().map(|token| (token, now)));
        Ok(newer)
    }

    /// How many seconds the one in the table still lives; 0 when there is none.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn life(&self) -> Result<i64, Error> {
        let found = self.table.find(&self.appid).await?;
        let ends_at = found.filter(|found| found.access_token().is_some()).map(|found| found.expires_at);
        Ok(ends_at.map_or(0, |ends_at| (ends_at - self.clock.now()).max(0)))
    }

    /// Asks `refresh` to replace a token that WeChat refused, with this errcode; it does nothing if somebody has
    /// already.
    ///
    /// # Errors
    /// [`Failure::Store`] when the queue does not take it.
    pub async fn ask_to_replace(&self, failed: &AccessToken, errcode: Option<i64>) -> Result<(), Failure> {
        self.remember(|cached, now| {
            cached.token = None;
            cached.dead = Some((failed.clone(), now));
        });
        self.ask(Some(failed.fingerprint()), errcode).await
    }

    /// Asks `refresh` for a new token, unless it was asked a moment ago.
    async fn ask(&self, failed: Option<String>, errcode: Option<i64>) -> Result<(), Failure> {
        let is_due = self.remember(|cached, now| {
            let is_due = cached.asked_at.is_none_or(|asked_at| asked_at + ASKED_FOR <= now);
            if is_due {
                cached.asked_at = Some(now);
            }
            is_due
        });
        if !is_due {
            return Ok(());
        }
        let request = RefreshRequest { account: self.account, failed, errcode, is_due: false };
        let asked = self.refresh.enqueue(&request, Duration::ZERO).await;
        if asked.is_err() {
            self.remember(|cached, _| cached.asked_at = None);
        }
        Ok(asked?)
    }

    fn remember<T>(&self, look: impl FnOnce(&mut Cached, SystemTime) -> T) -> T {
        look(&mut self.cached.lock(), self.clock.time())
    }

    async fn read(&self) -> Result<Option<AccessToken>, Error> {
        Ok(self.table.find(&self.appid).await?.and_then(|record| record.access_token()))
    }
}
