//! What to do about each errcode. The table is the decision; everything else only follows it.

use contract::Reason;
use serde::{Deserialize, Serialize};

/// What an errcode (or the lack of an answer) asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum Action {
    /// Not done; try again later.
    Retry,
    /// Perhaps done; try again only under the same client_msg_id, within its ten minutes.
    Ambiguous,
    /// Not done; the per-minute limit is reached.
    NextMinute,
    /// Not done; the daily quota is used up until midnight Beijing time.
    NextDay,
    /// Not done; this user is being written to already, or too often.
    WaitForUser,
    /// Not done; our access token is dead.
    RefreshToken,
    /// Not done; ask user/info whether this user still follows.
    DoubtFollower,
    /// Not done; the user does not want it.
    Refused,
    /// Not done, and nothing in its [`Scope`] will be until a person has repaired what is wrong.
    AwaitRepair,
    /// Not done, for the same content went to this user less than a minute ago.
    Duplicate,
    /// The login code is spent; the mini-program has to call wx.login again.
    LoginAgain,
    /// WeChat blocks this user's login.
    LoginBlocked,
    /// Not done, and the same call will never be.
    GiveUp,
}

/// How much an errcode says something about: what else would be answered the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Scope {
    /// This call alone: its user, its values, its moment.
    Call,
    /// Every message of its template.
    Template,
    /// Every message of its template that opens the same page, whatever the page's query.
    Page,
    /// Every call for the account.
    Account,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// WeChat's code.
    pub errcode: i64,
    /// What to do.
    pub action: Action,
    /// How much of the sending it stands for.
    pub scope: Scope,
    /// What a message that failed by it says.
    pub reason: Reason,
    /// What WeChat means by it.
    pub meaning: &'static str,
}

const fn entry(errcode: i64, action: Action, scope: Scope, reason: Reason, meaning: &'static str) -> Entry {
    Entry { errcode, action, scope, reason, meaning }
}

/// Every errcode we know, ascending. Sources: WeChat's pages and its community.
pub const TABLE: &[Entry] = {
    use Action::*;
    use Reason as R;
    use Scope::*;
    &[
        entry(-1, Ambiguous, Call, R::WechatUnavailable, "system busy"),
        entry(
            40001,
            RefreshToken,
            Account,
            R::TokenInvalid,
            "token invalid or not the latest; on a token endpoint: wrong AppSecret",
        ),
        entry(40002, AwaitRepair, Account, R::Misconfigured, "wrong grant_type"),
        entry(40003, DoubtFollower, Call, R::NotFollowing, "invalid openid, or another account's"),
        entry(40008, GiveUp, Call, R::InvalidCall, "wrong message type"),
        entry(
            40013,
            AwaitRepair,
            Page,
            R::Misconfigured,
            "invalid appid, or the mini-program is not linked to the Official Account",
        ),
        entry(40014, RefreshToken, Account, R::TokenInvalid, "invalid token"),
        entry(40029, LoginAgain, Call, R::InvalidCall, "login code wrong, expired or another appid's"),
        entry(40032, GiveUp, Call, R::InvalidCall, "openid list empty or over 100"),
        entry(40033, GiveUp, Call, R::InvalidCall, "\\u escapes in the body"),
        entry(40035, GiveUp, Call, R::InvalidCall, "wrong parameter"),
        entry(40036, AwaitRepair, Template, R::TemplateGone, "wrong template_id length"),
        entry(40037, AwaitRepair, Template, R::TemplateGone, "no such template in this account"),
        entry(40038, GiveUp, Call, R::InvalidCall, "wrong format"),
        entry(40039, GiveUp, Call, R::InvalidCall, "wrong url length"),
        entry(40125, AwaitRepair, Account, R::Misconfigured, "wrong AppSecret"),
        entry(40163, LoginAgain, Call, R::InvalidCall, "login code used already"),
        entry(40164, AwaitRepair, Account, R::Misconfigured, "our IP is not on the account's whitelist"),
        entry(40165, AwaitRepair, Page, R::InvalidPage, "mini-program page wrong or unpublished"),
        entry(40226, LoginBlocked, Call, R::UserRestricted, "high-risk user, login blocked"),
        entry(
            40241,
            Duplicate,
            Call,
            R::DuplicateContent,
            "the same content to the same user within 60 seconds",
        ),
        entry(40243, AwaitRepair, Account, R::Misconfigured, "AppSecret frozen"),
        entry(40246, GiveUp, Call, R::Misconfigured, "wrong keyword list"),
        entry(40247, AwaitRepair, Template, R::Misconfigured, "needs a category template"),
        entry(40249, GiveUp, Call, R::TemplateRestricted, "marketing content"),
        entry(41001, RefreshToken, Account, R::TokenInvalid, "token missing"),
        entry(41002, AwaitRepair, Account, R::Misconfigured, "appid missing"),
        entry(41004, AwaitRepair, Account, R::Misconfigured, "AppSecret missing"),
        entry(41008, LoginAgain, Call, R::InvalidCall, "login code missing"),
        entry(41009, GiveUp, Call, R::InvalidOpenid, "an openid is missing or empty"),
        entry(41028, GiveUp, Call, R::InvalidCall, "form_id: withdrawn API"),
        entry(41029, GiveUp, Call, R::InvalidCall, "form_id: withdrawn API"),
        entry(41030, AwaitRepair, Page, R::InvalidPage, "mini-program page wrong or unpublished"),
        entry(42001, RefreshToken, Account, R::TokenInvalid, "token expired"),
        entry(43002, GiveUp, Call, R::InvalidCall, "needs POST"),
        entry(43003, GiveUp, Call, R::InvalidCall, "needs HTTPS"),
        entry(43004, DoubtFollower, Call, R::NotFollowing, "not following"),
        entry(43019, Refused, Call, R::Refused, "the user is on the account's blacklist"),
        entry(43101, Refused, Call, R::Refused, "the user refuses messages, or has no subscription left"),
        entry(43107, AwaitRepair, Account, R::Misconfigured, "subscribe messages banned"),
        entry(43108, WaitForUser, Call, R::TooFrequent, "two calls for one openid at once"),
        entry(43116, AwaitRepair, Template, R::TemplateRestricted, "template restricted"),
        entry(43117, WaitForUser, Call, R::TooFrequent, "too many messages to this openid"),
        entry(44002, GiveUp, Call, R::InvalidCall, "empty body"),
        entry(45009, NextDay, Account, R::QuotaExhausted, "daily quota used up"),
        entry(45011, NextMinute, Account, R::QuotaExhausted, "minute quota used up"),
        entry(45035, AwaitRepair, Account, R::Misconfigured, "our IP is not registered"),
        entry(45103, AwaitRepair, Account, R::Misconfigured, "API withdrawn"),
        entry(45109, AwaitRepair, Account, R::Misconfigured, "API withdrawn"),
        entry(45168, GiveUp, Call, R::TemplateRestricted, "sensitive content"),
        entry(47001, GiveUp, Call, R::InvalidCall, "malformed body"),
        entry(47003, GiveUp, Call, R::InvalidField, "a template value is not of its type"),
        entry(
            48001,
            AwaitRepair,
            Account,
            R::Misconfigured,
            "the account may not use this API (verified service accounts only), or another account's token",
        ),
        entry(48002, Refused, Call, R::Refused, "the user refuses messages"),
        entry(48004, AwaitRepair, Account, R::Misconfigured, "API banned for this account"),
        entry(48006, GiveUp, Call, R::QuotaExhausted, "clear_quota used up for this month"),
        entry(50002, GiveUp, Call, R::UserRestricted, "user limited"),
        entry(50004, AwaitRepair, Account, R::Misconfigured, "token API forbidden"),
        entry(50005, DoubtFollower, Call, R::NotFollowing, "not following"),
        entry(50007, AwaitRepair, Account, R::Misconfigured, "account frozen"),
        entry(61004, AwaitRepair, Account, R::Misconfigured, "our IP is not registered"),
        entry(61007, AwaitRepair, Account, R::Misconfigured, "no permission from the account"),
        entry(61016, AwaitRepair, Account, R::Misconfigured, "function category missing"),
        entry(61024, AwaitRepair, Account, R::Misconfigured, "a third-party platform's appid"),
        entry(87009, LoginAgain, Call, R::InvalidCall, "session signature wrong"),
        entry(
            89501,
            AwaitRepair,
            Account,
            R::Misconfigured,
            "our IP waits for the administrator's confirmation",
        ),
        entry(
            89503,
            AwaitRepair,
            Account,
            R::Misconfigured,
            "this call needs the administrator's confirmation",
        ),
        entry(89506, AwaitRepair, Account, R::Misconfigured, "our IP was refused twice; blocked for 24 h"),
        entry(89507, AwaitRepair, Account, R::Misconfigured, "our IP was refused; blocked for 1 h"),
        entry(268_487_001, Retry, Call, R::WechatUnavailable, "platform busy"),
        entry(268_487_002, Retry, Call, R::WechatUnavailable, "platform busy"),
    ]
};

/// A sentence for whoever has to repair it, with the very IP that WeChat refused. What is wrong may be another thing
/// than the table's `reason` for the code, by what was asked.
pub fn remedy(errcode: i64, reason: Reason, ip: Option<&str>) -> String {
    match (errcode, ip) {
        (40164, Some(ip)) => format!(
            "add the IP {ip} to the account's whitelist (WeChat console, Settings and development, Basic configuration, IP whitelist)."
        ),
        (40164, None) => "add our outgoing IP to the account's whitelist.".to_owned(),
        _ => format!("errcode {errcode}, {}. {}", of(errcode).meaning, reason.remedy()),
    }
}

/// The table's line for a code; an unknown code is given up and its rid logged.
pub fn of(errcode: i64) -> Entry {
    match TABLE.binary_search_by_key(&errcode, |entry| entry.errcode) {
        Ok(index) => TABLE[index],
        Err(_) => entry(errcode, Action::GiveUp, Scope::Call, Reason::UnknownErrcode, "not in our table"),
    }
}

/// The user has no subscription left, or refuses: what answers a subscribe message nobody accepted.
pub const NO_CREDIT: i64 = 43101;

/// The same where it answers a subscribe message: that goes to the mini-program's openid, of which nobody follows
/// anything, and needs an accept. All other codes mean there what they mean of a template message.
pub fn of_subscribe_message(errcode: i64) -> Entry {
    match of(errcode) {
        entry @ Entry { errcode: NO_CREDIT, .. } => {
            Entry { action: Action::GiveUp, reason: Reason::NotSubscribed, ..entry }
        }
        entry @ Entry { action: Action::DoubtFollower, .. } => {
            // The map has the openid from a login.
            Entry { action: Action::GiveUp, reason: Reason::Misconfigured, ..entry }
        }
        entry => entry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes of WeChat's page for `subscribe/send`, and those that were reported of it.
    #[test]
    fn what_answers_a_subscribe_message_asks_for_what_it_does_there() {
        use {Action as A, Reason as R};
        for (errcode, action, scope, reason) in [
            (40003, A::GiveUp, Scope::Call, R::Misconfigured),
            (40037, A::AwaitRepair, Scope::Template, R::TemplateGone),
            (41030, A::AwaitRepair, Scope::Page, R::InvalidPage),
            (43101, A::GiveUp, Scope::Call, R::NotSubscribed),
            (43107, A::AwaitRepair, Scope::Account, R::Misconfigured),
            (43108, A::WaitForUser, Scope::Call, R::TooFrequent),
            (45009, A::NextDay, Scope::Account, R::QuotaExhausted),
            (45168, A::GiveUp, Scope::Call, R::TemplateRestricted),
            (47003, A::GiveUp, Scope::Call, R::InvalidField),
        ] {
            let entry = of_subscribe_message(errcode);
            assert_eq!((entry.action, entry.scope, entry.reason), (action, scope, reason), "{errcode}");
        }
        let other = |entry: &&Entry| of_subscribe_message(entry.errcode).action != entry.action;
        let others: Vec<_> = TABLE.iter().filter(other).map(|entry| entry.errcode).collect();
        assert_eq!(others, [40003, 43004, 43101, 50005]);
        assert!(TABLE.iter().all(|entry| of_subscribe_message(entry.errcode).action != A::DoubtFollower));
    }

    #[test]
    fn the_table_is_sorted_and_names_each_code_once() {
        assert!(TABLE.is_sorted_by(|a, b| a.errcode < b.errcode));
    }

    #[test]
    fn what_waits_for_a_repair_says_for_how_much_and_nothing_else_waits() {
        for entry in TABLE {
            let waits = matches!(entry.action, Action::AwaitRepair | Action::NextDay);
            assert!(!waits || entry.scope != Scope::Call, "{}", entry.errcode);
            assert!(waits || !matches!(entry.scope, Scope::Template | Scope::Page), "{}", entry.errcode);
        }
    }

    #[test]
    fn an_unknown_code_is_given_up() {
        assert_eq!(of(12345).action, Action::GiveUp);
        assert_eq!(of(12345).reason, Reason::UnknownErrcode);
    }
}
