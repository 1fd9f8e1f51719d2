//! The daily quota's circuit breaker: once it is used up, nobody calls WeChat until its reset, but for a probe
//! now and then.

use parking_lot::Mutex;
use shared::store::{Quota, State};
use shared::{Clock, Error};

use crate::decide::PARKED;

/// A worker's view of the breaker, for one invocation.
pub struct QuotaBreaker {
    state: State,
    oa_appid: String,
    clock: Clock,
    /// What the table said when the invocation began.
    parked: Option<Quota>,
    is: Mutex<Is>,
}

/// How the breaker stands, as a circuit breaker's words have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    /// Calls go through.
    Closed,
    /// The quota is used up, and nobody here has asked yet whether it is time for a probe.
    Unasked,
    /// The quota is used up. No call goes through.
    Open,
    /// One call has gone through to see, and nothing is known yet. No other does.
    HalfOpen,
}

impl QuotaBreaker {
    /// Looks whether the quota is used up.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn look(state: &State, oa_appid: &str, clock: &Clock) -> Result<Self, Error> {
        let parked = state.parked(oa_appid).await?;
        let is = Mutex::new(if parked.is_some() { Is::Unasked } else { Is::Closed });
        Ok(Self { state: state.clone(), oa_appid: oa_appid.to_owned(), clock: clock.clone(), parked, is })
    }

    /// Whether a message may be tried now. Only one that is about to be tried takes the right to probe:
    /// finished ones would waste it.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn admits(&self) -> Result<bool, Error> {
        let was = self.turn(|is| if is == Is::Unasked { Is::Open } else { is });
        let Some(quota) = self.parked.filter(|_| was == Is::Unasked) else { return Ok(was == Is::Closed) };
        let probes = self.state.may_probe(&self.oa_appid, quota, self.next_probe()).await?;
        if probes {
            self.turn(|is| if is == Is::Open { Is::HalfOpen } else { is });
        }
        Ok(probes)
    }

    /// WeChat took a message: if that was a probe, the quota was reset.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn on_success(&self) -> Result<(), Error> {
        if self.turn(|_| Is::Closed) != Is::Closed {
            tracing::info!("the daily quota was reset; messages go on");
            self.state.unpark(&self.oa_appid).await?;
        }
        Ok(())
    }

    /// WeChat answered something that says nothing about the quota: if that was the probe, the next
    /// message may be one.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn on_other(&self) -> Result<(), Error> {
        let was = self.turn(|is| if is == Is::HalfOpen { Is::Open } else { is });
        match self.parked {
            Some(quota) if was == Is::HalfOpen => {
                self.state.park(&self.oa_appid, Quota { probe_at: self.clock.now(), ..quota }).await
            }
            _ => Ok(()),
        }
    }

    /// WeChat says that the quota is used up.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn on_exhausted(&self) -> Result<(), Error> {
        if self.turn(|_| Is::Open) == Is::Closed {
            let quota = Quota { parked_until: next_reset(self.clock.now()), probe_at: self.next_probe() };
            metrics::counter!("QuotaExhausted").increment(1);
            tracing::error!(
                parked_until = quota.parked_until,
                "the daily quota is used up; messages are parked"
            );
            self.state.park(&self.oa_appid, quota).await?;
        }
        Ok(())
    }

    /// Turns the breaker; gives how it stood before.
    fn turn(&self, to: impl FnOnce(Is) -> Is) -> Is {
        let mut is = self.is.lock();
        let was = *is;
        *is = to(was);
        was
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
