//! How pushing went.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
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
    sent: AtomicU64,
    answered: AtomicU64,
    given_up: AtomicU64,
    tries: AtomicU64,
    slowest_ms: AtomicU64,
    /// Tries that were cut: over five seconds.
    over_5s: AtomicU64,
}

impl CallbackStats {
    /// Counts an event that is going to be tried.
    pub(crate) fn sent(&self) {
        self.sent.fetch_add(1, Relaxed);
    }

    /// Counts a try.
    pub(crate) fn tried(&self, took: Duration, outcome: Outcome) {
        self.tries.fetch_add(1, Relaxed);
        self.slowest_ms.fetch_max(u64::try_from(took.as_millis()).unwrap_or(u64::MAX), Relaxed);
        self.over_5s.fetch_add(u64::from(outcome == Outcome::Silent), Relaxed);
    }

    /// Counts an event that needs no further try.
    pub(crate) fn ended(&self, taken: bool) {
        let count = if taken { &self.answered } else { &self.given_up };
        count.fetch_add(1, Relaxed);
    }
}
