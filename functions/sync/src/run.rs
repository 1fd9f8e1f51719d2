//! A run that is being advanced: where it stands, the calls it makes, why it stops.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use contract::{Reason, SyncState};
use serde::de::DeserializeOwned;
use shared::Error;
use shared::store::{Cause, SyncRun};
use shared::wechat::errcode::Action;
use shared::wechat::{ApiRequest, Failure};

use crate::Function;

/// What WeChat was too busy for, or whose token died, and what a table did not take, is tried again after pauses
/// that double from this on.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause before a table is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// How long a call is tried that WeChat is too busy for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Once more: there is another way.
    Little,
    /// Four times: somebody may be the reason.
    Some,
    /// Six times: without it nothing goes on.
    All,
}

impl Patience {
    fn longest_pause(self) -> Duration {
        match self {
            Self::Little => FIRST_PAUSE,
            Self::Some => 4 * FIRST_PAUSE,
            Self::All => 16 * FIRST_PAUSE,
        }
    }
}

/// After a minute's quota was used up, while there is time.
const A_MINUTE: Duration = Duration::from_secs(60);

/// A run that is being advanced.
pub struct Run<'a> {
    /// The clients.
    pub sync: &'a Function,
    /// Whether a list is believed that would be doubted.
    pub force: bool,
    /// When its time is over.
    pub deadline: SystemTime,
    record: Mutex<SyncRun>,
    is_past_first_batch: AtomicBool,
}

impl<'a> Run<'a> {
    /// The run as it stands.
    pub fn of(sync: &'a Function, run: SyncRun, deadline: SystemTime, force: bool) -> Self {
        Self { sync, force, deadline, record: Mutex::new(run), is_past_first_batch: AtomicBool::new(false) }
    }

    /// Where the run stands; what is changed here is in the table a second later.
    pub fn record(&self) -> MutexGuard<'_, SyncRun> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a call that may be made again as often as one likes, counting each try.
    pub async fn call<T: DeserializeOwned>(
        &self,
        endpoint: &str,
        request: &ApiRequest<T>,
        patience: Patience,
    ) -> Result<T, Failure> {
        let mut pause = FIRST_PAUSE;
        loop {
            *self.record().progress.calls.entry(endpoint.to_owned()).or_default() += 1;
            let failure = match self.sync.wechat.call(request).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let wait = match failure.action() {
                Action::Retry | Action::Ambiguous | Action::RefreshToken
                    if pause <= patience.longest_pause() =>
                {
                    pause
                }
                Action::NextMinute if A_MINUTE < self.sync.clock.until(self.deadline) => A_MINUTE,
                _ => return Err(failure),
            };
            self.sync.clock.sleep(wait).await;
            pause *= 2;
        }
    }

    /// Writes to a table, and again as long as there is time: what WeChat has answered was counted.
    pub async fn persist<T, F>(&self, write: impl Fn() -> F + Send) -> Result<T, Stop>
    where
        F: Future<Output = Result<T, Error>> + Send,
    {
        let mut pause = FIRST_PAUSE;
        loop {
            match write().await {
                Err(error) if pause < self.sync.clock.until(self.deadline) => {
                    tracing::warn!(cause = error.causes(), "a table did not take what was found: {error}");
                    self.sync.clock.sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                written => return Ok(written?),
            }
        }
    }

    /// Whether this slice's first batch came back, and not because the whole account is without unionids: from then
    /// on batches are looked up beside each other.
    pub fn is_past_first_batch(&self) -> bool {
        self.is_past_first_batch.load(Ordering::Relaxed)
    }

    /// Nothing about the account itself stood against it.
    pub fn first_batch_came_back(&self) {
        self.is_past_first_batch.store(true, Ordering::Relaxed);
    }

    /// Whether everybody is looked up, those in the map included.
    pub fn is_anew(&self) -> bool {
        self.record().checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.anew)
    }

    /// Whether its time is over. What was begun may come to its end, if it does so soon; the rest is left to
    /// the next slice, which goes on at the checkpoint.
    pub fn is_over(&self) -> bool {
        self.sync.clock.time() >= self.deadline
    }

    /// Counts what WeChat did wrong and was put right.
    pub fn count_repair(&self, what: &str) {
        *self.record().progress.repairs.entry(what.to_owned()).or_default() += 1;
    }
}

/// Why a slice ended before the list did.
pub enum Stop {
    /// WeChat or a table failed.
    Failed(Failure),
    /// The list is not to be believed about who is gone.
    SuspectList(String),
    /// WeChat gives no unionid for anybody.
    Unbound,
    /// Somebody else has the lease now.
    LostLease,
    /// Its time was over.
    OutOfTime,
}

impl<F: Into<Failure>> From<F> for Stop {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

impl Stop {
    /// Where it leaves the run. A used-up quota is no failure: the run goes on when it is reset.
    pub fn state(&self) -> SyncState {
        match self {
            Self::Failed(failure) if failure.action() == Action::NextDay => SyncState::Running,
            Self::OutOfTime => SyncState::Running,
            Self::Failed(_) | Self::SuspectList(_) | Self::Unbound | Self::LostLease => SyncState::Failed,
        }
    }

    /// Whether WeChat may have refused the very place the run is at: a cursor is an openid, too.
    pub fn invalidates_checkpoint(&self) -> bool {
        matches!(self, Self::Failed(failure) if failure.action() == Action::DoubtFollower)
    }

    /// Why, where WeChat or the account's settings are the cause.
    pub fn cause(&self) -> Option<Cause> {
        match self {
            // What there is to repair is known to the failure alone.
            Self::Failed(Failure::Unreachable { .. }) => None,
            Self::Failed(failure) => Some(Cause::of(failure)),
            Self::Unbound => Some(Cause { reason: Reason::NoUnionid, errcode: None, ip: None }),
            Self::SuspectList(_) | Self::LostLease | Self::OutOfTime => None,
        }
    }

    /// What happened and what to do about it; `None` when nothing did.
    pub fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Failed(failure) => {
                if failure.action() == Action::NextDay {
                    metrics::counter!("QuotaUsedUp").increment(1);
                }
                let (errcode, rid, remedy) = (failure.errcode(), failure.rid(), failure.remedy());
                tracing::error!(
                    errcode,
                    rid,
                    remedy,
                    cause = failure.causes(),
                    "the sync stopped: {failure}"
                );
                match errcode {
                    Some(_) => remedy,
                    None => format!("{}. {remedy}", failure.to_string().trim_end_matches('.')),
                }
            }
            Self::SuspectList(doubt) => format!(
                "Nothing was deleted: {doubt} Check the account in WeChat's console; the next run looks again. If the list is right, POST /sync with {{\"force\": true}}, or invoke the function with {{\"sync\": \"now\", \"force\": true}}, which has more time."
            ),
            Self::Unbound => format!(
                "WeChat gives no unionid for any of the account's followers, so nobody can be reached. {}",
                Reason::NoUnionid.remedy()
            ),
            Self::LostLease => "Another run took over; ask again.".to_owned(),
            Self::OutOfTime => return None,
        })
    }
}
