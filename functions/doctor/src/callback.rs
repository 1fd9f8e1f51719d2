//! `callback`: whether WeChat tells what happens. It has to be told where to.

use shared::{Account, Error, Lang};

use crate::Function;
use crate::finding::{Finding, span};

/// An account that anybody uses is told of by then, in seconds: of a follower, or of a message.
const SILENT_AFTER: i64 = 3 * 24 * 3600;

const SAVE: [&str; 2] = [
    "Save the server configuration (微信开发者平台 → 我的业务 → 公众号/服务号 → 基础信息 → 域名与消息推送配置): the URL is the stack's output Callback, Token and EncodingAESKey are those it was deployed with, 安全模式. Then follow the account with a phone, and look again.",
    "保存服务器配置（微信开发者平台 → 我的业务 → 公众号/服务号 → 基础信息 → 域名与消息推送配置）：URL 是部署输出里的 Callback，Token 和 EncodingAESKey 与部署时的一致，选安全模式。然后用手机关注公众号，再检查一次。",
];

/// One for the Official Account; one for the mini-program, where anything is sent by it.
pub async fn check(doctor: &Function, lang: Lang) -> Result<Vec<Finding>, Error> {
    let [(_, oa), (_, mini)] = &doctor.accounts;
    let (oa, mini, catalog) =
        tokio::try_join!(doctor.state.heard_at(oa), doctor.state.heard_at(mini), doctor.catalog.current())?;
    let now = doctor.clock.now();
    let mut findings = vec![look_at(lang, oa, now).of(Account::Oa)];
    if catalog.fallback_templates().next().is_some() {
        findings.push(optional(lang, mini, now).of(Account::Mini));
    }
    Ok(findings)
}

fn look_at(lang: Lang, heard_at: Option<i64>, now: i64) -> Finding {
    let [en, zh] = SAVE;
    let remedy = || lang.pick(en, zh).to_owned();
    let Some(heard_at) = heard_at else {
        let detail = lang.pick(
            "WeChat has never told anything: the map follows with the sync alone, and no message is ever `delivered`.",
            "微信从未发来回调：映射表只能靠同步更新，消息也永远不会是 `delivered`。",
        );
        return Finding::problem(detail.to_owned(), remedy());
    };
    if now - heard_at > SILENT_AFTER {
        let silent = span(lang, now - heard_at);
        let detail = match lang {
            Lang::En => format!("WeChat has told nothing for {silent}."),
            Lang::Zh => format!("微信已经 {silent}没有发来回调。"),
        };
        return Finding::problem(detail, remedy());
    }
    heard(lang, now - heard_at)
}

/// The mini-program's may be left out: credit is then lowered only when WeChat refuses a message.
fn optional(lang: Lang, heard_at: Option<i64>, now: i64) -> Finding {
    match heard_at {
        Some(heard_at) => heard(lang, now - heard_at),
        None => Finding::ok(
            lang.pick(
                "WeChat has told nothing yet; it does once the message push is set up (output MiniCallback), which may be left out.",
                "微信还没有发来回调；配置了消息推送（输出 MiniCallback）才会有，可以不配置。",
            )
            .to_owned(),
        ),
    }
}

fn heard(lang: Lang, ago: i64) -> Finding {
    let ago = span(lang, ago);
    Finding::ok(match lang {
        Lang::En => format!("WeChat told something {ago} ago."),
        Lang::Zh => format!("微信 {ago}前发来过回调。"),
    })
}

#[cfg(test)]
mod tests {
    use contract::CheckState;

    use super::*;

    #[test]
    fn an_account_that_was_never_heard_of_or_not_for_days_is_a_problem() {
        use CheckState::{Ok, Problem};
        let now = 1_800_000_000;
        let state = |heard_at| look_at(Lang::En, heard_at, now).named("callback").state;
        let told = [None, Some(now), Some(now - SILENT_AFTER), Some(now - SILENT_AFTER - 1)].map(state);
        assert_eq!(told, [Problem, Ok, Ok, Problem]);
    }
}
