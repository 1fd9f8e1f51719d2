//! Who follows the Official Account: `/cgi-bin/user/get`, `user/info` and `user/info/batchget`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::answer::{Answer, Refusal};
use crate::api::call::ApiCall;
use crate::state::State;
use crate::world::accounts::Account;
use crate::world::users::Id;

const PAGE: usize = 10_000;
const BATCH: usize = 100;
/// When the users who follow from the start began to, in Unix seconds.
const FIRST_FOLLOWED_AT: i64 = 1_600_000_000;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Followers {
    /// The followers' places in the order of openids.
    #[serde(skip)]
    places: BTreeSet<u32>,
    /// Whoever followed (and when) or unfollowed (`None`) since the start.
    changes: BTreeMap<u32, Option<i64>>,
    without_unionid: BTreeSet<u32>,
    refusing: BTreeSet<u32>,
    blocking: BTreeSet<u32>,
}

impl Followers {
    /// Lets users 0 up to `count` follow, then applies the changes since.
    pub(crate) fn populate(&mut self, count: u32) {
        self.places = (0..count).map(|user| Id::OaOpenid.place(user)).collect();
        for (user, followed_at) in &self.changes {
            let place = Id::OaOpenid.place(*user);
            match followed_at {
                Some(_) => self.places.insert(place),
                None => self.places.remove(&place),
            };
        }
    }

    pub(crate) fn is_following(&self, user: u32) -> bool {
        self.places.contains(&Id::OaOpenid.place(user))
    }

    /// `true` if the user did not follow before.
    pub(crate) fn follow(&mut self, user: u32, now: i64) -> bool {
        let new = self.places.insert(Id::OaOpenid.place(user));
        if new {
            self.changes.insert(user, Some(now));
        }
        new
    }

    /// `true` if the user followed until now.
    pub(crate) fn unfollow(&mut self, user: u32) -> bool {
        let gone = self.places.remove(&Id::OaOpenid.place(user));
        if gone {
            self.changes.insert(user, None);
        }
        gone
    }

    /// The unionid WeChat gives out; `None` if it hides it.
    pub(crate) fn unionid(&self, user: u32) -> Option<String> {
        (!self.without_unionid.contains(&user)).then(|| Id::Unionid.of(user))
    }

    pub(crate) fn hide_unionid(&mut self, user: u32, hide: bool) {
        set(&mut self.without_unionid, user, hide);
    }

    /// The user turned the account's notices off: sending answers 43101.
    pub(crate) fn refuses(&self, user: u32) -> bool {
        self.refusing.contains(&user)
    }

    pub(crate) fn refuse(&mut self, user: u32, refuse: bool) {
        set(&mut self.refusing, user, refuse);
    }

    /// The user blocked the account: WeChat takes the message and it never arrives.
    pub(crate) fn blocks(&self, user: u32) -> bool {
        self.blocking.contains(&user)
    }

    pub(crate) fn block(&mut self, user: u32, block: bool) {
        set(&mut self.blocking, user, block);
    }

    fn page(&self, after: Option<u32>) -> Vec<String> {
        let from = after.map_or(Unbounded, |user| Excluded(Id::OaOpenid.place(user)));
        let places = self.places.range((from, Unbounded)).take(PAGE);
        places.map(|place| Id::OaOpenid.of(Id::OaOpenid.user_at(*place))).collect()
    }

    /// How many openids a page after this user's leaves behind.
    fn before(&self, after: Option<u32>) -> usize {
        after.map_or(0, |user| self.places.range(..=Id::OaOpenid.place(user)).count())
    }

    fn info(&self, user: u32) -> Value {
        let openid = Id::OaOpenid.of(user);
        if !self.is_following(user) {
            return json!({ "subscribe": 0, "openid": openid });
        }
        let at_the_start = FIRST_FOLLOWED_AT + i64::from(user % 100_000_000);
        let followed_at = self.changes.get(&user).copied().flatten().unwrap_or(at_the_start);
        let mut info = json!({
            "subscribe": 1, "openid": openid, "nickname": "", "sex": 0, "language": "zh_CN",
            "city": "", "province": "", "country": "", "headimgurl": "",
            "subscribe_time": followed_at, "remark": "", "groupid": 0, "tagid_list": [],
            "subscribe_scene": "ADD_SCENE_QR_CODE", "qr_scene": 0, "qr_scene_str": "",
        });
        if let Some(unionid) = self.unionid(user) {
            info["unionid"] = unionid.into();
        }
        info
    }
}

fn set(users: &mut BTreeSet<u32>, user: u32, member: bool) {
    if member {
        users.insert(user);
    } else {
        users.remove(&user);
    }
}

fn owner(openid: &str) -> Result<u32, Refusal> {
    Id::OaOpenid.user(openid).ok_or_else(|| Refusal::new(40003))
}

/// GET /cgi-bin/user/get
pub(crate) fn user_get(state: &mut State, call: &ApiCall) -> Answer {
    state.authorize(call, Account::Oa)?;
    let after = call.query("next_openid").map(owner).transpose()?;
    if state.follower_faults.empties() {
        return Ok(json!({ "total": 0, "count": 0, "next_openid": "" }));
    }
    let total = state.followers.places.len();
    let mut page = state.followers.page(after);
    state.follower_faults.cut(&mut page, || state.followers.before(after));
    Ok(match page.last().cloned() {
        None => json!({ "total": total, "count": 0, "next_openid": "" }),
        Some(last) => json!({
            "total": total, "count": page.len(), "data": { "openid": page }, "next_openid": last,
        }),
    })
}

/// GET /cgi-bin/user/info
pub(crate) fn user_info(state: &mut State, call: &ApiCall) -> Answer {
    state.authorize(call, Account::Oa)?;
    let user = owner(call.query("openid").unwrap_or_default())?;
    Ok(state.followers.info(user))
}

#[derive(Deserialize)]
pub(crate) struct UserList {
    pub(crate) user_list: Vec<ListedUser>,
}

#[derive(Deserialize)]
pub(crate) struct ListedUser {
    pub(crate) openid: String,
}

/// POST /cgi-bin/user/info/batchget
pub(crate) fn batchget(state: &mut State, call: &ApiCall) -> Answer {
    state.authorize(call, Account::Oa)?;
    let UserList { user_list } = call.json()?;
    if user_list.is_empty() || user_list.len() > BATCH {
        return Err(Refusal::new(40032));
    }
    let users: Vec<u32> = user_list.iter().map(|listed| owner(&listed.openid)).collect::<Result<_, _>>()?;
    let mut infos: Vec<Value> = users.into_iter().map(|user| state.followers.info(user)).collect();
    state.follower_faults.corrupt(&mut infos);
    Ok(json!({ "user_info_list": infos }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followers(count: u32) -> Followers {
        let mut followers = Followers::default();
        followers.populate(count);
        followers
    }

    #[test]
    fn pages_hold_every_follower_once_and_end() {
        let followers = followers(25_050);
        let mut seen = BTreeSet::new();
        let (mut after, mut sizes) = (None, Vec::new());
        loop {
            let page = followers.page(after);
            sizes.push(page.len());
            let Some(last) = page.last() else { break };
            after = Id::OaOpenid.user(last);
            seen.extend(page.into_iter().map(|openid| Id::OaOpenid.user(&openid).unwrap()));
        }
        assert_eq!(sizes, [10_000, 10_000, 5_050, 0]);
        assert_eq!(seen, (0..25_050).collect());
    }

    #[test]
    fn a_page_goes_on_after_an_openid_that_unfollowed_meanwhile() {
        let mut followers = followers(100);
        let page = followers.page(None);
        let tenth = Id::OaOpenid.user(&page[9]).unwrap();
        followers.unfollow(tenth);
        assert_eq!(followers.page(Some(tenth)), page[10..]);
    }

    #[test]
    fn changes_outlive_a_restart() {
        let mut before = followers(10);
        before.follow(1_000_000, 1_800_000_000);
        before.unfollow(3);
        let kept = serde_json::to_vec(&before).unwrap();
        let mut after: Followers = serde_json::from_slice(&kept).unwrap();
        after.populate(10);
        assert_eq!(before.places, after.places);
        assert_eq!(after.info(1_000_000)["subscribe_time"], 1_800_000_000);
        assert_eq!(after.info(3), json!({ "subscribe": 0, "openid": Id::OaOpenid.of(3) }));
    }

    #[test]
    fn a_hidden_unionid_is_left_out() {
        let mut followers = followers(10);
        assert_eq!(followers.info(3)["unionid"], Id::Unionid.of(3));
        followers.hide_unionid(3, true);
        assert!(followers.info(3).get("unionid").is_none());
    }
}
