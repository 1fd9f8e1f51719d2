//! The simulator's clock: the machine's, moved by as many seconds as a test asks for.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

const DAY: i64 = 24 * 60 * 60;
const BEIJING_AHEAD_OF_UTC: i64 = 8 * 60 * 60;

/// The machine's clock and an offset.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Clock {
    /// Seconds this clock is ahead of the machine's.
    offset: i64,
}

impl Clock {
    /// Unix seconds.
    pub(crate) fn now(self) -> i64 {
        machine_now().saturating_add(self.offset)
    }

    /// Moves it on, or back by a negative number.
    pub(crate) fn advance(&mut self, seconds: i64) {
        self.offset = self.offset.saturating_add(seconds);
    }

    /// Has it go on from this moment, in Unix seconds.
    pub(crate) fn set(&mut self, now: i64) {
        self.offset = now.saturating_sub(machine_now());
    }
}

/// The number of the Beijing day: daily quotas reset when it changes.
pub(crate) fn beijing_day(now: i64) -> i64 {
    (now + BEIJING_AHEAD_OF_UTC).div_euclid(DAY)
}

fn machine_now() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_in_beijing() {
        let midnight_in_beijing = 1_767_196_800; // 2026-01-01T00:00:00+08:00
        assert_ne!(beijing_day(midnight_in_beijing - 1), beijing_day(midnight_in_beijing));
        assert_eq!(beijing_day(midnight_in_beijing), beijing_day(midnight_in_beijing + DAY - 1));
    }

    #[test]
    fn a_clock_that_was_set_goes_on_from_there() {
        let mut clock = Clock::default();
        clock.set(1_800_000_000);
        clock.advance(60);
        assert!((1_800_000_060..1_800_000_062).contains(&clock.now()));
    }
}
