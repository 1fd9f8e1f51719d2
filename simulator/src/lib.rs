//! WeChat on localhost: one Official Account, one mini-program, their users and their API.

use std::fs;
use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use tokio::net::TcpListener;

use crate::state::State;

mod accounts;
mod admin;
mod answer;
mod call;
mod clock;
mod endpoints;
mod faults;
mod fields;
mod followers;
mod login;
mod messages;
mod phone;
mod quota;
mod serve;
mod state;
mod stats;
mod templates;
mod tokens;
mod users;

pub use accounts::{MINI_APPID, MINI_SECRET, OA_APPID, OA_SECRET};
pub use templates::{TEMPLATE_COPIED_ID, TEMPLATE_ID};

/// What a simulator starts with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Users 0 up to this number follow the Official Account at the start.
    pub followers: u32,
    /// Seeds the dice that faults are thrown with.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { followers: 1000, seed: 0 }
    }
}

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

    /// Serves the API until `shutdown` completes, then gives open requests two seconds to finish.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let own = Router::new().merge(admin::router()).merge(phone::router());
        let router = endpoints::router(&self).merge(own.with_state(self));
        serve::serve(router, listener, shutdown).await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
