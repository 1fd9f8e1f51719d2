//! Why a recipient was rejected or a message did not arrive, and what to do about it.

use serde::{Deserialize, Serialize};

use crate::Lang;

/// A stable word for callers, with its remedy.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Reason {
    /// No user of the mini-program has this openid, as far as login has seen.
    NeverLoggedIn,
    /// The user logged in, but WeChat gave no unionid.
    NoUnionid,
    /// The user does not follow the Official Account.
    NotFollowing,
    /// The user does not follow, and no subscribe message that they accepted is left.
    NotSubscribed,
    /// This user cannot be reached, for a reason that is theirs alone; what a mini-program user is told of others.
    Unreachable,
    /// The user refuses this account's messages.
    Refused,
    /// A field is missing or not of its type; see the detail.
    InvalidField,
    /// The same recipient stands in the call twice.
    DuplicateRecipient,
    /// The same content went to this user less than a minute ago.
    DuplicateContent,
    /// WeChat knows no follower of the account by the `oa_openid` that the caller named.
    InvalidOpenid,
    /// It did not go out in the time that the catalog gives it; the detail says what it waited for.
    Expired,
    /// WeChat does not know the template.
    TemplateGone,
    /// WeChat restricts the template or its content.
    TemplateRestricted,
    /// The mini-program page does not exist or is not published.
    InvalidPage,
    /// The account's quota is used up.
    QuotaExhausted,
    /// The user gets messages too often, or two at once.
    TooFrequent,
    /// WeChat is busy or cannot be reached.
    WechatUnavailable,
    /// WeChat did not say whether it took the message.
    OutcomeUnknown,
    /// WeChat did not accept our access token; a new one is on its way.
    TokenInvalid,
    /// The account is set up wrongly; see errcode.
    Misconfigured,
    /// WeChat does not accept the call itself.
    InvalidCall,
    /// WeChat limits or blocks this user.
    UserRestricted,
    /// WeChat took the message and then did not bring it to the phone; see the detail.
    NotDelivered,
    /// What was kept of this user was deleted (POST /forget).
    Forgotten,
    /// An errcode, or a reason, that this version does not know.
    #[serde(other)]
    UnknownErrcode,
}

impl Reason {
    /// What a person can do about it, in one sentence, in English.
    pub fn remedy(self) -> &'static str {
        self.remedy_in(Lang::En)
    }

    /// What a person can do about it, in one sentence.
    pub fn remedy_in(self, lang: Lang) -> &'static str {
        lang.pick(self.in_english(), self.in_chinese())
    }

    fn in_english(self) -> &'static str {
        match self {
            Self::NeverLoggedIn => {
                "The user has to open the mini-program and log in once (POST /login); check that this is the mini-program's openid."
            }
            Self::NoUnionid => {
                "Bind the mini-program and the Official Account to one WeChat Open Platform account, then have the user log in again."
            }
            Self::NotFollowing => {
                "Ask the user to follow the Official Account; if they do already, let the sync finish (GET /sync)."
            }
            Self::NotSubscribed => {
                "Have the user follow the Official Account, or accept a message in the mini-program (wx.requestSubscribeMessage, then POST /subscriptions); each accept is good for one."
            }
            Self::Unreachable => "There is nothing to do; a service key may ask why.",
            Self::Refused => {
                "The user turned the account's messages off; only the user can turn them on again."
            }
            Self::InvalidField => "Correct the field that the detail names, in `data` or in the catalog.",
            Self::DuplicateRecipient => "Name each recipient once in a call.",
            Self::DuplicateContent => {
                "WeChat refuses the same content to the same user within a minute; send it again after that, if it is meant."
            }
            Self::InvalidOpenid => {
                "Name an openid of the Official Account, not of the mini-program or of another account; better still, name the mini-program's openid or the unionid."
            }
            Self::Expired => {
                "Repair what it waited for, then send it anew if it is still of use; the catalog's `keep` says how long a message may wait."
            }
            Self::TemplateGone => {
                "Add the template to the Official Account again and put its id into the catalog; changing the service category deletes templates."
            }
            Self::TemplateRestricted => {
                "Look into the Official Account's notices: WeChat restricted this template or its content."
            }
            Self::InvalidPage => "Publish the mini-program page the catalog names, without a leading slash.",
            Self::QuotaExhausted => {
                "Nothing to do for a minute quota; a daily one is reset at midnight Beijing time, or cleared in WeChat's console."
            }
            Self::TooFrequent => "Send this user fewer messages at a time.",
            Self::WechatUnavailable => "Nothing to do; it is tried again.",
            Self::OutcomeUnknown => "Ask the user, then resend if it did not arrive.",
            Self::TokenInvalid => {
                "Nothing to do; a new token has been asked for. If it stays, check that nobody else fetches this account's tokens."
            }
            Self::Misconfigured => {
                "Look the errcode up in docs/errors.md and correct the account's settings."
            }
            Self::InvalidCall => "This is a fault of Queqiao's; report the errcode and rid.",
            Self::UserRestricted => "WeChat limits this user; there is nothing to do.",
            Self::NotDelivered => "Resend it; if it stays, look the detail up in WeChat's console.",
            Self::Forgotten => "There is nothing to do; the user asked for it, or somebody on their behalf.",
            Self::UnknownErrcode => "Look the errcode and rid up in WeChat's console.",
        }
    }

    fn in_chinese(self) -> &'static str {
        match self {
            Self::NeverLoggedIn => {
                "请用户打开小程序登录一次（POST /login）；也核对一下，这是不是小程序的 openid。"
            }
            Self::NoUnionid => "把小程序和公众号绑定到同一个微信开放平台账号，再请用户登录一次。",
            Self::NotFollowing => "请用户关注公众号；已经关注的，等粉丝同步完（GET /sync）。",
            Self::NotSubscribed => {
                "请用户关注公众号，或在小程序里授权一次（wx.requestSubscribeMessage，再 POST /subscriptions）；授权一次可以发一条。"
            }
            Self::Unreachable => "无需处理；用 service key 可以查到原因。",
            Self::Refused => "通知是用户自己关闭的，只有用户自己能再打开。",
            Self::InvalidField => "改正 detail 说的字段，在 `data` 里改，或在通知目录里改。",
            Self::DuplicateRecipient => "一次调用里，同一个收件人只写一次。",
            Self::DuplicateContent => "同样的内容一分钟内发给同一用户，微信会拒绝；确实要再发，请隔一分钟。",
            Self::InvalidOpenid => {
                "要写这个公众号的 openid，不是小程序的，也不是别的账号的；最好直接写小程序的 openid 或 unionid。"
            }
            Self::Expired => {
                "先解决它当时在等的问题；还用得上就重新发送。最多等多久，由通知目录里的 `keep` 决定。"
            }
            Self::TemplateGone => {
                "在公众号里重新添加这个模板，把新的模板 ID 写进通知目录；更换服务类目会删除模板。"
            }
            Self::TemplateRestricted => "查看公众号后台的站内通知：微信限制了这个模板或它的内容。",
            Self::InvalidPage => "发布通知目录里写的小程序页面，路径前面不带斜杠。",
            Self::QuotaExhausted => {
                "每分钟的额度不用处理；每天的额度在北京时间零点恢复，也可以在微信后台清零。"
            }
            Self::TooFrequent => "同一时间给这个用户少发几条。",
            Self::WechatUnavailable => "不用处理，会自动重试。",
            Self::OutcomeUnknown => "先问用户有没有收到，没有收到再重新发送。",
            Self::TokenInvalid => {
                "不用处理，正在换新的 access_token。如果一直这样，查查是不是有别人在取这个账号的 access_token。"
            }
            Self::Misconfigured => "在 docs/zh/errors.md 里查这个错误码，改正账号的设置。",
            Self::InvalidCall => "这是鹊桥的问题，请把错误码和 rid 报给我们。",
            Self::UserRestricted => "微信限制了这个用户，无需处理。",
            Self::NotDelivered => "重新发送；如果一直这样，拿 detail 到微信后台查。",
            Self::Forgotten => "无需处理：这是用户要求的，或有人替用户要求的。",
            Self::UnknownErrcode => "拿错误码和 rid 到微信后台查。",
        }
    }
}
