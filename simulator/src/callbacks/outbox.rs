//! What is to be pushed, where to, and how it went.

use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::callbacks::config::Callback;
use crate::callbacks::queue::{Next, Queue};
use crate::callbacks::stats::CallbackStats;
use crate::faults::callbacks::CallbackFaults;
use crate::world::event::{Event, Told};

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
    /// Whoever pushes counts in those that were there when it began: after a reset nobody looks at them.
    #[serde(skip)]
    pub(crate) stats: Arc<CallbackStats>,
}

impl Outbox {
    /// Has the configuration be the one that was kept; nothing waits, and nothing goes wrong yet. Gives what it forgets.
    pub(crate) fn replace(&mut self, kept: Self, seed: u64) -> Vec<Event> {
        self.callback = kept.callback;
        self.faults = CallbackFaults::seeded(seed);
        self.stats = Arc::default();
        self.queue.reset()
    }

    /// The same, with this configuration if there is one.
    pub(crate) fn preferring(self, callback: Option<&Callback>) -> Self {
        Self { callback: callback.cloned().or(self.callback), ..self }
    }

    /// The configuration in force.
    pub(crate) fn callback(&self) -> Option<&Callback> {
        self.callback.as_ref()
    }

    /// Queues an event as the faults will have it; `None` while callbacks are off.
    pub(crate) fn emit(&mut self, event: Event, now: SystemTime) -> Option<Told> {
        self.callback.as_ref()?;
        let plan = self.faults.plan();
        if plan.dropped {
            return Some(Told::Lost);
        }
        self.queue.add(event, &plan, now);
        Some(Told::Queued)
    }

    /// Whether this message is one that WeChat loses on its way to the phone.
    pub(crate) fn system_fails(&mut self) -> bool {
        self.faults.system_fails()
    }

    /// What to push next, where to, and what counts how it goes; `None` until something changes.
    pub(crate) fn next(&mut self, now: SystemTime) -> Option<(Next, Callback, Arc<CallbackStats>)> {
        let callback = self.callback.clone()?;
        let next = self.queue.next(now)?;
        Some((next, callback, self.stats.clone()))
    }

    /// Puts a configuration in place of the one before.
    pub(crate) fn configure(&mut self, callback: Callback) {
        self.callback = Some(callback);
    }

    /// Ends the configuration, forgets what waits, and gives it.
    pub(crate) fn switch_off(&mut self) -> Vec<Event> {
        self.callback = None;
        self.queue.clear()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::event::What;

    #[test]
    fn only_the_configuration_outlives_a_restart_and_the_settings_outdo_it() {
        let (one, two) = (Callback::to("http://one/"), Callback::to("http://two/"));
        let kept = serde_json::to_value(Outbox::default().preferring(Some(&one))).unwrap();
        assert_eq!(kept, serde_json::json!({ "callback": one }));
        let read = || serde_json::from_value::<Outbox>(kept.clone()).unwrap();
        assert_eq!(read().preferring(None).callback, Some(one));
        assert_eq!(read().preferring(Some(&two)).callback, Some(two));
    }

    #[test]
    fn an_event_waits_unless_a_fault_drops_it_or_callbacks_are_off() {
        let event = || Event { user: 7, at: 1, what: What::Subscribe };
        let mut outbox = Outbox::default();
        assert_eq!(outbox.emit(event(), SystemTime::UNIX_EPOCH), None);
        outbox.configure(Callback::to("http://one/"));
        assert_eq!(outbox.emit(event(), SystemTime::UNIX_EPOCH), Some(Told::Queued));
        outbox.faults.set(serde_json::from_value(serde_json::json!({ "drop": 1.0 })).unwrap());
        assert_eq!(outbox.emit(event(), SystemTime::UNIX_EPOCH), Some(Told::Lost));
        assert_eq!(outbox.switch_off(), [event()]);
    }
}
