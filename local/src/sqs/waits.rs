//! Who waits for messages: receives that found none, asleep until one is due or their queue changes.

use std::collections::BTreeMap;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::SystemTime;

use clock::Clock;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

/// All that wait. Clones are the same ones.
#[derive(Clone, Default)]
pub struct Waits(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    begun: u64,
    waits: BTreeMap<u64, Waiter>,
}

struct Waiter {
    queue: i64,
    phase: Phase,
    wake: Arc<Notify>,
}

/// What a waiter is at. Only who is asleep has told the clock until when.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    GoingToSleep,
    Asleep,
    Woken,
}

/// One that waits, until it is dropped.
pub struct Wait {
    waits: Waits,
    number: u64,
    wake: Arc<Notify>,
    /// When a message of the queue becomes visible, if one will.
    due_at: Option<SystemTime>,
}

impl Waits {
    /// Somebody begins to wait for messages of this queue, of which the next is due then.
    pub fn begin(&self, queue: i64, due_at: Option<SystemTime>) -> Wait {
        let wake = Arc::<Notify>::default();
        let mut waiting = self.0.lock();
        waiting.begun += 1;
        let number = waiting.begun;
        waiting.waits.insert(number, Waiter { queue, phase: Phase::GoingToSleep, wake: wake.clone() });
        Wait { waits: self.clone(), number, wake, due_at }
    }

    /// The queue has changed: all that wait for its messages look again. Also after a delete, for the
    /// message that a waiter sleeps for may be gone, and with it the moment to wake at.
    pub fn wake(&self, queue: i64) {
        for waiter in self.0.lock().waits.values_mut().filter(|waiter| waiter.queue == queue) {
            waiter.phase = Phase::Woken;
            waiter.wake.notify_one();
        }
    }

    /// Whether all that wait have told the clock the right moment to wake them.
    pub fn are_asleep(&self) -> bool {
        self.0.lock().waits.values().all(|waiter| waiter.phase == Phase::Asleep)
    }

    /// Whether anybody waits for messages of this queue.
    #[cfg(test)]
    pub fn is_awaited(&self, queue: i64) -> bool {
        self.0.lock().waits.values().any(|waiter| waiter.queue == queue)
    }
}

impl Wait {
    /// Waits until a message is due, the queue changes, or that moment of the machine's is there.
    pub async fn over(&self, clock: &Clock, until: Instant) {
        // Dropped at the end, after the turn below: the clock forgets this sleeper only when it counts as awake.
        let mut due = pin!(self.due(clock));
        tokio::select! {
            // In this order: the clock knows of the moment when this wait counts as asleep.
            biased;
            () = &mut due => {}
            () = self.woken() => {}
            () = tokio::time::sleep_until(until) => {}
        }
        self.turn(|_| Phase::Woken);
    }

    async fn due(&self, clock: &Clock) {
        match self.due_at {
            Some(due_at) => clock.sleep_until(due_at).await,
            None => pending().await,
        }
    }

    async fn woken(&self) {
        self.turn(|phase| if phase == Phase::GoingToSleep { Phase::Asleep } else { phase });
        self.wake.notified().await;
    }

    fn turn(&self, next: impl FnOnce(Phase) -> Phase) {
        if let Some(waiter) = self.waits.0.lock().waits.get_mut(&self.number) {
            waiter.phase = next(waiter.phase);
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.waits.0.lock().waits.remove(&self.number);
    }
}
