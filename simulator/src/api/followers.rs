//! `/cgi-bin/user/…`: who follows, and what WeChat tells of them.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::answer::Answer;
use crate::api::call::ApiCall;
use crate::state::State;
use crate::world::World;
use crate::world::accounts::{Kind, OA};
use crate::world::refusal::Refusal;

/// So many followers can be asked about at a time.
const BATCH: usize = 100;

/// The user an openid stands for.
fn owner(openid: &str) -> Result<u32, Refusal> {
    OA.openids.user(openid).ok_or_else(|| Refusal::new(40003))
}

/// GET /cgi-bin/user/get
pub(crate) fn user_get(state: &mut State, call: &ApiCall) -> Answer {
    call.authorize(&mut state.world, Kind::OfficialAccount)?;
    let after = call.query("next_openid").map(owner).transpose()?;
    if state.follower_faults.empties() {
        return Ok(json!({ "total": 0, "count": 0, "next_openid": "" }));
    }
    let total = state.world.followers.total();
    let mut page = state.world.followers.page(after);
    state.follower_faults.cut(&mut page, || state.world.followers.before(after));
    Ok(match page.last().cloned() {
        None => json!({ "total": total, "count": 0, "next_openid": "" }),
        Some(last) => json!({
            "total": total, "count": page.len(), "data": { "openid": page }, "next_openid": last,
        }),
    })
}

/// GET /cgi-bin/user/info
pub(crate) fn user_info(state: &mut State, call: &ApiCall) -> Answer {
    call.authorize(&mut state.world, Kind::OfficialAccount)?;
    let user = owner(call.query("openid").unwrap_or_default())?;
    Ok(info(&state.world, user))
}

#[derive(Deserialize)]
struct UserList {
    user_list: Vec<ListedUser>,
}

#[derive(Deserialize)]
struct ListedUser {
    openid: String,
}

/// POST /cgi-bin/user/info/batchget
pub(crate) fn batchget(state: &mut State, call: &ApiCall) -> Answer {
    call.authorize(&mut state.world, Kind::OfficialAccount)?;
    let UserList { user_list } = call.json()?;
    if user_list.is_empty() || user_list.len() > BATCH {
        return Err(Refusal::new(40032));
    }
    let users: Vec<u32> = user_list.iter().map(|listed| owner(&listed.openid)).collect::<Result<_, _>>()?;
    let mut infos: Vec<Value> = users.into_iter().map(|user| info(&state.world, user)).collect();
    state.follower_faults.corrupt(&mut infos);
    Ok(json!({ "user_info_list": infos }))
}

fn info(world: &World, user: u32) -> Value {
    let openid = OA.openids.of(user);
    let is_known = |since: &i64| world.clock.now() - since >= world.console.info_lag;
    let Some(followed_at) = world.followers.followed_at(user).filter(is_known) else {
        return json!({ "subscribe": 0, "openid": openid });
    };
    let mut info = json!({
        "subscribe": 1, "openid": openid, "nickname": "", "sex": 0, "language": "zh_CN",
        "city": "", "province": "", "country": "", "headimgurl": "",
        "subscribe_time": followed_at, "remark": "", "groupid": 0, "tagid_list": [],
        "subscribe_scene": "ADD_SCENE_QR_CODE", "qr_scene": 0, "qr_scene_str": "",
    });
    if let Some(unionid) = world.oa_unionid(user) {
        info["unionid"] = unionid.into();
    }
    info
}

/// The user whom a call of `user/info` is about.
pub(crate) fn user_of(_: &State, call: &ApiCall) -> Vec<u32> {
    call.query("openid").and_then(|openid| OA.openids.user(openid)).into_iter().collect()
}

/// The users whom a call of `batchget` is about.
pub(crate) fn users_of(_: &State, call: &ApiCall) -> Vec<u32> {
    let listed = call.json::<UserList>().map(|list| list.user_list).unwrap_or_default();
    listed.iter().filter_map(|user| OA.openids.user(&user.openid)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> World {
        let mut world = World::default();
        world.populate(10);
        world
    }

    fn changed(change: Value) -> World {
        let mut world = world();
        world.console.change(serde_json::from_value(change).unwrap());
        world
    }

    #[test]
    fn a_user_who_does_not_follow_is_told_by_openid_alone() {
        let stranger = info(&World::default(), 3);
        assert_eq!(stranger, json!({ "subscribe": 0, "openid": OA.openids.of(3) }));
    }

    #[test]
    fn a_hidden_unionid_is_left_out_and_so_are_all_of_an_unbound_account() {
        let mut world = world();
        assert_eq!(info(&world, 3)["unionid"], world.console.unionids().of(3));
        world.followers.hide_unionid(3, true);
        assert!(info(&world, 3).get("unionid").is_none());
        assert!(info(&changed(json!({ "bound": false })), 4).get("unionid").is_none());
    }

    #[test]
    fn who_followed_a_moment_ago_may_not_be_known_yet() {
        let mut world = changed(json!({ "info_lag": 30 }));
        world.followers.follow(20, world.clock.now());
        assert_eq!([info(&world, 20), info(&world, 3)].map(|info| info["subscribe"].clone()), [0, 1]);
    }
}
