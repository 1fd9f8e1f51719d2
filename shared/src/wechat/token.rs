//! Access tokens: how everyone reads them, how one is asked for, how `refresh` fetches them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::client::Call;
use super::{Failure, WeChat};
use crate::Account;
use crate::config::TokenMode;
use crate::queue::{Queues, RefreshRequest};
use crate::store::State;
use crate::{Config, Error};

/// How long a token is taken from memory. WeChat keeps a replaced token alive for five minutes, so
/// one this old is never dead by rotation.
const CACHED_FOR: Duration = Duration::from_secs(60);

/// A token as it goes into a query string; prints as nothing.
#[derive(Clone, Debug)]
pub struct AccessToken(SecretString);

impl AccessToken {
    /// Takes hold of one.
    pub fn new(token: String) -> Self {
        Self(token.into())
    }

    /// The token itself: for the query string and the table.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// A name for it that gives nothing away: the first 16 hex digits of its SHA-256.
    pub fn fingerprint(&self) -> String {
        Sha256::digest(self.expose()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// How long a token that WeChat refused is left alone, while `refresh` is asked to replace it.
const DEAD_FOR: Duration = Duration::from_secs(30);

/// The tokens as readers see them: the state table behind a short memory.
#[derive(Clone, Debug)]
pub struct Tokens {
    state: State,
    queues: Queues,
    appids: [(Account, String); 2],
    memory: Arc<Mutex<HashMap<Account, Memory>>>,
}

/// What is remembered of an account's token.
#[derive(Debug, Default)]
struct Memory {
    /// The token and when it was read.
    token: Option<(AccessToken, Instant)>,
    /// The token that WeChat refused and when `refresh` was asked to replace it.
    dead: Option<(AccessToken, Instant)>,
}

impl Memory {
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
    pub fn new(config: &Config, state: State, queues: Queues) -> Self {
        let appids = [Account::Mini, Account::Oa].map(|account| (account, config.appid(account).to_owned()));
        Self { state, queues, appids, memory: Arc::default() }
    }

    /// The account's token, from memory or from the table.
    ///
    /// # Errors
    /// [`Failure::NoToken`] when there is none, or none but the one that WeChat refused; `refresh` has
    /// been asked for one then. [`Failure::Store`].
    pub async fn current(&self, account: Account) -> Result<AccessToken, Failure> {
        if let Some(token) = self.remember(account, |memory| memory.fresh()) {
            return Ok(token);
        }
        let Some(token) = self.read(account).await? else {
            self.queues.request_refresh(&RefreshRequest { account, failed: None }).await?;
            return Err(Failure::NoToken);
        };
        self.remember(account, |memory| {
            if memory.is_dead(&token) {
                return Err(Failure::NoToken);
            }
            memory.token = Some((token.clone(), Instant::now()));
            Ok(token)
        })
    }

    /// What the table holds instead of a token that WeChat refused; `None` when that is still the
    /// current one.
    ///
    /// # Errors
    /// [`Failure::Store`].
    pub async fn newer_than(
        &self,
        account: Account,
        failed: &AccessToken,
    ) -> Result<Option<AccessToken>, Failure> {
        let newer = self.read(account).await?.filter(|token| token.expose() != failed.expose());
        let read_at = Instant::now();
        self.remember(account, |memory| memory.token = newer.clone().map(|token| (token, read_at)));
        Ok(newer)
    }

    /// Asks `refresh` to replace a token that WeChat refused; it does nothing if somebody has already.
    ///
    /// # Errors
    /// [`Failure::Store`] when the queue does not take it.
    pub async fn ask_to_replace(&self, account: Account, failed: &AccessToken) -> Result<(), Failure> {
        let asked = self.remember(account, |memory| {
            let asked = memory.is_dead(failed);
            if !asked {
                memory.token = None;
                memory.dead = Some((failed.clone(), Instant::now()));
            }
            asked
        });
        if asked {
            return Ok(());
        }
        let request = RefreshRequest { account, failed: Some(failed.fingerprint()) };
        Ok(self.queues.request_refresh(&request).await?)
    }

    fn remember<T>(&self, account: Account, look: impl FnOnce(&mut Memory) -> T) -> T {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        look(memory.entry(account).or_default())
    }

    async fn read(&self, account: Account) -> Result<Option<AccessToken>, Error> {
        let appid = self.appids.iter().find(|(of, _)| *of == account).map_or("", |(_, appid)| appid);
        Ok(self.state.token(appid).await?.and_then(|record| record.access_token()))
    }
}

/// A token as WeChat hands it out.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The token.
    pub token: AccessToken,
    /// How long it still lives, in seconds; a stable token comes with what remains of its life.
    pub expires_in: i64,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_in: i64,
}

impl WeChat {
    /// Fetches a token by the account's AppSecret. `force` renews a stable token that is still valid.
    ///
    /// # Errors
    /// [`Failure`]; here errcode 40001 means a wrong AppSecret.
    pub async fn fetch_token(
        &self,
        mode: TokenMode,
        appid: &str,
        secret: &SecretString,
        force: bool,
    ) -> Result<Fetched, Failure> {
        let secret = secret.expose_secret();
        let answer: Answer = match mode {
            TokenMode::Classic => {
                let query = [("grant_type", "client_credential"), ("appid", appid), ("secret", secret)];
                self.call(Call::get("/cgi-bin/token", &query)).await?
            }
            TokenMode::Stable => {
                let body = json!({"grant_type": "client_credential", "appid": appid, "secret": secret,
                                  "force_refresh": force});
                self.call(Call::post("/cgi-bin/stable_token", &body)).await?
            }
        };
        Ok(Fetched { token: AccessToken::new(answer.access_token), expires_in: answer.expires_in })
    }
}
