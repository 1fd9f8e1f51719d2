//! Newcomers' unionids: a hundred at a time, and no answer believed that cannot be right. Whoever cannot be looked
//! up holds up nobody else.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures::{StreamExt, TryFutureExt, stream};
use shared::wechat::Failure;
use shared::wechat::errcode::{Action, Scope};
use shared::wechat::followers::{self, BATCH, UserInfo};

use crate::run::{Patience, Run, Stop};

/// How many batchget calls run at a time.
pub const LOOKUPS: usize = 8;

/// Under this name its calls are counted.
const BATCHGET: &str = "user/info/batchget";

/// When so many newcomers have no unionid, and nobody has, a few are asked for alone: the account may have none to
/// give.
const UNBOUND_FROM: usize = 10;
const ASKED_ALONE: usize = 5;

/// How many smaller batches are refused before it is given up to find out who cannot be looked up. One in a hundred
/// is found after six.
const MOST_REFUSED: u32 = 20;

impl Run<'_> {
    /// Looks up openids and writes those that have a unionid. The first batch goes alone: what is wrong with the
    /// whole account shows there. Once one batch has failed or the time is over no other is begun; those under way
    /// are finished if they can be, for WeChat has counted them.
    pub async fn look_up(&self, openids: &[String]) -> Result<(), Stop> {
        let first = if self.is_past_first_batch() { 0 } else { BATCH.min(openids.len()) };
        let (first, rest) = openids.split_at(first);
        if !first.is_empty() {
            self.look_up_batch(first).await?;
            self.first_batch_came_back();
        }
        self.look_up_all(rest).await
    }

    async fn look_up_all(&self, openids: &[String]) -> Result<(), Stop> {
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
    async fn look_up_batch(&self, openids: &[String]) -> Result<(), Stop> {
        let asked_at = self.sync.clock.now();
        let infos = self.ask(openids).await?;
        let not_looked_up = openids.len().saturating_sub(infos.len()) as u64;
        let mut followers = HashMap::with_capacity(infos.len());
        let mut without_unionid = 0;
        for info in infos.into_iter().filter(UserInfo::follows) {
            match info.unionid {
                Some(unionid) => drop(followers.insert(unionid, info.openid)),
                None => without_unionid += 1,
            }
        }
        let added = followers.len() as u64;
        self.persist(|| self.sync.identities.add_followers(&followers, asked_at)).await?;
        let progress = &mut self.record().progress;
        progress.new += added;
        progress.without_unionid += without_unionid;
        progress.not_looked_up += not_looked_up;
        Ok(())
    }

    /// What WeChat says of each of them, as far as it says something that can be trusted.
    pub async fn ask(&self, openids: &[String]) -> Result<Vec<UserInfo>, Stop> {
        match self.call(BATCHGET, &followers::infos(openids), Patience::Some).await {
            Ok(infos) => self.checked(openids, infos.users).await,
            Err(failure) if failure.scope() == Scope::Account => Err(failure.into()),
            Err(failure) => self.isolate(openids, failure).await,
        }
    }

    /// What WeChat says of each of them, for whoever does not need their unionids: an answer that is about exactly
    /// these is taken as it is, else each is asked for alone.
    pub async fn exactly(&self, openids: &[String]) -> Result<Vec<UserInfo>, Stop> {
        match self.call(BATCHGET, &followers::infos(openids), Patience::Some).await {
            Ok(infos) if is_about(openids, &infos.users) => Ok(infos.users),
            Err(failure) if failure.scope() == Scope::Account => Err(failure.into()),
            Ok(_) | Err(_) => self.one_by_one("batchget about others", openids).await,
        }
    }

    /// Somebody among them cannot be looked up: halves are asked for until it is known who.
    async fn isolate(&self, openids: &[String], failure: Failure) -> Result<Vec<UserInfo>, Stop> {
        tracing::warn!(
            openids = openids.len(),
            errcode = failure.errcode(),
            "somebody cannot be looked up: {failure}"
        );
        self.count_repair("batchget refused");
        let (mut found, mut parts) = (Vec::new(), vec![openids]);
        let mut refused = 0;
        while let Some(part) = parts.pop() {
            if self.is_over() {
                return Err(Stop::OutOfTime);
            }
            // So many refusals and nobody found: it is no follower's fault.
            if found.is_empty() && refused >= MOST_REFUSED {
                return self.some_alone(openids, failure).await;
            }
            let (one, other) = part.split_at(part.len() / 2);
            for half in [other, one] {
                match half {
                    [] => {}
                    [openid] => found.extend(self.alone(openid).await?),
                    half => match self.call(BATCHGET, &followers::infos(half), Patience::Little).await {
                        Ok(infos) => found.extend(self.checked(half, infos.users).await?),
                        Err(failure) if failure.scope() == Scope::Account => return Err(failure.into()),
                        Err(_) => {
                            refused += 1;
                            parts.push(half);
                        }
                    },
                }
            }
        }
        // That many, not one of them, and nobody else so far: it is no follower's fault.
        let is_nobodys = found.is_empty() && openids.len() > 1 && !self.is_past_first_batch();
        if is_nobodys { Err(failure.into()) } else { Ok(found) }
    }

    /// So many of them cannot be looked up that halving finds nobody: if a few can be when asked for alone, all are.
    ///
    /// # Errors
    /// What stood against it, if none of the few can be looked up: that is no follower's fault.
    async fn some_alone(&self, openids: &[String], failure: Failure) -> Result<Vec<UserInfo>, Stop> {
        let few: Vec<_> = openids.iter().step_by(openids.len().div_ceil(ASKED_ALONE)).cloned().collect();
        match self.each_alone(&few).await?.is_empty() {
            true => Err(failure.into()),
            false => self.one_by_one("batchget refused over and over", openids).await,
        }
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
        match self.alone(&openid).await? {
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

    /// The answer, as far as it can be trusted. An answer that is not about exactly the
    /// openids asked for was seen to pair people with other people's unionids: then each is asked for
    /// alone, as when two have one unionid. So is a follower whose unionid is missing; if alone it is not, or nobody
    /// can say, the answer's rows may have shifted.
    async fn checked(&self, openids: &[String], infos: Vec<UserInfo>) -> Result<Vec<UserInfo>, Stop> {
        if !is_about(openids, &infos) {
            return self.one_by_one("batchget about others", openids).await;
        }
        let unionids: Vec<_> = infos.iter().filter_map(|info| info.unionid.as_ref()).collect();
        if unionids.len() > unionids.iter().collect::<HashSet<_>>().len() {
            return self.one_by_one("unionid twice in batchget", openids).await;
        }
        let (mut trusted, doubtful): (Vec<_>, Vec<_>) = infos.into_iter().partition(|i| i.unionid.is_some());
        let doubtful: Vec<_> = doubtful.into_iter().map(|info| info.openid).collect();
        if trusted.is_empty() && !self.is_past_first_batch() && self.is_unbound(&doubtful).await? {
            return Err(Stop::Unbound);
        }
        self.first_batch_came_back();
        let alone = self.each_alone(&doubtful).await?;
        if alone.len() < doubtful.len() || alone.iter().any(|info| info.unionid.is_some()) {
            self.count_repair("unionid missing in batchget");
            if !self.is_unshifted(&mut trusted).await? {
                return self.one_by_one("batchget rows shifted", openids).await;
            }
        }
        trusted.extend(alone);
        Ok(trusted)
    }

    /// Whether the last of these rows is what WeChat says of that follower alone: every shift moves it, too. Rows
    /// of followers of whom nothing can be heard alone are taken off the end.
    async fn is_unshifted(&self, rows: &mut Vec<UserInfo>) -> Result<bool, Stop> {
        while let Some(last) = rows.last() {
            if self.is_over() {
                return Err(Stop::OutOfTime);
            }
            if let Some(info) = self.alone(&last.openid).await? {
                return Ok(info.unionid == last.unionid);
            }
            rows.pop();
        }
        Ok(true)
    }

    /// Whether the account has no unionids to give: none of many has one, and a few of them have none when asked
    /// for alone.
    pub async fn is_unbound(&self, without_unionid: &[String]) -> Result<bool, Stop> {
        if without_unionid.len() < UNBOUND_FROM {
            return Ok(false);
        }
        let few = self.each_alone(&without_unionid[..ASKED_ALONE]).await?;
        Ok(few.len() == ASKED_ALONE && few.iter().all(|info| info.follows() && info.unionid.is_none()))
    }

    async fn one_by_one(&self, why: &str, openids: &[String]) -> Result<Vec<UserInfo>, Stop> {
        tracing::warn!(openids = openids.len(), "asking for each follower alone: {why}");
        self.count_repair(why);
        self.each_alone(openids).await
    }

    /// Whoever cannot be looked up is left out.
    async fn each_alone(&self, openids: &[String]) -> Result<Vec<UserInfo>, Stop> {
        let mut infos = Vec::with_capacity(openids.len());
        for openid in openids {
            if self.is_over() {
                return Err(Stop::OutOfTime);
            }
            infos.extend(self.alone(openid).await?);
        }
        Ok(infos)
    }

    /// Asked for alone; `None` for somebody who cannot be looked up.
    pub async fn alone(&self, openid: &str) -> Result<Option<UserInfo>, Stop> {
        match self.call("user/info", &followers::info(openid), Patience::Some).await {
            Ok(info) => Ok(Some(info).filter(|info| info.openid == openid)),
            Err(failure) if failure.scope() == Scope::Account => Err(failure.into()),
            Err(failure) => {
                if failure.action() == Action::DoubtFollower {
                    self.count_repair("openid unknown to user/info");
                }
                tracing::warn!(errcode = failure.errcode(), "a follower cannot be looked up: {failure}");
                Ok(None)
            }
        }
    }
}

/// Whether an answer is about exactly the openids that were asked for.
fn is_about(openids: &[String], infos: &[UserInfo]) -> bool {
    let asked: HashSet<_> = openids.iter().collect();
    let answered: HashSet<_> = infos.iter().map(|info| &info.openid).collect();
    asked == answered && infos.len() == openids.len()
}
