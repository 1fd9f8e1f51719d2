//! What a simulator starts with.

use clock::Clock;

use crate::backend;
use crate::callbacks::config::Callback;

/// What a simulator starts with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Users 0 up to this number follow the Official Account at the start.
    pub followers: u32,
    /// Seeds the dice that faults are thrown with.
    pub seed: u64,
    /// Where the Official Account's events go from the start, unverified; `None` leaves it as it was saved, at first off.
    pub callback: Option<Callback>,
    /// Where the mini-program's go, in the same way.
    pub mini_callback: Option<Callback>,
    /// The address of the mini-program's server, which a user's phone logs in at; `None`, and codes are for whoever wants
    /// one.
    pub backend: Option<String>,
    /// What time it is; `POST /_sim/clock` moves it, so it must be one that can be moved.
    pub clock: Clock,
}

impl Settings {
    /// `Err` is a sentence about an address that nothing can be called at, or a callback that WeChat would not save.
    pub fn validate(&self) -> Result<(), &'static str> {
        [&self.callback, &self.mini_callback].into_iter().flatten().try_for_each(Callback::validate)?;
        self.backend.as_deref().map_or(Ok(()), backend::validate)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            followers: 1000,
            seed: 0,
            callback: None,
            mini_callback: None,
            backend: None,
            clock: Clock::movable(),
        }
    }
}
