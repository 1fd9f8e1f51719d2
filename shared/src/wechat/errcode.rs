//! What to do about each errcode. The table is the decision; everything else only follows it.

use contract::{Lang, Reason, in_lang};
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
    meaning: [&'static str; 2],
}

const fn entry(
    errcode: i64,
    action: Action,
    scope: Scope,
    reason: Reason,
    meaning: &'static str,
    in_chinese: &'static str,
) -> Entry {
    Entry { errcode, action, scope, reason, meaning: [meaning, in_chinese] }
}

impl Entry {
    /// What WeChat means by it, in a few words.
    pub fn meaning(&self, lang: Lang) -> &'static str {
        let [english, chinese] = self.meaning;
        lang.pick(english, chinese)
    }
}

/// Every errcode we know, ascending. Sources: WeChat's pages and its community.
pub const TABLE: &[Entry] = {
    use Action::*;
    use Reason as R;
    use Scope::*;
    &[
        entry(-1, Ambiguous, Call, R::WechatUnavailable, "system busy", "系统繁忙"),
        entry(
            40001,
            RefreshToken,
            Account,
            R::TokenInvalid,
            "token invalid or not the latest; on a token endpoint: wrong AppSecret",
            "access_token 无效或已不是最新的；取 access_token 时：AppSecret 错误",
        ),
        entry(40002, AwaitRepair, Account, R::Misconfigured, "wrong grant_type", "grant_type 错误"),
        entry(
            40003,
            DoubtFollower,
            Call,
            R::NotFollowing,
            "invalid openid, or another account's",
            "openid 无效，或属于别的账号",
        ),
        entry(40008, GiveUp, Call, R::InvalidCall, "wrong message type", "消息类型错误"),
        entry(
            40013,
            AwaitRepair,
            Page,
            R::Misconfigured,
            "invalid appid, or the mini-program is not linked to the Official Account",
            "appid 无效，或小程序没有与公众号关联",
        ),
        entry(40014, RefreshToken, Account, R::TokenInvalid, "invalid token", "access_token 无效"),
        entry(
            40029,
            LoginAgain,
            Call,
            R::InvalidCall,
            "login code wrong, expired or another appid's",
            "code 错误、过期，或属于别的 appid",
        ),
        entry(
            40032,
            GiveUp,
            Call,
            R::InvalidCall,
            "openid list empty or over 100",
            "openid 列表为空或超过 100 个",
        ),
        entry(40033, GiveUp, Call, R::InvalidCall, "\\u escapes in the body", "请求体里有 \\u 转义"),
        entry(40035, GiveUp, Call, R::InvalidCall, "wrong parameter", "参数错误"),
        entry(
            40036,
            AwaitRepair,
            Template,
            R::TemplateGone,
            "wrong template_id length",
            "template_id 长度错误",
        ),
        entry(
            40037,
            AwaitRepair,
            Template,
            R::TemplateGone,
            "no such template in this account",
            "账号里没有这个模板",
        ),
        entry(40038, GiveUp, Call, R::InvalidCall, "wrong format", "格式错误"),
        entry(40039, GiveUp, Call, R::InvalidCall, "wrong url length", "url 长度错误"),
        entry(40125, AwaitRepair, Account, R::Misconfigured, "wrong AppSecret", "AppSecret 错误"),
        entry(40163, LoginAgain, Call, R::InvalidCall, "login code used already", "code 已用过"),
        entry(
            40164,
            AwaitRepair,
            Account,
            R::Misconfigured,
            "our IP is not on the account's whitelist",
            "出口 IP 不在账号的白名单里",
        ),
        entry(
            40165,
            AwaitRepair,
            Page,
            R::InvalidPage,
            "mini-program page wrong or unpublished",
            "小程序页面有误或未发布",
        ),
        entry(
            40226,
            LoginBlocked,
            Call,
            R::UserRestricted,
            "high-risk user, login blocked",
            "高风险用户，被禁止登录",
        ),
        entry(
            40241,
            Duplicate,
            Call,
            R::DuplicateContent,
            "the same content to the same user within 60 seconds",
            "60 秒内给同一用户发了同样的内容",
        ),
        entry(40243, AwaitRepair, Account, R::Misconfigured, "AppSecret frozen", "AppSecret 已被冻结"),
        entry(40246, GiveUp, Call, R::Misconfigured, "wrong keyword list", "关键词列表有误"),
        entry(40247, AwaitRepair, Template, R::Misconfigured, "needs a category template", "要用类目模板"),
        entry(40249, GiveUp, Call, R::TemplateRestricted, "marketing content", "营销内容"),
        entry(41001, RefreshToken, Account, R::TokenInvalid, "token missing", "缺少 access_token"),
        entry(41002, AwaitRepair, Account, R::Misconfigured, "appid missing", "缺少 appid"),
        entry(41004, AwaitRepair, Account, R::Misconfigured, "AppSecret missing", "缺少 AppSecret"),
        entry(41008, LoginAgain, Call, R::InvalidCall, "login code missing", "缺少 code"),
        entry(41009, GiveUp, Call, R::InvalidOpenid, "an openid is missing or empty", "缺少 openid 或为空"),
        entry(41028, GiveUp, Call, R::InvalidCall, "form_id: withdrawn API", "form_id：接口已下线"),
        entry(41029, GiveUp, Call, R::InvalidCall, "form_id: withdrawn API", "form_id：接口已下线"),
        entry(
            41030,
            AwaitRepair,
            Page,
            R::InvalidPage,
            "mini-program page wrong or unpublished",
            "小程序页面有误或未发布",
        ),
        entry(42001, RefreshToken, Account, R::TokenInvalid, "token expired", "access_token 过期"),
        entry(43002, GiveUp, Call, R::InvalidCall, "needs POST", "要用 POST"),
        entry(43003, GiveUp, Call, R::InvalidCall, "needs HTTPS", "要用 HTTPS"),
        entry(43004, DoubtFollower, Call, R::NotFollowing, "not following", "用户没有关注"),
        entry(
            43019,
            Refused,
            Call,
            R::Refused,
            "the user is on the account's blacklist",
            "用户在账号的黑名单里",
        ),
        entry(
            43101,
            Refused,
            Call,
            R::Refused,
            "the user refuses messages, or has no subscription left",
            "用户拒收，或没有剩下的订阅授权",
        ),
        entry(
            43107,
            AwaitRepair,
            Account,
            R::Misconfigured,
            "subscribe messages banned",
            "订阅消息能力被封禁",
        ),
        entry(
            43108,
            WaitForUser,
            Call,
            R::TooFrequent,
            "two calls for one openid at once",
            "对同一 openid 并发调用",
        ),
        entry(43116, AwaitRepair, Template, R::TemplateRestricted, "template restricted", "模板被限制"),
        entry(
            43117,
            WaitForUser,
            Call,
            R::TooFrequent,
            "too many messages to this openid",
            "发给该 openid 太频繁",
        ),
        entry(44002, GiveUp, Call, R::InvalidCall, "empty body", "请求体为空"),
        entry(45009, NextDay, Account, R::QuotaExhausted, "daily quota used up", "当天的额度用完了"),
        entry(45011, NextMinute, Account, R::QuotaExhausted, "minute quota used up", "每分钟的额度用完了"),
        entry(45035, AwaitRepair, Account, R::Misconfigured, "our IP is not registered", "出口 IP 没有登记"),
        entry(45103, AwaitRepair, Account, R::Misconfigured, "API withdrawn", "接口已下线"),
        entry(45109, AwaitRepair, Account, R::Misconfigured, "API withdrawn", "接口已下线"),
        entry(45168, GiveUp, Call, R::TemplateRestricted, "sensitive content", "敏感内容"),
        entry(47001, GiveUp, Call, R::InvalidCall, "malformed body", "请求体格式错误"),
        entry(
            47003,
            GiveUp,
            Call,
            R::InvalidField,
            "a template value is not of its type",
            "模板字段的值不符合类型",
        ),
        entry(
            48001,
            AwaitRepair,
            Account,
            R::Misconfigured,
            "the account may not use this API (verified service accounts only), or another account's token",
            "账号没有这个接口的权限（仅限已认证的服务号），或用了别的账号的 access_token",
        ),
        entry(48002, Refused, Call, R::Refused, "the user refuses messages", "用户拒收"),
        entry(
            48004,
            AwaitRepair,
            Account,
            R::Misconfigured,
            "API banned for this account",
            "账号的接口被封禁",
        ),
        entry(
            48006,
            GiveUp,
            Call,
            R::QuotaExhausted,
            "clear_quota used up for this month",
            "本月的额度清零次数用完了",
        ),
        entry(50002, GiveUp, Call, R::UserRestricted, "user limited", "用户受限"),
        entry(
            50004,
            AwaitRepair,
            Account,
            R::Misconfigured,
            "token API forbidden",
            "禁止使用 access_token 接口",
        ),
        entry(50005, DoubtFollower, Call, R::NotFollowing, "not following", "用户没有关注"),
        entry(50007, AwaitRepair, Account, R::Misconfigured, "account frozen", "账号已冻结"),
        entry(61004, AwaitRepair, Account, R::Misconfigured, "our IP is not registered", "出口 IP 没有登记"),
        entry(
            61007,
            AwaitRepair,
            Account,
            R::Misconfigured,
            "no permission from the account",
            "没有得到账号的授权",
        ),
        entry(61016, AwaitRepair, Account, R::Misconfigured, "function category missing", "缺少功能类目"),
        entry(
            61024,
            AwaitRepair,
            Account,
            R::Misconfigured,
            "a third-party platform's appid",
            "这是第三方平台的 appid",
        ),
        entry(87009, LoginAgain, Call, R::InvalidCall, "session signature wrong", "会话签名错误"),
        entry(
            89501,
            AwaitRepair,
            Account,
            R::Misconfigured,
            "our IP waits for the administrator's confirmation",
            "出口 IP 在等管理员确认",
        ),
        entry(
            89503,
            AwaitRepair,
            Account,
            R::Misconfigured,
            "this call needs the administrator's confirmation",
            "这次调用需要管理员确认",
        ),
        entry(
            89506,
            AwaitRepair,
            Account,
            R::Misconfigured,
            "our IP was refused twice; blocked for 24 h",
            "出口 IP 被管理员拒绝两次，24 小时内禁止调用",
        ),
        entry(
            89507,
            AwaitRepair,
            Account,
            R::Misconfigured,
            "our IP was refused; blocked for 1 h",
            "出口 IP 被管理员拒绝，1 小时内禁止调用",
        ),
        entry(268_487_001, Retry, Call, R::WechatUnavailable, "platform busy", "平台繁忙"),
        entry(268_487_002, Retry, Call, R::WechatUnavailable, "platform busy", "平台繁忙"),
    ]
};

/// Where WeChat's consoles have an account's AppSecret and IP whitelist; the Official Account's moved there from 公众平台
/// (设置与开发 → 基本配置).
const KEYS: [&str; 2] = [
    "Official Account: 微信开发者平台 → 我的业务 → 公众号/服务号 → 基础信息 → 开发密钥; mini-program: 公众平台 → 管理 → 开发管理 → 开发设置",
    "公众号：微信开发者平台 → 我的业务 → 公众号/服务号 → 基础信息 → 开发密钥；小程序：公众平台 → 管理 → 开发管理 → 开发设置",
];

/// A sentence for whoever has to repair it, with the very IP that WeChat refused. What is wrong may be another thing
/// than the table's `reason` for the code, by what was asked.
pub fn remedy(lang: Lang, errcode: i64, reason: Reason, ip: Option<&str>) -> String {
    let (meaning, remedy) = (of(errcode).meaning(lang), reason.remedy_in(lang));
    let [en, zh] = KEYS;
    let keys = lang.pick(en, zh);
    match (errcode, ip) {
        (40164, Some(ip)) => in_lang!(
            lang,
            "add the IP {ip} to the account's whitelist ({keys}).",
            "把 IP {ip} 加进这个账号的 IP 白名单（{keys}）。"
        ),
        (40164, None) => in_lang!(
            lang,
            "add our outgoing IP to the account's whitelist ({keys}).",
            "把我们的出口 IP 加进这个账号的 IP 白名单（{keys}）。"
        ),
        (89501 | 89503, _) => in_lang!(
            lang,
            "the account's administrator has to confirm this IP: WeChat asks them by a message, and tries go on until it is confirmed (errcode {errcode}). An IP on the whitelist ({keys}) is not asked about.",
            "请账号的管理员确认这个 IP：微信已给管理员发了消息，确认之前会一直重试（errcode {errcode}）。加进白名单（{keys}）的 IP 不用确认。"
        ),
        (40001 | 40125, _) if reason == Reason::Misconfigured => in_lang!(
            lang,
            "the AppSecret is not this account's (errcode {errcode}): look it up or reset it ({keys}), and deploy with it.",
            "AppSecret 不是这个账号的（errcode {errcode}）：查看或重置它（{keys}），再用它部署。"
        ),
        (40013, _) => in_lang!(
            lang,
            "the mini-program is not linked to the Official Account, or an appid is wrong (errcode 40013): link it (mp.weixin.qq.com, as the Official Account: 小程序管理), and compare the appids.",
            "小程序没有与公众号关联，或 appid 有误（errcode 40013）：用公众号登录公众平台，在「小程序管理」里关联小程序，并核对 appid。"
        ),
        _ => {
            in_lang!(lang, "errcode {errcode}, {meaning}. {remedy}", "errcode {errcode}，{meaning}。{remedy}")
        }
    }
}

/// The table's line for a code; an unknown code is given up and its rid logged.
pub fn of(errcode: i64) -> Entry {
    match TABLE.binary_search_by_key(&errcode, |entry| entry.errcode) {
        Ok(index) => TABLE[index],
        Err(_) => entry(
            errcode,
            Action::GiveUp,
            Scope::Call,
            Reason::UnknownErrcode,
            "not in our table",
            "不在我们的表里",
        ),
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
