//! `/cgi-bin/token` and `/cgi-bin/stable_token`: an access token for an appid and its secret.

use serde::Deserialize;
use serde_json::json;

use crate::api::answer::Answer;
use crate::api::call::ApiCall;
use crate::state::State;
use crate::world::accounts::Account;
use crate::world::console::Console;
use crate::world::refusal::Refusal;
use crate::world::tokens::{Mode, Token};

/// GET /cgi-bin/token
pub(crate) fn token(state: &mut State, call: &ApiCall) -> Answer {
    let credentials = Credentials {
        grant_type: call.query("grant_type").unwrap_or_default().into(),
        appid: call.query("appid").unwrap_or_default().into(),
        secret: call.query("secret").unwrap_or_default().into(),
        force_refresh: false,
    };
    let world = &mut state.world;
    let account = credentials.account(&world.console)?;
    world.console.let_in(account, call.from, true)?;
    let now = world.clock.now();
    world.quota.count(call.path, account, now)?;
    issued(&world.tokens.rotation(account, Mode::Classic).issue(now), now)
}

/// POST /cgi-bin/stable_token
pub(crate) fn stable_token(state: &mut State, call: &ApiCall) -> Answer {
    let credentials: Credentials = call.json()?;
    let world = &mut state.world;
    let account = credentials.account(&world.console)?;
    world.console.let_in(account, call.from, true)?;
    let now = world.clock.now();
    world.quota.count(call.path, account, now)?;
    let rotation = world.tokens.rotation(account, Mode::Stable);
    let token = if credentials.force_refresh { rotation.forced(now)? } else { rotation.stable(now) };
    issued(&token, now)
}

fn issued(token: &Token, now: i64) -> Answer {
    Ok(json!({ "access_token": token.text, "expires_in": token.expires_in(now) }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Credentials {
    grant_type: String,
    appid: String,
    secret: String,
    force_refresh: bool,
}

impl Credentials {
    fn account(&self, console: &Console) -> Result<&'static Account, Refusal> {
        if self.grant_type != "client_credential" {
            return Err(Refusal::new(40002));
        }
        console.authenticate(&self.appid, &self.secret)
    }
}
