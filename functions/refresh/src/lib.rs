//! The token schedule and the refresh queue: the only place that fetches access tokens.
//!
//! Refreshing is: take the lease, fetch, write on condition of the lease and the version. Whoever
//! loses throws away what it fetched, so nothing ever overwrites a newer token.

use std::time::{Duration, SystemTime};

use aws_lambda_events::event::sqs::SqsMessage;
use serde_json::{Map, Value};
use shared::config::{SecretName, TokenMode};
use shared::lambda::{self, Answer, Event};
use shared::queue::{self, RefreshQueue, RefreshRequest};
use shared::store::{self, Cause, State, TokenFailure, TokenRecord, TokenReplacement, Tokens, pause_after};
use shared::wechat::token::{self, IssuedToken};
use shared::wechat::{Failure, WeChat};
use shared::{Account, AppSecret, Clock, Config, Error, beijing};

/// Longer than WeChat may take to answer, so that a lease outlives its fetch; in seconds.
const LEASE: i64 = 30;

/// A scheduled run leaves alone a token that lives past the next one, in seconds: the classic
/// schedule's 100 minutes and 12 to spare, which is more than the alarm `TokenEnds` begins at; a stable token renews
/// only in its last 5 minutes.
const CLASSIC_DUE: i64 = 112 * 60;
const STABLE_DUE: i64 = 10 * 60;

/// WeChat's errcode for a token that is not the latest.
const NOT_THE_LATEST: i64 = 40001;

/// WeChat's limits on forcing a stable token: 20 a day, 30 s apart.
const FORCED_PER_DAY: i64 = 20;
const FORCED_APART: i64 = 30;

/// The function's clients.
pub struct Function {
    wechat: WeChat,
    tokens: Tokens,
    state: State,
    queue: RefreshQueue,
    clock: Clock,
    mode: TokenMode,
    accounts: [Credentials; 2],
}

struct Credentials {
    account: Account,
    appid: String,
    secret: AppSecret,
}

/// Why a token is to be renewed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked<'a> {
    /// It is time for it, perhaps.
    Due,
    /// The one of this fingerprint failed, with this errcode, or there was none.
    Failed { token: Option<&'a str>, errcode: Option<i64> },
}

/// A token that WeChat handed out.
struct Fetched {
    issued: IssuedToken,
    /// Whether it handed out the one that had failed, before it was forced.
    was_still_current: bool,
}

impl lambda::Function for Function {
    const NAME: &str = "refresh";

    async fn init(config: &Config) -> Result<Self, lambda::Error> {
        let credentials = async |account, secret| {
            let (appid, secret) = (config.appid(account)?, AppSecret::read(config, secret).await?);
            Ok::<_, lambda::Error>(Credentials { account, appid, secret })
        };
        let oa = credentials(Account::Oa, SecretName::OaSecret);
        let mini = credentials(Account::Mini, SecretName::MiniSecret);
        let (oa, mini, proxy) = tokio::try_join!(oa, mini, config.egress_proxy())?;
        let client = store::client(config)?;
        Ok(Self {
            wechat: WeChat::new(&config.wechat_api_base()?, proxy.as_ref(), config.clock()?),
            tokens: Tokens::new(config, client.clone())?,
            state: State::new(config, client)?,
            queue: RefreshQueue::new(config, queue::client(config)?)?,
            clock: config.clock()?,
            mode: config.token_mode()?,
            accounts: [oa, mini],
        })
    }

    async fn handle(&self, event: Event, _deadline: SystemTime) -> Result<Answer, lambda::Error> {
        match event {
            Event::Queue(messages) => {
                self.requests(&messages).await;
                Ok(Answer::Queue(Vec::new()))
            }
            Event::Command(_) => Ok(Answer::Command(self.tick().await)),
            event @ Event::Http(_) => Err(event.unexpected()),
        }
    }
}

impl Function {
    /// The schedule: renews what is due. Says of each account what to do where that did not succeed; it is no
    /// error, which would have it done again at once.
    async fn tick(&self) -> Value {
        let [oa, mini] = &self.accounts;
        let (oa_renewed, mini_renewed) =
            tokio::join!(self.renew(oa, Asked::Due), self.renew(mini, Asked::Due));
        let failed = [(oa, oa_renewed), (mini, mini_renewed)].into_iter().filter_map(|(of, renewed)| {
            let remedy = renewed.map_or_else(|error| Some(told(of, &error)), |cause| Some(cause?.remedy()));
            Some((of.account.to_string(), Value::String(remedy?)))
        });
        let failed: Map<_, _> = failed.collect();
        if failed.is_empty() { Value::Null } else { Value::Object(failed) }
    }

    /// A request that could not be met is dropped: it is made again after a pause.
    async fn requests(&self, messages: &[SqsMessage]) {
        for message in messages {
            let request = serde_json::from_str::<RefreshRequest>(message.body.as_deref().unwrap_or_default());
            match request {
                Ok(RefreshRequest { account, failed, errcode, is_due }) => {
                    let failed = Asked::Failed { token: failed.as_deref(), errcode };
                    let asked = if is_due { Asked::Due } else { failed };
                    for credentials in self.accounts.iter().filter(|of| of.account == account) {
                        if let Err(error) = self.renew(credentials, asked).await {
                            told(credentials, &error);
                        }
                    }
                }
                Err(error) => tracing::error!(%error, "could not parse a refresh request"),
            }
        }
    }

    /// Renews one account's token if it is due, or if it is still the one that failed; gives why it could not.
    /// WeChat's token endpoint is left alone for a while after it refused.
    async fn renew(&self, of: &Credentials, asked: Asked<'_>) -> Result<Option<Cause>, Error> {
        let lease = shared::random_id();
        let Some(mut seen) = self.tokens.lease(&of.appid, &lease, LEASE).await? else {
            tracing::info!(account = %of.account, "somebody else is renewing this token");
            return Ok(None);
        };
        let row = self.state.account_breaker(&of.appid).await?;
        let last = row.token_failure;
        let paused = last.as_ref().filter(|failure| self.clock.now() < failure.retry_at);
        if paused.is_some() || !self.is_wanted(&seen, asked) {
            self.tokens.release(&of.appid, &lease).await?;
            if last.is_some() && paused.is_none() {
                // A token came, and that it did was not written down.
                self.state.put_token_failure(&of.appid, None).await?;
            }
            return Ok(paused.map(|failure| failure.cause.clone()));
        }
        match self.fetch(of, &mut seen, asked).await {
            Ok(fetched) => {
                let Fetched { issued, was_still_current } = fetched;
                let stored = self.tokens.renew(&of.appid, &lease, &seen, &issued).await?;
                if last.is_some() {
                    self.state.put_token_failure(&of.appid, None).await?;
                }
                if stored && !was_still_current && self.was_replaced(&seen, asked) {
                    self.tell_replacement(of, row.token_replacement.as_ref()).await?;
                }
                metrics::counter!("TokenRefreshed").increment(1);
                let (version, token) = (seen.version + 1, issued.token.fingerprint());
                tracing::info!(account = %of.account, stored, version, token, expires_in = issued.expires_in, "fetched a token");
                Ok(None)
            }
            Err(failure) => {
                let failed = TokenFailure {
                    cause: Cause::of_token(&failure),
                    failed_at: self.clock.now(),
                    no_token_from: self.no_token_from(&seen, asked),
                    times: last.map_or(0, |last| last.times) + 1,
                    retry_at: 0,
                };
                report(of, &failure, failed.times);
                self.retry_later(of, asked, failed).await?;
                self.tokens.release(&of.appid, &lease).await?;
                Ok(Some(Cause::of_token(&failure)))
            }
        }
    }

    /// Writes down why there is no new token, for everybody to see, and asks for it again after a pause.
    async fn retry_later(
        &self,
        of: &Credentials,
        asked: Asked<'_>,
        failure: TokenFailure,
    ) -> Result<(), Error> {
        let pause = pause_after(failure.times);
        let failure = TokenFailure { retry_at: failure.failed_at + pause, ..failure };
        self.state.put_token_failure(&of.appid, Some(&failure)).await?;
        let (failed, errcode, is_due) = match asked {
            Asked::Due => (None, None, true),
            Asked::Failed { token, errcode } => (token.map(str::to_owned), errcode, false),
        };
        let again = RefreshRequest { account: of.account, failed, errcode, is_due };
        self.queue.enqueue(&again, Duration::from_secs(pause.unsigned_abs())).await
    }

    /// From when on there is no token that lives.
    fn no_token_from(&self, seen: &TokenRecord, asked: Asked<'_>) -> i64 {
        match seen.access_token() {
            Some(_) if asked == Asked::Due => seen.expires_at,
            _ => self.clock.now(),
        }
    }

    /// Whether WeChat called a token dead that was still to live: it does so when somebody else has fetched another.
    fn was_replaced(&self, seen: &TokenRecord, asked: Asked<'_>) -> bool {
        let was_refused = matches!(asked, Asked::Failed { token: Some(_), errcode: Some(NOT_THE_LATEST) });
        was_refused && self.clock.now() < seen.expires_at
    }

    /// Writes it down, for `doctor`.
    async fn tell_replacement(&self, of: &Credentials, last: Option<&TokenReplacement>) -> Result<(), Error> {
        let replacement = TokenReplacement::again(last, self.clock.now());
        metrics::counter!("TokenReplaced").increment(1);
        tracing::warn!(
            account = %of.account,
            times = replacement.times,
            "somebody else fetches this account's tokens: WeChat called one dead that was still to live"
        );
        self.state.put_token_replacement(&of.appid, &replacement).await
    }

    fn is_wanted(&self, seen: &TokenRecord, asked: Asked<'_>) -> bool {
        let Some(token) = seen.access_token() else { return true };
        let due = match self.mode {
            TokenMode::Classic => CLASSIC_DUE,
            TokenMode::Stable => STABLE_DUE,
        };
        match asked {
            Asked::Due => seen.expires_at - self.clock.now() < due,
            Asked::Failed { token: failed, .. } => failed == Some(token.fingerprint().as_str()),
        }
    }

    /// Fetches a token that is not the one that failed: a stable one is forced if it has to be.
    async fn fetch(
        &self,
        of: &Credentials,
        seen: &mut TokenRecord,
        asked: Asked<'_>,
    ) -> Result<Fetched, Failure> {
        let issued = self.call(of, false).await?;
        let fingerprint = issued.token.fingerprint();
        let was_still_current =
            matches!(asked, Asked::Failed { token: Some(failed), .. } if failed == fingerprint);
        if !was_still_current || self.mode == TokenMode::Classic || !may_force(seen, self.clock.now()) {
            return Ok(Fetched { issued, was_still_current });
        }
        let now = self.clock.now();
        seen.forced_count = if is_same_day(seen.forced_at, now) { seen.forced_count + 1 } else { 1 };
        seen.forced_at = now;
        Ok(Fetched { issued: self.call(of, true).await?, was_still_current })
    }

    async fn call(&self, of: &Credentials, force: bool) -> Result<IssuedToken, Failure> {
        let request = |secret: &_| match self.mode {
            TokenMode::Classic => token::classic(&of.appid, secret),
            TokenMode::Stable => token::stable(&of.appid, secret, force),
        };
        of.secret.call(&self.wechat, request).await
    }
}

fn report(of: &Credentials, failure: &Failure, times: u32) {
    let (errcode, rid, remedy) = (failure.errcode(), failure.rid(), failure.remedy());
    metrics::counter!("TokenFailed").increment(1);
    tracing::error!(account = %of.account, errcode, rid, cause = failure.causes(), times, remedy, "could not fetch an access token: {failure}");
}

/// Logs that a token could not be renewed for our own tables or queue; gives the sentence.
fn told(of: &Credentials, error: &Error) -> String {
    tracing::error!(account = %of.account, cause = error.causes(), "could not renew a token: {error}");
    error.to_string()
}

fn is_same_day(one: i64, other: i64) -> bool {
    beijing::day(one) == beijing::day(other)
}

fn may_force(seen: &TokenRecord, now: i64) -> bool {
    let used_up = is_same_day(seen.forced_at, now) && seen.forced_count >= FORCED_PER_DAY;
    if used_up {
        tracing::error!(
            "the day's {FORCED_PER_DAY} forced tokens are used up; find out who else forces them"
        );
    }
    !used_up && now - seen.forced_at > FORCED_APART
}
