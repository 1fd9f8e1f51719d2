//! The token schedule and the refresh queue: the only place that fetches access tokens.
//!
//! Refreshing is: take the lease, fetch, write on condition of the lease and the version. Whoever
//! loses throws away what it fetched, so nothing ever overwrites a newer token.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::Error as RuntimeError;
use secrecy::SecretString;
use serde_json::Value;
use shared::Account;
use shared::config::{SecretName, TokenMode};
use shared::queue::{Queues, RefreshRequest};
use shared::store::{self, State, TokenRecord};
use shared::wechat::token::Fetched;
use shared::wechat::{Failure, Tokens, WeChat};
use shared::{Config, now, telemetry};

/// Longer than WeChat may take to answer, so that a lease outlives its fetch; in seconds.
const LEASE: i64 = 30;

/// A scheduled run leaves alone a token that lives past the next one, in seconds: the classic
/// schedule's 100 minutes and 5 to spare; a stable token renews only in its last 5 minutes.
const CLASSIC_DUE: i64 = 105 * 60;
const STABLE_DUE: i64 = 10 * 60;

/// WeChat's limits on forcing a stable token: 20 a day, 30 s apart.
const FORCED_PER_DAY: i64 = 20;
const FORCED_APART: i64 = 30;
const DAY: i64 = 24 * 3600;

/// The function's clients.
pub struct Refresh {
    wechat: WeChat,
    state: State,
    mode: TokenMode,
    accounts: [Credentials; 2],
}

struct Credentials {
    account: Account,
    appid: String,
    secret: SecretString,
}

impl Refresh {
    /// Builds the clients; once, in init.
    ///
    /// # Errors
    /// When one of the AppSecrets is not to be had.
    pub async fn new(config: &Config) -> Result<Self, RuntimeError> {
        let state = State::new(config, store::client(config));
        let tokens = Tokens::new(config, state.clone(), Queues::new(config));
        let credentials = async |account, secret| {
            let appid = config.appid(account).to_owned();
            Ok::<_, RuntimeError>(Credentials { account, appid, secret: config.secret(secret).await? })
        };
        Ok(Self {
            wechat: WeChat::new(config, tokens),
            state,
            mode: config.token_mode,
            accounts: [
                credentials(Account::Oa, SecretName::OaSecret).await?,
                credentials(Account::Mini, SecretName::MiniSecret).await?,
            ],
        })
    }

    /// Takes a batch of requests from the queue, or the schedule's tick.
    ///
    /// # Errors
    /// When a token that is due could not be fetched; the schedule tries again.
    pub async fn handle(&self, event: Value) -> Result<Value, RuntimeError> {
        let outcome = self.answer(event).await;
        telemetry::flush();
        outcome
    }

    async fn answer(&self, event: Value) -> Result<Value, RuntimeError> {
        if event.get("Records").is_some() {
            return Ok(serde_json::to_value(self.requests(serde_json::from_value(event)?).await)?);
        }
        let [oa, mini] = &self.accounts;
        let (oa, mini) = tokio::join!(self.renew(oa, None), self.renew(mini, None));
        oa.and(mini).map_err(|failure| failure.remedy())?;
        Ok(Value::Null)
    }

    /// A request that could not be met is dropped: whoever still needs a token asks again.
    async fn requests(&self, event: SqsEvent) -> SqsBatchResponse {
        for record in event.records {
            let request = serde_json::from_str::<RefreshRequest>(record.body.as_deref().unwrap_or_default());
            match request {
                Ok(RefreshRequest { account, failed }) => {
                    for credentials in self.accounts.iter().filter(|of| of.account == account) {
                        // Logged where it happened.
                        let _ = self.renew(credentials, Some(failed.as_deref())).await;
                    }
                }
                Err(error) => tracing::error!(%error, "a refresh request does not read"),
            }
        }
        SqsBatchResponse::default()
    }

    /// Renews one account's token if it is due (`asked` is `None`), or if it is still the one that
    /// failed (`asked` names its fingerprint, or that there was none).
    async fn renew(&self, of: &Credentials, asked: Option<Option<&str>>) -> Result<(), Failure> {
        let lease = shared::random_id();
        let Some(seen) = self.state.lease_token(&of.appid, &lease, LEASE).await? else {
            tracing::info!(account = %of.account, "somebody else is renewing this token");
            return Ok(());
        };
        if !self.is_wanted(&seen, asked) {
            return Ok(self.state.release_token(&of.appid, &lease).await?);
        }
        let mut seen = seen;
        let fetched = match self.fetch(of, &mut seen, asked.flatten()).await {
            Ok(fetched) => fetched,
            Err(failure) => {
                let (errcode, rid) = (failure.errcode(), failure.rid());
                metrics::counter!("TokenFailed", "Account" => of.account.to_string()).increment(1);
                tracing::error!(account = %of.account, errcode, rid, remedy = failure.remedy(), "no token");
                self.state.release_token(&of.appid, &lease).await?;
                return Err(failure);
            }
        };
        let stored = self.state.renew_token(&of.appid, &lease, &seen, &fetched).await?;
        metrics::counter!("TokenRefreshed", "Account" => of.account.to_string()).increment(1);
        let (version, token) = (seen.version + 1, fetched.token.fingerprint());
        tracing::info!(account = %of.account, stored, version, token, expires_in = fetched.expires_in, "fetched a token");
        Ok(())
    }

    fn is_wanted(&self, seen: &TokenRecord, asked: Option<Option<&str>>) -> bool {
        let Some(token) = seen.access_token() else { return true };
        let due = match self.mode {
            TokenMode::Classic => CLASSIC_DUE,
            TokenMode::Stable => STABLE_DUE,
        };
        match asked {
            None => seen.expires_at - now() < due,
            Some(failed) => failed == Some(token.fingerprint().as_str()),
        }
    }

    /// Fetches a token that is not the one that failed: a stable one is forced if it has to be.
    async fn fetch(
        &self,
        of: &Credentials,
        seen: &mut TokenRecord,
        failed: Option<&str>,
    ) -> Result<Fetched, Failure> {
        let fetched = self.wechat.fetch_token(self.mode, &of.appid, &of.secret, false).await?;
        let is_dead = failed.is_some_and(|failed| failed == fetched.token.fingerprint());
        if !is_dead || self.mode == TokenMode::Classic || !may_force(seen) {
            return Ok(fetched);
        }
        let today = seen.forced_at / DAY == now() / DAY;
        seen.forced_count = if today { seen.forced_count + 1 } else { 1 };
        seen.forced_at = now();
        self.wechat.fetch_token(self.mode, &of.appid, &of.secret, true).await
    }
}

fn may_force(seen: &TokenRecord) -> bool {
    let today = seen.forced_at / DAY == now() / DAY;
    let used_up = today && seen.forced_count >= FORCED_PER_DAY;
    if used_up {
        tracing::error!(
            "the day's {FORCED_PER_DAY} forced tokens are used up; find out who else forces them"
        );
    }
    !used_up && now() - seen.forced_at > FORCED_APART
}
