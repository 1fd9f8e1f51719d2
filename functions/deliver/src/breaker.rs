//! Circuit breakers: what is wrong with the account, a template or a page has its messages wait, but for a probe
//! now and then, instead of being refused one by one.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use contract::Reason;
use parking_lot::Mutex;
use shared::job::Parked;
use shared::store::{Breaker, BreakerKeys, Cause, Outage, State, TokenFailure, pause_after};
use shared::wechat::Failure;
use shared::wechat::errcode::{Action, Scope};
use shared::{Clock, Error, beijing};

use crate::decide::LONGEST_WAIT;

/// How long after its time, in seconds, a try of `refresh` is still waited for.
const OVERDUE: i64 = 60;

/// A wait is no shorter: whoever's turn it was needs some time to find out.
const SHORTEST_WAIT: Duration = Duration::from_secs(5);

/// The breakers of the messages that a worker has in hand, for one invocation.
pub struct Breakers {
    state: State,
    clock: Clock,
    by_key: Mutex<HashMap<String, Seen>>,
}

/// A breaker as this worker sees it.
struct Seen {
    is: Is,
    /// Why it is not closed.
    outage: Option<Outage>,
    /// Why there is no token, where there is none; `refresh` is the one that probes.
    token: Option<TokenFailure>,
}

/// How a breaker stands, as a circuit breaker's words have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    /// Calls go through.
    Closed,
    /// None goes through.
    Open,
    /// None goes through, but it is time for a probe.
    Due,
    /// One call has gone through to see, and nothing is known yet. No other does.
    HalfOpen,
}

/// What a message waits for, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// What is wrong.
    pub parked: Parked,
    /// Until somebody looks again.
    pub pause: Duration,
}

impl Wait {
    /// For a repair of which no breaker knows.
    pub fn of(failure: &Failure) -> Self {
        let parked = Parked { reason: failure.reason(), errcode: failure.errcode() };
        Self { parked, pause: Duration::from_secs(pause_after(1).unsigned_abs()) }
    }
}

/// Whether a message may be tried.
enum Admission {
    Admitted,
    /// It has to wait.
    Waits(Wait),
    /// It may be the probe of these breakers.
    Probes(Vec<(String, Outage)>),
}

impl Breakers {
    /// Looks how they stand.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn look(state: &State, clock: &Clock, keys: &HashSet<BreakerKeys>) -> Result<Self, Error> {
        let keys: HashSet<_> = keys.iter().flat_map(BreakerKeys::all).map(str::to_owned).collect();
        let keys: Vec<_> = keys.into_iter().collect();
        let mut rows = state.breakers(&keys).await?;
        let now = clock.now();
        let seen = keys.into_iter().map(|key| {
            let row = rows.remove(&key).unwrap_or_default();
            (key, Seen::of(row, now))
        });
        Ok(Self { state: state.clone(), clock: clock.clone(), by_key: Mutex::new(seen.collect()) })
    }

    /// What a message has to wait for; `None` when nothing is wrong, or when it may be the one to find out.
    pub fn waits(&self, keys: &BreakerKeys) -> Option<Wait> {
        match self.admission(keys) {
            Admission::Waits(wait) => Some(wait),
            Admission::Admitted | Admission::Probes(_) => None,
        }
    }

    /// Whether a message may be tried now: `Err` says what it waits for. Only one that is about to be tried asks,
    /// for it may take the right to probe.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn admit(&self, keys: &BreakerKeys) -> Result<Result<(), Wait>, Error> {
        let due = match self.admission(keys) {
            Admission::Admitted => return Ok(Ok(())),
            Admission::Waits(wait) => return Ok(Err(wait)),
            Admission::Probes(due) => due,
        };
        for (won, (key, outage)) in due.iter().enumerate() {
            // The first pause was before this one.
            let next = self.clock.now() + pause_after(outage.probes + 2);
            self.turn(key, |seen| {
                seen.is = Is::HalfOpen;
                seen.outage = Some(Outage { probe_at: next, probes: outage.probes + 1, ..outage.clone() });
            });
            let taken = self.state.take_probe(key, outage, next).await;
            if !matches!(taken, Ok(true)) {
                self.turn(key, |seen| seen.is = Is::Open);
                self.give_back(&due[..won]).await?;
                return taken.map(|_| Err(self.wait(&outage.cause, next)));
            }
        }
        Ok(Ok(()))
    }

    /// These were to be probed by a message that may not be tried: the next one may find out.
    async fn give_back(&self, due: &[(String, Outage)]) -> Result<(), Error> {
        for (key, outage) in due {
            let outage = Outage { probe_at: self.clock.now(), probes: outage.probes + 1, ..outage.clone() };
            self.state.keep_open(key, &outage).await?;
            self.turn(key, |seen| (seen.is, seen.outage) = (Is::Due, Some(outage)));
        }
        Ok(())
    }

    /// WeChat took a message: what its probe was to find out is repaired.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn on_success(&self, keys: &BreakerKeys) -> Result<(), Error> {
        for (key, outage) in self.probed(keys, Is::Closed) {
            self.close(&key, &outage).await?;
        }
        Ok(())
    }

    async fn close(&self, key: &str, outage: &Outage) -> Result<(), Error> {
        tracing::info!(breaker = key, errcode = outage.cause.errcode, "repaired; messages go on");
        self.turn(key, |seen| seen.is = Is::Closed);
        self.state.close_breaker(key).await
    }

    /// WeChat refused a message: the breaker of the failure's scope opens. Of the other ones that it was to probe the
    /// account's is repaired if WeChat came as far as to look at the recipient; the rest have learned nothing.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn on_failure(&self, keys: &BreakerKeys, failure: &Failure) -> Result<(), Error> {
        let broken = match (failure.action(), failure.scope()) {
            (Action::AwaitRepair | Action::NextDay, Scope::Account) => Some(&keys.account),
            (Action::AwaitRepair, Scope::Template) => Some(&keys.template),
            (Action::AwaitRepair, Scope::Page) => Some(&keys.page),
            _ => None,
        };
        let probed = self.probed(keys, Is::Open);
        for (key, outage) in &probed {
            if broken == Some(key) {
                let outage = self.still_broken(key, outage, failure);
                self.state.keep_open(key, &outage).await?;
            } else if *key == keys.account && outage.until.is_none() && is_about_the_recipient(failure) {
                self.close(key, outage).await?;
            } else {
                // The next message may find out.
                let outage = Outage { probe_at: self.clock.now(), ..outage.clone() };
                self.state.keep_open(key, &outage).await?;
                self.turn(key, |seen| (seen.is, seen.outage) = (Is::Due, Some(outage)));
            }
        }
        match broken.filter(|broken| probed.iter().all(|(key, _)| key != *broken)) {
            Some(key) => self.open(key, failure).await,
            None => Ok(()),
        }
    }

    fn admission(&self, keys: &BreakerKeys) -> Admission {
        let by_key = self.by_key.lock();
        let mut due = Vec::new();
        for key in keys.all() {
            let Some(seen) = by_key.get(key) else { continue };
            if let Some(token) = &seen.token {
                return Admission::Waits(self.wait(&token.cause, token.retry_at));
            }
            match (seen.is, &seen.outage) {
                (Is::Open | Is::HalfOpen, Some(outage)) => {
                    // The probe's outcome is about to be known.
                    let looks_at = if seen.is == Is::HalfOpen { self.clock.now() } else { outage.probe_at };
                    let until = outage.until.unwrap_or(i64::MAX).min(looks_at);
                    return Admission::Waits(self.wait(&outage.cause, until));
                }
                (Is::Due, Some(outage)) if due.iter().all(|(other, _)| other != key) => {
                    due.push((key.to_owned(), outage.clone()));
                }
                _ => {}
            }
        }
        if due.is_empty() { Admission::Admitted } else { Admission::Probes(due) }
    }

    fn wait(&self, cause: &Cause, until: i64) -> Wait {
        let left = Duration::from_secs(u64::try_from(until - self.clock.now()).unwrap_or(0));
        Wait {
            parked: Parked { reason: cause.reason, errcode: cause.errcode },
            pause: left.clamp(SHORTEST_WAIT, LONGEST_WAIT),
        }
    }

    /// Opens a breaker that is closed, as far as is known here.
    async fn open(&self, key: &str, failure: &Failure) -> Result<(), Error> {
        let now = self.clock.now();
        let outage = Outage {
            cause: Cause::of(failure),
            opened_at: now,
            until: (failure.action() == Action::NextDay).then(|| beijing::next_midnight(now)),
            probe_at: now + pause_after(1),
            probes: 0,
        };
        let was = self.turn(key, |seen| {
            if seen.is == Is::Closed {
                seen.is = Is::Open;
                seen.outage = Some(outage.clone());
            }
        });
        if was == Some(Is::Closed) && self.state.open_breaker(key, &outage).await? {
            report(key, failure);
        }
        Ok(())
    }

    fn still_broken(&self, key: &str, outage: &Outage, failure: &Failure) -> Outage {
        report(key, failure);
        let until = (failure.action() == Action::NextDay).then(|| beijing::next_midnight(self.clock.now()));
        Outage { cause: Cause::of(failure), until, ..outage.clone() }
    }

    /// Turns those that a message was to probe; gives why they were open.
    fn probed(&self, keys: &BreakerKeys, to: Is) -> Vec<(String, Outage)> {
        let mut probed = Vec::new();
        for key in keys.all() {
            self.turn(key, |seen| {
                if seen.is == Is::HalfOpen {
                    seen.is = to;
                    probed.extend(seen.outage.clone().map(|outage| (key.to_owned(), outage)));
                }
            });
        }
        probed
    }

    /// Changes a breaker; gives how it stood before.
    fn turn(&self, key: &str, change: impl FnOnce(&mut Seen)) -> Option<Is> {
        let mut by_key = self.by_key.lock();
        let seen = by_key.get_mut(key)?;
        let was = seen.is;
        change(seen);
        Some(was)
    }
}

impl Seen {
    fn of(row: Breaker, now: i64) -> Self {
        let outage = row.outage.filter(|outage| outage.until.is_none_or(|until| now < until));
        let is = match &outage {
            None => Is::Closed,
            Some(outage) if outage.probe_at <= now => Is::Due,
            Some(_) => Is::Open,
        };
        // One that `refresh` should have tried again by now is out of date: it may have a token since.
        let holds = |token: &TokenFailure| token.no_token_from <= now && now < token.retry_at + OVERDUE;
        Self { is, outage, token: row.token_failure.filter(holds) }
    }
}

/// Whether WeChat refused what the message is or whom it is for, which it looks at after who calls.
fn is_about_the_recipient(failure: &Failure) -> bool {
    match failure.action() {
        Action::Refused | Action::DoubtFollower | Action::WaitForUser | Action::Duplicate => true,
        Action::GiveUp => matches!(failure.reason(), Reason::InvalidField | Reason::UserRestricted),
        Action::Retry
        | Action::Ambiguous
        | Action::NextMinute
        | Action::NextDay
        | Action::RefreshToken
        | Action::AwaitRepair
        | Action::LoginAgain
        | Action::LoginBlocked => false,
    }
}

/// Once when a breaker opens, and at each probe that finds it still wrong: an alarm stays as long as it does.
fn report(key: &str, failure: &Failure) {
    metrics::counter!("BreakerOpen").increment(1);
    if failure.action() == Action::NextDay {
        metrics::counter!("QuotaUsedUp").increment(1);
    }
    let (errcode, rid) = (failure.errcode(), failure.rid());
    tracing::error!(
        breaker = key,
        scope = %failure.scope(),
        reason = %failure.reason(),
        errcode,
        rid,
        remedy = failure.remedy(),
        "messages wait for a repair: {failure}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_token_failure_that_refresh_should_have_mended_by_now_holds_nobody_up() {
        let row = || -> Breaker {
            let failure = json!({
                "cause": { "reason": "misconfigured", "errcode": 40164 },
                "failed_at": 1000, "no_token_from": 1000, "retry_at": 1300, "times": 2,
            });
            serde_json::from_value(json!({ "key": "breaker#oa", "token_failure": failure })).expect("a row")
        };
        for (now, holds) in [(999, false), (1000, true), (1359, true), (1360, false), (9000, false)] {
            assert_eq!(Seen::of(row(), now).token.is_some(), holds, "{now}");
        }
    }
}
