//! Newcomers' unionids: a hundred at a time, and no answer believed that cannot be right.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures::{StreamExt, TryFutureExt, stream};
use shared::wechat::Failure;
use shared::wechat::errcode::Action;
use shared::wechat::followers::{self, BATCH, UserInfo};

use crate::run::{Run, Stop};

/// How many batchget calls run at a time.
pub const LOOKUPS: usize = 8;

impl Run<'_> {
    /// Looks up openids and writes those that have a unionid. Once one batch has failed or the time is over
    /// no other is begun; those under way are finished if they can be, for WeChat has counted them.
    pub async fn look_up(&self, openids: &[String]) -> Result<(), Stop> {
        let (has_failed, begun) = (AtomicBool::new(false), AtomicUsize::new(0));
        let goes_on = |_: &&[String]| !has_failed.load(Ordering::Relaxed) && !self.is_over();
        stream::iter(openids.chunks(BATCH).take_while(goes_on))
            .map(|batch| {
                begun.fetch_add(batch.len(), Ordering::Relaxed);
                self.look_up_batch(batch).inspect_err(|_| has_failed.store(true, Ordering::Relaxed))
            })
            .buffer_unordered(LOOKUPS)
            // Without this the compiler loses sight of the future being Send.
            .boxed()
            .fold(Ok(()), async |sum, outcome| sum.and(outcome))
            .await?;
        if begun.load(Ordering::Relaxed) < openids.len() { Err(Stop::OutOfTime) } else { Ok(()) }
    }

    /// Asks WeChat for up to [`BATCH`] followers' unionids and writes them.
    async fn look_up_batch(&self, openids: &[String]) -> Result<(), Failure> {
        let asked_at = self.sync.clock.now();
        let infos = match self.call("user/info/batchget", &followers::infos(openids)).await {
            Ok(infos) => self.checked(openids, infos.users).await?,
            // One openid that WeChat does not take is enough.
            Err(failure) if failure.action() == Action::DoubtFollower => {
                self.one_by_one("batchget refused", openids).await?
            }
            Err(failure) => return Err(failure),
        };
        let mut followers = HashMap::with_capacity(infos.len());
        let mut without_unionid = 0;
        for info in infos {
            match info.unionid {
                Some(unionid) => drop(followers.insert(unionid, info.openid)),
                None => without_unionid += 1,
            }
        }
        let added = followers.len() as u64;
        self.sync.identities.add_followers(followers, asked_at).await?;
        let progress = &mut self.record().progress;
        progress.new += added;
        progress.without_unionid += without_unionid;
        Ok(())
    }

    /// Asks for each of them alone, and has the map say what WeChat says.
    pub async fn recheck(&self, openids: Vec<String>) -> Result<(), Stop> {
        let has_failed = AtomicBool::new(false);
        stream::iter(openids.into_iter().take_while(|_| !has_failed.load(Ordering::Relaxed)))
            .map(|openid| self.recheck_one(openid).inspect_err(|_| has_failed.store(true, Ordering::Relaxed)))
            .buffer_unordered(LOOKUPS)
            .boxed()
            // Those under way are counted, too, if their rows go.
            .fold(Ok(()), async |sum, outcome| sum.and(outcome))
            .await
    }

    /// Only a plain "follows" or "does not" changes anything: a unionid may be missing once, and a wrong
    /// appid is told of everybody that they are unknown.
    async fn recheck_one(&self, openid: String) -> Result<(), Stop> {
        if self.is_over() {
            return Err(Stop::OutOfTime);
        }
        let asked_at = self.sync.clock.now();
        match self.infos(std::slice::from_ref(&openid)).await?.pop() {
            Some(info) if info.has_left() => {
                let removed = self.sync.identities.remove_followers(vec![openid], asked_at).await?;
                self.record().progress.removed += removed.rows;
            }
            Some(UserInfo { unionid: Some(unionid), .. }) => {
                self.sync.identities.record_follow(&unionid, &openid, asked_at).await?;
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    /// The answer's followers, as far as it can be trusted. An answer that is not about exactly the
    /// openids asked for was seen to pair people with other people's unionids: then each is asked for
    /// alone, as when two have one unionid. So is a follower whose unionid is missing; if alone it is not,
    /// the answer's rows may have shifted, and the last one, which every shift moves, is asked for, too.
    async fn checked(&self, openids: &[String], infos: Vec<UserInfo>) -> Result<Vec<UserInfo>, Failure> {
        let asked: HashSet<_> = openids.iter().collect();
        let answered: HashSet<_> = infos.iter().map(|info| &info.openid).collect();
        if asked != answered || infos.len() != openids.len() {
            return self.one_by_one("batchget about others", openids).await;
        }
        let unionids: Vec<_> = infos.iter().filter_map(|info| info.unionid.as_ref()).collect();
        if unionids.len() > unionids.iter().collect::<HashSet<_>>().len() {
            return self.one_by_one("unionid twice in batchget", openids).await;
        }
        let (mut trusted, doubtful): (Vec<_>, Vec<_>) = infos.into_iter().partition(|i| i.unionid.is_some());
        let doubtful: Vec<_> = doubtful.into_iter().map(|info| info.openid).collect();
        let alone = self.infos(&doubtful).await?;
        if alone.iter().any(|info| info.unionid.is_some())
            && let Some(last) = trusted.last()
        {
            self.count_repair("unionid missing in batchget");
            let true_info = self.infos(std::slice::from_ref(&last.openid)).await?;
            if true_info.first().map(|info| &info.unionid) != Some(&last.unionid) {
                return self.one_by_one("batchget rows shifted", openids).await;
            }
        }
        trusted.extend(alone);
        Ok(trusted.into_iter().filter(UserInfo::follows).collect())
    }

    async fn one_by_one(&self, why: &str, openids: &[String]) -> Result<Vec<UserInfo>, Failure> {
        tracing::warn!(openids = openids.len(), "asking for each follower alone: {why}");
        self.count_repair(why);
        Ok(self.infos(openids).await?.into_iter().filter(UserInfo::follows).collect())
    }

    /// Each asked for alone; whoever WeChat does not know any more is left out.
    async fn infos(&self, openids: &[String]) -> Result<Vec<UserInfo>, Failure> {
        let mut infos = Vec::with_capacity(openids.len());
        for openid in openids {
            match self.call("user/info", &followers::info(openid)).await {
                Ok(info) => infos.extend(Some(info).filter(|info| info.openid == *openid)),
                Err(failure) if failure.action() == Action::DoubtFollower => {
                    self.count_repair("openid unknown to user/info");
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(infos)
    }
}
