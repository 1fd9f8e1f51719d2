//! Everything this WeChat knows, and its file.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Settings;
use crate::api::answer::Refusal;
use crate::api::call::ApiCall;
use crate::callbacks::Callbacks;
use crate::faults::endpoints::Faults;
use crate::faults::followers::FollowerFaults;
use crate::world::accounts::Account;
use crate::world::clock::Clock;
use crate::world::event::{Event, What};
use crate::world::followers::Followers;
use crate::world::login::Logins;
use crate::world::messages::Inbox;
use crate::world::quota::Quota;
use crate::world::stats::Stats;
use crate::world::tokens::Tokens;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) tokens: Tokens,
    pub(crate) logins: Logins,
    pub(crate) followers: Followers,
    pub(crate) inbox: Inbox,
    pub(crate) callbacks: Callbacks,
    #[serde(skip)]
    pub(crate) quota: Quota,
    #[serde(skip)]
    pub(crate) faults: Faults,
    #[serde(skip)]
    pub(crate) follower_faults: FollowerFaults,
    #[serde(skip)]
    pub(crate) stats: Stats,
    /// Users a template message is being sent to this moment.
    #[serde(skip)]
    pub(crate) receiving: HashSet<u32>,
}

impl State {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self::default().with_settings(settings)
    }

    /// What [`State::to_file`] wrote, or a new state if there is no such file.
    pub(crate) fn read(settings: &Settings, path: &Path) -> io::Result<Self> {
        match fs::read(path) {
            Ok(file) => Ok(serde_json::from_slice::<Self>(&file)?.with_settings(settings)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::new(settings)),
            Err(error) => Err(error),
        }
    }

    /// Adds what follows from the settings and the kept part.
    fn with_settings(mut self, settings: &Settings) -> Self {
        self.faults = Faults::seeded(settings.seed);
        self.follower_faults = FollowerFaults::seeded(settings.seed);
        self.followers.populate(settings.followers);
        self.inbox.remember();
        self.callbacks.configure(settings.callback.as_ref(), settings.seed);
        self
    }

    pub(crate) fn to_file(&self) -> io::Result<Vec<u8>> {
        Ok(serde_json::to_vec(self)?)
    }

    /// Tells the Official Account's server what happened just now.
    pub(crate) fn emit(&mut self, user: u32, what: What) {
        self.callbacks.emit(Event { user, at: self.clock.now(), what });
    }

    /// Lets a call through if its token works, speaks for this account, and has quota left.
    pub(crate) fn authorize(&mut self, call: &ApiCall, account: Account) -> Result<(), Refusal> {
        let token = call.query("access_token").ok_or_else(|| Refusal::new(41001))?;
        let now = self.clock.now();
        if self.tokens.holder(token, now)? != account {
            return Err(Refusal::new(48001));
        }
        self.quota.count(call.path, account, now)
    }
}
