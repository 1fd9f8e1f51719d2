//! What to do about each errcode. The table is the decision; everything else only follows it.

use contract::Reason;

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
    /// Not done, and nothing will be until a person corrects the account's settings.
    Misconfigured,
    /// Not done; this template cannot be sent until a person looks into it.
    StopTemplate,
    /// The login code is spent; the mini-program has to call wx.login again.
    LoginAgain,
    /// WeChat blocks this user's login.
    LoginBlocked,
    /// Not done, and the same call will never be.
    GiveUp,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// WeChat's code.
    pub errcode: i64,
    /// What to do.
    pub action: Action,
    /// What a message that failed by it says.
    pub reason: Reason,
    /// What WeChat means by it.
    pub meaning: &'static str,
}

const fn entry(errcode: i64, action: Action, reason: Reason, meaning: &'static str) -> Entry {
    Entry { errcode, action, reason, meaning }
}

/// Every errcode we know, ascending. Sources: WeChat's pages and its community.
pub const TABLE: &[Entry] = {
    use Action::*;
    use Reason as R;
    &[
        entry(-1, Ambiguous, R::WechatUnavailable, "system busy"),
        entry(
            40001,
            RefreshToken,
            R::TokenInvalid,
            "token invalid or not the latest; on a token endpoint: wrong AppSecret",
        ),
        entry(40002, Misconfigured, R::Misconfigured, "wrong grant_type"),
        entry(40003, DoubtFollower, R::NotFollowing, "invalid openid, or another account's"),
        entry(40008, GiveUp, R::InvalidCall, "wrong message type"),
        entry(
            40013,
            Misconfigured,
            R::Misconfigured,
            "invalid appid, or the mini-program is not linked to the Official Account",
        ),
        entry(40014, RefreshToken, R::TokenInvalid, "invalid token"),
        entry(40029, LoginAgain, R::InvalidCall, "login code wrong, expired or another appid's"),
        entry(40032, GiveUp, R::InvalidCall, "openid list empty or over 100"),
        entry(40033, GiveUp, R::InvalidCall, "\\u escapes in the body"),
        entry(40035, GiveUp, R::InvalidCall, "wrong parameter"),
        entry(40036, StopTemplate, R::TemplateGone, "wrong template_id length"),
        entry(40037, StopTemplate, R::TemplateGone, "no such template in this account"),
        entry(40038, GiveUp, R::InvalidCall, "wrong format"),
        entry(40039, GiveUp, R::InvalidCall, "wrong url length"),
        entry(40125, Misconfigured, R::Misconfigured, "wrong AppSecret"),
        entry(40163, LoginAgain, R::InvalidCall, "login code used already"),
        entry(40164, Misconfigured, R::Misconfigured, "our IP is not on the account's whitelist"),
        entry(40165, StopTemplate, R::InvalidPage, "mini-program page wrong or unpublished"),
        entry(40226, LoginBlocked, R::UserRestricted, "high-risk user, login blocked"),
        entry(40243, Misconfigured, R::Misconfigured, "AppSecret frozen"),
        entry(40246, Misconfigured, R::Misconfigured, "wrong keyword list"),
        entry(40247, Misconfigured, R::Misconfigured, "needs a category template"),
        entry(40249, StopTemplate, R::TemplateRestricted, "marketing content"),
        entry(41001, RefreshToken, R::TokenInvalid, "token missing"),
        entry(41002, Misconfigured, R::Misconfigured, "appid missing"),
        entry(41004, Misconfigured, R::Misconfigured, "AppSecret missing"),
        entry(41008, LoginAgain, R::InvalidCall, "login code missing"),
        entry(41028, GiveUp, R::InvalidCall, "form_id: withdrawn API"),
        entry(41029, GiveUp, R::InvalidCall, "form_id: withdrawn API"),
        entry(41030, StopTemplate, R::InvalidPage, "mini-program page wrong or unpublished"),
        entry(42001, RefreshToken, R::TokenInvalid, "token expired"),
        entry(43002, GiveUp, R::InvalidCall, "needs POST"),
        entry(43003, GiveUp, R::InvalidCall, "needs HTTPS"),
        entry(43004, DoubtFollower, R::NotFollowing, "not following"),
        entry(43019, Refused, R::Refused, "the user is on the account's blacklist"),
        entry(43101, Refused, R::Refused, "the user refuses messages, or has no subscription left"),
        entry(43107, Misconfigured, R::Misconfigured, "subscribe messages banned"),
        entry(43108, WaitForUser, R::TooFrequent, "two calls for one openid at once"),
        entry(43116, StopTemplate, R::TemplateRestricted, "template restricted"),
        entry(43117, WaitForUser, R::TooFrequent, "too many messages to this openid"),
        entry(44002, GiveUp, R::InvalidCall, "empty body"),
        entry(45009, NextDay, R::QuotaExhausted, "daily quota used up"),
        entry(45011, NextMinute, R::QuotaExhausted, "minute quota used up"),
        entry(45035, Misconfigured, R::Misconfigured, "our IP is not registered"),
        entry(45103, Misconfigured, R::Misconfigured, "API withdrawn"),
        entry(45109, Misconfigured, R::Misconfigured, "API withdrawn"),
        entry(45168, GiveUp, R::TemplateRestricted, "sensitive content"),
        entry(47001, GiveUp, R::InvalidCall, "malformed body"),
        entry(47003, GiveUp, R::InvalidField, "a template value is not of its type"),
        entry(
            48001,
            Misconfigured,
            R::Misconfigured,
            "the account may not use this API (verified service accounts only), or another account's token",
        ),
        entry(48002, Refused, R::Refused, "the user refuses messages"),
        entry(48004, Misconfigured, R::Misconfigured, "API banned for this account"),
        entry(48006, Misconfigured, R::QuotaExhausted, "clear_quota used up for this month"),
        entry(50002, GiveUp, R::UserRestricted, "user limited"),
        entry(50004, Misconfigured, R::Misconfigured, "token API forbidden"),
        entry(50005, DoubtFollower, R::NotFollowing, "not following"),
        entry(50007, Misconfigured, R::Misconfigured, "account frozen"),
        entry(61004, Misconfigured, R::Misconfigured, "our IP is not registered"),
        entry(61007, Misconfigured, R::Misconfigured, "no permission from the account"),
        entry(61016, Misconfigured, R::Misconfigured, "function category missing"),
        entry(61024, Misconfigured, R::Misconfigured, "a third-party platform's appid"),
        entry(87009, LoginAgain, R::InvalidCall, "session signature wrong"),
        entry(89501, Misconfigured, R::Misconfigured, "our IP waits for the administrator's confirmation"),
        entry(89503, Misconfigured, R::Misconfigured, "this call needs the administrator's confirmation"),
        entry(89506, Misconfigured, R::Misconfigured, "our IP was refused twice; blocked for 24 h"),
        entry(89507, Misconfigured, R::Misconfigured, "our IP was refused; blocked for 1 h"),
        entry(268_487_001, Retry, R::WechatUnavailable, "platform busy"),
        entry(268_487_002, Retry, R::WechatUnavailable, "platform busy"),
    ]
};

/// The table's line for a code; an unknown code is given up and its rid logged.
pub fn of(errcode: i64) -> Entry {
    match TABLE.binary_search_by_key(&errcode, |entry| entry.errcode) {
        Ok(index) => TABLE[index],
        Err(_) => entry(errcode, Action::GiveUp, Reason::UnknownErrcode, "not in our table"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_each_code_once() {
        assert!(TABLE.is_sorted_by(|a, b| a.errcode < b.errcode));
    }

    #[test]
    fn an_unknown_code_is_given_up() {
        assert_eq!(of(12345).action, Action::GiveUp);
        assert_eq!(of(12345).reason, Reason::UnknownErrcode);
    }
}
