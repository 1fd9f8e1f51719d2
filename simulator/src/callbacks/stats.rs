//! How pushing went.

use std::time::Duration;

use serde::Serialize;

/// How one try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 200 with `success` or nothing.
    Taken,
    /// Another answer, or none because the connection failed.
    Failed,
    /// No answer in time: the connection was cut.
    Silent,
}

/// The counts that `/_sim/callback/stats` shows.
#[derive(Default, Serialize)]
pub(crate) struct CallbackStats {
    /// Events that were tried at least once.
    pub(crate) sent: u64,
    answered: u64,
    given_up: u64,
    tries: u64,
    slowest_ms: u64,
    /// Tries that were cut: over five seconds.
    over_5s: u64,
}

impl CallbackStats {
    /// Counts a try.
    pub(crate) fn tried(&mut self, took: Duration, outcome: Outcome) {
        self.tries += 1;
        self.slowest_ms = self.slowest_ms.max(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        self.over_5s += u64::from(outcome == Outcome::Silent);
    }

    /// Counts an event that needs no further try.
    pub(crate) fn ended(&mut self, taken: bool) {
        if taken {
            self.answered += 1;
        } else {
            self.given_up += 1;
        }
    }
}
