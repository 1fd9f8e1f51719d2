//! The accounts WeChat knows here, bound to one Open Platform account: a table.

use crate::world::users::Ids;

/// The Official Account's appid.
pub const OA_APPID: &str = "wx6e2f8b41c07d935a";
/// The Official Account's AppSecret, until it is reset.
pub const OA_SECRET: &str = "3f9c1d7ab2e84560917cfe20d84b6a35";
/// The Official Account's original id (原始ID), by which callbacks name it.
pub const OA_ORIGINAL_ID: &str = "gh_8d41f7c20b6e";
/// The mini-program's appid.
pub const MINI_APPID: &str = "wx1c94a7d3e05b28f6";
/// The mini-program's AppSecret, until it is reset.
pub const MINI_SECRET: &str = "b7d20e6f495a4c13a8f1960c3de57b82";
/// The mini-program's original id (原始ID), by which callbacks name it.
pub const MINI_ORIGINAL_ID: &str = "gh_2b90e5d7a134";

/// What an account may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 服务号: has templates, and followers.
    OfficialAccount,
    /// 小程序: its users log in, and let it send them messages.
    MiniProgram,
}

/// An account with its own tokens, quotas and openids: one row of the table.
#[derive(Debug)]
pub(crate) struct Account {
    /// What the control routes and the saved file call it.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) appid: &'static str,
    pub(crate) original_id: &'static str,
    pub(crate) openids: Ids,
}

/// The account whose followers these are.
pub(crate) static OA: Account = Account {
    name: "oa",
    kind: Kind::OfficialAccount,
    appid: OA_APPID,
    original_id: OA_ORIGINAL_ID,
    openids: Ids { prefix: "otvxTs", salt: 0x006f_612d_6f70_656e },
};

/// The account that users log in to on their phones.
pub(crate) static MINI: Account = Account {
    name: "mini",
    kind: Kind::MiniProgram,
    appid: MINI_APPID,
    original_id: MINI_ORIGINAL_ID,
    openids: Ids { prefix: "oGx4Mn", salt: 0x006d_696e_692d_6f70 },
};

/// All there are. A further row has tokens, quotas and openids of its own at once.
pub(crate) static ACCOUNTS: &[&Account] = &[&OA, &MINI];

impl Account {
    /// The account that the control routes call this.
    pub(crate) fn by_name(name: &str) -> Option<&'static Self> {
        ACCOUNTS.iter().copied().find(|account| account.name == name)
    }

    /// The account with this appid.
    pub(crate) fn by_appid(appid: &str) -> Option<&'static Self> {
        ACCOUNTS.iter().copied().find(|account| account.appid == appid)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_accounts_share_a_name_an_id_or_openids() {
        for unique in [
            |account: &Account| account.name.to_owned(),
            |account: &Account| account.appid.to_owned(),
            |account: &Account| account.original_id.to_owned(),
            |account: &Account| account.openids.prefix.to_owned(),
            |account: &Account| account.openids.salt.to_string(),
        ] {
            let seen: BTreeSet<String> = ACCOUNTS.iter().map(|account| unique(account)).collect();
            assert_eq!(seen.len(), ACCOUNTS.len());
        }
    }
}
