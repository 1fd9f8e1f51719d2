//! An account's access token as its readers see it: the state table behind a short memory.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::queue::{RefreshQueue, RefreshRequest};
use crate::store::State;
use crate::wechat::{AccessToken, Failure};
use crate::{Account, Error};

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
    cached: Arc<Mutex<Cached>>,
}

/// What is remembered of the token.
#[derive(Debug, Default)]
struct Cached {
    /// The token and when it was read.
    token: Option<(AccessToken, Instant)>,
    /// The token that WeChat refused and when `refresh` was asked to replace it.
    dead: Option<(AccessToken, Instant)>,
}

impl Cached {
    fn fresh(&self) -> Option<AccessToken> {
        self.token
            .as_ref()
            .filter(|(_, read_at)| read_at.elapsed() < CACHED_FOR)
            .map(|(token, _)| token.clone())
    }

    fn is_dead(&self, token: &AccessToken) -> bool {
        let dead = self.dead.as_ref().filter(|(_, asked_at)| asked_at.elapsed() < DEAD_FOR);
        dead.is_some_and(|(dead, _)| dead.expose() == token.expose())
    }
}

impl Tokens {
    /// Reads from this table, asks through this queue.
    pub fn new(account: Account, appid: String, state: State, refresh: RefreshQueue) -> Self {
        Self { account, appid, state, refresh, cached: Arc::default() }
    }

    /// The token, from memory or from the table.
    ///
    /// # Errors
    /// [`Failure::NoToken`] when there is none, or none but the one that WeChat refused; `refresh` has
    /// been asked for one then. [`Failure::Store`].
    pub async fn current(&self) -> Result<AccessToken, Failure> {
        if let Some(token) = self.remember(|cached| cached.fresh()) {
            return Ok(token);
        }
        let Some(token) = self.read().await? else {
            self.refresh.enqueue(&RefreshRequest { account: self.account, failed: None }).await?;
            return Err(Failure::NoToken);
        };
        self.remember(|cached| {
            if cached.is_dead(&token) {
                return Err(Failure::NoToken);
            }
            cached.token = Some((token.clone(), Instant::now()));
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
        let read_at = Instant::now();
        self.remember(|cached| cached.token = newer.clone().map(|token| (token, read_at)));
        Ok(newer)
    }

    /// Asks `refresh` to replace a token that WeChat refused; it does nothing if somebody has already.
    ///
    /// # Errors
    /// [`Failure::Store`] when the queue does not take it.
    pub async fn ask_to_replace(&self, failed: &AccessToken) -> Result<(), Failure> {
        let asked = self.remember(|cached| {
            let asked = cached.is_dead(failed);
            if !asked {
                cached.token = None;
                cached.dead = Some((failed.clone(), Instant::now()));
            }
            asked
        });
        if asked {
            return Ok(());
        }
        let request = RefreshRequest { account: self.account, failed: Some(failed.fingerprint()) };
        Ok(self.refresh.enqueue(&request).await?)
    }

    fn remember<T>(&self, look: impl FnOnce(&mut Cached) -> T) -> T {
        look(&mut self.cached.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn read(&self) -> Result<Option<AccessToken>, Error> {
        Ok(self.state.token(&self.appid).await?.and_then(|record| record.access_token()))
    }
}
