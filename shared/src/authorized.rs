//! WeChat with our tokens: the one room that knows WeChat's client and our table of tokens.

mod cache;

use aws_sdk_dynamodb as dynamodb;
use aws_sdk_sqs as sqs;
use serde::de::DeserializeOwned;

use crate::config::ConfigError;
use crate::lambda;
use crate::queue::RefreshQueue;
use crate::store::Tokens;
use crate::wechat::errcode::Action;
use crate::wechat::{AccessToken, ApiRequest, Failure, WeChat};
use crate::{Account, Config, Error};
use cache::TokenCache;

/// WeChat, for calls that need the account's access token. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Authorized {
    wechat: WeChat,
    tokens: TokenCache,
}

impl Authorized {
    /// Builds WeChat's client; the tokens are read from the table and asked for through the queue.
    ///
    /// # Errors
    /// When a variable is missing, or the proxy's secret cannot be had.
    pub async fn new(
        account: Account,
        config: &Config,
        tables: dynamodb::Client,
        queues: sqs::Client,
    ) -> Result<Self, lambda::Error> {
        let (table, refresh) = (Tokens::new(config, tables)?, RefreshQueue::new(config, queues)?);
        let clock = config.clock()?;
        let proxy = config.egress_proxy().await?;
        let wechat = WeChat::new(&config.wechat_api_base()?, proxy.as_ref(), clock.clone());
        let tokens = TokenCache::new(account, config.appid(account)?, table, refresh, clock);
        Ok(Self { wechat, tokens })
    }

    /// The same client, for calls in another account's name.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn of(&self, account: Account, config: &Config) -> Result<Self, ConfigError> {
        let tokens = self.tokens.of(account, config.appid(account)?);
        Ok(Self { wechat: self.wechat.clone(), tokens })
    }

    /// Makes a call under the account's token. A token that WeChat no longer takes is looked up again;
    /// if the table has a newer one the call is made once more, else `refresh` is asked for one.
    ///
    /// # Errors
    /// [`Failure`]; with [`Action::RefreshToken`] a new token is on its way and the work can be tried again.
    pub async fn call<T: DeserializeOwned>(&self, request: &ApiRequest<T>) -> Result<T, Failure> {
        let (outcome, token) = self.try_with(self.tokens.current().await?, request).await?;
        if let Err(failure) = &outcome
            && is_dead_token(&outcome)
        {
            self.tokens.ask_to_replace(&token, failure.errcode()).await?;
        }
        outcome
    }

    /// Makes a call with this token, or once more with the one that the table has by now; gives the one that was tried
    /// last, too.
    async fn try_with<T: DeserializeOwned>(
        &self,
        token: AccessToken,
        request: &ApiRequest<T>,
    ) -> Result<(Result<T, Failure>, AccessToken), Failure> {
        let outcome = self.wechat.call_with(&token, request).await;
        if is_dead_token(&outcome)
            && let Some(newer) = self.tokens.newer_than(&token).await?
        {
            return Ok((self.wechat.call_with(&newer, request).await, newer));
        }
        Ok((outcome, token))
    }

    /// Makes a call for somebody who only looks: no token is asked for because of it.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn look<T: DeserializeOwned>(&self, request: &ApiRequest<T>) -> Result<T, Failure> {
        let (outcome, _) = self.try_with(self.tokens.stored().await?, request).await?;
        outcome
    }

    /// What time WeChat says it is, in Unix seconds; `None` where it says none.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn wechats_time(&self) -> Result<Option<i64>, Failure> {
        self.wechat.time().await
    }

    /// How many seconds the token in the table still lives; 0 when there is none.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn token_life(&self) -> Result<i64, Error> {
        self.tokens.life().await
    }
}

fn is_dead_token<T>(outcome: &Result<T, Failure>) -> bool {
    outcome.as_ref().is_err_and(|failure| failure.action() == Action::RefreshToken)
}
