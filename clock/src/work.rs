//! Who is at work, so that time is not skipped meanwhile.

use std::sync::Arc;

use parking_lot::Mutex;

/// How many are at work, and how often anybody went to work so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Works(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    at_work: u64,
    begun: u64,
}

/// Somebody at work, until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Work(Option<Works>);

impl Works {
    /// Somebody goes to work.
    pub(crate) fn begin(&self) -> Work {
        let mut counts = self.0.lock();
        counts.at_work += 1;
        counts.begun += 1;
        drop(counts);
        Work(Some(self.clone()))
    }

    /// A number that grows whenever anybody goes to work; `None` while somebody is at it.
    pub(crate) fn idle_generation(&self) -> Option<u64> {
        let counts = self.0.lock();
        (counts.at_work == 0).then_some(counts.begun)
    }
}

impl Work {
    /// Nobody's, by a clock that cannot skip.
    pub(crate) fn uncounted() -> Self {
        Self(None)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Some(works) = &self.0 {
            works.0.lock().at_work -= 1;
        }
    }
}
