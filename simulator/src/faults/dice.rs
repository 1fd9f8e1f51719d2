//! Dice that roll the same for the same seed.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A seeded source of chance.
pub(crate) struct Dice(StdRng);

impl Dice {
    /// The same seed rolls the same.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// `true` in this share of the rolls, between 0 and 1.
    pub(crate) fn hit(&mut self, share: f64) -> bool {
        self.0.random_bool(share)
    }

    /// One of the numbers from 0 up to `count`, which is at least 1.
    pub(crate) fn pick(&mut self, count: usize) -> usize {
        self.0.random_range(0..count)
    }
}

/// Whether all of these are shares that dice can hit.
pub(crate) fn are_shares(shares: &[f64]) -> bool {
    shares.iter().all(|share| (0.0..=1.0).contains(share))
}
