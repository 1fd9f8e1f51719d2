//! How a call to WeChat fails, and what each way asks for.

use contract::{Lang, Reason, in_lang};

use super::errcode::{self, Action, Scope};
use crate::causes;

/// Why a call did not give what it should. Its text holds no path and no query, so no token and no secret.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// WeChat answered with an errcode.
    #[error("WeChat answered errcode {errcode}: {errmsg}")]
    Refused {
        /// WeChat's code.
        errcode: i64,
        /// WeChat's text, never to be decided on.
        errmsg: String,
    },
    /// The connection never opened: WeChat did nothing.
    #[error("WeChat cannot be reached at {base}{}: {error}", through(proxy.as_deref()))]
    Unreachable {
        /// Where it was looked for.
        base: String,
        /// The proxy that was to lead there, as its host and port.
        proxy: Option<String>,
        /// Why not.
        #[source]
        error: reqwest::Error,
    },
    /// The request was written and no answer understood: WeChat may have done it.
    #[error("WeChat gave no answer: {0}")]
    NoAnswer(String),
    /// There is no token yet; one has been asked for.
    #[error("there is no access token yet; refresh has been asked for one")]
    NoToken,
    /// Our own table or queue did not answer, when a token or a row was looked for.
    #[error("the service cannot reach its tables or queues at the moment")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Failure {
    /// Why a call to WeChat at `base` came to nothing, through a proxy if there is one.
    pub(super) fn of(error: reqwest::Error, base: &str, proxy: Option<&str>) -> Self {
        // Secrets and tokens ride in the query.
        let error = error.without_url();
        // Of the answers that are errors only a proxy's is one: that it does not know us.
        if error.is_connect() || error.is_builder() || error.is_status() {
            Self::Unreachable { base: base.to_owned(), proxy: proxy.map(str::to_owned), error }
        } else {
            Self::NoAnswer(error.to_string())
        }
    }

    /// What to do about it.
    pub fn action(&self) -> Action {
        match self {
            Self::Refused { errcode, .. } => errcode::of(*errcode).action,
            Self::Unreachable { .. } | Self::Store(_) => Action::Retry,
            Self::NoAnswer(_) => Action::Ambiguous,
            Self::NoToken => Action::RefreshToken,
        }
    }

    /// What a message that fails by it says.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Refused { errcode, .. } => errcode::of(*errcode).reason,
            Self::Unreachable { .. } | Self::NoAnswer(_) | Self::Store(_) => Reason::WechatUnavailable,
            Self::NoToken => Reason::TokenInvalid,
        }
    }

    /// What it came from, for the log: each cause's own words.
    pub fn causes(&self) -> Option<String> {
        causes::of(self)
    }

    /// How much of what we do would fail the same way.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Refused { errcode, .. } => errcode::of(*errcode).scope,
            Self::NoAnswer(_) => Scope::Call,
            Self::Unreachable { .. } | Self::Store(_) | Self::NoToken => Scope::Account,
        }
    }

    /// The address of ours that is not on the account's whitelist.
    pub fn ip(&self) -> Option<&str> {
        match self {
            Self::Refused { errcode: 40164, errmsg } => address(errmsg),
            _ => None,
        }
    }

    /// WeChat's code, where WeChat answered.
    pub fn errcode(&self) -> Option<i64> {
        match self {
            Self::Refused { errcode, .. } => Some(*errcode),
            _ => None,
        }
    }

    /// The id under which WeChat keeps the call for seven days (`openapi/rid/get`).
    pub fn rid(&self) -> Option<&str> {
        let (_, rid) = self.errmsg()?.rsplit_once("rid: ")?;
        rid.split_whitespace().next()
    }

    /// A sentence for whoever has to correct the account, with the very IP or field WeChat names, in English.
    pub fn remedy(&self) -> String {
        self.remedy_in(Lang::En)
    }

    /// The same in this language.
    pub fn remedy_in(&self, lang: Lang) -> String {
        match self {
            Self::Refused { errcode, .. } => errcode::remedy(lang, *errcode, self.reason(), self.ip()),
            Self::Unreachable { base, proxy: Some(proxy), .. } => in_lang!(
                lang,
                "the proxy {proxy} opens no way to {base}: check the parameter EgressProxy, its user and password, and that the proxy lets CONNECT through to there; nothing was sent, it is tried again.",
                "代理 {proxy} 连不到 {base}：检查参数 EgressProxy 和它的用户名、密码，以及代理是否放行到那里的 CONNECT；什么都没有发出，会继续重试。"
            ),
            Self::Unreachable { base, proxy: None, .. } => in_lang!(
                lang,
                "{base} takes no connection: check that this is WeChat's address and that there is a way out to it; it is tried again.",
                "连不上 {base}：检查这是不是微信的地址，有没有通往它的出口；会继续重试。"
            ),
            other => other.reason().remedy_in(lang).to_owned(),
        }
    }

    /// The template field a 47003 names. WeChat cuts the text at a fixed length, never in the name.
    pub fn field(&self) -> Option<&str> {
        let Self::Refused { errcode: 47003, errmsg } = self else { return None };
        let (_, rest) = errmsg.split_once("data.")?;
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        Some(&rest[..end]).filter(|field| !field.is_empty())
    }

    fn errmsg(&self) -> Option<&str> {
        match self {
            Self::Refused { errmsg, .. } => Some(errmsg),
            _ => None,
        }
    }
}

fn through(proxy: Option<&str>) -> String {
    proxy.map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default()
}

/// The address in `invalid ip 47.94.148.108 ipv6 ::ffff:47.94.148.108, not in whitelist rid: …`.
fn address(errmsg: &str) -> Option<&str> {
    let (_, rest) = errmsg.split_once("invalid ip ")?;
    rest.split([' ', ',']).next().filter(|ip| !ip.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(errcode: i64, errmsg: &str) -> Failure {
        Failure::Refused { errcode, errmsg: errmsg.to_owned() }
    }

    #[test]
    fn the_rid_is_read_from_the_end_of_errmsg() {
        let failure = refused(43101, "user refuse to accept the msg rid: 5fab84d2-09424a07-00bd7fe3");
        assert_eq!(failure.rid(), Some("5fab84d2-09424a07-00bd7fe3"));
        assert_eq!(refused(-1, "system error").rid(), None);
    }

    #[test]
    fn a_missing_whitelist_entry_is_answered_with_the_ip_to_add() {
        for errmsg in [
            "invalid ip 47.94.148.108 ipv6 ::ffff:47.94.148.108, not in whitelist rid: 5fab84d2-09424a07-00bd7fe3",
            "invalid ip 47.94.148.108, not in whitelist hint: [KJZfAa0644e575]",
        ] {
            let remedy = refused(40164, errmsg).remedy();
            assert!(remedy.starts_with("add the IP 47.94.148.108 to"), "{remedy}");
        }
    }

    #[test]
    fn the_field_is_read_from_a_truncated_47003() {
        let failure = refused(47003, "argument invalid! data.character_string1.value i rid: 1-2-3");
        assert_eq!(failure.field(), Some("character_string1"));
        assert_eq!(refused(43101, "user refuse, see data.weixin.qq.com").field(), None);
    }
}
