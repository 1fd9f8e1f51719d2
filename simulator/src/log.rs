//! What happened, entry by entry: for whoever watches, and for whoever waits.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clock::Clock;
use tokio::sync::broadcast;

use crate::world::accounts::Account;
use crate::world::event::{Event, Told};
use crate::world::inbox::Message;

/// So many entries are kept: what a page shows, and what one has missed that lost its connection for a moment.
const KEPT: usize = 2_000;

/// Names an entry among those of all simulators, as `<run>-<n>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryId {
    /// Another one for each simulator.
    run: u32,
    /// Grows by one.
    number: u64,
}

impl fmt::Display for EntryId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:08x}-{}", self.run, self.number)
    }
}

impl EntryId {
    /// What was written so; `None` if nothing was.
    fn parse(text: &str) -> Option<Self> {
        let (run, number) = text.split_once('-')?;
        Some(Self { run: u32::from_str_radix(run, 16).ok()?, number: number.parse().ok()? })
    }
}

/// One thing that happened.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: EntryId,
    /// Unix seconds by the simulator's clock.
    pub(crate) at: i64,
    pub(crate) what: Happened,
}

/// What it was.
#[derive(Debug)]
pub(crate) enum Happened {
    /// The API was called, and answered with an errcode, or as [`crate::world::stats::Stats::failed`] says.
    Call {
        endpoint: &'static str,
        /// Whom the call was about, some of them where they are many.
        users: Vec<u32>,
        user_count: usize,
        answer: String,
        took_ms: u64,
    },
    /// A message arrived on its user's phone.
    Message(Message),
    /// An account's server was to be told of an event.
    Callback { account: &'static Account, event: Event, outcome: Told, tries: usize },
    /// Somebody used a control route that changes something.
    Control { method: String, path: String },
}

/// The newest entries; clones are handles on the same ones.
#[derive(Clone)]
pub(crate) struct Log {
    clock: Clock,
    entries: Arc<Mutex<Entries>>,
}

struct Entries {
    kept: VecDeque<Arc<Entry>>,
    last: EntryId,
    news: broadcast::Sender<Arc<Entry>>,
}

/// What somebody who watches has missed, and what is to come.
pub(crate) struct Watch {
    /// Oldest first.
    pub(crate) missed: VecDeque<Arc<Entry>>,
    /// Some of what they missed is forgotten.
    pub(crate) is_late: bool,
    pub(crate) news: broadcast::Receiver<Arc<Entry>>,
}

impl Log {
    /// One in which nothing happened.
    pub(crate) fn new(clock: Clock) -> Self {
        let last = EntryId { run: rand::random(), number: 0 };
        let entries = Entries { kept: VecDeque::new(), last, news: broadcast::Sender::new(KEPT) };
        Self { clock, entries: Arc::new(Mutex::new(entries)) }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what happened just now.
    pub(crate) fn add(&self, what: Happened) {
        let at = self.clock.now();
        let mut entries = self.lock();
        entries.last.number += 1;
        let entry = Arc::new(Entry { id: entries.last, at, what });
        if entries.kept.len() == KEPT {
            entries.kept.pop_front();
        }
        entries.kept.push_back(entry.clone());
        // In the order of the numbers. Nobody may be watching.
        drop(entries.news.send(entry));
    }

    /// The newest first.
    pub(crate) fn newest(&self, n: usize) -> Vec<Arc<Entry>> {
        self.lock().kept.iter().rev().take(n).cloned().collect()
    }

    /// All that comes after the entry of this id, or after now. All that is kept, and late, if the id is none of these.
    pub(crate) fn watch(&self, after: Option<&str>) -> Watch {
        let entries = self.lock();
        let last = entries.last;
        let is_ours = |id: &EntryId| id.run == last.run && id.number <= last.number;
        let known = after.map_or(Some(last), |id| EntryId::parse(id).filter(is_ours));
        let after = known.map_or(0, |id| id.number);
        let missed = entries.kept.iter().filter(|entry| entry.id.number > after).cloned().collect();
        let oldest = entries.kept.front().map_or(last.number + 1, |entry| entry.id.number);
        let is_late = known.is_none() || after + 1 < oldest;
        Watch { missed, is_late, news: entries.news.subscribe() }
    }

    /// Whoever watches has come to the end, once they know all that happened so far.
    pub(crate) fn end_watches(&self) {
        self.lock().news = broadcast::Sender::new(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast::error::TryRecvError;

    use super::*;

    fn numbers(watch: &Watch) -> Vec<u64> {
        watch.missed.iter().map(|entry| entry.id.number).collect()
    }

    fn add(log: &Log) {
        log.add(Happened::Control { method: "POST".into(), path: "/".into() });
    }

    /// The id of the entry of this number.
    fn id(log: &Log, number: u64) -> String {
        EntryId { number, ..log.lock().last }.to_string()
    }

    #[test]
    fn whoever_comes_back_is_told_what_they_missed_and_then_what_comes() {
        let log = Log::new(Clock::movable());
        (0..3).for_each(|_| add(&log));
        let mut watch = log.watch(Some(&id(&log, 1)));
        assert_eq!((numbers(&watch), watch.is_late), (vec![2, 3], false));
        add(&log);
        assert_eq!(watch.news.try_recv().map(|entry| entry.id.number), Ok(4));
        let fresh = log.watch(None);
        assert_eq!((numbers(&fresh), fresh.is_late), (vec![], false));
    }

    #[test]
    fn whoever_was_away_too_long_is_told_so() {
        let log = Log::new(Clock::movable());
        assert!(!log.watch(Some(&id(&log, 0))).is_late);
        (0..KEPT + 2).for_each(|_| add(&log));
        assert!(log.watch(Some(&id(&log, 1))).is_late);
        let watch = log.watch(Some(&id(&log, 2)));
        assert_eq!((watch.missed.len(), watch.is_late), (KEPT, false));
    }

    #[test]
    fn whoever_knows_another_simulator_is_late_and_told_all_there_is() {
        let (before, log) = (Log::new(Clock::movable()), Log::new(Clock::movable()));
        (0..3).for_each(|_| add(&log));
        for strange in [&id(&before, 2), &id(&log, 4), &id(&log, u64::MAX), "2", "", "x-2", "\u{fffd}"] {
            let watch = log.watch(Some(strange));
            assert_eq!((numbers(&watch), watch.is_late), (vec![1, 2, 3], true), "{strange}");
        }
    }

    #[test]
    fn whoever_watches_comes_to_the_end_after_what_happened_so_far() {
        let log = Log::new(Clock::movable());
        let mut watch = log.watch(None);
        add(&log);
        log.end_watches();
        add(&log);
        assert_eq!(watch.news.try_recv().map(|entry| entry.id.number), Ok(1));
        assert_eq!(watch.news.try_recv().err(), Some(TryRecvError::Closed));
    }
}
