//! A run: who may advance it, where it stands, and why it stopped.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use shared::store::{Checkpoint, SyncProgress, SyncRun, SyncState};
use shared::wechat::Failure;
use shared::wechat::errcode::Action;
use shared::{Error, now};

use crate::Sync;

/// How often the record is written and the lease kept.
const SAVED_EVERY: Duration = Duration::from_secs(1);

/// How long the lease of a run that was killed keeps others away, in seconds: many times that.
const LEASE: f64 = 30.0;
const SHORTEST_LEASE: f64 = 3.0;

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

    fn remedy(&self) -> String {
        match self {
            Self::Failed(failure) => {
                let (errcode, rid, remedy) = (failure.errcode(), failure.rid(), failure.remedy());
                tracing::error!(errcode, rid, remedy, "sync stopped: {failure}");
                remedy
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
            tokio::time::sleep(SAVED_EVERY).await;
            let run = {
                let mut run = self.record();
                run.progress.updated_at = now();
                run.clone()
            };
            let (state, seconds) = (&self.sync.state, self.sync.lease_seconds());
            match state.save_sync(&self.sync.oa_appid, lease, seconds, &run).await {
                Ok(true) => {}
                Ok(false) => return Stop::LostLease,
                Err(error) => return error.into(),
            }
        }
    }
}

impl Sync {
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
