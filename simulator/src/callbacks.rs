//! An account's callbacks: what happens to its users, pushed to the server it configured.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clock::Clock;
use reqwest::Client;

use crate::callbacks::config::{Callback, CallbackFormat};
use crate::callbacks::outbox::Outbox;
use crate::world::accounts::{Account, Kind};
use crate::world::event::{Event, Told};

pub(crate) mod config;
mod crypto;
mod json;
pub(crate) mod message;
pub(crate) mod outbox;
pub(crate) mod queue;
pub(crate) mod signed_push;
pub(crate) mod stats;
mod verification;
mod xml;

/// How long an account's server has to answer: WeChat's own rule.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// An account's outbox and the client that empties it, behind a lock of their own. Clones are handles on the same one.
#[derive(Clone)]
pub(crate) struct Callbacks {
    /// Whose they are.
    pub(crate) account: &'static Account,
    outbox: Arc<Mutex<Outbox>>,
    /// Calls the account's server.
    pub(crate) http: Client,
    /// Tells when an event is due, and the time a push is signed for.
    pub(crate) clock: Clock,
}

/// What servers are called with.
pub(crate) fn client() -> Client {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("a client that asks for nothing special")
}

impl Callbacks {
    /// An account's outbox, which is empty, and what empties it.
    pub(crate) fn new(account: &'static Account, http: Client, clock: Clock) -> Self {
        Self { account, outbox: Arc::default(), http, clock }
    }

    /// Has an event told; `None`, and it is forgotten, while callbacks are off.
    pub(crate) fn emit(&self, event: Event) -> Option<Told> {
        self.lock().emit(event, self.clock.time())
    }

    /// `Err` is a sentence about what is wrong with the configuration in force.
    pub(crate) fn validate(&self) -> Result<(), &'static str> {
        self.lock().callback().map_or(Ok(()), |callback| self.takes(callback))
    }

    /// `Err` is a sentence about why the account cannot have this configuration.
    pub(crate) fn takes(&self, callback: &Callback) -> Result<(), &'static str> {
        if self.account.kind == Kind::OfficialAccount && callback.format != CallbackFormat::Xml {
            return Err("The Official Account's callbacks are XML.");
        }
        callback.validate()
    }

    /// The outbox, for as long as the guard lives. Whoever also needs the state locks that first.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
