//! `/cgi-bin/openapi/quota/get`: what an account may call today, and what it has.

use serde::Deserialize;
use serde_json::json;

use crate::api::answer::Answer;
use crate::api::call::ApiCall;
use crate::state::State;
use crate::world::quota::Today;
use crate::world::refusal::Refusal;

const MINUTE: u64 = 60;

#[derive(Deserialize)]
struct Asked {
    cgi_path: String,
}

/// POST /cgi-bin/openapi/quota/get, by either account's token.
pub(crate) fn get(state: &mut State, call: &ApiCall) -> Answer {
    let Asked { cgi_path } = call.json()?;
    let world = &mut state.world;
    let account = call.authorize_any(world)?;
    let told = world.quota.today(&cgi_path, account.name, world.clock.now());
    let Today { daily_limit, used, per_minute } = told.ok_or_else(|| Refusal::new(76021))?;
    let mut answer = json!({
        "errcode": 0,
        "errmsg": "ok",
        "quota": { "daily_limit": daily_limit, "used": used, "remain": daily_limit.saturating_sub(used) },
    });
    if let Some(call_count) = per_minute {
        answer["rate_limit"] = json!({ "call_count": call_count, "refresh_second": MINUTE });
    }
    Ok(answer)
}
