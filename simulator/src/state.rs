//! All there is behind the API: the world, what goes wrong in it, and the callbacks that tell of it; and its file.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::backend::{Backend, Sessions};
use crate::callbacks::outbox::Outbox;
use crate::callbacks::{self, Callbacks};
use crate::faults::endpoints::Faults;
use crate::faults::followers::FollowerFaults;
use crate::log::{Happened, Log};
use crate::settings::Settings;
use crate::world::World;
use crate::world::accounts::{Account, Kind, MINI, OA};
use crate::world::event::{Event, Told, What};
use crate::world::inbox::Message;

/// Everything a simulator holds; the world and the outboxes of the callbacks outlive a restart.
pub(crate) struct State {
    pub(crate) world: World,
    /// The Official Account's.
    pub(crate) callbacks: Callbacks,
    pub(crate) mini_callbacks: Callbacks,
    pub(crate) faults: Faults,
    pub(crate) follower_faults: FollowerFaults,
    pub(crate) backend: Backend,
    pub(crate) log: Log,
}

/// The file: one object, to which either adds its fields.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    world: &'a World,
    callbacks: &'a Outbox,
    mini_callbacks: &'a Outbox,
}

/// What is kept besides the world. The world is read apart: numbers as keys do not survive a `flatten`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Kept {
    callbacks: Outbox,
    mini_callbacks: Outbox,
    /// In a snapshot alone.
    #[serde(skip)]
    sessions: Sessions,
}

impl Kept {
    /// As at every start: the servers that the settings name are told, whatever was kept.
    fn at_start(self, settings: &Settings) -> Self {
        let callbacks = self.callbacks.preferring(settings.callback.as_ref());
        let mini_callbacks = self.mini_callbacks.preferring(settings.mini_callback.as_ref());
        Self { callbacks, mini_callbacks, ..self }
    }
}

/// The world as it was, for as long as this process runs.
pub(crate) struct Snapshot {
    /// What would outlive a restart.
    file: Vec<u8>,
    /// What the mini-program's own server gave its users, which is no matter of a file's.
    sessions: Sessions,
}

impl Snapshot {
    /// About how much memory it takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.file.len()
    }
}

/// The world of a file, and what it holds besides.
fn parse(file: &[u8]) -> io::Result<(World, Kept)> {
    Ok((serde_json::from_slice(file)?, serde_json::from_slice(file)?))
}

impl State {
    /// A fresh one.
    pub(crate) fn new(settings: &Settings, log: Log) -> Self {
        Self::start(settings, log, World::default(), Kept::default())
    }

    /// What [`State::to_file`] wrote, or a new state if there is no such file.
    pub(crate) fn read(settings: &Settings, log: Log, path: &Path) -> io::Result<Self> {
        match fs::read(path) {
            Ok(file) => {
                let (world, kept) = parse(&file)?;
                Ok(Self::start(settings, log, world, kept))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::new(settings, log)),
            Err(error) => Err(error),
        }
    }

    /// Adds what follows from the settings to what was kept.
    fn start(settings: &Settings, log: Log, world: World, kept: Kept) -> Self {
        let http = callbacks::client();
        let callbacks = |account| Callbacks::new(account, http.clone(), settings.clock.clone());
        let mut state = Self {
            world: World::default(),
            callbacks: callbacks(&OA),
            mini_callbacks: callbacks(&MINI),
            faults: Faults::seeded(settings.seed),
            follower_faults: FollowerFaults::seeded(settings.seed),
            backend: Backend::at(settings.backend.as_deref()),
            log,
        };
        state.replace(settings, world, kept.at_start(settings));
        state
    }

    /// All is as at the start.
    pub(crate) fn reset(&mut self, settings: &Settings) {
        self.go_to(settings, World::default(), Kept::default().at_start(settings));
    }

    /// All is as in the snapshot.
    pub(crate) fn restore_from(&mut self, settings: &Settings, snapshot: &Snapshot) -> io::Result<()> {
        let (world, kept) = parse(&snapshot.file)?;
        self.go_to(settings, world, Kept { sessions: snapshot.sessions.clone(), ..kept });
        Ok(())
    }

    /// Leaves this world for another.
    fn go_to(&mut self, settings: &Settings, mut world: World, kept: Kept) {
        world.succeed(&mut self.world);
        self.replace(settings, world, kept);
    }

    /// Puts another world in place of this one, in which nothing waits or goes wrong yet.
    fn replace(&mut self, settings: &Settings, mut world: World, kept: Kept) {
        let mut lost = self.callbacks.lock().replace(kept.callbacks, settings.seed);
        lost.extend(self.mini_callbacks.lock().replace(kept.mini_callbacks, settings.seed));
        self.record_lost(lost);
        world.clock = settings.clock.clone();
        world.populate(settings.followers);
        self.world = world;
        self.faults.reset(settings.seed);
        self.follower_faults = FollowerFaults::seeded(settings.seed);
        self.backend.sessions = kept.sessions;
    }

    /// What must outlive a restart.
    pub(crate) fn to_file(&self) -> io::Result<Vec<u8>> {
        let (callbacks, mini_callbacks) = (&*self.callbacks.lock(), &*self.mini_callbacks.lock());
        Ok(serde_json::to_vec(&Written { world: &self.world, callbacks, mini_callbacks })?)
    }

    /// What can be gone back to.
    pub(crate) fn snapshot(&self) -> io::Result<Snapshot> {
        Ok(Snapshot { file: self.to_file()?, sessions: self.backend.sessions.clone() })
    }

    /// The callbacks of an account.
    pub(crate) fn callbacks_of(&self, account: &Account) -> &Callbacks {
        match account.kind {
            Kind::OfficialAccount => &self.callbacks,
            Kind::MiniProgram => &self.mini_callbacks,
        }
    }

    /// Tells the account's server what happened just now.
    pub(crate) fn emit(&mut self, user: u32, what: What) {
        let event = Event { user, at: self.world.clock.now(), what };
        if let Some(told) = self.callbacks_of(event.what.account()).emit(event.clone()) {
            self.record(event, told, 0);
        }
    }

    /// Ends an account's callbacks; events that wait are forgotten.
    pub(crate) fn switch_callbacks_off(&mut self, account: &Account) {
        let lost = self.callbacks_of(account).lock().switch_off();
        self.record_lost(lost);
    }

    fn record_lost(&mut self, events: Vec<Event>) {
        events.into_iter().for_each(|event| self.record(event, Told::Lost, 0));
    }

    /// Records how far the telling of an event has come, after so many tries.
    pub(crate) fn record(&mut self, event: Event, told: Told, tries: usize) {
        if let Some(msgid) = event.what.msgid() {
            self.world.inbox.record_receipt(msgid, told);
        }
        self.log.add(Happened::Callback { account: event.what.account(), event, outcome: told, tries });
    }

    /// Has a message arrive.
    pub(crate) fn deliver(&mut self, message: Message) {
        self.log.add(Happened::Message(message.clone()));
        self.world.inbox.deliver(message);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// As the first version wrote it, but for a clock, which it kept here, too.
    const FILE: &str = r#"{
        "tokens": {
            "oa_classic": { "current": { "text": "97_x", "issued_at": 1, "expires_at": 9000000000, "works_until": 9000000000 },
                            "previous": null, "forced_day": 0, "forced": 0 },
            "oa_stable": { "current": null, "previous": null, "forced_day": 0, "forced": 0 },
            "mini_classic": { "current": null, "previous": null, "forced_day": 0, "forced": 0 },
            "mini_stable": { "current": null, "previous": null, "forced_day": 0, "forced": 0 }
        },
        "logins": { "session_keys": { "7": "AAAAAAAAAAAAAAAAAAAAAA==" } },
        "followers": { "changes": { "3": null, "2000": 1800000000 }, "without_unionid": [4], "refusing": [5], "blocking": [6] },
        "inbox": { "messages": [{ "user": 7, "msgid": 1, "template_id": "t", "client_msg_id": null, "data": { "thing1": "x" },
                                  "page": null, "url": null, "at": 1800000000 }],
                   "delivered": 1, "duplicates": 0, "last_msgid": 1 },
        "callbacks": { "callback": { "url": "http://one/", "token": "token", "encoding_aes_key": "key" } }
    }"#;

    #[test]
    fn a_saved_file_only_grows_and_reads_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wechat.json");
        fs::write(&path, FILE).unwrap();
        let settings = Settings { followers: 10, ..Settings::default() };
        let state = State::read(&settings, Log::new(settings.clock.clone()), &path).unwrap();
        let world = &state.world;
        assert_eq!(world.tokens.holder("97_x", 1_800_000_000).map(|account| account.name), Ok("oa"));
        assert!(world.logins.session_key(7).is_some() && world.inbox.newest(Some(7)).count() == 1);
        let following = [2, 3, 2000].map(|user| world.followers.is_following(user));
        assert_eq!(following, [true, false, true]);
        let written: Value = serde_json::from_slice(&state.to_file().unwrap()).unwrap();
        let mut expected: Value = serde_json::from_str(FILE).unwrap();
        for (place, name, since) in [
            ("", "subscriptions", json!({})),
            ("", "mini_callbacks", json!({ "callback": null })),
            ("/callbacks/callback", "mode", json!("safe")),
            ("/callbacks/callback", "format", json!("xml")),
            ("/inbox/messages/0", "channel", json!("template")),
            ("/inbox/messages/0", "miniprogram_state", Value::Null),
            ("/inbox/messages/0", "lang", Value::Null),
            ("/inbox/messages/0", "receipt", Value::Null),
        ] {
            expected.pointer_mut(place).unwrap()[name] = since;
        }
        assert_eq!(written, expected);
    }
}
