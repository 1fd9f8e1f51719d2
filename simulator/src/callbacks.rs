//! The Official Account's callbacks: what happens to its users, pushed to the server it configured.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clock::Clock;
use reqwest::Client;

use crate::callbacks::outbox::Outbox;

pub(crate) mod config;
mod crypto;
pub(crate) mod outbox;
pub(crate) mod push;
mod queue;
mod signed_push;
mod stats;
mod verification;
mod xml;

/// The outbox and the client that empties it, behind a lock of their own: pushing needs nothing else of
/// WeChat. Clones are handles on the same one.
#[derive(Clone)]
pub(crate) struct Callbacks {
    outbox: Arc<Mutex<Outbox>>,
    /// Calls the Official Account's server.
    pub(crate) http: Client,
    /// Tells when an event is due, and the time a push is signed for.
    pub(crate) clock: Clock,
}

impl Callbacks {
    /// An outbox and its client.
    pub(crate) fn new(outbox: Outbox, clock: Clock) -> Self {
        let http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client that asks for nothing special");
        Self { outbox: Arc::new(Mutex::new(outbox)), http, clock }
    }

    /// The outbox, for as long as the guard lives. Whoever also needs the state locks that first.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
