//! The handle on a WeChat: made, restored and saved.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clock::Clock;

use crate::log::Log;
use crate::settings::Settings;
use crate::state::State;

/// Files of the world as it was, by name.
type Snapshots = BTreeMap<String, Vec<u8>>;

/// A WeChat; clones are handles on the same one.
#[derive(Clone)]
pub struct Simulator {
    settings: Arc<Settings>,
    state: Arc<Mutex<State>>,
    snapshots: Arc<Mutex<Snapshots>>,
}

impl Simulator {
    /// A fresh WeChat: nobody has logged in, nothing was sent.
    pub fn new(settings: Settings) -> Self {
        let state = State::new(&settings);
        Self::with(settings, state)
    }

    /// Continues from a file written by [`Simulator::save`]; a missing file is a fresh simulator.
    pub fn restore(settings: Settings, path: &Path) -> io::Result<Self> {
        let state = State::read(&settings, path)?;
        Ok(Self::with(settings, state))
    }

    /// Whether no callback is on its way or could be: what waits for its time, waits by the clock.
    pub fn is_idle(&self) -> bool {
        let state = self.lock();
        [&state.callbacks, &state.mini_callbacks].iter().all(|callbacks| callbacks.lock().queue.is_idle())
    }

    /// What time it is there.
    pub(crate) fn clock(&self) -> Clock {
        self.settings.clock.clone()
    }

    /// What happened there.
    pub(crate) fn log(&self) -> Log {
        self.lock().log.clone()
    }

    fn with(settings: Settings, state: State) -> Self {
        Self { settings: Arc::new(settings), state: Arc::new(Mutex::new(state)), snapshots: Arc::default() }
    }

    /// Writes what must outlive a restart to a JSON file, whole or not at all.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let file = self.to_file()?;
        let unfinished = path.with_added_extension("new");
        fs::write(&unfinished, file)?;
        fs::rename(unfinished, path)
    }

    /// What must outlive a restart.
    pub(crate) fn to_file(&self) -> io::Result<Vec<u8>> {
        self.lock().to_file()
    }

    /// All is as at the start.
    pub(crate) fn reset(&self) {
        self.lock().reset(&self.settings);
    }

    /// All is as a file says, but for faults, of which there are none.
    pub(crate) fn go_back(&self, file: &[u8]) -> io::Result<()> {
        self.lock().go_back(&self.settings, file)
    }

    /// What was kept of the world.
    pub(crate) fn snapshots(&self) -> MutexGuard<'_, Snapshots> {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All there is, for as long as the guard lives: nobody else reads or writes meanwhile.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
