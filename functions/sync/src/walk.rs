//! The walk: list the followers, look up those the map lacks, and after a whole list sweep the rest.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use shared::store::{SyncProgress, SyncRun, SyncState};
use shared::wechat::Failure;
use shared::wechat::errcode::Action;
use shared::wechat::followers::{BATCH, UserInfo};
use shared::{Error, now};

use crate::Sync;

/// How many batchget calls run at a time.
const LOOKUPS: usize = 4;

/// A list that lacks more than this share of the followers the map knows deletes nothing, unless they
/// are so few that no fault of WeChat's would look like it.
const MOST_REMOVED_PERCENT: usize = 20;
const ALWAYS_REMOVED: usize = 10;

/// WeChat's own count may run ahead of its list by this share: the list is no snapshot.
const COUNT_SLACK_PERCENT: u64 = 1;

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
    /// Goes on with the unfinished run, or begins one, for at most about `slice`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the state table does not answer.
    pub(crate) async fn advance(&self, slice: Duration) -> Result<SyncProgress, Error> {
        let lease = shared::random_id();
        let seconds = i64::try_from(slice.as_secs()).unwrap_or(i64::MAX) + LEASE_SLACK;
        let Some(last) = self.state.lease_sync(&self.oa_appid, &lease, seconds).await? else {
            return Ok(self.state.sync_run(&self.oa_appid).await?.progress);
        };
        let run = resume_or_begin(last);
        let calls = Mutex::new(run.progress.calls.clone());
        let mut walk = Walk { sync: self, lease, run, calls };
        if let Err(stop) = walk.go(Instant::now() + slice).await {
            walk.run.progress.state = SyncState::Failed;
            walk.run.progress.error = Some(stop.remedy());
        }
        // When the lease is lost, the record is the other's to write.
        let _ = walk.save().await;
        self.state.release_sync(&self.oa_appid, &walk.lease).await?;
        Ok(walk.run.progress)
    }
}

impl Stop {
    fn remedy(&self) -> String {
        match self {
            Self::Failed(failure) => {
                let (errcode, rid, remedy) = (failure.errcode(), failure.rid(), failure.remedy());
                tracing::error!(errcode, rid, remedy, "sync stopped: {failure}");
                remedy
            }
            Self::Doubtful(doubt) => {
                format!(
                    "Nothing was deleted: {doubt} Check the account in WeChat's console; the next run looks again."
                )
            }
            Self::LostLease => "Another run took over; ask again.".to_owned(),
        }
    }
}

fn resume_or_begin(mut last: SyncRun) -> SyncRun {
    let unfinished = matches!(last.progress.state, SyncState::Running | SyncState::Failed);
    if unfinished && last.cursor.is_some() {
        last.progress.state = SyncState::Running;
        last.progress.error = None;
        return last;
    }
    let progress = SyncProgress {
        state: SyncState::Running,
        run: Some(shared::random_id()),
        started_at: now(),
        updated_at: now(),
        ..SyncProgress::default()
    };
    SyncRun { progress, cursor: None }
}

struct Walk<'a> {
    sync: &'a Sync,
    lease: String,
    run: SyncRun,
    calls: Mutex<BTreeMap<String, u64>>,
}

impl Walk<'_> {
    async fn go(&mut self, deadline: Instant) -> Result<(), Stop> {
        // Only a walk that began at the beginning can know who is gone.
        let from_the_beginning = self.run.cursor.is_none();
        let mut gone = self.sync.identities.known_followers().await?;
        let known = gone.len();
        loop {
            let page =
                self.call("user/get", || self.sync.wechat.followers(self.run.cursor.as_deref())).await?;
            let total = page.total;
            let (openids, next) = page.into_parts();
            self.take(&openids, &mut gone).await?;
            if next.is_none() || next == self.run.cursor {
                // Whatever the sweep comes to, the next run begins at the beginning.
                self.run.cursor = None;
                self.forget_who_left().await?;
                if from_the_beginning {
                    self.sweep(gone, known, total).await?;
                }
                self.run.progress.state = SyncState::Done;
                return Ok(());
            }
            self.run.cursor = next;
            self.save().await?;
            if Instant::now() >= deadline {
                return Ok(());
            }
        }
    }

    async fn save(&mut self) -> Result<(), Stop> {
        self.run.progress.updated_at = now();
        self.run.progress.calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let saved = self.sync.state.save_sync(&self.sync.oa_appid, &self.lease, &self.run).await?;
        if saved { Ok(()) } else { Err(Stop::LostLease) }
    }

    /// Takes in one page: whoever is on it is not gone, and whoever the map lacks is looked up.
    async fn take(&mut self, openids: &[String], gone: &mut HashSet<String>) -> Result<(), Stop> {
        let new: Vec<String> = openids.iter().filter(|openid| !gone.remove(*openid)).cloned().collect();
        let this = &*self;
        let looked_up: Vec<_> = stream::iter(new.chunks(BATCH))
            .map(|batch| this.look_up(batch))
            .buffer_unordered(LOOKUPS)
            // Without this the compiler loses sight of the future being Send.
            .boxed()
            .try_collect()
            .await?;
        let progress = &mut self.run.progress;
        progress.listed += openids.len() as u64;
        progress.known += (openids.len() - new.len()) as u64;
        for found in looked_up {
            progress.new += found.added;
            progress.without_unionid += found.without_unionid;
        }
        Ok(())
    }

    /// Asks WeChat for up to [`BATCH`] followers' unionids and writes them.
    async fn look_up(&self, openids: &[String]) -> Result<Found, Failure> {
        let infos = self.call("user/info/batchget", || self.sync.wechat.user_infos(openids)).await?;
        let mut followers = Vec::with_capacity(infos.len());
        let mut without_unionid = 0;
        for info in self.checked(openids, infos).await? {
            match info.unionid {
                Some(unionid) => followers.push((unionid, info.openid)),
                None => without_unionid += 1,
            }
        }
        let added = followers.len() as u64;
        self.sync.identities.add_followers(followers).await?;
        Ok(Found { added, without_unionid })
    }

    /// The answer's followers. An answer that is not about exactly the openids asked for was seen to
    /// pair people with other people's unionids: then each is asked for alone. So is a follower whose
    /// unionid is missing, which happens in a batch and not alone.
    async fn checked(&self, openids: &[String], infos: Vec<UserInfo>) -> Result<Vec<UserInfo>, Failure> {
        let asked: HashSet<_> = openids.iter().collect();
        let answered: HashSet<_> = infos.iter().map(|info| &info.openid).collect();
        let (mut trusted, doubtful): (Vec<_>, Vec<_>) = if asked == answered && infos.len() == openids.len() {
            infos.into_iter().filter(UserInfo::follows).partition(|info| info.unionid.is_some())
        } else {
            tracing::warn!(asked = asked.len(), answered = answered.len(), "batchget answered about others");
            (Vec::new(), Vec::new())
        };
        let again: Vec<_> = if trusted.is_empty() && doubtful.is_empty() {
            openids.to_vec()
        } else {
            doubtful.into_iter().map(|info| info.openid).collect()
        };
        for openid in again {
            let info = self.call("user/info", || self.sync.wechat.user_info(&openid)).await?;
            trusted.extend(Some(info).filter(|info| info.follows() && info.openid == openid));
        }
        Ok(trusted)
    }

    /// Takes back what was written of those who unfollowed while they were being looked up.
    async fn forget_who_left(&self) -> Result<(), Stop> {
        let left = self.sync.identities.unfollowed_since(self.run.progress.started_at).await?;
        for gone in left {
            self.sync.identities.remove_followers(vec![gone.openid], gone.gone_at).await?;
        }
        Ok(())
    }

    /// Deletes the rows of those who were not on the list, unless the list looks wrong.
    async fn sweep(&mut self, gone: HashSet<String>, known: usize, total: u64) -> Result<(), Stop> {
        let listed = self.run.progress.listed;
        if let Some(doubt) = doubt(listed, total, gone.len(), known) {
            tracing::error!(listed, total, known, gone = gone.len(), "sync refused to delete: {doubt}");
            return Err(Stop::Doubtful(doubt));
        }
        let removed = gone.len() as u64;
        let since = self.run.progress.started_at;
        self.sync.identities.remove_followers(gone.into_iter().collect(), since).await?;
        self.run.progress.removed += removed;
        Ok(())
    }

    /// Makes a call that may be made again as often as one likes, counting each try.
    async fn call<T, F>(&self, endpoint: &str, call: impl Fn() -> F) -> Result<T, Failure>
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

/// What looking up a batch came to.
struct Found {
    added: u64,
    without_unionid: u64,
}

/// Why a list is not to be believed about who is gone; `None` when it is.
fn doubt(listed: u64, total: u64, gone: usize, known: usize) -> Option<String> {
    if listed == 0 && known > 0 {
        return Some(format!("the list is empty, the map knows {known} followers."));
    }
    if listed + total * COUNT_SLACK_PERCENT / 100 < total {
        return Some(format!("the list ended after {listed} of {total} followers."));
    }
    if gone > ALWAYS_REMOVED && gone * 100 > known * MOST_REMOVED_PERCENT {
        return Some(format!("{gone} of {known} known followers are not on the list."));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::doubt;

    #[test]
    fn a_list_that_fits_the_map_is_believed() {
        assert_eq!(doubt(25_049, 25_049, 12, 25_000), None);
        assert_eq!(doubt(0, 0, 0, 0), None);
        assert_eq!(doubt(770_242, 770_270, 0, 770_000), None);
        assert_eq!(doubt(2, 2, 1, 3), None);
    }

    #[test]
    fn a_list_that_is_empty_cut_short_or_much_shorter_is_doubted() {
        assert!(doubt(0, 0, 5, 5).is_some());
        assert!(doubt(10_000, 25_050, 0, 0).is_some());
        assert!(doubt(700, 700, 300, 1_000).is_some());
    }
}
