//! Has the calls accepted, each once however often it is made.

use std::time::Duration;

use contract::{Accepted, Code};
use tokio::time::sleep;

use super::calls::Call;
use crate::api::{Api, ApiError};

/// A call that gets no answer is made again after these, with its key: it makes the same batch.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// A call that was not answered, or refused.
pub struct Unaccepted {
    /// What the last try came to.
    pub error: ApiError,
    /// Whether one of the tries may have been accepted all the same.
    pub is_open: bool,
}

/// Makes the call until it is answered. Its key is the run's, and its place.
pub async fn accept(api: &Api, key: &str, call: &Call) -> Result<Accepted, Unaccepted> {
    let key = format!("{key}-{}", call.n);
    let (mut pauses, mut is_open) = (PAUSES.into_iter(), false);
    loop {
        let error = match api.send(&key, call.body.clone()).await {
            Ok(accepted) => return Ok(accepted),
            Err(error) => error,
        };
        // The body is the same: what is in conflict with it is the try before, which still runs.
        let is_running = is_open && error.is(Code::Conflict);
        let is_worth_another = error.is_transient() || is_running;
        is_open |= error.leaves_open();
        match pauses.next().filter(|_| is_worth_another) {
            Some(pause) => sleep(pause).await,
            None => return Err(Unaccepted { error, is_open }),
        }
    }
}
