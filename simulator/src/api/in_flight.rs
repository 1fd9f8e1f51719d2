//! The calls in flight.

use crate::simulator::Simulator;

/// Counts a call as in flight until it is dropped, however the call ends.
pub(crate) struct InFlight {
    simulator: Simulator,
    path: &'static str,
    receiver: Option<u32>,
}

impl InFlight {
    /// `receiver` is the user whose one message at a time this call is.
    pub(crate) fn new(simulator: &Simulator, path: &'static str, receiver: Option<u32>) -> Self {
        Self { simulator: simulator.clone(), path, receiver }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let world = &mut self.simulator.lock().world;
        world.stats.finished(self.path);
        if let Some(user) = self.receiver {
            world.receiving.remove(&(self.path, user));
        }
    }
}
