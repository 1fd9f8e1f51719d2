//! The handle on a WeChat: made, restored and saved.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clock::Clock;

use crate::settings::Settings;
use crate::state::State;

/// A WeChat; clones are handles on the same one.
#[derive(Clone)]
pub struct Simulator {
    state: Arc<Mutex<State>>,
}

impl Simulator {
    /// A fresh WeChat: nobody has logged in, nothing was sent.
    pub fn new(settings: Settings) -> Self {
        Self::with(State::new(&settings))
    }

    /// Continues from a file written by [`Simulator::save`]; a missing file is a fresh simulator.
    pub fn restore(settings: Settings, path: &Path) -> io::Result<Self> {
        Ok(Self::with(State::read(&settings, path)?))
    }

    /// Whether no callback is on its way or could be: what waits for its time, waits by the clock.
    pub fn is_idle(&self) -> bool {
        let state = self.lock();
        [&state.callbacks, &state.mini_callbacks].iter().all(|callbacks| callbacks.lock().queue.is_idle())
    }

    /// What time it is there.
    pub(crate) fn clock(&self) -> Clock {
        self.lock().world.clock.clone()
    }

    fn with(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Writes what must outlive a restart to a JSON file, whole or not at all.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let file = self.lock().to_file()?;
        let unfinished = path.with_added_extension("new");
        fs::write(&unfinished, file)?;
        fs::rename(unfinished, path)
    }

    /// All there is, for as long as the guard lives: nobody else reads or writes meanwhile.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
