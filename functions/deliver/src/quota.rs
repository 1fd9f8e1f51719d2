//! The daily quota: once it is used up, nobody calls WeChat until its reset, but for a probe now and then.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use shared::store::{Quota, State};
use shared::{Clock, Error};

use crate::decide::PARKED;

/// What a worker may do at the moment.
const OPEN: u8 = 0;
/// The quota is used up, and nobody here has asked yet whether it is time for a probe.
const UNASKED: u8 = 1;
const CLOSED: u8 = 2;

/// A worker's view of the quota, for one invocation.
pub struct Gate {
    state: State,
    oa_appid: String,
    clock: Clock,
    /// What the table said when the invocation began.
    parked: Option<Quota>,
    /// A message of this invocation is the probe, and nothing is known yet.
    probing: AtomicBool,
    is: AtomicU8,
}

impl Gate {
    /// Looks whether the quota is used up.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn look(state: &State, oa_appid: &str, clock: &Clock) -> Result<Self, Error> {
        let parked = state.parked(oa_appid).await?;
        let is = AtomicU8::new(if parked.is_some() { UNASKED } else { OPEN });
        let (state, oa_appid, clock) = (state.clone(), oa_appid.to_owned(), clock.clone());
        Ok(Self { state, oa_appid, clock, parked, probing: AtomicBool::new(false), is })
    }

    /// Whether a message may be tried now. Only one that is about to be tried takes the right to probe:
    /// finished ones would waste it.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn lets_through(&self) -> Result<bool, Error> {
        let asked = self.is.compare_exchange(UNASKED, CLOSED, Ordering::Relaxed, Ordering::Relaxed);
        match (asked, self.parked) {
            (Ok(_), Some(quota)) => {
                let probing = self.state.may_probe(&self.oa_appid, quota, self.next_probe()).await?;
                self.probing.store(probing, Ordering::Relaxed);
                Ok(probing)
            }
            (Ok(is) | Err(is), _) => Ok(is == OPEN),
        }
    }

    /// WeChat took a message: if that was a probe, the quota is whole again.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn passed(&self) -> Result<(), Error> {
        if self.is.swap(OPEN, Ordering::Relaxed) != OPEN {
            tracing::info!("the quota is whole again");
            self.state.unpark(&self.oa_appid).await?;
        }
        Ok(())
    }

    /// WeChat answered something that says nothing about the quota: if that was the probe, the next
    /// message may be one.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn undecided(&self) -> Result<(), Error> {
        match self.parked {
            Some(quota) if self.probing.swap(false, Ordering::Relaxed) => {
                self.state.park(&self.oa_appid, Quota { probe_at: self.clock.now(), ..quota }).await
            }
            _ => Ok(()),
        }
    }

    /// WeChat says that the quota is used up.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn exhausted(&self) -> Result<(), Error> {
        if self.is.swap(CLOSED, Ordering::Relaxed) == OPEN {
            let quota = Quota { parked_until: next_reset(self.clock.now()), probe_at: self.next_probe() };
            metrics::counter!("QuotaExhausted").increment(1);
            tracing::error!(parked_until = quota.parked_until, "the daily quota is used up; messages wait");
            self.state.park(&self.oa_appid, quota).await?;
        }
        Ok(())
    }

    fn next_probe(&self) -> i64 {
        self.clock.now() + i64::try_from(PARKED.as_secs()).unwrap_or(i64::MAX)
    }
}

/// The next midnight in Beijing (UTC+8, no summer time), in Unix seconds.
fn next_reset(now: i64) -> i64 {
    const DAY: i64 = 24 * 3600;
    const BEIJING: i64 = 8 * 3600;
    ((now + BEIJING) / DAY + 1) * DAY - BEIJING
}

#[cfg(test)]
mod tests {
    use super::next_reset;

    #[test]
    fn quotas_are_reset_at_midnight_in_beijing() {
        // 2026-11-22 15:59:59 UTC is 23:59:59 in Beijing.
        assert_eq!(next_reset(1_795_363_199), 1_795_363_200);
        assert_eq!(next_reset(1_795_363_200), 1_795_363_200 + 24 * 3600);
    }
}
