//! `/sns/jscode2session`: a login code for an openid and a session key.

use serde_json::json;

use crate::api::answer::Answer;
use crate::api::call::ApiCall;
use crate::state::State;
use crate::world::refusal::Refusal;

/// GET /sns/jscode2session
pub(crate) fn jscode2session(state: &mut State, call: &ApiCall) -> Answer {
    let world = &mut state.world;
    let code = call.query("js_code");
    let (appid, secret) = (call.query("appid").unwrap_or_default(), call.query("secret").unwrap_or_default());
    let account = world.console.authenticate(appid, secret)?;
    let code = code.ok_or_else(|| Refusal::new(41008))?;
    if call.query("grant_type") != Some("authorization_code") {
        return Err(Refusal::new(40002));
    }
    let now = world.clock.now();
    world.quota.count(call.path, account, now)?;
    let user = world.logins.redeem(code, account, now)?;
    let session_key = world.logins.new_session_key(user);
    let mut answer = json!({ "openid": account.openids.of(user), "session_key": session_key });
    if let Some(unionid) = world.unionid(user) {
        answer["unionid"] = unionid.into();
    }
    Ok(answer)
}

/// The user whose code a call brings.
pub(crate) fn user_of(state: &State, call: &ApiCall) -> Vec<u32> {
    call.query("js_code").and_then(|code| state.world.logins.user(code)).into_iter().collect()
}
