//! The events that wait to be pushed: a queue per user, at most one event of a user and 64 of all on their way.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;

use crate::faults::callbacks::{DeliveryPlan, Looseness, Tampering};
use crate::world::event::Event;

/// So many events at most are on their way at once.
const IN_FLIGHT: usize = 64;
/// An event that is to be swapped waits this long for the user's next one, which may never come.
const SWAP: Duration = Duration::from_secs(2);

/// An event as it is going to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueuedEvent {
    pub(crate) event: Event,
    pub(crate) tampering: Tampering,
    pub(crate) looseness: Looseness,
    /// Not to be sent before.
    due: Option<SystemTime>,
    /// The user's next event goes first.
    yields: bool,
}

/// The events of one user, in their order.
struct UserQueue {
    events: VecDeque<QueuedEvent>,
    stage: Stage,
}

#[derive(PartialEq, Eq)]
enum Stage {
    /// Stands in `ready`.
    Ready,
    /// Its first event is not due; somebody will [`Queue::wake`] it.
    Waiting,
    /// One of its events is on its way.
    Pushing,
}

/// What there is to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Push(QueuedEvent),
    /// Wake this user's queue at that time.
    Wait(u32, SystemTime),
}

/// All users' queues.
#[derive(Default)]
pub(crate) struct Queue {
    users: HashMap<u32, UserQueue>,
    ready: VecDeque<u32>,
    waiting: usize,
    in_flight: usize,
    paused: bool,
    changed: Arc<Notify>,
}

impl Queue {
    /// Is notified whenever [`Queue::next`] may have something again.
    pub(crate) fn changed(&self) -> Arc<Notify> {
        self.changed.clone()
    }

    /// How many events wait or are on their way.
    pub(crate) fn pending(&self) -> usize {
        self.waiting + self.in_flight
    }

    /// Whether nothing is on its way, and nothing that is due could be.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight == 0 && (self.paused || self.ready.is_empty())
    }

    /// Queues an event that is not dropped, the way the plan has it.
    pub(crate) fn add(&mut self, event: Event, plan: &DeliveryPlan, now: SystemTime) {
        let user = event.user;
        let due = plan.delay.map(|delay| now + delay);
        let DeliveryPlan { tampering, looseness, .. } = *plan;
        let queued = QueuedEvent { event, tampering, looseness, due, yields: false };
        if plan.duplicate {
            self.put(queued.clone());
        }
        if plan.swapped {
            let yielding = due.unwrap_or(now) + SWAP;
            self.put(QueuedEvent { due: Some(yielding), yields: true, ..queued });
        } else {
            self.put(queued);
        }
        self.wake(user);
    }

    /// At the end of its user's queue, or before the last one there if that yields.
    fn put(&mut self, queued: QueuedEvent) {
        let fresh = || UserQueue { events: VecDeque::new(), stage: Stage::Waiting };
        let queue = self.users.entry(queued.event.user).or_insert_with(fresh);
        let yielding = queue.events.pop_back_if(|last| last.yields);
        queue.events.push_back(queued);
        queue.events.extend(yielding.map(|last| QueuedEvent { due: None, yields: false, ..last }));
        self.waiting += 1;
    }

    /// What to do now; `None` until something changes.
    pub(crate) fn next(&mut self, now: SystemTime) -> Option<Next> {
        if self.paused || self.in_flight >= IN_FLIGHT {
            return None;
        }
        let user = self.ready.pop_front()?;
        let queue = self.users.get_mut(&user)?;
        if let Some(due) = queue.events.front()?.due.filter(|due| *due > now) {
            queue.stage = Stage::Waiting;
            return Some(Next::Wait(user, due));
        }
        queue.stage = Stage::Pushing;
        self.waiting -= 1;
        self.in_flight += 1;
        queue.events.pop_front().map(Next::Push)
    }

    /// The event of this user that was on its way has ended.
    pub(crate) fn ended(&mut self, user: u32) {
        self.in_flight -= 1;
        self.changed.notify_one();
        let Some(queue) = self.users.get_mut(&user) else { return };
        if queue.events.is_empty() {
            self.users.remove(&user);
        } else {
            queue.stage = Stage::Ready;
            self.ready.push_back(user);
        }
    }

    /// Has a waiting queue looked at again; harmless if it is not or no longer waiting.
    pub(crate) fn wake(&mut self, user: u32) {
        let Some(queue) = self.users.get_mut(&user) else { return };
        if queue.stage == Stage::Waiting {
            queue.stage = Stage::Ready;
            self.ready.push_back(user);
            self.changed.notify_one();
        }
    }

    /// Nothing is pushed until [`Queue::resume`].
    pub(crate) fn pause(&mut self) {
        self.paused = true;
    }

    /// Ends a pause; harmless if there is none.
    pub(crate) fn resume(&mut self) {
        self.paused = false;
        self.changed.notify_one();
    }

    /// Forgets what is not on its way yet, and gives it.
    pub(crate) fn clear(&mut self) -> Vec<Event> {
        self.ready.clear();
        self.waiting = 0;
        let forgotten = self.users.values_mut().flat_map(|queue| queue.events.drain(..));
        let forgotten = forgotten.map(|queued| queued.event).collect();
        self.users.retain(|_, queue| queue.stage == Stage::Pushing);
        forgotten
    }

    /// Is as at the start, but for what is on its way, and gives what it forgets.
    pub(crate) fn reset(&mut self) -> Vec<Event> {
        let forgotten = self.clear();
        let (users, changed) = (mem::take(&mut self.users), self.changed.clone());
        *self = Self { users, in_flight: self.in_flight, changed, ..Self::default() };
        forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::event::What;

    /// Adds an event that is known by its time.
    fn add(queue: &mut Queue, user: u32, at: i64, plan: &DeliveryPlan) {
        queue.add(Event { user, at, what: What::Subscribe }, plan, SystemTime::UNIX_EPOCH);
    }

    /// The times of the events that go out now, each ended before the next begins.
    fn pushed(queue: &mut Queue, now: SystemTime) -> Vec<i64> {
        let mut pushed = Vec::new();
        while let Some(next) = queue.next(now) {
            if let Next::Push(queued) = next {
                pushed.push(queued.event.at);
                queue.ended(queued.event.user);
            }
        }
        pushed
    }

    #[test]
    fn a_user_has_one_event_on_its_way_and_all_have_64() {
        let mut queue = Queue::default();
        (0..100).for_each(|user| add(&mut queue, user, 1, &DeliveryPlan::default()));
        add(&mut queue, 0, 2, &DeliveryPlan::default());
        let now = SystemTime::UNIX_EPOCH;
        let on_their_way = std::iter::from_fn(|| queue.next(now)).count();
        assert_eq!((on_their_way, queue.pending()), (64, 101));
        queue.ended(5);
        assert!(matches!(queue.next(now), Some(Next::Push(queued)) if queued.event.user == 64));
        queue.ended(0);
        assert_eq!(queue.pending(), 99);
    }

    #[test]
    fn the_events_of_a_user_keep_their_order_behind_a_delayed_one() {
        let mut queue = Queue::default();
        let hour = Duration::from_secs(3600);
        add(&mut queue, 7, 1, &DeliveryPlan { delay: Some(hour), ..DeliveryPlan::default() });
        add(&mut queue, 7, 2, &DeliveryPlan::default());
        add(&mut queue, 8, 3, &DeliveryPlan::default());
        let now = SystemTime::UNIX_EPOCH;
        assert_eq!(pushed(&mut queue, now), [3]);
        queue.wake(7);
        assert_eq!(pushed(&mut queue, now + hour), [1, 2]);
        assert_eq!(queue.pending(), 0);
    }

    #[test]
    fn a_swapped_event_goes_after_the_next_one_or_alone_after_a_while() {
        let mut queue = Queue::default();
        let swapped = DeliveryPlan { swapped: true, ..DeliveryPlan::default() };
        add(&mut queue, 7, 1, &swapped);
        let now = SystemTime::UNIX_EPOCH;
        assert_eq!(pushed(&mut queue, now), [] as [i64; 0]);
        add(&mut queue, 7, 2, &DeliveryPlan::default());
        assert_eq!(pushed(&mut queue, now), [2, 1]);
        add(&mut queue, 7, 3, &swapped);
        assert_eq!(pushed(&mut queue, now + SWAP), [3]);
    }

    #[test]
    fn a_duplicate_goes_twice() {
        let mut queue = Queue::default();
        add(&mut queue, 7, 1, &DeliveryPlan { duplicate: true, ..DeliveryPlan::default() });
        assert_eq!(pushed(&mut queue, SystemTime::UNIX_EPOCH), [1, 1]);
    }

    #[test]
    fn a_pause_holds_everything_back() {
        let mut queue = Queue::default();
        queue.pause();
        add(&mut queue, 7, 1, &DeliveryPlan::default());
        let now = SystemTime::UNIX_EPOCH;
        assert_eq!(queue.next(now), None);
        queue.resume();
        assert!(matches!(queue.next(now), Some(Next::Push(_))));
    }

    #[test]
    fn clearing_forgets_all_but_what_is_on_its_way_and_a_reset_forgets_the_pause_too() {
        for (forget, goes_on) in
            [(Queue::clear as fn(&mut Queue) -> Vec<Event>, vec![]), (Queue::reset, vec![4])]
        {
            let (mut queue, now) = (Queue::default(), SystemTime::UNIX_EPOCH);
            add(&mut queue, 7, 1, &DeliveryPlan::default());
            assert!(matches!(queue.next(now), Some(Next::Push(_))));
            queue.pause();
            add(&mut queue, 7, 2, &DeliveryPlan::default());
            add(&mut queue, 8, 3, &DeliveryPlan::default());
            let mut forgotten: Vec<_> = forget(&mut queue).iter().map(|event| event.at).collect();
            forgotten.sort_unstable();
            assert_eq!((forgotten, queue.pending()), (vec![2, 3], 1));
            queue.ended(7);
            add(&mut queue, 7, 4, &DeliveryPlan::default());
            assert_eq!(pushed(&mut queue, now), goes_on);
        }
    }
}
