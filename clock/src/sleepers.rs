//! Who sleeps by a movable clock, and until when.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;

/// How many sleep until each moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sleepers(Arc<Mutex<BTreeMap<SystemTime, usize>>>);

/// One who sleeps, until it is dropped.
pub(crate) struct Sleeper {
    sleepers: Sleepers,
    until: SystemTime,
}

impl Sleepers {
    /// Somebody goes to sleep.
    pub(crate) fn until(&self, until: SystemTime) -> Sleeper {
        *self.0.lock().entry(until).or_default() += 1;
        Sleeper { sleepers: self.clone(), until }
    }

    /// The first moment that anybody sleeps until.
    pub(crate) fn next(&self) -> Option<SystemTime> {
        self.0.lock().keys().next().copied()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let mut sleepers = self.sleepers.0.lock();
        if let Some(count) = sleepers.get_mut(&self.until) {
            *count -= 1;
            if *count == 0 {
                sleepers.remove(&self.until);
            }
        }
    }
}
