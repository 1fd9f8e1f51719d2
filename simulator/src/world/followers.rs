//! Who follows the Official Account, and what they hide, refuse and block.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};

use serde::{Deserialize, Serialize};

use crate::world::accounts::OA;

/// So many openids a page of the list has.
const PAGE: usize = 10_000;
/// When the users who follow from the start began to, in Unix seconds.
const FIRST_FOLLOWED_AT: i64 = 1_600_000_000;

/// The followers, and what has changed since the start.
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
        self.places = (0..count).map(|user| OA.openids.place(user)).collect();
        for (user, followed_at) in &self.changes {
            let place = OA.openids.place(*user);
            match followed_at {
                Some(_) => self.places.insert(place),
                None => self.places.remove(&place),
            };
        }
    }

    /// How many there are.
    pub(crate) fn total(&self) -> usize {
        self.places.len()
    }

    /// Whether the user follows right now.
    pub(crate) fn is_following(&self, user: u32) -> bool {
        self.places.contains(&OA.openids.place(user))
    }

    /// `true` if the user did not follow before.
    pub(crate) fn follow(&mut self, user: u32, now: i64) -> bool {
        let new = self.places.insert(OA.openids.place(user));
        if new {
            self.changes.insert(user, Some(now));
        }
        new
    }

    /// `true` if the user followed until now.
    pub(crate) fn unfollow(&mut self, user: u32) -> bool {
        let gone = self.places.remove(&OA.openids.place(user));
        if gone {
            self.changes.insert(user, None);
        }
        gone
    }

    /// Whether the user's unionid is hidden.
    pub(crate) fn hides_unionid(&self, user: u32) -> bool {
        self.without_unionid.contains(&user)
    }

    /// Hides the user's unionid, or shows it again.
    pub(crate) fn hide_unionid(&mut self, user: u32, hide: bool) {
        set(&mut self.without_unionid, user, hide);
    }

    /// The user turned the account's notices off: sending answers 43101.
    pub(crate) fn refuses(&self, user: u32) -> bool {
        self.refusing.contains(&user)
    }

    /// Turns the account's notices off, or on again.
    pub(crate) fn refuse(&mut self, user: u32, refuse: bool) {
        set(&mut self.refusing, user, refuse);
    }

    /// The user blocked the account: WeChat takes the message and it never arrives.
    pub(crate) fn blocks(&self, user: u32) -> bool {
        self.blocking.contains(&user)
    }

    /// Blocks the account, or lets it through again.
    pub(crate) fn block(&mut self, user: u32, block: bool) {
        set(&mut self.blocking, user, block);
    }

    /// The openids after this user's, or from the first.
    pub(crate) fn page(&self, after: Option<u32>) -> Vec<String> {
        let from = after.map_or(Unbounded, |user| Excluded(OA.openids.place(user)));
        let places = self.places.range((from, Unbounded)).take(PAGE);
        places.map(|place| OA.openids.of(OA.openids.user_at(*place))).collect()
    }

    /// How many openids a page after this user's leaves behind.
    pub(crate) fn before(&self, after: Option<u32>) -> usize {
        after.map_or(0, |user| self.places.range(..=OA.openids.place(user)).count())
    }

    /// When a user began to follow, in Unix seconds; `None` if the user does not.
    pub(crate) fn followed_at(&self, user: u32) -> Option<i64> {
        let at_the_start = FIRST_FOLLOWED_AT + i64::from(user % 100_000_000);
        let since = self.changes.get(&user).copied().flatten().unwrap_or(at_the_start);
        self.is_following(user).then_some(since)
    }
}

fn set(users: &mut BTreeSet<u32>, user: u32, member: bool) {
    if member {
        users.insert(user);
    } else {
        users.remove(&user);
    }
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
            after = OA.openids.user(last);
            seen.extend(page.into_iter().map(|openid| OA.openids.user(&openid).unwrap()));
        }
        assert_eq!(sizes, [10_000, 10_000, 5_050, 0]);
        assert_eq!(seen, (0..25_050).collect());
    }

    #[test]
    fn a_page_goes_on_after_an_openid_that_unfollowed_meanwhile() {
        let mut followers = followers(100);
        let page = followers.page(None);
        let tenth = OA.openids.user(&page[9]).unwrap();
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
        assert_eq!(after.followed_at(1_000_000), Some(1_800_000_000));
        assert_eq!(after.followed_at(3), None);
    }
}
