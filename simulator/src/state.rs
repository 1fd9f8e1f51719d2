//! All there is behind the API: the world, what goes wrong in it, and the callbacks that tell of it; and its file.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::backend::Backend;
use crate::callbacks::outbox::Outbox;
use crate::callbacks::{self, Callbacks};
use crate::faults::endpoints::Faults;
use crate::faults::followers::FollowerFaults;
use crate::log::{Happened, Log};
use crate::settings::Settings;
use crate::world::World;
use crate::world::accounts::{Account, Kind, MINI, OA};
use crate::world::event::{Event, What};
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

/// What the file holds besides the world. The world is read apart: numbers as keys do not survive a `flatten`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Kept {
    callbacks: Outbox,
    mini_callbacks: Outbox,
}

/// The world of a file, and what it holds besides.
fn parse(file: &[u8]) -> io::Result<(World, Kept)> {
    Ok((serde_json::from_slice(file)?, serde_json::from_slice(file)?))
}

impl State {
    /// A fresh one.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self::with_settings(settings, World::default(), Kept::default())
    }

    /// What [`State::to_file`] wrote, or a new state if there is no such file.
    pub(crate) fn read(settings: &Settings, path: &Path) -> io::Result<Self> {
        match fs::read(path) {
            Ok(file) => {
                let (world, kept) = parse(&file)?;
                Ok(Self::with_settings(settings, world, kept))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::new(settings)),
            Err(error) => Err(error),
        }
    }

    /// Adds what follows from the settings to what was kept.
    fn with_settings(settings: &Settings, world: World, kept: Kept) -> Self {
        let (http, log) = (callbacks::client(), Log::new(settings.clock.clone()));
        let told = |account| Callbacks::new(account, http.clone(), settings.clock.clone(), log.clone());
        let mut state = Self {
            world: World::default(),
            callbacks: told(&OA),
            mini_callbacks: told(&MINI),
            faults: Faults::seeded(settings.seed),
            follower_faults: FollowerFaults::seeded(settings.seed),
            backend: Backend::at(settings.backend.as_deref()),
            log,
        };
        state.put(settings, world, kept);
        state
    }

    /// All is as at the start.
    pub(crate) fn reset(&mut self, settings: &Settings) {
        self.put(settings, World::default(), Kept::default());
    }

    /// All is as what [`State::to_file`] wrote.
    pub(crate) fn go_back(&mut self, settings: &Settings, file: &[u8]) -> io::Result<()> {
        let (world, kept) = parse(file)?;
        self.put(settings, world, kept);
        Ok(())
    }

    /// Puts another world in place of this one, in which nothing goes wrong yet.
    fn put(&mut self, settings: &Settings, mut world: World, kept: Kept) {
        world.clock = settings.clock.clone();
        world.populate(settings.followers);
        self.world = world;
        self.faults = Faults::seeded(settings.seed);
        self.follower_faults = FollowerFaults::seeded(settings.seed);
        self.backend.forget();
        for (callbacks, kept, callback) in [
            (&self.callbacks, kept.callbacks, &settings.callback),
            (&self.mini_callbacks, kept.mini_callbacks, &settings.mini_callback),
        ] {
            callbacks.lock().put(kept, callback.as_ref(), settings.seed);
        }
    }

    /// What must outlive a restart.
    pub(crate) fn to_file(&self) -> io::Result<Vec<u8>> {
        let (callbacks, mini_callbacks) = (&*self.callbacks.lock(), &*self.mini_callbacks.lock());
        Ok(serde_json::to_vec(&Written { world: &self.world, callbacks, mini_callbacks })?)
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
        self.callbacks_of(event.what.account()).emit(event);
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
        let state = State::read(&Settings { followers: 10, ..Settings::default() }, &path).unwrap();
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
        ] {
            expected.pointer_mut(place).unwrap()[name] = since;
        }
        assert_eq!(written, expected);
    }
}
