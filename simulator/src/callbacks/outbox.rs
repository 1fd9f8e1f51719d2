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
    /// Adds what the settings say; their callback replaces the one saved.
    pub(crate) fn configure(&mut self, callback: Option<&Callback>, seed: u64) {
        self.faults = CallbackFaults::seeded(seed);
        if let Some(callback) = callback {
            self.callback = Some(callback.clone());
        }
    }

    /// The configuration in force.
    pub(crate) fn callback(&self) -> Option<&Callback> {
        self.callback.as_ref()
    }

    /// Queues an event as the faults will have it; forgets it while callbacks are off.
    pub(crate) fn emit(&mut self, event: Event, now: SystemTime) {
        if self.callback.is_some() {
            let plan = self.faults.plan();
            self.queue.add(event, &plan, now);
        }
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
        let mut before = Outbox::default();
        before.configure(Some(&Callback::to("http://one/")), 0);
        before.queue.pause();
        let kept = serde_json::to_value(&before).unwrap();
        assert_eq!(kept, serde_json::json!({ "callback": Callback::to("http://one/") }));
        let mut after: Outbox = serde_json::from_value(kept).unwrap();
        after.configure(None, 0);
        assert_eq!(after.callback, before.callback);
        after.configure(Some(&Callback::to("http://two/")), 0);
        assert_eq!(after.callback, Some(Callback::to("http://two/")));
    }
}
