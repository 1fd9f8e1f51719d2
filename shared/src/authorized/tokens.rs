//! An account's access token as its readers see it: the state table behind a short memory.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use crate::queue::{RefreshQueue, RefreshRequest};
use crate::store::State;
use crate::wechat::{AccessToken, Failure};
use crate::{Account, Clock, Error};

/// How long a token is taken from memory. WeChat keeps a replaced token alive for five minutes, so
/// one this old is never dead by rotation.
const CACHED_FOR: Duration = Duration::from_secs(60);

/// How long a token that WeChat refused is left alone, while `refresh` is asked to replace it.
const DEAD_FOR: Duration = Duration::from_secs(30);

/// One account's token. Cheap to clone; clones share the memory.
#[derive(Clone, Debug)]
pub struct Tokens {
    account: Account,
    appid: String,
    state: State,
    refresh: RefreshQueue,
    clock: Clock,
    cached: Arc<Mutex<Cached>>,
}

/// What is remembered of the token.
#[derive(Debug, Default)]
struct Cached {
    /// The token and when it was read.
    token: Option<(AccessToken, SystemTime)>,
    /// The token that WeChat refused and when `refresh` was asked to replace it.
    dead: Option<(AccessToken, SystemTime)>,
}

impl Cached {
    fn fresh(&self, now: SystemTime) -> Option<AccessToken> {
        let fresh = self.token.as_ref().filter(|(_, read_at)| now < *read_at + CACHED_FOR);
        fresh.map(|(token, _)| token.clone())
    }

    fn is_dead(&self, token: &AccessToken, now: SystemTime) -> bool {
        let dead = self.dead.as_ref().filter(|(_, asked_at)| now < *asked_at + DEAD_FOR);
        dead.is_some_and(|(dead, _)| dead.expose() == token.expose())
    }
}

impl Tokens {
    /// Reads from this table, asks through this queue.
    pub fn new(account: Account, appid: String, state: State, refresh: RefreshQueue, clock: Clock) -> Self {
        Self { account, appid, state, refresh, clock, cached: Arc::default() }
    }

    /// The token, from memory or from the table.
    ///
    /// # Errors
    /// [`Failure::NoToken`] when there is none, or none but the one that WeChat refused; `refresh` has
    /// been asked for one then. [`Failure::Store`].
    pub async fn current(&self) -> Result<AccessToken, Failure> {
        if let Some(token) = self.remember(|cached, now| cached.fresh(now)) {
            return Ok(token);
        }
        let Some(token) = self.read().await? else {
            self.refresh.enqueue(&RefreshRequest { account: self.account, failed: None }).await?;
            return Err(Failure::NoToken);
        };
        self.remember(|cached, now| {
            if cached.is_dead(&token, now) {
                return Err(Failure::NoToken);
            }
            cached.token = Some((token.clone(), now));
            Ok(token)
        })
    }

    /// What the table holds instead of a token that WeChat refused; `None` when that is still the
    /// current one.
    ///
    /// # Errors
    /// [`Failure::Store`].
    pub async fn newer_than(&self, failed: &AccessToken) -> Result<Option<AccessToken>, Failure> {
        let newer = self.read().await?.filter(|token| token.expose() != failed.expose());
        self.remember(|cached, now| cached.token = newer.clone().map(|token| (token, now)));
        Ok(newer)
    }

    /// Asks `refresh` to replace a token that WeChat refused; it does nothing if somebody has already.
    ///
    /// # Errors
    /// [`Failure::Store`] when the queue does not take it.
    pub async fn ask_to_replace(&self, failed: &AccessToken) -> Result<(), Failure> {
        let asked = self.remember(|cached, now| {
            let asked = cached.is_dead(failed, now);
            if !asked {
                cached.token = None;
                cached.dead = Some((failed.clone(), now));
            }
            asked
        });
        if asked {
            return Ok(());
        }
        let request = RefreshRequest { account: self.account, failed: Some(failed.fingerprint()) };
        Ok(self.refresh.enqueue(&request).await?)
    }

    fn remember<T>(&self, look: impl FnOnce(&mut Cached, SystemTime) -> T) -> T {
        look(&mut self.cached.lock(), self.clock.time())
    }

    async fn read(&self) -> Result<Option<AccessToken>, Error> {
        Ok(self.state.token(&self.appid).await?.and_then(|record| record.access_token()))
    }
}
