//! The walk: list the followers, look up those the map lacks, and after a whole list sweep the rest.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use contract::SyncState;
use shared::Error;
use shared::store::Checkpoint;
use shared::wechat::followers::{BATCH, UserInfo};

use crate::known::{Known, Openids};
use crate::list::{List, Page};
use crate::list_check::ListCheck;
use crate::run::{Run, Stop};

/// How many of those that the map knows are looked up in each run, to see whether unionids have changed.
const SAMPLE: usize = 20;

/// Whoever was confirmed less than this before the walk, in seconds, may have followed when their page was
/// listed already, and clocks differ: WeChat is asked for them.
const JUST_NOW: i64 = 60;

impl Run<'_> {
    /// Walks on from the checkpoint until the list's end or the deadline.
    pub async fn walk(&self) -> Result<(), Stop> {
        let began_at = self.sync.clock.now();
        let Checkpoint { after, waiting, .. } = self.record().checkpoint.clone().unwrap_or_default();
        // Only a walk that begins at the beginning can know who is gone.
        let sees_all = after.is_none();
        let mut list = List::after(after);
        let mut known = self.known_while_listing(&mut list).await?;
        if sees_all && !self.is_anew() && self.have_unionids_changed(&known).await? {
            self.record().checkpoint.get_or_insert_default().anew = true;
        }
        // Listed and not in the map: looked up a hundred at a time, over the pages' ends.
        let mut newcomers = waiting;
        loop {
            let page = list.next(self).await?;
            self.cross_off(&page, &mut known, &mut newcomers);
            let Some(next) = page.next else {
                self.look_up(&newcomers).await?;
                self.recheck_unfollowed().await?;
                if self.is_anew() {
                    let since = self.record().progress.started_at;
                    let replaced = self.persist(|| self.sync.identities.remove_replaced(since)).await?;
                    tracing::info!(replaced, "removed rows of other unionids");
                }
                // Whatever the sweep comes to, the next run begins at the beginning.
                self.record().checkpoint = None;
                let gone = if sees_all { self.gone(&known, page.total)? } else { Vec::new() };
                return self.sweep(&gone, began_at).await;
            };
            let whole_batches: Vec<_> = newcomers.drain(..newcomers.len() / BATCH * BATCH).collect();
            // The next page is listed while this one's newcomers are looked up.
            let (looked_up, ()) = tokio::join!(self.look_up(&whole_batches), list.prefetch_one(self));
            looked_up?;
            self.checkpoint(next, &newcomers);
            if self.is_over() {
                return Ok(());
            }
        }
    }

    /// Everybody before this place is in the map, but for those who wait.
    fn checkpoint(&self, after: String, waiting: &[String]) {
        let mut run = self.record();
        let (listed, known) = (run.progress.listed, run.progress.known);
        let without_unionid = run.progress.without_unionid;
        let not_looked_up = run.progress.not_looked_up;
        let anew = run.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.anew);
        let (after, waiting) = (Some(after), waiting.to_vec());
        let counts = Checkpoint { listed, known, without_unionid, not_looked_up, ..Checkpoint::default() };
        run.checkpoint = Some(Checkpoint { after, waiting, anew, ..counts });
    }

    /// Reads whom the map knows, and lists the first pages meanwhile.
    async fn known_while_listing(&self, list: &mut List) -> Result<Known, Error> {
        let is_read = AtomicBool::new(false);
        let read = async {
            let known = self.known().await;
            is_read.store(true, Ordering::Relaxed);
            known
        };
        let (known, ()) = tokio::join!(read, list.prefetch_while(self, || !is_read.load(Ordering::Relaxed)));
        known
    }

    async fn known(&self) -> Result<Known, Error> {
        let openids = Mutex::new(Openids::default());
        let take = |openid: &str| openids.lock().unwrap_or_else(PoisonError::into_inner).push(openid);
        self.sync.identities.known_followers(&take).await?;
        Ok(Known::of(openids.into_inner().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Whoever is on the list is not gone; those the map lacks are to be looked up.
    fn cross_off(&self, page: &Page, known: &mut Known, newcomers: &mut Vec<String>) {
        let (before, is_anew) = (newcomers.len(), self.is_anew());
        let is_wanted = |openid: &&str| !known.cross_off(openid) || is_anew;
        newcomers.extend(page.openids.lines().filter(is_wanted).map(str::to_owned));
        let progress = &mut self.record().progress;
        progress.total = Some(page.total);
        progress.listed += page.count;
        progress.known += page.count.saturating_sub((newcomers.len() - before) as u64);
        let spent = u64::try_from(self.sync.clock.now() - progress.started_at).unwrap_or(0);
        let whole = spent.saturating_mul(page.total).checked_div(progress.listed);
        let whole = whole.and_then(|seconds| i64::try_from(seconds).ok());
        progress.ends_at = whole.map(|seconds| progress.started_at.saturating_add(seconds));
    }

    /// Whether WeChat gives another unionid for one of some whom the map knows: then it does so for everybody, for
    /// the Open Platform account was registered anew, or the account was bound to another one.
    async fn have_unionids_changed(&self, known: &Known) -> Result<bool, Stop> {
        let some = known.some(SAMPLE, rand::random());
        if some.is_empty() {
            return Ok(false);
        }
        let following: Vec<_> = self.exactly(&some).await?.into_iter().filter(UserInfo::follows).collect();
        if following.iter().all(|info| info.unionid.is_none()) {
            let openids: Vec<_> = following.into_iter().map(|info| info.openid).collect();
            return if self.is_unbound(&openids).await? { Err(Stop::Unbound) } else { Ok(false) };
        }
        self.first_batch_came_back();
        for info in following {
            if self.is_other(&info).await? && self.is_other_if_alone(&info.openid).await? {
                tracing::warn!("a follower has another unionid: everybody is looked up anew");
                self.count_repair("unionids changed");
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the map has this follower, and under other unionids alone.
    async fn is_other(&self, info: &UserInfo) -> Result<bool, Stop> {
        let Some(unionid) = &info.unionid else { return Ok(false) };
        let known = self.sync.identities.unionids(&info.openid).await?;
        Ok(!known.is_empty() && !known.contains(unionid))
    }

    /// An answer about many was seen to pair people with other people's unionids.
    async fn is_other_if_alone(&self, openid: &str) -> Result<bool, Stop> {
        match self.alone(openid).await? {
            Some(info) => self.is_other(&info).await,
            None => Ok(false),
        }
    }

    /// Settles those who unfollowed while they were being looked up: what was written of them may have
    /// been old by then.
    async fn recheck_unfollowed(&self) -> Result<(), Stop> {
        let since = self.record().progress.started_at;
        let left = self.sync.identities.unfollowed_since(since).await?;
        self.recheck(left.into_iter().map(|gone| gone.openid).collect()).await?;
        Ok(())
    }

    /// Those who were not on the list, unless the list looks wrong.
    fn gone(&self, known: &Known, total: u64) -> Result<Vec<String>, Stop> {
        let gone = known.unseen();
        let listed = self.record().progress.listed;
        let size = ListCheck { listed, total, gone: gone.len() as u64, known: known.len() as u64 };
        match size.problem(self.sync.most_removed_percent).filter(|_| !self.force) {
            Some(doubt) => {
                metrics::counter!("SweepRefused").increment(1);
                tracing::error!(?size, "sync refused to delete: {doubt}");
                Err(Stop::SuspectList(doubt))
            }
            None => Ok(gone),
        }
    }

    /// Those of whom WeChat says so when it is asked: that somebody is missing from a list says nothing.
    async fn have_left(&self, missing: &[String]) -> Result<Vec<String>, Stop> {
        let infos = self.exactly(missing).await?;
        Ok(infos.into_iter().filter(UserInfo::has_left).map(|info| info.openid).collect())
    }

    /// Deletes the rows of those who are gone, and so ends the run. What the deadline leaves over is found
    /// again by the same run's next walk.
    async fn sweep(&self, gone: &[String], began_at: i64) -> Result<(), Stop> {
        for some in gone.chunks(BATCH) {
            if self.is_over() {
                self.record().checkpoint = Some(Checkpoint::default());
                return Ok(());
            }
            let left = self.have_left(some).await?;
            let as_of = began_at - JUST_NOW;
            let removed = self.persist(|| self.sync.identities.remove_followers(left.clone(), as_of)).await?;
            self.record().progress.removed += removed.rows;
            self.recheck(removed.kept).await?;
        }
        self.record().progress.state = SyncState::Done;
        Ok(())
    }
}
