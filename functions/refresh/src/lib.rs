//! The token schedule and the refresh queue: the only place that fetches access tokens.
//!
//! Refreshing is: take the lease, fetch, write on condition of the lease and the version. Whoever
//! loses throws away what it fetched, so nothing ever overwrites a newer token.

use std::time::SystemTime;

use aws_lambda_events::event::sqs::SqsMessage;
use secrecy::SecretString;
use serde_json::Value;
use shared::config::{SecretName, TokenMode};
use shared::lambda::{self, Answer, Event};
use shared::queue::RefreshRequest;
use shared::store::{self, State, TokenRecord};
use shared::wechat::token::{self, IssuedToken};
use shared::wechat::{ApiRequest, Failure, WeChat};
use shared::{Account, Clock, Config};

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
pub struct Function {
    wechat: WeChat,
    state: State,
    clock: Clock,
    mode: TokenMode,
    accounts: [Credentials; 2],
}

struct Credentials {
    account: Account,
    appid: String,
    secret: SecretString,
}

impl lambda::Function for Function {
    const NAME: &str = "refresh";

    async fn init(config: &Config) -> Result<Self, lambda::Error> {
        let [oa, mini] = config.secrets([SecretName::OaSecret, SecretName::MiniSecret]).await?;
        let credentials = |account, secret| {
            Ok::<_, lambda::Error>(Credentials { account, appid: config.appid(account)?, secret })
        };
        Ok(Self {
            wechat: WeChat::new(&config.wechat_api_base()?, config.clock()?),
            state: State::new(config, store::client(config)?)?,
            clock: config.clock()?,
            mode: config.token_mode()?,
            accounts: [credentials(Account::Oa, oa)?, credentials(Account::Mini, mini)?],
        })
    }

    async fn handle(&self, event: Event, _deadline: SystemTime) -> Result<Answer, lambda::Error> {
        match event {
            Event::Queue(messages) => {
                self.requests(&messages).await;
                Ok(Answer::Queue(Vec::new()))
            }
            Event::Command(_) => {
                self.tick().await?;
                Ok(Answer::Command(Value::Null))
            }
            event @ Event::Http(_) => Err(event.unexpected()),
        }
    }
}

impl Function {
    /// The schedule: renews what is due.
    async fn tick(&self) -> Result<(), String> {
        let [oa, mini] = &self.accounts;
        let (oa, mini) = tokio::join!(self.renew(oa, None), self.renew(mini, None));
        oa.and(mini).map_err(|failure| failure.remedy())
    }

    /// A request that could not be met is dropped: whoever still needs a token asks again.
    async fn requests(&self, messages: &[SqsMessage]) {
        for message in messages {
            let request = serde_json::from_str::<RefreshRequest>(message.body.as_deref().unwrap_or_default());
            match request {
                Ok(RefreshRequest { account, failed }) => {
                    for credentials in self.accounts.iter().filter(|of| of.account == account) {
                        // Logged where it happened.
                        let _ = self.renew(credentials, Some(failed.as_deref())).await;
                    }
                }
                Err(error) => tracing::error!(%error, "could not parse a refresh request"),
            }
        }
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
                tracing::error!(account = %of.account, errcode, rid, remedy = failure.remedy(), "could not fetch an access token: {failure}");
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
            None => seen.expires_at - self.clock.now() < due,
            Some(failed) => failed == Some(token.fingerprint().as_str()),
        }
    }

    /// Fetches a token that is not the one that failed: a stable one is forced if it has to be.
    async fn fetch(
        &self,
        of: &Credentials,
        seen: &mut TokenRecord,
        failed: Option<&str>,
    ) -> Result<IssuedToken, Failure> {
        let fetched = self.wechat.call(&self.request(of, false)).await?;
        let is_dead = failed.is_some_and(|failed| failed == fetched.token.fingerprint());
        if !is_dead || self.mode == TokenMode::Classic || !may_force(seen, self.clock.now()) {
            return Ok(fetched);
        }
        let now = self.clock.now();
        let today = seen.forced_at / DAY == now / DAY;
        seen.forced_count = if today { seen.forced_count + 1 } else { 1 };
        seen.forced_at = now;
        self.wechat.call(&self.request(of, true)).await
    }

    fn request(&self, of: &Credentials, force: bool) -> ApiRequest<IssuedToken> {
        match self.mode {
            TokenMode::Classic => token::classic(&of.appid, &of.secret),
            TokenMode::Stable => token::stable(&of.appid, &of.secret, force),
        }
    }
}

fn may_force(seen: &TokenRecord, now: i64) -> bool {
    let today = seen.forced_at / DAY == now / DAY;
    let used_up = today && seen.forced_count >= FORCED_PER_DAY;
    if used_up {
        tracing::error!(
            "the day's {FORCED_PER_DAY} forced tokens are used up; find out who else forces them"
        );
    }
    !used_up && now - seen.forced_at > FORCED_APART
}
