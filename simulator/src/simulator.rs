//! The handle on a WeChat: made, restored and saved.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clock::Clock;

use crate::log::Log;
use crate::settings::Settings;
use crate::state::{Snapshot, State};

/// The world as it was, by name.
type Snapshots = BTreeMap<String, Snapshot>;

/// A WeChat; clones are handles on the same one.
#[derive(Clone)]
pub struct Simulator {
    settings: Arc<Settings>,
    log: Log,
    state: Arc<Mutex<State>>,
    snapshots: Arc<Mutex<Snapshots>>,
}

impl Simulator {
    /// A fresh WeChat: nobody has logged in, nothing was sent.
    pub fn new(settings: Settings) -> Self {
        let log = Log::new(settings.clock.clone());
        let state = State::new(&settings, log.clone());
        Self::with(settings, log, state)
    }

    /// Continues from a file written by [`Simulator::save`]; a missing file is a fresh simulator.
    pub fn restore(settings: Settings, path: &Path) -> io::Result<Self> {
        let log = Log::new(settings.clock.clone());
        let state = State::read(&settings, log.clone(), path)?;
        Ok(Self::with(settings, log, state))
    }

    /// Whether no callback is on its way or could be: what waits for its time, waits by the clock.
    pub fn is_idle(&self) -> bool {
        let state = self.lock();
        [&state.callbacks, &state.mini_callbacks].iter().all(|callbacks| callbacks.lock().queue.is_idle())
    }

    /// What it started with.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What time it is there.
    pub(crate) fn clock(&self) -> Clock {
        self.settings.clock.clone()
    }

    /// What happened there.
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    fn with(settings: Settings, log: Log, state: State) -> Self {
        let (settings, state) = (Arc::new(settings), Arc::new(Mutex::new(state)));
        Self { settings, log, state, snapshots: Arc::default() }
    }

    /// Writes what must outlive a restart to a JSON file, whole or not at all.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let file = self.lock().to_file()?;
        let unfinished = path.with_added_extension("new");
        fs::write(&unfinished, file)?;
        fs::rename(unfinished, path)
    }

    /// All is as at the start.
    pub(crate) fn reset(&self) {
        self.lock().reset(&self.settings);
    }

    /// All is as in the snapshot, but for faults, of which there are none.
    pub(crate) fn restore_from(&self, snapshot: &Snapshot) -> io::Result<()> {
        self.lock().restore_from(&self.settings, snapshot)
    }

    /// What was kept of the world. Whoever also needs the state locks that after this.
    pub(crate) fn snapshots(&self) -> MutexGuard<'_, Snapshots> {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All there is, for as long as the guard lives: nobody else reads or writes meanwhile.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
