//! The pace that all workers keep together, where one is set.

use std::time::Duration;

use shared::store::State;
use shared::{Clock, Error};
use tokio::sync::Mutex;

/// How many sends a worker takes out of a second at a time: few enough to share a second, enough not
/// to ask the table for each.
const BLOCK: u32 = 10;

/// A share of the calls that all workers may make in a second.
pub struct RateLimiter {
    state: State,
    per_second: u32,
    clock: Clock,
    /// The second and what is left of the block taken out of it.
    taken: Mutex<(i64, u32)>,
}

impl RateLimiter {
    /// `per_second` 0 sets no pace.
    pub fn new(state: State, per_second: u32, clock: Clock) -> Self {
        Self { state, per_second, clock, taken: Mutex::new((0, 0)) }
    }

    /// Waits until one more call may be made.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn acquire(&self) -> Result<(), Error> {
        if self.per_second == 0 {
            return Ok(());
        }
        let block = BLOCK.min(self.per_second);
        // Whoever waits, waits in line.
        let mut taken = self.taken.lock().await;
        loop {
            let now_ms = self.clock.now_ms();
            let second = now_ms.div_euclid(1000);
            if taken.0 == second && taken.1 > 0 {
                taken.1 -= 1;
                return Ok(());
            }
            if self.state.take_tokens(second, self.per_second, block).await? {
                *taken = (second, block);
                continue;
            }
            let rest = 1000 - now_ms.rem_euclid(1000).unsigned_abs();
            self.clock.sleep(Duration::from_millis(rest)).await;
        }
    }
}
