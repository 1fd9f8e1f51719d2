//! What a person sets in WeChat's consoles: the whitelist, the templates, the pages, the Open Platform account,
//! the AppSecrets.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::world::accounts::{Account, Kind, MINI_SECRET, OA_SECRET};
use crate::world::refusal::Refusal;
use crate::world::users::Ids;

/// The longest page with its query, in bytes. WeChat names no limit, and must have one.
const LONGEST_PAGE: usize = 1024;

/// As it stands; a fresh account's is whole.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Console {
    /// Which calls for the Official Account are refused with 40164, unless they come from an IP on its whitelist.
    whitelist: Whitelist,
    /// The IPs that are on it; none at first.
    whitelisted: BTreeSet<IpAddr>,
    /// Templates of either account that were removed: 40037.
    removed_templates: BTreeSet<String>,
    /// Pages of the mini-program that are not published, without their query: 40165, or 41030 for subscribe messages.
    unpublished_pages: BTreeSet<String>,
    /// Whether the same content to the same user within 60 s is refused: 40241.
    pub(crate) refuses_repeats: bool,
    /// For so many seconds after a user followed, `user/info` does not know it yet.
    pub(crate) info_lag: i64,
    /// Whether the Official Account is bound to the Open Platform account: without, its users have no unionids.
    pub(crate) bound: bool,
    /// Whether the mini-program is: without, a login gives no unionid.
    pub(crate) mini_bound: bool,
    /// Whether the Official Account is bound to another Open Platform account than the mini-program: then nobody has the
    /// same unionid in both.
    apart: bool,
    /// How often the Open Platform account was registered anew: each time all unionids change.
    open_platform: u32,
    /// The Official Account's AppSecret: another one where it was reset. Tokens that were issued before live on.
    oa_secret: String,
    /// The mini-program's.
    mini_secret: String,
    /// By so many seconds the Date of WeChat's answers is ahead of the time, or behind where it is less than 0.
    pub(crate) date_ahead: i64,
}

/// Which calls are checked against the whitelist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Whitelist {
    /// None.
    #[default]
    Off,
    /// Those that fetch a token.
    Token,
    /// All.
    All,
}

impl Default for Console {
    fn default() -> Self {
        Self {
            whitelist: Whitelist::Off,
            whitelisted: BTreeSet::new(),
            removed_templates: BTreeSet::new(),
            unpublished_pages: BTreeSet::new(),
            refuses_repeats: false,
            info_lag: 0,
            bound: true,
            mini_bound: true,
            apart: false,
            open_platform: 0,
            oa_secret: OA_SECRET.to_owned(),
            mini_secret: MINI_SECRET.to_owned(),
            date_ahead: 0,
        }
    }
}

/// What is changed; the rest stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    whitelist: Option<Whitelist>,
    whitelisted: Option<BTreeSet<IpAddr>>,
    removed_templates: Option<BTreeSet<String>>,
    unpublished_pages: Option<BTreeSet<String>>,
    refuses_repeats: Option<bool>,
    info_lag: Option<i64>,
    bound: Option<bool>,
    mini_bound: Option<bool>,
    apart: Option<bool>,
    open_platform: Option<u32>,
    oa_secret: Option<String>,
    mini_secret: Option<String>,
    date_ahead: Option<i64>,
}

impl Console {
    /// Changes what the change names.
    pub(crate) fn change(&mut self, change: Change) {
        fn set<T>(field: &mut T, to: Option<T>) {
            if let Some(to) = to {
                *field = to;
            }
        }
        set(&mut self.whitelist, change.whitelist);
        set(&mut self.whitelisted, change.whitelisted);
        set(&mut self.removed_templates, change.removed_templates);
        set(&mut self.unpublished_pages, change.unpublished_pages);
        set(&mut self.refuses_repeats, change.refuses_repeats);
        set(&mut self.info_lag, change.info_lag);
        set(&mut self.bound, change.bound);
        set(&mut self.mini_bound, change.mini_bound);
        set(&mut self.apart, change.apart);
        set(&mut self.open_platform, change.open_platform);
        set(&mut self.oa_secret, change.oa_secret);
        set(&mut self.mini_secret, change.mini_secret);
        set(&mut self.date_ahead, change.date_ahead);
    }

    /// The account of an appid and its AppSecret, either of which may be missing or wrong.
    pub(crate) fn authenticate(&self, appid: &str, secret: &str) -> Result<&'static Account, Refusal> {
        if appid.is_empty() {
            return Err(Refusal::new(41002));
        }
        if secret.is_empty() {
            return Err(Refusal::new(41004));
        }
        let account = Account::by_appid(appid).ok_or_else(|| Refusal::new(40013))?;
        let its_own = match account.kind {
            Kind::OfficialAccount => &self.oa_secret,
            Kind::MiniProgram => &self.mini_secret,
        };
        if its_own == secret { Ok(account) } else { Err(Refusal::new(40125)) }
    }

    /// Refuses a call for an account from an IP that is not on its whitelist.
    pub(crate) fn let_in(&self, account: &Account, from: IpAddr, for_a_token: bool) -> Result<(), Refusal> {
        let is_checked = match self.whitelist {
            Whitelist::Off => false,
            Whitelist::Token => for_a_token,
            Whitelist::All => true,
        };
        let is_guarded = account.appid == crate::world::accounts::OA_APPID;
        let is_refused = is_checked && is_guarded && !self.whitelisted.contains(&from);
        if is_refused { Err(Refusal::of_ip(from)) } else { Ok(()) }
    }

    /// Whether a template was not removed.
    pub(crate) fn has(&self, template_id: &str) -> bool {
        !self.removed_templates.contains(template_id)
    }

    /// Whether the mini-program has a page.
    pub(crate) fn publishes(&self, page: &str) -> bool {
        let path = page.split('?').next().unwrap_or_default();
        page.len() <= LONGEST_PAGE && !page.starts_with('/') && !self.unpublished_pages.contains(path)
    }

    /// What one user is called by all accounts of the mini-program's Open Platform account.
    pub(crate) fn unionids(&self) -> Ids {
        Ids { prefix: "oR5Gjj", salt: 0x0075_6e69_6f6e_6964 ^ (u64::from(self.open_platform) << 32) }
    }

    /// And of the Official Account's.
    pub(crate) fn oa_unionids(&self) -> Ids {
        let ids = self.unionids();
        if self.apart { Ids { salt: !ids.salt, ..ids } } else { ids }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::accounts::{MINI, MINI_APPID, OA, OA_APPID};

    fn changed(change: serde_json::Value) -> Console {
        let mut console = Console::default();
        console.change(serde_json::from_value(change).unwrap());
        console
    }

    #[test]
    fn a_whitelist_guards_tokens_or_all_and_the_official_account_alone() {
        let from = |ip: &str| ip.parse().unwrap();
        let refused = |mode: &str, account, for_a_token| {
            changed(serde_json::json!({ "whitelist": mode }))
                .let_in(account, from("127.0.0.1"), for_a_token)
                .is_err()
        };
        assert_eq!([refused("off", &OA, true), refused("token", &OA, true)], [false, true]);
        assert_eq!([refused("token", &OA, false), refused("all", &OA, false)], [false, true]);
        assert!(!refused("all", &MINI, true));
        let console = changed(serde_json::json!({ "whitelist": "all", "whitelisted": ["127.0.0.2"] }));
        assert_eq!(console.let_in(&OA, from("127.0.0.2"), false), Ok(()));
        assert_eq!(console.let_in(&OA, from("127.0.0.3"), false), Err(Refusal::of_ip(from("127.0.0.3"))));
    }

    #[test]
    fn a_pages_query_does_not_matter_and_a_leading_slash_does() {
        let console = changed(serde_json::json!({ "unpublished_pages": ["pages/a"] }));
        let pages = ["pages/a?id=1", "pages/a", "/pages/b", "pages/b", "pages/b?id=1"];
        assert_eq!(pages.map(|page| console.publishes(page)), [false, false, false, true, true]);
        let longest = format!("pages/b?{}", "x".repeat(LONGEST_PAGE - 8));
        assert!(console.publishes(&longest) && !console.publishes(&format!("{longest}x")));
    }

    #[test]
    fn another_registration_gives_everybody_another_unionid() {
        let (before, after) = (Console::default(), changed(serde_json::json!({ "open_platform": 1 })));
        assert_ne!(before.unionids().of(7), after.unionids().of(7));
    }

    #[test]
    fn accounts_of_two_open_platform_accounts_have_no_unionid_in_common() {
        let (together, apart) = (Console::default(), changed(serde_json::json!({ "apart": true })));
        assert_eq!(together.unionids().of(7), together.oa_unionids().of(7));
        assert_eq!(together.unionids().of(7), apart.unionids().of(7));
        assert_ne!(apart.unionids().of(7), apart.oa_unionids().of(7));
    }

    #[test]
    fn a_secret_opens_its_own_account_only_and_none_once_it_is_reset() {
        let opens = |console: &Console, appid, secret| {
            console.authenticate(appid, secret).map(|account| account.name).map_err(|refusal| refusal.errcode)
        };
        let fresh = Console::default();
        assert_eq!(opens(&fresh, OA_APPID, OA_SECRET), Ok("oa"));
        assert_eq!(opens(&fresh, MINI_APPID, MINI_SECRET), Ok("mini"));
        let refused = [("", OA_SECRET), (OA_APPID, ""), ("wx", OA_SECRET), (OA_APPID, MINI_SECRET)];
        let errcodes = refused.map(|(appid, secret)| opens(&fresh, appid, secret).err());
        assert_eq!(errcodes, [Some(41002), Some(41004), Some(40013), Some(40125)]);
        let reset = changed(serde_json::json!({ "oa_secret": "another" }));
        assert_eq!(opens(&reset, OA_APPID, OA_SECRET), Err(40125));
        assert_eq!(opens(&reset, OA_APPID, "another"), Ok("oa"));
        assert_eq!(opens(&reset, MINI_APPID, MINI_SECRET), Ok("mini"));
    }
}
