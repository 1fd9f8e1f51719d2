//! Dice for what goes wrong on purpose: the same seed, the same throws.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Dice that many hands throw.
#[derive(Clone)]
pub struct Dice(Arc<Mutex<StdRng>>);

impl Dice {
    /// Dice of this seed.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// Whether something of this probability happens now.
    pub fn hit(&self, probability: f64) -> bool {
        let mut dice = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        dice.random_bool(probability.clamp(0.0, 1.0))
    }
}
