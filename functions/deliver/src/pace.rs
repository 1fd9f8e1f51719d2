//! The pace that all workers keep together, where one is set.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shared::Error;
use shared::store::State;
use tokio::sync::Mutex;

/// How many sends a worker takes out of a second at a time: few enough to share a second, enough not
/// to ask the table for each.
const BLOCK: u32 = 10;

/// A share of the calls that all workers may make in a second.
pub struct Pace {
    state: State,
    per_second: u32,
    /// The second and what is left of the block taken out of it.
    taken: Mutex<(i64, u32)>,
}

impl Pace {
    /// `per_second` 0 sets no pace.
    pub fn new(state: State, per_second: u32) -> Self {
        Self { state, per_second, taken: Mutex::new((0, 0)) }
    }

    /// Waits until one more call may be made.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn keep(&self) -> Result<(), Error> {
        if self.per_second == 0 {
            return Ok(());
        }
        let block = BLOCK.min(self.per_second);
        // Whoever waits, waits in line.
        let mut taken = self.taken.lock().await;
        loop {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let second = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
            if taken.0 == second && taken.1 > 0 {
                taken.1 -= 1;
                return Ok(());
            }
            if self.state.take_pace(second, self.per_second, block).await? {
                *taken = (second, block);
                continue;
            }
            let rest =
                Duration::from_secs(1).saturating_sub(Duration::from_nanos(since.subsec_nanos().into()));
            tokio::time::sleep(rest).await;
        }
    }
}
