//! That WeChat tells something of an account: `doctor` looks at when it did last.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use shared::event::Event;
use shared::store::State;
use shared::{Account, Clock, Config, config::ConfigError};

/// It is written down this often, in seconds, by each process: nobody has to know it better.
const WRITTEN_EVERY: i64 = 600;

/// When it was written down for each account.
pub struct Heard {
    state: State,
    appids: [(Account, String); 2],
    written: Mutex<HashMap<Account, i64>>,
    clock: Clock,
}

impl Heard {
    /// Writes to this table.
    pub fn new(config: &Config, state: State) -> Result<Self, ConfigError> {
        let appid = |account| config.appid(account).map(|appid| (account, appid));
        let appids = [appid(Account::Oa)?, appid(Account::Mini)?];
        Ok(Self { state, appids, written: Mutex::default(), clock: config.clock()? })
    }

    /// Notes whom these events are about. What cannot be written now is written with a later event.
    pub async fn note(&self, events: impl IntoIterator<Item = &Event>) {
        let accounts: Vec<_> =
            events.into_iter().filter(|event| event.is_new()).map(Event::account).collect();
        for (account, appid) in &self.appids {
            if !accounts.contains(account) || !self.is_due(*account) {
                continue;
            }
            if let Err(error) = self.state.note_heard(appid).await {
                self.written().remove(account);
                tracing::warn!(%account, cause = error.causes(), "could not note that WeChat was heard: {error}");
            }
        }
    }

    /// Whether it is to be written again; whoever is told so does.
    fn is_due(&self, account: Account) -> bool {
        let now = self.clock.now();
        let mut written = self.written();
        let is_due = written.get(&account).is_none_or(|at| now - at >= WRITTEN_EVERY);
        if is_due {
            written.insert(account, now);
        }
        is_due
    }

    fn written(&self) -> std::sync::MutexGuard<'_, HashMap<Account, i64>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
