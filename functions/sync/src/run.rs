//! A run: who may advance it, where it stands, and why it stopped.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use shared::store::{Checkpoint, SyncProgress, SyncRun, SyncState};
use shared::wechat::Failure;
use shared::wechat::errcode::Action;
use shared::{Error, now};

use crate::Sync;
use crate::list::USER_GET;

/// How often the record is written and the lease kept.
const SAVED_EVERY: Duration = Duration::from_secs(1);

/// How long the lease of a run that was killed keeps others away, in seconds: many times that.
const LEASE: f64 = 30.0;
const SHORTEST_LEASE: f64 = 3.0;

const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// How many calls of `user/get` the schedule's runs may make in a day: half of the 500 that a new account
/// has, for others may list, too.
const LIST_CALLS_A_DAY: f64 = 250.0;

/// Why a slice ended before the list did.
pub enum Stop {
    /// WeChat or a table failed.
    Failed(Failure),
    /// The list is not to be believed about who is gone.
    Doubtful(String),
    /// Somebody else has the lease now.
    LostLease,
}

impl<F: Into<Failure>> From<F> for Stop {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

impl Stop {
    /// A used-up quota is no failure: the run goes on when it is whole again.
    fn state(&self) -> SyncState {
        match self {
            Self::Failed(failure) if failure.action() == Action::NextDay => SyncState::Running,
            Self::Failed(_) | Self::Doubtful(_) | Self::LostLease => SyncState::Failed,
        }
    }

    /// What happened and what to do about it.
    fn remedy(&self) -> String {
        match self {
            Self::Failed(failure) => {
                let (errcode, rid, remedy) = (failure.errcode(), failure.rid(), failure.remedy());
                tracing::error!(errcode, rid, remedy, "sync stopped: {failure}");
                match errcode {
                    Some(_) => remedy,
                    None => format!("{}. {remedy}", failure.to_string().trim_end_matches('.')),
                }
            }
            Self::Doubtful(doubt) => format!(
                "Nothing was deleted: {doubt} Check the account in WeChat's console; the next run looks again. If the list is right, POST /sync with {{\"force\": true}}."
            ),
            Self::LostLease => "Another run took over; ask again.".to_owned(),
        }
    }
}

/// A run that is being advanced.
pub struct Run<'a> {
    /// The clients.
    pub sync: &'a Sync,
    /// Whether a list is believed that would be doubted.
    pub force: bool,
    record: Mutex<SyncRun>,
}

impl Run<'_> {
    /// Where the run stands; what is changed here is in the table a second later.
    pub fn record(&self) -> MutexGuard<'_, SyncRun> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes where the run stands, over and over, until it may not go on.
    async fn keep(&self, lease: &str) -> Stop {
        loop {
            let run = {
                let mut run = self.record();
                run.progress.updated_at = now();
                run.clone()
            };
            let (state, seconds) = (&self.sync.state, self.sync.lease_seconds());
            match state.save_sync(&self.sync.oa_appid, lease, seconds, &run).await {
                Ok(true) => tokio::time::sleep(SAVED_EVERY).await,
                Ok(false) => return Stop::LostLease,
                Err(error) => return error.into(),
            }
        }
    }
}

impl Sync {
    /// Goes on with the unfinished run, or begins one if the last is long enough ago.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the state table does not answer.
    pub(crate) async fn tick(&self, slice: Duration) -> Result<SyncProgress, Error> {
        let last = self.state.sync_run(&self.oa_appid).await?;
        let pause = pause_after(&last.progress).mul_f64(self.retry_time_scale);
        let is_early = now() < last.progress.started_at.saturating_add_unsigned(pause.as_secs());
        if last.checkpoint.is_none() && is_early {
            return Ok(last.progress);
        }
        self.advance(slice, false).await
    }

    /// Goes on with the unfinished run, or begins one, for at most about `slice`. `force` believes a
    /// list that would be doubted.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the state table does not answer.
    pub(crate) async fn advance(&self, slice: Duration, force: bool) -> Result<SyncProgress, Error> {
        let lease = shared::random_id();
        let Some(last) = self.state.lease_sync(&self.oa_appid, &lease, self.lease_seconds()).await? else {
            return Ok(self.state.sync_run(&self.oa_appid).await?.progress);
        };
        let run = Run { sync: self, force, record: Mutex::new(resume_or_begin(last)) };
        let outcome = tokio::select! {
            outcome = run.walk(Instant::now() + slice) => outcome,
            stop = run.keep(&lease) => Err(stop),
        };
        let mut record = run.record().clone();
        let progress = &mut record.progress;
        if let Err(stop) = outcome {
            (progress.state, progress.error) = (stop.state(), Some(stop.remedy()));
        }
        progress.updated_at = now();
        progress.ends_at = progress.ends_at.filter(|_| progress.state == SyncState::Running);
        // When the lease is lost, the record is the other's to write.
        self.state.end_sync(&self.oa_appid, &lease, &record).await?;
        Ok(record.progress)
    }

    fn lease_seconds(&self) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "half a minute, scaled")]
        let seconds = (LEASE * self.retry_time_scale).max(SHORTEST_LEASE) as i64;
        seconds
    }
}

/// How long after this run began the schedule begins no other: by then a day's share of its calls is won
/// back.
fn pause_after(run: &SyncProgress) -> Duration {
    let calls = run.calls.get(USER_GET).copied().unwrap_or_default();
    A_DAY.mul_f64(f64::from(u32::try_from(calls).unwrap_or(u32::MAX)) / LIST_CALLS_A_DAY)
}

fn resume_or_begin(mut last: SyncRun) -> SyncRun {
    if let Some(checkpoint) = &last.checkpoint {
        let progress = &mut last.progress;
        (progress.listed, progress.known) = (checkpoint.listed, checkpoint.known);
        progress.without_unionid = checkpoint.without_unionid;
        (progress.state, progress.error) = (SyncState::Running, None);
        return last;
    }
    let progress = SyncProgress {
        state: SyncState::Running,
        run: Some(shared::random_id()),
        started_at: now(),
        updated_at: now(),
        ..SyncProgress::default()
    };
    SyncRun { progress, checkpoint: Some(Checkpoint::default()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause_after_calls(calls: u64) -> Duration {
        pause_after(&SyncProgress { calls: [(USER_GET.to_owned(), calls)].into(), ..SyncProgress::default() })
    }

    #[test]
    fn the_schedule_leaves_half_of_the_days_list_calls_to_others() {
        assert_eq!(pause_after(&SyncProgress::default()), Duration::ZERO);
        for calls in [2, 11, 101, 501] {
            let runs_a_day = A_DAY.div_duration_f64(pause_after_calls(calls));
            assert!((runs_a_day * calls as f64 - 250.0).abs() < 0.01, "{calls}: {runs_a_day}");
        }
    }
}
