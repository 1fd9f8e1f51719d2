//! How often each endpoint may be called: per Beijing day (45009) and per minute (45011).

use std::collections::{BTreeSet, HashMap};

use crate::world::accounts::{ACCOUNTS, Account};
use crate::world::beijing::beijing_day;
use crate::world::refusal::Refusal;

const MINUTE: i64 = 60;

/// `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) per_day: Option<u64>,
    pub(crate) per_minute: Option<u64>,
}

/// What a new, verified account may do.
fn default_limit(path: &str) -> Limit {
    let per_day = match path {
        "/cgi-bin/token" => Some(2_000),
        "/cgi-bin/stable_token" => Some(500_000),
        "/cgi-bin/user/get" => Some(500),
        "/cgi-bin/user/info" | "/cgi-bin/user/info/batchget" => Some(5_000_000),
        "/cgi-bin/message/template/send" => Some(100_000),
        // Of a mini-program without payments.
        "/cgi-bin/message/subscribe/send" => Some(10_000_000),
        _ => None,
    };
    Limit { per_day, per_minute: None }
}

/// What may be called today, and was.
pub(crate) struct Today {
    pub(crate) daily_limit: u64,
    pub(crate) used: u64,
    pub(crate) per_minute: Option<u64>,
}

#[derive(Default)]
struct Used {
    day: i64,
    today: u64,
    minute: i64,
    this_minute: u64,
}

/// The limits in force, and what was used of them.
#[derive(Default)]
pub(crate) struct Quota {
    changed: HashMap<&'static str, Limit>,
    /// By endpoint and the account's name.
    used: HashMap<(&'static str, &'static str), Used>,
}

impl Quota {
    /// What an endpoint is limited to.
    pub(crate) fn limit(&self, path: &str) -> Limit {
        self.changed.get(path).copied().unwrap_or_else(|| default_limit(path))
    }

    /// Limits an endpoint from now on.
    pub(crate) fn set(&mut self, path: &'static str, limit: Limit) {
        self.changed.insert(path, limit);
    }

    /// The endpoints and accounts that were counted, and those that are limited otherwise than usual, in order.
    pub(crate) fn counted(&self) -> BTreeSet<(&'static str, &'static str)> {
        let changed =
            self.changed.keys().flat_map(|path| ACCOUNTS.iter().map(|account| (*path, account.name)));
        self.used.keys().copied().chain(changed).collect()
    }

    /// How many calls were made today and in this minute.
    pub(crate) fn used(&self, path: &'static str, account: &'static str, now: i64) -> (u64, u64) {
        let Some(used) = self.used.get(&(path, account)) else { return (0, 0) };
        let today = if used.day == beijing_day(now) { used.today } else { 0 };
        (today, if used.minute == now.div_euclid(MINUTE) { used.this_minute } else { 0 })
    }

    /// What WeChat tells of an endpoint; `None` of one that has no daily limit.
    pub(crate) fn today(&self, path: &str, account: &str, now: i64) -> Option<Today> {
        let Limit { per_day, per_minute } = self.limit(path);
        let counted = self.used.iter().find(|((counted, of), _)| *counted == path && *of == account);
        let used = counted.filter(|(_, used)| used.day == beijing_day(now)).map_or(0, |(_, used)| used.today);
        Some(Today { daily_limit: per_day?, used, per_minute })
    }

    /// Counts a call against its account's quota; a refused call costs nothing.
    pub(crate) fn count(&mut self, path: &'static str, account: &Account, now: i64) -> Result<(), Refusal> {
        let limit = self.limit(path);
        let used = self.used.entry((path, account.name)).or_default();
        let (day, minute) = (beijing_day(now), now.div_euclid(MINUTE));
        if used.day != day {
            (used.day, used.today) = (day, 0);
        }
        if used.minute != minute {
            (used.minute, used.this_minute) = (minute, 0);
        }
        if limit.per_day.is_some_and(|most| used.today >= most) {
            return Err(Refusal::new(45009));
        }
        if limit.per_minute.is_some_and(|most| used.this_minute >= most) {
            return Err(Refusal::new(45011));
        }
        used.today += 1;
        used.this_minute += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::accounts::{MINI, OA};

    const PATH: &str = "/cgi-bin/user/get";
    const MIDNIGHT_IN_BEIJING: i64 = 1_767_196_800;

    fn errcode(quota: &mut Quota, account: &Account, now: i64) -> i64 {
        quota.count(PATH, account, now).err().map_or(0, |refusal| refusal.errcode)
    }

    #[test]
    fn a_used_up_day_ends_at_midnight_in_beijing() {
        let mut quota = Quota::default();
        quota.set(PATH, Limit { per_day: Some(2), per_minute: None });
        let evening = MIDNIGHT_IN_BEIJING - 1;
        assert_eq!([0, 0, 45009], [(); 3].map(|()| errcode(&mut quota, &OA, evening)));
        assert_eq!(errcode(&mut quota, &MINI, evening), 0, "each account has its own quota");
        assert_eq!(errcode(&mut quota, &OA, MIDNIGHT_IN_BEIJING), 0);
    }

    #[test]
    fn a_used_up_minute_ends_with_the_next() {
        let mut quota = Quota::default();
        quota.set(PATH, Limit { per_day: None, per_minute: Some(1) });
        assert_eq!([0, 45011], [(); 2].map(|()| errcode(&mut quota, &OA, MIDNIGHT_IN_BEIJING)));
        assert_eq!(errcode(&mut quota, &OA, MIDNIGHT_IN_BEIJING + 60), 0);
    }
}
