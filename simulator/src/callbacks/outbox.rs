//! What is to be pushed, where to, and how it went.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::callbacks::config::Callback;
use crate::callbacks::queue::{Next, Queue};
use crate::callbacks::stats::CallbackStats;
use crate::faults::callbacks::CallbackFaults;
use crate::world::event::Event;

/// The configuration, what waits to be pushed, and how pushing went. Only the first outlives a restart.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Outbox {
    /// `None` while callbacks are off.
    callback: Option<Callback>,
    #[serde(skip)]
    pub(crate) faults: CallbackFaults,
    #[serde(skip)]
    pub(crate) queue: Queue,
    #[serde(skip)]
    pub(crate) stats: CallbackStats,
}

impl Outbox {
    /// Has the configuration be one that was kept, or the settings' instead; nothing waits, and nothing goes wrong yet.
    pub(crate) fn put(&mut self, kept: Self, callback: Option<&Callback>, seed: u64) {
        self.callback = callback.cloned().or(kept.callback);
        self.faults = CallbackFaults::seeded(seed);
        self.queue.clear();
        self.stats = CallbackStats::default();
    }

    /// The configuration in force.
    pub(crate) fn callback(&self) -> Option<&Callback> {
        self.callback.as_ref()
    }

    /// Queues an event as the faults will have it.
    pub(crate) fn emit(&mut self, event: Event, now: SystemTime) {
        let plan = self.faults.plan();
        self.queue.add(event, &plan, now);
    }

    /// Whether this message is one that WeChat loses on its way to the phone.
    pub(crate) fn system_fails(&mut self) -> bool {
        self.faults.system_fails()
    }

    /// What to push next and where to; `None` until something changes.
    pub(crate) fn next(&mut self, now: SystemTime) -> Option<(Next, Callback)> {
        let callback = self.callback.clone()?;
        let next = self.queue.next(now)?;
        if let Next::Push(_) = next {
            self.stats.sent += 1;
        }
        Some((next, callback))
    }

    /// Puts a configuration in place of the one before; `None` forgets what waits, too.
    pub(crate) fn switch(&mut self, callback: Option<Callback>) {
        if callback.is_none() {
            self.queue.clear();
        }
        self.callback = callback;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_configuration_outlives_a_restart_and_the_settings_outdo_it() {
        let put = |kept, callback: Option<&Callback>| {
            let mut outbox = Outbox::default();
            outbox.put(kept, callback, 0);
            outbox
        };
        let before = put(Outbox::default(), Some(&Callback::to("http://one/")));
        let kept = serde_json::to_value(&before).unwrap();
        assert_eq!(kept, serde_json::json!({ "callback": Callback::to("http://one/") }));
        let read = || serde_json::from_value(kept.clone()).unwrap();
        assert_eq!(put(read(), None).callback, before.callback);
        assert_eq!(
            put(read(), Some(&Callback::to("http://two/"))).callback,
            Some(Callback::to("http://two/"))
        );
    }
}
