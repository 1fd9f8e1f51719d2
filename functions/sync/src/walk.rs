//! The walk: list the followers, look up those the map lacks, and after a whole list sweep the rest.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use shared::store::{Checkpoint, SyncProgress, SyncRun, SyncState};
use shared::wechat::Failure;
use shared::wechat::errcode::Action;
use shared::wechat::followers::{BATCH, Page};
use shared::{Error, now};

use crate::Sync;
use crate::doubt::Size;
use crate::known::Known;
use crate::lookup::Found;

/// A call that WeChat was too busy for, or whose token died, is made again after these pauses,
/// doubling: 0.5 s to 8 s.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// How much longer than its slice a run holds its lease, in seconds: the last page is finished first.
const LEASE_SLACK: i64 = 60;

/// Why a slice ended before the list did.
enum Stop {
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

impl Sync {
    /// Goes on with the unfinished run, or begins one, for at most about `slice`. `force` believes a
    /// list that would be doubted.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the state table does not answer.
    pub(crate) async fn advance(&self, slice: Duration, force: bool) -> Result<SyncProgress, Error> {
        let lease = shared::random_id();
        let seconds = i64::try_from(slice.as_secs()).unwrap_or(i64::MAX) + LEASE_SLACK;
        let Some(last) = self.state.lease_sync(&self.oa_appid, &lease, seconds).await? else {
            return Ok(self.state.sync_run(&self.oa_appid).await?.progress);
        };
        let run = resume_or_begin(last);
        let (calls, mended) = (run.progress.calls.clone(), run.progress.mended.clone());
        let (calls, mended) = (Mutex::new(calls), Mutex::new(mended));
        let mut walk = Walk { sync: self, lease, run, force, pending: Vec::new(), calls, mended };
        if let Err(stop) = walk.go(Instant::now() + slice).await {
            (walk.run.progress.state, walk.run.progress.error) = (stop.state(), Some(stop.remedy()));
        }
        // When the lease is lost, the record is the other's to write.
        let _ = walk.save().await;
        self.state.release_sync(&self.oa_appid, &walk.lease).await?;
        Ok(walk.run.progress)
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

fn resume_or_begin(mut last: SyncRun) -> SyncRun {
    let unfinished = matches!(last.progress.state, SyncState::Running | SyncState::Failed);
    if let Some(checkpoint) = last.checkpoint.as_ref().filter(|_| unfinished) {
        last.progress.state = SyncState::Running;
        last.progress.error = None;
        (last.progress.listed, last.progress.known) = (checkpoint.listed, checkpoint.known);
        return last;
    }
    let progress = SyncProgress {
        state: SyncState::Running,
        run: Some(shared::random_id()),
        started_at: now(),
        updated_at: now(),
        ..SyncProgress::default()
    };
    SyncRun { progress, checkpoint: None }
}

/// A run, while it has the lease.
pub struct Walk<'a> {
    /// The clients.
    pub sync: &'a Sync,
    lease: String,
    run: SyncRun,
    force: bool,
    /// Listed and not in the map: looked up a hundred at a time, over the pages' ends.
    pending: Vec<String>,
    calls: Mutex<BTreeMap<String, u64>>,
    mended: Mutex<BTreeMap<String, u64>>,
}

impl Walk<'_> {
    async fn go(&mut self, deadline: Instant) -> Result<(), Stop> {
        let mut after = self.run.checkpoint.as_ref().map(|checkpoint| checkpoint.after.clone());
        // Only a walk that began at the beginning can know who is gone.
        let from_the_beginning = after.is_none();
        let mut known = self.known().await?;
        let mut page = self.page(after.as_deref()).await?;
        loop {
            let total = page.total;
            let (openids, next) = page.into_parts();
            self.cross_off(openids, &mut known, total);
            let Some(next) = next.filter(|next| Some(next) != after.as_ref()) else {
                self.look_up(self.pending.len()).await?;
                // Whatever the sweep comes to, the next run begins at the beginning.
                self.run.checkpoint = None;
                self.settle_who_left().await?;
                if from_the_beginning {
                    self.sweep(&known, total).await?;
                }
                self.run.progress.state = SyncState::Done;
                return Ok(());
            };
            if Instant::now() >= deadline {
                self.look_up(self.pending.len()).await?;
                self.checkpoint(next);
                return Ok(());
            }
            // The next page is listed while this one's newcomers are looked up.
            page = self.look_up_and_list(self.pending.len() / BATCH * BATCH, &next).await?;
            if self.pending.is_empty() {
                self.checkpoint(next.clone());
            }
            self.save().await?;
            after = Some(next);
        }
    }

    fn checkpoint(&mut self, after: String) {
        let SyncProgress { listed, known, .. } = self.run.progress;
        self.run.checkpoint = Some(Checkpoint { after, listed, known });
    }

    /// Looks up the first of the pending, and lists the page after `next` meanwhile.
    async fn look_up_and_list(&mut self, count: usize, next: &str) -> Result<Page, Stop> {
        let batch: Vec<_> = self.pending.drain(..count).collect();
        let (found, page) = tokio::try_join!(self.look_up_all(&batch), self.page(Some(next)))?;
        self.count(found);
        Ok(page)
    }

    async fn look_up(&mut self, count: usize) -> Result<(), Stop> {
        let batch: Vec<_> = self.pending.drain(..count).collect();
        let found = self.look_up_all(&batch).await?;
        self.count(found);
        Ok(())
    }

    async fn known(&self) -> Result<Known, Error> {
        let openids = Mutex::new(Vec::new());
        let take = |openid| openids.lock().unwrap_or_else(PoisonError::into_inner).push(openid);
        self.sync.identities.known_followers(&take).await?;
        Ok(Known::of(openids.into_inner().unwrap_or_else(PoisonError::into_inner)))
    }

    async fn page(&self, after: Option<&str>) -> Result<Page, Failure> {
        self.call("user/get", || self.sync.wechat.followers(after)).await
    }

    async fn save(&mut self) -> Result<(), Stop> {
        let progress = &mut self.run.progress;
        progress.updated_at = now();
        progress.calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone();
        progress.mended = self.mended.lock().unwrap_or_else(PoisonError::into_inner).clone();
        progress.ends_at = progress.ends_at.filter(|_| progress.state == SyncState::Running);
        let saved = self.sync.state.save_sync(&self.sync.oa_appid, &self.lease, &self.run).await?;
        if saved { Ok(()) } else { Err(Stop::LostLease) }
    }

    /// Whoever is on the list is not gone; those the map lacks are to be looked up.
    fn cross_off(&mut self, openids: Vec<String>, known: &mut Known, total: u64) {
        let listed = openids.len() as u64;
        let before = self.pending.len();
        self.pending.extend(openids.into_iter().filter(|openid| !known.cross_off(openid)));
        let progress = &mut self.run.progress;
        progress.listed += listed;
        progress.known += listed - (self.pending.len() - before) as u64;
        let spent = u64::try_from(now() - progress.started_at).unwrap_or(0);
        let whole = spent.saturating_mul(total).checked_div(progress.listed);
        let whole = whole.and_then(|seconds| i64::try_from(seconds).ok());
        progress.ends_at = whole.map(|seconds| progress.started_at.saturating_add(seconds));
    }

    fn count(&mut self, found: Found) {
        self.run.progress.new += found.added;
        self.run.progress.without_unionid += found.without_unionid;
    }

    /// Settles those who unfollowed while they were being looked up: what was written of them may have
    /// been old by then.
    async fn settle_who_left(&self) -> Result<(), Stop> {
        let left = self.sync.identities.unfollowed_since(self.run.progress.started_at).await?;
        self.settle(left.into_iter().map(|gone| gone.openid).collect()).await?;
        Ok(())
    }

    /// Deletes the rows of those who were not on the list, unless the list looks wrong.
    async fn sweep(&mut self, known: &Known, total: u64) -> Result<(), Stop> {
        let gone = known.unseen();
        let size = Size {
            listed: self.run.progress.listed,
            total,
            gone: gone.len() as u64,
            known: known.len() as u64,
        };
        if let Some(doubt) = size.doubt(self.sync.most_removed_percent).filter(|_| !self.force) {
            tracing::error!(?size, "sync refused to delete: {doubt}");
            return Err(Stop::Doubtful(doubt));
        }
        self.sync.identities.remove_followers(gone, self.run.progress.started_at).await?;
        self.run.progress.removed += size.gone;
        Ok(())
    }

    /// Counts what WeChat did wrong and was put right.
    pub fn mend(&self, what: &str) {
        *self.mended.lock().unwrap_or_else(PoisonError::into_inner).entry(what.to_owned()).or_default() += 1;
    }

    /// Makes a call that may be made again as often as one likes, counting each try.
    pub async fn call<T, F>(&self, endpoint: &str, call: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut pause = FIRST_PAUSE;
        loop {
            *self
                .calls
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(endpoint.to_owned())
                .or_default() += 1;
            let failure = match call().await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let again = matches!(failure.action(), Action::Retry | Action::Ambiguous | Action::RefreshToken);
            if !again || pause > LONGEST_PAUSE {
                return Err(failure);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
}
