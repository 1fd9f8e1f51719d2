//! The callbacks this process has taken lately: a copy of one is answered and not queued again.
//!
//! It spares work, and stops whoever repeats a captured callback at this process; that an event is
//! worked on twice does no harm, so other processes need not know.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

/// How many are remembered: more than come within the ten minutes in which a timestamp is taken, but
/// in a flood.
const MOST: usize = 10_000;

/// Signatures of callbacks that are on the queue.
#[derive(Default)]
pub struct SeenCallbacks(Mutex<(HashSet<String>, VecDeque<String>)>);

impl SeenCallbacks {
    /// Whether a callback with this signature is on the queue already.
    pub fn contains(&self, signature: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.contains(signature)
    }

    /// Remembers one that is on the queue now; the oldest is forgotten.
    pub fn insert(&self, signature: String) {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, order) = &mut *guard;
        if known.insert(signature.clone()) {
            order.push_back(signature);
        }
        if order.len() > MOST
            && let Some(oldest) = order.pop_front()
        {
            known.remove(&oldest);
        }
    }
}
