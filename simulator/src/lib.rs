//! WeChat on localhost: one Official Account, one mini-program, their users and their API.

use std::fs;
use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Client;
use tokio::net::TcpListener;

use crate::state::State;

mod api;
mod callbacks;
mod control;
mod faults;
mod serve;
mod state;
mod world;

pub use callbacks::{CALLBACK_TOKEN, Callback, ENCODING_AES_KEY};
pub use world::accounts::{MINI_APPID, MINI_SECRET, OA_APPID, OA_ORIGINAL_ID, OA_SECRET};
pub use world::templates::{TEMPLATE_COPIED_ID, TEMPLATE_ID};

/// What a simulator starts with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Users 0 up to this number follow the Official Account at the start.
    pub followers: u32,
    /// Seeds the dice that faults are thrown with.
    pub seed: u64,
    /// Where events go from the start, unverified; `None` leaves it as it was saved, at first off.
    pub callback: Option<Callback>,
    /// How long a callback may take to answer: WeChat's five seconds, unless a test is in a hurry.
    pub callback_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { followers: 1000, seed: 0, callback: None, callback_timeout: Duration::from_secs(5) }
    }
}

/// A WeChat; clones are handles on the same one.
#[derive(Clone)]
pub struct Simulator {
    state: Arc<Mutex<State>>,
    /// Calls the Official Account's server.
    http: Client,
}

impl Simulator {
    /// A fresh WeChat: nobody has logged in, nothing was sent.
    pub fn new(settings: Settings) -> Self {
        Self::with(&settings, State::new(&settings))
    }

    /// Continues from a file written by [`Simulator::save`]; a missing file is a fresh simulator.
    pub fn restore(settings: Settings, path: &Path) -> io::Result<Self> {
        Ok(Self::with(&settings, State::read(&settings, path)?))
    }

    fn with(settings: &Settings, state: State) -> Self {
        let http = Client::builder()
            .timeout(settings.callback_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client that asks for nothing special");
        Self { state: Arc::new(Mutex::new(state)), http }
    }

    /// Writes what must outlive a restart to a JSON file, whole or not at all.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let file = self.lock().to_file()?;
        let unfinished = path.with_added_extension("new");
        fs::write(&unfinished, file)?;
        fs::rename(unfinished, path)
    }

    /// Serves the API and pushes callbacks until `shutdown` completes, then gives open requests two
    /// seconds to finish. An error is a socket's, or a callback's that WeChat would not save.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let valid = self.lock().callbacks.validate();
        valid.map_err(|sentence| io::Error::new(io::ErrorKind::InvalidInput, sentence))?;
        let own = control::router().with_state(self.clone());
        let router = api::endpoints::router(&self).merge(own);
        tokio::select! {
            served = serve::serve(router, listener, shutdown) => served,
            never = self.push_callbacks() => match never {},
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
