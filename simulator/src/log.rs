//! What happened, entry by entry: for whoever watches, and for whoever waits.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use clock::Clock;
use tokio::sync::broadcast;

use crate::world::accounts::Account;
use crate::world::event::Event;
use crate::world::inbox::Message;

/// So many entries are kept: what a page shows, and what one has missed that lost its connection for a moment.
const KEPT: usize = 2_000;

/// One thing that happened.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Grows by one.
    pub(crate) id: u64,
    /// Unix seconds by the simulator's clock.
    pub(crate) at: i64,
    pub(crate) what: Happened,
}

/// What it was.
#[derive(Debug)]
pub(crate) enum Happened {
    /// The API was called, and answered with an errcode, or as [`crate::world::stats::Stats::failed`] says.
    Call { endpoint: &'static str, users: Vec<u32>, answer: String, took_ms: u64 },
    /// A message arrived on its user's phone.
    Message(Message),
    /// An account's server was to be told of an event.
    Callback { account: &'static Account, event: Event, outcome: Told, tries: usize },
    /// Somebody used a control route that changes something.
    Control { method: String, path: String },
}

/// How far the telling has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// It waits.
    Queued,
    /// The server took it.
    Taken,
    /// The server took it in none of the tries.
    GivenUp,
}

impl Told {
    /// As the control routes say it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Taken => "taken",
            Self::GivenUp => "given_up",
        }
    }
}

/// The newest entries; clones are handles on the same ones.
#[derive(Clone)]
pub(crate) struct Log {
    clock: Clock,
    entries: Arc<Mutex<Entries>>,
    news: broadcast::Sender<Arc<Entry>>,
}

#[derive(Default)]
struct Entries {
    kept: VecDeque<Arc<Entry>>,
    last: u64,
}

/// What somebody who watches has missed, and what is to come.
pub(crate) struct Watch {
    /// Oldest first.
    pub(crate) missed: Vec<Arc<Entry>>,
    /// Some of what they missed is forgotten.
    pub(crate) is_late: bool,
    pub(crate) news: broadcast::Receiver<Arc<Entry>>,
}

impl Log {
    /// One in which nothing happened.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, entries: Arc::default(), news: broadcast::Sender::new(KEPT) }
    }

    /// Adds what happened just now.
    pub(crate) fn add(&self, what: Happened) {
        let at = self.clock.now();
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.last += 1;
        let entry = Arc::new(Entry { id: entries.last, at, what });
        if entries.kept.len() == KEPT {
            entries.kept.pop_front();
        }
        entries.kept.push_back(entry.clone());
        // In the order of the numbers. Nobody may be watching.
        drop(self.news.send(entry));
    }

    /// The newest first.
    pub(crate) fn newest(&self, n: usize) -> Vec<Arc<Entry>> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.kept.iter().rev().take(n).cloned().collect()
    }

    /// All that comes after the entry of this number, or after now.
    pub(crate) fn watch(&self, after: Option<u64>) -> Watch {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let after = after.unwrap_or(entries.last);
        let missed = entries.kept.iter().filter(|entry| entry.id > after).cloned().collect();
        let oldest = entries.kept.front().map_or(entries.last + 1, |entry| entry.id);
        // A number that is still to come is of a simulator that ran before this one.
        let is_late = after + 1 < oldest || after > entries.last;
        Watch { missed, is_late, news: self.news.subscribe() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(watch: &Watch) -> Vec<u64> {
        watch.missed.iter().map(|entry| entry.id).collect()
    }

    fn add(log: &Log) {
        log.add(Happened::Control { method: "POST".into(), path: "/".into() });
    }

    #[test]
    fn whoever_comes_back_is_told_what_they_missed_and_then_what_comes() {
        let log = Log::new(Clock::movable());
        (0..3).for_each(|_| add(&log));
        let mut watch = log.watch(Some(1));
        assert_eq!((numbers(&watch), watch.is_late), (vec![2, 3], false));
        add(&log);
        assert_eq!(watch.news.try_recv().map(|entry| entry.id), Ok(4));
        let fresh = log.watch(None);
        assert_eq!((numbers(&fresh), fresh.is_late), (vec![], false));
    }

    #[test]
    fn whoever_was_away_too_long_or_knows_another_simulator_is_told_so() {
        let log = Log::new(Clock::movable());
        assert!(!log.watch(Some(0)).is_late);
        assert!(log.watch(Some(1)).is_late, "it is none of this one's");
        (0..KEPT + 2).for_each(|_| add(&log));
        assert!(log.watch(Some(1)).is_late);
        let watch = log.watch(Some(2));
        assert_eq!((watch.missed.len(), watch.is_late), (KEPT, false));
    }
}
