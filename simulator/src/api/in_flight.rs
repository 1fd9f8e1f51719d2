//! The calls in flight.

use crate::simulator::Simulator;
use crate::world::World;

/// Counts a call as in flight until it is dropped, however the call ends; in the world in which it began.
pub(crate) struct InFlight {
    simulator: Simulator,
    /// The number of that world.
    world: u64,
    path: &'static str,
    receiver: Option<u32>,
}

impl InFlight {
    /// `receiver` is the user whose one message at a time this call is.
    pub(crate) fn new(
        simulator: &Simulator,
        world: &World,
        path: &'static str,
        receiver: Option<u32>,
    ) -> Self {
        Self { simulator: simulator.clone(), world: world.number, path, receiver }
    }

    /// Whether it began in this world, and not in one before it.
    pub(crate) fn is_of(&self, world: &World) -> bool {
        self.world == world.number
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let world = &mut self.simulator.lock().world;
        if !self.is_of(world) {
            return;
        }
        world.stats.finished(self.path);
        if let Some(user) = self.receiver {
            world.receiving.remove(&(self.path, user));
        }
    }
}
